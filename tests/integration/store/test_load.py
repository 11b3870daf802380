"""From rows to the facts that rules decide on."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from activities.store.cases import open_case
from activities.store.engine import transaction
from activities.store.load import LoadedCase, facts_hash, load_case, load_customer
from activities.store.tasks import open_task
from bench.statements import statements
from models.errors import NotFound
from models.ids import CaseSignal
from models.tables import Company, Contact, ContactMade, Customer, DunningCase
from rules.calendar import Channel, business_calendar
from rules.decide import State, decide
from rules.facts import (
    Bank,
    Blocked,
    Draft,
    Obstacle,
    OpenCall,
    Pause,
    Reach,
    Role,
    StepDone,
    StopReason,
    Tone,
)
from rules.ledger import balance
from tests.fixtures.ledger import NOW, TODAY, Book, add_contact, add_invoice, make_book

pytestmark = pytest.mark.integration

S = CaseSignal


def loaded(
    book: Book, number: str = "F-1", now: datetime = NOW, fingerprint: str | None = None
) -> LoadedCase:
    """One case, loaded."""
    with transaction(book.engine) as session:
        return load_case(session, book.invoices[number], now, fingerprint)


def add_task(book: Book, kind: str, **about: Any) -> None:
    """Open a task."""
    with transaction(book.engine) as session:
        open_task(
            session,
            key=f"{kind}/{uuid4()}",
            kind=kind,
            company_id=book.company_id,
            customer_id=book.customer_id,
            title=kind,
            now=NOW,
            today=TODAY,
            **about,
        )


def test_every_kind_of_fact_arrives(book: Book) -> None:
    book.tell(S.PAYMENT_RECEIVED, event_id="p", amount="10.00")
    book.tell(S.PAYMENT_RECEIVED, event_id="q", amount="20.00")
    book.tell(S.PAYMENT_REVERSED, payment_event_id="q", at=NOW + timedelta(hours=1))
    book.tell(S.CREDIT_NOTE_ISSUED, amount="5.00")
    book.tell(S.DISPUTE_OPENED, amount="7.00")
    book.tell(S.PAYMENT_CLAIMED, paid_on=TODAY)
    book.tell(
        S.PAYMENT_PLAN_AGREED,
        instalments=[
            {"due_on": TODAY + timedelta(days=5), "amount": "50.00"},
            {"due_on": TODAY + timedelta(days=9), "amount": "35.00"},
        ],
    )
    book.tell(S.PAUSED, reason="goodwill", until=TODAY + timedelta(days=3))
    book.tell(S.DELIVERY_HOLD_PLACED, pauses_ladder=True)
    later = NOW + timedelta(days=1)
    case = loaded(book, now=later)
    facts = case.facts

    assert (facts.invoice, facts.currency, facts.total) == ("F-1", "EUR", Decimal("100.00"))
    assert facts.due_on == TODAY - timedelta(days=10)
    assert facts.opened_on == TODAY
    payments = sorted(facts.payments, key=lambda payment: payment.amount)
    assert [(p.amount, p.reversed_at) for p in payments] == [
        (Decimal("10.00"), None),
        (Decimal("20.00"), NOW + timedelta(hours=1)),
    ]
    assert [note.amount for note in facts.credit_notes] == [Decimal("5.00")]
    assert [(d.opened_at, str(d.amount), d.resolved_at) for d in facts.disputes] == [(NOW, "7.00", None)]
    assert [[str(i.amount) for i in plan.instalments] for plan in facts.plans] == [["50.00", "35.00"]]
    assert [claim.paid_on for claim in facts.claims] == [TODAY]
    assert facts.pauses == (
        Pause("pause", NOW, TODAY + timedelta(days=3)),
        Pause("delivery hold", NOW),
    )
    assert balance(facts, later).outstanding == Decimal("85.00")
    assert case.policy_name == "standard@1"
    assert decide(facts, case.customer, case.policy, later).state is State.PAUSED


def test_what_the_ledger_holds_is_known(book: Book) -> None:
    """Should the clock of this machine be behind the one that recorded, the payment still counts."""
    book.tell(S.PAYMENT_RECEIVED, amount="100.00", at=NOW + timedelta(minutes=5))
    case = loaded(book, now=NOW)
    assert decide(case.facts, case.customer, case.policy, NOW).state is State.CLOSED


def test_the_customer(book: Book) -> None:
    with transaction(book.engine) as session:
        company = session.get_one(Company, book.company_id)
        company.gap_days, company.bank_known_until = 7, TODAY
        people: list[dict[str, Any]] = [
            {"role": "buyer", "email": "gone@client.example", "invalid_since": NOW},
            {"role": "buyer", "phone": "+33145678901", "phone_kind": "fixed"},
            {"role": "executive", "email": "dir@client.example", "opted_out_at": NOW},
        ]
        session.add_all(Contact(id=uuid4(), customer_id=book.customer_id, **person) for person in people)
    facts = loaded(book).customer
    assert dict(facts.reach) == {
        Role.ACCOUNTING: Reach(email=True, mobile=True, phone=True),
        Role.BUYER: Reach(email=False, mobile=False, phone=True),
        Role.EXECUTIVE: Reach(),
    }
    assert (facts.gap_days, facts.calendar.country) == (7, "FR")
    assert facts.bank == Bank(TODAY, business_calendar("FR"))
    assert (facts.last_contact_on, facts.stopped_by) == (None, None)


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("insolvency_on", StopReason.INSOLVENCY),
        ("do_not_contact_since", StopReason.DO_NOT_CONTACT),
        ("lawyer_since", StopReason.LAWYER),
    ],
)
def test_a_stop(book: Book, column: str, reason: StopReason) -> None:
    with transaction(book.engine) as session:
        setattr(session.get_one(Customer, book.customer_id), column, TODAY)
    facts = loaded(book).customer
    assert (facts.stopped_by, facts.stopped_on) == (reason, TODAY)


def test_steps_done_and_the_last_contact(book: Book) -> None:
    yesterday = TODAY - timedelta(days=1)
    with transaction(book.engine) as session:
        add_contact(session, book, "opening", {"F-1": "reminder_1"}, concluded_on=TODAY - timedelta(days=9))
        add_contact(session, book, "sent", {"F-2": "reminder_1"}, concluded_on=yesterday)
        add_contact(session, book, "sent", {"F-1": "handover"}, concluded_on=TODAY, channel="decision")
    case = loaded(book)
    assert case.facts.done == (
        StepDone("reminder_1", TODAY - timedelta(days=9), 5, Tone.COURTEOUS, Channel.EMAIL),
        StepDone("handover", TODAY, 5, Tone.COURTEOUS, Channel.DECISION),
    )
    # Another invoice's contact is the customer's too; a decision is between ourselves.
    assert case.customer.last_contact_on == yesterday


def test_a_draft_and_whether_it_still_holds(book: Book) -> None:
    with transaction(book.engine) as session:
        cases = load_customer(session, book.customer_id, NOW).cases
        quoted = facts_hash([case.facts for case in cases], {"F-1", "F-2"}, TODAY, NOW)
        items = {"F-1": "formal_notice", "F-2": "reminder_2"}
        add_contact(
            session,
            book,
            "draft",
            items,
            step="formal_notice",
            folded=frozenset({"F-2"}),
            facts_hash=quoted,
        )
    assert loaded(book).facts.drafts == (Draft("formal_notice", TODAY, item_step="formal_notice"),)
    assert loaded(book, "F-2").facts.drafts == (
        Draft("formal_notice", TODAY, folded=True, item_step="reminder_2"),
    )

    book.tell(S.PAYMENT_RECEIVED, "F-2", amount="1.00")
    # The letter quotes both: each case sees that it no longer holds, loaded alone or together.
    assert loaded(book).facts.drafts == (
        Draft("formal_notice", TODAY, stale=True, item_step="formal_notice"),
    )
    with transaction(book.engine) as session:
        together = load_customer(session, book.customer_id, NOW).cases
        assert all(draft.stale for case in together for draft in case.facts.drafts)


def test_a_draft_about_a_closed_case_does_not_hold(book: Book) -> None:
    with transaction(book.engine) as session:
        cases = load_customer(session, book.customer_id, NOW).cases
        quoted = facts_hash([case.facts for case in cases], {"F-1", "F-2"}, TODAY, NOW)
        add_contact(session, book, "approved", {"F-1": "s", "F-2": "s"}, step="s", facts_hash=quoted)
        session.get_one(DunningCase, cases[1].invoice.id).closed_at = NOW
    with transaction(book.engine) as session:
        (case,) = load_customer(session, book.customer_id, NOW).cases
    assert case.facts.drafts == (Draft("s", TODAY, approved=True, stale=True, item_step="s"),)


def test_what_blocks_a_step(book: Book) -> None:
    with transaction(book.engine) as session:
        contact = add_contact(
            session, book, "failed", {"F-1": "reminder_3", "F-2": "reminder_1"}, folded=frozenset({"F-2"})
        )
    add_task(book, "find_contact", contact_id=contact.id)
    assert loaded(book).facts.blocked == (Blocked("reminder_3", Obstacle.FIND_CONTACT, TODAY),)
    assert loaded(book, "F-2").facts.blocked == ()
    add_task(book, "delivery_failed", contact_id=contact.id)
    add_task(book, "delivery_failed", invoice_id=book.invoices["F-2"], step="reminder_2")
    assert set(loaded(book, "F-2").facts.blocked) == {
        Blocked("reminder_1", Obstacle.DELIVERY_FAILED, TODAY),
        Blocked("reminder_2", Obstacle.DELIVERY_FAILED, TODAY),
    }
    for task in book.tasks():
        book.tell(S.TASK_COMPLETED, "F-2", task_id=task.id)
    assert loaded(book).facts.blocked == loaded(book, "F-2").facts.blocked == ()


@pytest.mark.parametrize(
    ("fingerprint", "now", "blocked"),
    [
        ("off", NOW, (Blocked("reminder_1", Obstacle.WITHHELD, TODAY, TODAY + timedelta(days=1)),)),
        ("live", NOW, ()),
        ("off", NOW + timedelta(days=1), ()),
    ],
    ids=["same switch, same day", "the switch was turned", "the next day"],
)
def test_what_was_withheld(book: Book, fingerprint: str, now: datetime, blocked: tuple[Blocked, ...]) -> None:
    with transaction(book.engine) as session:
        add_contact(session, book, "withheld", {"F-1": "reminder_1"}, fingerprint="off")
    assert loaded(book, now=now, fingerprint=fingerprint).facts.blocked == blocked


def test_calls_not_made_yet(book: Book) -> None:
    with transaction(book.engine) as session:
        contact = add_contact(
            session, book, "by_hand", {"F-1": "phone_call"}, channel="phone", concluded_on=TODAY
        )
    add_task(book, "phone_call", contact_id=contact.id)
    assert loaded(book).facts.open_calls == (OpenCall("phone_call", TODAY),)
    with transaction(book.engine) as session:
        book_task = session.merge(book.tasks("phone_call")[0])
        book_task.escalated_at = NOW
    assert loaded(book).facts.open_calls == (OpenCall("phone_call", TODAY, escalated=True),)


def test_a_customer_is_loaded_with_its_open_cases(book: Book) -> None:
    book.tell(S.CLOSED, "F-1", reason="lost")
    with transaction(book.engine) as session:
        customer = load_customer(session, book.customer_id, NOW)
        assert [case.invoice.number for case in customer.cases] == ["F-2"]
        assert customer.seq == 1
        assert load_case(session, book.invoices["F-1"], NOW).facts.closed_by == "lost"


def test_nobody(book: Book) -> None:
    with transaction(book.engine) as session:
        with pytest.raises(NotFound):
            load_case(session, uuid4(), NOW)
        with pytest.raises(NotFound):
            load_customer(session, uuid4(), NOW)
        assert session.exec(select(ContactMade)).all() == []


def test_the_number_of_queries_does_not_grow(engine: Engine) -> None:
    one = make_book(engine, ("F-0",))
    counts = []
    for grow in (False, True):
        book = many_invoices(engine) if grow else one
        for number in book.invoices:
            if grow and number == "F-0":
                continue
            book.tell(S.PAYMENT_RECEIVED, number, amount="1.00")
            book.tell(S.PAYMENT_PLAN_AGREED, number, instalments=[{"due_on": TODAY, "amount": "99.00"}])
            with transaction(engine) as session:
                contact = add_contact(session, book, "draft", {number: "reminder_1"})
            add_task(book, "find_contact", contact_id=contact.id)
        with transaction(engine) as session:
            load_customer(session, book.customer_id, NOW)  # the policy is parsed once a process
        with statements(engine) as seen, transaction(engine) as session:
            assert len(load_customer(session, book.customer_id, NOW).cases) == len(book.invoices)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 20


def many_invoices(engine: Engine) -> Book:
    """Forty-nine invoices more, for the same customer."""
    with transaction(engine) as session:
        customer = session.exec(select(Customer)).one()
        book = Book(engine, customer.company_id, customer.id)
        first = load_customer(session, customer.id, NOW).cases[0].invoice
        book.invoices[first.number] = first.id
        for place in range(1, 50):
            invoice = add_invoice(session, customer.company_id, customer, f"F-{place}", NOW)
            open_case(session, invoice, customer, "standard", 1, NOW, "test")
            book.invoices[invoice.number] = invoice.id
    return book


def test_dates_are_the_customers(engine: Engine) -> None:
    book = make_book(engine, now=datetime(2026, 3, 10, 23, 30, tzinfo=NOW.tzinfo))
    assert loaded(book).facts.opened_on == date(2026, 3, 11)
