"""What a portfolio file says: its columns, a row read, a row refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from activities.addresses import Phone
from rules.facts import Role

REQUIRED: Final = (
    "company",
    "invoice",
    "customer",
    "customer_name",
    "issued_on",
    "due_on",
    "amount",
    "currency",
)
"""Columns every portfolio has, each cell filled."""

OPTIONAL: Final = (
    "language",
    "country",
    "timezone",
    "segment",
    "risk",
    "accounting_email",
    "accounting_phone",
    "buyer_email",
    "buyer_phone",
    "executive_email",
    "collector_email",
    "sales_rep_email",
    "order_ref",
    "paid",
    "settled_on",
    "disputed_on",
    "resolved_on",
    "promised_on",
    "promised_amount",
    "last_step",
    "last_contacted_on",
    "policy",
    "accounting_known_by",
    "buyer_known_by",
    "executive_known_by",
)
"""Columns a portfolio may have; an empty cell says nothing."""

COLUMNS: Final = REQUIRED + OPTIONAL

REJECT_COLUMNS: Final = ("line", "field", "reason")
"""First columns of a rejects file; a reader passes over them, so that a corrected one can be imported."""

EXCERPT: Final = 80
"""Characters of a refused cell that are shown."""


class PortfolioError(ValueError):
    """The file as a whole cannot be read; the text names the file and what to change."""


class ContactCells(NamedTuple):
    """What a row says of somebody at the customer's; `known_by` is the address of a colleague of ours."""

    role: Role
    email: str | None
    phone: Phone | None
    known_by: str | None


class Row(NamedTuple):
    """One invoice of a portfolio, checked. A tuple and no model: a hundred thousand are read in seconds.

    `line` is the physical line of the file; `amount`, `paid` and `promised_amount` are in `currency`; dates
    are days in the customer's time zone (`timezone`, else that of the capital of `country`).
    `promised_amount` is given wherever `promised_on` is and something is owed: all of it, unless the file
    says less. `…_known_by` is the address of our colleague who knows that contact.
    """

    line: int
    company: str
    invoice: str
    customer: str
    customer_name: str
    issued_on: date
    due_on: date
    amount: Decimal
    currency: str
    language: str | None = None
    country: str = "FR"
    timezone: str | None = None
    segment: str | None = None
    risk: str | None = None
    accounting_email: str | None = None
    accounting_phone: Phone | None = None
    buyer_email: str | None = None
    buyer_phone: Phone | None = None
    executive_email: str | None = None
    collector_email: str | None = None
    sales_rep_email: str | None = None
    order_ref: str | None = None
    paid: Decimal | None = None
    settled_on: date | None = None
    disputed_on: date | None = None
    resolved_on: date | None = None
    promised_on: date | None = None
    promised_amount: Decimal | None = None
    last_step: str | None = None
    last_contacted_on: date | None = None
    policy: str | None = None
    accounting_known_by: str | None = None
    buyer_known_by: str | None = None
    executive_known_by: str | None = None

    @property
    def contacts(self) -> tuple[ContactCells, ...]:
        """The cells of each role, in the order of `Role`, filled or not."""
        return (
            ContactCells(
                Role.ACCOUNTING, self.accounting_email, self.accounting_phone, self.accounting_known_by
            ),
            ContactCells(Role.BUYER, self.buyer_email, self.buyer_phone, self.buyer_known_by),
            ContactCells(Role.EXECUTIVE, self.executive_email, None, self.executive_known_by),
        )


@dataclass(frozen=True, slots=True)
class Reject:
    """A row refused. `field` is empty when the fault is not in one cell; `raw` are the cells as written."""

    line: int
    field: str
    value: str
    reason: str
    raw: tuple[str, ...]

    def __str__(self) -> str:
        """`line 7: amount: decimal comma found; write 1234.56 (1 234,50)`."""
        where = f"line {self.line}: {self.field}: " if self.field else f"line {self.line}: "
        shown = f" ({self.value})" if self.value and self.value not in self.reason else ""
        return f"{where}{self.reason}{shown}"


class CellFault(ValueError):
    """What is wrong with one cell of a row."""

    def __init__(self, field: str, value: str, reason: str) -> None:
        """`value` is the cell as written, however long."""
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.value = value
        self.reason = reason


def excerpt(value: str) -> str:
    """The start of a cell, fit for a terminal: control characters are escaped, a cut is marked."""
    shown = "".join(c if c.isprintable() or c == "\u00a0" else repr(c)[1:-1] for c in value[: EXCERPT + 1])
    return shown if len(shown) <= EXCERPT else shown[: EXCERPT - 1] + "…"
