"""What the ledger says of the installation, in Prometheus' exposition format: for the API's `/metrics`.

Labels are a company's ref, a state, a step, a kind: never a customer. One page is kept for some seconds,
however many ask. What only the whole history of messages can tell is read every five minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic
from typing import Any, Final
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, func, select

from activities.clock import Clock
from activities.installation import SENDING
from activities.logs import VERSION
from activities.settings import Sending
from activities.store.engine import transaction
from activities.sweeper import OVERDUE, late
from models.tables import DunningCase, Installation

FRESH_S: Final = 10.0
HISTORY_FRESH_S: Final = 300.0
STUCK: Final = timedelta(minutes=5)
"""A message in `sending` for longer has lost its worker: no call of a provider lasts that long."""

Rows = Iterable[tuple[Any, ...]]

_CASES = """
SELECT co.ref, d.state, d.stage, i.currency, count(*), sum(d.outstanding),
       coalesce(sum(d.outstanding) FILTER (WHERE i.due_on < :today), 0)
FROM dunning_case d JOIN invoice i ON i.id = d.invoice_id JOIN company co ON co.id = i.company_id
WHERE d.closed_at IS NULL
GROUP BY co.ref, d.state, d.stage, i.currency"""

_UNSETTLED = """
SELECT status, count(*), count(*) FILTER (WHERE status = 'sending' AND sending_at < :stuck)
FROM communication WHERE status IN ('planned', 'sending', 'uncertain') GROUP BY status"""

_TASKS = """
SELECT co.ref, t.kind, count(*), count(*) FILTER (WHERE t.due_on < :today)
FROM task t JOIN company co ON co.id = t.company_id WHERE t.status = 'open' GROUP BY co.ref, t.kind"""

_OUTBOX = "SELECT count(*), min(created_at), count(*) FILTER (WHERE attempts > 0) FROM outbox_note"

_RECEIPTS = """
SELECT provider, kind, state, count(*), min(arrived_at) FILTER (WHERE state = 'new')
FROM webhook_receipt WHERE state <> 'done' GROUP BY provider, kind, state"""

_UNKNOWN = "SELECT provider, count(*) FROM unknown_event GROUP BY provider"

_REPLIES = """
SELECT coalesce(co.ref, ''), count(*) FROM reply r LEFT JOIN company co ON co.id = r.company_id
WHERE r.state = 'unmatched' GROUP BY co.ref"""

_BANK = "SELECT ref, bank_known_until FROM company WHERE bank_known_until IS NOT NULL"

_ALLOWANCES = """
SELECT provider, sender, greatest(extract(epoch FROM blocked_until - clock_timestamp()), 0),
       greatest(extract(epoch FROM queue_until - clock_timestamp()), 0)
FROM provider_allowance"""

_DETAILS = """
SELECT co.ref, d.status, count(*)
FROM payment_details_change d JOIN company co ON co.id = d.company_id
WHERE d.status IN ('asked', 'approved') GROUP BY co.ref, d.status"""

_HISTORY = "SELECT channel, status, count(*), max(sent_at) FROM communication GROUP BY channel, status"


@dataclass(slots=True)
class _Kept:
    """What was read last for one engine; instants are the machine's monotonic seconds."""

    page: bytes = b""
    read_at: float = float("-inf")
    history: tuple[tuple[Any, ...], ...] = ()
    history_at: float = float("-inf")


_kept: WeakKeyDictionary[Engine, _Kept] = WeakKeyDictionary()
_lock = Lock()


def ledger_metrics(engine: Engine, clock: Clock) -> bytes:
    """The page, at most ten seconds old; `relance_ledger_up 0` alone when the ledger does not answer.

    Args:
        engine: the ledger's; what was read last is kept for as long as it lives.
        clock: business time.
    """
    with _lock:
        kept = _kept.setdefault(engine, _Kept())
        now = monotonic()
        if now - kept.read_at >= FRESH_S:
            kept.page, kept.read_at = _read(engine, clock.now(), kept), now
        return kept.page


def _read(engine: Engine, now: datetime, kept: _Kept) -> bytes:
    try:
        with transaction(engine) as session:
            if monotonic() - kept.history_at >= HISTORY_FRESH_S:
                kept.history, kept.history_at = tuple(_rows(session, _HISTORY)), monotonic()
            found = [_gauge("relance_ledger_up", "1 when the ledger answers.", value=1)]
            for part in (_cases, _messages, _tasks, _outbox, _webhooks, _replies, _bank, _itself):
                found += part(session, now)
            found += _manners(session)
            found += _sent(kept.history, now)
    except SQLAlchemyError:
        found = [_gauge("relance_ledger_up", "1 when the ledger answers.", value=0)]
    registry = CollectorRegistry()
    registry.register(_Fixed(found))
    return generate_latest(registry)


class _Fixed(Collector):
    """Metrics that were read already."""

    def __init__(self, found: list[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return self._found


def _rows(session: Session, query: str, **values: object) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.connection().execute(text(query), values)]


def _gauge(
    name: str, told: str, labels: tuple[str, ...] = (), rows: Rows = (), *, value: float | None = None
) -> Metric:
    """A gauge with one sample a row (its labels, then its value), or with one `value`."""
    if value is not None:
        return GaugeMetricFamily(name, told, value=value)
    family = GaugeMetricFamily(name, told, labels=labels)
    sums: dict[tuple[str, ...], float] = {}
    for row in rows:
        key = tuple(str(label) for label in row[:-1])
        sums[key] = sums.get(key, 0.0) + float(row[-1])
    for key in sorted(sums):
        family.add_metric(key, sums[key])
    return family


def _cases(session: Session, now: datetime) -> Iterator[Metric]:
    rows = _rows(session, _CASES, today=now.date())
    yield _gauge(
        "relance_open_cases",
        "Open cases, by the state and the stage last decided.",
        ("company", "state", "stage"),
        ((ref, state, stage, count) for ref, state, stage, _, count, _, _ in rows),
    )
    yield _gauge(
        "relance_outstanding",
        "What open cases are owed, in units of the currency.",
        ("company", "currency"),
        ((ref, currency, owed) for ref, _, _, currency, _, owed, _ in rows),
    )
    yield _gauge(
        "relance_overdue",
        "What open cases are owed past the due date (by the day in UTC), in units of the currency.",
        ("company", "currency"),
        ((ref, currency, overdue) for ref, _, _, currency, _, _, overdue in rows),
    )
    count = session.exec(select(func.count()).select_from(DunningCase).where(late(now - OVERDUE))).one()
    yield _gauge("relance_cases_late", "Open cases whose next look is an hour overdue.", value=count)


def _messages(session: Session, now: datetime) -> Iterator[Metric]:
    rows = _rows(session, _UNSETTLED, stuck=now - STUCK)
    counts = {"planned": 0, "sending": 0, "uncertain": 0} | {status: count for status, count, _ in rows}
    yield _gauge(
        "relance_messages_unsettled",
        "Messages on their way, and those nobody knows to have left.",
        ("status",),
        counts.items(),
    )
    yield _gauge(
        "relance_messages_stuck",
        "Messages in `sending` for more than five minutes: their worker is gone.",
        value=sum(stuck for _, _, stuck in rows),
    )


def _manners(session: Session) -> Iterator[Metric]:
    rows = _rows(session, _ALLOWANCES)
    yield _gauge(
        "relance_provider_blocked_seconds",
        "How much longer a provider asked a sender of ours to wait (429 with Retry-After).",
        ("provider", "sender"),
        ((provider, sender, blocked or 0) for provider, sender, blocked, _ in rows),
    )
    yield _gauge(
        "relance_provider_queue_seconds",
        "How long the last of those that wait for their sender's turn will wait.",
        ("provider", "sender"),
        ((provider, sender, queue) for provider, sender, _, queue in rows),
    )
    yield _gauge(
        "relance_bank_details_changes",
        "Changes of bank details that wait for a second person (asked) or for their day (approved).",
        ("company", "status"),
        _rows(session, _DETAILS),
    )


def _sent(history: Rows, now: datetime) -> Iterator[Metric]:
    yield _gauge(
        "relance_messages_kept",
        "Messages in the ledger, by what became of them; read every five minutes.",
        ("channel", "status"),
        ((channel, status, count) for channel, status, count, _ in history),
    )
    instants = [at for _, status, _, at in history if status == "sent" and at is not None]
    if instants:
        yield _gauge(
            "relance_last_message_age_seconds",
            "Since a message last left; absent before the first.",
            value=(now - max(instants)).total_seconds(),
        )


def _tasks(session: Session, now: datetime) -> Iterator[Metric]:
    rows = _rows(session, _TASKS, today=now.date())
    yield _gauge(
        "relance_open_tasks",
        "Tasks that wait for people: approvals, rejected facts, calls and the others.",
        ("company", "kind"),
        ((ref, kind, count) for ref, kind, count, _ in rows),
    )
    yield _gauge(
        "relance_overdue_tasks",
        "Open tasks whose day has passed.",
        ("company", "kind"),
        ((ref, kind, overdue) for ref, kind, _, overdue in rows if overdue),
    )


def _outbox(session: Session, now: datetime) -> Iterator[Metric]:
    ((count, oldest, failing),) = _rows(session, _OUTBOX)
    yield _gauge("relance_outbox_notes", "Notes that wait to be delivered to their workflows.", value=count)
    yield _gauge("relance_outbox_failing_notes", "Those of them that failed at least once.", value=failing)
    yield _gauge(
        "relance_outbox_oldest_seconds",
        "Age of the oldest note that waits; 0 when none does.",
        value=0 if oldest is None else max((now - oldest).total_seconds(), 0),
    )


def _webhooks(session: Session, now: datetime) -> Iterator[Metric]:  # noqa: ARG001 - as its neighbours
    rows = _rows(session, _RECEIPTS)
    yield _gauge(
        "relance_webhook_receipts",
        "Posts of providers that wait to be worked on (new), or could not be (refused).",
        ("provider", "kind", "state"),
        ((provider, kind, state, count) for provider, kind, state, count, _ in rows),
    )
    waiting = [since for *_, since in rows if since is not None]
    yield _gauge(
        "relance_webhook_oldest_seconds",
        "Age of the oldest post that waits; 0 when none does.",
        # Posts arrive by the machine's clock, not by business time.
        value=(Clock().wall() - min(waiting)).total_seconds() if waiting else 0,
    )
    yield _gauge(
        "relance_unknown_events",
        "What providers told in the last 30 days of messages that the ledger does not know.",
        ("provider",),
        _rows(session, _UNKNOWN),
    )


def _replies(session: Session, now: datetime) -> Iterator[Metric]:  # noqa: ARG001 - as its neighbours
    yield _gauge(
        "relance_unmatched_replies",
        "Replies of which somebody must say whose they are; without a company where nobody knows that.",
        ("company",),
        _rows(session, _REPLIES),
    )


def _bank(session: Session, now: datetime) -> Iterator[Metric]:
    yield _gauge(
        "relance_bank_data_age_days",
        "Days since the last day whose bank movements are recorded; absent where none was ever named.",
        ("company",),
        ((ref, (now.date() - until).days) for ref, until in _rows(session, _BANK)),
    )


def _itself(session: Session, now: datetime) -> Iterator[Metric]:  # noqa: ARG001 - as its neighbours
    row = session.get(Installation, SENDING)
    position = row.value.partition(":")[0] if row else None
    yield _gauge(
        "relance_sending_switch",
        "1 for the position the workers last started with.",
        ("position",),
        ((word.value, 1 if word.value == position else 0) for word in Sending),
    )
    revisions = _rows(session, "SELECT version_num FROM alembic_version")
    yield _gauge("relance_schema", "The ledger's schema.", ("revision",), ((rev, 1) for (rev,) in revisions))
    yield _gauge("relance_api", "The version that serves this page.", ("version",), ((VERSION, 1),))
