"""Contacts made with a customer, the messages they took, and letters that wait for an approval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.sql.expression import SQLColumnExpression
from sqlmodel import Session, col

from activities.store.lookup import among
from admin.api.paging import Page
from admin.queries.models import Amount, Answer
from admin.queries.reading import DAY, INSTANT, Order, Paging, read_page
from models.tables import Communication, ContactItem, ContactMade, Customer, DunningCase, Invoice, Task
from models.tables.words import ContactStatus, TaskKind, TaskStatus
from rules.calendar import business_calendar
from rules.decide import APPROVAL_BUSINESS_DAYS
from rules.money import round_money


class MessageRow(Answer):
    """One message: where it went, what became of it, and where its stored text is."""

    id: UUID
    contact_id: UUID | None
    kind: Annotated[str, Field(examples=["courteous_reminder"])]
    audience: Annotated[str, Field(description="`debtor`, or `internal` for our own people")]
    channel: str
    to_address: str
    cc: list[str]
    subject: str | None
    status: str
    planned_at: datetime
    sent_at: datetime | None
    error: str | None
    content: Annotated[str, Field(description="Path of its text, as sent")]


class ContactRow(Answer):
    """A contact of the ladder, as this invoice had part in it.

    `item_step` is the invoice's own step; with `folded`, it was carried along by a stronger one (`step`).
    """

    id: UUID
    step: str
    item_step: str
    channel: str
    tone: str
    status: str
    folded: bool
    on_day: date | None
    composed_on: date
    reason: str | None
    recipients: list[str]


class ItemOfContact(Answer):
    """An invoice that a contact is about."""

    invoice: str
    due_on: date
    currency: str
    outstanding: Amount
    folded: bool


class Approval(Answer):
    """A letter that waits for a person; on `expires_on` it is withdrawn and composed again."""

    task_id: UUID
    contact_id: UUID
    customer: str
    customer_name: str
    step: str
    channel: str
    assignee: str | None
    composed_on: date
    expires_on: date
    due_on: date | None
    invoices: list[ItemOfContact]
    sums: Annotated[
        dict[str, Decimal], Field(description="By currency, over its invoices", examples=[{"EUR": "1234.56"}])
    ]
    messages: list[MessageRow]


_MESSAGE: Final[tuple[SQLColumnExpression[Any], ...]] = (
    col(Communication.id),
    col(Communication.contact_id),
    col(Communication.kind),
    col(Communication.audience),
    col(Communication.channel),
    col(Communication.to_address),
    col(Communication.cc),
    col(Communication.subject),
    col(Communication.status),
    col(Communication.planned_at),
    col(Communication.sent_at),
    col(Communication.error),
)

_PLACE: Final[tuple[SQLColumnExpression[Any], ...]] = (
    col(Communication.planned_at).label("sort_key"),
    col(Communication.id).label("sort_id"),
)

_CONTACT: Final[tuple[SQLColumnExpression[Any], ...]] = (
    col(ContactMade.id),
    col(ContactMade.step),
    col(ContactItem.step).label("item_step"),
    col(ContactItem.channel),
    col(ContactItem.tone),
    col(ContactMade.status),
    col(ContactItem.folded),
    col(ContactItem.concluded),
    col(ContactItem.on_day),
    col(ContactMade.composed_on),
    col(ContactMade.reason),
)

_APPROVAL: Final[tuple[SQLColumnExpression[Any], ...]] = (
    col(Task.id).label("task_id"),
    col(Task.contact_id),
    col(Customer.ref).label("customer"),
    col(Customer.name).label("customer_name"),
    col(Customer.country),
    col(Customer.zone),
    col(ContactMade.step),
    col(ContactMade.channel),
    col(Task.assignee_email).label("assignee"),
    col(ContactMade.composed_on),
    col(Task.due_on),
)


def content_path(company: str, message_id: UUID) -> str:
    """Where the text of a message is."""
    return f"/v1/companies/{quote(company, safe='')}/communications/{message_id}/content"


def messages_of(session: Session, company: str, contact_ids: Iterable[UUID]) -> list[MessageRow]:
    """The messages of these contacts, the latest contact's first, each in the order they go out."""
    ids = list(contact_ids)
    return _messages(session, company, among(Communication.contact_id, ids)) if ids else []


def message_of(session: Session, company: str, message_id: UUID) -> list[MessageRow]:
    """One message, in a list."""
    return _messages(session, company, col(Communication.id) == message_id)


def _messages(session: Session, company: str, which: ColumnElement[bool]) -> list[MessageRow]:
    rows = session.connection().execute(
        select(*_MESSAGE).where(which).order_by(col(Communication.planned_at).desc(), col(Communication.id))
    )
    return [_message(row, company) for row in rows]


def list_messages(session: Session, company: str, customer_id: UUID, paging: Paging) -> Page[MessageRow]:
    """Every message about a customer, the latest first."""
    order = Order(
        f"messages {customer_id}",
        col(Communication.planned_at),
        col(Communication.id),
        INSTANT,
        descending=True,
    )

    def build(where: ColumnElement[bool], by: tuple[ColumnElement[Any], ...], limit: int) -> Select[Any]:
        mine = col(Communication.customer_id) == customer_id
        page = select(*_MESSAGE).add_columns(*_PLACE)
        return page.where(mine, where).order_by(*by).limit(limit)

    rows, following = read_page(session, order, paging.after, paging.limit, build)
    return Page(items=[_message(row, company) for row in rows], next=following)


def contacts_about(session: Session, invoice_id: UUID) -> Sequence[Row[Any]]:
    """Each contact this invoice had part in, made or not, the latest first."""
    return (
        session.connection()
        .execute(
            select(*_CONTACT)
            .join(ContactMade, col(ContactMade.id) == col(ContactItem.contact_id))
            .where(col(ContactItem.invoice_id) == invoice_id)
            .order_by(col(ContactMade.composed_at).desc(), col(ContactMade.id))
        )
        .all()
    )


def contact_row(row: Row[Any], messages: Sequence[MessageRow]) -> ContactRow:
    """One of `contacts_about`, with whom its messages to the debtor went to."""
    told = dict(row._mapping)
    del told["concluded"]
    reached = [
        message.to_address
        for message in messages
        if message.contact_id == row.id and message.audience == "debtor"
    ]
    return ContactRow(**told, recipients=list(dict.fromkeys(reached)))


def items_of(session: Session, contact_ids: Iterable[UUID]) -> Mapping[UUID, list[ItemOfContact]]:
    """The invoices of each contact, oldest due date first."""
    found: dict[UUID, list[ItemOfContact]] = {contact_id: [] for contact_id in contact_ids}
    if not found:
        return found
    rows = session.connection().execute(
        select(
            col(ContactItem.contact_id),
            col(ContactItem.folded),
            col(Invoice.number),
            col(DunningCase.due_on),
            col(DunningCase.currency),
            col(DunningCase.outstanding),
        )
        .join(Invoice, col(Invoice.id) == col(ContactItem.invoice_id))
        .join(DunningCase, col(DunningCase.invoice_id) == col(ContactItem.invoice_id))
        .where(among(ContactItem.contact_id, found))
        .order_by(col(DunningCase.due_on), col(Invoice.number))
    )
    for row in rows:
        found[row.contact_id].append(
            ItemOfContact(
                invoice=row.number,
                due_on=row.due_on,
                currency=row.currency,
                outstanding=round_money(row.outstanding, row.currency),
                folded=row.folded,
            )
        )
    return found


def list_approvals(session: Session, company_id: UUID, company: str, paging: Paging) -> Page[Approval]:
    """The letters of a company that wait for an approval, the first to decide first."""
    order = Order(f"approvals {company_id}", col(Task.due_on), col(Task.id), DAY, nullable=True)

    def build(where: ColumnElement[bool], by: tuple[ColumnElement[Any], ...], limit: int) -> Select[Any]:
        return (
            _approvals()
            .add_columns(col(Task.due_on).label("sort_key"), col(Task.id).label("sort_id"))
            .where(col(Task.company_id) == company_id, where)
            .order_by(*by)
            .limit(limit)
        )

    rows, following = read_page(session, order, paging.after, paging.limit, build)
    return Page(items=_filled(session, company, rows), next=following)


def approvals_about(session: Session, company: str, contact_ids: Iterable[UUID]) -> list[Approval]:
    """Those of these contacts that wait for an approval."""
    rows = session.connection().execute(
        _approvals().where(among(Task.contact_id, contact_ids)).order_by(col(ContactMade.composed_at))
    )
    return _filled(session, company, rows.all())


def _approvals() -> Select[Any]:
    return (
        select(*_APPROVAL)
        .select_from(Task)
        .join(ContactMade, col(ContactMade.id) == col(Task.contact_id))
        .join(Customer, col(Customer.id) == col(Task.customer_id))
        .where(
            col(Task.kind) == TaskKind.APPROVAL,
            col(Task.status) == TaskStatus.OPEN,
            col(ContactMade.status) == ContactStatus.DRAFT,
        )
    )


def _filled(session: Session, company: str, rows: Sequence[Row[Any]]) -> list[Approval]:
    ids = [row.contact_id for row in rows]
    items = items_of(session, ids)
    messages = messages_of(session, company, ids)
    found = []
    for row in rows:
        told = dict(row._mapping)
        calendar = business_calendar(told.pop("country"), told.pop("zone"))
        told.pop("sort_key", None)
        told.pop("sort_id", None)
        sums: dict[str, Decimal] = {}
        for item in items[row.contact_id]:
            sums[item.currency] = sums.get(item.currency, Decimal(0)) + item.outstanding
        found.append(
            Approval(
                **told,
                expires_on=calendar.add_business_days(row.composed_on, APPROVAL_BUSINESS_DAYS),
                invoices=items[row.contact_id],
                sums=sums,
                messages=[message for message in messages if message.contact_id == row.contact_id],
            )
        )
    return found


def _message(row: Row[Any], company: str) -> MessageRow:
    told = dict(row._mapping)
    told.pop("sort_key", None)
    told.pop("sort_id", None)
    return MessageRow(**told, content=content_path(company, row.id))
