"""The journal of a case or a customer, newest first, in plain words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from sqlmodel import Session

from activities.store.records import instant
from admin.api.paging import Page
from admin.queries.models import Answer
from admin.queries.parts import columns_of, objects
from admin.queries.reading import NUMBER, Order, Paging, Told, read_page
from admin.queries.words import in_words
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


_OF_CUSTOMER: Final = """
    e.customer_id = %(customer)s AND e.invoice_id IS NULL
    AND (NOT starts_with(e.what, 'message_')
         OR CAST(e.detail ->> 'communication' AS uuid) IN (
                SELECT m.id FROM communication m JOIN contact_item t ON t.contact_id = m.contact_id
                 WHERE t.invoice_id = %(invoice)s))
"""
"""SQL: a customer's lines that bear on one of its invoices; of its messages, those about it."""


def case_timeline(
    session: Session, invoice_id: UUID, customer_id: UUID, calendar: BusinessCalendar, paging: Paging
) -> Page[TimelineEntry]:
    """What happened to a case, and to its customer as far as it bears on it.

    Of the customer's messages, those about this invoice.
    """
    sources = ("e.invoice_id = %(invoice)s", _OF_CUSTOMER)
    order = _order_of_case(invoice_id)
    return _page(session, order, sources, calendar, paging, invoice=invoice_id, customer=customer_id)


def customer_timeline(
    session: Session, customer_id: UUID, calendar: BusinessCalendar, paging: Paging
) -> Page[TimelineEntry]:
    """Everything that happened to a customer and its invoices."""
    order = _order(f"customer timeline {customer_id}")
    sources = ("e.customer_id = %(customer)s",)
    return _page(session, order, sources, calendar, paging, customer=customer_id)


def first_entries(limit: int) -> str:
    """Part of a case page's one statement: its newest lines, one more than `limit`."""
    invoice, customer = "(SELECT id FROM asked)", "(SELECT id FROM debtor)"
    sources = [
        source.replace("%(invoice)s", invoice).replace("%(customer)s", customer)
        for source in ("e.invoice_id = %(invoice)s", _OF_CUSTOMER)
    ]
    newest = _statement(sources, _order(""), "TRUE", limit + 1)
    line = objects({name: f"n.{name}" for name in _LINE})
    return f"SELECT json_agg({line} ORDER BY n.id DESC) FROM ({newest}) n"


def first_page(
    rows: Sequence[Told] | None, invoice_id: UUID, calendar: BusinessCalendar, limit: int
) -> Page[TimelineEntry]:
    """What `first_entries` found, as the first page of `case_timeline`."""
    found = [
        {**row, "at": instant(row["at"]), "sort_key": row["id"], "sort_id": row["id"]} for row in rows or ()
    ]
    return _shown(_order_of_case(invoice_id).cut(found, limit), calendar)


_LINE: Final[Mapping[str, str]] = {
    "id": "e.id",
    "at": "e.at",
    "who": "e.who",
    "what": "e.what",
    "why": "e.why",
    # As text: inside a page's JSON its numbers would be read as amounts are.
    "detail": "e.detail::text",
    "invoice": "i.number",
    "currency": "i.currency",
}


def _order_of_case(invoice_id: UUID) -> Order:
    return _order(f"case timeline {invoice_id}")


def _order(name: str) -> Order:
    return Order(name, "e.id", "e.id", NUMBER, descending=True, read_id=NUMBER)


def _statement(sources: Iterable[str], order: Order, where: str, limit: int) -> str:
    # The newest of each source, by its own index, then the newest of those.
    newest = " UNION ALL ".join(
        f"(SELECT e.id FROM case_event e WHERE {source} AND {where} ORDER BY e.id DESC LIMIT {limit})"
        for source in sources
    )
    return f"""
        SELECT {columns_of(_LINE)}, {order.columns}
          FROM ({newest}) found
          JOIN case_event e ON e.id = found.id
          LEFT JOIN invoice i ON i.id = e.invoice_id
         ORDER BY e.id DESC
         LIMIT {limit}
    """


def _page(
    session: Session,
    order: Order,
    sources: Sequence[str],
    calendar: BusinessCalendar,
    paging: Paging,
    **about: UUID,
) -> Page[TimelineEntry]:
    def build(where: str, limit: int) -> str:
        return _statement(sources, order, where, limit)

    return _shown(read_page(session, order, paging, build, **about), calendar)


def _shown(found: tuple[list[Told], str | None], calendar: BusinessCalendar) -> Page[TimelineEntry]:
    rows, following = found
    return Page(items=[_entry(row, calendar) for row in rows], next=following)


def _entry(told: Told, calendar: BusinessCalendar) -> TimelineEntry:
    currency = told.pop("currency")
    detail = json.loads(told.pop("detail"))
    return TimelineEntry(
        **told,
        on=calendar.local_day(told["at"]),
        text=in_words(told["what"], detail, told["why"], currency),
        detail=detail,
    )
