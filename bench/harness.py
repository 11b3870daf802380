"""What several benchmarks need: clocks, processes, servers for the time of a run, a provider that agrees."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final
from uuid import uuid4

from pydantic import SecretStr
from sqlalchemy import Engine
from sqlmodel import Session

import migrations
from activities.channels.outcomes import Outcome, Sent
from activities.channels.sendgrid_email import Email
from activities.channels.twilio_sms import Sms
from activities.clock import Clock
from activities.providers import Providers
from activities.settings import Sending, Settings
from activities.store.engine import make_engine, transaction
from activities.store.policies import ensure_builtin, get_policy
from admin.stack.postgres import LocalPostgres
from models.tables import Company, Staff
from policies import builtin_policy_texts
from rules.policy import Policy

ROOT: Final = Path(__file__).resolve().parents[1]

COMPANY: Final = "acme"

MONDAY: Final = datetime(2026, 3, 9, 8, 30, tzinfo=UTC)
"""09:30 in Paris on a business day: the first slot. Invented portfolios are dated around it."""


# ------------------------------------------------------------------------------------------------ clocks


@contextmanager
def stopwatch() -> Iterator[Lap]:
    """Measures its block: seconds of the wall, and of this process's CPU, all threads together."""
    lap = Lap()
    wall, cpu = time.perf_counter(), time.process_time()
    yield lap
    lap.wall_s, lap.cpu_s = time.perf_counter() - wall, time.process_time() - cpu


@dataclass(slots=True)
class Lap:
    """What a stopwatch showed when its block ended."""

    wall_s: float = 0.0
    cpu_s: float = 0.0


class StandingClock(Clock):
    """Business time that stands still, so that every message of a run meets the same facts and hours."""

    def __init__(self, instant: datetime) -> None:
        super().__init__()
        self.instant = instant

    def temporal_now(self) -> datetime:
        """The instant it was made with."""
        return self.instant


# --------------------------------------------------------------------------------------------- processes


def process_seconds(argv: Sequence[str], times: int) -> float:
    """Median wall time in seconds of a whole process, over `times` runs after one that warms the caches.

    Raises:
        CalledProcessError: it ended with another status than 0.
    """
    laps = []
    for turn in range(times + 1):
        with stopwatch() as lap:
            run_process(argv)
        if turn:
            laps.append(lap.wall_s)
    return median(laps)


def run_process(argv: Sequence[str], env: Mapping[str, str] | None = None) -> str:
    """Run this Python with `argv` at the root of the project; returns what it wrote.

    Raises:
        CalledProcessError: it ended with another status than 0.
    """
    done = subprocess.run(
        [sys.executable, *argv], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.stderr.write(done.stderr)
        done.check_returncode()
    return done.stdout


def peak_rss_mib() -> float:
    """The largest resident size this process has had, in MiB."""
    # Linux's getrusage also remembers the process that started this one, however large that was.
    with suppress(FileNotFoundError):
        for line in Path("/proc/self/status").read_text("ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / (1 << 10)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


# ----------------------------------------------------------------------------------------------- servers


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for the time of a run."""
    with TemporaryDirectory(prefix="relance-bench-") as folder:
        # A server started by root gives up its privileges: it must be able to pass through.
        Path(folder).chmod(0o711)
        yield Path(folder)


@contextmanager
def postgres(folder: Path, *, durable: bool = False) -> Iterator[LocalPostgres]:
    """A PostgreSQL server of this run's own."""
    with LocalPostgres(folder / f"postgres-{uuid4().hex[:8]}", durable=durable) as server:
        yield server


@contextmanager
def ledger(server: LocalPostgres, pool_size: int = 5) -> Iterator[Engine]:
    """An engine on a new, migrated database of `server`."""
    url = new_ledger(server)
    engine = make_engine(url, pool_size, "relance bench")
    try:
        yield engine
    finally:
        engine.dispose()


def new_ledger(server: LocalPostgres) -> str:
    """Make and migrate a database; returns its URL."""
    url = server.create_database(f"bench_{uuid4().hex[:8]}")
    migrations.upgrade(url)
    return url


# ------------------------------------------------------------------------------------------ installation


class Agreeing:
    """A provider that takes everything at once: what is left is the cost of our own code."""

    def __init__(self) -> None:
        self.taken = 0

    def send(self, message: Email | Sms) -> Outcome:
        """Take it."""
        self.taken += 1
        return Sent(type(message).__name__.lower(), f"bench-{self.taken}")

    def find(self, to: str, sent_since: datetime, body: str, known: Collection[str] = ()) -> str | None:  # noqa: ARG002 (a provider's interface)
        """Nothing is ever uncertain here."""
        return None


def settings(slots: int = 20) -> Settings:
    """An installation that sends, with as many worker slots."""
    return Settings(
        sending=Sending.LIVE,
        sendgrid_api_key=SecretStr("SG.bench"),
        worker_slots=slots,
        # What is measured is ourselves, and no provider's patience.
        email_per_second=None,
        sms_per_second=None,
    )


def agreeing_providers() -> tuple[Providers, Agreeing, Agreeing]:
    """Providers that agree, with the one for e-mail and the one for SMS to count what left."""
    email, sms = Agreeing(), Agreeing()
    return Providers(email, sms, "+33700000001"), email, sms


def found_company(engine: Engine, now: datetime) -> dict[str, Policy]:
    """Write the creditor, its collector and the built-in policies; returns the policies by key."""
    with transaction(engine) as session:
        versions = ensure_builtin(session, builtin_policy_texts(), now)
        session.add(
            Company(
                id=uuid4(),
                ref=COMPANY,
                name="Acme",
                legal_name="Acme SAS",
                country="FR",
                email="compta@acme.example",
                phone="+33145678901",
                iban="FR7630006000011234567890189",
                signatory_name="Margot Manager",
                signatory_email="manager@acme.example",
                signatory_phone="+33145678900",
            )
        )
        session.add(
            Staff(
                id=uuid4(),
                email="claire@acme.example",
                name="Claire Martin",
                title="Chargée de recouvrement",
                phone="+33145678902",
                role="collector",
            )
        )
        session.flush()
        return _policies(session, versions)


def _policies(session: Session, versions: Mapping[str, int]) -> dict[str, Policy]:
    return {key: get_policy(session, key, version) for key, version in versions.items()}
