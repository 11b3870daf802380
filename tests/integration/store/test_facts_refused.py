"""A fact that cannot be true is refused by name, and nothing of it stays."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from activities.store.engine import transaction
from activities.store.facts import record
from models.errors import InvalidFact, NotFound, RelanceError, WrongState
from models.ids import CaseSignal
from models.messages import PaymentReceived
from models.tables import Customer
from tests.fixtures.ledger import NOW, TODAY, Book, add_invoice, everything

pytestmark = pytest.mark.integration

S = CaseSignal
TOMORROW = TODAY + timedelta(days=1)
NEXT_WEEK = TODAY + timedelta(days=7)
NOBODY = UUID(int=7)

REFUSED: list[tuple[CaseSignal, dict[str, Any], type[RelanceError], str]] = [
    (S.PAYMENT_RECEIVED, {}, InvalidFact, "amount: required"),
    (S.PAYMENT_RECEIVED, {"amount": "10.005"}, InvalidFact, "amount: 10.005 has more than the 2 decimals"),
    (S.PAYMENT_RECEIVED, {"amount": "10", "currency": "USD"}, InvalidFact, "currency: USD given"),
    (S.PAYMENT_RECEIVED, {"amount": "10", "received_on": NEXT_WEEK}, InvalidFact, "received_on: .* future"),
    (S.PAYMENT_RECEIVED, {"amount": "10", "received_on": date(226, 3, 1)}, InvalidFact, "received_on: 0226"),
    (S.PAYMENT_RECEIVED, {"amount": "10", "reference": "a\x00b"}, InvalidFact, "reference: "),
    (S.PAYMENT_RECEIVED, {"amount": "10", "event_id": "\x00"}, InvalidFact, "event_id: "),
    (S.PAYMENT_REVERSED, {}, WrongState, "no payment to reverse"),
    (S.PAYMENT_REVERSED, {"payment_event_id": "x"}, NotFound, "payment_event_id: no payment 'x'"),
    (S.PAYMENT_CLAIMED, {"paid_on": NEXT_WEEK}, InvalidFact, "paid_on: .* future"),
    (S.CREDIT_NOTE_ISSUED, {}, InvalidFact, "amount: required"),
    (S.CREDIT_NOTE_ISSUED, {"amount": "1", "issued_on": NEXT_WEEK}, InvalidFact, "issued_on: "),
    (S.DISPUTE_OPENED, {"amount": "0.001"}, InvalidFact, "amount: "),
    (S.DISPUTE_OPENED, {"cause": "mood"}, InvalidFact, "cause: 'mood' is not one of not_received"),
    (S.DISPUTE_RESOLVED, {}, WrongState, "no dispute to resolve"),
    (S.DISPUTE_RESOLVED, {"dispute_event_id": "x"}, NotFound, "dispute_event_id: "),
    (S.PAYMENT_PLAN_AGREED, {}, InvalidFact, "instalments: at least one"),
    (
        S.PAYMENT_PLAN_AGREED,
        {"instalments": [{"due_on": NEXT_WEEK, "amount": "99.99"}]},
        InvalidFact,
        "add up to 99.99, 100.00 EUR is owed",
    ),
    (
        S.PAYMENT_PLAN_AGREED,
        {"instalments": [{"due_on": TODAY - timedelta(days=1), "amount": "100"}]},
        InvalidFact,
        "instalments 1: due_on: .* has passed",
    ),
    (
        S.PAYMENT_PLAN_AGREED,
        {
            "instalments": [
                {"due_on": NEXT_WEEK, "amount": "50"},
                {"due_on": NEXT_WEEK, "amount": "50"},
            ]
        },
        InvalidFact,
        "instalments 2: due_on: ",
    ),
    (
        S.PAYMENT_PLAN_AGREED,
        {"instalments": [{"due_on": date(9999, 12, 31), "amount": "100"}]},
        InvalidFact,
        "instalments 1: due_on: 9999-12-31 is not between",
    ),
    (S.PAYMENT_PLAN_CANCELLED, {}, WrongState, "no payment plan in force"),
    (S.PAYMENT_PLAN_CANCELLED, {"plan_event_id": "x"}, NotFound, "plan_event_id: "),
    (S.DELIVERY_HOLD_PLACED, {"invoices": ["F-1", "F-9"]}, InvalidFact, "invoices: .* no invoice 'F-9'"),
    (S.DELIVERY_HOLD_PLACED, {"invoices": ["OTHER-1"]}, InvalidFact, "invoices: .* no invoice 'OTHER-1'"),
    (S.DELIVERY_HOLD_RELEASED, {}, WrongState, "no delivery hold"),
    (S.DELIVERY_HOLD_RELEASED, {"hold_event_id": "x"}, NotFound, "hold_event_id: "),
    (S.PAUSED, {"until": TODAY}, InvalidFact, "until: .* not after today"),
    (S.RESUMED, {}, WrongState, "not paused"),
    (S.INVOICE_CHANGED, {}, InvalidFact, "one of them is required"),
    (S.INVOICE_CHANGED, {"total": "0.001"}, InvalidFact, "total: "),
    (S.INVOICE_CHANGED, {"issued_on": TOMORROW}, InvalidFact, "due_on: .* before the issue date"),
    (S.INVOICE_CHANGED, {"replaced_by": "F-9"}, InvalidFact, "replaced_by: no invoice 'F-9'"),
    (S.INVOICE_CHANGED, {"replaced_by": "F-1"}, InvalidFact, "replaced_by: .* itself"),
    (S.INVOICE_CHANGED, {"replaced_by": "OTHER-1"}, InvalidFact, "replaced_by: .* another customer"),
    (S.POLICY_CHANGED, {}, InvalidFact, "policy: required"),
    (S.POLICY_CHANGED, {"policy": "gentle"}, InvalidFact, "policy: no policy 'gentle'"),
    (S.POLICY_CHANGED, {"policy": "standard", "version": 9}, InvalidFact, "policy: no version 9"),
    (S.INSOLVENCY_OPENED, {"opened_on": NEXT_WEEK}, InvalidFact, "opened_on: "),
    (S.TASK_COMPLETED, {}, InvalidFact, "task_id: required"),
    (S.TASK_COMPLETED, {"task_id": NOBODY}, NotFound, "no task"),
    (S.CLOSED, {}, InvalidFact, "reason: required"),
    (S.CLOSED, {"reason": "  "}, InvalidFact, "reason: required"),
]


@pytest.fixture
def book(book: Book) -> Book:
    """The shared book, with another customer's invoice OTHER-1."""
    with transaction(book.engine) as session:
        other = Customer(id=NOBODY, company_id=book.company_id, ref="C-2", name="Other", country="FR")
        session.add(other)
        session.flush()
        add_invoice(session, book.company_id, other, "OTHER-1", NOW)
    return book


@pytest.mark.parametrize(
    ("signal", "fact", "error", "text"), REFUSED, ids=[f"{s}: {t}"[:60] for s, _, _, t in REFUSED]
)
def test_refused_by_name(
    book: Book, signal: CaseSignal, fact: dict[str, Any], error: type[RelanceError], text: str
) -> None:
    before = everything(book.engine)
    with pytest.raises(error, match=text):
        book.tell(signal, **fact)
    assert everything(book.engine) == before


def test_an_unknown_company_or_invoice_is_named(book: Book) -> None:
    with pytest.raises(NotFound, match="no invoice 'F-9' in company 'acme'"):
        book.tell(S.PAUSED, "F-9")
    with transaction(book.engine) as session, pytest.raises(NotFound, match="no company 'nobody'"):
        record(
            session,
            now=NOW,
            invoice=("nobody", "F-1"),
            fact=PaymentReceived(),
            signal=S.PAYMENT_RECEIVED,
            who="test",
        )


def test_a_refused_fact_leaves_the_others_of_its_transaction(book: Book) -> None:
    """A review records its whole inbox in one transaction: the bad fact goes, the good ones stay."""
    with transaction(book.engine) as session:
        for payload in ({"amount": "10.00"}, {"amount": "0.001"}, {"amount": "20.00"}):
            fact = PaymentReceived.model_validate(payload)
            try:
                record(
                    session,
                    now=NOW,
                    invoice=("acme", "F-1"),
                    fact=fact,
                    signal=S.PAYMENT_RECEIVED,
                    who="test",
                )
            except InvalidFact:
                assert payload == {"amount": "0.001"}
    assert book.seq() == 2
    assert len(book.notes()) == 2


def test_what_is_over_cannot_be_ended_again(book: Book) -> None:
    book.tell(S.DISPUTE_OPENED, event_id="d-1")
    book.tell(S.DISPUTE_RESOLVED, event_id="d-2", dispute_event_id="d-1")
    book.tell(S.PAYMENT_RECEIVED, event_id="p-1", amount="50.00")
    book.tell(S.PAYMENT_REVERSED, event_id="p-2", payment_event_id="p-1")
    book.tell(S.DELIVERY_HOLD_PLACED, event_id="h-1")
    book.tell(S.DELIVERY_HOLD_RELEASED, event_id="h-2", hold_event_id="h-1")
    book.tell(S.PAYMENT_PLAN_AGREED, event_id="l-1", instalments=[{"due_on": NEXT_WEEK, "amount": "100"}])
    book.tell(S.PAYMENT_PLAN_CANCELLED, event_id="l-2", plan_event_id="l-1")
    book.tell(S.INSOLVENCY_OPENED, event_id="i-1")
    book.tell(S.CLOSED, event_id="c-1", reason="lost")
    before = everything(book.engine)
    too_late: list[tuple[CaseSignal, dict[str, Any]]] = [
        (S.DISPUTE_RESOLVED, {"dispute_event_id": "d-1"}),
        (S.PAYMENT_REVERSED, {"payment_event_id": "p-1"}),
        (S.DELIVERY_HOLD_RELEASED, {"hold_event_id": "h-1"}),
        (S.PAYMENT_PLAN_CANCELLED, {"plan_event_id": "l-1"}),
        (S.INSOLVENCY_OPENED, {}),
        (S.CLOSED, {"reason": "again"}),
    ]
    for signal, fact in too_late:
        with pytest.raises(WrongState):
            book.tell(signal, event_id="again", **fact)
    assert everything(book.engine) == before


def test_of_several_one_must_be_named(book: Book) -> None:
    for event in ("1", "2"):
        book.tell(S.DISPUTE_OPENED, event_id=f"d-{event}", amount="10.00")
        book.tell(S.PAYMENT_RECEIVED, event_id=f"p-{event}", amount="10.00")
        book.tell(S.DELIVERY_HOLD_PLACED, event_id=f"h-{event}")
    for signal, field in [
        (S.DISPUTE_RESOLVED, "dispute_event_id"),
        (S.PAYMENT_REVERSED, "payment_event_id"),
        (S.DELIVERY_HOLD_RELEASED, "hold_event_id"),
    ]:
        with pytest.raises(InvalidFact, match=f"{field}: required"):
            book.tell(signal)
        named: dict[str, Any] = {field: f"{field[0]}-2"}
        book.tell(signal, **named)
