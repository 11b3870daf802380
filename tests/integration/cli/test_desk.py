"""The commands of people at work: what they say, what the ledger then holds, and what the case answers."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

import migrations
from models.ids import CaseSignal
from tests.fixtures.ledger import everything
from tests.fixtures.local_stack import DEADLINE_S, Ledger, Told, environment, python, until
from tests.integration.cli.debtors import COMPANY, Debtor
from tests.integration.cli.place import Installation

pytestmark = pytest.mark.integration

LATE = Debtor(1)
NOTICE = Debtor(2, late=63, step="phone_call", asked=21)
CALL = Debtor(3, late=42, step="reminder_3", asked=11)


def test_an_id_a_state_and_a_payload_that_are_wrong_change_nothing(place: Installation) -> None:
    """One installation for all of them: without a worker nothing else moves."""
    told = place.here(
        *("import", str(place.portfolio(LATE)), "--companies", str(place.companies), "--no-start")
    )
    assert told.status == 0, told
    task = _open_task(place)
    before = everything(place.ledger.engine)
    number = LATE.invoice
    otherwise: list[tuple[tuple[str, ...], Told]] = []
    for words, part in (
        (("task", "ffffffff"), "no task 'ffffffff'"),
        (("task", "%"), "no task '%'"),
        (("task", ""), "task"),
        (("done", "ffffffff"), "no task 'ffffffff'"),
        (("done", task, "perhaps"), "outcome: 'perhaps' is not one of sent, not_sent"),
        (("tell", "nobody", number, "paused"), "nobody"),
        (("tell", COMPANY, "F-0", "paused"), "F-0"),
        (("tell", COMPANY, number, "paid"), "no signal 'paid'"),
        (("tell", COMPANY, number, "contact_concluded"), "contact_concluded"),
        (("tell", COMPANY, number, "payment_received", "{not json"), "JSON"),
        (("tell", COMPANY, number, "payment_received", "[]"), "payload"),
        (("tell", COMPANY, number, "payment_received", "{}"), "amount"),
        (("tell", COMPANY, number, "payment_received", '{"amount": "12,50", "currency": "EUR"}'), "amount"),
        (("tell", COMPANY, number, "payment_received", '{"amount": "-1", "currency": "EUR"}'), "amount"),
        (("tell", COMPANY, number, "payment_received", '{"amount": "NaN", "currency": "EUR"}'), "amount"),
        (("tell", COMPANY, number, "payment_received", '{"amount": "1", "currency": "USD"}'), "currency"),
        (("tell", COMPANY, number, "paused", '{"until": "2026-02-30"}'), "until"),
        (("tell", COMPANY, number, "paused", '{"until": "2999-01-01"}'), "until"),
        (("tell", COMPANY, number, "payment_reversed", '{"payment_event_id": "x"}'), "x"),
        (("tell", COMPANY, number, "dispute_resolved", "{}"), "dispute"),
        (("tell", COMPANY, number, "policy_changed", '{"policy": "none"}'), "none"),
        (("tell", COMPANY, number, "invoice_changed", '{"replaced_by": "F-0"}'), "F-0"),
        (("tell", COMPANY, number, "task_completed", '{"task_id": "1"}'), "task_id"),
        (("tell", COMPANY, number, "resumed", '{"recorded": true}'), "recorded"),
        (("tell", COMPANY, number, "closed", '{"reason": "a\\u0000b"}'), "reason"),
    ):
        told = place.here(*words)
        plain = told.status == 2 and told.out == "" and len(told.err.splitlines()) == 1 and part in told.err
        if not plain or everything(place.ledger.engine) != before:
            otherwise.append((words, told))
    assert otherwise == []


def _open_task(place: Installation) -> str:
    """A task that asks whether a message left, as if one had been sent."""
    place.ledger.change("INSERT INTO content (hash, media_type, body) VALUES ('sha256:x', 'text/plain', '')")
    place.ledger.change(
        "INSERT INTO communication (id, customer_id, company_id, kind, audience, channel, to_address, cc,"
        " language, content_hash, status, ledger_seq, balance_quoted, planned_at, attempts)"
        " SELECT gen_random_uuid(), id, company_id, 'thank_you', 'debtor', 'email', 'a@b.example', '[]',"
        " 'fr',"
        " 'sha256:x', 'uncertain', 0, '{}', now(), 1 FROM customer"
    )
    place.ledger.change(
        "INSERT INTO task (id, company_id, customer_id, communication_id, kind, key, title, body, opened_at,"
        " opened_on, status) SELECT gen_random_uuid(), company_id, customer_id, id, 'uncertain_message',"
        " 'uncertain/' || id, 'Did it leave?', '', now(), now()::date, 'open' FROM communication"
    )
    return str(place.ledger.value("SELECT id FROM task"))


def test_without_temporal_a_fact_is_recorded_and_said_to_be(place: Installation) -> None:
    told = place.here(
        *("import", str(place.portfolio(LATE)), "--companies", str(place.companies), "--no-start")
    )
    assert told.status == 0, told
    place.temporal.stop()
    told = place.here("tell", COMPANY, LATE.invoice, "paused")
    assert told.status == 0, told
    assert "recorded" in told.out
    assert "Temporal" in told.err
    assert "Traceback" not in told.err
    assert place.facts(LATE, CaseSignal.PAUSED) == 1
    # The note waits for a worker.
    assert place.ledger.value("SELECT count(*) FROM outbox_note WHERE signal = 'paused'") == 1
    told = place.here("reconcile")
    assert told.status == 2, told
    assert len(told.err.splitlines()) == 1, told.err
    assert "Temporal" in told.err


def test_a_ledger_that_does_not_answer_is_one_line(place: Installation) -> None:
    for url in ("postgresql://relance:pAsSwOrD@127.0.0.1:1/relance", "nonsense:pAsSwOrD"):
        for words in (("tasks",), ("tell", COMPANY, "F", "paused"), ("reconcile",), ("migrate",)):
            told = place.here(*words, RELANCE_DATABASE_URL=url)
            assert told.status == 2, (words, told)
            assert len(told.err.splitlines()) == 1, (words, told.err)
            assert "pAsSwOrD" not in told.err + told.out


def test_a_wrong_setting_and_no_installation_are_one_line(place: Installation) -> None:
    for words in (("tasks",), ("task", "a"), ("done", "a"), ("reconcile",), ("migrate",)):
        told = place.here(*words, RELANCE_SENDING="maybe")
        assert told.status == 2, (words, told)
        assert len(told.err.splitlines()) == 1, (words, told.err)
        assert "RELANCE_SENDING" in told.err
        told = place.here(*words, RELANCE_DATABASE_URL=None)
        assert told.status == 2, (words, told)
        assert len(told.err.splitlines()) == 1, (words, told.err)
        assert "RELANCE_DATABASE_URL" in told.err


def test_migrate_makes_an_empty_database_a_ledger_and_may_run_again(
    empty_database: str, tmp_path: Path
) -> None:
    for _ in range(2):
        told = python("-m", "admin", "migrate", variables=environment(RELANCE_DATABASE_URL=empty_database))
        assert told.status == 0, told
        assert migrations.current(empty_database) == migrations.head()
    ledger = Ledger(empty_database)
    try:
        assert ("standard", 1) in ledger.rows("SELECT key, version FROM policy")
    finally:
        ledger.engine.dispose()


@pytest.mark.slow
def test_a_day_at_the_desk(place: Installation) -> None:
    place.load(LATE, NOTICE, CALL)
    with place.worker() as worker:
        _reminded(place)
        _examined(place)
        _listed_approved_and_called(place)
        _paid_in_two_parts(place)
        _paused_by_a_process(place)
        assert worker.stop() == 0


def _reminded(place: Installation) -> None:
    place.sandbox.wait_for(1, DEADLINE_S, to=LATE.email)
    place.reaches(LATE, lambda view: view.done == ("reminder_1",))
    until(lambda: place.ledger.value("SELECT count(*) FROM task WHERE status = 'open'") == 2, "two tasks")


def _examined(place: Installation) -> None:
    told = place.here("doctor")
    assert told.status == 0, told.out
    assert "✗" not in told.out
    assert "1 polling" in told.out
    told = place.here("doctor", RELANCE_SENDING="off")
    assert "workers last started with live, here it is off" in told.out


def _listed_approved_and_called(place: Installation) -> None:
    told = place.here("tasks")
    assert told.status == 0
    listed = {line.split()[2]: line.split()[0] for line in told.out.splitlines()[1:]}
    assert set(listed) == {"approval", "phone_call"}
    assert place.here("tasks", "--company", "nobody").out == "Nothing waits for anybody.\n"

    letter = place.here("task", listed["approval"])
    assert letter.status == 0
    assert "approval, open, for " in letter.out
    assert "mise en demeure" in letter.out.lower()
    assert NOTICE.invoice in letter.out
    call = place.here("task", listed["phone_call"])
    assert CALL.name in call.out
    assert place.reaches(NOTICE, lambda view: view.state == "awaiting_approval").done == ("phone_call",)

    told = place.here("done", listed["approval"], "approved")
    assert told.status == 0, told
    place.reaches(NOTICE, lambda view: view.done == ("phone_call", "formal_notice"))
    row = place.ledger.rows("SELECT status, outcome, closed_by IS NOT NULL FROM task WHERE kind = 'approval'")
    assert row == [("done", "approved", True)]
    assert place.ledger.value("SELECT status FROM contact_made WHERE step = 'formal_notice'") in {
        "by_hand",
        "sent",
    }

    told = place.here("done", listed["phone_call"], "no_answer", "--note", "rappeler lundi")
    assert told.status == 0, told
    assert "still open, due on " in told.out
    told = place.here("done", listed["phone_call"], "promised")
    assert told.status == 2
    assert "outcome: 'promised' is not one of promise, " in told.err
    day = str(place.ledger.value("SELECT max(opened_on) + 5 FROM task"))
    told = place.here("done", listed["phone_call"], "promise", "--on", day, "--cause", "payment_run")
    assert told.status == 0, told
    place.reaches(CALL, lambda view: view.paused_by == "promise")
    assert place.ledger.value("SELECT outcome FROM task WHERE kind = 'phone_call'") == "promise"
    told = place.here("tell", COMPANY, CALL.invoice, "payment_plan_cancelled")
    assert told.status == 0, told
    place.reaches(CALL, lambda view: view.paused_by is None)
    told = place.here("done", listed["phone_call"], "reached")
    assert told.status == 2
    assert "done already" in told.err
    assert listed["phone_call"] not in place.here("tasks").out
    assert listed["phone_call"] in place.here("tasks", "--all").out


def test_what_a_task_takes_and_who_is_away(place: Installation) -> None:
    told = place.here(
        *("import", str(place.portfolio(LATE)), "--companies", str(place.companies), "--no-start")
    )
    assert told.status == 0, told
    told = place.here("outcomes", "phone_call")
    assert told.status == 0, told
    for part in ("promise", "--on", "[--amount]", "contact_changed", "order_number_missing"):
        assert part in told.out
    told = place.here("outcomes", "tea")
    assert (told.status, "kind: 'tea' is none of" in told.err) == (2, True)

    task = _open_task(place)
    claire, paul = "claire@brunet.example", "paul@brunet.example"
    place.ledger.change(f"UPDATE task SET assignee_email = '{claire}', due_on = current_date")
    for email in (claire, paul):
        place.ledger.change(
            "INSERT INTO app_user (id, email, name, role) SELECT gen_random_uuid(),"
            f" '{email}', 'x', 'collector' WHERE NOT EXISTS (SELECT 1 FROM app_user WHERE email = '{email}')"
        )
    assert task[:8] in place.here("tasks", "--mine", claire).out
    assert place.here("tasks", "--mine", paul).out == "Nothing waits for anybody.\n"
    assert place.here("absent").out == "Nobody is away.\n"
    today = str(place.ledger.value("SELECT (now() AT TIME ZONE 'UTC')::date"))
    later = str(place.ledger.value("SELECT (now() AT TIME ZONE 'UTC')::date + 7"))
    told = place.here("absent", claire, "--from", today, "--to", later, "--deputy", paul)
    assert told.status == 0, told
    assert f"1 open tasks go to {paul}" in told.out
    assert task[:8] in place.here("tasks", "--mine", paul).out
    assert f"for {paul} (in the place of {claire})" in place.here("task", task).out
    assert f"{paul} stands in" in place.here("absent").out
    for words, part in (
        (("absent", claire, "--from", today), "--from, --to and --deputy: required"),
        (("absent", claire, "--from", today, "--to", "soon", "--deputy", paul), "soon"),
        (("absent", claire, "--from", today, "--to", later, "--deputy", paul), "already"),
        (("absent", "--end"), "EMAIL: required"),
        (("done", task, "sent", "--on", today), "--on: sent takes no day"),
        (("done", task, "sent", "--amount", "1"), "amount: sent takes none"),
        (("done", task, "sent", "--amount", "much"), "amount"),
    ):
        told = place.here(*words)
        assert told.status == 2, (words, told)
        assert part in told.err, (words, told)
        assert "Traceback" not in told.err
    assert "1 tasks came back" in place.here("absent", claire, "--end").out
    assert task[:8] in place.here("tasks", "--mine", claire).out


def _paid_in_two_parts(place: Installation) -> None:
    part = json.dumps({"amount": "200.00", "currency": "EUR", "event_id": "bank-1"})
    told = place.here("tell", COMPANY, LATE.invoice, "payment_received", part)
    assert told.status == 0, told
    assert "payment_received recorded (bank-1)" in told.out
    place.reaches(LATE, lambda view: view.outstanding == Decimal(1000))
    assert place.case(LATE, "outstanding") == Decimal(1000)

    told = place.here("tell", COMPANY, LATE.invoice, "payment_received", part)
    assert told.status == 0, told
    assert "nothing changed" in told.out
    told = place.here("tell", COMPANY, LATE.invoice, "payment_received", part.replace("200", "300"))
    assert told.status == 2
    assert "event_id" in told.err
    assert place.facts(LATE, CaseSignal.PAYMENT_RECEIVED) == 1

    told = place.here(
        *("tell", COMPANY, LATE.invoice, "payment_received", '{"amount": "1000.00", "currency": "EUR"}')
    )
    assert told.status == 0, told
    view = place.reaches(LATE, lambda view: view.closed)
    assert view.outstanding == 0
    assert place.case(LATE, "closing_reason") == view.closing_reason
    # A returned payment opens it again.
    told = place.here("tell", COMPANY, LATE.invoice, "payment_reversed", '{"payment_event_id": "bank-1"}')
    assert told.status == 0, told
    place.reaches(LATE, lambda view: not view.closed and view.outstanding == Decimal(200))


def _paused_by_a_process(place: Installation) -> None:
    told = place.relance("tell", COMPANY, CALL.invoice, "paused", '{"reason": "congés de M. Zéphyrine"}')
    assert told.status == 0, told
    place.reaches(CALL, lambda view: view.state == "paused")
    told = place.relance("tell", COMPANY, CALL.invoice, "resumed")
    assert told.status == 0, told
    place.reaches(CALL, lambda view: view.state != "paused")


@pytest.mark.slow
def test_reconcile_wakes_what_a_lost_temporal_store_took_along(place: Installation) -> None:
    place.load(LATE, CALL)
    # Temporal was told of both cases and lost them before any worker came.
    place.temporal.stop()
    place.temporal.database.unlink()
    place.temporal.start()
    assert place.ledger.value("SELECT count(*) FROM outbox_note") == 0
    told = place.here("reconcile", "--all")
    assert told.status == 0, told
    assert told.out.startswith("2 ")
    with place.worker() as worker:
        place.sandbox.wait_for(1, DEADLINE_S, to=LATE.email)
        place.reaches(LATE, lambda view: view.done == ("reminder_1",))
        place.settled()
        assert place.here("reconcile").out.startswith("0 cases woken")
        assert worker.stop() == 0
    assert len(place.sandbox.messages(to=LATE.email)) == 1


def test_what_a_name_holds_is_shown_as_it_is(place: Installation) -> None:
    told = place.here(
        *("import", str(place.portfolio(LATE)), "--companies", str(place.companies), "--no-start")
    )
    assert told.status == 0, told
    _open_task(place)
    place.ledger.change("UPDATE task SET title = 'Call [/b] the [red] lion', assignee_email = '[bold]'")
    told = place.here("tasks")
    assert told.status == 0, told
    assert "Call [/b] the [red] lion" in told.out
