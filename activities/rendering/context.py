"""What a message needs to know: frozen facts without any database type.

The caller fills these from the ledger. They refuse what no debtor may ever read: sums that do not add
up, an amount its currency cannot hold, a sender nobody can answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal

from activities.rendering.colleagues import Digest, RepQuestion
from rules.interest import Mode
from rules.money import round_money

Law = Literal["fr_b2b", "fr_public", "general"]
"""Whose late-payment words a message uses (see :attr:`Message.law`)."""

_QUOTED: Final[dict[str, Law]] = {"FR": "fr_b2b", "FR-public": "fr_public"}
_NO_REPLY: Final = re.compile(r"^(no|do|ne)[-_.]?(not|pas)?[-_.]?(reply|repondre|reponse)", re.IGNORECASE)
_ZERO: Final = Decimal(0)


class Tone(StrEnum):
    """How strongly a message speaks, from weakest to strongest."""

    STATEMENT = "statement"
    COURTEOUS = "courteous"
    FIRM = "firm"
    SMS = "sms"
    CALL = "call"
    NOTICE = "notice"

    @property
    def rank(self) -> int:
        """Position on the fixed ladder of tones, 0 for the weakest."""
        return list(Tone).index(self)


@dataclass(frozen=True, slots=True)
class Creditor:
    """The company that is owed.

    :param name: trade name, as the debtor knows it; `legal_name` as registered, with its legal form.
    :param registration: one line such as `SIREN 123 456 789, RCS Lyon`; may be empty.
    :param payee: beneficiary of the bank transfer (a factor, perhaps).
    :param iban: with or without spaces; None when it is on the invoices only.
    :param payment_link: an http(s) address, or None.
    :param country: ISO 3166-1 alpha-2.
    :param details_changed_on: day on which the bank details last changed, while debtors may not know yet.
    """

    name: str
    legal_name: str
    address_lines: tuple[str, ...]
    registration: str
    email: str
    phone: str
    payee: str
    iban: str | None
    bic: str | None
    payment_link: str | None
    country: str
    details_changed_on: date | None = None

    def __post_init__(self) -> None:
        if self.payment_link is not None and not re.match(r"https?://[^\s<>\"']+\Z", self.payment_link):
            raise ValueError(f"payment_link: expected an http(s) address, got {self.payment_link!r}")

    @property
    def city(self) -> str | None:
        """The place a letter is dated from: what follows a postcode of digits at a line's start."""
        for line in reversed(self.address_lines):
            found = re.match(r"(?:[A-Z]{1,3}-)?\d{4,5}\s+(\D+?)(?:\s+CEDEX\b.*)?\s*$", line.strip())
            if found:
                return found.group(1)
        return None


@dataclass(frozen=True, slots=True)
class Signatory:
    """The person who signs and answers: the collector. `email` is the reply-to address."""

    name: str
    title: str
    email: str
    phone: str

    def __post_init__(self) -> None:
        if _NO_REPLY.match(self.email):
            raise ValueError(f"signatory: {self.email!r} is an address nobody reads")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who reads. `language` is a BCP 47 tag (`fr`, `fr-BE`, `en`)."""

    name: str | None
    function: str | None
    email: str | None
    phone: str | None
    language: str


@dataclass(frozen=True, slots=True)
class Debtor:
    """The customer that owes.

    :param reference: the customer's number in the creditor's books.
    :param country: ISO 3166-1 alpha-2; empty when unknown, which keeps French articles out.
    :param public_body: a public buyer, to whom other late-payment rules apply.
    :param registration: its number in a register, as a letter names the party.
    """

    name: str
    reference: str
    address_lines: tuple[str, ...]
    country: str = ""
    public_body: bool = False
    registration: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One open invoice. Amounts are in the currency of its section.

    :param days_late: calendar days since the due date; 0 or less when not late.
    :param acted: the message is about this item; otherwise it is merely listed.
    :param reminded_on: day of the item's last reminder, if any.
    :param chaseable: `outstanding - disputed`, what is asked for.
    :param interest: what it bears up to the day of the message; None: not reckoned.
    :param fixed_sum: for recovery costs, where it depends on the debt's size; else the message's is meant.
    """

    invoice: str
    order_ref: str | None
    issued_on: date
    due_on: date
    total: Decimal
    outstanding: Decimal
    disputed: Decimal
    days_late: int
    acted: bool
    reminded_on: date | None
    chaseable: Decimal
    interest: Decimal | None = None
    fixed_sum: Decimal | None = None

    def __post_init__(self) -> None:
        if self.chaseable != self.outstanding - self.disputed or self.chaseable < 0 or self.disputed < 0:
            raise ValueError(
                f"invoice {self.invoice}: chaseable {self.chaseable} is not outstanding {self.outstanding} "
                f"less disputed {self.disputed}"
            )

    @property
    def already_reminded(self) -> bool:
        """Listed only, and reminded before: the table says so."""
        return not self.acted and self.reminded_on is not None


@dataclass(frozen=True, slots=True)
class Credit:
    """A credit note or an overpayment not yet allocated; `amount` is positive."""

    reference: str
    dated: date
    amount: Decimal

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise ValueError(f"credit {self.reference}: expected a positive amount, got {self.amount}")


@dataclass(frozen=True, slots=True)
class PaidItem:
    """An invoice that has just been settled, for the thank-you."""

    invoice: str
    order_ref: str | None
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Section:
    """What is open in one currency. Use :meth:`of` to have the sums made.

    :param due: late items with something to ask for; `coming`: not yet due; `disputed`: items with a
        disputed part, which is not demanded (a partly disputed item stands in `due` as well).
    :param asked: `total_due` less `total_credits`, never below zero.
    :raises ValueError: when the sums do not add up.
    """

    currency: str
    due: tuple[Line, ...]
    coming: tuple[Line, ...]
    disputed: tuple[Line, ...]
    credits: tuple[Credit, ...]
    total_due: Decimal
    total_credits: Decimal
    asked: Decimal

    def __post_init__(self) -> None:
        due = sum((line.chaseable for line in self.due), _ZERO)
        credit = sum((each.amount for each in self.credits), _ZERO)
        expected = {
            "total_due": due,
            "total_credits": credit,
            "asked": max(due - credit, _ZERO),
        }
        for field, value in expected.items():
            if getattr(self, field) != value:
                raise ValueError(
                    f"{self.currency}: {field} is {getattr(self, field)}, its lines make {value}"
                )
        amounts = [
            line_amount
            for line in (*self.due, *self.coming, *self.disputed)
            for line_amount in (line.total, line.outstanding, line.disputed)
        ]
        for amount in (*amounts, *(each.amount for each in self.credits)):
            if round_money(amount, self.currency) != amount:
                raise ValueError(f"{amount} is not an amount of {self.currency}: too many decimals")

    @classmethod
    def of(
        cls,
        currency: str,
        *,
        due: tuple[Line, ...] = (),
        coming: tuple[Line, ...] = (),
        disputed: tuple[Line, ...] = (),
        credits: tuple[Credit, ...] = (),
    ) -> Section:
        """Build a section and make its sums."""
        total_due = sum((line.chaseable for line in due), _ZERO)
        total_credits = sum((each.amount for each in credits), _ZERO)
        asked = max(total_due - total_credits, _ZERO)
        return cls(currency, due, coming, disputed, credits, total_due, total_credits, asked)

    @property
    def total_coming(self) -> Decimal:
        """What will fall due on the `coming` lines."""
        return sum((line.chaseable for line in self.coming), _ZERO)

    @property
    def total_disputed(self) -> Decimal:
        """What is disputed, hence not asked for."""
        return sum((line.disputed for line in self.disputed), _ZERO)

    @property
    def is_empty(self) -> bool:
        """Nothing to show in this currency."""
        return not (self.due or self.coming or self.disputed or self.credits)


@dataclass(frozen=True, slots=True)
class HoldNotice:
    """A delivery hold. While `released_on` is None it is in force.

    :param invoices: the invoices whose payment lifts it.
    """

    since: date
    invoices: tuple[str, ...]
    released_on: date | None = None


@dataclass(frozen=True, slots=True)
class DetailsChanged:
    """A change of the creditor's bank details, as our own people are told of it.

    :param stage: `asked`, `approved`, `cancelled` or `applied`.
    :param what: of each detail its column, and what it was and becomes; an IBAN is masked.
    :param asked_on: local day of the company; `effective_on` and `effective_at` (`09:30`) likewise.
    :param by: who took the last step: asked, approved or cancelled.
    """

    stage: str
    what: tuple[tuple[str, str | None, str | None], ...]
    asked_by: str
    asked_on: date
    effective_on: date
    effective_at: str
    by: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Callee:
    """Somebody who can be called; `kind` is what the number is (`mobile`, `fixed`), `hours` when to call."""

    name: str | None
    function: str | None
    role: str
    phone: str
    kind: str | None = None
    hours: str | None = None


@dataclass(frozen=True, slots=True)
class PastContact:
    """A contact with the customer: `what` is a channel or what came of a call, `about` the step's name."""

    on: date
    what: str
    about: str | None = None
    cause: str | None = None
    by: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class PastPromise:
    """What was promised; `kept` is None while it can still be."""

    invoice: str
    due_on: date
    amount: Decimal
    currency: str
    kept: bool | None


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What a collector wants to know before dialling: whom to ask for, and what was said before.

    :param people: numbers that are not known to be wrong, the role to be called first.
    :param contacts: the latest first; `promises` likewise.
    :param unanswered: how often nobody answered this call since somebody last did.
    :param escalated: the credit manager is told of it.
    """

    people: tuple[Callee, ...] = ()
    contacts: tuple[PastContact, ...] = ()
    promises: tuple[PastPromise, ...] = ()
    unanswered: int = 0
    escalated: bool = False


@dataclass(frozen=True, slots=True)
class ReplyCopy:
    """What a customer wrote, for the colleague who follows it.

    :param channel: `email` or `sms`.
    :param sender: their address or number; `known` when it is one of the customer's contacts.
    :param lines: the newest part, line by line; `folded` when a signature or a quotation was left out.
    :param enclosed: names of the files that go with it; `left_out`, of those that do not.
    :param paused_until: the day on which reminders go on at the latest, or None when they do not pause.
    """

    channel: str
    sender: str
    sender_name: str | None
    known: bool
    subject: str | None
    received_on: date
    lines: tuple[str, ...]
    folded: bool = False
    enclosed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    paused_until: date | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """Everything one message says.

    :param step_template: name of the template, one of `render.TEMPLATES`.
    :param tone: how strongly it speaks: the strongest tone any of its items has met.
    :param today: local date of the reader's customer on which it leaves.
    :param payment_reference: what the debtor writes on the transfer.
    :param deadline: last day to pay; a past one is left out.
    :param deadline_days: calendar days a formal notice gives, from the day it is posted: it may be approved
        days after it was composed.
    :param notice_sent_on: day of a formal notice that stands for one of these items.
    :param call_person: who the debtor is asked to call; the signatory when None.
    :param indemnity_per_invoice: fixed recovery sum per invoice paid late (FR: 40 EUR), or None.
    :param late_law: whose rate and sums are reckoned (`FR`, `EU`, `UK`), or None.
    :param late_rate: the agreed rate, percent a year, or None: the law's own.
    :param charges: `silent`, `announced` or `claimed`: what is said of interest and fixed sums.
    :param paid: what was settled, for the thank-you.
    :param call: whom to call and what was said before, for a call sheet.
    :param change: a change of the creditor's own bank details; then there is no debtor to speak of.
    :param reply: what the customer wrote, for the copy that a colleague gets.
    :param question: a step that a sales representative may hold up.
    :param digest: what is late at several customers; then there is no debtor to speak of.
    """

    step_template: str
    tone: Tone
    today: date
    creditor: Creditor
    debtor: Debtor
    recipient: Recipient
    signatory: Signatory
    sections: tuple[Section, ...]
    payment_reference: str
    deadline: date | None = None
    deadline_days: int | None = None
    notice_sent_on: date | None = None
    previous_contact_on: date | None = None
    hold: HoldNotice | None = None
    call_person: Signatory | None = None
    indemnity_per_invoice: Decimal | None = None
    indemnity_currency: str = "EUR"
    late_law: str | None = None
    late_rate: Decimal | None = None
    charges: str = Mode.ANNOUNCED
    paid: tuple[PaidItem, ...] = ()
    call: CallFacts | None = None
    change: DetailsChanged | None = None
    reply: ReplyCopy | None = None
    question: RepQuestion | None = None
    digest: Digest | None = None

    def __post_init__(self) -> None:
        currencies = [section.currency for section in self.sections]
        if len(set(currencies)) != len(currencies):
            raise ValueError(f"one section per currency, got {', '.join(currencies)}")

    @property
    def law(self) -> Law:
        """Whose late-payment law may be quoted.

        French articles need both parties in France, or a contract under French law; a public buyer
        is under the public procurement code, not L441-10. Anything else gets words that hold under any
        contract.
        """
        if self.late_law is not None:
            return _QUOTED.get(self.late_law, "general")
        if self.creditor.country != "FR" or self.debtor.country != "FR":
            return "general"
        return "fr_public" if self.debtor.public_body else "fr_b2b"
