"""The judge of the crash campaign, given books that were tampered with: it finds each broken promise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from admin.chaos.books import (
    Asked,
    Blow,
    Expected,
    LedgerBook,
    Message,
    Received,
    Shown,
    Stand,
    TemporalBook,
    Wanted,
)
from admin.chaos.judge import Verdict, is_over, judge, matched
from models.ids import case_id

COMPANY = "acme"
AT = datetime(2026, 12, 2, 8, 30, tzinfo=UTC)
AFTER = Stand("waiting", "reminder_1", "reminder_2", AT)
SMS = "Acme: call us."

MAIL, TEXT, DOUBT = UUID(int=1), UUID(int=2), UUID(int=3)
TASK = UUID(int=30)


@dataclass(frozen=True)
class Books:
    """Three customers: an e-mail about two invoices, an SMS, and an e-mail that nobody is sure about."""

    expected: Expected
    inbox: tuple[Received, ...]
    ledger: LedgerBook
    temporal: TemporalBook
    blows: tuple[Blow, ...]

    def judged(self) -> Verdict:
        return judge(COMPANY, self.expected, self.inbox, self.ledger, self.temporal, self.blows)

    def with_message(self, place: int, **changes: object) -> Books:
        messages = list(self.ledger.messages)
        messages[place] = replace(messages[place], **changes)  # type: ignore[arg-type]
        return replace(self, ledger=replace(self.ledger, messages=tuple(messages)))

    def with_ledger(self, **changes: object) -> Books:
        return replace(self, ledger=replace(self.ledger, **changes))  # type: ignore[arg-type]

    def with_temporal(self, **changes: object) -> Books:
        return replace(self, temporal=replace(self.temporal, **changes))  # type: ignore[arg-type]

    def with_received(self, *more: Received) -> Books:
        return replace(self, inbox=(*self.inbox, *more))

    def without_received(self, number: int) -> Books:
        return replace(self, inbox=tuple(r for r in self.inbox if r.number != number))


def steps(*invoices: str) -> frozenset[tuple[str, str]]:
    return frozenset((invoice, "reminder_1") for invoice in invoices)


def mail(number: int, to: str, text: str, message: UUID) -> Received:
    return Received(number, f"sg-{number}", "email", to, text, message)


@pytest.fixture
def books() -> Books:
    one, two, three = steps("F-1", "F-2"), steps("F-3"), steps("F-4")
    invoices = ("F-1", "F-2", "F-3", "F-4")
    return Books(
        Expected(
            {
                "C-1": Wanted("email", "a@one.example", one),
                "C-2": Wanted("sms", "+33612340002", two),
                "C-3": Wanted("email", "a@three.example", three),
            },
            dict.fromkeys(invoices, AFTER),
        ),
        (
            mail(1, "a@one.example", "F-1 and F-2 are late", MAIL),
            Received(2, "SM2", "sms", "+33612340002", SMS, None),
        ),
        LedgerBook(
            (
                Message(MAIL, "C-1", "email", "a@one.example", "F-1 and F-2 are late", "sent", "sg-1", one),
                Message(TEXT, "C-2", "sms", "+33612340002", SMS, "sent", "SM2", two),
                Message(DOUBT, "C-3", "email", "a@three.example", "F-4 is late", "uncertain", None, three),
            ),
            (Asked(TASK, "uncertain_message", DOUBT),),
            dict.fromkeys(invoices, AFTER),
            notes=0,
            rejected=0,
        ),
        TemporalBook({case_id(COMPANY, i): Shown("reminder_1", AT) for i in invoices}, (), 0),
        (
            Blow("worker", (11,), 1, 1, frozenset({DOUBT}), 2.0),
            Blow("temporal", (12,), 1, 1, frozenset({TEXT}), 2.0),
            Blow("postgres", (13, 14), 1, 1, frozenset({TEXT}), 2.0),
        ),
    )


def test_books_that_agree_are_found_to_agree(books: Books) -> None:
    verdict = books.judged()
    assert verdict.faults == ()
    assert verdict.held
    assert (verdict.intended, verdict.steps, verdict.received, verdict.sent) == (3, 4, 2, 2)
    assert (verdict.uncertain, verdict.doubled, verdict.lost, verdict.in_flight) == (1, 0, 0, 2)
    (doubt,) = verdict.doubts
    assert (doubt.message, doubt.task, doubt.received, doubt.killed) == (DOUBT, TASK, False, "worker")


def test_what_came_of_an_uncertain_message_is_told(books: Books) -> None:
    verdict = books.with_received(mail(3, "a@three.example", "F-4 is late", DOUBT)).judged()
    assert verdict.held
    assert [doubt.received for doubt in verdict.doubts] == [True]


RESENT = UUID(int=4)

TAMPERED: dict[str, tuple[Callable[[Books], Books], str]] = {
    "the same message twice": (
        lambda b: b.with_received(mail(3, "a@one.example", "F-1 and F-2 are late", MAIL)),
        "doubled: no. 3 at the provider repeats no. 1",
    ),
    "the same message to somebody else as well": (
        lambda b: b.with_received(mail(3, "b@one.example", "F-1 and F-2 are late", MAIL)),
        f"doubled: no. 3 at the provider repeats no. 1 (message {MAIL}",
    ),
    "the same SMS twice": (
        lambda b: b.with_received(Received(3, "SM3", "sms", "+33612340002", SMS, None)),
        "doubled: no. 3 at the provider repeats no. 2 (reader +33612340002)",
    ),
    "one step in two different messages": (
        lambda b: b.with_ledger(
            messages=(
                *b.ledger.messages,
                Message(RESENT, "C-1", "email", "b@one.example", "F-1", "sent", "sg-3", steps("F-1")),
            )
        ).with_received(mail(3, "b@one.example", "F-1", RESENT)),
        "doubled: no. 3 at the provider repeats no. 1 (reminder_1 of F-1)",
    ),
    "sent says the ledger, and nothing came": (
        lambda b: b.without_received(1),
        "lost: C-1 was due an email to a@one.example; the ledger says sent",
    ),
    "nothing composed and nothing came": (
        lambda b: b.with_ledger(messages=b.ledger.messages[1:]).without_received(1),
        "lost: C-1 was due an email to a@one.example; the ledger says nothing of it",
    ),
    "uncertain without a task": (
        lambda b: b.with_ledger(tasks=()),
        f"nobody to answer: uncertain message {DOUBT} has 0 open tasks",
    ),
    "uncertain with two tasks": (
        lambda b: b.with_ledger(tasks=(*b.ledger.tasks, Asked(UUID(int=31), "uncertain_message", DOUBT))),
        f"nobody to answer: uncertain message {DOUBT} has 2 open tasks",
    ),
    "a person asked about a message that is certain": (
        lambda b: b.with_ledger(tasks=(*b.ledger.tasks, Asked(UUID(int=31), "uncertain_message", MAIL))),
        f"asked for nothing: open task {UUID(int=31)} (uncertain_message)",
    ),
    "a task of another kind": (
        lambda b: b.with_ledger(tasks=(*b.ledger.tasks, Asked(UUID(int=31), "delivery_failed", None))),
        f"asked for nothing: open task {UUID(int=31)} (delivery_failed)",
    ),
    "uncertain, and in flight at no kill": (
        lambda b: replace(b, blows=tuple(replace(blow, sending=frozenset({TEXT})) for blow in b.blows)),
        f"needless doubt: message {DOUBT} is uncertain and was in flight at no kill",
    ),
    "more uncertain than in flight": (
        lambda b: (
            replace(b, blows=tuple(replace(blow, sending=frozenset({TEXT})) for blow in b.blows))
            .with_message(0, status="uncertain")
            .with_ledger(tasks=(*b.ledger.tasks, Asked(UUID(int=31), "uncertain_message", MAIL)))
        ),
        "too many doubts: 2 messages uncertain, 1 were in flight at the kills",
    ),
    "a case at another step": (
        lambda b: b.with_ledger(
            cases={**b.ledger.cases, "F-2": replace(AFTER, stage="new", next_step="reminder_1")}
        ),
        "misplaced: F-2 is waiting at new, next reminder_1",
    ),
    "a case at another time": (
        lambda b: b.with_ledger(cases={**b.ledger.cases, "F-2": replace(AFTER, next_at=AT.replace(day=3))}),
        "misplaced: F-2 is waiting at reminder_1, next reminder_2 at 2026-12-03",
    ),
    "a case that is gone": (
        lambda b: b.with_ledger(cases={i: s for i, s in b.ledger.cases.items() if i != "F-3"}),
        "misplaced: F-3 has no case",
    ),
    "a case of nothing": (
        lambda b: b.with_ledger(cases={**b.ledger.cases, "F-9": AFTER}),
        "misplaced: a case for F-9",
    ),
    "a case without its workflow": (
        lambda b: b.with_temporal(
            cases={w: s for w, s in b.temporal.cases.items() if w != case_id(COMPANY, "F-3")}
        ),
        "misplaced: no workflow runs for F-3",
    ),
    "a workflow that knows nothing of its contact": (
        lambda b: b.with_temporal(cases={**b.temporal.cases, case_id(COMPANY, "F-3"): Shown("new", AT)}),
        "misplaced: Temporal has F-3 at new",
    ),
    "a failed workflow": (
        lambda b: b.with_temporal(failed=("outreach/1",)),
        "failed: workflow outreach/1",
    ),
    "an outreach that does not end": (
        lambda b: b.with_temporal(outreaches=1),
        "unfinished: 1 outreaches still run",
    ),
    "notes in the outbox": (lambda b: b.with_ledger(notes=2), "unfinished: 2 notes wait in the outbox"),
    "a rejected fact": (lambda b: b.with_ledger(rejected=1), "rejected: 1 facts could not be recorded"),
    "a message that is still being sent": (
        lambda b: b.with_message(1, status="sending"),
        f"unfinished: message {TEXT} is still sending",
    ),
    "a message that came and is said not to have left": (
        lambda b: b.with_message(0, status="failed"),
        "denied: no. 1 to a@one.example came; the ledger calls it failed",
    ),
    "a message nobody knows": (
        lambda b: b.with_received(mail(3, "a@nobody.example", "Pay", UUID(int=99))),
        "unknown: the ledger knows nothing of no. 3 to a@nobody.example",
    ),
    "a message to a customer who was due none": (
        lambda b: b.with_ledger(
            messages=(
                *b.ledger.messages,
                Message(RESENT, "C-9", "email", "a@nine.example", "Pay", "sent", "sg-3", frozenset()),
            )
        ).with_received(mail(3, "a@nine.example", "Pay", RESENT)),
        "unintended: C-9 was due nothing and got no. 3",
    ),
    "a message that takes another step": (
        lambda b: b.with_message(0, steps=steps("F-1")),
        "otherwise than intended: C-1 got an email to a@one.example about F-1 (reminder_1), due was",
    ),
    "an e-mail that leaves an invoice out": (
        lambda b: replace(b, inbox=(replace(b.inbox[0], text="F-1 is late"), *b.inbox[1:])),
        "otherwise than intended: no. 1 does not name F-2",
    ),
    "a server that was not killed": (
        lambda b: replace(b, blows=b.blows[:2]),
        "no proof: killed were worker, temporal, not worker, temporal, postgres",
    ),
    "a kill with nothing in flight": (
        lambda b: replace(b, blows=(*b.blows[:2], replace(b.blows[2], sending=frozenset()))),
        "no proof: nothing was in flight when postgres was killed",
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_broken_promise_is_found(books: Books, name: str) -> None:
    tamper, fault = TAMPERED[name]
    verdict = tamper(books).judged()
    assert not verdict.held
    assert [found for found in verdict.faults if found.startswith(fault)], verdict.faults
    assert (verdict.doubled > 0) == fault.startswith("doubled")
    assert (verdict.lost > 0) == fault.startswith("lost")
    assert (verdict.misplaced > 0) == fault.startswith("misplaced")


def test_an_sms_is_told_by_the_providers_id_before_its_words(books: Books) -> None:
    """Sent again with the same words once a person had said that it did not leave."""
    first = replace(books.ledger.messages[1], status="failed", provider_id=None)
    again = Message(RESENT, "C-2", "sms", "+33612340002", SMS, "sent", "SM2", steps("F-3"))
    assert matched(books.inbox, (books.ledger.messages[0], first, again))[2] is again
    # It had left the first time after all: then the other one is the first.
    both = (*books.inbox, Received(3, "SM9", "sms", "+33612340002", SMS, None))
    assert matched(both, (books.ledger.messages[0], first, again))[3] is first


STILL: dict[str, Callable[[Books], Books]] = {
    "a message that is planned": lambda books: books.with_message(1, status="planned"),
    "a message at the provider": lambda books: books.with_message(1, status="sending"),
    "a message that was not sent and is not made again yet": lambda books: books.with_message(
        2, status="failed"
    ),
    "a doubt that was cleared just now, its cases not told yet": lambda books: books.with_message(
        2, status="sent"
    ).with_ledger(notes=1),
    "an outreach at work": lambda books: books.with_temporal(outreaches=1),
    "a case whose workflow does not run yet": lambda books: books.with_temporal(
        cases={id_: shown for id_, shown in books.temporal.cases.items() if id_ != case_id(COMPANY, "F-3")}
    ),
    "a case that Temporal shows as it was": lambda books: books.with_temporal(
        cases={**books.temporal.cases, case_id(COMPANY, "F-3"): Shown("pre_reminder", AT)}
    ),
}


@pytest.mark.parametrize("what", STILL)
def test_nothing_is_judged_while_something_is_under_way(books: Books, what: str) -> None:
    def over(it: Books) -> bool:
        return is_over(COMPANY, 3, it.ledger, it.temporal)

    assert over(books)
    assert not over(STILL[what](books))
