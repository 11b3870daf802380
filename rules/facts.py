"""The facts a decision is made from, as plain frozen values.

The ledger loads them, the simulation invents them, the tests spell them out: the same types each
time. Amounts are `Decimal` in the invoice's currency, dates are calendar days in the customer's
time zone, instants are aware UTC. A fact whose instant lies after the `now` of a decision is not
yet known to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from rules.calendar import BusinessCalendar, Channel
from rules.closures import Closure


class Role(StrEnum):
    """Whom a message is written to, at the customer's."""

    ACCOUNTING = "accounting"
    BUYER = "buyer"
    EXECUTIVE = "executive"


class Tone(StrEnum):
    """How a message speaks, weakest first. Strength is its place in `TONES`."""

    STATEMENT = "statement"
    COURTEOUS = "courteous"
    FIRM = "firm"
    NOTICE = "notice"


TONES: tuple[Tone, ...] = tuple(Tone)


def stronger(first: Tone, second: Tone) -> Tone:
    """The stronger of two tones."""
    return first if TONES.index(first) >= TONES.index(second) else second


class StopReason(StrEnum):
    """What ends all contact with a customer at once."""

    INSOLVENCY = "insolvency"
    DO_NOT_CONTACT = "do_not_contact"
    LAWYER = "represented_by_lawyer"


class Obstacle(StrEnum):
    """Why a step that is due has not left, and what it waits for."""

    FIND_CONTACT = "find_contact"
    DELIVERY_FAILED = "delivery_failed"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class Payment:
    """Money received on the invoice, until it is reversed (returned, bounced, booked in error)."""

    amount: Decimal
    received_at: datetime
    reversed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CreditNote:
    """A credit granted on the invoice."""

    amount: Decimal
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Dispute:
    """An amount the customer contests; `None` is the whole invoice."""

    opened_at: datetime
    amount: Decimal | None = None
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Instalment:
    """One payment promised for a day."""

    due_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Plan:
    """A payment plan; a promise to pay is a plan of one instalment."""

    key: str
    agreed_at: datetime
    instalments: tuple[Instalment, ...]
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """The customer says it has paid, on `paid_on`; the bank has not shown it yet."""

    key: str
    claimed_at: datetime
    paid_on: date
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """No contact from `since` until the start of the local day `until`, or until someone resumes."""

    reason: str
    since: datetime
    until: date | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step of the ladder that was done for this case: one ContactItem of the ledger.

    `on` is the local day; `tone` is the tone the debtor met, which may be stronger than the step's own
    when the item was folded into a stronger letter. `posted_on` is the day a letter was last posted, once
    that is recorded: its deadline runs from there.
    """

    step: str
    on: date
    offset_days: int
    tone: Tone
    channel: Channel
    posted_on: date | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A composed contact that waits for a person's approval.

    `step` is the draft's, `item_step` the one this case was due at when it was composed (None: not told).
    `folded` says that this case is only carried along by the draft (it is due at a weaker step), `stale`
    that a fact the draft quotes has changed since it was composed.
    """

    step: str
    composed_on: date
    folded: bool = False
    approved: bool = False
    stale: bool = False
    item_step: str | None = None


@dataclass(frozen=True, slots=True)
class Blocked:
    """A due step that waits for a person, or for the sending switch.

    `until` is the local day on which it is looked at again by itself (withheld messages only).
    """

    step: str
    obstacle: Obstacle
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A phone task nobody has closed yet; `again_on` is the day agreed for calling back, if any.

    `step` is the phone step's, or that of the formal notice which the call is about.
    """

    step: str
    opened_on: date
    escalated: bool = False
    again_on: date | None = None


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """Everything known of one invoice.

    `opened_on` is the local day its case started; the steps already done, those of another tool
    included, are in `done`. `closed_by` is set when a person closed the case (its reason).
    """

    invoice: str
    currency: str
    total: Decimal
    due_on: date
    opened_on: date
    payments: tuple[Payment, ...] = ()
    credit_notes: tuple[CreditNote, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    plans: tuple[Plan, ...] = ()
    claims: tuple[Claim, ...] = ()
    pauses: tuple[Pause, ...] = ()
    done: tuple[StepDone, ...] = ()
    drafts: tuple[Draft, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    open_calls: tuple[OpenCall, ...] = ()
    closed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """By which means one role at the customer's can be reached."""

    email: bool = False
    mobile: bool = False
    phone: bool = False

    def by(self, channel: Channel) -> bool:
        """Whether that channel reaches it; a letter, where e-mail does."""
        if channel is Channel.SMS:
            return self.mobile
        if channel is Channel.PHONE:
            return self.phone
        return self.email and channel in (Channel.EMAIL, Channel.LETTER)


@dataclass(frozen=True, slots=True)
class BankStatement:
    """Somebody said, at the instant `at`, that every bank movement up to the day `until` is recorded."""

    until: date
    at: datetime


@dataclass(frozen=True, slots=True)
class Bank:
    """How far the creditor knows its bank.

    `until` is the last day whose movements are recorded, `calendar` the creditor's own: bank days are its
    business days. `stated` is what was said, oldest first, as far as it is needed: it tells since when a day
    is known. Without it, a day that is known counts as known in time.
    """

    until: date
    calendar: BusinessCalendar
    stated: tuple[BankStatement, ...] = ()


class SuspensionScope(StrEnum):
    """What is suspended at once: all of a creditor, one of its customers, a channel or a policy."""

    COMPANY = "company"
    CUSTOMER = "customer"
    CHANNEL = "channel"
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class Suspension:
    """A suspension in force that bears on the customer: until somebody ends it, or its day `until` does.

    `target` is the channel or the policy's key. Who and why are the ledger's: they may name people.
    """

    id: int
    scope: SuspensionScope
    target: str | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """The customer's own day to be contacted again after a suspension, so that not all are on the first."""

    day: date
    suspension: int


@dataclass(frozen=True, slots=True)
class RepAsked:
    """The sales representative was asked on a local day whether a step may leave: until `answer_by`.

    `until` is the end of their veto.
    """

    step: str
    on: date
    answer_by: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """What is known of the customer, across all its invoices.

    `gap_days` local calendar days lie between two contacts; `last_contact_on` is the day of the latest,
    whatever invoice it was about. `bank` is None where the creditor records payments as they come.
    `suspensions` are those in force, `turn` what follows the latest that ended; `closures` are the creditor's
    and the customer's own. `has_sales_rep`: somebody can be asked before a step; `reps_asked`: was.
    """

    calendar: BusinessCalendar
    gap_days: int = 5
    last_contact_on: date | None = None
    stopped_by: StopReason | None = None
    stopped_on: date | None = None
    reach: Mapping[Role, Reach] = field(default_factory=dict)
    bank: Bank | None = None
    suspensions: tuple[Suspension, ...] = ()
    turn: Turn | None = None
    closures: tuple[Closure, ...] = ()
    has_sales_rep: bool = False
    reps_asked: tuple[RepAsked, ...] = ()

    @property
    def contact_days(self) -> BusinessCalendar:
        """The calendar of what leaves: nothing does in a closure, while other days are counted as ever."""
        return self.calendar.closed_on(self.closures)
