"""Two who act at once: two workers with one message, and a payment against a message that leaves."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from sqlmodel import select

from activities.channels.outcomes import NotSent, Outcome, Rejected, Sent
from activities.channels.sendgrid_email import Email
from activities.providers import Providers
from activities.store.engine import transaction
from activities.store.facts import record
from models.ids import CaseSignal
from models.messages import PaymentReceived
from models.tables import Communication
from tests.integration.sending.desk import NOW, Desk

pytestmark = pytest.mark.integration

ROUNDS = 25


def ready(desk: Desk, customer: str = "C-1") -> UUID:
    """A first reminder about two invoices, ready to leave."""
    first, second = f"{customer}/1", f"{customer}/2"
    desk.invoice(first, customer=customer)
    desk.invoice(second, customer=customer, due=date(2026, 3, 4))
    for number in (first, second):
        desk.review(number)
    (message,) = desk.prepare(customer).send
    return message


class Waits:
    """A provider that answers only when it is told to; it says when it was called."""

    def __init__(self, outcome: Outcome) -> None:
        self.called = threading.Event()
        self.answer = threading.Event()
        self.calls = 0
        self._outcome = outcome

    def send(self, email: Email) -> Outcome:
        """Keep the caller waiting."""
        self.calls += 1
        self.called.set()
        assert self.answer.wait(20)
        return self._outcome


def second_worker_meanwhile(desk: Desk, message: UUID, outcome: Outcome) -> tuple[Waits, list[object]]:
    """One worker is at the provider when another takes the same message up; then the provider answers."""
    slow = Waits(outcome)
    providers = replace(Providers.of(desk.settings), email=slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(desk.send, message, providers=providers)
        assert slow.called.wait(20)
        second = desk.send(message, providers=providers)
        assert second.outcome == "uncertain"
        assert len(desk.tasks("uncertain_message", "open")) == 1
        slow.answer.set()
        ended = first.exception() or first.result()
    return slow, [second, ended]


def test_two_workers_with_one_message_call_the_provider_once(desk: Desk) -> None:
    message = ready(desk)
    slow, _ = second_worker_meanwhile(desk, message, Sent("sendgrid", "id-1"))
    assert slow.calls == 1
    # The provider's word is evidence: nobody needs to be asked any more.
    assert (desk.message(message).status, desk.contact(message).status) == ("sent", "sent")
    assert desk.tasks(status="open") == []
    assert desk.items(message) == {"C-1/1": True, "C-1/2": True}


def test_the_first_worker_learns_that_it_was_refused_after_the_second_had_asked(desk: Desk) -> None:
    message = ready(desk)
    slow, _ = second_worker_meanwhile(desk, message, Rejected("no such mailbox", "400"))
    assert slow.calls == 1
    assert (desk.message(message).status, desk.contact(message).status) == ("failed", "failed")
    assert desk.items(message) == {"C-1/1": False, "C-1/2": False}, "it certainly has not left"
    assert [task.kind for task in desk.tasks(status="open")] == ["delivery_failed"]
    assert desk.review("C-1/1").state == "awaiting_person"


def test_the_first_worker_learns_that_it_was_not_sent_after_the_second_had_asked(desk: Desk) -> None:
    message = ready(desk)
    slow, _ = second_worker_meanwhile(desk, message, NotSent("busy", None))
    assert slow.calls == 1
    assert desk.tasks(status="open") == [], "nothing is uncertain any more"
    assert desk.send(message).outcome == "failed"
    for number in ("C-1/1", "C-1/2"):
        assert desk.review(number).state == "due"
    (again,) = desk.prepare().send
    assert desk.send(again).outcome == "sent"
    assert len(desk.asked()) == 1


def test_many_workers_at_the_same_instant(desk: Desk) -> None:
    """Whoever is first sends; nobody else calls the provider."""
    for place in range(8):
        message = ready(desk, f"C-{place}")
        start = threading.Barrier(4)

        def send(message: UUID = message, start: threading.Barrier = start) -> str:
            start.wait()
            return desk.send(message).outcome

        with ThreadPoolExecutor(4) as pool:
            outcomes = [future.result() for future in [pool.submit(send) for _ in range(4)]]
        assert set(outcomes) <= {"sent", "uncertain"}
        assert len(desk.asked()) == place + 1
        assert desk.message(message).status == "sent"
        assert desk.contact(message).status == "sent"
    assert desk.tasks(status="open") == []


def test_nothing_leaves_for_a_payment_that_was_committed_before(desk: Desk) -> None:
    """Payment and message race; the ledger's order decides.

    While the payment still holds the customer's lock it looks at the message: still `planned`, and its
    commit comes before any sending, so the message must not leave.
    """
    too_late = stopped = 0
    for place in range(ROUNDS):
        ref = f"C-{place}"
        message = ready(desk, ref)
        before = len(desk.asked())
        start = threading.Barrier(2)

        def pay(ref: str = ref, message: UUID = message, start: threading.Barrier = start) -> str:
            start.wait()
            fact = PaymentReceived.model_validate(
                {"amount": "1200.00", "currency": "EUR", "event_id": f"bank/{ref}"}
            )
            with transaction(desk.engine) as session:
                record(
                    session,
                    now=NOW,
                    invoice=("acme", f"{ref}/1"),
                    fact=fact,
                    signal=CaseSignal.PAYMENT_RECEIVED,
                    who="bank",
                )
                return session.exec(select(Communication.status).where(Communication.id == message)).one()

        def send(message: UUID = message, start: threading.Barrier = start) -> str:
            start.wait()
            return desk.send(message).outcome

        with ThreadPoolExecutor(2) as pool:
            paid, sent = pool.submit(pay), pool.submit(send)
            seen, outcome = paid.result(), sent.result()
        left = len(desk.asked()) - before
        if seen != "planned":
            too_late += 1
            assert (outcome, left) == ("sent", 1)
            continue
        stopped += 1
        assert (outcome, left) == ("stale", 0)
        assert desk.message(message).status == "withdrawn"
        again = desk.prepare(ref).send
        assert len(again) == 1
        assert desk.items(again[0]) == {f"{ref}/2": False}
        assert f"{ref}/1" not in desk.envelope(again[0]).text
        assert desk.send(again[0]).outcome == "sent"
    assert too_late + stopped == ROUNDS
    assert stopped > 0, "the payment never came first: the race was not run"
