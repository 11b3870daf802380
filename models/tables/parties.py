"""Who is owed, who owes, and who works on it."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.tables.columns import Instant, Money, Table, check, one_of
from models.tables.words import ApiRole, DetailsChange, PhoneKind, UnreachableCause
from rules.calendar import Channel
from rules.facts import Role
from rules.interest import Imputation, LawCode, Mode

_COUNTRY = "country ~ '^[A-Z]{2}$'"
_LATE_RATE = "late_rate >= 0 AND late_rate <= 100"


class Company(Table, table=True):
    """A creditor; several may share one installation.

    `gap_days` local calendar days lie between two contacts with one customer. An answer pauses a customer for
    `reply_pause_days` business days at most (0: not at all; unset: five). `bank_known_until` is the last day
    whose bank movements are recorded, unset when payments are recorded as they come. `resume_per_day`
    customers are contacted a business day after a suspension, unset: within five days. The
    signatory is the credit manager, who signs and is asked where a customer has no collector. `interest` is
    what customers hear of interest and fixed sums (unset: announced), `late_rate` the agreed rate, percent a
    year, where there is one; `imputation` what payments go to first (unset: principal).
    `payment_terms` are those of invoices that bring neither a due date nor terms (`rules.terms_text`).
    `payment_details_changed_on` is the day the last change of bank details took effect; messages say so.
    `digest_day` is the weekday on which sales representatives get their digest (1 is Monday, unset: Monday;
    0: not at all).
    """

    __tablename__ = "company"
    __table_args__ = (
        check("country", _COUNTRY),
        check("gap_days", "gap_days BETWEEN 1 AND 60"),
        check("reply_pause_days", "reply_pause_days BETWEEN 0 AND 60"),
        check("resume_per_day", "resume_per_day BETWEEN 1 AND 1000000"),
        check("digest_day", "digest_day BETWEEN 0 AND 7"),
        one_of("interest", Mode),
        check("late_rate", _LATE_RATE),
        check("write_off_up_to", "write_off_up_to >= 0"),
        check("bank_charges_up_to", "bank_charges_up_to >= 0"),
        one_of("imputation", Imputation),
    )

    id: UUID = Field(primary_key=True)
    ref: str = Field(unique=True)
    name: str
    legal_name: str | None = None
    registration: str | None = None
    address: str | None = None
    country: str
    zone: str | None = None
    language: str = "fr"
    email: str | None = None
    phone: str | None = None
    payee: str | None = None
    iban: str | None = None
    bic: str | None = None
    payment_link: str | None = None
    payment_details_changed_on: date | None = None
    gap_days: int = 5
    reply_pause_days: int | None = None
    bank_known_until: date | None = None
    logistics_email: str | None = None
    signatory_name: str | None = None
    signatory_email: str | None = None
    signatory_phone: str | None = None
    resume_per_day: int | None = None
    interest: str | None = None
    late_rate: Decimal | None = Field(default=None, sa_type=Numeric(7, 4))
    write_off_up_to: Decimal | None = Field(default=None, sa_type=Money)
    bank_charges_up_to: Decimal | None = Field(default=None, sa_type=Money)
    imputation: str | None = None
    payment_terms: str | None = None
    digest_day: int | None = None


class WeeklyDigest(Table, table=True):
    """The digests of a company's sales representatives were written for a week, which its Monday names.

    `sent_to` is how many had something late to hear of.
    """

    __tablename__ = "weekly_digest"
    __table_args__ = (check("week", "extract(isodow FROM week) = 1"),)

    company_id: UUID = Field(primary_key=True, foreign_key="company.id")
    week: date = Field(primary_key=True)
    made_at: datetime = Field(sa_type=Instant)
    sent_to: int


class PaymentDetailsChange(Table, table=True):
    """A change of where a company is paid: two people and 24 hours, and only one under way at a time.

    `before` and `after` hold the details that change, by the company's columns. `asked_by` and `approved_by`
    name a person or a key and always differ.
    """

    __tablename__ = "payment_details_change"
    __table_args__ = (
        one_of("status", DetailsChange),
        check("delay", "effective_at >= asked_at + interval '24 hours'"),
        check("two_people", "approved_by <> asked_by"),
        check("approved", "(approved_by IS NULL) = (approved_at IS NULL)"),
        check(
            "applied",
            "(status = 'applied') = (applied_at IS NOT NULL)"
            " AND (applied_at IS NULL OR (approved_at IS NOT NULL AND applied_at >= effective_at))",
        ),
        check("cancelled", "(status = 'cancelled') = (cancelled_at IS NOT NULL)"),
        Index(
            "payment_details_change_pending_key",
            "company_id",
            unique=True,
            postgresql_where=text("status IN ('asked', 'approved')"),
        ),
        Index(None, "company_id", "asked_at"),
    )

    id: UUID = Field(primary_key=True)
    company_id: UUID = Field(foreign_key="company.id")
    before: dict[str, str | None] = Field(sa_type=JSONB)
    after: dict[str, str | None] = Field(sa_type=JSONB)
    status: str = DetailsChange.ASKED
    reason: str | None = None
    asked_by: str
    asked_at: datetime = Field(sa_type=Instant)
    approved_by: str | None = None
    approved_at: datetime | None = Field(default=None, sa_type=Instant)
    effective_at: datetime = Field(sa_type=Instant)
    applied_at: datetime | None = Field(default=None, sa_type=Instant)
    cancelled_by: str | None = None
    cancelled_at: datetime | None = Field(default=None, sa_type=Instant)


class BankStatementRow(Table, table=True):
    """Somebody said that every bank movement of a company up to a day is recorded.

    The days that are not retracted end at the company's `bank_known_until`. A correction retracts those that
    went too far; `reason` says why it was made.
    """

    __tablename__ = "bank_statement"
    __table_args__ = (
        Index(None, "company_id", "known_until"),
        check("retracted", "(retracted_at IS NULL) = (retracted_by IS NULL)"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(),))
    company_id: UUID = Field(foreign_key="company.id")
    known_until: date
    stated_at: datetime = Field(sa_type=Instant)
    stated_by: str
    reason: str | None = None
    retracted_at: datetime | None = Field(default=None, sa_type=Instant)
    retracted_by: str | None = None


class Customer(Table, table=True):
    """A debtor of one company. Its id is what Temporal sees; its name never goes there.

    `ledger_seq` grows with every fact, under this row's lock: whoever composed a message at another
    value composed it from other facts. `address` is where letters go, one line each; `registration` names the
    party in them. `interest`, `late_rate` and `payment_terms` go before the company's; `late_law` is the
    law that was agreed, in the place of the one that the parties' countries tell.
    """

    __tablename__ = "customer"
    __table_args__ = (
        UniqueConstraint("company_id", "ref"),
        check("country", _COUNTRY),
        check("ledger_seq", "ledger_seq >= 0"),
        one_of("interest", Mode),
        check("late_rate", _LATE_RATE),
        one_of("late_law", LawCode),
        Index(None, "company_id", "collector_email"),
        Index(None, "company_id", "segment"),
        Index(
            "customer_search_idx",
            *("name", "ref"),
            postgresql_using="gin",
            postgresql_ops={"name": "gin_trgm_ops", "ref": "gin_trgm_ops"},
        ),
    )

    id: UUID = Field(primary_key=True)
    company_id: UUID = Field(foreign_key="company.id")
    ref: str
    name: str
    country: str
    zone: str | None = None
    language: str | None = None
    segment: str | None = None
    address: str | None = None
    risk: str | None = None
    collector_email: str | None = None
    sales_rep_email: str | None = None
    policy: str | None = None
    ledger_seq: int = Field(default=0, sa_type=BigInteger)
    insolvency_on: date | None = None
    do_not_contact_since: date | None = None
    lawyer_since: date | None = None
    registration: str | None = None
    interest: str | None = None
    late_rate: Decimal | None = Field(default=None, sa_type=Numeric(7, 4))
    late_law: str | None = None
    payment_terms: str | None = None


class Staff(Table, table=True):
    """One of our own people: credit manager, collector, sales representative."""

    __tablename__ = "app_user"

    id: UUID = Field(primary_key=True)
    company_id: UUID | None = Field(default=None, foreign_key="company.id")
    email: str = Field(unique=True)
    name: str
    phone: str | None = None
    title: str | None = None
    role: str


class ApiKey(Table, table=True):
    """A key to the API; only a hash of its secret is kept, and `hint`, by which people tell keys apart.

    It opens the companies of its `ApiKeyCompany` rows, or every company, later ones included, with
    `all_companies`.
    """

    __tablename__ = "api_key"
    __table_args__ = (one_of("role", ApiRole),)

    id: UUID = Field(primary_key=True)
    name: str = Field(unique=True)
    hint: str
    secret_hash: str = Field(unique=True)
    role: str
    all_companies: bool
    created_at: datetime = Field(sa_type=Instant)
    created_by: str
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class ApiKeyCompany(Table, table=True):
    """A company that a key opens."""

    __tablename__ = "api_key_company"

    api_key_id: UUID = Field(primary_key=True, foreign_key="api_key.id")
    company_id: UUID = Field(primary_key=True, foreign_key="company.id", index=True)


class Contact(Table, table=True):
    """A person or a mailbox at the customer's. `phone` is E.164.

    `opted_out_at` and `invalid_since` take the person out of use; a single address is, by an `AddressMark`.
    Within a role the lowest `preference` is written to first, those without one last; `in_copy` wants a copy
    of what goes to another. `known_by` is the colleague who knows them, and is offered a call to them first.
    Only the version before reads `phone_invalid_since` and its reason.
    """

    __tablename__ = "contact"
    __table_args__ = (
        UniqueConstraint("customer_id", "role", "email", "phone", postgresql_nulls_not_distinct=True),
        one_of("role", Role),
        one_of("phone_kind", PhoneKind),
        Index("contact_email_idx", text("lower(email)")),
        Index("contact_domain_idx", text("lower(split_part(email, '@', 2))")),
        Index(None, "phone"),
        check("preference", "preference BETWEEN 1 AND 999"),
        check("reachable", "email IS NOT NULL OR phone IS NOT NULL OR name IS NOT NULL"),
    )

    id: UUID = Field(primary_key=True)
    customer_id: UUID = Field(foreign_key="customer.id")
    role: str
    name: str | None = None
    function: str | None = None
    language: str | None = None
    email: str | None = None
    phone: str | None = None
    phone_kind: str | None = None
    hours: str | None = None
    opted_out_at: datetime | None = Field(default=None, sa_type=Instant)
    invalid_since: datetime | None = Field(default=None, sa_type=Instant)
    invalid_reason: str | None = None
    phone_invalid_since: datetime | None = Field(default=None, sa_type=Instant)
    phone_invalid_reason: str | None = None
    preference: int | None = None
    in_copy: bool | None = None
    known_by: str | None = None


class AddressMark(Table, table=True):
    """One address of a customer's that is not used, by one channel, until a person clears the mark.

    It holds for whoever has the address there, now or after another import: `address` is an e-mail address in
    small letters, or E.164. A mark on `phone` closes SMS too. `since` is when it showed, by the provider's
    word, `communication_id` the message that showed it.
    """

    __tablename__ = "address_mark"
    __table_args__ = (
        one_of("channel", (Channel.EMAIL, Channel.SMS, Channel.PHONE)),
        one_of("cause", UnreachableCause),
        check("cleared", "(cleared_at IS NULL) = (cleared_by IS NULL)"),
        Index(
            "address_mark_open_key",
            *("customer_id", "address", "channel"),
            unique=True,
            postgresql_where=text("cleared_at IS NULL"),
        ),
        # Of one address, what was cleared: read when a late event tells of it again.
        Index(None, "customer_id", "address", "channel"),
    )

    id: UUID = Field(primary_key=True)
    customer_id: UUID = Field(foreign_key="customer.id")
    channel: str
    address: str
    cause: str
    since: datetime = Field(sa_type=Instant)
    communication_id: UUID | None = Field(default=None, foreign_key="communication.id", index=True)
    detail: str | None = None
    marked_at: datetime = Field(sa_type=Instant)
    marked_by: str
    cleared_at: datetime | None = Field(default=None, sa_type=Instant)
    cleared_by: str | None = None
    cleared_why: str | None = None
