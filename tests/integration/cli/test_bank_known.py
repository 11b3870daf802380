"""`relance bank-known`: what it says and refuses, what `doctor` says of it, what the audit trail keeps."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fixtures.local_stack import FRANCE
from tests.integration.cli.debtors import COMPANY, Debtor
from tests.integration.cli.place import Installation
from tests.integration.cli.test_doctor import BAD, NOTE, examined

pytestmark = pytest.mark.integration

LATE = Debtor(1)


def test_a_day_is_stated_shown_corrected_and_given_up(place: Installation) -> None:
    assert place.here("companies", str(place.companies)).status == 0
    assert place.here("bank-known", COMPANY).out.endswith(
        f"{COMPANY}: payments are recorded as they come; nothing waits for a file\n"
    )
    old, fresh = (FRANCE.business_days_before(place.today, n) for n in (6, 1))
    assert f"known up to {old}; 0 waiting cases are told" in place.here("bank-known", COMPANY, str(old)).out
    _, found = examined(place)
    assert found[f"bank {COMPANY}"][0] == NOTE
    assert "more than 3 business days ago" in found[f"bank {COMPANY}"][1]

    assert place.here("import", str(place.portfolio(LATE)), "--no-start").status == 0
    assert place.case(LATE, "state") == "awaiting_bank"
    assert "1 contact about 1 invoice" in place.here("bank-known", COMPANY).out
    status, found = examined(place)
    assert (status, found[f"bank {COMPANY}"][0]) == (1, BAD)
    assert "1 contact about 1 invoice" in found[f"bank {COMPANY}"][1]

    tomorrow = place.today + timedelta(days=1)
    for words, part in (
        ((COMPANY, str(old - timedelta(days=1))), "go back is a correction"),
        ((COMPANY, str(tomorrow)), "lies in the future"),
        ((COMPANY, "2026-02-30"), "2026-02-30"),
        (("nobody", str(fresh)), "no company 'nobody'"),
        ((COMPANY, "--as-they-come"), "--as-they-come"),
        ((COMPANY, "--correct", "typo"), "DATE"),
    ):
        refused = place.here("bank-known", *words)
        assert (refused.status, part in refused.err) == (2, True), refused

    told = place.here("bank-known", COMPANY, str(fresh))
    assert f"the bank is known up to {fresh}; 1 waiting cases are told" in told.out
    assert "nothing changed" in place.here("bank-known", COMPANY, str(fresh)).out
    assert examined(place)[1][f"bank {COMPANY}"][1].startswith(f"known up to {fresh}")
    back = place.here("bank-known", COMPANY, str(old), "--correct", "another account's file")
    assert f"known up to {old}" in back.out
    given_up = place.here("bank-known", COMPANY, "--as-they-come", "--correct", "no files any more")
    assert "recorded as they come" in given_up.out
    assert f"bank {COMPANY}" not in examined(place)[1]
    kept = place.ledger.value(
        "SELECT string_agg(coalesce(detail ->> 'correction', 'no'), '; ' ORDER BY id) FROM audit_event"
        " WHERE what = 'state_bank_known'"
    )
    assert kept == "no; no; another account's file; no files any more"
