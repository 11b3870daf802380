"""`relance doctor`: everything it can find, the advice that goes with it, and its status."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

import migrations
from activities.logs import VERSION
from tests.fixtures.local_stack import Told
from tests.integration.cli.debtors import COMPANY, Debtor
from tests.integration.cli.place import Installation

pytestmark = pytest.mark.integration

BAD, NOTE, GOOD = "✗", "•", "✓"


def findings(told: Told) -> dict[str, tuple[str, str]]:
    """Mark and the rest of the line, by what it is about."""
    # A long finding goes on in lines that have neither a mark nor a subject.
    lines = re.sub(r"\n {4,}", "  ", told.out).splitlines()[1:]
    parts = [re.split(r"\s{2,}", line.strip(), maxsplit=2) for line in lines]
    return {what: (mark, " ".join(rest.split())) for mark, what, rest in parts}


def examined(place: Installation, **more: str | None) -> tuple[int, dict[str, tuple[str, str]]]:
    told = place.here("doctor", **more)
    assert "pAsSwOrD" not in told.out + told.err
    return told.status, findings(told)


def test_no_ledger_no_schema_no_temporal_a_wrong_word(place: Installation, empty_database: str) -> None:
    status, found = examined(place, RELANCE_DATABASE_URL=None)
    assert status == 1
    assert found["ledger"][0] == BAD
    assert "RELANCE_DATABASE_URL is not set" in found["ledger"][1]
    assert "relance up" in found["ledger"][1]

    for url in ("postgresql://relance:pAsSwOrD@127.0.0.1:1/relance", "nonsense:pAsSwOrD"):
        status, found = examined(place, RELANCE_DATABASE_URL=url)
        assert status == 1
        assert BAD in {mark for mark, _ in found.values()}

    status, found = examined(place, RELANCE_DATABASE_URL=empty_database)
    assert status == 1
    assert found["schema"] == (BAD, f"at nothing, wanted {migrations.head()} run `relance migrate`")
    migrations.upgrade(empty_database, "0001")
    status, found = examined(place, RELANCE_DATABASE_URL=empty_database)
    assert found["schema"] == (BAD, f"at 0001, wanted {migrations.head()} run `relance migrate`")

    status, found = examined(place, TEMPORAL_ADDRESS="127.0.0.1:1")
    assert status == 1
    assert found["Temporal"][0] == BAD
    assert "does not answer" in found["Temporal"][1]
    assert found["ledger"][0] == GOOD

    status, found = examined(place, RELANCE_SENDING="maybe")
    assert status == 1
    assert found["settings"][0] == BAD
    assert "RELANCE_SENDING" in found["settings"][1]

    status, found = examined(place, SENDGRID_API_KEY=None)
    assert status == 1
    assert found["providers"][0] == BAD
    assert "SENDGRID_API_KEY" in found["providers"][1]


def test_what_an_installation_lacks_and_what_is_late(place: Installation) -> None:
    one = Debtor(1)
    told = place.here("import", str(place.portfolio(one)), "--no-start")
    assert told.status == 0, told
    status, found = examined(place)
    assert status == 1
    assert found["workers"] == (BAD, "none is polling run `python worker.py`")
    mark, words = found[f"company {COMPANY}"]
    assert mark == BAD
    assert "iban" in words
    assert "signatory_email" in words
    assert "relance companies" in words
    # Notes just written are not late, wherever the installation's clock stands.
    assert found["outbox"][0] == GOOD
    assert found["clock"][0] == NOTE
    # A clock that was moved, and messages that leave for real: nobody wants that.
    del place.variables["RELANCE_SANDBOX_URL"]
    _, found = examined(place)
    assert found["clock"][0] == BAD
    assert "RELANCE_SENDING=off" in found["clock"][1]

    assert place.here("companies", str(place.companies)).status == 0
    place.ledger.change("UPDATE outbox_note SET created_at = :at", at=place.now - timedelta(minutes=6))
    place.ledger.change(
        "UPDATE dunning_case SET next_at = :at, decided_at = :at", at=place.now - timedelta(hours=2)
    )
    status, found = examined(place, RELANCE_SENDING="off")
    assert status == 1
    assert found[f"company {COMPANY}"][0] == GOOD
    assert found["outbox"] == (
        BAD,
        "1 notes wait for more than 5 minutes, the oldest for 6 min is a worker running?",
    )
    assert found["cases"][0] == BAD
    assert "relance reconcile" in found["cases"][1]
    assert found["sending"][0] == NOTE
    assert "nothing leaves" in found["sending"][1]


def test_bank_details_take_two_managers_and_a_provider_that_asks_to_wait_is_named(
    place: Installation,
) -> None:
    told = place.here(
        "import", str(place.portfolio(Debtor(1))), "--companies", str(place.companies), "--no-start"
    )
    assert told.status == 0, told
    place.ledger.change(
        "INSERT INTO app_user (id, email, name, role) "
        "VALUES (gen_random_uuid(), 'second@acme.example', 'Second', 'credit_manager')"
    )
    (manager,) = place.ledger.rows("SELECT signatory_email FROM company")[0]
    new = ("--iban", "DE89 3704 0044 0532 0130 00")
    for words, why in (
        (new, "--by: required"),
        ((*new, "--by", "claire@x.example"), "no manager of"),
        (("--iban", "DE00", "--by", manager), "--iban: not an IBAN"),
        (("approve", "--by", manager), "no change of bank details is under way"),
        (("agree", "--by", manager), "approve or cancel"),
    ):
        refused = place.here("bank-details", COMPANY, *words)
        assert (refused.status, why in refused.err) == (2, True), refused
    asked = place.here("bank-details", COMPANY, *new, "--reason", "New bank", "--by", manager.upper())
    assert asked.status == 0, asked
    assert "FR1420041010050500013M02606 -> DE89370400440532013000" in asked.out
    own = place.here("bank-details", COMPANY, "approve", "--by", manager)
    assert (own.status, "whoever asked" in own.err) == (2, True)
    _, found = examined(place)
    assert found[f"bank details {COMPANY}"][0] == NOTE
    assert "waits for a second person" in found[f"bank details {COMPANY}"][1]
    agreed = place.here("bank-details", COMPANY, "approve", "--by", "second@acme.example")
    assert (agreed.status, "approved by second@acme.example" in agreed.out) == (0, True), agreed
    shown = place.here("bank-details", COMPANY).out
    assert "iban: FR1420041010050500013M02606" in shown
    assert "New bank" in shown
    gone = place.here("bank-details", COMPANY, "cancel", "--by", manager)
    assert (gone.status, f"cancelled by {manager}" in gone.out) == (0, True), gone

    place.ledger.change(
        "INSERT INTO provider_allowance (provider, sender, free_at, queue_until, blocked_until) "
        "VALUES ('twilio', '+33700000001', now(), now(), now() + interval '3 hours')"
    )
    _, found = examined(place)
    assert f"bank details {COMPANY}" not in found
    mark, words_ = found["twilio +33700000001"]
    assert mark == NOTE
    assert "2 h 59 min" in words_


def test_what_people_owe_and_what_a_dead_worker_left(place: Installation) -> None:
    told = place.here("import", str(place.portfolio(Debtor(1))), "--no-start")
    assert told.status == 0, told
    _, found = examined(place)
    assert found["version"] == (GOOD, f"Relance {VERSION}")
    assert found["time"] == (GOOD, "the database and this machine agree")
    assert found["facts"] == (GOOD, "no facts could not be recorded")
    assert found["keys"][0] == NOTE
    assert "on their way" not in found

    place.ledger.change(
        "INSERT INTO content (hash, media_type, body) VALUES ('sha256:1', 'message/rfc822', 'x')"
    )
    place.ledger.change(
        """
        INSERT INTO communication
            (id, customer_id, company_id, kind, audience, channel, to_address, cc, language, content_hash,
             status, ledger_seq, balance_quoted, planned_at, sending_at, attempts)
        SELECT gen_random_uuid(), c.id, c.company_id, 'courteous_reminder', 'debtor', 'email',
               'a@b.example', '[]', 'fr', 'sha256:1', 'sending', 0, '{}', :at, :at, 1
        FROM customer c
        """,
        at=place.now - timedelta(minutes=6),
    )
    for kind in ("rejected_fact", "phone_call"):
        place.ledger.change(
            """
            INSERT INTO task
                (id, company_id, customer_id, kind, key, title, body, opened_at, opened_on, due_on, status)
            SELECT gen_random_uuid(), c.company_id, c.id, :kind, :kind, 'x', '', :at, :day, :day, 'open'
            FROM customer c
            """,
            kind=kind,
            at=place.now - timedelta(days=9),
            day=place.today - timedelta(days=9),
        )
    status, found = examined(place)
    assert status == 1
    assert found["on their way"][0] == BAD
    assert found["on their way"][1].startswith("1 messages have been in `sending`")
    assert found["facts"][0] == BAD
    assert found["tasks"] == (NOTE, "2 tasks are past their day `relance tasks`")
