"""What people are asked to do: the list, and one task whole."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select, true
from sqlalchemy.sql.expression import SQLColumnExpression
from sqlmodel import Session, col

from activities.envelope import fetch
from activities.store.api_keys import KeyHolder
from activities.store.lookup import among
from admin.api.paging import Page
from admin.queries.companies import company_asked, opened
from admin.queries.contacts import ItemOfContact, MessageRow, items_of, message_of, messages_of
from admin.queries.models import Answer
from admin.queries.places import day_of, surely_past, today_there
from admin.queries.reading import DAY, INSTANT, Order, Paging, as_recorded, read_page
from models.errors import NotFound
from models.tables import (
    CallAttempt,
    Communication,
    Company,
    ContactItem,
    Customer,
    DunningCase,
    Invoice,
    Task,
)
from models.tables.words import TaskKind, TaskStatus
from models.work import Outcome, outcomes_of
from rules.money import round_money


class TaskRow(Answer):
    """A task. `overdue`: still open after its day, at the customer's place.

    One without a customer is about the company as a whole.
    """

    id: UUID
    company: str
    customer: str | None
    customer_name: str | None
    invoice: str | None
    kind: Annotated[str, Field(examples=["phone_call"])]
    title: str
    step: str | None
    assignee: str | None
    meant_for: Annotated[str | None, Field(description="Who was asked, while somebody stands in")]
    opened_on: date
    opened_at: datetime
    due_on: date | None
    call_back_on: date | None
    overdue: bool
    escalated_at: datetime | None
    status: str
    outcome: str | None
    closed_at: datetime | None
    closed_by: str | None


class Attempt(Answer):
    """One call made for a task."""

    at: datetime
    outcome: str
    cause: str | None
    by: str
    note: str | None


class StoredMessage(MessageRow):
    """A message with its stored text."""

    text: str


class AllowedOutcome(Answer):
    """What may be answered to a task, what then happens, and the fields it requires or may have."""

    word: str
    means: str
    requires: list[str]
    takes: list[str]

    @classmethod
    def of(cls, rule: Outcome) -> AllowedOutcome:
        """As the table of outcomes has it."""
        return cls(word=rule.word, means=rule.means, requires=list(rule.requires), takes=list(rule.takes))


class TaskPage(TaskRow):
    """One task whole: what to say, what it is about, what may be answered (any words, if none are named)."""

    body: Annotated[str, Field(description="The call's script with its numbers, or what to know")]
    outcomes: Annotated[list[str], Field(examples=[["promise", "no_answer"]])]
    outcome_rules: list[AllowedOutcome]
    invoices: list[ItemOfContact]
    contact_id: UUID | None
    communication_id: UUID | None
    messages: list[StoredMessage]
    attempts: list[Attempt]


class TaskFilter(Paging):
    """Which tasks, and in which order."""

    company: Annotated[str | None, Field(max_length=200, description="Only this company's")] = None
    kind: TaskKind | None = None
    status: Annotated[TaskStatus | Literal["all"], Field(description="`all` for closed ones too")] = (
        TaskStatus.OPEN
    )
    assignee: Annotated[str | None, Field(max_length=320, description="E-mail address of who is asked")] = (
        None
    )
    customer: Annotated[str | None, Field(max_length=200, description="The customer's reference")] = None
    invoice: Annotated[str | None, Field(max_length=200, description="Number of an invoice it is about")] = (
        None
    )
    due_before: Annotated[date | None, Field(description="To be done before that day")] = None
    overdue: Annotated[
        bool | None, Field(description="Its day has passed at the customer's place, or has not")
    ] = None
    sort: Annotated[
        Literal["due_on", "-due_on", "opened_at", "-opened_at"],
        Field(description="`-` for descending; tasks without a day come last"),
    ] = "due_on"


_COLUMNS: Final[tuple[SQLColumnExpression[Any], ...]] = (
    col(Task.id),
    col(Company.ref).label("company"),
    col(Customer.ref).label("customer"),
    col(Customer.name).label("customer_name"),
    func.coalesce(col(Customer.country), col(Company.country)).label("country"),
    case((col(Customer.id).is_(None), col(Company.zone)), else_=col(Customer.zone)).label("zone"),
    col(Invoice.number).label("invoice"),
    col(Task.kind),
    col(Task.title),
    col(Task.step),
    col(Task.assignee_email).label("assignee"),
    col(Task.meant_for),
    col(Task.opened_on),
    col(Task.opened_at),
    col(Task.due_on),
    col(Task.call_back_on),
    col(Task.escalated_at),
    col(Task.status),
    col(Task.outcome),
    col(Task.closed_at),
    col(Task.closed_by),
)


def list_tasks(session: Session, holder: KeyHolder, wanted: TaskFilter, now: datetime) -> Page[TaskRow]:
    """One page of the tasks of the companies a key opens.

    Raises:
        NotFound: the company asked for is none the key opens.
        InvalidFact: a cursor of another list.
    """
    company_id = company_asked(session, holder, wanted.company)
    conditions = _conditions(wanted, now)
    column = wanted.sort.removeprefix("-")
    order = Order(
        f"tasks {wanted.sort}",
        col(Task.due_on) if column == "due_on" else col(Task.opened_at),
        col(Task.id),
        DAY if column == "due_on" else INSTANT,
        wanted.sort.startswith("-"),
        nullable=column == "due_on",
    )

    def build(where: ColumnElement[bool], by: tuple[ColumnElement[Any], ...], limit: int) -> Select[Any]:
        found: Select[Any] = (
            select(order.key.label("sort_key"), order.id.label("sort_id"))
            .select_from(Task)
            .where(where, *conditions)
            .order_by(*by)
            .limit(limit)
        )
        if wanted.overdue is not None:
            found = found.join(Customer, col(Customer.id) == col(Task.customer_id), isouter=True)
        if company_id is not None:
            page = found.where(col(Task.company_id) == company_id).subquery()
        else:
            company = select(col(Company.id)).where(opened(holder)).subquery()
            each = found.where(col(Task.company_id) == company.c.id).correlate(company).lateral()
            page = (
                select(each.c.sort_key, each.c.sort_id)
                .select_from(company.join(each, true()))
                .order_by(*_by(order, each.c.sort_key, each.c.sort_id))
                .limit(limit)
                .subquery()
            )
        return (
            _filled()
            .add_columns(page.c.sort_key, page.c.sort_id)
            .join(page, page.c.sort_id == col(Task.id))
            .order_by(*_by(order, page.c.sort_key, page.c.sort_id))
        )

    rows, following = read_page(session, order, wanted.after, wanted.limit, build)
    return Page(items=[TaskRow(**_told(row, now)) for row in rows], next=following)


def open_tasks(
    session: Session, now: datetime, *, customer_id: UUID, invoice_id: UUID | None = None
) -> list[TaskRow]:
    """The open tasks about a customer, or about one of its invoices; the first to do first."""
    wanted = _filled().where(col(Task.customer_id) == customer_id, col(Task.status) == TaskStatus.OPEN)
    if invoice_id is not None:
        wanted = wanted.where(_about(invoice_id))
    rows = session.connection().execute(wanted.order_by(col(Task.due_on), col(Task.id)))
    return [TaskRow(**_told(row, now)) for row in rows]


def get_task(session: Session, company_id: UUID, task_id: UUID, now: datetime) -> TaskPage:
    """One task whole; NotFound when the company has none of that id."""
    extra = (col(Task.body), col(Task.contact_id), col(Task.communication_id), col(Task.invoice_id))
    row = (
        session.connection()
        .execute(
            _filled().add_columns(*extra).where(col(Task.id) == task_id, col(Task.company_id) == company_id)
        )
        .one_or_none()
    )
    if row is None:
        raise NotFound(f"no task {task_id}")
    told = _told(row, now)
    invoice_id: UUID | None = told.pop("invoice_id")
    rules = outcomes_of(row.kind)
    attempts = session.connection().execute(
        select(
            col(CallAttempt.at),
            col(CallAttempt.outcome),
            col(CallAttempt.cause),
            col(CallAttempt.by),
            col(CallAttempt.note),
        )
        .where(col(CallAttempt.task_id) == task_id)
        .order_by(col(CallAttempt.at), col(CallAttempt.id))
    )
    return TaskPage(
        **told,
        outcomes=[rule.word for rule in rules],
        outcome_rules=[AllowedOutcome.of(rule) for rule in rules],
        invoices=_invoices(session, invoice_id, row.contact_id),
        messages=_messages(session, row),
        attempts=[Attempt.model_validate(attempt) for attempt in attempts],
    )


def _conditions(wanted: TaskFilter, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.status != "all":
        found.append(col(Task.status) == wanted.status.value)
    if wanted.kind is not None:
        found.append(col(Task.kind) == wanted.kind.value)
    if wanted.assignee is not None:
        found.append(col(Task.assignee_email).in_(as_recorded(wanted.assignee)))
    if wanted.customer is not None:
        of_ref = select(col(Customer.id)).where(
            col(Customer.company_id) == col(Task.company_id), col(Customer.ref) == wanted.customer
        )
        found.append(col(Task.customer_id).in_(of_ref.correlate(Task)))
    if wanted.invoice is not None:
        of_number = select(col(Invoice.id)).where(
            col(Invoice.number) == wanted.invoice, col(Invoice.company_id) == col(Task.company_id)
        )
        by_contact = (
            select(col(ContactItem.contact_id))
            .join(Invoice, col(Invoice.id) == col(ContactItem.invoice_id))
            .where(col(Invoice.number) == wanted.invoice, col(Invoice.company_id) == col(Task.company_id))
        )
        found.append(
            or_(
                col(Task.invoice_id).in_(of_number.correlate(Task)),
                and_(col(Task.invoice_id).is_(None), col(Task.contact_id).in_(by_contact.correlate(Task))),
            )
        )
    if wanted.due_before is not None:
        found.append(col(Task.due_on) < wanted.due_before)
    if wanted.overdue is not None:
        late = or_(col(Task.due_on) < surely_past(now), col(Task.due_on) < today_there(now))
        is_late = and_(col(Task.status) == TaskStatus.OPEN, col(Task.due_on).is_not(None), late)
        found.append(is_late if wanted.overdue else ~is_late)
    return found


def _about(invoice_id: UUID) -> ColumnElement[bool]:
    contacts = select(col(ContactItem.contact_id)).where(col(ContactItem.invoice_id) == invoice_id)
    return or_(
        col(Task.invoice_id) == invoice_id,
        and_(col(Task.invoice_id).is_(None), col(Task.contact_id).in_(contacts)),
    )


def _filled() -> Select[Any]:
    return (
        select(*_COLUMNS)
        .select_from(Task)
        .join(Company, col(Company.id) == col(Task.company_id))
        .join(Customer, col(Customer.id) == col(Task.customer_id), isouter=True)
        .join(Invoice, col(Invoice.id) == col(Task.invoice_id), isouter=True)
    )


def _by(order: Order, key: ColumnElement[Any], row_id: ColumnElement[Any]) -> tuple[ColumnElement[Any], ...]:
    return (key.desc(), row_id.desc()) if order.descending else (key.asc(), row_id.asc())


def _told(row: Row[Any], now: datetime) -> dict[str, Any]:
    told = dict(row._mapping)
    today = day_of(now, told.pop("country"), told.pop("zone"))
    told.pop("sort_key", None)
    told.pop("sort_id", None)
    told["overdue"] = row.status == TaskStatus.OPEN and row.due_on is not None and row.due_on < today
    return told


def _invoices(session: Session, invoice_id: UUID | None, contact_id: UUID | None) -> list[ItemOfContact]:
    if contact_id is not None:
        return items_of(session, [contact_id])[contact_id]
    if invoice_id is None:
        return []
    row = (
        session.connection()
        .execute(
            select(
                col(Invoice.number),
                col(DunningCase.due_on),
                col(DunningCase.currency),
                col(DunningCase.outstanding),
            )
            .join(DunningCase, col(DunningCase.invoice_id) == col(Invoice.id))
            .where(col(Invoice.id) == invoice_id)
        )
        .one()
    )
    return [
        ItemOfContact(
            invoice=row.number,
            due_on=row.due_on,
            currency=row.currency,
            outstanding=round_money(row.outstanding, row.currency),
            folded=False,
        )
    ]


def _messages(session: Session, row: Row[Any]) -> list[StoredMessage]:
    """The messages of the task's contact, or the one it is about, with their stored text."""
    if row.communication_id is not None:
        found = message_of(session, row.company, row.communication_id)
    else:
        found = messages_of(session, row.company, [row.contact_id] if row.contact_id else [])
    rows = session.connection().execute(
        select(col(Communication.id), col(Communication.content_hash)).where(
            among(Communication.id, [message.id for message in found])
        )
    )
    hashes = {row.id: row.content_hash for row in rows}
    return [
        StoredMessage(**message.model_dump(), text=fetch(session, hashes[message.id]).text)
        for message in found
    ]
