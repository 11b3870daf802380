"""Rows as they were read: frozen, without a session behind them, so that nobody takes them for the ledger.

A class here has a field for each column that is read of its table, under the column's name. A column is
added by adding a field. They are named tuples: a frozen dataclass of twenty fields takes ten times as long
to make, and a message makes some twenty of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar, get_args, get_type_hints
from uuid import UUID


class CompanyRecord(NamedTuple):
    """A row of `company`, the creditor."""

    id: UUID
    ref: str
    name: str
    legal_name: str | None
    registration: str | None
    address: str | None
    country: str
    zone: str | None
    language: str
    email: str | None
    phone: str | None
    payee: str | None
    iban: str | None
    bic: str | None
    payment_link: str | None
    payment_details_changed_on: date | None
    gap_days: int
    bank_known_until: date | None
    logistics_email: str | None
    signatory_name: str | None
    signatory_email: str | None
    signatory_phone: str | None
    interest: str | None
    late_rate: Decimal | None
    imputation: str | None


class CustomerRecord(NamedTuple):
    """A row of `customer`, the debtor."""

    id: UUID
    company_id: UUID
    ref: str
    name: str
    country: str
    zone: str | None
    language: str | None
    segment: str | None
    risk: str | None
    collector_email: str | None
    sales_rep_email: str | None
    policy: str | None
    address: str | None
    ledger_seq: int
    insolvency_on: date | None
    do_not_contact_since: date | None
    lawyer_since: date | None
    registration: str | None
    interest: str | None
    late_rate: Decimal | None
    late_law: str | None


class InvoiceRecord(NamedTuple):
    """A row of `invoice`."""

    id: UUID
    number: str
    issued_on: date
    due_on: date
    total: Decimal
    currency: str
    order_ref: str | None
    policy: str | None
    replaces_id: UUID | None
    replaced_by_id: UUID | None
    copy_hash: str | None
    copy_name: str | None
    copy_size: int | None


class CaseRecord(NamedTuple):
    """A row of `dunning_case`."""

    customer_id: UUID
    policy_key: str
    policy_version: int
    state: str
    stage: str
    opened_at: datetime
    opened_on: date
    next_step: str | None
    next_channel: str | None
    next_at: datetime | None
    wake_at: datetime | None
    next_why: str | None
    paused_by: str | None
    outstanding: Decimal
    disputed: Decimal
    decided_at: datetime | None
    closed_at: datetime | None
    closing_reason: str | None
    closed_by_person: str | None
    awaits_bank: date | None
    suspension_id: int | None


class PersonRecord(NamedTuple):
    """A contact who may be written to or called, as `store.marks.usable` reads it: a marked address is None.

    `texted` says that an SMS reaches `phone`.
    """

    id: UUID
    role: str
    name: str | None
    function: str | None
    language: str | None
    email: str | None
    phone: str | None
    phone_kind: str | None
    hours: str | None
    texted: bool
    in_copy: bool
    known_by: str | None


class StaffRecord(NamedTuple):
    """A row of `app_user`: one of our own people."""

    email: str
    name: str
    phone: str | None
    title: str | None


class MessageRecord(NamedTuple):
    """A row of `communication`: one message, without what it says."""

    id: UUID
    contact_id: UUID | None
    company_id: UUID
    kind: str
    audience: str
    channel: str
    to_address: str
    content_hash: str
    status: str
    ledger_seq: int
    error: str | None
    provider_id: str | None


class ContactRecord(NamedTuple):
    """A row of `contact_made`."""

    id: UUID
    step: str
    channel: str
    status: str
    bank_max_age_days: int | None


class CreditorRecord(NamedTuple):
    """How far a company knows its bank, and where its business days are."""

    country: str
    zone: str | None
    bank_known_until: date | None


Record = TypeVar(
    "Record",
    CompanyRecord,
    CustomerRecord,
    InvoiceRecord,
    CaseRecord,
    PersonRecord,
    StaffRecord,
    MessageRecord,
    ContactRecord,
    CreditorRecord,
)


def columns(record: type[Any], table: str) -> str:
    """The columns of a record as SQL, for the table's name or alias: `c.id, c.ref`, in the fields' order."""
    return ", ".join(f"{table}.{name}" for name in record._fields)


def decoded(text: str) -> Any:
    """JSON as PostgreSQL writes it; a number with decimals is an exact Decimal."""
    return json.loads(text, parse_float=Decimal)


def of_row(record: type[Record], row: Sequence[Any]) -> Record:
    """A record from a row of its columns, in their order."""
    return record._make(row)


def of_json(record: type[Record], values: Sequence[Any]) -> Record:
    """A record from the JSON array of its columns."""
    row = list(values)
    for place, read in _readers(record):
        if row[place] is not None:
            row[place] = read(row[place])
    return record._make(row)


def instant(text: str) -> datetime:
    """A moment, in UTC whatever zone the connection speaks."""
    return datetime.fromisoformat(text).astimezone(UTC)


_FROM_JSON: dict[type, Callable[[Any], Any]] = {
    UUID: UUID,
    date: date.fromisoformat,
    datetime: instant,
    # An amount without decimals (of an unconstrained NUMERIC) arrives as an integer.
    Decimal: Decimal,
}


_READERS: dict[Any, list[tuple[int, Callable[[Any], Any]]]] = {}


def _readers(record: type[Any]) -> list[tuple[int, Callable[[Any], Any]]]:
    """The fields that JSON does not carry as they are: their places, and what makes them of it."""
    if record not in _READERS:
        hints = get_type_hints(record)
        _READERS[record] = [
            (place, _FROM_JSON[kind])
            for place, name in enumerate(record._fields)
            for kind in (get_args(hints[name]) or (hints[name],))
            if kind in _FROM_JSON
        ]
    return _READERS[record]
