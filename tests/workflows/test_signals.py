"""Facts told to a case by hand: recorded, obeyed, and never lost, whatever they hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from models.ids import CaseSignal
from models.messages import FACTS
from models.tables.words import TaskKind, TaskStatus
from tests.workflows.by_hand import Gate, facts, raw, rejected, tell, view
from tests.workflows.world import world

pytestmark = [pytest.mark.integration, pytest.mark.slow]

S = CaseSignal
START = datetime(2026, 4, 1, 7, 0, tzinfo=UTC)
ISSUED, DUE = "2026-03-01", "2026-03-31"
PLAN = (
    '{"instalments": [{"due_on": "2026-05-01", "amount": "600"}, {"due_on": "2026-06-01", "amount": "600"}]}'
)


@dataclass(frozen=True)
class Told:
    """A signal with its payload, what was told before it, and what the case shows after it."""

    signal: CaseSignal
    payload: str
    after: dict[str, Any]
    before: tuple[tuple[CaseSignal, str], ...] = ()


TOLD = [
    Told(S.PAYMENT_RECEIVED, '{"amount": "200.00", "currency": "EUR"}', {"outstanding": 1000}),
    Told(
        S.PAYMENT_REVERSED,
        '{"payment_event_id": "bank-1"}',
        {"outstanding": 1200},
        ((S.PAYMENT_RECEIVED, '{"amount": "200", "currency": "EUR", "event_id": "bank-1"}'),),
    ),
    Told(S.PAYMENT_CLAIMED, '{"paid_on": "2026-04-01"}', {"state": "paused", "paused_by": "claimed_paid"}),
    Told(
        S.CREDIT_NOTE_ISSUED,
        '{"amount": "20.00", "currency": "EUR", "number": "CN-7"}',
        {"outstanding": 1180},
    ),
    Told(S.DISPUTE_OPENED, '{"amount": "50.00", "cause": "price"}', {"disputed": 50, "outstanding": 1200}),
    Told(
        S.DISPUTE_RESOLVED,
        '{"credited": "50.00"}',
        {"disputed": 0, "outstanding": 1150},
        ((S.DISPUTE_OPENED, '{"amount": "50.00"}'),),
    ),
    Told(S.PAYMENT_PLAN_AGREED, PLAN, {"state": "paused", "paused_by": "plan"}),
    Told(
        S.PAYMENT_PLAN_CANCELLED,
        "{}",
        {"state": "waiting", "paused_by": None},
        ((S.PAYMENT_PLAN_AGREED, PLAN),),
    ),
    Told(
        S.DELIVERY_HOLD_PLACED,
        '{"invoices": ["delivery_hold_placed"], "pauses_ladder": true}',
        {"state": "paused", "paused_by": "delivery hold"},
    ),
    Told(
        S.DELIVERY_HOLD_RELEASED,
        "{}",
        {"state": "waiting", "paused_by": None},
        ((S.DELIVERY_HOLD_PLACED, '{"pauses_ladder": true}'),),
    ),
    Told(S.PAUSED, '{"reason": "audit", "until": "2026-05-04"}', {"state": "paused", "paused_by": "pause"}),
    Told(S.RESUMED, "{}", {"state": "waiting", "paused_by": None}, ((S.PAUSED, '{"reason": "audit"}'),)),
    Told(S.INVOICE_CHANGED, '{"due_on": "2026-05-15"}', {"due_on": date(2026, 5, 15)}),
    Told(S.POLICY_CHANGED, '{"policy": "key_account"}', {"policy": "key_account@1"}),
    Told(S.INSOLVENCY_OPENED, '{"opened_on": "2026-04-01"}', {"state": "stopped", "paused_by": "insolvency"}),
    Told(
        S.FACT_WITHDRAWN,
        '{"fact_event_id": "claim-1"}',
        {"state": "waiting", "paused_by": None},
        ((S.PAYMENT_CLAIMED, '{"paid_on": "2026-04-01", "event_id": "claim-1"}'),),
    ),
    Told(S.CLOSED, '{"reason": "written off"}', {"closed": True, "closing_reason": "closed by a person"}),
]


async def test_every_fact_told_by_hand_is_recorded_once_and_obeyed(engine: Engine) -> None:
    """Told twice without an event id, a hash of it stands in: the second time changes nothing."""
    elsewhere = {S.TASK_COMPLETED, S.CONTACT_CONCLUDED}
    assert {told.signal for told in TOLD} | elsewhere == set(CaseSignal)
    async with world(engine, START) as it:
        for told in TOLD:
            await it.invoice(told.signal, "1200.00", ISSUED, DUE, customer=told.signal)
        for told in TOLD:
            for signal, payload in told.before:
                await tell(it, told.signal, signal, raw(payload))
            before = await view(it, told.signal)
            assert {name: getattr(before, name) for name in told.after} != told.after, told.signal
            await tell(it, told.signal, told.signal, raw(told.payload))
            # The case may be over by now: there is nobody left to tell a second time.
            if told.signal is not S.CLOSED:
                await tell(it, told.signal, told.signal, raw(told.payload))
            after = await view(it, told.signal)
            assert {name: getattr(after, name) for name in told.after} == told.after, told.signal
            assert after.rejected == 0, told.signal
            recorded = facts(it, told.signal)
            assert Counter(f.kind for f in recorded) == Counter([told.signal, *(s for s, _ in told.before)])
            assert {fact.recorded_by for fact in recorded} == {"temporal"}
            (last,) = [fact for fact in recorded if fact.kind == told.signal]
            assert last.event_id.startswith("sha256:")


async def test_a_note_that_a_contact_was_made_is_no_fact(engine: Engine) -> None:
    async with world(engine, START) as it:
        await it.invoice("F-1", "1200.00", ISSUED, DUE)
        before = await view(it, "F-1")
        for payload in ("{}", '{"contact_id": null}', "what?"):
            await tell(it, "F-1", S.CONTACT_CONCLUDED, raw(payload))
        await tell(it, "F-1", S.CONTACT_CONCLUDED)
        after = await view(it, "F-1")
        assert facts(it, "F-1") == []
        assert after.model_copy(update={"rejected": 0}) == before
        # What does not decode is seen all the same.
        assert after.rejected == 1


async def test_a_letter_is_approved_from_the_temporal_ui(engine: Engine) -> None:
    async with world(engine, datetime(2026, 5, 28, 22, 0, tzinfo=UTC)) as it:
        it.approve_at_once = False
        await it.invoice("F-1", "1200.00", ISSUED, DUE, policy="strict")
        await it.day("2026-06-19", 10)
        (task,) = it.tasks(TaskKind.APPROVAL, TaskStatus.OPEN)
        assert (await view(it, "F-1")).state == "awaiting_approval"
        refused = f'{{"task_id": "{task.id}", "outcome": "perhaps"}}'
        await tell(it, "F-1", S.TASK_COMPLETED, raw(refused))
        assert (await view(it, "F-1")).rejected == 1
        assert "'perhaps' is not one of approved, refused" in str(rejected(it, "F-1")[0].why)
        await tell(it, "F-1", S.TASK_COMPLETED, raw(f'{{"task_id": "{task.id}", "outcome": "approved"}}'))
        after = await view(it, "F-1")
        assert (after.stage, after.rejected) == ("formal_notice", 1)
        assert it.tasks(TaskKind.APPROVAL, TaskStatus.DONE)[0].closed_by == "temporal"


BAD: list[tuple[str, list[Any], str]] = [
    (S.PAYMENT_RECEIVED, [raw("{not json")], "Invalid JSON"),
    (S.PAYMENT_RECEIVED, [raw("[1, 2]")], "payload: Input should be an object"),
    (S.PAYMENT_RECEIVED, [raw('"120"')], "payload: Input should be an object"),
    (S.PAYMENT_RECEIVED, [raw('{"amount": "twelve", "currency": "EUR"}')], "amount: Input should be"),
    (S.PAYMENT_RECEIVED, [raw('{"amount": -5, "currency": "EUR"}')], "amount: Input should be greater"),
    (S.PAYMENT_RECEIVED, [raw('{"amount": NaN, "currency": "EUR"}')], "amount"),
    (S.PAYMENT_RECEIVED, [raw('{"amount": "1e400", "currency": "EUR"}')], "amount"),
    (
        S.PAYMENT_RECEIVED,
        [raw('{"amount": "1.005", "currency": "EUR"}')],
        "amount: 1.005 has more than the 2",
    ),
    (S.PAYMENT_RECEIVED, [raw('{"amount": "10", "currency": "USD"}')], "currency: USD given"),
    (S.PAYMENT_RECEIVED, [raw('{"amount": "10", "currency": "euro"}')], "currency: String should match"),
    (S.PAYMENT_RECEIVED, [raw('{"amount": "10", "received_on": "2062-01-01"}')], "received_on"),
    (S.PAYMENT_RECEIVED, [raw('{"amount": "10", "note": "a\\u0000b"}')], "note: holds a character"),
    (S.PAYMENT_RECEIVED, [raw('{"amount": "10", "reference": "\\ud800"}')], "Invalid JSON"),
    (S.PAYMENT_RECEIVED, [raw(b'{"amount": "10", "note": "caf\xe9 \xff"')], "Invalid JSON"),
    (S.PAYMENT_RECEIVED, [raw('{"amount": "10", "note": "' + "x" * 20_480 + '"}')], "Invalid JSON"),
    (
        S.PAYMENT_RECEIVED,
        [raw('{"amount": "10", "note": "' + "y" * 2_001 + '"}')],
        "note: String should have",
    ),
    (S.PAYMENT_RECEIVED, [], "amount: required"),
    (S.CREDIT_NOTE_ISSUED, [raw(b"", "binary/null")], "amount: required"),
    (S.CREDIT_NOTE_ISSUED, [raw(b"\x00\x01\xff", "binary/plain")], "Invalid JSON"),
    (S.CREDIT_NOTE_ISSUED, [raw(b"\x0a\x03abc", "binary/protobuf")], "Invalid JSON"),
    (S.CREDIT_NOTE_ISSUED, [raw(b"secret", "binary/encrypted")], "Invalid JSON"),
    (S.CREDIT_NOTE_ISSUED, [{"amount": "1"}, {"amount": "2"}], "Invalid JSON"),
    (S.PAYMENT_CLAIMED, [raw('{"paid_on": "2026-02-30"}')], "paid_on: Input should be a valid date"),
    (S.PAYMENT_REVERSED, [raw('{"payment_event_id": "nobody"}')], "no payment 'nobody'"),
    (S.DISPUTE_RESOLVED, [raw('{"dispute_event_id": "nothing"}')], "no dispute_opened 'nothing'"),
    (S.DISPUTE_OPENED, [raw('{"cause": "mood"}')], "cause: 'mood' is not one of"),
    (
        S.PAYMENT_PLAN_AGREED,
        [raw('{"instalments": [{"due_on": "2026-05-01", "amount": "1"}]}')],
        "add up to 1",
    ),
    (
        S.PAYMENT_PLAN_AGREED,
        [raw('{"instalments": [{"due_on": "2026-05-01"}]}')],
        "instalments.0.amount: Field",
    ),
    (S.PAYMENT_PLAN_AGREED, [raw('{"instalments": []}')], "instalments: at least one"),
    (S.PAYMENT_PLAN_CANCELLED, [raw('{"plan_event_id": "none"}')], "no payment_plan_agreed 'none'"),
    (S.DELIVERY_HOLD_PLACED, [raw('{"invoices": ["F-404"]}')], "no invoice 'F-404'"),
    (S.TASK_COMPLETED, [raw(f'{{"task_id": "{UUID(int=7)}"}}')], "no task 00000000-"),
    (S.TASK_COMPLETED, [raw('{"task_id": "7"}')], "task_id: Input should be a valid UUID"),
    (S.INVOICE_CHANGED, [raw('{"replaced_by": "F-404"}')], "no invoice 'F-404'"),
    (S.POLICY_CHANGED, [raw('{"policy": "soft"}')], "policy: no policy 'soft'"),
    (S.POLICY_CHANGED, [raw('{"policy": "strict", "version": 99999999999999999999}')], "version: "),
    (S.RESUMED, [raw("{}")], "is not paused by a person"),
    (S.CLOSED, [raw('{"reason": "  "}')], "reason: required"),
    ("payment_recieved", [raw('{"amount": "1200", "currency": "EUR"}')], "not a valid CaseSignal"),
    ("payé", [], "not a valid CaseSignal"),
    ("binary", [raw(b"\xff", "binary/plain")], "not a valid CaseSignal"),
    ("two", [raw("{not json"), raw("[")], "not a valid CaseSignal"),
    ("n" * 900, [raw("1")], "not a valid CaseSignal"),
]


async def test_what_cannot_be_true_becomes_a_rejected_event_and_a_task(engine: Engine) -> None:
    """One case is told everything wrong there is; it sends its pre-reminder in time all the same."""
    async with world(engine, datetime(2026, 3, 20, 7, 0, tzinfo=UTC)) as it:
        await it.invoice("F-1", "1200.00", ISSUED, DUE)
        for signal, args, _ in BAD:
            await tell(it, "F-1", signal, *args)
        after = await view(it, "F-1")
        events = rejected(it, "F-1")
        for (signal, _, why), event in zip(BAD, events, strict=True):
            assert event.detail["signal"] == signal[:200]
            assert why in str(event.why), (signal, event.why)
            assert len(str(event.why)) <= 2000
        assert after.rejected == len(BAD)
        tasks = it.tasks(TaskKind.REJECTED_FACT, TaskStatus.OPEN)
        assert len(tasks) == len(BAD)
        assert {task.assignee_email for task in tasks} == {"claire@acme.example"}
        assert facts(it, "F-1") == []
        assert after.outstanding == 1200
        await it.day("2026-03-31")
        assert it.told() == ["2026-03-30 09:30 pre_reminder email F-1"]


async def test_the_same_nonsense_is_asked_about_once_until_the_task_is_done(engine: Engine) -> None:
    async with world(engine, START) as it:
        await it.invoice("F-1", "1200.00", ISSUED, DUE)
        for _ in range(3):
            await tell(it, "F-1", S.PAYMENT_RECEIVED, raw("nonsense"))
        assert (await view(it, "F-1")).rejected == 1
        (task,) = it.tasks(TaskKind.REJECTED_FACT)
        await tell(it, "F-1", S.TASK_COMPLETED, raw(f'{{"task_id": "{task.id}"}}'))
        await tell(it, "F-1", S.PAYMENT_RECEIVED, raw("nonsense"))
        assert (await view(it, "F-1")).rejected == 2
        assert [t.status for t in it.tasks(TaskKind.REJECTED_FACT)] == ["done", "open"]


async def test_two_arguments_of_which_one_does_not_decode_are_rejected_too(engine: Engine) -> None:
    async with world(engine, START) as it:
        await it.invoice("F-1", "1200.00", ISSUED, DUE)
        await tell(it, "F-1", S.PAYMENT_RECEIVED, raw("{not json"), raw("2"))
        await tell(it, "F-1", S.PAYMENT_CLAIMED, raw("{}"), raw(b"?", "binary/encrypted"))
        assert (await view(it, "F-1")).rejected == 2


async def test_paused_and_resumed_by_hand_more_than_once(engine: Engine) -> None:
    """The same words on another occasion are another fact."""
    async with world(engine, START) as it:
        await it.invoice("F-1", "1200.00", ISSUED, DUE)
        for _ in range(2):
            await tell(it, "F-1", S.PAUSED, raw("{}"))
            assert (await view(it, "F-1")).state == "paused"
            await tell(it, "F-1", S.RESUMED, raw("{}"))
            assert (await view(it, "F-1")).state == "waiting"


# --------------------------------------------------------------------- at awkward moments


def reviews(events: Any) -> int:
    """How many local activities ran."""
    return sum(1 for event in events if event.HasField("marker_recorded_event_attributes"))


async def test_signals_before_the_first_review_are_in_it(engine: Engine) -> None:
    async with world(engine, START) as it:
        await it.stop_worker()
        handle = await it.invoice("F-1", "1200.00", ISSUED, DUE)
        await tell(it, "F-1", S.PAYMENT_RECEIVED, raw('{"amount": "200", "currency": "EUR"}'))
        await tell(it, "F-1", "hello")
        await it.start_worker()
        first = await view(it, "F-1")
        assert (first.outstanding, first.rejected) == (Decimal(1000), 1)
        assert reviews((await handle.fetch_history()).events) == 1


async def test_a_burst_of_fifty_signals_is_one_review(engine: Engine) -> None:
    gate = Gate("review")
    async with world(engine, START, interceptors=[gate]) as it:
        async with gate.shut():
            handle = await it.invoice("F-1", "1200.00", ISSUED, DUE)
            await gate.reached.wait()
            for place in range(50):
                payload = f'{{"amount": "10.00", "currency": "EUR", "event_id": "bank-{place}"}}'
                await tell(it, "F-1", S.PAYMENT_RECEIVED, raw(payload))
        after = await view(it, "F-1")
        assert (after.outstanding, after.rejected) == (Decimal(700), 0)
        assert Counter(fact.kind for fact in facts(it, "F-1")) == {S.PAYMENT_RECEIVED: 50}
        assert reviews((await handle.fetch_history()).events) == 2


async def test_a_signal_while_the_run_is_closing_is_not_lost(engine: Engine) -> None:
    """Paid in full; while that review answers, a dispute comes: it is seen, though it comes too late."""
    gate = Gate("review")
    async with world(engine, START, interceptors=[gate]) as it:
        handle = await it.invoice("F-1", "1200.00", ISSUED, DUE)
        await view(it, "F-1")
        async with gate.shut():
            await tell(it, "F-1", S.PAYMENT_RECEIVED, raw('{"amount": "1200", "currency": "EUR"}'))
            await gate.reached.wait()
            assert it.case("F-1").closed_at is not None
            await tell(it, "F-1", S.DISPUTE_OPENED, raw('{"amount": "50"}'))
        result = await handle.result()
        assert (result.closed, result.closing_reason) == (True, "paid in full")
        assert result.rejected == 1
        assert "nothing is left to dispute" in str(rejected(it, "F-1")[0].why)


async def test_a_returned_payment_reopens_a_closed_case(engine: Engine) -> None:
    async with world(engine, START) as it:
        handle = await it.invoice("F-1", "1200.00", ISSUED, DUE)
        await it.pay("F-1", "1200.00", event_id="bank-1")
        assert (await handle.result()).closed
        (started, *_) = (await handle.fetch_history()).events
        first_run = started.workflow_execution_started_event_attributes.original_execution_run_id
        await it.day("2026-04-20")
        await it.tell(S.PAYMENT_REVERSED, "F-1", payment_event_id="bank-1")
        again = await view(it, "F-1")
        (started, *_) = (await it.handle("F-1").fetch_history()).events
        assert started.workflow_execution_started_event_attributes.original_execution_run_id != first_run
        assert (again.outstanding, again.closed, again.closing_reason) == (Decimal(1200), False, None)
        await it.day("2026-05-20")
        assert it.told(), "a reopened case goes on with its ladder"


async def test_a_case_that_a_person_closed_by_mistake_goes_on_with_its_ladder(engine: Engine) -> None:
    async with world(engine, START) as it:
        handle = await it.invoice("F-1", "1200.00", ISSUED, DUE)
        await it.tell(S.CLOSED, "F-1", reason="perte", event_id="end")
        assert (await handle.result()).closing_reason == "closed by a person"
        await it.day("2026-04-20")
        assert it.told() == []
        await it.tell(S.FACT_WITHDRAWN, "F-1", fact_event_id="end")
        again = await view(it, "F-1")
        assert (again.outstanding, again.closed, again.closing_reason) == (Decimal(1200), False, None)
        await it.day("2026-05-20")
        assert it.told(), "a case opened again goes on with its ladder"


async def test_a_payment_at_the_very_instant_of_the_timer_stops_the_message(engine: Engine) -> None:
    """Timer and payment reach the worker in one task: the facts decide, not the order."""
    async with world(engine, datetime(2026, 3, 20, 7, 0, tzinfo=UTC), cached_runs=0) as it:
        handle = await it.invoice("F-1", "1200.00", ISSUED, DUE)
        waiting = await view(it, "F-1")
        assert waiting.next_at is not None
        await it.advance_to(waiting.next_at - timedelta(minutes=1))
        await it.stop_worker()
        await it.let_pass(timedelta(minutes=1))
        await tell(it, "F-1", S.PAYMENT_RECEIVED, raw('{"amount": "1200", "currency": "EUR"}'))
        await it.start_worker()
        result = await handle.result()
        assert result.closing_reason == "paid in full"
        assert it.told() == []
        assert it.sandbox.messages(accepted=None) == []
        events = (await handle.fetch_history()).events
        (fired,) = [e.event_id for e in events if e.HasField("timer_fired_event_attributes")]
        (paid,) = [
            e.event_id
            for e in events
            if e.workflow_execution_signaled_event_attributes.signal_name == S.PAYMENT_RECEIVED
        ]
        between = [e for e in events if fired < e.event_id < paid]
        assert not [e for e in between if e.HasField("workflow_task_completed_event_attributes")]


def test_a_fact_type_for_every_signal() -> None:
    assert set(FACTS) == set(CaseSignal)
