"""What the operator's page says of back-ups, on real servers: a ledger restored beside an empty Temporal, and
a Temporal older than its ledger."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import make_url

from admin.stack.postgres import programs
from admin.stack.temporal import LocalTemporal
from models.ids import SEARCH_ATTRIBUTE_TYPES
from tests.fixtures.local_stack import DEADLINE_S, Ledger, deliveries, listed, runs_of, stands, until
from tests.fixtures.postgres import Server
from tests.integration.cli.debtors import COMPANY, Debtor
from tests.integration.cli.place import Installation

pytestmark = [pytest.mark.integration, pytest.mark.slow]

LEFT, UNDER_WAY, EARLY = Debtor(1), Debtor(2), Debtor(3, late=-20)


def pg(program: str, url: str, *words: str) -> None:
    """Run one of PostgreSQL's own programs on a database."""
    at = make_url(url)
    subprocess.run(
        [
            str(programs() / program),
            *("--host", str(at.host), "--port", str(at.port), "--username", str(at.username)),
            *("--dbname", str(at.database)),
            *words,
        ],
        env={**os.environ, "PGPASSWORD": str(at.password or "")},
        check=True,
        capture_output=True,
        timeout=DEADLINE_S,
    )


def test_a_restored_ledger_and_an_empty_temporal_go_on_and_nothing_leaves_again(
    place: Installation, postgres_server: Server, tmp_path: Path
) -> None:
    place.sandbox.add_fault("late", match_to=UNDER_WAY.email, delay=600.0)
    place.load(LEFT, UNDER_WAY, EARLY)
    dump = tmp_path / "ledger.dump"
    with place.worker() as process:
        place.sandbox.wait_for(2, DEADLINE_S, accepted=None)
        until(lambda: place.ledger.messages() == {"sent": 1, "sending": 1}, "one has left, one is leaving")
        place.reaches(LEFT, lambda view: view.done == ("reminder_1",))
        pg("pg_dump", place.ledger.url, "--format", "custom", "--file", str(dump))
        process.kill()
    place.sandbox.clear_faults()
    before = deliveries(place.sandbox.messages())

    name = postgres_server.create()
    restored = Ledger(postgres_server.url_of(name))
    try:
        pg("pg_restore", restored.url, "--no-owner", "--exit-on-error", str(dump))
        with LocalTemporal(
            tmp_path / "new" / "temporal.db", ui=False, search_attributes=SEARCH_ATTRIBUTE_TYPES
        ) as empty:
            place.variables |= {"RELANCE_DATABASE_URL": restored.url, "TEMPORAL_ADDRESS": empty.address}
            with place.worker() as process:
                told = place.here("reconcile", "--all")
                assert told.status == 0, told
                assert "3 open cases woken" in told.out
                until(
                    lambda: restored.messages() == {"sent": 1, "uncertain": 1},
                    "the one under way is asked about",
                )
                until(lambda: restored.unfinished(place.now) == 0, f"settled: {process.text}")
                for debtor, done in ((LEFT, ("reminder_1",)), (UNDER_WAY, ("reminder_1",)), (EARLY, ())):
                    stands(empty.address, COMPANY, debtor.invoice, done)
                listed(empty.address, 3, status="Running")
                assert process.stop() == 0
        kinds = restored.rows("SELECT kind FROM task WHERE status = 'open'")
        assert kinds == [("uncertain_message",)]
        assert restored.value("SELECT count(*) FROM outbox_note") == 0
    finally:
        restored.engine.dispose()
        postgres_server.drop(name)
    assert deliveries(place.sandbox.messages()) == before


def test_a_temporal_older_than_its_ledger_is_brought_up_to_it(place: Installation, tmp_path: Path) -> None:
    """Restored from before the reminders, a payment and a new case; none of it happens a second time."""
    paid, asked, new = Debtor(1), Debtor(2), Debtor(4)
    place.load(paid, asked)
    place.temporal.stop()
    store = place.temporal.database.parent
    copy = shutil.copytree(store, tmp_path / "copy")
    place.temporal.start()
    with place.worker() as process:
        place.sandbox.wait_for(2, DEADLINE_S)
        place.settled()
        place.load(new)
        place.sandbox.wait_for(3, DEADLINE_S)
        told = place.here(
            "tell", COMPANY, paid.invoice, "payment_received", '{"amount": "1200.00", "currency": "EUR"}'
        )
        assert told.status == 0, told
        place.sandbox.wait_for(4, DEADLINE_S, accepted=None)
        until(lambda: place.ledger.messages() == {"sent": 4}, "three reminders and a thank-you")
        place.settled()
        assert process.stop() == 0
    before = deliveries(place.sandbox.messages())

    place.temporal.stop()
    shutil.rmtree(store)
    shutil.copytree(copy, store)
    place.temporal.start()
    listed(place.address, 2)  # it knows nothing of the third
    with place.worker() as process:
        told = place.here("reconcile", "--all")
        assert "2 open cases woken" in told.out
        for debtor in (asked, new):
            stands(place.address, COMPANY, debtor.invoice, ("reminder_1",))
        listed(place.address, 2, status="Running")  # the paid one ends
        place.settled()
        assert process.stop() == 0
    assert place.ledger.messages() == {"sent": 4}
    assert deliveries(place.sandbox.messages()) == before
    assert runs_of(place.address, status="Failed") == {}
