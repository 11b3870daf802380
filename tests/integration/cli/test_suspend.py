"""`relance suspend` and `relance resume`: what they say and refuse."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.integration.cli.debtors import COMPANY, Debtor
from tests.integration.cli.place import Installation
from tests.integration.cli.test_doctor import NOTE, examined

pytestmark = pytest.mark.integration


def test_stopped_listed_and_resumed(place: Installation) -> None:
    one = Debtor(1)
    told = place.here(
        *("import", str(place.portfolio(one)), "--companies", str(place.companies), "--no-start")
    )
    assert told.status == 0, told
    assert "nothing is suspended" in place.here("suspend", COMPANY).out
    until = str(place.today + timedelta(days=9))
    for words, part in (
        ((COMPANY, "--channel", "sms"), "--because"),
        ((COMPANY, "--because", "x", "--channel", "pigeon"), "channel: 'pigeon'"),
        ((COMPANY, "--because", "x", "--channel", "sms", "--policy", "strict"), "one of them only"),
        ((COMPANY, "--because", "x", "--until", str(place.today)), "is not after today"),
        ((COMPANY, "--because", "x", "--customer", "nobody"), "no customer 'nobody'"),
        (("nobody", "--because", "x"), "no company 'nobody'"),
    ):
        refused = place.here("suspend", *words)
        assert (refused.status, part in refused.err) == (2, True), refused
    made = place.here("suspend", COMPANY, "--because", "the ERP migration", "--until", until)
    assert made.out.startswith(f"1  all of the company is suspended until {until}, by "), made
    assert ": the ERP migration; holds 0 invoices of 0 customers" in made.out
    assert place.here("suspend", COMPANY).out == made.out
    assert "suspended already (suspension 1)" in place.here("suspend", COMPANY, "--because", "x").err
    _, found = examined(place)
    assert found["suspension 1"][0] == NOTE
    assert f"{COMPANY}: company suspended since" in found["suspension 1"][1]
    done = place.here("resume", COMPANY, "1")
    assert f"{COMPANY}: suspension 1 is over; 0 customers have their turn" in done.out
    assert "is over since" in place.here("resume", COMPANY, "1").err
    assert "no suspension 7" in place.here("resume", COMPANY, "7").err
    first, last = place.today + timedelta(days=20), place.today + timedelta(days=30)
    assert "no closures" in place.here("closure", COMPANY).out
    closed = place.here("closure", COMPANY, str(first), str(last), "--yearly", "--because", "summer")
    assert closed.out == f"1  {first} to {last}, every year, the company: summer\n"
    assert place.here("closure", COMPANY).out == closed.out
    assert "lies before the first" in place.here("closure", COMPANY, str(last), str(first)).err
    assert "both are required" in place.here("closure", COMPANY, str(first)).err
    assert "closure 1 is taken back" in place.here("closure", COMPANY, "--end", "1").out
    assert "no closure 9" in place.here("closure", COMPANY, "--end", "9").err
    kept = place.ledger.value("SELECT string_agg(what, ', ' ORDER BY id) FROM audit_event")
    assert kept.endswith("suspend_contact, resume_contact, record_closure, end_closure")
