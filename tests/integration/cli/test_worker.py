"""The worker as a process: what it refuses to start with, how it stops, what a kill leaves, what it says."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

import worker
from tests.fixtures.local_stack import (
    DEADLINE_S,
    Told,
    deliveries,
    environment,
    expire_lost_sends,
    python,
    spoken_secrets,
    stored,
    until,
)
from tests.integration.cli.debtors import Debtor, personal_data
from tests.integration.cli.place import API_KEY, TOKEN, Installation

pytestmark = pytest.mark.integration

ONE, TWO = Debtor(1), Debtor(2)
NOWHERE = "postgresql://relance:pAsSwOrD@127.0.0.1:1/relance"


def started(**variables: str) -> Told:
    return python("-m", "worker", variables=environment(**variables))


@pytest.fixture
def start_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """The worker's entry point in this process: what it refuses, it refuses before anything is started."""

    def start(**variables: str) -> Told:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        # This process's own log stays where pytest has it.
        monkeypatch.setattr("activities.logs.set_up", lambda *_: None)
        status = worker.main()
        written = capsys.readouterr()
        return Told(status, written.out, written.err)

    return start


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"RELANCE_DATABASE_URL": NOWHERE, "RELANCE_SENDING": "live"}, "SENDGRID_API_KEY"),
        (
            {
                "RELANCE_DATABASE_URL": NOWHERE,
                "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
                "TWILIO_AUTH_TOKEN": "secret-token",
            },
            "TWILIO_FROM",
        ),
        ({"RELANCE_DATABASE_URL": NOWHERE, "RELANCE_SENDING": "maybe"}, "RELANCE_SENDING"),
        ({"RELANCE_DATABASE_URL": NOWHERE, "RELANCE_WORKER_SLOTS": "many"}, "RELANCE_WORKER_SLOTS"),
        ({"RELANCE_DATABASE_URL": "nonsense"}, "RELANCE_DATABASE_URL"),
        ({"RELANCE_DATABASE_URL": NOWHERE, "RELANCE_REGISTERED_DROP": "post"}, "RELANCE_REGISTERED_DROP"),
        (
            {"RELANCE_DATABASE_URL": NOWHERE, "RELANCE_REGISTERED_DROP": "/dev/null"},
            "RELANCE_REGISTERED_DROP",
        ),
        (
            {"RELANCE_DATABASE_URL": NOWHERE, "RELANCE_REGISTERED_PRODUCT": "fax"},
            "RELANCE_REGISTERED_PRODUCT",
        ),
    ],
    ids=[
        *("no key", "half of Twilio", "a word", "a number", "a URL"),
        *("no whole path", "no folder", "no such product"),
    ],
)
def test_a_wrong_setting_is_one_line_and_status_2(
    start_here: Callable[..., Told], variables: dict[str, str], named: str
) -> None:
    told = start_here(**variables)
    assert told.status == 2, told
    assert len(told.err.splitlines()) == 1, told.err
    assert named in told.err
    assert not spoken_secrets(told.err, NOWHERE, "secret-token")


def test_without_a_ledger_the_process_ends_at_once() -> None:
    told = started()
    assert told.status == 2, told
    assert told.err == "relance worker: RELANCE_DATABASE_URL is not set: where is the ledger?\n"


def test_a_ledger_that_does_not_answer_is_one_line(
    start_here: Callable[..., Told], place: Installation
) -> None:
    told = start_here(**place.variables | {"RELANCE_DATABASE_URL": NOWHERE})
    assert told.status == 2, told
    assert len(told.err.splitlines()) == 1, told.err
    assert "ledger" in told.err
    assert not spoken_secrets(told.err, NOWHERE, API_KEY, TOKEN)


def test_a_temporal_that_does_not_answer_is_one_line(
    start_here: Callable[..., Told], place: Installation
) -> None:
    told = start_here(**place.variables | {"TEMPORAL_ADDRESS": "127.0.0.1:1"})
    assert told.status == 2, told
    assert len(told.err.splitlines()) == 1, told.err
    assert "Temporal" in told.err
    assert not spoken_secrets(told.err, place.ledger.url, API_KEY, TOKEN)


def discreet(place: Installation) -> None:
    """The workers' log holds no secret and names nobody."""
    written = place.worker_log.read_text("utf-8")
    assert not spoken_secrets(written, place.ledger.url, API_KEY, TOKEN)
    assert not personal_data(written)


@pytest.mark.slow
def test_what_a_database_error_quotes_reaches_neither_log_nor_temporal(place: Installation) -> None:
    """PostgreSQL tells the whole row that it refuses, with the debtor's address in it."""
    place.load(ONE)
    place.ledger.change("ALTER TABLE communication ADD CONSTRAINT mishap CHECK (status <> 'planned')")
    with place.worker() as process:
        # Twice in the workflow's own worker, then by way of the server.
        process.until("prepare_contact failed: IntegrityError (23514)", times=3)
        place.ledger.change("ALTER TABLE communication DROP CONSTRAINT mishap")
        place.sandbox.wait_for(1, DEADLINE_S)
        place.reaches(ONE, lambda view: view.done == ("reminder_1",))
        assert process.stop() == 0
    discreet(place)
    place.temporal.stop()
    kept = stored(place.temporal.database.parent)
    # An invoice's number is there to be read, so an address would be.
    assert ONE.invoice in kept
    assert not personal_data(kept)


@pytest.mark.slow
def test_asked_to_stop_during_a_send_it_finishes_that_send(place: Installation) -> None:
    fault = place.sandbox.add_fault("late", delay=600.0)
    place.load(ONE)
    with place.worker(anew=True) as process:
        place.sandbox.wait_for(1, DEADLINE_S)
        process.tell(signal.SIGTERM)
        process.until("stopping")
        assert place.ledger.messages() == {"sending": 1}
        place.sandbox.faults.clear(fault.id)
        assert process.wait() == 0
    assert place.ledger.messages() == {"sent": 1}
    assert place.ledger.value("SELECT provider_id FROM communication") is not None
    assert not place.ledger.rows("SELECT 1 FROM task")
    assert len(place.sandbox.messages(accepted=None)) == 1
    discreet(place)


@pytest.mark.slow
def test_killed_during_sends_the_messages_are_uncertain_and_never_sent_again(place: Installation) -> None:
    """One the provider had taken, one it had not: only a person can tell, and does."""
    place.sandbox.add_fault("late", match_to=ONE.email, delay=600.0)
    place.sandbox.add_fault("hang", match_to=TWO.email, delay=600.0)
    place.load(ONE, TWO)
    with place.worker(anew=True) as process:
        place.sandbox.wait_for(2, DEADLINE_S, accepted=None)
        process.kill()
    assert place.ledger.messages() == {"sending": 2}
    place.sandbox.clear_faults()
    taken, lost = (
        str(place.ledger.value("SELECT id FROM communication WHERE to_address = :to", to=debtor.email))
        for debtor in (ONE, TWO)
    )

    with place.worker() as process:

        def seen() -> bool:
            expire_lost_sends(place.address)
            return place.ledger.messages() == {"uncertain": 2}

        until(seen, f"the lost sends are seen: {process.text}")
        place.settled()
        for debtor in (ONE, TWO):
            place.reaches(debtor, lambda view: view.done == ("reminder_1",))
        assert len(place.sandbox.messages()) == 1

        told = place.here("done", place.uncertain_task(taken), "sent")
        assert told.status == 0, told
        told = place.here("done", place.uncertain_task(lost), "not_sent")
        assert told.status == 0, told
        (again,) = place.sandbox.wait_for(1, DEADLINE_S, to=TWO.email)
        place.settled()
        assert place.ledger.messages() == {"sent": 2, "failed": 1}
        for debtor in (ONE, TWO):
            place.reaches(debtor, lambda view: view.done == ("reminder_1",))
        assert process.stop() == 0
    assert again.custom_args["communication"] not in {taken, lost}
    assert deliveries(place.sandbox.messages()) == {taken: 1, again.custom_args["communication"]: 1}
    # The switch stood where it stood: the second start was no act.
    assert place.ledger.value("SELECT count(*) FROM audit_event WHERE what = 'sending_switch'") == 1
    discreet(place)
