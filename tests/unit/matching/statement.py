"""A generated statement whose truth is known: payments as debtors make them, through banks as they are."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from rules.matching import (
    Line,
    Match,
    OpenItem,
    Payer,
    Verdict,
    keys_of_number,
    keys_of_text,
    match,
    name_key,
)
from rules.matching.text import compact, plain

TODAY = date(2026, 3, 31)

_NAMES = (
    *(
        "Boulangerie",
        "Menuiserie",
        "Garage",
        "Imprimerie",
        "Transports",
        "Pharmacie",
        "Librairie",
        "Maçonnerie",
    ),
    *("Électricité", "Plomberie", "Cabinet", "Atelier", "Domaine", "Hôtel", "Studio", "Clinique"),
)
_PLACES = (
    *(
        "Martin",
        "Lambert",
        "Roux",
        "Delmas",
        "Fournier",
        "Giraud",
        "Mercier",
        "Lefèvre",
        "Chevalier",
        "Gauthier",
    ),
    *("Perrin", "Robin", "Clément", "Morin", "Nicolas", "Henry", "Roussel", "Mathieu", "Gautier", "Masson"),
)
_TOWNS = (
    *(
        "Nantes",
        "Lyon",
        "Dijon",
        "Brest",
        "Tours",
        "Angers",
        "Nice",
        "Metz",
        "Rouen",
        "Limoges",
        "Amiens",
        "Pau",
    ),
    *(
        "Besançon",
        "Orléans",
        "Mulhouse",
        "Caen",
        "Nancy",
        "Avignon",
        "Poitiers",
        "Dunkerque",
        "Colmar",
        "Laval",
    ),
)
_FORMS = ("SARL", "SAS", "SA", "EURL", "et Fils")


@dataclass(frozen=True)
class Paid:
    """A line and what it pays in truth: amounts by invoice number; `kind` is how it was made."""

    line: Line
    truth: Mapping[str, Decimal]
    kind: str


@dataclass
class World:
    """A creditor's open items, and the payments that come."""

    seed: int
    items: dict[str, OpenItem] = field(default_factory=dict)
    ibans: dict[int, str] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def found(self, customers: int) -> None:
        """Customers with one to four open invoices, a third at a few standard prices, some in parts."""
        number = 0
        for customer in range(customers):
            self.names[customer] = (
                f"{self.dice.choice(_NAMES)} {self.dice.choice(_PLACES)} {self.dice.choice(_TOWNS)} "
                f"{self.dice.choice(_FORMS)}"
            )
            self.ibans[customer] = f"FR76{customer:023}"
            for _ in range(self.dice.choice((1, 1, 2, 3, 4))):
                number += self.dice.choice((1, 1, 1, 2))
                cents = self.dice.randrange(5_00, 9_000_00)
                standard = Decimal(self.dice.choice(("120.00", "240.00", "1200.00")))
                owed = standard if self.dice.random() < 0.35 else Decimal(cents) / 100
                issued = TODAY - timedelta(days=self.dice.randrange(20, 150))
                name = f"FA-2026-{number:05}"
                count = self.dice.choice((2, 2, 3)) if self.dice.random() < 0.08 else 1
                share = (owed / count).quantize(Decimal("0.01"))
                for place in range(1, count + 1):
                    part = name if count == 1 else f"{name}/{place}"
                    self.items[part] = OpenItem(
                        key=part,
                        number=part,
                        part_of=None if count == 1 else name,
                        customer=customer,
                        customer_name=self.names[customer],
                        owed=share if place < count else owed - share * (count - 1),
                        currency="EUR",
                        due_on=issued + timedelta(days=30 * place),
                        issued_on=issued,
                    )

    def payments(self, count: int) -> Iterator[Paid]:
        """Payments, one after the other; an invoice is paid once, unless the customer pays it twice."""
        left: dict[int, list[str]] = defaultdict(list)
        for name, item in self.items.items():
            left[int(str(item.customer))].append(name)
        settled: list[tuple[int, str]] = []
        made = 0
        while made < count:
            owing = [customer for customer, names in left.items() if names]
            if not owing:
                return
            customer = self.dice.choice(owing)
            kind = self.dice.choices(
                ("one", "several", "part", "charges", "unnamed", "typo", "twice", "stranger", "other_payer"),
                (48, 12, 6, 4, 12, 6, 4, 4, 4),
            )[0]
            names = left[customer]
            if kind == "several" and len(names) < 2:
                kind = "one"
            # Naming an invoice whose next instalment is open pays that one: nothing is paid twice.
            over = [(who, name) for who, name in settled if not self._owes(name, left[who])]
            if kind == "twice" and not over:
                kind = "one"
            made += 1
            if kind == "stranger":
                yield self._stranger()
                continue
            if kind == "twice":
                who, name = self.dice.choice(over)
                yield self._line(who, {name: self.items[name].owed}, kind, truth={})
                continue
            chosen = names[:] if kind == "several" else [self.dice.choice(names)]
            if kind == "several":
                chosen = chosen[: self.dice.randrange(2, len(chosen) + 1)]
            chosen = self._oldest(chosen, names)
            pays = {name: self.items[name].owed for name in chosen}
            if kind == "part":
                pays = {chosen[0]: (pays[chosen[0]] * Decimal("0.6")).quantize(Decimal("0.01"))}
            if kind == "charges":
                pays = {chosen[0]: max(pays[chosen[0]] - Decimal("7.50"), Decimal("0.50"))}
            paid = self._line(customer, pays, kind, names=names)
            yield paid
            if kind == "typo":
                chosen = list(paid.truth)
            if kind not in ("part", "charges"):
                for name in chosen:
                    names.remove(name)
                    settled.append((customer, name))
            else:
                names.remove(chosen[0])

    def _oldest(self, chosen: list[str], names: list[str]) -> list[str]:
        """Of an invoice in instalments, as many parts, those due first: so its debtor pays them."""
        found: list[str] = []
        for name in chosen:
            base = self.items[name].part_of
            parts = [one for one in names if self.items[one].part_of == base] if base else [name]
            found.append(next(one for one in parts if one not in found))
        return found

    def _owes(self, name: str, names: list[str]) -> bool:
        base = self.items[name].part_of
        return base is not None and any(self.items[one].part_of == base for one in names)

    def known_as(self, number: str) -> str:
        """The number that its debtor knows."""
        return self.items[number].part_of or number

    def _line(
        self,
        customer: int,
        pays: Mapping[str, Decimal],
        kind: str,
        truth: Mapping[str, Decimal] | None = None,
        names: list[str] | None = None,
    ) -> Paid:
        dice = self.dice
        payer, iban = self.names[customer], self.ibans[customer]
        if kind == "other_payer":
            other = dice.choice(list(self.names))
            payer, iban = self.names[other], self.ibans[other]
        told = list(dict.fromkeys(self.known_as(number) for number in pays))
        numbers = [self._typo(number) if kind == "typo" else number for number in told]
        if kind == "typo":
            pays = self._by_word(pays, numbers, names or [])
        text = "" if kind == "unnamed" else self._said(numbers)
        line = Line(
            amount=sum(pays.values(), Decimal(0)),
            currency="EUR",
            booked_on=TODAY,
            text=self._through_a_bank(text or dice.choice(("VIREMENT", "REGLEMENT FACTURE", "", "VIR SEPA"))),
            end_to_end_id=dice.choice((None, "NOTPROVIDED")),
            payer_name=dice.choice((plain(payer)[:27], payer.upper(), plain(payer), None)),
            payer_iban=iban if dice.random() < 0.8 else None,
        )
        return Paid(line, pays if truth is None else truth, kind)

    def _by_word(
        self, pays: Mapping[str, Decimal], numbers: list[str], names: list[str]
    ) -> Mapping[str, Decimal]:
        """A slip that names another open invoice of one's own, of the same amount, is the debtor's word."""
        ((meant, amount),) = pays.items()
        if self.known_as(meant) == numbers[0]:
            return pays
        for name in names:
            if self.known_as(name) == numbers[0] and self.items[name].owed == amount:
                return {name: amount}
        return pays

    def _stranger(self) -> Paid:
        """Somebody pays another creditor's invoice, whose number looks like one of ours."""
        like = f"FA-2026-{self.dice.randrange(1, len(self.items) * 2):05}"
        amount = Decimal(self.dice.choice(("120.00", "240.00", "377.13", "1200.00")))
        line = Line(
            amount,
            "EUR",
            TODAY,
            f"FACTURE {like}",
            payer_name="INCONNU ET ASSOCIES",
            payer_iban="DE00STRANGER",
        )
        return Paid(line, {}, "stranger")

    def _typo(self, number: str) -> str:
        place = self.dice.randrange(len(number) - 4, len(number))
        return number[:place] + self.dice.choice("0123456789") + number[place + 1 :]

    def _said(self, numbers: list[str]) -> str:
        dice = self.dice
        ways = (
            lambda number: number,
            lambda number: number.replace("-", ""),
            lambda number: number.replace("-", " "),
            lambda number: f"fact {number[3:7]}/{int(number[8:])}",
            lambda number: f"F.A. {number[3:]}",
            lambda number: f"N°{number[3:]}",
        )
        way = dice.choice(ways)
        joint = dice.choice((" ", ", ", " + ", "/", " et "))
        head = dice.choice(("", "Règlement ", "facture ", "Votre facture du 12/02/2026 ", "VIR "))
        return head + joint.join(way(number) for number in numbers)

    def _through_a_bank(self, text: str) -> str:
        dice = self.dice
        if dice.random() < 0.4:
            text = plain(text)
        if dice.random() < 0.1:
            text = text[:35]
        if dice.random() < 0.06 and len(text) > 12:
            place = dice.randrange(8, len(text))
            text = f"{text[:place]} {text[place:]}"
        return text


@dataclass
class Books:
    """What a ledger would hold: who owes what, who has paid before."""

    world: World
    owed: dict[str, Decimal]
    seen: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def of(cls, world: World) -> Books:
        """Nothing is paid yet, and nobody has been seen."""
        return cls(world, {name: item.owed for name, item in world.items.items()})

    def __post_init__(self) -> None:
        self._by_key: dict[str, set[str]] = defaultdict(set)
        for name in self.world.items:
            for number in {name, self.world.known_as(name)}:
                keys = keys_of_number(number)
                for key in (*keys.runs, *keys.digits, *keys.whole):
                    self._by_key[key].add(name)
        self._of: dict[int, list[str]] = defaultdict(list)
        for name, item in self.world.items.items():
            self._of[int(str(item.customer))].append(name)

    def match(self, line: Line) -> Match:
        """As the activity does it: candidates by key, then everything their customers owe."""
        keys = keys_of_text(*line.texts)
        names = {
            name for key in (*keys.runs, *keys.digits, *keys.whole) for name in self._by_key.get(key, ())
        }
        payers = [
            Payer(customer, kind)
            for kind, key in (("iban", line.payer_iban), ("name", name_key(line.payer_name or "")))
            if key
            for customer in self.seen.get(f"{kind}/{key}", ())
        ]
        customers = {int(str(self.world.items[name].customer)) for name in names}
        customers |= {int(str(payer.customer)) for payer in payers}
        names |= {name for customer in customers for name in self._of[customer] if self.owed[name] > 0}
        amounts = Counter(self.owed.values())
        items = [
            OpenItem(
                key=item.key,
                number=item.number,
                part_of=item.part_of,
                customer=item.customer,
                customer_name=item.customer_name,
                owed=self.owed[name],
                currency=item.currency,
                due_on=item.due_on,
                issued_on=item.issued_on,
                shared=amounts[self.owed[name]] > 1,
            )
            for name in sorted(names)
            for item in (self.world.items[name],)
        ]
        return match(line, items, payers)

    def settle(self, paid: Paid, found: Match) -> dict[str, Decimal] | None:
        """Book what is sure; a person allocates the rest by the truth. The payer is known from then on."""
        booked = None
        if found.verdict is Verdict.SURE:
            booked = {each.item.number: each.amount for each in found.proposals[0].allocations}
        for name, amount in (booked if booked is not None else paid.truth).items():
            self.owed[name] -= amount
            customer = int(str(self.world.items[name].customer))
            if paid.line.payer_iban:
                self.seen[f"iban/{paid.line.payer_iban}"].add(customer)
            if paid.line.payer_name:
                self.seen[f"name/{name_key(paid.line.payer_name)}"].add(customer)
        return booked


def compacted(text: str) -> str:
    """For messages of failing tests."""
    return compact(text)
