"""What lateness costs, invoice by invoice, as a computation that can be checked with pencil and paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlmodel import Session

from activities.late_charges import Charge, charges_of, terms_of
from activities.store.late import read_late
from activities.store.load import LoadedCase, load_case, load_customer
from activities.store.rates import rate_table
from activities.store.records import CompanyRecord, CustomerRecord
from admin.queries.case import case_of_number
from admin.queries.customer import customer_of_ref
from admin.queries.models import Amount, Answer
from rules.calendar import business_calendar
from rules.interest import Imputation, floor_warning, half_name, shown_percent


class InterestLineRow(Answer):
    """Days of one rate on one amount; both ends included. `interest` is not rounded yet: four decimals."""

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
    warning: Annotated[
        str | None,
        Field(description="What the law has against the agreed rate: the article, and both numbers"),
    ]
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
    imputation: Imputation | None = None,
) -> InterestPage:
    """Of one invoice, open or closed; up to today at the customer's where no day is given.

    Raises:
        NotFound: the company has no such invoice.
    """
    found = case_of_number(session, company_id, company, number)
    case = load_case(session, found.invoice_id, now)
    return _page(session, company, [case], (case.company, case.customer_row), now, until, imputation)


def interest_of_customer(
    session: Session,
    company_id: UUID,
    company: str,
    ref: str,
    now: datetime,
    until: date | None = None,
    imputation: Imputation | None = None,
) -> InterestPage:
    """Of a customer's open invoices; as `interest_of_case`.

    Raises:
        NotFound: the company has no such customer.
    """
    loaded = load_customer(session, customer_of_ref(session, company_id, company, ref).id, now)
    return _page(session, company, loaded.cases, (loaded.company, loaded.row), now, until, imputation)


def rates_known(session: Session) -> RatesPage:
    """Every reference rate, shipped or entered."""
    return RatesPage(
        items=[
            RateRow(
                series=rate.series,
                half_year=half_name(rate.first),
                percent=shown_percent(rate.percent),
                source=rate.source,
            )
            for rate in rate_table(session).all()
        ]
    )


def _page(
    session: Session,
    company: str,
    cases: Sequence[LoadedCase],
    parties: tuple[CompanyRecord, CustomerRecord],
    now: datetime,
    until: date | None,
    imputation: Imputation | None,
) -> InterestPage:
    terms, customer = terms_of(*parties), parties[1]
    day = until or business_calendar(customer.country, customer.zone).local_day(now)
    late = read_late(session, [case.invoice.id for case in cases])
    charges = charges_of(late, cases, day, now, imputation)
    items = [] if charges is None else [_item(number, each, day) for number, each in charges.of.items()]
    totals: dict[str, Decimal] = {}
    for item in items:
        if item.interest is not None:
            totals[item.currency] = totals.get(item.currency, Decimal(0)) + item.interest
    for currency in {item.currency for item in items if item.interest is None}:
        totals.pop(currency, None)
    return InterestPage(
        company=company,
        customer=customer.ref,
        until=day,
        law=terms.law.code if terms.law else None,
        source=terms.law.source if terms.law else None,
        interest_mode=terms.mode,
        agreed_rate=None if terms.late_rate is None else shown_percent(terms.late_rate),
        warning=None
        if terms.late_rate is None or terms.law is None
        else floor_warning(terms.late_rate, terms.law, late.rates, day),
        payments_go_first_to=imputation or terms.imputation,
        fixed_sum_currency=terms.law.tiers_currency if terms.law else None,
        invoices=items,
        totals=totals,
    )


def _item(number: str, charge: Charge, until: date) -> InvoiceInterest:
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
                percent=shown_percent(line.percent),
                interest=line.shown,
            )
            for line in (found.lines if found else ())
        ],
        interest=found.amount if found else None,
        paid_to_interest=found.paid if found else Decimal(0),
        fixed_sum=charge.fixed,
        refused=None if charge.missing is None else str(charge.missing),
    )
