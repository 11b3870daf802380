"""Invoices and their cases."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, Numeric, UniqueConstraint, text
from sqlmodel import Field

from models.tables.columns import Instant, Money, Table, check

CURRENCY = "currency ~ '^[A-Z]{3}$'"

_APART = "regexp_replace(number, '[^0-9]+', '.', 'g')"
NUMBER_RUNS = f"btrim(regexp_replace({_APART}, '(^|\\.)0+(?=[0-9])', '\\1', 'g'), '.')"
NUMBER_DIGITS = "regexp_replace(regexp_replace(number, '[^0-9]+', '', 'g'), '^0+(?=[0-9])', '')"
NUMBER_WHOLE = "regexp_replace(upper(number), '[^A-Z0-9]+', '', 'g')"
"""What an invoice number is known by in a bank's text: `rules.matching.keys_of_number`, in SQL."""


class Invoice(Table, table=True):
    """What is owed. `policy` overrides the customer's and the assignment's; amounts are in `currency`.

    Paid in full by `discount_until`, it costs `discount_percent` less. An instalment of an invoice that falls
    due in several names it in `part_of`: that number is what its debtor knows.
    `copy_hash` is the content the invoice came as (a PDF, or its XML), `copy_name` the file's name for who
    reads it, `copy_size` its bytes; a PDF goes with reminders.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        check("total", "total > 0"),
        check("currency", CURRENCY),
        check("discount_percent", "discount_percent > 0 AND discount_percent < 100"),
        check("discount", "(discount_percent IS NULL) = (discount_until IS NULL)"),
        check("replaced", "replaced_by_id <> id AND replaces_id <> id"),
        check(
            "copy", "(copy_hash IS NULL) = (copy_name IS NULL) AND (copy_hash IS NULL) = (copy_size IS NULL)"
        ),
        Index(None, "company_id", "due_on", "id"),
        Index(None, "company_id", "total"),
        Index("invoice_number_runs_idx", "company_id", text(f"({NUMBER_RUNS})")),
        Index("invoice_number_digits_idx", "company_id", text(f"({NUMBER_DIGITS})")),
        Index("invoice_number_whole_idx", "company_id", text(f"({NUMBER_WHOLE})")),
        *(
            Index(
                f"invoice_part_of_{name}_idx",
                "company_id",
                text(f"({key.replace('number', 'part_of')})"),
                postgresql_where=text("part_of IS NOT NULL"),
            )
            for name, key in (("runs", NUMBER_RUNS), ("digits", NUMBER_DIGITS), ("whole", NUMBER_WHOLE))
        ),
        Index(
            "invoice_search_idx",
            *("number", "order_ref"),
            postgresql_using="gin",
            postgresql_ops={"number": "gin_trgm_ops", "order_ref": "gin_trgm_ops"},
        ),
    )

    id: UUID = Field(primary_key=True)
    company_id: UUID = Field(foreign_key="company.id")
    customer_id: UUID = Field(foreign_key="customer.id", index=True)
    number: str
    issued_on: date
    due_on: date
    total: Decimal = Field(sa_type=Money)
    currency: str
    order_ref: str | None = None
    part_of: str | None = None
    policy: str | None = None
    replaces_id: UUID | None = Field(default=None, foreign_key="invoice.id")
    replaced_by_id: UUID | None = Field(default=None, foreign_key="invoice.id")
    discount_percent: Decimal | None = Field(default=None, sa_type=Numeric(5, 2))
    discount_until: date | None = None
    copy_hash: str | None = Field(default=None, foreign_key="content.hash")
    copy_name: str | None = None
    copy_size: int | None = None
    created_at: datetime = Field(sa_type=Instant)


class DunningCase(Table, table=True):
    """The chase of one invoice (`case` is a reserved word in SQL).

    The facts say what is true; this row is the last decision taken on them, kept for lists and for the
    sweeper. A case is open while `closed_at` is NULL. `closed_by_person` is the reason a person gave, and
    the only column here that is a fact. `next_at` is the next step's time, `wake_at` when the case must be
    looked at again in any case (a promise to check, a call to escalate), `awaits_bank` the day up to which
    the bank must be known for that, `suspension_id` what must be over, until it is told. `decided_seq` is the
    customer's `ledger_seq` decided upon. Company, due date and currency are the invoice's, so that a list is
    found in one table.
    """

    __tablename__ = "dunning_case"
    __table_args__ = (
        ForeignKeyConstraint(["policy_key", "policy_version"], ["policy.key", "policy.version"]),
        check("outstanding", "outstanding >= 0"),
        check("disputed", "disputed >= 0 AND disputed <= outstanding"),
        Index("dunning_case_open_next_at_idx", "next_at", postgresql_where=text("closed_at IS NULL")),
        Index(
            "dunning_case_open_customer_idx",
            *("customer_id", "due_on", "invoice_id"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        *(
            Index(
                f"dunning_case_open_company_{key}_idx",
                *("company_id", key, "invoice_id"),
                postgresql_where=text("closed_at IS NULL"),
            )
            for key in ("next_at", "due_on", "outstanding")
        ),
        # Words of which some are rare: walking a whole company for them would be slow.
        *(
            Index(
                f"dunning_case_open_company_{word}_idx",
                *("company_id", word, key, "invoice_id"),
                postgresql_where=text(f"closed_at IS NULL{and_}"),
            )
            for word, key, and_ in (
                ("state", "next_at", ""),
                ("stage", "due_on", ""),
                ("paused_by", "next_at", " AND paused_by IS NOT NULL"),
            )
        ),
        Index(
            "dunning_case_open_company_awaits_bank_idx",
            *("company_id", "awaits_bank", "next_at", "invoice_id"),
            postgresql_where=text("closed_at IS NULL AND awaits_bank IS NOT NULL"),
        ),
        # What sums and counts over a whole company ask for: they need not read the rows themselves, nor sort
        # them by what the portfolio is counted by.
        Index(
            "dunning_case_open_company_counted_idx",
            *("company_id", "state", "next_step", "currency", text("(disputed > 0)"), "due_on"),
            postgresql_include=[
                *("invoice_id", "customer_id", "outstanding", "disputed", "policy_key", "policy_version"),
            ],
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(
            "dunning_case_open_suspension_idx",
            *("suspension_id", "next_at", "invoice_id"),
            postgresql_where=text("closed_at IS NULL AND suspension_id IS NOT NULL"),
        ),
        Index(
            "dunning_case_closed_company_idx",
            *("company_id", "closed_at", "invoice_id"),
            postgresql_where=text("closed_at IS NOT NULL"),
        ),
        Index(None, "policy_key", "policy_version"),
    )

    invoice_id: UUID = Field(primary_key=True, foreign_key="invoice.id")
    company_id: UUID = Field(foreign_key="company.id")
    customer_id: UUID = Field(foreign_key="customer.id", index=True)
    due_on: date
    currency: str
    policy_key: str
    policy_version: int
    state: str
    stage: str
    opened_at: datetime = Field(sa_type=Instant)
    opened_on: date
    next_step: str | None = None
    next_channel: str | None = None
    next_at: datetime | None = Field(default=None, sa_type=Instant)
    wake_at: datetime | None = Field(default=None, sa_type=Instant)
    next_why: str | None = None
    paused_by: str | None = None
    outstanding: Decimal = Field(sa_type=Money)
    disputed: Decimal = Field(default=Decimal(0), sa_type=Money)
    decided_at: datetime | None = Field(default=None, sa_type=Instant)
    decided_seq: int | None = Field(default=None, sa_type=BigInteger)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    closing_reason: str | None = None
    closed_by_person: str | None = None
    awaits_bank: date | None = None
    suspension_id: int | None = Field(default=None, foreign_key="suspension.id", sa_type=BigInteger)


class Owed(Table, table=True):
    """What an invoice owed from a day on, up to the day `until_on` when that changed, unset: to this day.

    A day without a row owes nothing. Company, customer, currency and due date are the invoice's, so that a
    day is summed up in one table. `activities.store.owed` says which days these are.
    """

    __tablename__ = "owed"
    __table_args__ = (
        check("span", "until_on > from_on"),
        check("rest", "rest > 0"),
        # Sums over a whole company read an index alone: in the order of what they add up, for what is owed
        # to this day; what was owed once is found by the day it ended.
        *(
            Index(
                f"owed_still_{word}_idx",
                *("company_id", "currency", key),
                postgresql_include=[*more, "rest", "from_on"],
                postgresql_where=text("until_on IS NULL"),
            )
            for word, key, more in (("customer", "customer_id", ("due_on",)), ("due_on", "due_on", ()))
        ),
        Index(None, "customer_id"),
        Index(
            "owed_once_idx",
            *("company_id", "until_on"),
            postgresql_include=["currency", "customer_id", "due_on", "rest", "from_on"],
            postgresql_where=text("until_on IS NOT NULL"),
        ),
    )

    invoice_id: UUID = Field(primary_key=True, foreign_key="invoice.id")
    from_on: date = Field(primary_key=True)
    until_on: date | None = None
    company_id: UUID
    customer_id: UUID
    currency: str
    due_on: date
    rest: Decimal = Field(sa_type=Money)
