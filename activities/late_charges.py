"""What lateness costs a customer on top of its invoices: interest to a day, and fixed sums, by law.

Read by letters, by the command and by the API alike. What the ledger's loading leaves out is read here: the
days on which money came, which count for interest, where decisions go by when it was known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlmodel import Session

from activities.jurisdiction import PUBLIC_SEGMENTS
from activities.store.load import LoadedCase
from activities.store.rates import rate_table
from activities.store.records import CompanyRecord, CustomerRecord
from activities.store.sql import run
from models.tables import Company, Customer
from rules.interest import (
    Debt,
    Imputation,
    Interest,
    Jurisdiction,
    MissingRate,
    Mode,
    Received,
    fixed_sum,
    interest,
    jurisdiction_for,
)
from rules.ledger import balance
from rules.money import round_money

_DEMANDING: Final = ("formal_notice", "notice_copy")
_FIRM: Final = ("firm_reminder", "email_instead_of_sms", "statement_companion")

_RECEIVED: Final = """
    SELECT invoice_id, received_on AS day, amount
      FROM payment
     WHERE invoice_id = ANY (%(invoices)s::uuid[]) AND reversed_at IS NULL
     UNION ALL
    SELECT invoice_id, issued_on, amount
      FROM credit_note
     WHERE invoice_id = ANY (%(invoices)s::uuid[])
     ORDER BY day
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which law a customer is late, and what it hears of that.

    :param law: None where it depends on a contract nobody told us of.
    :param late_rate: the agreed rate, percent a year, if there is one.
    """

    law: Jurisdiction | None
    mode: Mode
    late_rate: Decimal | None


@dataclass(frozen=True, slots=True)
class Charge:
    """Of one invoice: its debt, the interest (None: a rate is missing), the fixed sum (law's currency)."""

    debt: Debt
    interest: Interest | None
    fixed: Decimal


@dataclass(frozen=True, slots=True)
class Charges:
    """Of several invoices, by number, on one day. `missing` is the first rate that was not known."""

    terms: Terms
    law: Jurisdiction
    of: Mapping[str, Charge]
    missing: MissingRate | None


def terms_of(company: CompanyRecord | Company, customer: CustomerRecord | Customer) -> Terms:
    """What applies between a creditor and a customer; the customer's own settings go first."""
    return Terms(
        jurisdiction_for(company.country, customer.country, public=customer.segment in PUBLIC_SEGMENTS),
        Mode(customer.interest or company.interest or Mode.ANNOUNCED),
        customer.late_rate if customer.late_rate is not None else company.late_rate,
    )


def reckons(template: str, mode: Mode) -> bool:
    """Whether a message gives sums: the notice and its copy do, firm reminders where they are claimed."""
    if mode is Mode.SILENT:
        return False
    return template in _DEMANDING or (mode is Mode.CLAIMED and template in _FIRM)


def charges_of(
    session: Session,
    cases: Iterable[LoadedCase],
    until: date,
    now: datetime,
    imputation: Imputation = Imputation.PRINCIPAL,
) -> Charges | None:
    """Reckon the invoices of one customer that were late on `until`; None where no law is known to apply.

    Args:
        session: the transaction.
        cases: the customer's, open or closed.
        until: the last day reckoned, the customer's local one.
        now: business time: what is disputed now is left out of the principal.
        imputation: what payments go to first.
    """
    chosen = list(cases)
    if not chosen:
        return None
    terms = terms_of(chosen[0].company, chosen[0].customer_row)
    if terms.law is None:
        return None
    received = _received(session, [case.invoice.id for case in chosen])
    rates = rate_table(session)
    found: dict[str, Charge] = {}
    missing: MissingRate | None = None
    for case in chosen:
        if case.invoice.due_on >= until:
            continue
        debt = _debt(case, terms, received[case.invoice.id], now)
        try:
            owed = interest(debt, terms.law, rates, until, imputation)
        except MissingRate as error:
            owed, missing = None, missing or error
        found[case.invoice.number] = Charge(debt, owed, fixed_sum(debt, terms.law))
    return Charges(terms, terms.law, found, missing)


def _debt(case: LoadedCase, terms: Terms, received: tuple[Received, ...], now: datetime) -> Debt:
    return Debt(
        principal=case.facts.total - balance(case.facts, now).disputed,
        currency=case.facts.currency,
        due_on=case.invoice.due_on,
        received=tuple(Received(each.on, round_money(each.amount, case.facts.currency)) for each in received),
        contractual=terms.late_rate,
        stops_on=case.customer_row.insolvency_on,
    )


def _received(session: Session, invoices: list[UUID]) -> Mapping[UUID, tuple[Received, ...]]:
    found: dict[UUID, list[Received]] = defaultdict(list)
    for row in run(session, _RECEIVED, invoices=invoices):
        found[row.invoice_id].append(Received(row.day, row.amount))
    return defaultdict(tuple, {invoice: tuple(each) for invoice, each in found.items()})
