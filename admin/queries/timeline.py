"""The journal of a case or a customer, newest first, in plain words."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, Row, Select, Uuid, and_, cast, not_, or_, select, union_all
from sqlmodel import Session, col

from admin.api.paging import Page
from admin.queries.models import Answer
from admin.queries.reading import NUMBER, Order, Paging, read_page
from admin.queries.words import in_words
from models.tables import CaseEvent, Communication, ContactItem, Invoice
from rules.calendar import BusinessCalendar


class TimelineEntry(Answer):
    """One line of the journal. `what` is for programs, `text` for people; `on` is the customer's day."""

    id: int
    at: datetime
    on: date
    who: Annotated[str, Field(examples=["api:erp"])]
    what: Annotated[str, Field(examples=["payment_received"])]
    text: Annotated[str, Field(examples=["Payment of 1234.56 EUR received on 2026-03-10"])]
    why: str | None
    invoice: str | None
    detail: dict[str, Any]


def case_timeline(
    session: Session, invoice_id: UUID, customer_id: UUID, calendar: BusinessCalendar, paging: Paging
) -> Page[TimelineEntry]:
    """What happened to a case, and to its customer as far as it bears on it.

    Of the customer's messages, those about this invoice.
    """
    of_message = cast(col(CaseEvent.detail)["communication"].astext, Uuid)
    about = (
        select(col(Communication.id))
        .join(ContactItem, col(ContactItem.contact_id) == col(Communication.contact_id))
        .where(col(ContactItem.invoice_id) == invoice_id)
    )
    is_message = col(CaseEvent.what).startswith("message_", autoescape=True)
    of_customer = and_(
        col(CaseEvent.customer_id) == customer_id,
        col(CaseEvent.invoice_id).is_(None),
        or_(not_(is_message), of_message.in_(about)),
    )
    own = col(CaseEvent.invoice_id) == invoice_id
    return _page(session, f"case timeline {invoice_id}", (own, of_customer), calendar, paging)


def customer_timeline(
    session: Session, customer_id: UUID, calendar: BusinessCalendar, paging: Paging
) -> Page[TimelineEntry]:
    """Everything that happened to a customer and its invoices."""
    mine = col(CaseEvent.customer_id) == customer_id
    return _page(session, f"customer timeline {customer_id}", (mine,), calendar, paging)


def _page(
    session: Session,
    name: str,
    sources: tuple[ColumnElement[bool], ...],
    calendar: BusinessCalendar,
    paging: Paging,
) -> Page[TimelineEntry]:
    order = Order(name, col(CaseEvent.id), col(CaseEvent.id), NUMBER, descending=True, read_id=NUMBER)

    def build(where: ColumnElement[bool], by: tuple[ColumnElement[Any], ...], limit: int) -> Select[Any]:
        # The newest of each source, by its own index, then the newest of those.
        parts = [
            select(col(CaseEvent.id)).where(source, where).order_by(*by).limit(limit).subquery()
            for source in sources
        ]
        found = union_all(*(select(part.c.id) for part in parts)).subquery()
        return (
            select(CaseEvent, col(Invoice.number).label("invoice"), col(Invoice.currency))
            .add_columns(col(CaseEvent.id).label("sort_key"), col(CaseEvent.id).label("sort_id"))
            .join(Invoice, col(Invoice.id) == col(CaseEvent.invoice_id), isouter=True)
            .join(found, found.c.id == col(CaseEvent.id))
            .order_by(*by)
            .limit(limit)
        )

    rows, following = read_page(session, order, paging.after, paging.limit, build)
    return Page(items=[_entry(row, calendar) for row in rows], next=following)


def _entry(row: Row[Any], calendar: BusinessCalendar) -> TimelineEntry:
    return TimelineEntry(
        id=row.id,
        at=row.at,
        on=calendar.local_day(row.at),
        who=row.who,
        what=row.what,
        text=in_words(row.what, row.detail, row.why, row.currency),
        why=row.why,
        invoice=row.invoice,
        detail=row.detail,
    )
