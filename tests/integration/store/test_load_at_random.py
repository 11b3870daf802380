"""Random ledgers: a case is the same alone and among others, and its row says what is decided."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from activities.decisions import settle_case, settle_customer
from activities.store.engine import transaction
from activities.store.load import LoadedCase, facts_hash, load_case, load_customer
from activities.store.tasks import open_task
from models.errors import RelanceError
from models.ids import CaseSignal
from models.tables import CaseEvent, DunningCase, OutboxNote
from rules.decide import decide
from tests.fixtures.ledger import NOW, TODAY, Book, add_contact, make_book

pytestmark = pytest.mark.integration

S = CaseSignal
NUMBERS = ("F-1", "F-2", "F-3", "F-4", "F-5")
LADDER = ("reminder_1", "reminder_2", "reminder_3", "phone_call", "formal_notice")


@pytest.mark.parametrize("seed", range(12))
def test_a_case_alone_is_what_it_is_among_the_customers(engine: Engine, seed: int) -> None:
    book = lived(engine, Random(seed))
    later = NOW + timedelta(days=2)
    with transaction(engine) as session:
        customer = load_customer(session, book.customer_id, later, "live")
        for case in customer.cases:
            alone = load_case(session, case.invoice.id, later, "live")
            assert alone == case
    # As the queries of a list would have it: oldest due date first, then by number.
    assert [case.invoice.number for case in customer.cases] == sorted(
        (case.invoice.number for case in customer.cases),
        key=lambda number: (
            next(c.invoice.due_on for c in customer.cases if c.facts.invoice == number),
            number,
        ),
    )


@pytest.mark.parametrize("seed", range(12))
def test_rows_say_what_a_fresh_look_decides(engine: Engine, seed: int) -> None:
    book = lived(engine, Random(seed))
    with transaction(engine) as session:
        for invoice_id in book.invoices.values():
            settle_case(session, invoice_id, NOW, "live")
    with transaction(engine) as session:
        settle_customer(session, book.customer_id, NOW, "live")
    with transaction(engine) as session:
        for invoice_id in book.invoices.values():
            assert_decided(session, load_case(session, invoice_id, NOW, "live"))
        events, notes = counted(session)
        before = rows(session)
    # Nothing has moved: a second look at the same instant has nothing to write and nobody to tell.
    with transaction(engine) as session:
        assert settle_customer(session, book.customer_id, NOW, "live") == []
    with transaction(engine) as session:
        assert rows(session) == before
        assert counted(session) == (events, notes)


def rows(session: Session) -> dict[str, dict[str, Any]]:
    """Every case's row, by invoice."""
    return {str(row.invoice_id): row.model_dump() for row in session.exec(select(DunningCase)).all()}


def counted(session: Session) -> tuple[int, int]:
    """How many lines the journal has, and how many notes wait."""
    return len(session.exec(select(CaseEvent.id)).all()), len(session.exec(select(OutboxNote.id)).all())


def assert_decided(session: Session, loaded: LoadedCase) -> None:
    """The row of a case is the decision on it."""
    decision = decide(loaded.facts, loaded.customer, loaded.policy, NOW)
    row = session.get_one(DunningCase, loaded.invoice.id)
    action = decision.next
    assert (row.state, row.stage, row.paused_by) == (decision.state.value, decision.stage, decision.paused_by)
    assert (row.outstanding, row.disputed) == (decision.balance.outstanding, decision.balance.disputed)
    assert row.next_step == (action.step.key if action else None)
    assert row.next_channel == (action.route.channel.value if action else None)
    assert (row.wake_at, row.next_why) == (decision.wake_at, decision.why)
    assert (row.closed_at is not None, row.closing_reason) == (
        decision.state.value == "closed",
        decision.closing_reason,
    )
    assert (row.decided_at, row.decided_seq) == (NOW, loaded.customer_row.ledger_seq)


def lived(engine: Engine, random: Random) -> Book:
    """A customer after a random number of facts, contacts and tasks; what the ledger refuses is left out."""
    book = make_book(engine, NUMBERS, now=NOW - timedelta(days=30))
    for turn in range(random.randrange(4, 24)):
        number, at = random.choice(NUMBERS), NOW - timedelta(days=random.randrange(20), minutes=turn)
        try:
            signal, told = fact(random, turn)
            book.tell(signal, number, at=at, **told)
        except RelanceError:
            continue
    with transaction(engine) as session:
        for number in NUMBERS:
            for step in LADDER[: random.randrange(len(LADDER))]:
                day = TODAY - timedelta(days=random.randrange(6, 30))
                channel = random.choice(("email", "sms", "phone", "letter"))
                add_contact(session, book, "sent", {number: step}, concluded_on=day, channel=channel)
        cases = load_customer(session, book.customer_id, NOW).cases
        open_now = [case.facts.invoice for case in cases]
        if len(open_now) > 1 and random.random() < 0.7:
            acted = random.sample(open_now, 2)
            quoted = facts_hash([case.facts for case in cases], set(acted), TODAY, NOW)
            add_contact(
                session,
                book,
                random.choice(("draft", "approved", "withheld")),
                dict.fromkeys(acted, "handover"),
                step="handover",
                folded=frozenset(acted[1:]),
                facts_hash=random.choice((quoted, "stale")),
                fingerprint=random.choice(("live", "off")),
            )
        contact = add_contact(session, book, "failed", dict.fromkeys(random.sample(NUMBERS, 2), "reminder_2"))
        for kind in random.sample(("find_contact", "delivery_failed", "phone_call"), 2):
            open_task(
                session,
                key=f"{kind}/{contact.id}",
                kind=kind,
                company_id=book.company_id,
                customer_id=book.customer_id,
                contact_id=contact.id,
                title=kind,
                now=NOW,
                today=TODAY,
            )
    return book


def fact(random: Random, turn: int) -> tuple[CaseSignal, dict[str, Any]]:
    """One thing that may happen to an invoice of 100 euros."""
    amount = f"{random.randrange(1, 6000) / 100:.2f}"
    day = TODAY + timedelta(days=random.randrange(-3, 10))
    return random.choice(
        (
            (S.PAYMENT_RECEIVED, {"amount": amount, "event_id": f"bank/{turn}"}),
            (S.PAYMENT_RECEIVED, {"amount": "100.00", "event_id": f"bank/{turn}"}),
            (S.PAYMENT_REVERSED, {"payment_event_id": f"bank/{random.randrange(turn + 1)}"}),
            (S.CREDIT_NOTE_ISSUED, {"amount": amount}),
            (S.DISPUTE_OPENED, {"amount": random.choice((amount, None))}),
            (S.DISPUTE_RESOLVED, {}),
            (S.PAYMENT_CLAIMED, {"paid_on": day}),
            (S.PAYMENT_PLAN_AGREED, {"instalments": [{"due_on": day, "amount": "100.00"}]}),
            (S.PAYMENT_PLAN_CANCELLED, {}),
            (S.PAUSED, {"reason": "goodwill", "until": random.choice((day, None))}),
            (S.RESUMED, {}),
            (S.DELIVERY_HOLD_PLACED, {"pauses_ladder": random.random() < 0.5}),
            (S.DELIVERY_HOLD_RELEASED, {}),
            (S.CLOSED, {"reason": "written off"}),
        )
    )
