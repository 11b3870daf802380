"""The fault campaign's judge finds each kind of broken promise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from admin.chaos.books import Asked, Message, Received
from tests.integration.faults.story import (
    CUSTOMERS,
    DISPUTED_IN,
    DISPUTING,
    ROUNDS,
    Contact,
    intended,
)
from tests.integration.faults.verdict import Books, judge

DAY = date(2026, 3, 3)
AT = datetime(2026, 3, 3, 9, 40, tzinfo=UTC)
SENT, DOUBTED, QUIET = UUID(int=1), UUID(int=2), UUID(int=3)


def contact(number: int, *also: str) -> Contact:
    return Contact(f"C-{number}", DAY, "email", "step_1", (f"F-{number}",), also)


def message(id_: UUID, status: str = "sent") -> Message:
    number = id_.int
    return Message(
        id=id_,
        customer=f"C-{number}",
        channel="email",
        to=f"compta@c{number}.example",
        text=f"F-{number}",
        status=status,
        provider_id=None,
        steps=frozenset({(f"F-{number}", "step_1")}),
    )


def received(number: int, id_: UUID | None) -> Received:
    name = id_.int if id_ else 0
    return Received(number, f"id-{number}", "email", f"compta@c{name}.example", "", id_)


WANTED = (contact(1), contact(2), contact(3))
KEPT = Books(
    contacts=WANTED,
    # One was answered, one never came, of one that came the provider never spoke.
    messages=(message(SENT), message(DOUBTED, "uncertain"), message(QUIET, "uncertain")),
    tasks=(
        Asked(UUID(int=12), "uncertain_message", DOUBTED),
        Asked(UUID(int=13), "uncertain_message", QUIET),
        Asked(UUID(int=14), "dispute", None),
    ),
    received=(received(1, SENT), received(2, QUIET)),
    silenced=frozenset({QUIET}),
    left_at={SENT: (AT, True)},
)


def test_a_promise_that_was_kept() -> None:
    verdict = judge(WANTED, KEPT)
    assert verdict.faults == ()
    assert (verdict.intended, verdict.concluded, verdict.left) == (3, 3, 2)
    assert (verdict.sent, verdict.uncertain, verdict.doubled, verdict.lost) == (1, 2, 0, 0)


BROKEN: dict[str, Callable[[Books], Books]] = {
    "not concluded": lambda it: replace(it, contacts=it.contacts[1:]),
    "not intended, or concluded again": lambda it: replace(it, contacts=(*it.contacts, contact(3))),
    "doubled": lambda it: replace(it, received=(*it.received, received(3, SENT))),
    "lost": lambda it: replace(it, received=it.received[1:]),
    "lost: nothing left": lambda it: replace(
        it, messages=(*it.messages[:1], message(DOUBTED, "failed"), it.messages[2])
    ),
    "denied": lambda it: replace(it, messages=(message(SENT, "withdrawn"), *it.messages[1:])),
    "unknown": lambda it: replace(it, received=(*it.received, received(3, None))),
    "needless doubt": lambda it: replace(it, silenced=frozenset()),
    "nobody to answer": lambda it: replace(it, tasks=it.tasks[1:]),
    "asked for nothing": lambda it: replace(
        it, tasks=(*it.tasks, Asked(UUID(int=15), "uncertain_message", SENT))
    ),
    "unfinished": lambda it: replace(it, messages=(*it.messages, message(UUID(int=4), "sending"))),
    "outside hours": lambda it: replace(it, left_at={SENT: (AT, False)}),
}


@pytest.mark.parametrize(("fault", "broken"), BROKEN.items(), ids=BROKEN)
def test_each_broken_promise_is_found(fault: str, broken: Callable[[Books], Books]) -> None:
    verdict = judge(WANTED, broken(KEPT))
    assert any(found.startswith(fault) for found in verdict.faults), verdict.faults
    assert verdict.doubled == (fault == "doubled")
    assert (verdict.lost > 0) is ("lost" in fault or fault == "denied")


def test_a_step_that_came_by_two_messages_is_doubled() -> None:
    again = replace(message(UUID(int=9)), to="compta@c1.example", steps=frozenset({("F-1", "step_1")}))
    twice = replace(
        KEPT,
        messages=(*KEPT.messages, again),
        received=(*KEPT.received, Received(3, "id-3", "email", "compta@c1.example", "", again.id)),
    )
    assert judge(WANTED, twice).doubled == 1


def test_the_rules_intend_500_contacts_of_60_customers(tmp_path: Path) -> None:
    told = intended(tmp_path)
    assert len(told.days) == ROUNDS
    assert len(told.contacts) == ROUNDS * CUSTOMERS - (ROUNDS - DISPUTED_IN + 1) * DISPUTING == 500
    assert len(set(told.contacts)) == 500
    assert {contact.channel for contact in told.contacts} == {"email", "sms"}
    assert any(contact.also for contact in told.contacts)
