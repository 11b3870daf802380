"""An upgrade with running cases: schemas before and behind the code, and versioned workers."""

from __future__ import annotations

import subprocess

import pytest

import migrations
from admin.stack.temporal import temporal_path
from models.ids import case_id
from tests.fixtures.local_stack import DEADLINE_S, environment, runs_of, stands, until
from tests.integration.cli.debtors import COMPANY, Debtor
from tests.integration.cli.place import Installation

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def test_a_worker_waits_for_the_schema_it_needs_and_bears_a_newer_one(
    place: Installation, empty_database: str
) -> None:
    for revision, said in ((None, "nothing"), ("0001", "0001")):
        if revision is not None:
            migrations.upgrade(empty_database, revision)
        with place.worker(ready=False, RELANCE_DATABASE_URL=empty_database) as process:
            assert process.wait() == 2
        assert process.text == (
            f"relance worker: the ledger's schema is at {said}, this version needs {migrations.head()}: "
            "run `relance migrate` first\n"
        )
    # The next version has migrated already; this worker goes on until it is replaced.
    place.ledger.change("UPDATE alembic_version SET version_num = '9999'")
    with place.worker() as process:
        assert "newer than this version" in process.text
        told = place.here("doctor")
        assert "9999 is newer than this version's" in told.out
        assert process.stop() == 0


def deployment(place: Installation, *words: str) -> None:
    subprocess.run(
        [str(temporal_path()), "worker", "deployment", *words, "--address", place.address],
        env=environment(),
        check=True,
        capture_output=True,
        timeout=DEADLINE_S,
    )


def test_cases_move_to_the_build_that_is_made_current(place: Installation) -> None:
    """Begun without a version, gone on under build `one`, then under build `two`."""
    first, second, third = Debtor(1), Debtor(2), Debtor(3)
    with place.worker() as process:
        place.load(first)
        stands(place.address, COMPANY, first.invoice, ("reminder_1",))
        assert process.stop() == 0

    def made_current(build: str) -> None:
        words = ("set-current-version", "--deployment-name", "relance", "--build-id", build, "--yes")

        def accepted() -> bool:
            try:
                deployment(place, *words)
            except subprocess.CalledProcessError:
                # The server has not seen its worker poll yet.
                return False
            return True

        until(accepted, f"{build} is current")

    with place.worker(RELANCE_BUILD_ID="one") as one:
        made_current("one")
        place.load(first, second)
        stands(place.address, COMPANY, second.invoice, ("reminder_1",))
        place.here("reconcile", "--all")
        stands(place.address, COMPANY, first.invoice, ("reminder_1",))
        with place.worker(RELANCE_BUILD_ID="two") as two:
            made_current("two")
            assert one.stop() == 0
            place.load(first, second, third)
            for debtor in (first, second, third):
                stands(place.address, COMPANY, debtor.invoice, ("reminder_1",))
            payment = '{"amount": "1200.00", "currency": "EUR"}'
            assert place.here("tell", COMPANY, first.invoice, "payment_received", payment).status == 0
            paid = case_id(COMPANY, first.invoice)
            until(lambda: runs_of(place.address, status="Completed").get(paid), "it ends under build two")
            assert two.stop() == 0
    assert len(place.sandbox.messages(to=second.email)) == len(place.sandbox.messages(to=third.email)) == 1
    assert runs_of(place.address, status="Failed") == {}
