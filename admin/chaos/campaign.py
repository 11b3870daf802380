"""The campaign: a stack of its own, messages under way, three kills, a judgement on what became of them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError
from urllib3.exceptions import HTTPError

from activities.clock import Clock
from activities.installation import read_offset
from activities.outbox import Courier, deliver_pending
from activities.store.engine import make_engine
from activities.store.work import Completion
from admin.chaos.blows import Struck, strike
from admin.chaos.books import Blow, Expected, LedgerBook, TemporalBook
from admin.chaos.expected import expect
from admin.chaos.judge import SERVERS, Verdict, is_over, judge
from admin.chaos.portfolio import write
from admin.chaos.readers import Inbox, Pulse, ledger_book, pulse, temporal_book
from admin.demo.portfolio import COMPANY
from admin.desk import Desk
from admin.portfolio.companies import read_companies, write_companies
from admin.portfolio.load import load_portfolio
from admin.portfolio.start import RATE, ledger_policies
from admin.stack.datafolder import DataFolder
from admin.stack.errors import StackError
from admin.stack.up import Stack, local_stack
from models.errors import Unreachable, WrongState
from models.tables.words import CommunicationStatus
from rules.calendar import business_calendar
from workflows.runtime import connect

FEWEST: Final = 60
"""With fewer customers the campaign would be over before its last kill."""

KILL_AFTER: Final = {"worker": 1 / 3, "temporal": 1 / 2, "postgres": 4 / 5}
"""Which part of the messages has come to the provider when each server dies."""

STUCK_AFTER_S: Final = 180.0
"""Nothing moved for so long: twice the time after which Temporal gives up a lost send."""

_POLL_S: Final = 0.25
_STILL_S: Final = 4.0
_REAL: Final = ("RELANCE_DATABASE_URL", "SENDGRID_", "TEMPORAL_", "TWILIO_")
_GONE: Final = (SQLAlchemyError, RPCError, Unreachable, HTTPError, OSError)
"""What reading a book raises while its server is dead."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How large, and how fast.

    `slots` are the worker's, each message is answered after `answer_s` seconds, and `silent` requests at
    the worker's kill are taken by nobody, so that some doubts end as "not sent".
    """

    contacts: int = 600
    seed: int = 1
    slots: int = 12
    answer_s: float = 0.6
    silent: int = 3


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts at a moment, in messages. `dead` is the server that is down, `phase` what is waited for."""

    phase: str
    intended: int
    received: int = 0
    sent: int = 0
    in_flight: int = 0
    uncertain: int = 0
    doubled: int = 0
    lost: int = 0
    dead: str | None = None
    seconds: float = 0.0


class Watch(Protocol):
    """Whoever watches. May be called from several threads."""

    def say(self, text: str) -> None:
        """One line about what happens."""

    def show(self, tally: Tally) -> None:
        """The counts as they are now."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a campaign found: after the kills, and after people have answered every doubt.

    `answered` is how many they found sent, and not sent.
    """

    plan: Plan
    blows: tuple[Blow, ...]
    after_kills: Verdict
    answered: tuple[int, int]
    final: Verdict
    seconds: float

    @property
    def held(self) -> bool:
        """Whether the promise held, and every message has reached its reader exactly once in the end."""
        return self.after_kills.held and self.final.held and not self.final.doubts


def refusal(environ: Mapping[str, str]) -> str | None:
    """Why a campaign may not run in this environment: it names a real ledger, server or provider."""
    named = sorted(name for name, value in environ.items() if value and name.startswith(_REAL))
    if not named:
        return None
    return (
        f"the environment names a real installation ({', '.join(named)}): a campaign kills its servers, so "
        "it runs on a stack of its own only; unset them first"
    )


def run(folder: DataFolder, plan: Plan, watch: Watch) -> Report:
    """Run a campaign on a data folder that is new.

    Raises:
        StackError: a real installation is named, the folder is not new, or the stack does not come up.
        StopRequested: Ctrl-C.
        ValueError: `plan` has too few customers, or too many.
    """
    refused = refusal(os.environ)
    if refused is None and folder.root.exists() and any(folder.root.iterdir()):
        refused = f"{folder.root} is not empty: a campaign wants a folder of its own"
    if refused is not None:
        raise StackError(refused)
    if plan.contacts < FEWEST:
        raise ValueError(f"contacts: {plan.contacts} is less than {FEWEST}, too few to kill three servers in")
    calendar = business_calendar("FR", None)

    def ten_o_clock() -> timedelta:
        wall = datetime.now(UTC)
        day = calendar.first_business_day(calendar.local_day(wall))
        return calendar.slot(day) + timedelta(minutes=30) - wall

    # Without webhooks: what a kill leaves in doubt stays in doubt until a person has looked it up.
    own = _own_environment(plan)
    with own, local_stack(folder, say=watch.say, offset=ten_o_clock, talks_back=False) as stack:
        engine = make_engine(stack.database_url, pool_size=2, application_name="relance chaos")
        try:
            return _Campaign(stack, engine, plan, watch).run()
        finally:
            engine.dispose()


@contextmanager
def _own_environment(plan: Plan) -> Iterator[None]:
    """The settings that the stack's processes inherit; everything is as before at the end."""
    before = dict(os.environ)
    for name in [name for name in before if name.startswith("RELANCE_")]:
        del os.environ[name]
    os.environ["RELANCE_WORKER_SLOTS"] = str(plan.slots)
    os.environ["RELANCE_SWEEP_SECONDS"] = "1"
    # A request that stays without an answer must not be given up before the worker dies.
    os.environ["SENDGRID_TIMEOUT"] = os.environ["TWILIO_TIMEOUT"] = "60"
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


class _Campaign:
    def __init__(self, stack: Stack, engine: Engine, plan: Plan, watch: Watch) -> None:
        if stack.sandbox_url is None:
            raise StackError("no sandbox provider runs: a campaign may write to nobody else")
        self._stack = stack
        self._engine = engine
        self._plan = plan
        self._watch = watch
        self._inbox = Inbox(stack.sandbox_url)
        self._clock = Clock(read_offset(engine))
        self._tally = Tally("loading the portfolio", plan.contacts)
        self._pulse = Pulse({}, frozenset(), 0, 0)
        self._moved = self._began = time.monotonic()
        self._blows: list[Blow] = []
        self._over: tuple[LedgerBook, TemporalBook] | None = None

    def run(self) -> Report:
        """Everything, in order."""
        expected = self._start()
        for server in SERVERS:
            self._kill(server, KILL_AFTER[server])
        after_kills = self._judged(expected)
        self._tell(after_kills)
        answered = self._answer(after_kills)
        final = self._judged(expected)
        return Report(
            self._plan,
            tuple(self._blows),
            after_kills,
            answered,
            final,
            round(time.monotonic() - self._began, 1),
        )

    def _start(self) -> Expected:
        """Load the portfolio and start its cases, with a provider that takes its time to answer."""
        now = self._clock.now()
        day = business_calendar("FR", None).local_day(now)
        folder = self._stack.folder.root / "campaign"
        portfolio, companies = write(folder, day, self._plan.contacts, self._plan.seed)
        expected = expect(portfolio, now)
        self._inbox.answer_late(self._plan.answer_s)
        write_companies(self._engine, read_companies(companies), now, "campaign")
        report = load_portfolio(
            self._engine, portfolio, now=now, policies=ledger_policies(self._engine, self._clock)
        )
        if report.rejected or report.conflicts or report.inserted != len(expected.cases):
            raise StackError(f"the campaign's own portfolio was refused: see {report.rejects_file}")
        self._watch.say(
            f"{report.inserted} invoices of {self._plan.contacts} customers are in the ledger; "
            f"a message to each is due"
        )
        self._watch.say(
            f"to look at while it lasts: Temporal UI {self._stack.temporal_ui}, "
            f"sandbox inbox {self._stack.sandbox_url}"
        )
        self._at("starting cases")
        asyncio.run(self._deliver())
        return expected

    async def _deliver(self) -> None:
        courier = Courier(self._engine, await connect(), asyncio.get_running_loop(), self._clock)

        def on_progress(_more: int) -> None:
            self._tick()

        await deliver_pending(courier, rate=RATE, on_progress=on_progress)

    def _kill(self, server: str, part: float) -> None:
        """Kill one server once that part of the messages has come, and wait until it is back."""
        due = round(part * self._plan.contacts)
        self._at(f"sending; {server} dies at {due}")
        self._until(lambda: self._tally.received >= due, f"{due} messages at the provider")
        silent = self._plan.silent if server == "worker" else 0
        if silent:
            # Some requests reach the provider and are not taken: what a kill cuts off may have left, or not.
            self._inbox.answer_late(self._plan.answer_s, silent=silent)
            self._until(lambda: self._inbox.silent_left() == 0, "requests that stay without an answer")
        self._until(lambda: self._inbox.unanswered() > silent, "requests without an answer")
        struck = strike(self._stack.supervisor, server, self._engine, self._inbox)
        self._watch.say(
            f"kill -9 {server} ({len(struck.processes)} processes) after {struck.received} messages: "
            f"{len(struck.sending)} in flight, {struck.unanswered} of them unanswered by the provider"
        )
        self._tally = replace(self._tally, dead=server, phase=f"until {server} is back")
        if silent:
            self._inbox.answer_late(self._plan.answer_s)
        blow = self._back(struck)
        self._tally = replace(self._tally, dead=None)
        self._blows.append(blow)
        self._watch.say(f"{server} is back after {blow.dead_s} s")

    def _back(self, struck: Struck) -> Blow:
        while (blow := struck.back(self._stack.supervisor)) is None:
            self._tick()
        return blow

    def _judged(self, expected: Expected) -> Verdict:
        """The verdict once nothing is under way any more, or nothing moves.

        Judged are the books that said so: the worker may look up a doubt at the provider at any moment, and a
        book read later could catch it with the word to the cases still in the outbox.
        """
        self._at("waiting until nothing is under way")
        with suppress(_Stuck):
            self._until(self._is_over, "everything done")
        try:
            # The rest, if people find that something did not leave, is answered at once.
            self._inbox.answer_late(0)
            ledger, temporal = self._over or (ledger_book(self._engine), temporal_book())
            # After the ledger: what it calls sent has come to the provider by now.
            inbox = self._inbox.read()
        except _GONE as error:
            raise StackError(
                f"a server does not answer, so nothing can be judged ({type(error).__name__}); "
                f"see {self._stack.folder.logs}"
            ) from error
        return judge(COMPANY, expected, inbox, ledger, temporal, self._blows)

    def _is_over(self) -> bool:
        """Whether nothing is under way any more, by the books of both; these are kept."""
        self._over = None
        under_way = self._pulse.count(CommunicationStatus.PLANNED, CommunicationStatus.SENDING)
        if under_way and time.monotonic() - self._moved > _STILL_S:
            self._at(f"{under_way} died with their worker; Temporal notices after 90 s")
        # The books of 600 customers are no light reading: first the pulse.
        if not self._pulse.quiet:
            return False
        ledger, temporal = ledger_book(self._engine), temporal_book()
        if not is_over(COMPANY, self._plan.contacts, ledger, temporal):
            return False
        self._over = ledger, temporal
        return True

    def _answer(self, verdict: Verdict) -> tuple[int, int]:
        """Answer every doubt as a person does who looks it up at the provider; how many left, and did not."""
        desk = Desk(self._engine)
        told = [doubt for doubt in verdict.doubts if doubt.task is not None]
        for doubt in told:
            # The provider's own word may come while a person looks it up: then there is nothing to answer.
            with suppress(WrongState):
                desk.complete(str(doubt.task), Completion(outcome="sent" if doubt.received else "not_sent"))
        left = sum(doubt.received for doubt in told)
        if told:
            self._watch.say(
                f"a person looks up {len(told)} uncertain messages at the provider: {left} had left, "
                f"{len(told) - left} had not"
            )
        return left, len(told) - left

    def _tell(self, verdict: Verdict) -> None:
        for fault in verdict.faults:
            self._watch.say(f"FAULT: {fault}")

    def _at(self, phase: str) -> None:
        self._tally = replace(self._tally, phase=phase)

    def _until(self, look: Callable[[], bool], what: str) -> None:
        """Watch until `look` says yes; a server that is dead at the moment says no.

        Raises:
            StackError: nothing moved for three minutes, or the stack has ended.
        """
        self._moved = time.monotonic()
        while True:
            self._tick()
            with suppress(*_GONE):
                if look():
                    return
            if time.monotonic() - self._moved > STUCK_AFTER_S:
                raise _Stuck(
                    f"{what}: nothing moved for {STUCK_AFTER_S:.0f} s, see {self._stack.folder.logs}"
                )

    def _tick(self) -> None:
        """Read the counts and show them; Ctrl-C ends the campaign here."""
        self._stack.supervisor.wait(_POLL_S)
        self._stack.supervisor.check()
        before = self._tally
        with suppress(*_GONE):
            self._pulse = pulse(self._engine, self._clock.now())
            # After the ledger: what it calls sent has come to the provider by now.
            inbox = self._inbox.read()
            came = {received.provider_id for received in inbox}
            self._tally = replace(
                before,
                received=len(inbox),
                sent=self._pulse.count(CommunicationStatus.SENT),
                in_flight=self._pulse.count(CommunicationStatus.SENDING),
                uncertain=self._pulse.count(CommunicationStatus.UNCERTAIN),
                doubled=len(inbox) - len({received.to for received in inbox}),
                lost=len(self._pulse.sent - came),
            )
        now = time.monotonic()
        if self._tally != before:
            self._moved = now
        self._watch.show(replace(self._tally, seconds=now - self._began))


class _Stuck(StackError):
    """Nothing moves any more."""
