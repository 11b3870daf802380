"""The desk's part about interest: computations to print, and reference rates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from activities.installation import who_runs
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from activities.store.rates import enter_rate
from admin.desk import Desk
from admin.queries.interest import (
    InterestPage,
    InvoiceInterest,
    RatesPage,
    interest_of_case,
    interest_of_customer,
    rates_known,
)
from admin.queries.reading import snapshot
from models.tables import AuditEvent
from rules.interest import Imputation, Series, shown_percent
from rules.interest.rates import half_year_named, percent


class InterestDesk(Desk):
    """One installation, as the commands about interest see it."""

    def rates(self) -> RatesPage:
        """Every rate that is known."""
        with snapshot(self._engine) as session:
            return rates_known(session)

    def add_rate(self, series: str, half: str, rate: str, source: str) -> str:
        """Enter a half-year's rate.

        Raises:
            ValueError: one of them is written otherwise than it must be.
            InvalidFact: the half-year has not begun, or no source is given.
        """
        if series not in list(Series):
            raise ValueError(f"no series {series!r}: expected one of {', '.join(Series)}")
        first, value = half_year_named(half), percent(rate)
        now = self._clock.now()
        with transaction(self._engine) as session:
            before = enter_rate(session, Series(series), first, value, source, now, who_runs())
            session.add(
                AuditEvent(
                    at=now,
                    who=who_runs(),
                    what="reference_rate",
                    detail={
                        "series": series,
                        "half_year": half,
                        "percent": str(value),
                        "before": None if before is None else str(before),
                        "source": source,
                    },
                )
            )
        was = "" if before is None else f" (it was {shown_percent(before)} %)"
        return f"{Series(series).full_name}, {half}: {value} %{was}"

    def interest(
        self,
        company: str,
        *,
        invoice: str | None,
        customer: str | None,
        until: date | None,
        imputation: Imputation | None,
    ) -> InterestPage:
        """The computation for one invoice, or for a customer's open ones.

        Raises:
            NotFound: the ledger has no such company, invoice or customer.
        """
        with snapshot(self._engine) as session:
            row = company_by_ref(session, company)
            now = self._clock.now()
            if invoice is not None:
                return interest_of_case(session, row.id, company, invoice, now, until, imputation)
            return interest_of_customer(session, row.id, company, customer or "", now, until, imputation)


def printed(page: InterestPage) -> Iterator[str]:
    """A computation as lines of text, to be checked by hand."""
    if page.law is None:
        yield (
            f"{page.customer}: no law is known here to apply between these countries, "
            "or nothing is open: interest depends on the contract"
        )
        return
    rate = "the law's rate" if page.agreed_rate is None else f"the agreed rate, {page.agreed_rate} % a year"
    yield f"{page.customer}, interest up to {page.until} under {page.law} law ({page.source}); {rate}"
    if page.warning is not None:
        yield f"warning: {page.warning}"
    yield f"payments go to {page.payments_go_first_to} first; in letters: {page.interest_mode}"
    for item in page.invoices:
        yield ""
        yield from _invoice(item, page.fixed_sum_currency or "")
    for currency, total in sorted(page.totals.items()):
        yield ""
        yield f"interest in all: {total:,} {currency}"


def _invoice(item: InvoiceInterest, currency: str) -> Iterator[str]:
    owed = f"{item.principal:,} {item.currency}"
    yield f"{item.invoice}: {owed} due on {item.due_on}, {item.days_late} days late"
    if item.refused is not None:
        yield f"  refused: {item.refused}"
    elif item.lines:
        yield f"  {'from':10}  {'to':10}  {'days':>4}  {'on':>14}  {'% a year':>8}  {'interest':>12}"
        for line in item.lines:
            yield (
                f"  {line.first}  {line.last}  {line.days:>4}  {line.base:>14,}  {line.percent:>8}"
                f"  {line.interest:>12,}"
            )
        yield f"  interest {item.interest:,} {item.currency}; principal left {item.principal_left:,}"
        if item.paid_to_interest:
            yield f"  of which paid already: {item.paid_to_interest:,}"
    yield f"  fixed sum for recovery costs: {item.fixed_sum:,} {currency}"
