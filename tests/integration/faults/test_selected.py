"""A case was selected and its message composed; before it leaves, somebody pauses it or the debtor pays.

The usual systems send what they had selected. Here the facts decide at the moment of sending, under the
customer's lock. Counts are of messages at the provider.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from activities.store.engine import transaction
from activities.store.facts import record
from models.ids import CaseSignal
from models.messages import FACTS
from models.tables import Communication
from tests.fixtures.counts import tell
from tests.integration.sending.desk import Desk

pytestmark = pytest.mark.integration

CASES = 30
HANDS = 8
S = CaseSignal


def selected(desk: Desk, invoices: int = 1) -> dict[str, UUID]:
    """A message to each of the customers, composed and ready to leave."""
    messages = {}
    for place in range(CASES):
        ref = f"C-{place}"
        numbers = [f"{ref}/{part}" for part in range(invoices)]
        for part, number in enumerate(numbers):
            desk.invoice(number, customer=ref, due=date(2026, 3, 5) - timedelta(days=part))
        for number in numbers:
            desk.review(number)
        (messages[ref],) = desk.prepare(ref).send
    return messages


def at_once(work: Iterable[Callable[[], None]]) -> None:
    """Do all of it, some at the same time."""
    with ThreadPoolExecutor(HANDS) as pool:
        for done in [pool.submit(each) for each in work]:
            done.result()


def sends(desk: Desk, messages: Iterable[UUID], outcomes: dict[UUID, str]) -> list[Callable[[], None]]:
    """The sending of each message, which writes down its outcome."""

    def send(message: UUID) -> Callable[[], None]:
        return lambda: outcomes.update({message: desk.send(message).outcome})

    return [send(message) for message in messages]


def received(desk: Desk) -> list[str]:
    """The communication of each message that came to the provider."""
    return [message.custom_args["communication"] for message in desk.asked()]


def test_a_case_paused_after_it_was_selected(desk: Desk) -> None:
    messages = selected(desk)
    paused = [ref for place, ref in enumerate(messages) if place % 2]
    for ref in paused:
        desk.tell(S.PAUSED, f"{ref}/0", reason="the collector asks for it", until="2026-03-12")
    outcomes: dict[UUID, str] = {}
    at_once(sends(desk, messages.values(), outcomes))
    stopped = {messages[ref] for ref in paused}
    left = received(desk)
    assert {message for message, outcome in outcomes.items() if outcome == "stale"} == stopped
    assert sorted(left) == sorted(str(message) for message in set(messages.values()) - stopped)
    assert {desk.message(message).status for message in stopped} == {"withdrawn"}
    for ref in paused:
        assert desk.review(f"{ref}/0").state != "due"
        assert desk.prepare(ref).send == ()

    # The pause ends, and the gap after it: each is composed anew and leaves once.
    desk.clock.at += timedelta(days=9)
    again: dict[UUID, str] = {}
    for ref in paused:
        desk.review(f"{ref}/0")
        (message,) = desk.prepare(ref).send
        again[message] = desk.send(message).outcome
    assert set(again.values()) == {"sent"}
    everything = received(desk)
    assert len(everything) == len(set(everything)) == CASES
    tell(
        "a case paused after it was selected",
        selected=CASES,
        paused=len(paused),
        left=len(left),
        left_although_paused=len([message for message in left if UUID(message) in stopped]),
        left_after_the_pause=len(again),
        doubled=len(everything) - len(set(everything)),
        lost=CASES - len(set(everything)),
    )


def test_an_invoice_paid_after_it_was_selected(desk: Desk) -> None:
    """Half are paid before anything leaves; the others in a race with their own message.

    A payment that still holds its customer's lock looks at the message. Seen as `planned`, it commits before
    any sending, so that message must not leave.
    """
    messages = selected(desk, invoices=2)
    refs = list(messages)
    early, racing = refs[: CASES // 2], refs[CASES // 2 :]
    seen: dict[str, str] = {}

    def pay(ref: str) -> None:
        fact = FACTS[S.PAYMENT_RECEIVED].model_validate(
            {"amount": "1200.00", "currency": "EUR", "event_id": f"bank/{ref}"}
        )
        with transaction(desk.engine) as session:
            record(
                session,
                now=desk.clock.at,
                invoice=("acme", f"{ref}/0"),
                fact=fact,
                signal=S.PAYMENT_RECEIVED,
                who="bank",
            )
            wanted = select(Communication.status).where(Communication.id == messages[ref])
            seen[ref] = session.exec(wanted).one()

    def payment(ref: str) -> Callable[[], None]:
        return lambda: pay(ref)

    at_once([payment(ref) for ref in early])
    outcomes: dict[UUID, str] = {}
    work = [*sends(desk, messages.values(), outcomes), *(payment(ref) for ref in racing)]
    random.Random(5).shuffle(work)
    at_once(work)

    too_late = [ref for ref in racing if seen[ref] != "planned"]
    in_time = [ref for ref in refs if seen[ref] == "planned"]
    assert {seen[ref] for ref in early} == {"planned"}
    assert set(early) < set(in_time), "no payment came before its message: the race was not run"
    assert too_late, "no message came before its payment: the race was not run"
    for ref in refs:
        assert outcomes[messages[ref]] == ("stale" if ref in in_time else "sent")
    left = received(desk)
    assert sorted(left) == sorted(str(messages[ref]) for ref in too_late)

    # What is composed then is about the other invoice alone, and leaves once.
    for ref in in_time:
        for part in (0, 1):
            desk.review(f"{ref}/{part}")
        (message,) = desk.prepare(ref).send
        assert desk.items(message) == {f"{ref}/1": False}
        assert f"{ref}/0" not in desk.envelope(message).text
        assert desk.send(message).outcome == "sent"
    everything = received(desk)
    assert len(everything) == len(set(everything)) == CASES
    tell(
        "an invoice paid after it was selected",
        selected=CASES,
        paid=len(seen),
        paid_in_time=len(in_time),
        left_although_paid=len({UUID(message) for message in left} & {messages[ref] for ref in in_time}),
        left_before_their_payment=len(too_late),
        left_for_the_rest=len(in_time),
        doubled=len(everything) - len(set(everything)),
        lost=CASES - len(set(everything)),
    )
