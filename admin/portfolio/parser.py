"""Take the cells of a record for a row: each cell by its own grammar, then what must agree between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, TypeAlias, TypeVar

from activities.addresses import Phone
from admin.portfolio import cells as read
from admin.portfolio.lines import Record
from admin.portfolio.row import COLUMNS, CellFault, Row
from rules.calendar import BusinessCalendar, UnknownCountry, UnknownZone, business_calendar
from rules.money import MINOR_UNITS, InvalidAmount, parse_amount
from rules.policy import Policy

Today: TypeAlias = Callable[[BusinessCalendar], date]
"""The day it is for a customer."""

FARTHEST: Final = timedelta(days=3653)
"""How far ahead a promise may lie: what is farther is a typing error."""

_Read = TypeVar("_Read")


class RowParser:
    """Takes the cells of a record for a row, given the order of the columns."""

    def __init__(
        self,
        columns: tuple[str, ...],
        policies: Mapping[str, Policy],
        today: Today | None,
        default_country: str,
    ) -> None:
        # A column the file does not have is read from the empty cell that is added at the end.
        self._places = [columns.index(name) if name in columns else -1 for name in COLUMNS]
        self._policies = policies
        self._steps = dict.fromkeys(step.key for policy in policies.values() for step in policy.steps)
        self._today = today
        self._default_country = default_country

    def parse(self, record: Record) -> Row | None:
        """The row, or None when every cell is empty.

        Raises:
            CellFault: the first cell that is not as it must be.
        """
        given = [cell.strip() for cell in record.cells]
        if not any(given):
            return None
        given.append("")
        (
            company, invoice, customer, customer_name, issued, due, amount, currency,
            language, country, zone, segment, risk, accounting_email, accounting_phone, buyer_email,
            buyer_phone, executive_email, collector_email, sales_rep_email, order_ref, paid, settled,
            disputed, resolved, promised_on, promised, last_step, last_contacted, policy,
            accounting_known_by, buyer_known_by, executive_known_by,
        ) = (given[place] for place in self._places)  # fmt: skip
        currency = _currency(currency)
        country = (country or self._default_country).upper()
        country = "GB" if country == "UK" else country
        calendar = _calendar(country, zone or None)
        total = _amount("amount", amount, currency)
        row = Row(
            record.line,
            _needed("company", company),
            _needed("invoice", invoice),
            _needed("customer", customer),
            _needed("customer_name", customer_name),
            _date("issued_on", _needed("issued_on", issued)),
            _date("due_on", _needed("due_on", due)),
            total,
            currency,
            _optional("language", language, read.language),
            country,
            zone or None,
            _optional("segment", segment, read.text),
            _optional("risk", risk, read.text),
            _optional("accounting_email", accounting_email, read.email),
            _phone("accounting_phone", accounting_phone, country),
            _optional("buyer_email", buyer_email, read.email),
            _phone("buyer_phone", buyer_phone, country),
            _optional("executive_email", executive_email, read.email),
            _optional("collector_email", collector_email, read.answered_email),
            _optional("sales_rep_email", sales_rep_email, read.email),
            _optional("order_ref", order_ref, read.text),
            already := _paid(paid, currency, total),
            _optional("settled_on", settled, read.day),
            _optional("disputed_on", disputed, read.day),
            _optional("resolved_on", resolved, read.day),
            promise := _optional("promised_on", promised_on, read.day),
            _promised(promised, promise, currency, total - (already or 0)),
            last_step or None,
            _optional("last_contacted_on", last_contacted, read.day),
            policy or None,
            _known_by("accounting_known_by", accounting_known_by, accounting_email or accounting_phone),
            _known_by("buyer_known_by", buyer_known_by, buyer_email or buyer_phone),
            _known_by("executive_known_by", executive_known_by, executive_email),
        )
        _in_order(row)
        self._on_the_ladder(row, calendar)
        self._soon(row, calendar)
        return row

    def _on_the_ladder(self, row: Row, calendar: BusinessCalendar) -> None:
        """The policy and the last step exist; the last contact is not still to come."""
        if row.policy is not None and row.policy not in self._policies:
            near = read.nearest(row.policy, self._policies)
            raise CellFault("policy", row.policy, f"unknown policy{near}; known: {_listed(self._policies)}")
        if row.last_step is None:
            if row.last_contacted_on is not None:
                raise CellFault(
                    "last_step", "", "missing: last_contacted_on is given, so the step it was is needed"
                )
            return
        steps = self._policies[row.policy].position if row.policy is not None else self._steps
        if row.last_step not in steps:
            of = f"policy {row.policy}" if row.policy else "any policy"
            near = read.nearest(row.last_step, steps)
            raise CellFault(
                "last_step", row.last_step, f"no such step in {of}{near}; known: {_in_turn(steps)}"
            )
        if row.last_contacted_on is None:
            raise CellFault("last_contacted_on", "", "missing: last_step is given, so its day is needed")
        if self._today is not None and row.last_contacted_on > self._today(calendar):
            day = row.last_contacted_on.isoformat()
            raise CellFault("last_contacted_on", day, f"in the future: today is {self._today(calendar)}")
        if row.last_contacted_on < row.issued_on:
            day = row.last_contacted_on.isoformat()
            raise CellFault("last_contacted_on", day, f"before the invoice was issued, on {row.issued_on}")

    def _soon(self, row: Row, calendar: BusinessCalendar) -> None:
        """A promise is for a day that will be lived to see, as one that is told later."""
        if self._today is None or row.promised_on is None:
            return
        today = self._today(calendar)
        if row.promised_on > today + FARTHEST:
            day = row.promised_on.isoformat()
            raise CellFault("promised_on", day, f"more than ten years away: today is {today}")


def _needed(field: str, cell: str) -> str:
    if not cell:
        raise CellFault(field, "", "missing")
    try:
        return read.text(cell)
    except ValueError as error:
        raise CellFault(field, cell, str(error)) from None


def _optional(field: str, cell: str, parse: Callable[[str], _Read]) -> _Read | None:
    if not cell:
        return None
    try:
        return parse(cell)
    except ValueError as error:
        raise CellFault(field, cell, str(error)) from None


def _date(field: str, cell: str) -> date:
    try:
        return read.day(cell)
    except ValueError as error:
        raise CellFault(field, cell, str(error)) from None


def _known_by(field: str, cell: str, contact: str) -> str | None:
    """Our colleague who knows a contact, whose own address or number is `contact`."""
    if cell and not contact:
        of = field.removesuffix("_known_by")
        raise CellFault(field, cell, f"whom they know is missing: {of} has no address")
    address = _optional(field, cell, read.email)
    return None if address is None else address.lower()


def _phone(field: str, cell: str, country: str) -> Phone | None:
    if not cell:
        return None
    try:
        return read.phone(cell, country)
    except ValueError as error:
        raise CellFault(field, cell, str(error)) from None


def _currency(cell: str) -> str:
    code = _needed("currency", cell).upper()
    if code not in MINOR_UNITS:
        raise CellFault("currency", cell, "unknown currency: expected a current ISO 4217 code such as EUR")
    return code


def _calendar(country: str, zone: str | None) -> BusinessCalendar:
    try:
        return business_calendar(country, zone)
    except UnknownCountry:
        reason = "unknown country: expected an ISO 3166-1 alpha-2 code such as FR"
        raise CellFault("country", country, reason) from None
    except UnknownZone:
        reason = "unknown time zone: expected an IANA name such as Europe/Paris"
        raise CellFault("timezone", zone or "", reason) from None


def _amount(field: str, cell: str, currency: str) -> Decimal:
    try:
        amount = parse_amount(_needed(field, cell), currency)
    except InvalidAmount as error:
        raise CellFault(field, cell, str(error)) from None
    if amount <= 0:
        raise CellFault(field, cell, "must be more than zero; a credit note is not a receivable")
    return amount


def _paid(cell: str, currency: str, total: Decimal) -> Decimal | None:
    if not cell:
        return None
    try:
        paid = parse_amount(cell, currency)
    except InvalidAmount as error:
        raise CellFault("paid", cell, str(error)) from None
    if paid < 0:
        raise CellFault("paid", cell, "must not be negative")
    if paid > total:
        raise CellFault("paid", cell, f"more than the amount, {total} {currency}")
    return paid or None


def _promised(cell: str, day: date | None, currency: str, owed: Decimal) -> Decimal | None:
    """What was promised: all that is owed, unless the file says less. What is paid is promised no more."""
    if not cell:
        return owed if day is not None and owed > 0 else None
    if day is None:
        raise CellFault("promised_on", "", "missing: promised_amount is given, so its day is needed")
    try:
        promised = parse_amount(cell, currency)
    except InvalidAmount as error:
        raise CellFault("promised_amount", cell, str(error)) from None
    if promised <= 0:
        raise CellFault("promised_amount", cell, "must be more than zero")
    if owed <= 0:
        return None
    if promised > owed:
        raise CellFault("promised_amount", cell, f"more than is owed, {owed} {currency}")
    return promised


def _in_order(row: Row) -> None:
    """Dates that depend on each other."""
    if row.due_on < row.issued_on:
        raise CellFault("due_on", row.due_on.isoformat(), f"due before it was issued, on {row.issued_on}")
    if row.promised_on is not None and row.promised_on < row.issued_on:
        promised = row.promised_on.isoformat()
        raise CellFault("promised_on", promised, f"before the invoice was issued, on {row.issued_on}")
    if row.resolved_on is None:
        return
    resolved = row.resolved_on.isoformat()
    if row.disputed_on is None:
        raise CellFault("resolved_on", resolved, "resolved, but disputed_on is empty")
    # A dispute of what was settled before is none: such a row is sound, and its dispute is passed over.
    settled = row.settled_on is not None and row.settled_on <= row.resolved_on
    if row.resolved_on < row.disputed_on and not settled:
        raise CellFault("resolved_on", resolved, f"resolved before it was disputed, on {row.disputed_on}")


def _listed(policies: Mapping[str, Policy]) -> str:
    return ", ".join(sorted(policies))


def _in_turn(steps: Iterable[str]) -> str:
    return ", ".join(steps)
