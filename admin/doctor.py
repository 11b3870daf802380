"""`relance doctor`: what is missing or late, and what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import func
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.service import RPCError

import migrations
from activities.clock import Clock
from activities.installation import SENDING, read_offset
from activities.providers import Providers, SettingMissing
from activities.settings import Sending, SettingInvalid, Settings
from activities.store.engine import make_engine, transaction
from admin.stack.up import POLL, pollers
from models.errors import Unreachable
from models.ids import SEARCH_ATTRIBUTE_TYPES
from models.tables import Communication, Company, DunningCase, Installation, OutboxNote, Task
from models.tables.words import CommunicationStatus, TaskKind, TaskStatus
from workflows.runtime import connect

LATE_NOTE = timedelta(minutes=5)
LATE_CASE = timedelta(hours=1)


class Mark(Enum):
    """How bad a finding is."""

    GOOD = "ok"
    NOTE = "note"
    BAD = "bad"

    @property
    def symbol(self) -> str:
        """One character for a table."""
        return {"ok": "[green]✓[/]", "note": "[yellow]•[/]", "bad": "[red]✗[/]"}[self.value]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    mark: Mark
    what: str
    says: str
    advice: str = ""


def examine() -> list[Finding]:
    """Look at everything that can be looked at; never raises for what it finds broken."""
    try:
        settings = Settings.load()
    except SettingInvalid as error:
        return [
            Finding(Mark.BAD, "settings", line, "correct the variable") for line in str(error).splitlines()
        ]
    return [*_providers(settings), *_ledger(settings), *_temporal()]


def _providers(settings: Settings) -> Iterator[Finding]:
    try:
        providers = Providers.of(settings)
    except SettingMissing as error:
        yield Finding(Mark.BAD, "providers", str(error), "set it, or RELANCE_SENDING=off")
        return
    for name, found, variables in (
        ("e-mail", providers.email, "SENDGRID_API_KEY"),
        ("SMS", providers.sms, "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM"),
    ):
        where = " (sandbox)" if settings.sandbox_url else ""
        if found is not None:
            yield Finding(Mark.GOOD, name, f"set up{where}")
        else:
            yield Finding(Mark.NOTE, name, "not set up", f"set {variables}")
    words = {
        Sending.OFF: "off: decides and renders, nothing leaves",
        Sending.ALLOWLIST: f"allowlist: only to {', '.join(settings.allowlist) or 'nobody'}",
        Sending.LIVE: "live",
    }
    mark = Mark.GOOD if settings.sending is Sending.LIVE else Mark.NOTE
    yield Finding(
        mark, "sending", words[settings.sending], "" if mark is Mark.GOOD else "RELANCE_SENDING=live"
    )


def _ledger(settings: Settings) -> Iterator[Finding]:
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
    if current != head:
        yield Finding(
            Mark.BAD, "schema", f"at {current or 'nothing'}, wanted {head}", "run `relance migrate`"
        )
        return
    yield Finding(Mark.GOOD, "ledger", f"answers, schema {current}")
    engine = make_engine(url, pool_size=1, application_name="relance doctor")
    try:
        clock = Clock(read_offset(engine))
        if clock.offset:
            yield Finding(Mark.NOTE, "clock", f"business time is {clock.now():%Y-%m-%d %H:%M} UTC (a demo)")
        with transaction(engine) as session:
            yield from _late(session, clock.now())
            yield from _parties(session)
            yield from _switch(session, settings)
    finally:
        engine.dispose()


def _late(session: Session, now: datetime) -> Iterator[Finding]:
    notes = session.exec(
        select(func.count()).select_from(OutboxNote).where(col(OutboxNote.created_at) < now - LATE_NOTE)
    ).one()
    yield _counted("outbox", notes, "notes wait for more than 5 minutes", "is a worker running?")
    overdue = session.exec(
        select(func.count())
        .select_from(DunningCase)
        .where(
            col(DunningCase.closed_at).is_(None),
            col(DunningCase.next_at) < now - LATE_CASE,
            col(DunningCase.state).in_(("waiting", "due")),
        )
    ).one()
    yield _counted("cases", overdue, "cases are overdue by more than an hour", "run `relance reconcile`")
    uncertain = session.exec(
        select(func.count())
        .select_from(Communication)
        .where(Communication.status == CommunicationStatus.UNCERTAIN)
    ).one()
    yield _counted("messages", uncertain, "messages are uncertain", "answer their tasks: `relance tasks`")
    failed = session.exec(
        select(func.count())
        .select_from(Task)
        .where(
            Task.status == TaskStatus.OPEN,
            col(Task.kind).in_((TaskKind.DELIVERY_FAILED, TaskKind.FIND_CONTACT)),
        )
    ).one()
    yield _counted("addresses", failed, "steps wait for an address or a refused message", "`relance tasks`")


def _counted(what: str, count: int, says: str, advice: str) -> Finding:
    if count:
        return Finding(Mark.BAD, what, f"{count} {says}", advice)
    return Finding(Mark.GOOD, what, f"no {says}")


def _parties(session: Session) -> Iterator[Finding]:
    for company in session.exec(select(Company).order_by(Company.ref)):
        missing = [
            name
            for name in (
                "legal_name",
                "address",
                "email",
                "phone",
                "iban",
                "signatory_name",
                "signatory_email",
            )
            if not getattr(company, name)
        ]
        if missing:
            yield Finding(
                Mark.BAD,
                f"company {company.ref}",
                f"messages lack: {', '.join(missing)}",
                "run `relance companies FILE` with its particulars",
            )
        else:
            yield Finding(Mark.GOOD, f"company {company.ref}", "particulars complete")


def _switch(session: Session, settings: Settings) -> Iterator[Finding]:
    row = session.get(Installation, SENDING)
    if row is not None and row.value != settings.sending_fingerprint:
        yield Finding(
            Mark.NOTE,
            "switch",
            f"workers last started with {row.value.split(':')[0]}, here it is {settings.sending.value}",
            "restart the workers with this setting",
        )


def _temporal() -> Iterator[Finding]:
    try:
        missing, workers = asyncio.run(_ask_temporal())
    except (RPCError, Unreachable) as error:
        reason = str(error).splitlines()[0]
        yield Finding(Mark.BAD, "Temporal", f"does not answer: {reason}", "start it, or set TEMPORAL_ADDRESS")
        return
    if missing:
        yield Finding(
            Mark.BAD,
            "Temporal",
            f"search attributes missing: {', '.join(missing)}",
            "temporal operator search-attribute create --name … --type …",
        )
    else:
        yield Finding(Mark.GOOD, "Temporal", "answers, search attributes registered")
    if workers:
        yield Finding(Mark.GOOD, "workers", f"{workers} polling")
    else:
        yield Finding(Mark.BAD, "workers", "none is polling", "run `python worker.py`")


async def _ask_temporal() -> tuple[list[str], int]:
    client = await connect()
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    types = {
        "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
        "Double": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
        "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    }
    missing = [
        name
        for name, kind in SEARCH_ATTRIBUTE_TYPES.items()
        if listed.custom_attributes.get(name) != types[kind]
    ]
    return missing, await pollers(Clock().wall() - POLL)
