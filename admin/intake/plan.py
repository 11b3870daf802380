"""What is to be done with each item of a file: entered, corrected, settled, reported or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from sqlalchemy import Connection

from admin.intake.credits import Credited, credit_of
from admin.intake.items import MAX_ITEMS, Credit, Item, Note, OpenItem, Refused, Source
from admin.intake.known import (
    KnownCredit,
    KnownCustomer,
    KnownInvoice,
    kept_credits,
    known_credits,
    known_customers,
    known_invoices,
    open_invoices,
)
from admin.intake.report import IntakeReport
from admin.portfolio.lines import Record
from admin.portfolio.parser import RowParser
from admin.portfolio.row import COLUMNS, CellFault, Row
from models.messages import InvoiceChanged
from models.tables import Company
from rules.calendar import BusinessCalendar, business_calendar
from rules.money import InvalidAmount, parse_amount
from rules.policy import Policy
from rules.terms import Instalments, Terms, instalments
from rules.terms_law import Buyer, too_long
from rules.terms_text import parse_terms

_PLACE: Final = {name: place for place, name in enumerate(COLUMNS)}
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is taken.

    :param terms: of items without a due date whose customer has none, before the company's.
    :param currency: of items that name none.
    :param full: the file has every open invoice of the company: what it lacks is reported.
    :param settle: where less is open in the file than in the ledger, record the difference as received; what
        it owes to customers, set against no invoice, becomes their credit.
    :param dry_run: report what would be done, and do nothing.
    """

    terms: str | None = None
    currency: str = "EUR"
    full: bool = False
    settle: bool = False
    dry_run: bool = False


class Change(NamedTuple):
    """A correction of an invoice."""

    number: str
    fact: InvoiceChanged


class Settlement(NamedTuple):
    """Money that the file shows to have come."""

    number: str
    amount: Decimal
    currency: str
    left: Decimal


@dataclass(slots=True)
class Plan:
    """What is to be done. `registrations` are of customers, by reference; `parts`: instalments."""

    rows: list[Row] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)
    credits: list[tuple[Credit, str]] = field(default_factory=list)
    kept: list[Credited] = field(default_factory=list)
    registrations: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)


class _Owed(NamedTuple):
    """One invoice, or one instalment of it, with its due date; `told_due`: the file itself says it."""

    item: OpenItem
    number: str
    customer: str
    due_on: date
    total: Decimal
    open: Decimal
    currency: str
    told_due: bool


def make_plan(
    connection: Connection,
    company: Company,
    source: Source,
    items: Iterable[Item],
    options: Options,
    report: IntakeReport,
    policies: Mapping[str, Policy],
    today: Callable[[BusinessCalendar], date],
) -> Plan:
    """Read all items, compare them with the ledger, and say what is to be done; nothing is written.

    Raises:
        IntakeError: the reader refuses the file, or there are too many items.
        ValueError: `options.terms` are not understood.
    """
    planner = _Planner(connection, company, options, report, policies, today)
    for item in items:
        planner.take(item)
        if report.items > MAX_ITEMS:
            raise source.refused(f"more than {MAX_ITEMS:,} items")
    planner.compare()
    return planner.plan


class _Planner:
    def __init__(
        self,
        connection: Connection,
        company: Company,
        options: Options,
        report: IntakeReport,
        policies: Mapping[str, Policy],
        today: Callable[[BusinessCalendar], date],
    ) -> None:
        self._connection = connection
        self._company = company
        self._options = options
        self._report = report
        self._customers: Mapping[str, KnownCustomer] = known_customers(connection, company.id)
        self._by_registration = {
            known.registration: known.ref for known in self._customers.values() if known.registration
        }
        self._by_name: dict[str, str | None] = {}
        for known in self._customers.values():
            # A name that two customers have names neither.
            self._by_name[known.name] = None if known.name in self._by_name else known.ref
        self._default = self._terms_of(options.terms) or self._terms_of(company.payment_terms)
        self._today = today
        self._parser = RowParser(COLUMNS, policies, today, company.country)
        self._items: dict[str, OpenItem] = {}
        self._credits: dict[str, Credit] = {}
        self._owed: dict[str, _Owed] = {}
        self._credited: dict[str, list[Credit]] = {}
        self._recorded: set[tuple[str, str]] = set()
        self._new_names: dict[str, str] = {}
        self.plan = Plan()

    @staticmethod
    def _terms_of(text: str | None) -> Terms | None:
        return parse_terms(text) if text else None

    def take(self, item: Item) -> None:
        """Take in one item of the file."""
        match item:
            case Note():
                self._report.passed_over.add(item)
            case Refused():
                self._report.items += 1
                self._report.refused.add(item)
            case Credit():
                known = self._credits.setdefault(item.number, item)
                if known is not item and known[1:] != item[1:]:
                    self._report.refused.add(
                        Refused(item.place, f"{known.place} has this credit with other facts", "number")
                    )
            case OpenItem():
                self._report.items += 1
                self._open(item)

    def _open(self, item: OpenItem) -> None:
        known = self._items.setdefault(item.number, item)
        if known is not item:
            if known[1:] == item[1:]:
                self._report.repeated += 1
            else:
                self._refuse(item, f"conflict: {known.place} has this invoice with other facts", "number")
            return
        try:
            for owed in self._reckon(item):
                self._owed[owed.number] = owed
        except CellFault as fault:
            self._refuse(item, fault.reason, fault.field)

    def _refuse(self, item: OpenItem, reason: str, field_name: str = "") -> None:
        self._report.refused.add(Refused(item.place, reason, field_name))

    def _customer(self, item: OpenItem | Credit) -> str:
        """The debtor's reference: as told, else by its registration, else by its name, else a new one."""
        if item.customer:
            return item.customer
        registration, vat = item.party.registration, item.party.vat
        if registration and registration in self._by_registration:
            return self._by_registration[registration]
        if item.name and (by_name := self._by_name.get(item.name)):
            return by_name
        return registration or vat or item.name or ""

    def _reckon(self, item: OpenItem) -> list[_Owed]:
        """The invoice with its due date, or its instalments.

        Raises:
            CellFault: an amount of too many decimals, no terms where they are needed.
        """
        currency = (item.currency or self._options.currency).upper()
        left = self._exact("open", item.open, currency)
        total = left if item.total is None else self._exact("total", item.total, currency)
        if total < left:
            raise CellFault("open", str(left), f"{left} is more than the invoice's total, {total}")
        customer = self._customer(item)
        if item.due_on is not None:
            return [_Owed(item, item.number, customer, item.due_on, total, left, currency, told_due=True)]
        terms = self._agreed(item, customer)
        if not isinstance(terms, Instalments):
            ((due_on, _),) = instalments(item.issued_on, total, currency, terms)
            return [_Owed(item, item.number, customer, due_on, total, left, currency, told_due=False)]
        parts = []
        paid = total - left
        try:
            divided = instalments(item.issued_on, total, currency, terms)
        except ValueError as error:
            raise CellFault("terms", str(terms), str(error)) from None
        for place, (due_on, part) in enumerate(divided, start=1):
            # What was paid went to the parts that were due first.
            covered = min(paid, part)
            paid -= covered
            number = f"{item.number}/{place}"
            parts.append(
                _Owed(item, number, customer, due_on, part, part - covered, currency, told_due=False)
            )
        return parts

    @staticmethod
    def _exact(name: str, value: Decimal, currency: str) -> Decimal:
        """The amount with the currency's decimals; zeros beyond them say nothing."""
        text = f"{value.normalize():f}"
        try:
            return parse_amount(text, currency)
        except InvalidAmount as error:
            raise CellFault(name, text, str(error)) from None

    def _agreed(self, item: OpenItem, customer: str) -> Terms:
        known = self._customers.get(customer)
        try:
            terms = self._terms_of(item.terms)
        except ValueError as error:
            raise CellFault("terms", item.terms or "", str(error)) from None
        if terms is None and known is not None:
            terms = self._terms_of(known.payment_terms)
        terms = terms or self._default
        if terms is None:
            reason = "missing, and no payment terms: set those of the customer, of the file or of the company"
            raise CellFault("due_on", "", reason)
        return terms

    def compare(self) -> None:
        """Compare everything with the ledger."""
        known = known_invoices(self._connection, self._company.id, list(self._owed))
        self._recorded = known_credits(self._connection, self._company.id, list(self._credits))
        for credit in self._credits.values():
            if credit.is_credit_note and len(credit.about) == 1:
                self._credited.setdefault(credit.about[0], []).append(credit)
        for owed in self._owed.values():
            found = known.get(owed.number)
            if found is None:
                self._new(owed)
            else:
                self._known(owed, found)
        self._settle_credits(known)
        if self._options.full:
            self._missing()

    def _new(self, owed: _Owed) -> None:
        if owed.open <= 0:
            self._report.passed_over.add(f"{owed.item.place}: {owed.number} is paid: not entered")
            return
        item = owed.item
        known = self._customers.get(owed.customer)
        name = known.name if known else self._new_names.setdefault(owed.customer, item.name or owed.customer)
        cells = [""] * len(COLUMNS)
        for column, value in (
            ("company", self._company.ref),
            ("invoice", owed.number),
            ("customer", owed.customer),
            ("customer_name", name),
            ("issued_on", item.issued_on.isoformat()),
            ("due_on", owed.due_on.isoformat()),
            ("amount", f"{owed.total:f}"),
            ("currency", owed.currency),
            ("country", known.country if known else item.party.country or ""),
            ("timezone", (known.zone if known else "") or ""),
            ("accounting_email", item.party.email or ""),
            ("order_ref", item.order_ref or ""),
            ("paid", f"{owed.total - owed.open:f}" if owed.total > owed.open else ""),
        ):
            cells[_PLACE[column]] = value
        try:
            row = self._parser.parse(Record(0, cells))
        except CellFault as fault:
            self._refuse(item, fault.reason, fault.field)
            return
        if row is None:
            return
        self.plan.rows.append(row)
        self._report.new += 1
        if item.party.registration and known is None:
            self.plan.registrations[owed.customer] = item.party.registration
        if owed.number != item.number:
            self.plan.parts[owed.number] = item.number
        self._warn(item, owed.due_on)

    def _warn(self, item: OpenItem, due_on: date) -> None:
        buyer = Buyer(item.extra["buyer"]) if "buyer" in item.extra else Buyer.COMPANY
        warning = too_long(item.issued_on, due_on, self._company.country, buyer)
        if warning is not None:
            self._report.warnings.add(f"{item.place}: {item.number}: {warning}")

    def _known(self, owed: _Owed, found: KnownInvoice) -> None:
        item = owed.item
        if owed.customer != found.customer:
            self._refuse(
                item,
                f"conflict: {owed.number} is of {found.customer} in the ledger, {owed.customer} here",
                "customer",
            )
            return
        if owed.currency != found.currency:
            self._refuse(
                item,
                f"conflict: {owed.number} is in {found.currency} in the ledger, {owed.currency} here",
                "currency",
            )
            return
        told: dict[str, object] = {}
        if item.firm:
            if owed.told_due and owed.due_on != found.due_on:
                told["due_on"] = owed.due_on
            if owed.told_due and item.issued_on != found.issued_on:
                told["issued_on"] = item.issued_on
            if item.total is not None and owed.total != found.total:
                told["total"] = owed.total
        if item.order_ref and item.order_ref != found.order_ref:
            told["order_ref"] = item.order_ref
        if told and item.issued_on > owed.due_on:
            self._refuse(item, f"{owed.due_on} lies before the issue date {item.issued_on}", "due_on")
            return
        left = found.left + (owed.total - found.total if "total" in told else _ZERO)
        # A credit note that the file still lists lessens the invoice there as it does here.
        listed = self._credited.get(owed.number, ())
        still = max(owed.open - sum((credit.amount for credit in listed), _ZERO), _ZERO)
        left -= sum((c.amount for c in listed if (c.number, owed.number) not in self._recorded), _ZERO)
        if told:
            self.plan.changes.append(Change(owed.number, InvoiceChanged.model_validate(told)))
            before = {name: getattr(found, name) for name in told}
            shown = "; ".join(
                f"{name} {_shown(before[name])} -> {_shown(value)}" for name, value in told.items()
            )
            self._report.changed.add(f"{owed.number}: {shown}")
        if still < left:
            self._report.lower.add(f"{owed.number}: {still} open in the file, {_shown(left)} here")
            if self._options.settle:
                self.plan.settlements.append(Settlement(owed.number, left - still, owed.currency, still))
        elif still > left:
            self._report.higher.add(
                f"{owed.number}: {still} open in the file, {_shown(max(left, _ZERO))} here"
            )
        elif not told:
            self._report.unchanged += 1

    def _settle_credits(self, known: Mapping[str, KnownInvoice]) -> None:
        named = [number for credit in self._credits.values() for number in credit.about]
        ledger = known_invoices(self._connection, self._company.id, [n for n in named if n not in known])
        numbers = {row.invoice for row in self.plan.rows} | known.keys() | ledger.keys()
        loose: dict[tuple[str, str], list[Credit]] = {}
        for credit in self._credits.values():
            about = [number for number in credit.about if number in numbers]
            if credit.is_credit_note and len(credit.about) == 1 and about:
                if (credit.number, about[0]) not in self._recorded:
                    self.plan.credits.append((credit, about[0]))
                    self._report.credited += 1
                continue
            currency = credit.currency or self._options.currency
            loose.setdefault((self._customer(credit), currency), []).append(credit)
        if self._options.settle:
            self._keep(loose)
            return
        for (customer, currency), credits in loose.items():
            for credit in credits:
                self._loose(credit, customer, currency, "set against no invoice")

    def _loose(self, credit: Credit, customer: str, currency: str, why: str) -> None:
        what = "credit note" if credit.is_credit_note else "credit or payment"
        self._report.credits.add(
            f"{credit.place}: {what} {credit.number} of {customer}: {credit.amount} {currency}, {why}"
        )

    def _keep(self, loose: Mapping[tuple[str, str], Sequence[Credit]]) -> None:
        kept: dict[tuple[str, str], list[KnownCredit]] = {}
        for each in kept_credits(self._connection, self._company.id):
            kept.setdefault((each.customer, each.currency), []).append(each)
        debtors = self._customers.keys() | {row.customer for row in self.plan.rows}
        today = self._today(business_calendar(self._company.country, self._company.zone))
        for customer, currency in sorted({*loose, *kept}):
            listed = loose.get((customer, currency), ())
            if customer not in debtors:
                for credit in listed:
                    self._loose(credit, customer, currency, "of a customer who owes nothing here")
                continue
            before = kept.get((customer, currency), ())
            found = credit_of(customer, currency, listed, before, full=self._options.full, today=today)
            if found is not None:
                self.plan.kept.append(found)
                self._report.kept.add(f"{customer}: {_shown(found.had)} -> {_shown(found.now)} {currency}")

    def _missing(self) -> None:
        for number, customer, owed, currency in open_invoices(self._connection, self._company.id):
            if number not in self._owed and number not in self._items:
                self._report.missing.add(f"{number} of {customer}: {_shown(owed)} {currency} open here")


def _shown(value: object) -> str:
    if isinstance(value, Decimal):
        return (
            f"{value.quantize(Decimal('0.01'))}"
            if value == value.quantize(Decimal("0.01"))
            else f"{value.normalize():f}"
        )
    return str(value) if value is not None else "nothing"
