"""Payments and credit notes, and what they bring about: reopened cases, released holds, credit to settle."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import uuid4

from sqlmodel import col, select

from activities.store.amounts import rests
from activities.store.facts.holds import release_paid_holds
from activities.store.facts.recording import Recording
from models.errors import Conflict, InvalidFact, NotFound, WrongState
from models.ids import CaseSignal
from models.messages import CreditNoteIssued, PaymentReceived, PaymentReversed
from models.tables import CreditNoteRow, PaymentRow
from models.tables.words import TaskKind


def payment_received(at: Recording, fact: PaymentReceived) -> None:
    """Money arrived. What is paid too much is kept as credit, and a person is asked what to do with it."""
    amount = at.amount(fact.amount, fact.currency)
    received_on = at.past_day("received_on", fact.received_on)
    at.registered(fact)
    payment = PaymentRow(
        id=uuid4(),
        fact_id=at.fact_id,
        invoice_id=at.invoice.id,
        customer_id=at.customer.id,
        amount=amount,
        currency=at.invoice.currency,
        received_on=received_on,
        recorded_at=at.now,
        event_id=at.event_id,
        reference=fact.reference,
        bank_line_id=fact.bank_line_id,
    )
    at.session.add(payment)
    settled(at)
    _write_off(at, payment)
    at.tell()


def _write_off(at: Recording, payment: PaymentRow) -> None:
    """Let a small rest go, as far as the company says: chasing it costs more than it is worth."""
    most = at.company.write_off_up_to
    if not most:
        return
    rest = rests(at.session, [at.invoice.id])[at.invoice.id]
    if not 0 < rest <= most:
        return
    fact = CreditNoteIssued(
        amount=rest,
        currency=at.invoice.currency,
        number="small balance",
        issued_on=at.today,
        payment_event_id=payment.event_id,
    )
    further = at.also(CaseSignal.CREDIT_NOTE_ISSUED, fact, at.invoice)
    further.registered(fact)
    add_credit_note(further, rest, at.today, "small balance", payment)
    settled(further)


def payment_reversed(at: Recording, fact: PaymentReversed) -> None:
    """A payment was returned: what it had covered is owed again, so a closed case opens again."""
    payment = _payment_to_reverse(at, fact.payment_event_id)
    reversed_on = at.past_day("reversed_on", fact.reversed_on)
    if reversed_on < payment.received_on:
        raise InvalidFact(f"reversed_on: {reversed_on} lies before the payment of {payment.received_on}")
    at.registered(fact)
    payment.reversed_at = at.now
    payment.reversed_on = reversed_on
    _cancel_earned(at, payment)
    reopen_if_owed(at)
    at.tell()


def _cancel_earned(at: Recording, payment: PaymentRow) -> None:
    """What was let off for this payment is owed again: its condition did not come true."""
    earned = at.session.exec(
        select(CreditNoteRow)
        .where(CreditNoteRow.payment_id == payment.id, col(CreditNoteRow.cancelled_at).is_(None))
        .order_by(col(CreditNoteRow.id))
    ).all()
    for note in earned:
        note.cancelled_at = at.now
        at.log(
            "credit_cancelled",
            "the payment that earned it went back",
            {"amount": str(note.amount), "currency": note.currency, "number": note.number},
        )


def credit_note_issued(at: Recording, fact: CreditNoteIssued) -> None:
    """A credit on this invoice."""
    amount = at.amount(fact.amount, fact.currency)
    issued_on = at.past_day("issued_on", fact.issued_on)
    if fact.number is not None:
        same = at.session.exec(
            select(CreditNoteRow).where(
                CreditNoteRow.invoice_id == at.invoice.id,
                CreditNoteRow.number == fact.number,
                col(CreditNoteRow.cancelled_at).is_(None),
            )
        ).first()
        if same is not None:
            raise Conflict(f"number: credit note {fact.number!r} is recorded already on this invoice")
    payment = None if fact.payment_event_id is None else _standing_payment(at, fact.payment_event_id)
    at.registered(fact)
    add_credit_note(at, amount, issued_on, fact.number, payment)
    settled(at)
    at.tell()


def add_credit_note(
    at: Recording,
    amount: Decimal,
    issued_on: date,
    number: str | None = None,
    payment: PaymentRow | None = None,
) -> None:
    """Write a credit note under the fact being recorded; `payment` is what earned it."""
    at.session.add(
        CreditNoteRow(
            id=uuid4(),
            fact_id=at.fact_id,
            invoice_id=at.invoice.id,
            number=number,
            amount=amount,
            currency=at.invoice.currency,
            issued_on=issued_on,
            recorded_at=at.now,
            payment_id=None if payment is None else payment.id,
        )
    )
    at.session.flush()


def settled(at: Recording) -> None:
    """After money came or a debt shrank: release the holds this pays off, and see to what is too much."""
    rest = _owed_now(at)
    if rest < 0:
        at.ask(
            TaskKind.OVERPAYMENT,
            f"overpayment/{at.fact_id}",
            f"{-rest} {at.invoice.currency} too much on invoice {at.invoice.number}",
            "Refund the customer, or put the credit against another invoice.",
        )
    if rest <= 0:
        release_paid_holds(at)


def _owed_now(at: Recording) -> Decimal:
    """What the invoice owes; its open case shows it at once, before anything is decided on it."""
    at.keep_owed()
    rest = rests(at.session, [at.invoice.id])[at.invoice.id]
    if at.is_open:
        at.case.outstanding = max(rest, Decimal(0))
        at.case.disputed = min(at.case.disputed, at.case.outstanding)
    return rest


def reopen_if_owed(at: Recording) -> None:
    """Open a closed case again when its invoice is owed again; a replaced invoice is owed no more."""
    rest = _owed_now(at)
    if at.is_open or at.invoice.replaced_by_id is not None or rest <= 0:
        return
    reopen(at)


def reopen(at: Recording, *, by_mistake: bool = False) -> None:
    """Open a case again that is owed again, or was closed by mistake."""
    was = at.case.closing_reason
    at.case.outstanding = max(rests(at.session, [at.invoice.id])[at.invoice.id], Decimal(0))
    at.case.state = "waiting"
    at.case.closed_at = None
    at.case.closing_reason = None
    at.case.closed_by_person = None
    why = f"owed again; it had been closed: {was}"
    if by_mistake:
        why = f"closed by mistake; it had been closed: {was}"
    at.log("reopened", why)
    at.keep_owed()


def _standing_payment(at: Recording, event_id: str) -> PaymentRow:
    """The payment of this invoice that a credit names, not reversed."""
    found = at.session.exec(
        select(PaymentRow).where(PaymentRow.invoice_id == at.invoice.id, PaymentRow.event_id == event_id)
    ).first()
    if found is None:
        raise NotFound(f"payment_event_id: no payment {event_id!r} on invoice {at.invoice.number!r}")
    if found.reversed_at is not None:
        raise WrongState(f"payment_event_id: payment {event_id!r} is reversed already")
    return found


def _payment_to_reverse(at: Recording, event_id: str | None) -> PaymentRow:
    payments = at.session.exec(
        select(PaymentRow)
        .where(PaymentRow.invoice_id == at.invoice.id)
        .order_by(col(PaymentRow.recorded_at), col(PaymentRow.id))
    ).all()
    if event_id is not None:
        payments = [payment for payment in payments if payment.event_id == event_id]
        if not payments:
            raise NotFound(f"payment_event_id: no payment {event_id!r} on invoice {at.invoice.number!r}")
        if payments[0].reversed_at is not None:
            raise WrongState(f"payment_event_id: payment {event_id!r} is reversed already")
        return payments[0]
    standing = [payment for payment in payments if payment.reversed_at is None]
    if not standing:
        raise WrongState(f"invoice {at.invoice.number!r} has no payment to reverse")
    if len(standing) > 1:
        raise InvalidFact(f"payment_event_id: required, there are {len(standing)} payments on this invoice")
    return standing[0]
