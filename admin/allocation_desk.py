"""The desk's part about bank lines: what is open, and what a person says they pay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from sqlalchemy import String, cast
from sqlmodel import Session, col, select

from activities.installation import who_runs
from activities.matching import allocate
from activities.store.bank_returned import TakesBack, settle_by_hand
from activities.store.discount import set_discount
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from admin.desk import Desk
from admin.queries.bank_lines import BankLineFilter, BankLineRow, bank_lines
from admin.queries.reading import snapshot
from models.errors import Conflict, InvalidFact, NotFound
from models.tables import BankLine, Company
from models.tables.words import BankLineState

_ALL: Final = 100


class AllocationDesk(Desk):
    """One installation, as the commands about bank lines see it."""

    def lines(self, company: str, state: BankLineState | None) -> Iterator[str]:
        """The lines of a company, the latest first, in words; all pages."""
        with snapshot(self._engine) as session:
            row = company_by_ref(session, company)
            after: str | None = None
            while True:
                page = bank_lines(session, row.id, BankLineFilter(limit=200, after=after, state=state))
                for line in page.items:
                    yield from _words(line)
                after = page.next
                if after is None:
                    return

    def allocate(self, line: str, parts: Sequence[str], customer: str | None) -> str:
        """Say what a line pays: `INVOICE=AMOUNT` for each part.

        Raises:
            NotFound: no such line, invoice or customer.
            Conflict: several lines begin so.
            InvalidFact: a part that cannot be.
        """
        amounts = dict(_part(text) for text in parts)
        if len(amounts) != len(parts):
            raise InvalidFact("INVOICE=AMOUNT: an invoice is named twice")
        with transaction(self._engine) as session:
            found = _line(session, line)
            company = session.get_one(Company, found.company_id)
            row, notes = allocate(
                session,
                company,
                found.id,
                amounts,
                now=self._clock.now(),
                who=who_runs(),
                customer_ref=customer,
            )
            (told,) = bank_lines(session, company.id, BankLineFilter(), row.id).items
        self.deliver(notes)
        return "\n".join(_words(told))

    def took_back(
        self, line: str, paid: str | None, invoice: str | None, payment: str | None, elsewhere: str | None
    ) -> str:
        """Say what a return takes back: a line before it, a payment of an invoice, or nothing here.

        Raises:
            NotFound: no such line, invoice or payment.
            Conflict: several lines begin so.
            WrongState: it is settled already.
            InvalidFact: not one of the three, or not the same money.
        """
        with transaction(self._engine) as session:
            found = _line(session, line)
            company = session.get_one(Company, found.company_id)
            told = TakesBack(
                line=None if paid is None else _line(session, paid).id,
                invoice=invoice,
                payment_event_id=payment,
                elsewhere=elsewhere,
            )
            row, notes = settle_by_hand(
                session, company, found.id, told, now=self._clock.now(), who=who_runs()
            )
            (shown,) = bank_lines(session, company.id, BankLineFilter(), row.id).items
        self.deliver(notes)
        return "\n".join(_words(shown))

    def discount(self, company: str, number: str, percent: str | None, until: date | None) -> str:
        """Grant a discount for paying early, or take it away.

        Raises:
            NotFound: no such invoice.
            InvalidFact: the percent or the day cannot be.
        """
        value: Decimal | None = None
        if percent is not None:
            try:
                value = Decimal(percent)
            except InvalidOperation:
                raise InvalidFact(f"{percent!r}: write 2.00 for 2 %") from None
            if not 0 < value < _ALL or value != round(value, 2):
                raise InvalidFact(f"{percent}: between 0 and 100, two decimals at most")
        with transaction(self._engine) as session:
            invoice = set_discount(session, company, number, value, until, self._clock.now(), who_runs())
            if invoice.discount_percent is None:
                return f"{number}: no discount for paying early"
            return f"{number}: {invoice.discount_percent} % less if paid by {invoice.discount_until}"


def _line(session: Session, beginning: str) -> BankLine:
    found = session.exec(
        select(BankLine).where(cast(col(BankLine.id), String).startswith(beginning.lower())).limit(2)
    ).all()
    if not found:
        raise NotFound(f"no bank line {beginning!r}")
    if len(found) > 1:
        raise Conflict(f"several bank lines begin with {beginning!r}: give more of it")
    return found[0]


def _part(text: str) -> tuple[str, Decimal]:
    number, sign, amount = text.rpartition("=")
    if not sign or not number:
        raise InvalidFact(f"{text!r}: write INVOICE=AMOUNT, as FA-1001=120.00")
    try:
        return number, Decimal(amount)
    except InvalidOperation:
        raise InvalidFact(f"{text!r}: {amount!r} is not an amount; write 120.00") from None


def _words(line: BankLineRow) -> Iterator[str]:
    who = line.payer_name or line.payer_iban or "payer not named"
    yield (
        f"{str(line.id)[:8]}  {line.booked_on}  {line.direction:3} {line.amount:>14,.2f} {line.currency}  "
        f"{line.state:11}  {who}: {line.text[:60]}"
    )
    for part in line.booked:
        yield f"    on {part.invoice or f'the credit of {line.customer}'}: {part.amount:,.2f}"
    if line.state == BankLineState.PROPOSED:
        for proposal in line.proposals:
            parts = " + ".join(f"{part.invoice} {part.amount:,.2f}" for part in proposal.allocations)
            yield f"    {proposal.confidence} %: {parts} ({'; '.join(proposal.reasons)})"
    if line.reason:
        yield f"    {line.reason}"
