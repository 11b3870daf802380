"""Reading the books from the running servers: sandbox by HTTP, ledger by SQL, Temporal by its lists."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, and_, func, or_
from sqlmodel import Session, col, select
from temporalio.client import Client, WorkflowExecution
from urllib3 import PoolManager, Timeout

from activities.envelope import Envelope
from activities.store.engine import transaction
from admin.chaos.books import Asked, LedgerBook, Message, Received, Shown, Stand, Step, TemporalBook
from admin.queries.reading import snapshot
from admin.sandbox import SandboxMessage
from admin.sandbox.models import Counts
from models.ids import CASE_WORKFLOW, OUTREACH_WORKFLOW, SearchAttribute
from models.tables import (
    CaseEvent,
    Communication,
    ContactItem,
    Content,
    Customer,
    DunningCase,
    Invoice,
    OutboxNote,
    Task,
)
from models.tables.words import Audience, CommunicationStatus, TaskStatus
from workflows.runtime import connect

_PAGE: Final = 500
_TEMPORAL_S: Final = 60.0


class Inbox:
    """The provider's book, read on as it grows."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = PoolManager(timeout=Timeout(30.0), retries=False)
        self._taken: list[Received] = []
        self._latest = 0

    def read(self) -> list[Received]:
        """Every message the provider took, in order of arrival."""
        while True:
            page = self._ask("GET", f"/api/messages?order=oldest&limit={_PAGE}&after={self._latest}")
            messages = [SandboxMessage.model_validate(message) for message in page["messages"]]
            for message in messages:
                self._latest = message.id
                if message.accepted:
                    self._taken.append(_received(message))
            if len(messages) < _PAGE:
                return self._taken

    def unanswered(self) -> int:
        """How many requests to send the provider has got and not answered yet."""
        return Counts.model_validate(self._ask("GET", "/api/counts")).unanswered

    def answer_late(self, seconds: float, *, silent: int = 0) -> None:
        """Answer each request after `seconds`; the next `silent` ones never, and take nothing of them."""
        self._ask("DELETE", "/api/faults")
        if silent:
            self._ask("POST", "/api/faults", {"mode": "hang", "times": silent})
        if seconds:
            self._ask("POST", "/api/faults", {"mode": "late", "delay": seconds})

    def silent_left(self) -> int:
        """How many of the requests to be left without an answer have not come yet."""
        return sum(
            int(rule["remaining"]) for rule in self._ask("GET", "/api/faults") if rule["mode"] == "hang"
        )

    def _ask(self, method: str, path: str, body: dict[str, object] | None = None) -> Any:
        answer = self._http.request(method, self._url + path, json=body)
        if answer.status >= 400:
            raise OSError(f"the sandbox answers {answer.status} to {method} {path}")
        return answer.json()


def _received(message: SandboxMessage) -> Received:
    ours = message.custom_args.get("communication")
    return Received(
        number=message.id,
        provider_id=message.provider_id,
        channel=message.channel.value,
        to=message.to[0].address,
        text=message.text or "",
        communication=UUID(ours) if ours else None,
    )


@dataclass(frozen=True, slots=True)
class Pulse:
    """The ledger at a glance: messages by status, the provider's ids of those sent, what is under way."""

    statuses: dict[str, int]
    sent: frozenset[str]
    notes: int
    due: int

    def count(self, *statuses: str) -> int:
        """How many messages stand there."""
        return sum(self.statuses.get(status, 0) for status in statuses)

    @property
    def quiet(self) -> bool:
        """Whether nothing is due or under way."""
        under_way = self.count(CommunicationStatus.PLANNED, CommunicationStatus.SENDING)
        return not (under_way or self.notes or self.due)


def pulse(engine: Engine, now: datetime) -> Pulse:
    """Feel it, at business time `now`."""
    with transaction(engine) as session:
        messages = session.exec(
            select(Communication.status, Communication.provider_id).where(
                Communication.audience == Audience.DEBTOR
            )
        ).all()
        notes = session.exec(select(func.count()).select_from(OutboxNote)).one()
        due = session.exec(
            select(func.count())
            .select_from(DunningCase)
            .where(
                col(DunningCase.closed_at).is_(None),
                or_(
                    col(DunningCase.decided_at).is_(None),
                    col(DunningCase.state) == "due",
                    and_(col(DunningCase.state) == "waiting", col(DunningCase.next_at) <= now),
                ),
            )
        ).one()
    statuses: dict[str, int] = defaultdict(int)
    for status, _ in messages:
        statuses[status] += 1
    sent = frozenset(known for status, known in messages if status == CommunicationStatus.SENT and known)
    return Pulse(dict(statuses), sent, notes, due)


def sending(engine: Engine) -> frozenset[UUID]:
    """Messages handed to a provider whose outcome is not written."""
    with transaction(engine) as session:
        found = session.exec(
            select(Communication.id).where(Communication.status == CommunicationStatus.SENDING)
        )
        return frozenset(found)


def ledger_book(engine: Engine) -> LedgerBook:
    """PostgreSQL's book, as of one instant: a doubt may be settled at any moment, and its task with it."""
    with snapshot(engine) as session:
        return LedgerBook(
            messages=_messages(session),
            tasks=tuple(
                Asked(*row)
                for row in session.exec(
                    select(Task.id, Task.kind, Task.communication_id).where(Task.status == TaskStatus.OPEN)
                )
            ),
            cases={
                number: Stand(case.state, case.stage, case.next_step, case.next_at)
                for number, case in session.exec(
                    select(Invoice.number, DunningCase).join(
                        DunningCase, col(DunningCase.invoice_id) == Invoice.id
                    )
                )
            },
            notes=session.exec(select(func.count()).select_from(OutboxNote)).one(),
            rejected=session.exec(
                select(func.count()).select_from(CaseEvent).where(CaseEvent.what == "rejected")
            ).one(),
        )


def _messages(session: Session) -> tuple[Message, ...]:
    steps: dict[UUID, set[Step]] = defaultdict(set)
    for contact_id, number, step in session.exec(
        select(ContactItem.contact_id, Invoice.number, ContactItem.step).join(
            Invoice, col(Invoice.id) == ContactItem.invoice_id
        )
    ):
        steps[contact_id].add((number, step))
    rows = session.exec(
        select(Communication, Customer.ref, Content.body)
        .join(Customer, col(Customer.id) == Communication.customer_id)
        .join(Content, col(Content.hash) == Communication.content_hash)
        .where(Communication.audience == Audience.DEBTOR)
        .order_by(col(Communication.planned_at), col(Communication.id))
    )
    return tuple(
        Message(
            id=message.id,
            customer=customer,
            channel=message.channel,
            to=message.to_address,
            text=Envelope.model_validate_json(body).text,
            status=message.status,
            provider_id=message.provider_id,
            steps=frozenset(steps[message.contact_id] if message.contact_id else ()),
        )
        for message, customer, body in rows
    )


def temporal_book() -> TemporalBook:
    """Temporal's book, as its visibility lists it. Raises RPCError or Unreachable when it does not answer."""

    async def read() -> TemporalBook:
        client = await connect()
        running = "ExecutionStatus = 'Running'"
        cases = await _listed(client, f"WorkflowType = '{CASE_WORKFLOW}' AND {running}")
        outreaches = await _listed(client, f"WorkflowType = '{OUTREACH_WORKFLOW}' AND {running}")
        # Some word for everything that neither runs nor ended as it should.
        failed = await _listed(client, "ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated', 'Canceled')")
        return TemporalBook(
            cases={run.id: _shown(run) for run in cases},
            failed=tuple(run.id for run in failed),
            outreaches=len(outreaches),
        )

    # A loop of its own in a thread of its own: the caller may be running one.
    with ThreadPoolExecutor(max_workers=1) as aside:
        return aside.submit(asyncio.run, read()).result(_TEMPORAL_S)


async def _listed(client: Client, query: str) -> list[WorkflowExecution]:
    return [run async for run in client.list_workflows(query)]


def _shown(run: WorkflowExecution) -> Shown:
    found = {pair.key.name: pair.value for pair in run.typed_search_attributes}
    stage, next_at = found.get(SearchAttribute.CASE_STAGE), found.get(SearchAttribute.NEXT_ACTION_AT)
    return Shown(
        stage=stage if isinstance(stage, str) else None,
        next_at=next_at if isinstance(next_at, datetime) else None,
    )
