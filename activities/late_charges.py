"""What lateness costs a customer on top of its invoices: interest to a day, and fixed sums, by law.

Read by letters, by the command and by the API alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from activities.jurisdiction import PUBLIC_SEGMENTS
from activities.store.late import Late
from activities.store.load import LoadedCase
from activities.store.records import CompanyRecord, CustomerRecord
from models.tables import Company, Customer
from rules.interest import (
    Debt,
    Imputation,
    Interest,
    Jurisdiction,
    MissingRate,
    Mode,
    fixed_sum,
    interest,
    jurisdiction_for,
)
from rules.ledger import balance
from rules.money import round_money

_DEMANDING: Final = ("formal_notice", "notice_copy")
_FIRM: Final = ("firm_reminder", "email_instead_of_sms", "statement_companion")

_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which law a customer is late, and what it hears of that.

    :param law: None where it depends on a contract nobody told us of.
    :param late_rate: the agreed rate, percent a year, if there is one and the law leaves it to the parties.
    :param imputation: what payments go to first.
    """

    law: Jurisdiction | None
    mode: Mode
    late_rate: Decimal | None
    imputation: Imputation


@dataclass(frozen=True, slots=True)
class Charge:
    """Of one invoice: its debt, its interest (None: `missing` is not known), its fixed sum.

    The fixed sum is in the law's currency.
    """

    debt: Debt
    interest: Interest | None
    fixed: Decimal
    missing: MissingRate | None = None


@dataclass(frozen=True, slots=True)
class Charges:
    """Of several invoices, by number, on one day. `missing` is the first rate that was not known."""

    terms: Terms
    law: Jurisdiction
    of: Mapping[str, Charge]
    missing: MissingRate | None


def terms_of(company: CompanyRecord | Company, customer: CustomerRecord | Customer) -> Terms:
    """What applies between a creditor and a customer; the customer's own settings go first."""
    law = jurisdiction_for(
        company.country,
        customer.country,
        public=customer.segment in PUBLIC_SEGMENTS,
        agreed=customer.late_law,
    )
    agreed = customer.late_rate if customer.late_rate is not None else company.late_rate
    return Terms(
        law,
        Mode(customer.interest or company.interest or Mode.ANNOUNCED),
        None if law is not None and law.fixed_rate else agreed,
        Imputation(company.imputation or Imputation.PRINCIPAL),
    )


def reckons(template: str, mode: Mode) -> bool:
    """Whether a message gives sums: the notice and its copy do, firm reminders where they are claimed."""
    if mode is Mode.SILENT:
        return False
    return template in _DEMANDING or (mode is Mode.CLAIMED and template in _FIRM)


def charges_of(
    late: Late,
    cases: Iterable[LoadedCase],
    until: date,
    now: datetime,
    imputation: Imputation | None = None,
) -> Charges | None:
    """Reckon the invoices of one customer that were late on `until`; None where no law is known to apply.

    Args:
        late: what the ledger holds of them for this.
        cases: the customer's, open or closed.
        until: the last day reckoned, the customer's local one.
        now: business time: what is disputed now is left out of the principal.
        imputation: what payments go to first, in the place of the company's setting.
    """
    chosen = list(cases)
    if not chosen:
        return None
    terms = terms_of(chosen[0].company, chosen[0].customer_row)
    if terms.law is None:
        return None
    found: dict[str, Charge] = {}
    missing: MissingRate | None = None
    for case in chosen:
        if case.invoice.due_on >= until:
            continue
        debt = _debt(case, terms, late, now)
        owed, unknown = None, None
        try:
            owed = interest(debt, terms.law, late.rates, until, imputation or terms.imputation)
        except MissingRate as error:
            unknown, missing = error, missing or error
        fixed = round_money(fixed_sum(debt, terms.law), terms.law.tiers_currency)
        found[case.invoice.number] = Charge(debt, owed, fixed, unknown)
    return Charges(terms, terms.law, found, missing)


def _debt(case: LoadedCase, terms: Terms, late: Late, now: datetime) -> Debt:
    """The invoice in the light of its lateness: what was credited was never owed, and bears nothing."""
    currency = case.facts.currency
    credited = late.credited.get(case.invoice.id, _NOTHING)
    principal = case.facts.total - credited - balance(case.facts, now).disputed
    return Debt(
        principal=round_money(max(principal, _NOTHING), currency),
        currency=currency,
        due_on=case.invoice.due_on,
        received=late.received.get(case.invoice.id, ()),
        contractual=terms.late_rate,
        stops_on=case.customer_row.insolvency_on,
    )
