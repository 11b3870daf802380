"""The statement in every message: what is due, coming, disputed and in credit, one section a currency."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlmodel import Session

from activities.late_charges import Charges, charges_of, reckons, terms_of
from activities.rendering import Line, Section
from activities.rendering.context import Credit
from activities.store.credits import Unallocated
from activities.store.load import LoadedCase, LoadedCustomer, LoadedToWrite
from activities.store.rates import ask_for_rate
from rules.decide import Decision, State
from rules.facts import Tone
from rules.ledger import balance


class Statement:
    """A customer's open items, as a message shows them on the day of `now`."""

    def __init__(
        self,
        loaded: LoadedCustomer,
        credits: Sequence[Unallocated],
        decisions: Sequence[Decision],
        now: datetime,
    ) -> None:
        self._loaded = loaded
        self._now = now
        self.today: date = loaded.customer.calendar.local_day(now)
        self._unallocated = credits
        self._decisions = {case.facts.invoice: d for case, d in zip(loaded.cases, decisions, strict=True)}

    def sections(self, acted: set[str]) -> tuple[Section, ...]:
        """One section per currency; what a promise, a claim or a pause covers is not asked for: left out."""
        blocks: dict[str, dict[str, list[Line]]] = defaultdict(lambda: defaultdict(list))
        for case in self._loaded.cases:
            decision = self._decisions[case.facts.invoice]
            if decision.state is State.PAUSED and decision.paused_by != "dispute":
                continue
            line = self._line(case, case.facts.invoice in acted)
            block = blocks[case.facts.currency]
            if line.chaseable > 0:
                block["due" if line.days_late > 0 else "coming"].append(line)
            if line.disputed > 0:
                block["disputed"].append(line)
        credits = self._credits()
        return tuple(
            Section.of(
                currency,
                due=tuple(blocks[currency]["due"]),
                coming=tuple(blocks[currency]["coming"]),
                disputed=tuple(blocks[currency]["disputed"]),
                credits=tuple(credits[currency]),
            )
            for currency in sorted({*blocks, *credits})
        )

    def _line(self, case: LoadedCase, acted: bool) -> Line:
        owed = balance(case.facts, self._now)
        reminded = [d.on for d in case.facts.done if d.tone is not Tone.STATEMENT]
        return Line(
            invoice=case.invoice.number,
            order_ref=case.invoice.order_ref,
            issued_on=case.invoice.issued_on,
            due_on=case.invoice.due_on,
            total=case.facts.total,
            outstanding=owed.outstanding,
            disputed=owed.disputed,
            days_late=(self.today - case.invoice.due_on).days,
            acted=acted,
            reminded_on=max(reminded, default=None),
            chaseable=owed.chaseable,
        )

    def _credits(self) -> dict[str, list[Credit]]:
        found: dict[str, list[Credit]] = defaultdict(list)
        for credit in self._unallocated:
            found[credit.currency].append(Credit(credit.reference, credit.dated, credit.amount))
        return found


def with_what_is_borne(
    session: Session, loaded: LoadedToWrite, sections: tuple[Section, ...], template: str, now: datetime
) -> tuple[Section, ...]:
    """The sections, each late item with its interest and fixed sum, where this message reckons them.

    Without one rate all go without interest, for a total that lacks some of it would be wrong: the message
    then announces it without its sum, and somebody is asked for the rate.

    Args:
        session: the transaction.
        loaded: the customer.
        sections: what the message shows.
        template: the message.
        now: business time.
    """
    if not reckons(template, terms_of(loaded.company, loaded.row).mode):
        return sections
    charges = charges_of(loaded.outreach.late, loaded.cases, loaded.customer.calendar.local_day(now), now)
    if charges is None:
        return sections
    if charges.missing is not None:
        ask_for_rate(session, loaded.company, charges.missing, now)
    return tuple(
        replace(section, due=tuple(_charged(line, section.currency, charges) for line in section.due))
        for section in sections
    )


def _charged(line: Line, currency: str, charges: Charges) -> Line:
    charge = charges.of.get(line.invoice)
    if charge is None:
        return line
    tiers = charges.law.one_sum is None and currency == charges.law.tiers_currency
    return replace(
        line,
        interest=charge.interest.owed if charge.interest and charges.missing is None else None,
        fixed_sum=charge.fixed if tiers else None,
    )
