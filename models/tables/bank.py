"""Bank files, their lines, and the accounts whose statements a company reads."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.tables.columns import Instant, Money, Table, check, one_of
from models.tables.receivables import CURRENCY
from models.tables.words import BankDirection, BankFileState, BankLineState


class BankAccount(Table, table=True):
    """An account whose statements a company reads, by its IBAN, or as its bank's files name it.

    `known_until` is the day of its last statement with a closing balance, `closing` that balance: the next
    statement must open with it, or one is missing between them.
    """

    __tablename__ = "bank_account"

    company_id: UUID = Field(primary_key=True, foreign_key="company.id")
    account: str = Field(primary_key=True)
    added_at: datetime = Field(sa_type=Instant)
    added_by: str
    known_until: date | None = None
    closing: Decimal | None = Field(default=None, sa_type=Money)


class BankFile(Table, table=True):
    """A file of a bank as it came: its bytes are kept under `content_hash`, once per company.

    `report` holds the balances of its statements, how many lines were new, known before or set aside, and
    what a person should know. A refused file has a `refusal` and no line.
    """

    __tablename__ = "bank_file"
    __table_args__ = (
        one_of("state", BankFileState),
        UniqueConstraint("company_id", "content_hash"),
        check("refused", "(state = 'refused') = (refusal IS NOT NULL)"),
        Index(None, "company_id", "received_at", "id"),
    )

    id: UUID = Field(primary_key=True)
    company_id: UUID = Field(foreign_key="company.id")
    content_hash: str = Field(foreign_key="content.hash")
    name: str
    size: int
    kind: str | None = None
    state: str = BankFileState.RECEIVED
    received_at: datetime = Field(sa_type=Instant)
    received_by: str
    stored_at: datetime | None = Field(default=None, sa_type=Instant)
    finished_at: datetime | None = Field(default=None, sa_type=Instant)
    refusal: str | None = None
    report: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)


class BankLine(Table, table=True):
    """One movement of an account: `line_key` is its identity, whichever file showed it first.

    `identity` names the lines that could be the same one (account, day, direction, amount). `place` counts
    the lines of its file from 1. `amount` is positive, `direction` says which way it went. `batch` names the
    entry that a split line is a part of, or stands for (`is_batch`). `returned_key` is the line that a return
    takes back. `reason` says why it is in its state; `decided_by` is a person, where one decided.
    `customer_id` is whose money it is, where one customer is known; `proposals` what it may pay, best first.
    """

    __tablename__ = "bank_line"
    __table_args__ = (
        one_of("direction", BankDirection),
        one_of("state", BankLineState),
        check("amount", "amount > 0"),
        check("currency", CURRENCY),
        UniqueConstraint("company_id", "line_key"),
        Index(None, "company_id", "identity"),
        Index(None, "file_id", "place"),
        Index(
            "bank_line_open_idx",
            "company_id",
            "booked_on",
            "id",
            postgresql_where=text("state IN ('new', 'proposed', 'unallocated')"),
        ),
        Index(
            "bank_line_to_allocate_idx",
            "company_id",
            "booked_on",
            "id",
            postgresql_where=text("state = 'proposed' OR state = 'unallocated' AND customer_id IS NULL"),
        ),
        Index(
            "bank_line_end_to_end_idx",
            "company_id",
            "end_to_end_id",
            postgresql_where=text("end_to_end_id IS NOT NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    company_id: UUID = Field(foreign_key="company.id")
    file_id: UUID = Field(foreign_key="bank_file.id")
    place: int
    line_key: str
    identity: str
    account_iban: str
    booked_on: date
    value_on: date | None = None
    amount: Decimal = Field(sa_type=Money)
    direction: str
    currency: str
    bank_ref: str | None = None
    end_to_end_id: str | None = None
    structured_ref: str | None = None
    text: str
    payer_name: str | None = None
    payer_iban: str | None = None
    is_return: bool = False
    return_reason: str | None = None
    returned_key: str | None = None
    batch: str | None = None
    is_batch: bool = False
    state: str = BankLineState.NEW
    reason: str | None = None
    settled_at: datetime | None = Field(default=None, sa_type=Instant)
    decided_by: str | None = None
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id", index=True)
    proposals: list[dict[str, Any]] | None = Field(default=None, sa_type=JSONB)


class KnownPayer(Table, table=True):
    """An account, or a name, that has paid for a customer before; a group's may have paid for several.

    `kind` is `iban` or `name`, `key` the IBAN, or the name as `rules.matching.name_key` has it.
    """

    __tablename__ = "known_payer"
    __table_args__ = (one_of("kind", ("iban", "name")),)

    company_id: UUID = Field(primary_key=True, foreign_key="company.id")
    kind: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id", index=True)
    seen_at: datetime = Field(sa_type=Instant)
