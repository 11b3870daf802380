"""The proposal for one line: what it pays, how sure that is, and why."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import chain, combinations, islice, product
from typing import Final

from rules.matching.text import goes_on, invoice_like, named, names_agree, ogm, rf

MOST_ITEMS: Final = 14
MOST_TOGETHER: Final = 4
"""Of a payer's open items, how many are looked at, and how many are tried together; or all that are due."""
MOST_PROPOSALS: Final = 5
MOST_WAYS: Final = 2_000
"""Ways to take first instalments of several invoices that are tried."""


class Verdict(StrEnum):
    """What is to be done with a line.

    - ``sure``: booked.
    - ``doubtful``: a person chooses among the proposals.
    - ``payer_known``: nothing says which invoice; it is the payer's credit until somebody does.
    - ``unknown``: nobody knows whose money it is.
    """

    SURE = "sure"
    DOUBTFUL = "doubtful"
    PAYER_KNOWN = "payer_known"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Line:
    """A movement received. `text` is all the remittance information, joined."""

    amount: Decimal
    currency: str
    booked_on: date
    text: str = ""
    structured_ref: str | None = None
    end_to_end_id: str | None = None
    payer_name: str | None = None
    payer_iban: str | None = None
    charges: Decimal = Decimal(0)
    """What banks on the way may have kept of it: nothing, unless it came from abroad."""

    @property
    def texts(self) -> tuple[str | None, ...]:
        """Where a number may stand."""
        return (self.text, self.structured_ref, self.end_to_end_id)


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An invoice of the company, open (`owed` above zero) or not any more.

    :param key: the ledger's id.
    :param discount: what is let off if all of it is paid by `discount_until`.
    :param part_of: the invoice's number, of an instalment: what its debtor knows.
    :param shared: another open item of the company owes as much: the amount alone tells nothing.
    """

    key: Hashable
    number: str
    customer: Hashable
    customer_name: str
    owed: Decimal
    currency: str
    due_on: date
    issued_on: date
    order_ref: str | None = None
    part_of: str | None = None
    shared: bool = True
    discount: Decimal = Decimal(0)
    discount_until: date | None = None


@dataclass(frozen=True, slots=True)
class Payer:
    """A customer that the line may come from, and how that is known: `iban`, `name` or `reference`."""

    customer: Hashable
    by: str


@dataclass(frozen=True, slots=True)
class Allocation:
    """A part of a line, for an invoice; `let_off` is not paid and not owed any more, for the reason `why`."""

    item: OpenItem
    amount: Decimal
    let_off: Decimal = Decimal(0)
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Which invoices it may pay; `confidence` from 0 to 100, for the order in which a person sees them."""

    allocations: tuple[Allocation, ...]
    confidence: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """What was found out: `proposals` best first; of a sure line the first one is booked.

    `customer` is whose money it is, where all that speaks says one customer.
    """

    verdict: Verdict
    proposals: tuple[Proposal, ...]
    customer: Hashable | None
    why: str


def match(line: Line, items: Sequence[OpenItem], payers: Sequence[Payer]) -> Match:
    """Say what a line pays.

    :param line: money received.
    :param items: invoices whose number the line may name, and everything the possible payers owe; paid ones
        among them keep money from going to another one by mistake.
    :param payers: customers known by the line's IBAN, name or a reference in its text.
    """
    naming = _named_by(line, items)
    owing = [item for item in naming if item.owed > 0 and item.currency == line.currency]
    witnesses = _witnesses(line, items, payers)
    if naming and not owing:
        paid = ", ".join(item.number for item in naming[:3])
        return _credit_or_ask(line, items, witnesses, f"it names {paid}, on which nothing is owed")
    if owing:
        return _by_number(line, owing, naming, items, witnesses)
    return _by_payer(line, items, witnesses)


def _named_by(line: Line, items: Sequence[OpenItem]) -> list[OpenItem]:
    """The items whose number the line names; of an invoice in instalments, those that its money reaches.

    A debtor names the invoice, not our instalments. Of each invoice its money is for the one due first, or
    for the first ones (Code civil 1342-10), where they make the amount in one way only; else all are named.
    """
    references = [ref for text in line.texts if text for ref in (*rf(text), *ogm(text))]

    def names(number: str) -> bool:
        paid = re.sub(r"[^0-9]+", "", number).lstrip("0") in _figures(line.amount)
        return named(number, *line.texts, by_letters=paid) or any(named(number, ref) for ref in references)

    exact = [item for item in items if names(item.number)]
    known = {item.part_of for item in exact}
    parts = [
        item
        for item in items
        if item.part_of is not None and item.part_of not in known and names(item.part_of)
    ]
    rest = line.amount - sum((item.owed for item in exact), Decimal(0))
    owing = [item for item in parts if item.owed > 0 and item.currency == line.currency]
    owing.sort(key=lambda item: (item.due_on, item.number))
    firsts = [[these[:count] for count in range(1, len(these) + 1)] for these in _by_invoice(owing).values()]
    fitting = [
        [item for some in way for item in some]
        for way in islice(product(*firsts), MOST_WAYS)
        if sum((item.owed for some in way for item in some), Decimal(0)) == rest
    ]
    return [*exact, *(fitting[0] if len(fitting) == 1 and owing else owing or parts)]


def _figures(amount: Decimal) -> tuple[str, str]:
    """An amount as a text may have it without its comma: `1000` and `100000` of 1,000.00."""
    units = f"{amount:.2f}"
    return units.removesuffix(".00"), units.replace(".", "")


def _by_invoice(parts: Iterable[OpenItem]) -> dict[str | None, list[OpenItem]]:
    found: dict[str | None, list[OpenItem]] = {}
    for part in parts:
        found.setdefault(part.part_of, []).append(part)
    return found


def _witnesses(line: Line, items: Sequence[OpenItem], payers: Sequence[Payer]) -> dict[Hashable, list[str]]:
    """By customer, what says that it paid."""
    found: dict[Hashable, list[str]] = {}
    words = {
        "iban": "the account has paid for it before",
        "name": "the payer's name is known as its own",
        "reference": "the text has its reference",
    }
    for payer in payers:
        found.setdefault(payer.customer, []).append(words[payer.by])
    for item in items:
        if item.customer not in found and names_agree(line.payer_name, item.customer_name):
            found[item.customer] = [f"the payer is called {item.customer_name}, or nearly so"]
    return found


def _by_number(
    line: Line,
    owing: Sequence[OpenItem],
    naming: Sequence[OpenItem],
    items: Sequence[OpenItem],
    witnesses: dict[Hashable, list[str]],
) -> Match:
    total = sum((item.owed for item in owing), Decimal(0))
    customers = {item.customer for item in owing}
    numbers = ", ".join(item.number for item in owing)
    reason = f"it names {numbers}"
    against = set(witnesses) - customers
    paid_too = len(naming) > len(owing)
    full = tuple(Allocation(item, item.owed) for item in owing)
    if total == line.amount and not paid_too:
        exact = (reason, f"it is what {'they owe' if len(owing) > 1 else 'it owes'}, to the cent")
        speaks = [words for customer in customers for words in witnesses.get(customer, ())]
        # A slip of the pen names another's invoice of the same amount: without a second witness, or with one
        # against, a person looks.
        if customers <= set(witnesses) and not against:
            return Match(
                Verdict.SURE, (Proposal(full, 99, (*exact, *speaks)),), _one(customers), "; ".join(exact)
            )
        # Some banks name no payer at all.
        lonely = not witnesses and len(owing) == 1 and not owing[0].shared and not line.payer_name
        if lonely:
            alone = "no other invoice owes as much"
            return Match(
                Verdict.SURE, (Proposal(full, 95, (*exact, alone)),), _one(customers), "; ".join(exact)
            )
        doubt = "the payer is somebody else's" if against else "nothing else says who paid"
        return Match(
            Verdict.DOUBTFUL,
            (Proposal(full, 80, exact),),
            _one(customers | against),
            f"{reason}, but {doubt}",
        )
    theirs = [item.part_of or item.number for item in items if item.customer in customers and item.owed > 0]
    # A list, a range or a number cut off: what is short may be meant for another.
    more = len(owing) == 1 and goes_on(owing[0].part_of or owing[0].number, theirs, line.text)
    less = None if paid_too or more else _less(line, owing)
    if less is not None and customers <= set(witnesses) and not against:
        speaks = [words for customer in customers for words in witnesses[customer]]
        reasons = (reason, f"it is what is owed less {less[0].why}")
        return Match(
            Verdict.SURE, (Proposal(less, 92, (*reasons, *speaks)),), _one(customers), "; ".join(reasons)
        )
    if line.amount < total and len(owing) == 1 and not paid_too:
        part = (Allocation(owing[0], line.amount),)
        reasons = (reason, f"it is a part of the {owing[0].owed:,} owed")
        if customers <= set(witnesses) and not against and not more and not _elsewhere(line, items, owing):
            speaks = list(witnesses[owing[0].customer])
            return Match(
                Verdict.SURE, (Proposal(part, 90, (*reasons, *speaks)),), _one(customers), "; ".join(reasons)
            )
        whose = _one(customers | against) if customers <= set(witnesses) else None
        return Match(Verdict.DOUBTFUL, (Proposal(part, 60, reasons),), whose, "; ".join(reasons))
    proposals = [Proposal(_in_legal_order(owing, line.amount), 50, (reason, _difference(line, total)))]
    proposals += _subsets(line, [item for item in items if item.customer in customers], 40)
    # A slip of the pen or a stranger's number: without a witness, nobody's credit until a person says whose.
    whose = _one(customers | against) if customers <= set(witnesses) else None
    return Match(Verdict.DOUBTFUL, tuple(proposals[:MOST_PROPOSALS]), whose, proposals[0].reasons[1])


def _by_payer(line: Line, items: Sequence[OpenItem], witnesses: dict[Hashable, list[str]]) -> Match:
    """No number is named: what the payer owes."""
    if not witnesses:
        return Match(Verdict.UNKNOWN, (), None, "nothing says whose money it is")
    if len(witnesses) > 1:
        proposals = [
            proposal
            for customer in witnesses
            for proposal in _subsets(line, [item for item in items if item.customer == customer], 40)
        ]
        why = "it may be of several customers"
        return Match(Verdict.DOUBTFUL if proposals else Verdict.UNKNOWN, tuple(proposals), None, why)
    return _credit_or_ask(line, items, witnesses, None)


def _credit_or_ask(
    line: Line, items: Sequence[OpenItem], witnesses: dict[Hashable, list[str]], trouble: str | None
) -> Match:
    if len(witnesses) != 1:
        return Match(Verdict.UNKNOWN if trouble is None else Verdict.DOUBTFUL, (), None, trouble or "nobody")
    ((customer, speaks),) = witnesses.items()
    theirs = [
        item
        for item in items
        if item.customer == customer and item.owed > 0 and item.currency == line.currency
    ]
    found = _subsets(line, theirs, 70)
    # An account may have paid for a sister company, a reference may be another word: the name must agree,
    # or where the bank tells none the reference or an amount of its own.
    called = bool(theirs) and names_agree(line.payer_name, theirs[0].customer_name)
    referred = "the text has its reference" in speaks
    seen = "the account has paid for it before" in speaks
    alone = not any(item.shared for item in theirs if item.owed == line.amount)
    strong = bool(theirs) and (
        (seen and (called or referred or (not line.payer_name and alone)))
        or (referred and (called or not line.payer_name))
    )
    strangers = invoice_like([item.number for item in items], *line.texts)
    if found and len(found) == 1 and strong and trouble is None and not strangers:
        single = len(found[0].allocations) == 1
        everything = len(found[0].allocations) == len(_due(theirs, line.booked_on))
        if single or everything:
            reasons = (*speaks, *found[0].reasons)
            return Match(
                Verdict.SURE, (Proposal(found[0].allocations, 90, reasons),), customer, "; ".join(reasons)
            )
    if found:
        why = trouble or "the amount alone says which"
        if strangers and trouble is None:
            why = f"it names {strangers[0]}, which is unknown here"
        return Match(Verdict.DOUBTFUL, tuple(found[:MOST_PROPOSALS]), customer, why)
    why = trouble or "no invoice, nor several, owe as much"
    return Match(Verdict.PAYER_KNOWN, (), customer, f"{'; '.join(speaks)}; {why}")


def _subsets(line: Line, items: Iterable[OpenItem], confidence: int) -> list[Proposal]:
    """The ways to make the amount of whole open items, fewest items first; few items are tried."""
    open_ones = [item for item in items if item.owed > 0 and item.currency == line.currency]
    open_ones.sort(key=lambda item: (item.due_on, item.number))
    tried = [item for item in open_ones if item.owed <= line.amount][:MOST_ITEMS]
    found: list[Proposal] = []
    due = tuple(_due(open_ones, line.booked_on))
    ways: Iterable[tuple[OpenItem, ...]] = chain.from_iterable(
        combinations(tried, size) for size in range(1, MOST_TOGETHER + 1)
    )
    if len(due) > MOST_TOGETHER:
        ways = chain([due], ways)
    for some in ways:
        if some and sum((item.owed for item in some), Decimal(0)) == line.amount:
            size = len(some)
            reason = "it is what it owes, to the cent" if size == 1 else f"it is what {size} owe together"
            chosen = tuple(Allocation(item, item.owed) for item in some)
            found.append(Proposal(chosen, max(confidence - 5 * (size - 1), 10), (reason,)))
            if len(found) > MOST_PROPOSALS:
                return found
    return found


def _less(line: Line, owing: Sequence[OpenItem]) -> tuple[Allocation, ...] | None:
    """What is named, less the discount for paying early; or one of them, less what banks kept on the way."""
    early = [
        item
        for item in owing
        if item.discount > 0 and item.discount_until is not None and line.booked_on <= item.discount_until
    ]
    short = sum((item.owed for item in owing), Decimal(0)) - line.amount
    if early and short == sum((item.discount for item in early), Decimal(0)):
        why = "the discount for paying early"
        return tuple(
            Allocation(item, item.owed - item.discount, item.discount, why)
            if item in early
            else Allocation(item, item.owed, why=why)
            for item in owing
        )
    if len(owing) == 1 and 0 < short <= line.charges:
        return (Allocation(owing[0], line.amount, short, "charges of banks"),)
    return None


def _in_legal_order(items: Iterable[OpenItem], amount: Decimal) -> tuple[Allocation, ...]:
    """Due ones first, then the oldest (Code civil 1342-10); the last in part, what is left to nobody."""
    found = []
    for item in sorted(items, key=lambda each: (each.due_on, each.issued_on, each.number)):
        if amount <= 0:
            break
        part = min(item.owed, amount)
        found.append(Allocation(item, part))
        amount -= part
    return tuple(found)


def _elsewhere(line: Line, items: Sequence[OpenItem], owing: Sequence[OpenItem]) -> bool:
    """Whether another open item owes exactly what came: then the number may be the slip."""
    return any(
        item.owed == line.amount and item.currency == line.currency and item not in owing for item in items
    )


def _difference(line: Line, total: Decimal) -> str:
    if line.amount > total:
        return f"it is {line.amount - total:,} more than they owe"
    return f"it is {total - line.amount:,} less than they owe"


def _due(items: Iterable[OpenItem], day: date) -> list[OpenItem]:
    return [item for item in items if item.due_on <= day]


def _one(customers: Iterable[Hashable]) -> Hashable | None:
    found = set(customers)
    return next(iter(found)) if len(found) == 1 else None
