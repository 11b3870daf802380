"""`relance bank` on real servers: a file of 3,000 lines, and the power cut twice in the middle of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.fixtures.local_stack import until
from tests.integration.cli.debtors import COMPANY
from tests.integration.cli.place import Installation
from tests.unit.bank_files.statements import Entry, camt

pytestmark = [pytest.mark.integration, pytest.mark.slow]

IBAN = "FR1420041010050500013M02606"
LINES = 3_000

_WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def test_a_bank_file_survives_kills_in_the_middle(place: Installation) -> None:
    told = place.here("companies", str(place.companies))
    assert told.status == 0, told
    yesterday = (place.today - timedelta(days=1)).isoformat()
    # Half of them equal to another one; the last but one is a return that fits nothing before it.
    entries = [Entry("10.00", day=yesterday, text=f"FA {n // 2}") for n in range(LINES - 2)]
    back = Entry("-77.77", day=yesterday, details="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>")
    file = place.folder / "releve.xml"
    file.write_bytes(
        camt(
            [*entries, back, Entry("1.00", day=yesterday)], account=IBAN, closed_on=yesterday, opening="0.00"
        )
    )

    told = place.here("bank", str(file), "--dry-run")
    assert (told.status, place.ledger.value("SELECT count(*) FROM bank_file")) == (0, 0), told
    assert "3,000 movements, 0 known before" in told.out
    told = place.here("bank", str(file))
    assert told.status == 0, told
    company = place.ledger.value("SELECT id FROM company WHERE ref = :ref", ref=COMPANY)

    # While it is being stored: its lines wait for another file's, and the worker dies.
    with place.ledger.engine.begin() as other:
        other.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"bank/{company}"}
        )
        with place.worker() as worker:
            until(lambda: place.ledger.value(_WAITS) > 0, "the import stores its lines")
            worker.kill()
    assert place.ledger.value("SELECT count(*) FROM bank_line") == 0

    # While it is being matched: the question about the return cannot be asked yet, and the worker dies again.
    with place.ledger.engine.begin() as other:
        other.execute(text("LOCK TABLE task IN SHARE MODE"))
        with place.worker() as worker:
            until(lambda: place.ledger.value(_WAITS) > 0, "the import asks about the return")
            worker.kill()
    assert place.ledger.value("SELECT count(*) FROM bank_line") == LINES
    with place.worker():
        told = place.here("bank", str(file), "--wait")
    assert told.status == 0, told
    assert f"{IBAN} EUR: 0.00 -> 29,903.23 on {yesterday}" in told.out
    assert "1 proposed" in told.out
    lines, keys, places = place.ledger.rows(
        "SELECT count(*), count(DISTINCT line_key), count(DISTINCT place) FROM bank_line"
    )[0]
    assert (lines, keys, places) == (LINES, LINES, LINES)
    assert place.ledger.value("SELECT count(*) FROM task WHERE kind = 'bank_return'") == 1
    known = place.ledger.value("SELECT bank_known_until FROM company WHERE ref = :ref", ref=COMPANY)
    waiting = place.ledger.value("SELECT count(*) FROM bank_line WHERE state = 'new' AND direction = 'in'")
    assert known == (None if waiting else place.today - timedelta(days=1))

    # The same file brings nothing; a broken one is refused with its reason, and leaves nothing.
    with place.worker():
        broken = place.folder / "broken.xml"
        broken.write_bytes(file.read_bytes().replace(b">1.00<", b">1.01<"))
        told = place.here("bank", str(broken), "--wait")
    assert told.status == 1, told
    assert "broken.xml: refused. statement 1: " in told.err
    assert "the statement closes at 29,903.23" in told.err
    assert place.ledger.value("SELECT count(*) FROM bank_line") == LINES
