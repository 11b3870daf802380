"""A changed policy tried on the whole portfolio: some customers at a time, each once, as of one instant."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import select
from temporalio.exceptions import ApplicationError

from activities import policy_trials
from activities.policy_trials import SECONDS
from activities.store import trials
from activities.store.engine import transaction
from admin.api.masters.policies import read_edition
from admin.queries.dry_run import Bounds, dry_run
from models.messages import PolicyTried
from models.tables import OutboxNote, PolicyTrial, PolicyTrialCustomer
from policies import builtin_policy_texts
from tests.api.books import customer
from tests.api.conftest import Door
from tests.api.workers import portfolio, step, steps
from tests.fixtures.ledger import NOW, everything

pytestmark = pytest.mark.integration

STANDARD = builtin_policy_texts()["standard.toml"]
LATER = STANDARD.replace("offset_days = 15", "offset_days = 20")
BOLDER = STANDARD.replace('EUR = "10.00"', 'EUR = "1.00"')
MILDER = STANDARD.replace('EUR = "10.00"', 'EUR = "500.00"')
PATH = "/v1/companies/acme/policies/standard/trials"


def asked(door: Door, text: str = LATER, days: int = 7, status: int = 202, **headers: str) -> dict[str, Any]:
    answer = door.ask("POST", PATH, {"toml": text, "days": days}, headers=headers)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def looked(door: Door, trial: str) -> dict[str, Any]:
    answer = door.ask("GET", f"{PATH}/{trial}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("text", [LATER, BOLDER, MILDER], ids=["later", "bolder", "milder"])
def test_a_trial_finds_what_a_dry_run_finds_on_the_whole_portfolio(door: Door, text: str) -> None:
    portfolio(door)
    trial = asked(door, text, 30)
    assert (trial["state"], trial["customers"], trial["looked"], trial["found"]) == ("running", 6, 0, None)
    assert list(steps(door, trial["id"])) == [2, 4, 6]
    now = looked(door, trial["id"])
    assert (now["state"], now["looked"]) == ("done", 6)
    candidate = read_edition(text, "standard")
    whole = dry_run(door.book.engine, door.book.company_id, candidate, 30, NOW, None, Bounds())
    assert whole.portfolio.whole

    def sorted_out(told: dict[str, Any]) -> dict[str, Any]:
        # Of one day, a dry run names customers by their reference, a trial by their id.
        return told | {
            name: sorted(told[name], key=lambda each: str(each["customer"]))
            for name in ("newly", "no_longer")
        }

    assert sorted_out(now["found"]) == sorted_out(whole.model_dump(mode="json"))


def test_nothing_is_written_but_the_trial_and_the_note_that_starts_it(door: Door) -> None:
    portfolio(door)
    door.ask("GET", PATH)
    before = everything(door.book.engine)
    trial = asked(door)
    with transaction(door.book.engine) as session:
        (note,) = session.exec(select(OutboxNote).where(OutboxNote.workflow == "policy_trial")).all()
        assert (str(note.key), note.signal) == (trial["id"], "start")
        assert door.courier.notes == [note.id], "it starts at once"
    list(steps(door, trial["id"]))
    after = everything(door.book.engine)
    assert {name for name in after if after[name] != before.get(name)} == {
        *("audit_event", "outbox_note", "policy_trial")
    }


def test_a_step_made_twice_counts_once(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    portfolio(door)
    trial = asked(door, BOLDER)["id"]
    step(door, trial)
    real = trials.move_on

    def twice(*args: Any, **named: Any) -> PolicyTrial:
        """The attempt before wrote it, and its worker died before it could say so."""
        real(*args, **named)
        return real(*args, **named)

    monkeypatch.setattr(policy_trials, "move_on", twice)
    assert step(door, trial).looked == 4
    monkeypatch.undo()
    list(steps(door, trial))
    found = looked(door, trial)["found"]
    assert found["portfolio"]["looked_customers"] == 6
    assert found["newly_count"] == len(found["newly"]) == 3


def test_a_step_ends_with_the_customer_it_is_at_when_its_time_is_over(door: Door) -> None:
    portfolio(door)
    trial = asked(door)["id"]
    clock = count(step=SECONDS * 0.6)
    tried = step(door, trial, 100, lambda: next(clock))
    assert (tried.looked, tried.customers, tried.done) == (2, 6, False)
    assert step(door, trial, 100) == PolicyTried(looked=6, customers=6, done=True)


def test_the_whole_trial_is_as_of_the_instant_it_was_asked(door: Door) -> None:
    portfolio(door)
    trial = asked(door, LATER, 7)["id"]
    door.clock.at = NOW + timedelta(days=3)
    list(steps(door, trial))
    now = looked(door, trial)
    assert now["asked_at"].startswith("2026-03-10")
    assert now["finished_at"].startswith("2026-03-13")
    assert now["found"]["by_day"][0]["on"] == "2026-03-10"


def test_one_runs_at_a_time_and_the_same_again_is_that_one(door: Door) -> None:
    first = asked(door)
    assert asked(door)["id"] == first["id"]
    refusal = asked(door, BOLDER, status=409)
    assert "a trial of policy 'standard' is running (asked by api:" in refusal["detail"]
    assert "wait for its end, or stop it" in refusal["detail"]
    list(steps(door, first["id"]))
    assert asked(door)["id"] != first["id"], "once it is over, the portfolio may have moved"


def test_a_stopped_trial_keeps_what_it_found_and_goes_no_further(door: Door) -> None:
    portfolio(door)
    trial = asked(door, BOLDER)["id"]
    step(door, trial)
    stopped = door.ask("POST", f"{PATH}/{trial}/stop", {}).json()
    assert (stopped["state"], stopped["looked"]) == ("stopped", 2)
    assert (
        stopped["found"]["portfolio"] | {"cases": 8, "customers": 6, "whole": False}
        == (stopped["found"]["portfolio"])
    )
    assert step(door, trial) == PolicyTried(looked=2, customers=6, done=True)
    assert door.ask("POST", f"{PATH}/{trial}/stop", {}).json() == stopped, "it is over"
    assert asked(door, BOLDER)["id"] != trial


def test_what_a_worker_was_at_when_somebody_stopped_it_does_not_count(door: Door) -> None:
    portfolio(door)
    trial = asked(door)["id"]
    ticks = count()

    def stops_at_the_second() -> float:
        if next(ticks) == 1:
            assert door.ask("POST", f"{PATH}/{trial}/stop", {}).status_code == 200
        return 0.0

    assert step(door, trial, 2, stops_at_the_second) == PolicyTried(looked=0, customers=6, done=True)
    assert looked(door, trial)["found"]["contacts"] == {"before": 0, "after": 0}


def test_every_customer_that_moved_is_listed_page_by_page(door: Door) -> None:
    portfolio(door)
    trial = asked(door, BOLDER)["id"]
    list(steps(door, trial))
    names, after = [], ""
    while True:
        page = door.ask("GET", f"{PATH}/{trial}/customers?limit=2{after}").json()
        names += [(each["customer"], each["name"], each["step"]) for each in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert sorted(names) == [(f"C-{n}", f"C-{n} & Cie", "reminder_1") for n in (2, 3, 4)]
    assert door.ask("GET", f"{PATH}/{trial}/customers?newly=false").json()["items"] == []


def test_a_customer_with_any_number_of_invoices_is_looked_at(door: Door) -> None:
    amounts = ["10.00"] * (Bounds().invoices + 1)
    customer(door, "C-2", *amounts)
    trial = asked(door)["id"]
    list(steps(door, trial))
    told = looked(door, trial)["found"]["portfolio"]
    assert (told["looked_cases"], told["too_large"], told["whole"]) == (len(amounts) + 2, 0, True)


def test_a_policy_that_nobody_follows_is_over_at_once(door: Door) -> None:
    short = STANDARD.replace('key = "standard"', 'key = "short"')
    path = PATH.replace("standard", "short")
    trial = door.ask("POST", path, {"toml": short}).json()
    assert trial["customers"] == 0
    assert step(door, trial["id"]).done
    assert door.ask("GET", f"{path}/{trial['id']}").json()["state"] == "done"


def test_a_text_that_cannot_be_is_refused_with_its_line_and_nothing_is_begun(door: Door) -> None:
    refusal = asked(door, STANDARD.replace("firm_reminder", "firm_remainder", 1), status=422)
    assert refusal["errors"][0]["rule"].startswith("line ")
    assert door.ask("GET", PATH).json() == {"items": []}


def test_a_text_that_a_later_version_no_longer_takes_ends_its_trial(door: Door) -> None:
    trial = asked(door)["id"]
    with transaction(door.book.engine) as session:
        session.get_one(PolicyTrial, UUID(trial)).toml = "once = 'valid'"
    assert step(door, trial).done
    assert looked(door, trial)["state"] == "stopped"


def test_the_latest_are_listed_and_old_ones_forgotten(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "KEPT", 3)
    customer(door, "C-2", "5.00")
    made = []
    for day in range(5):
        door.clock.at = NOW + timedelta(days=day)
        made.append(asked(door, BOLDER)["id"])
        list(steps(door, made[-1]))
    listed = door.ask("GET", PATH).json()["items"]
    assert [each["id"] for each in listed] == made[:1:-1]
    assert all(each["found"] is None for each in listed)
    assert door.ask("GET", f"{PATH}/{made[0]}").status_code == 404
    with transaction(door.book.engine) as session:
        kept = set(session.exec(select(PolicyTrialCustomer.trial_id)))
    assert {str(each) for each in kept} == set(made[2:])


def test_a_trial_that_is_not_there_ends_its_workflow(door: Door) -> None:
    with pytest.raises(ApplicationError) as refusal:
        step(door, str(uuid4()))
    assert (refusal.value.type, refusal.value.non_retryable) == ("NotFound", True)
