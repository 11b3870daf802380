"""What lateness costs, invoice by invoice, as a computation that can be checked with pencil and paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlmodel import Session

from activities.late_charges import Charge, Charges, charges_of
from activities.store.load import LoadedCase, load_case, load_customer
from activities.store.rates import rate_table
from admin.queries.case import case_of_number
from admin.queries.customer import customer_id_of
from admin.queries.models import Amount, Answer
from rules.interest import Imputation, Mode


class InterestLineRow(Answer):
    """Days of one rate on one amount; both ends included. `interest` is shown to four decimals."""

    first: date
    last: date
    days: int
    base: Amount
    percent: Annotated[Decimal, Field(description="A year, over 365 days", examples=["12.15"])]
    interest: Annotated[Decimal, Field(examples=["12.7396"])]


class InvoiceInterest(Answer):
    """One invoice's interest and fixed sum; `refused` says why there is no interest."""

    invoice: Annotated[str, Field(examples=["FA-1001"])]
    currency: Annotated[str, Field(examples=["EUR"])]
    principal: Annotated[Decimal, Field(description="Less what is contested", examples=["1234.56"])]
    principal_left: Amount
    due_on: date
    days_late: int
    lines: list[InterestLineRow]
    interest: Annotated[Decimal | None, Field(description="Rounded once, half up", examples=["113.13"])]
    paid_to_interest: Amount
    fixed_sum: Annotated[Decimal, Field(description="In `fixed_sum_currency`", examples=["40.00"])]
    refused: Annotated[
        str | None,
        Field(
            examples=["the ECB's main refinancing rate for the first half of 2027 is not known (series ecb)"]
        ),
    ]


class InterestPage(Answer):
    """A computation up to and with a day. Without a law that is known to apply, it has no invoice."""

    company: Annotated[str, Field(examples=["brunet"])]
    customer: Annotated[str, Field(examples=["C-101"])]
    until: date
    law: Annotated[str | None, Field(examples=["FR"])]
    source: Annotated[str | None, Field(examples=["Code de commerce L441-10 II, D441-5"])]
    interest_mode: Annotated[str, Field(description="What the customer hears of it", examples=["announced"])]
    agreed_rate: Annotated[Decimal | None, Field(description="Percent a year; absent: the law's own")]
    payments_go_first_to: Annotated[str, Field(examples=["principal"])]
    fixed_sum_currency: str | None
    invoices: list[InvoiceInterest]
    totals: Annotated[dict[str, Decimal], Field(description="Interest by currency, where all of it is known")]


class RateRow(Answer):
    """A half-year's reference rate."""

    series: Annotated[str, Field(examples=["ecb"])]
    half_year: Annotated[str, Field(examples=["2026-2"])]
    percent: Annotated[Decimal, Field(examples=["2.40"])]
    source: str


class RatesPage(Answer):
    """Every rate that is known, by series, latest first."""

    items: list[RateRow]


def interest_of_case(
    session: Session,
    company_id: UUID,
    company: str,
    number: str,
    now: datetime,
    until: date | None = None,
    imputation: Imputation = Imputation.PRINCIPAL,
) -> InterestPage:
    """Of one invoice, open or closed; up to today at the customer's where no day is given.

    Raises:
        NotFound: the company has no such invoice.
    """
    found = case_of_number(session, company_id, company, number)
    return _page(session, company, [load_case(session, found.invoice_id, now)], now, until, imputation)


def interest_of_customer(
    session: Session,
    company_id: UUID,
    company: str,
    ref: str,
    now: datetime,
    until: date | None = None,
    imputation: Imputation = Imputation.PRINCIPAL,
) -> InterestPage:
    """Of a customer's open invoices; as `interest_of_case`.

    Raises:
        NotFound: the company has no such customer.
    """
    customer_id, calendar = customer_id_of(session, company_id, company, ref)
    cases = load_customer(session, customer_id, now).cases
    if cases:
        return _page(session, company, cases, now, until, imputation)
    return InterestPage(
        company=company,
        customer=ref,
        until=until or calendar.local_day(now),
        law=None,
        source=None,
        interest_mode=Mode.ANNOUNCED,
        agreed_rate=None,
        payments_go_first_to=imputation,
        fixed_sum_currency=None,
        invoices=[],
        totals={},
    )


def rates_known(session: Session) -> RatesPage:
    """Every reference rate, shipped or entered."""
    return RatesPage(
        items=[
            RateRow(
                series=rate.series,
                half_year=f"{rate.first.year}-{1 if rate.first.month == 1 else 2}",
                percent=rate.percent,
                source=rate.source,
            )
            for rate in rate_table(session).all()
        ]
    )


def _page(
    session: Session,
    company: str,
    cases: Sequence[LoadedCase],
    now: datetime,
    until: date | None,
    imputation: Imputation,
) -> InterestPage:
    lead = cases[0]
    day = until or lead.customer.calendar.local_day(now)
    charges = charges_of(session, cases, day, now, imputation)
    items = (
        [] if charges is None else [_item(number, each, charges, day) for number, each in charges.of.items()]
    )
    totals: dict[str, Decimal] = {}
    for item in items:
        if item.interest is not None:
            totals[item.currency] = totals.get(item.currency, Decimal(0)) + item.interest
    for currency in {item.currency for item in items if item.interest is None}:
        totals.pop(currency, None)
    return InterestPage(
        company=company,
        customer=lead.customer_row.ref,
        until=day,
        law=charges.law.code if charges else None,
        source=charges.law.source if charges else None,
        interest_mode=(charges.terms.mode if charges else Mode.ANNOUNCED),
        agreed_rate=charges.terms.late_rate if charges else None,
        payments_go_first_to=imputation,
        fixed_sum_currency=charges.law.tiers_currency if charges else None,
        invoices=items,
        totals=totals,
    )


def _item(number: str, charge: Charge, charges: Charges, until: date) -> InvoiceInterest:
    found, debt = charge.interest, charge.debt
    return InvoiceInterest(
        invoice=number,
        currency=debt.currency,
        principal=debt.principal,
        principal_left=found.principal if found else debt.principal - sum(r.amount for r in debt.received),
        due_on=debt.due_on,
        days_late=(until - debt.due_on).days,
        lines=[
            InterestLineRow(
                first=line.first,
                last=line.last,
                days=line.days,
                base=line.base,
                percent=line.percent,
                interest=line.shown,
            )
            for line in (found.lines if found else ())
        ],
        interest=found.amount if found else None,
        paid_to_interest=found.paid if found else Decimal(0),
        fixed_sum=charge.fixed,
        refused=None if found else str(charges.missing),
    )
