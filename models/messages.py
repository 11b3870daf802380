"""Everything that crosses Temporal: inputs, results, signal payloads. Frozen; fields are added only.

No personal data here: ids, amounts, dates. A signal's payload is a fact; when it comes from outside it
carries an `event_id`, under which the ledger records it once. Amounts are in the invoice's currency,
dates are calendar days in the customer's time zone.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from models.ids import CaseSignal

Text = Annotated[str, Field(max_length=2000)]
Ref = Annotated[str, Field(min_length=1, max_length=200)]
PositiveAmount = Annotated[Decimal, Field(gt=0, max_digits=19, decimal_places=4, allow_inf_nan=False)]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Message(BaseModel):
    """Base: immutable, unknown fields are kept out but do not break an older worker."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Fact(Message):
    """A fact from outside. `recorded` says that the ledger already holds it: the case only looks again."""

    event_id: Ref | None = None
    recorded: bool = False
    by: Ref | None = None
    note: Text | None = None


class PaymentReceived(Fact):
    """Money arrived for this invoice; `bank_line_id` names the line of a bank file it came by."""

    amount: PositiveAmount | None = None
    currency: CurrencyCode | None = None
    received_on: date | None = None
    reference: Ref | None = None
    bank_line_id: UUID | None = None


class PaymentReversed(Fact):
    """A payment was returned or booked in error; `payment_event_id` names it."""

    payment_event_id: Ref | None = None
    reversed_on: date | None = None


class PaymentClaimed(Fact):
    """The customer says it paid on `paid_on`."""

    paid_on: date | None = None


class CreditNoteIssued(Fact):
    """A credit on this invoice; one that a payment earned names it, and falls with it."""

    amount: PositiveAmount | None = None
    currency: CurrencyCode | None = None
    number: Ref | None = None
    issued_on: date | None = None
    payment_event_id: Ref | None = None


class DisputeOpened(Fact):
    """The customer contests `amount`, or the whole invoice when left out."""

    amount: PositiveAmount | None = None
    cause: Ref | None = None


class DisputeResolved(Fact):
    """The dispute is over; `credited` of it is granted as a credit note."""

    dispute_event_id: Ref | None = None
    credited: PositiveAmount | None = None


class PlanInstalment(Message):
    """One promised payment."""

    due_on: date
    amount: PositiveAmount


class PaymentPlanAgreed(Fact):
    """A plan, or a promise to pay (one instalment), over the whole outstanding amount."""

    instalments: tuple[PlanInstalment, ...] = ()


class PaymentPlanCancelled(Fact):
    """The plan in force no longer holds."""

    plan_event_id: Ref | None = None


class DeliveryHoldPlaced(Fact):
    """Deliveries to the customer stop until the named invoices (this one when none) are paid."""

    invoices: tuple[Ref, ...] = ()
    pauses_ladder: bool = False


class DeliveryHoldReleased(Fact):
    """Deliveries go on."""

    hold_event_id: Ref | None = None


class Paused(Fact):
    """No contact until the start of the local day `until`, or until resumed."""

    reason: Ref | None = None
    until: date | None = None


class Resumed(Fact):
    """The manual pause is over."""


class InvoiceChanged(Fact):
    """New facts of the invoice; `replaced_by` names the invoice that takes its place."""

    total: PositiveAmount | None = None
    issued_on: date | None = None
    due_on: date | None = None
    replaced_by: Ref | None = None
    order_ref: Ref | None = None


class PolicyChanged(Fact):
    """The case goes on under another policy, at its latest version unless one is named."""

    policy: Ref | None = None
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class InsolvencyOpened(Fact):
    """Collective proceedings were opened against the customer."""

    opened_on: date | None = None


class TaskCompleted(Fact):
    """A person finished a task, or tried to: `models.work` says which outcomes a kind of task takes.

    `cause` is a `DisputeCause`, `invoice` the number of one of the task's invoices (all of them, if left
    out). `contact_id` names who the number was wrong for, or who left; `added_contact_id` whom the ledger
    was given in its place: people themselves never come here.

    A sales representative holds a step up `until` a day.

    Of a registered letter: its `tracking_number` and the day it was `posted_on`, then the day it was
    `received_on` (or refused, or came back).
    """

    task_id: UUID | None = None
    outcome: Ref | None = None
    cause: Ref | None = None
    amount: PositiveAmount | None = None
    currency: CurrencyCode | None = None
    invoice: Ref | None = None
    promised_on: date | None = None
    paid_on: date | None = None
    call_back_on: date | None = None
    contact_id: UUID | None = None
    added_contact_id: UUID | None = None
    tracking_number: Ref | None = None
    posted_on: date | None = None
    received_on: date | None = None
    until: date | None = None


class ContactConcluded(Fact):
    """A contact of the customer was made, or the customer's next day moved."""

    contact_id: UUID | None = None


class Closed(Fact):
    """A person closes the case; `reason` says why."""

    reason: Ref | None = None


class FactWithdrawn(Fact):
    """What `fact_event_id` told was a mistake: a claim, credit, correction, closing or insolvency."""

    fact_event_id: Ref | None = None


FACTS: dict[CaseSignal, type[Fact]] = {
    CaseSignal.PAYMENT_RECEIVED: PaymentReceived,
    CaseSignal.PAYMENT_REVERSED: PaymentReversed,
    CaseSignal.PAYMENT_CLAIMED: PaymentClaimed,
    CaseSignal.CREDIT_NOTE_ISSUED: CreditNoteIssued,
    CaseSignal.DISPUTE_OPENED: DisputeOpened,
    CaseSignal.DISPUTE_RESOLVED: DisputeResolved,
    CaseSignal.PAYMENT_PLAN_AGREED: PaymentPlanAgreed,
    CaseSignal.PAYMENT_PLAN_CANCELLED: PaymentPlanCancelled,
    CaseSignal.DELIVERY_HOLD_PLACED: DeliveryHoldPlaced,
    CaseSignal.DELIVERY_HOLD_RELEASED: DeliveryHoldReleased,
    CaseSignal.PAUSED: Paused,
    CaseSignal.RESUMED: Resumed,
    CaseSignal.INVOICE_CHANGED: InvoiceChanged,
    CaseSignal.POLICY_CHANGED: PolicyChanged,
    CaseSignal.INSOLVENCY_OPENED: InsolvencyOpened,
    CaseSignal.TASK_COMPLETED: TaskCompleted,
    CaseSignal.CONTACT_CONCLUDED: ContactConcluded,
    CaseSignal.CLOSED: Closed,
    CaseSignal.FACT_WITHDRAWN: FactWithdrawn,
}


class SignalNote(Message):
    """One signal as the inbox keeps it: its name and its payload as JSON text (at most 16 KiB).

    The text is kept raw, because a payload that does not fit its type must reach the ledger as a
    *rejected* event that people see, not vanish in a decoder.
    """

    signal: str
    payload: str = "{}"


class ReviewInput(Message):
    """One wake of a case. `now` is Temporal's time; the activity adds the installation's offset."""

    company: Ref
    number: Ref
    invoice_id: UUID
    now: datetime
    inbox: tuple[SignalNote, ...] = ()


class CaseView(Message):
    """A recorded decision: what the workflow obeys and what people see in the Temporal UI.

    `wake_at` is Temporal's time (the installation's offset taken off again); `next_at` is business time.
    """

    state: str
    stage: str
    company: str
    number: str
    customer: UUID
    currency: str
    total: Decimal
    outstanding: Decimal
    disputed: Decimal = Decimal(0)
    due_on: date
    policy: str
    next_step: str | None = None
    next_channel: str | None = None
    next_at: datetime | None = None
    wake_at: datetime | None = None
    why: str
    paused_by: str | None = None
    done: tuple[str, ...] = ()
    closed: bool = False
    closing_reason: str | None = None
    rejected: int = 0


class CaseInput(Message):
    """What a case is started with, and continues as new with (`view`: where it stood then).

    `events_per_run`, when set, bounds a run's history instead of the usual limit.
    """

    company: Ref
    number: Ref
    invoice_id: UUID
    runs: int = 0
    view: CaseView | None = None
    events_per_run: int | None = None


class OutreachInput(Message):
    """What a customer's outreach is started with."""

    customer_id: UUID


class OutreachNow(Message):
    """One pass of the outreach. `now` is Temporal's time."""

    customer_id: UUID
    now: datetime


class Prepared(Message):
    """What one pass found to do: messages to send, in order; with `again`, another pass follows.

    `wake_at` is Temporal's time at which the outreach has something to do by itself (a thank-you
    composed outside the hours).
    """

    contact_id: UUID | None = None
    step: str | None = None
    send: tuple[UUID, ...] = ()
    again: bool = False
    wake_at: datetime | None = None


class NoticesInput(Message):
    """What the telling of a company's own people is started with."""

    company_id: UUID


class NoticesNow(Message):
    """One pass over what a company's own people are to be told."""

    company_id: UUID


class BankImportInput(Message):
    """What the import of a bank file is started with, and continues as new with: `after` lines are matched.

    Its bytes and lines stay in the ledger. `events_per_run`, when set, bounds a run's history instead of the
    usual limit.
    """

    file_id: UUID
    stored: bool = False
    after: int = 0
    events_per_run: int | None = None


class BankFileNow(Message):
    """One step of the import of a bank file: to store its lines, or to conclude."""

    file_id: UUID


class BankStored(Message):
    """What storing a file's lines came to; `refused` files have none."""

    lines: int = 0
    refused: bool = False


class BankChunk(Message):
    """Lines of a bank file to match: those whose place comes after `after`."""

    file_id: UUID
    after: int = 0


class BankMatched(Message):
    """How far the lines of a bank file are matched; `done` when none is left."""

    after: int
    done: bool = False


class BankImported(Message):
    """What became of a bank file: its lines by state, and how far the bank is known by it."""

    file_id: UUID
    refused: bool = False
    lines: int = 0
    booked: int = 0
    proposed: int = 0
    unallocated: int = 0
    ignored: int = 0
    returned: int = 0
    waiting: int = 0
    bank_known_until: date | None = None


class PolicyTrialInput(Message):
    """What the trial of a changed policy is started with, and continues as new with.

    Its text and what it finds stay in the ledger. `events_per_run`, when set, bounds a run's history instead
    of the usual limit.
    """

    trial_id: UUID
    events_per_run: int | None = None


class PolicyTrialNow(Message):
    """The next customers of a trial: those after the last one that was looked at."""

    trial_id: UUID


class PolicyTried(Message):
    """How far a trial has come: customers looked at, of so many; `done` when it is over, or was stopped."""

    looked: int
    customers: int
    done: bool = False


class SendInput(Message):
    """One communication to hand to its provider; without a customer, it is word about a company."""

    communication_id: UUID
    customer_id: UUID | None = None


class SendResult(Message):
    """What became of a communication.

    `outcome` is `sent`, `uncertain`, `failed`, `withheld`, `stale` (the facts moved: compose again),
    `out_of_hours`, `bank_too_old` or `suspended`.
    """

    communication_id: UUID
    outcome: str
    reason: str | None = None
