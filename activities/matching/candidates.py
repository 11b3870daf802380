"""What lines may pay: invoices whose number they name, and all that the payers they show owe.

A few statements a chunk of lines, whatever their number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from activities.store.amounts import rests
from activities.store.sql import run
from models.tables import BankLine, Company
from models.tables.receivables import NUMBER_DIGITS, NUMBER_RUNS, NUMBER_WHOLE
from rules.matching import Keys, Line, OpenItem, Payer, keys_of_number, keys_of_text, name_key
from rules.matching.text import MOST_KEYS
from rules.money import round_money

MOST_PER_KEY: Final = 50
"""Invoices of one key that are looked at; a number that so many have tells nothing."""

_SAFE_REFERENCE: Final = 6
"""A customer's reference without letters says who paid from so many digits on."""

_COLUMNS: Final = """
    i.id, i.number, i.customer_id, c.name, i.currency, i.due_on, i.issued_on, i.order_ref,
    i.part_of, i.replaced_by_id IS NOT NULL AS replaced, i.total, i.discount_percent, i.discount_until
"""
_KEYS: Final = (("runs", NUMBER_RUNS), ("digits", NUMBER_DIGITS), ("whole", NUMBER_WHOLE))
# By its own number, or as a part of an invoice by that one's.
_BY_KEY: Final = " UNION ".join(
    f"SELECT id FROM invoice WHERE company_id = %(company)s AND {key} = ANY (%({name})s::text[])"  # noqa: S608
    for name, key in (
        *_KEYS,
        *((name, f"{key.replace('number', 'part_of')}") for name, key in _KEYS),
    )
)
_NAMED: Final = f"""
    SELECT {_COLUMNS}
      FROM ({_BY_KEY}) AS found
      JOIN invoice i ON i.id = found.id
      JOIN customer c ON c.id = i.customer_id
"""  # noqa: S608 (our own expressions)
_PAYERS: Final = """
    SELECT kind, key, customer_id
      FROM known_payer
     WHERE company_id = %(company)s
       AND (kind = 'iban' AND key = ANY (%(ibans)s::text[])
            OR kind = 'name' AND key = ANY (%(names)s::text[]))
"""
_REFERRED: Final = """
    SELECT id, ref FROM customer WHERE company_id = %(company)s AND ref = ANY (%(refs)s::text[])
"""
_OWED: Final = f"""
    SELECT {_COLUMNS}
      FROM dunning_case k
      JOIN invoice i ON i.id = k.invoice_id
      JOIN customer c ON c.id = i.customer_id
     WHERE k.customer_id = ANY (%(customers)s::uuid[]) AND k.closed_at IS NULL
     ORDER BY i.due_on, i.number
"""  # noqa: S608 (our own expressions)
_SHARED: Final = """
    SELECT outstanding, currency
      FROM dunning_case
     WHERE company_id = %(company)s AND closed_at IS NULL AND outstanding = ANY (%(amounts)s::numeric[])
     GROUP BY outstanding, currency
    HAVING count(*) > 1
"""


@dataclass(slots=True)
class Candidates:
    """What a chunk of lines may pay, with what is owed now; booked on while the chunk is worked through."""

    items: dict[UUID, Any] = field(default_factory=dict)
    owed: dict[UUID, Decimal] = field(default_factory=dict)
    by_key: dict[str, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    by_customer: dict[UUID, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    payers: dict[str, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    refs: dict[str, UUID] = field(default_factory=dict)
    shared: set[tuple[Decimal, str]] = field(default_factory=set)

    def of(self, line: Line) -> tuple[list[OpenItem], list[Payer]]:
        """What one line may pay, and who may have paid it."""
        keys = keys_of_text(*line.texts)
        found = {
            item
            for key in (*keys.runs, *keys.digits, *keys.whole)
            for item in self.by_key.get(key, ())
            if len(self.by_key[key]) <= MOST_PER_KEY
        }
        payers = [
            Payer(customer, kind)
            for kind, key in (("iban", line.payer_iban), ("name", name_key(line.payer_name or "")))
            if key
            for customer in sorted(self.payers.get(f"{kind}/{key}", ()))
        ]
        payers += [
            Payer(self.refs[word], "reference") for word in sorted(words(line.text)) if word in self.refs
        ]
        customers: set[UUID] = {self.items[item].customer_id for item in found}
        customers |= {UUID(str(payer.customer)) for payer in payers}
        for customer in customers:
            found |= set(self.by_customer.get(customer, ()))
        rows = sorted((self.items[item] for item in found), key=lambda row: (row.due_on, row.number))
        return [self._item(row) for row in rows], payers

    def _item(self, row: Any) -> OpenItem:
        owed = self.owed[row.id]
        return OpenItem(
            key=row.id,
            number=row.number,
            customer=row.customer_id,
            customer_name=row.name,
            owed=Decimal(0) if row.replaced else max(owed, Decimal(0)),
            currency=row.currency,
            due_on=row.due_on,
            issued_on=row.issued_on,
            order_ref=row.order_ref,
            part_of=row.part_of,
            discount=_discount(row, owed),
            discount_until=row.discount_until,
            shared=(owed, row.currency) in self.shared,
        )


def as_line(row: BankLine, company: Company) -> Line:
    """A bank line as the rules take it; what came from abroad may be short by what banks kept."""
    abroad = row.payer_iban is not None and row.payer_iban[:2] != company.country
    return Line(
        amount=round_money(row.amount, row.currency),
        currency=row.currency,
        booked_on=row.booked_on,
        text=row.text,
        structured_ref=row.structured_ref,
        end_to_end_id=None if row.end_to_end_id == "NOTPROVIDED" else row.end_to_end_id,
        payer_name=row.payer_name,
        payer_iban=row.payer_iban,
        charges=(company.bank_charges_up_to or Decimal(0)) if abroad else Decimal(0),
    )


def _discount(row: Any, owed: Decimal) -> Decimal:
    """What is let off for paying early: of the whole only, a part paid before takes it away."""
    if row.discount_percent is None or owed != row.total:
        return Decimal(0)
    return round_money(row.total * row.discount_percent / 100, row.currency)


def candidates_for(session: Session, company_id: UUID, lines: Sequence[Line]) -> Candidates:
    """Look up everything that these lines may pay."""
    found = Candidates()
    keys = _keys(lines)
    named = run(
        session,
        _NAMED,
        company=company_id,
        runs=sorted(keys.runs),
        digits=sorted(keys.digits),
        whole=sorted(keys.whole),
    ).all()
    ibans = sorted({line.payer_iban for line in lines if line.payer_iban})
    names = sorted({key for line in lines if (key := name_key(line.payer_name or ""))})
    for row in run(session, _PAYERS, company=company_id, ibans=ibans, names=names):
        found.payers[f"{row.kind}/{row.key}"].add(row.customer_id)
    refs = sorted({word for line in lines for word in words(line.text)})
    found.refs = {row.ref: row.id for row in run(session, _REFERRED, company=company_id, refs=refs)}
    customers = {row.customer_id for row in named}
    customers |= {customer for each in found.payers.values() for customer in each}
    customers |= set(found.refs.values())
    owed = run(session, _OWED, customers=sorted(customers)).all() if customers else []
    for row in (*named, *owed):
        _take(found, row)
    for row in owed:
        found.by_customer[row.customer_id].append(row.id)
    found.owed = rests(session, found.items) if found.items else {}
    amounts = sorted({amount for amount in found.owed.values() if amount > 0})
    if amounts:
        rows = run(session, _SHARED, company=company_id, amounts=amounts)
        found.shared = {(round_money(row.outstanding, row.currency), row.currency) for row in rows}
    return found


def words(text: str) -> set[str]:
    """Words of a text that may be a customer's reference: they hold a figure, and are no year or amount.

    `2026` or `120` may be anything, also where a customer is called so.
    """
    found = {word.strip(".,;:()") for word in text.split()}
    return {
        word
        for word in found
        if 3 <= len(word) <= 40
        and any(char.isdigit() for char in word)
        and (any(char.isalpha() for char in word) or sum(char.isdigit() for char in word) >= _SAFE_REFERENCE)
    }


def _keys(lines: Iterable[Line]) -> Keys:
    runs: set[str] = set()
    digits: set[str] = set()
    whole: set[str] = set()
    for line in lines:
        keys = keys_of_text(*line.texts)
        runs |= set(sorted(keys.runs)[:MOST_KEYS])
        digits |= set(sorted(keys.digits)[:MOST_KEYS])
        whole |= set(sorted(keys.whole)[:MOST_KEYS])
    return Keys(frozenset(runs), frozenset(digits), frozenset(whole))


def _take(found: Candidates, row: Any) -> None:
    if row.id in found.items:
        return
    found.items[row.id] = row
    for number in (row.number, row.part_of):
        if number:
            keys = keys_of_number(number)
            for key in (*keys.runs, *keys.digits, *keys.whole):
                found.by_key[key].add(row.id)


def customers_of(candidates: Candidates) -> Mapping[UUID, str]:
    """The customers among them, with their names."""
    return {row.customer_id: row.name for row in candidates.items.values()}
