"""The same batch is asked for twice: one after the other, and two at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fixtures.counts import tell
from tests.fixtures.local_stack import deliveries, runs_of
from tests.integration.cli.debtors import Debtor
from tests.integration.cli.place import Installation

pytestmark = [pytest.mark.integration, pytest.mark.slow]

BATCH = 40


def test_the_same_batch_asked_for_twice(place: Installation) -> None:
    debtors = [Debtor(number) for number in range(BATCH)]
    file, companies = place.portfolio(*debtors), place.companies
    told = place.here("import", str(file), "--companies", str(companies), "--no-start")
    assert told.status == 0, told
    told = place.here("import", str(file), "--companies", str(companies), "--no-start")
    assert f"0 new invoices (0 paid already), {BATCH} known" in told.err
    assert place.ledger.value("SELECT count(*) FROM invoice") == BATCH
    assert place.ledger.value("SELECT count(*) FROM outbox_note") == BATCH

    with place.worker(), ThreadPoolExecutor(2) as pool:
        # Both read the same file and start the same cases, while a worker works on them.
        both = [pool.submit(place.starter, file, "--companies", companies) for _ in range(2)]
        statuses = [done.result().status for done in both]
        place.sandbox.wait_for(BATCH, 60)
        place.settled()
        told = place.starter(file, "--companies", companies)
        place.settled()
    assert [*statuses, told.status] == [0, 0, 0], told
    taken = deliveries(place.sandbox.messages(accepted=None))
    runs = runs_of(place.address)
    contacts = place.ledger.value("SELECT count(*) FROM contact_made")
    assert (len(taken), set(taken.values())) == (BATCH, {1})
    assert (len(runs), contacts, place.ledger.messages()) == (BATCH, BATCH, {"sent": BATCH})
    assert len({message.to[0].address for message in place.sandbox.messages()}) == BATCH
    tell(
        "the same batch asked for twice",
        rows=BATCH,
        imported=2,
        started=3,
        at_the_same_time=2,
        cases=len(runs),
        contacts=contacts,
        left=sum(taken.values()),
        doubled=sum(taken.values()) - len(taken),
        lost=BATCH - len(taken),
    )
