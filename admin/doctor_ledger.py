"""The part of `relance doctor` that looks at the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select

import migrations
from activities.clock import Clock
from activities.installation import SENDING, read_offset
from activities.settings import Sending, Settings
from activities.store.bank_tasks import held_by_bank
from activities.store.engine import make_engine, transaction
from activities.store.suspensions import held_by
from activities.sweeper import OVERDUE, late
from admin.doctor_registered import look_at_registered_mail
from admin.doctor_webhooks import look_at_webhooks
from admin.findings import Finding, Mark, counted
from models.tables import (
    ApiKey,
    Communication,
    Company,
    DunningCase,
    Installation,
    OutboxNote,
    PaymentDetailsChange,
    ProviderAllowance,
    SuspensionRow,
    Task,
)
from models.tables.words import CommunicationStatus, DetailsChange, TaskKind, TaskStatus
from rules.bank import too_old
from rules.calendar import business_calendar
from rules.facts import Bank

LATE_NOTE = timedelta(minutes=5)
STUCK = timedelta(minutes=5)
# Leases between workers last half a minute: clocks further apart than this would break them.
SKEW = timedelta(seconds=5)

# As the built-in policies have it, but for the most careful of them.
_BANK_DAYS = 3

_PARTICULARS = ("legal_name", "address", "email", "phone", "iban", "signatory_name", "signatory_email")


def look_at_ledger(settings: Settings) -> Iterator[Finding]:
    """Reachable, its schema, its clock, what is late in it, and what messages lack."""
    if settings.database_url is None:
        yield Finding(
            Mark.BAD,
            "ledger",
            "RELANCE_DATABASE_URL is not set, and no local stack was found",
            "set it, or run `relance up` here",
        )
        return
    url = settings.database_url.get_secret_value()
    try:
        current, head = migrations.current(url), migrations.head()
    except SQLAlchemyError as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        yield Finding(Mark.BAD, "ledger", f"does not answer: {reason}", "start it, or correct the URL")
        return
    if migrations.is_behind(current):
        yield Finding(
            Mark.BAD, "schema", f"at {current or 'nothing'}, wanted {head}", "run `relance migrate`"
        )
        return
    yield Finding(Mark.GOOD, "ledger", f"answers, schema {current}")
    if current != head:
        yield Finding(
            Mark.NOTE, "schema", f"{current} is newer than this version's {head}", "finish the upgrade"
        )
    engine = make_engine(url, pool_size=1, application_name="relance doctor")
    try:
        clock = Clock(read_offset(engine))
        yield from _clock(clock, settings)
        with transaction(engine) as session:
            yield from _skew(session, clock)
            yield from _late(session, clock.now())
            yield from _messages(session, clock.now())
            yield from look_at_webhooks(session, settings, clock)
            yield from look_at_registered_mail(session, settings)
            yield from _people(session, clock.now())
            yield from _parties(session)
            yield from _bank_details(session)
            yield from _blocked(session)
            yield from _bank(session, clock.now())
            yield from _suspended(session)
            yield from _switch(session, settings)
    finally:
        engine.dispose()


def _clock(clock: Clock, settings: Settings) -> Iterator[Finding]:
    if not clock.offset:
        return
    says = f"business time is {clock.now():%Y-%m-%d %H:%M} UTC"
    real = settings.sandbox_url is None and settings.sending is not Sending.OFF
    if real:
        yield Finding(
            Mark.BAD,
            "clock",
            f"{says}, a demonstration's, and messages leave for real",
            "RELANCE_SENDING=off; start on a ledger of your own",
        )
    else:
        yield Finding(Mark.NOTE, "clock", f"{says} (a demonstration)")


def _skew(session: Session, clock: Clock) -> Iterator[Finding]:
    before = clock.wall()
    there = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
    # Half of the way there and back is taken off: a slow line is no wrong clock.
    skew = there - (before + (clock.wall() - before) / 2)
    if abs(skew) > SKEW:
        yield Finding(
            Mark.BAD,
            "time",
            f"the database's clock is {skew.total_seconds():+.0f} s from this machine's",
            "run NTP on both",
        )
    else:
        yield Finding(Mark.GOOD, "time", "the database and this machine agree")


def _late(session: Session, now: datetime) -> Iterator[Finding]:
    notes = session.exec(
        select(func.count()).select_from(OutboxNote).where(col(OutboxNote.created_at) < now - LATE_NOTE)
    ).one()
    oldest = session.exec(select(OutboxNote.created_at).order_by(col(OutboxNote.created_at)).limit(1)).first()
    age = f", the oldest for {_span(now - oldest)}" if notes and oldest else ""
    yield counted("outbox", notes, f"notes wait for more than 5 minutes{age}", "is a worker running?")
    overdue = session.exec(select(func.count()).select_from(DunningCase).where(late(now - OVERDUE))).one()
    yield counted("cases", overdue, "cases are overdue by more than an hour", "run `relance reconcile`")


def _span(age: timedelta) -> str:
    hours, minutes = divmod(int(age.total_seconds()) // 60, 60)
    return (
        f"{hours // 24} days" if hours >= 48 else f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
    )


def _messages(session: Session, now: datetime) -> Iterator[Finding]:
    uncertain = session.exec(
        select(func.count())
        .select_from(Communication)
        .where(Communication.status == CommunicationStatus.UNCERTAIN)
    ).one()
    yield counted("messages", uncertain, "messages are uncertain", "answer their tasks: `relance tasks`")
    stuck = session.exec(
        select(func.count())
        .select_from(Communication)
        .where(
            Communication.status == CommunicationStatus.SENDING, col(Communication.sending_at) < now - STUCK
        )
    ).one()
    if stuck:
        yield Finding(
            Mark.BAD,
            "on their way",
            f"{stuck} messages have been in `sending` for more than 5 minutes",
            "a worker died; another asks a person within a quarter of an hour",
        )


def _people(session: Session, now: datetime) -> Iterator[Finding]:
    failed = session.exec(
        select(func.count())
        .select_from(Task)
        .where(
            Task.status == TaskStatus.OPEN,
            col(Task.kind).in_((TaskKind.DELIVERY_FAILED, TaskKind.FIND_CONTACT)),
        )
    ).one()
    yield counted("addresses", failed, "steps wait for an address or a refused message", "`relance tasks`")
    rejected = session.exec(
        select(func.count())
        .select_from(Task)
        .where(Task.status == TaskStatus.OPEN, Task.kind == TaskKind.REJECTED_FACT)
    ).one()
    yield counted("facts", rejected, "facts could not be recorded", "`relance tasks`: tell them again")
    # Calls and approvals are people's own days: worth a line, no alarm.
    overdue = session.exec(
        select(func.count())
        .select_from(Task)
        .where(Task.status == TaskStatus.OPEN, col(Task.due_on) < now.date())
    ).one()
    yield counted("tasks", overdue, "tasks are past their day", "`relance tasks`", Mark.NOTE)
    keys = session.exec(
        select(func.count()).select_from(ApiKey).where(col(ApiKey.revoked_at).is_(None))
    ).one()
    if not keys:
        yield Finding(Mark.NOTE, "keys", "no API key is in force", "make one, where the API is used")


def _parties(session: Session) -> Iterator[Finding]:
    for company in session.exec(select(Company).order_by(Company.ref)):
        missing = [name for name in _PARTICULARS if not getattr(company, name)]
        if missing:
            yield Finding(
                Mark.BAD,
                f"company {company.ref}",
                f"messages lack: {', '.join(missing)}",
                "run `relance companies FILE` with its particulars",
            )
        else:
            yield Finding(Mark.GOOD, f"company {company.ref}", "particulars complete")


def _bank_details(session: Session) -> Iterator[Finding]:
    pending = session.exec(
        select(PaymentDetailsChange, Company)
        .join(Company, col(Company.id) == PaymentDetailsChange.company_id)
        .where(col(PaymentDetailsChange.status).in_((DetailsChange.ASKED, DetailsChange.APPROVED)))
        .order_by(Company.ref)
    ).all()
    for change, company in pending:
        waits = (
            "waits for a second person"
            if change.status == DetailsChange.ASKED
            else f"takes effect on {change.effective_at:%Y-%m-%d %H:%M} UTC"
        )
        yield Finding(
            Mark.NOTE,
            f"bank details {company.ref}",
            f"a change asked for by {change.asked_by} {waits}",
            f"`relance bank-details {company.ref}`: approve, or cancel on any doubt",
        )


def _blocked(session: Session) -> Iterator[Finding]:
    now = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
    for row in session.exec(
        select(ProviderAllowance)
        .where(col(ProviderAllowance.blocked_until) > now)
        .order_by(ProviderAllowance.provider, ProviderAllowance.sender)
    ):
        wait = (row.blocked_until or now) - now
        yield Finding(
            Mark.NOTE,
            f"{row.provider} {row.sender}",
            f"asked to be left alone for another {_span(wait)}",
            "messages wait by themselves; if it comes again, lower RELANCE_…_PER_SECOND",
        )


def _bank(session: Session, now: datetime) -> Iterator[Finding]:
    """Companies that said how far their bank is known, and whose data are old or hold something up."""
    held = held_by_bank(session)
    said = select(Company).where(col(Company.bank_known_until).is_not(None)).order_by(Company.ref)
    for company in session.exec(said):
        bank = Bank(company.bank_known_until or now.date(), business_calendar(company.country, company.zone))
        old = too_old(bank, _BANK_DAYS, now)
        known = f"known up to {bank.until}"
        waits = held.get(company.id)
        remedy = f"record the bank's payments, then `relance bank-known {company.ref} DATE`"
        if waits is not None:
            yield Finding(Mark.BAD, f"bank {company.ref}", f"{known}: {waits.told} wait for a file", remedy)
        elif old is not None:
            yield Finding(
                Mark.NOTE, f"bank {company.ref}", f"{known}, more than {_BANK_DAYS} business days ago", remedy
            )
        else:
            yield Finding(Mark.GOOD, f"bank {company.ref}", known)


def _suspended(session: Session) -> Iterator[Finding]:
    rows = session.exec(
        select(SuspensionRow, Company.ref)
        .join(Company, col(Company.id) == SuspensionRow.company_id)
        .where(col(SuspensionRow.ended_at).is_(None))
        .order_by(col(SuspensionRow.id))
    ).all()
    held = held_by(session, [row.id for row, _ in rows if row.id is not None])
    for row, ref in rows:
        invoices, customers = held.get(row.id or 0, (0, 0))
        since = f"{row.scope} {row.target or ''}".strip() + f" suspended since {row.since:%Y-%m-%d}"
        yield Finding(
            Mark.NOTE,
            f"suspension {row.id}",
            f"{ref}: {since}; it holds {invoices} invoices of {customers} customers",
            f"`relance resume {ref} {row.id}`",
        )


def _switch(session: Session, settings: Settings) -> Iterator[Finding]:
    row = session.get(Installation, SENDING)
    if row is not None and row.value != settings.sending_fingerprint:
        yield Finding(
            Mark.NOTE,
            "switch",
            f"workers last started with {row.value.split(':')[0]}, here it is {settings.sending.value}",
            "restart the workers with this setting",
        )
