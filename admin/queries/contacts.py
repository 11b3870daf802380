"""Contacts made with a customer, the messages they took, and letters that wait for an approval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final
from urllib.parse import quote
from uuid import UUID

from pydantic import Field
from sqlmodel import Session

from admin.api.paging import Page
from admin.queries.models import Amount, Answer
from admin.queries.parts import columns_of, day, exact, objects, of_model
from admin.queries.reading import DAY, INSTANT, Order, Paging, Told, read_page, rows_of
from rules.calendar import business_calendar
from rules.decide import APPROVAL_BUSINESS_DAYS
from rules.money import by_currency


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


_MESSAGE: Final = of_model(MessageRow, "m", without=("content",))

_CONTACT: Final[Mapping[str, str]] = {
    "id": "k.id",
    "step": "k.step",
    "item_step": "t.step",
    "channel": "t.channel",
    "tone": "t.tone",
    "status": "k.status",
    "folded": "t.folded",
    "concluded": "t.concluded",
    "on_day": "t.on_day",
    "composed_on": "k.composed_on",
    "reason": "k.reason",
}

_ITEM: Final[Mapping[str, str]] = {
    "invoice": "i.number",
    "due_on": "d.due_on",
    "currency": "d.currency",
    "outstanding": "d.outstanding",
    "folded": "t.folded",
}
_ITEMS_FROM: Final = """
      FROM contact_item t
      JOIN invoice i ON i.id = t.invoice_id
      JOIN dunning_case d ON d.invoice_id = t.invoice_id
"""

_APPROVAL: Final[Mapping[str, str]] = {
    "task_id": "a.id",
    "contact_id": "a.contact_id",
    "customer": "c.ref",
    "customer_name": "c.name",
    "country": "c.country",
    "zone": "c.zone",
    "step": "k.step",
    "channel": "k.channel",
    "assignee": "a.assignee_email",
    "composed_on": "k.composed_on",
    "due_on": "a.due_on",
}
_APPROVALS_FROM: Final = """
      FROM task a
      JOIN contact_made k ON k.id = a.contact_id AND k.status = 'draft'
      JOIN customer c ON c.id = a.customer_id
     WHERE a.kind = 'approval' AND a.status = 'open'
"""

_OF_CASE: Final = "SELECT t.contact_id FROM contact_item t WHERE t.invoice_id = (SELECT id FROM asked)"

PARTS_OF_CASE: Final[Mapping[str, str]] = {
    # Each contact the invoice had part in, made or not, the latest first.
    "contacts_about": f"""
        SELECT json_agg({objects(_CONTACT)} ORDER BY k.composed_at DESC, k.id)
          FROM contact_item t JOIN contact_made k ON k.id = t.contact_id
         WHERE t.invoice_id = (SELECT id FROM asked)
    """,
    "messages_about": f"""
        SELECT json_agg({objects(_MESSAGE)} ORDER BY m.planned_at DESC, m.id)
          FROM communication m
         WHERE m.contact_id = ANY (ARRAY({_OF_CASE}))
    """,
    "approvals_about": f"""
        SELECT json_agg(json_build_array(
                   {objects(_APPROVAL)},
                   (SELECT json_agg({objects(_ITEM)} ORDER BY d.due_on, i.number)
                    {_ITEMS_FROM}
                     WHERE t.contact_id = a.contact_id)
               ) ORDER BY k.composed_at)
        {_APPROVALS_FROM}
           AND a.contact_id = ANY (ARRAY({_OF_CASE}))
    """,
}
"""Parts of a case page's one statement: contacts, their messages, and those that wait for an approval."""


def content_path(company: str, message_id: UUID) -> str:
    """Where the text of a message is."""
    return f"/v1/companies/{quote(company, safe='')}/communications/{message_id}/content"


def messages_of(session: Session, company: str, contact_ids: Iterable[UUID]) -> list[MessageRow]:
    """The messages of these contacts, the latest contact's first, each in the order they go out."""
    ids = list(contact_ids)
    return messages(rows_of(session, _MESSAGES_OF, contacts=ids), company) if ids else []


def message_of(session: Session, company: str, message_id: UUID) -> list[MessageRow]:
    """One message, in a list."""
    return messages(rows_of(session, _MESSAGE_OF, message=message_id), company)


_MESSAGES_OF: Final = f"""
    SELECT {columns_of(_MESSAGE)}
      FROM communication m
     WHERE m.contact_id = ANY (%(contacts)s)
     ORDER BY m.planned_at DESC, m.id
"""
_MESSAGE_OF: Final = f"SELECT {columns_of(_MESSAGE)} FROM communication m WHERE m.id = %(message)s"


def list_messages(session: Session, company: str, customer_id: UUID, paging: Paging) -> Page[MessageRow]:
    """Every message about a customer, the latest first."""
    order = Order(f"messages {customer_id}", "m.planned_at", "m.id", INSTANT, descending=True)

    def build(where: str, limit: int) -> str:
        return f"""
            SELECT {columns_of(_MESSAGE)}, {order.columns}
              FROM communication m
             WHERE m.customer_id = %(customer)s AND {where}
             ORDER BY {order.by()}
             LIMIT {limit}
        """

    rows, following = read_page(session, order, paging, build, customer=customer_id)
    return Page(items=messages(rows, company), next=following)


def messages(rows: Iterable[Told], company: str) -> list[MessageRow]:
    """Messages as they were read, as they are shown."""
    return [MessageRow(**row, content=content_path(company, row["id"])) for row in rows]


def contact_row(row: Told, sent: Sequence[MessageRow]) -> ContactRow:
    """A contact the invoice had part in, with whom its messages to the debtor went to."""
    told = {name: value for name, value in row.items() if name != "concluded"}
    contact_id = UUID(told["id"])
    reached = [
        message.to_address
        for message in sent
        if message.contact_id == contact_id and message.audience == "debtor"
    ]
    return ContactRow(**told, recipients=list(dict.fromkeys(reached)))


def item_of(told: Told) -> ItemOfContact:
    """An invoice of a contact as it was read, as it is shown."""
    return ItemOfContact(**exact(told, told["currency"], "outstanding"))


def items_of(session: Session, contact_ids: Iterable[UUID]) -> Mapping[UUID, list[ItemOfContact]]:
    """The invoices of each contact, oldest due date first."""
    found: dict[UUID, list[ItemOfContact]] = {contact_id: [] for contact_id in contact_ids}
    if found:
        for row in rows_of(session, _ITEMS_OF, contacts=list(found)):
            found[row.pop("contact_id")].append(item_of(row))
    return found


_ITEMS_OF: Final = f"""
    SELECT t.contact_id, {columns_of(_ITEM)}
    {_ITEMS_FROM}
     WHERE t.contact_id = ANY (%(contacts)s)
     ORDER BY d.due_on, i.number
"""


def list_approvals(session: Session, company_id: UUID, company: str, paging: Paging) -> Page[Approval]:
    """The letters of a company that wait for an approval, the first to decide first."""
    order = Order(f"approvals {company_id}", "a.due_on", "a.id", DAY, nullable=True)

    def build(where: str, limit: int) -> str:
        return f"""
            SELECT {columns_of(_APPROVAL)}, {order.columns}
            {_APPROVALS_FROM}
               AND a.company_id = %(company)s AND {where}
             ORDER BY {order.by()}
             LIMIT {limit}
        """

    rows, following = read_page(session, order, paging, build, company=company_id)
    ids = [row["contact_id"] for row in rows]
    items, sent = items_of(session, ids), messages_of(session, company, ids)
    return Page(items=[_approval(row, items[row["contact_id"]], sent) for row in rows], next=following)


def approvals_about(
    found: Iterable[tuple[Told, Sequence[Told] | None]] | None, sent: Sequence[MessageRow]
) -> list[Approval]:
    """What waits for an approval among the contacts of a case, as the part of that name found it."""
    return [
        _approval(
            {**row, "contact_id": UUID(row["contact_id"]), "composed_on": day(row["composed_on"])},
            [item_of(item) for item in items or ()],
            sent,
        )
        for row, items in found or ()
    ]


def _approval(told: Told, items: list[ItemOfContact], sent: Sequence[MessageRow]) -> Approval:
    calendar = business_calendar(told.pop("country"), told.pop("zone"))
    return Approval(
        **told,
        expires_on=calendar.add_business_days(told["composed_on"], APPROVAL_BUSINESS_DAYS),
        invoices=items,
        sums=by_currency((item.outstanding, item.currency) for item in items),
        messages=[message for message in sent if message.contact_id == told["contact_id"]],
    )
