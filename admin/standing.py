"""Where every open case stands, read from the ledger: what it does next, when and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import Engine
from sqlmodel import col, select

from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from admin.portfolio.cutover_tables import write_csv
from admin.portfolio.tables import CHUNK, console_of, local, show_rows, when
from models.tables import Company, Customer, DunningCase, Invoice
from rules.calendar import BusinessCalendar, business_calendar
from rules.money import round_money

NOT_YET: Final = "not yet looked at: its first review decides"
"""What a case says that was opened, and neither decided by the import nor reviewed."""

COLUMNS: Final = (
    *("company", "customer", "invoice", "outstanding", "currency", "policy", "last_step", "state", "step"),
    *("channel", "at", "wakes_at", "why"),
)
"""Columns of the CSV, keys of each JSON object."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One open case; its instants are read in `calendar`. `at` is the next step's, `wakes_at` its own."""

    values: dict[str, Any]
    calendar: BusinessCalendar
    at: datetime | None
    wakes_at: datetime | None


def standing(engine: Engine, company: str | None) -> list[Standing]:
    """Every open case, earliest next step first, those without one last.

    Raises:
        NotFound: the ledger has no company of that reference.
    """
    wanted = (
        select(DunningCase, Invoice, Customer, col(Company.ref))
        .join(Invoice, col(Invoice.id) == DunningCase.invoice_id)
        .join(Customer, col(Customer.id) == DunningCase.customer_id)
        .join(Company, col(Company.id) == Customer.company_id)
        .where(col(DunningCase.closed_at).is_(None))
        .order_by(col(DunningCase.next_at).nulls_last(), Company.ref, Customer.ref, Invoice.number)
    )
    with transaction(engine) as session:
        if company is not None:
            wanted = wanted.where(Company.id == company_by_ref(session, company).id)
        return [_standing(*row) for row in session.exec(wanted)]


def _standing(case: DunningCase, invoice: Invoice, customer: Customer, company: str) -> Standing:
    decided = case.decided_at is not None
    values = (
        *(company, customer.ref, invoice.number),
        *(str(round_money(case.outstanding, invoice.currency)), invoice.currency),
        f"{case.policy_key}@{case.policy_version}",
        None if case.stage == "new" else case.stage,
        case.state,
        case.next_step,
        case.next_channel,
    )
    calendar = business_calendar(customer.country, customer.zone)
    told = dict(zip(COLUMNS, values, strict=False))
    told["at"] = None if case.next_at is None else local(calendar, case.next_at)
    told["wakes_at"] = None if case.wake_at is None else local(calendar, case.wake_at)
    told["why"] = case.next_why if decided else NOT_YET
    return Standing(told, calendar, case.next_at, case.wake_at)


def next_json(rows: Sequence[Standing]) -> None:
    """One object a case."""
    for row in rows:
        sys.stdout.write(json.dumps(row.values, ensure_ascii=False) + "\n")


def next_csv(rows: Sequence[Standing]) -> None:
    """A header and one row a case."""
    write_csv((row.values for row in rows), COLUMNS)


def show_next(rows: Sequence[Standing]) -> None:
    """A table, for reading."""
    console = console_of()
    if not rows:
        console.print("No case is open.")
    columns = ("company", "customer", "invoice", "last step", "state", "next", "by", "at", "why")
    cells = iter(rows)
    first = True
    while chunk := list(islice(cells, CHUNK)):
        laid = [
            (
                *(str(row.values[name] or "") for name in COLUMNS[:3]),
                *(str(row.values[name] or "") for name in ("last_step", "state", "step", "channel")),
                when(row.calendar, row.at) if row.at else "",
                str(row.values["why"] or ""),
            )
            for row in chunk
        ]
        show_rows(console, columns, laid, header=first, wide="why")
        first = False
