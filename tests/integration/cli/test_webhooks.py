"""What providers told, as an operator sees it: doctor's lines, `relance webhooks`, the proof of a message."""

from __future__ import annotations

import json
import zipfile
from datetime import timedelta
from uuid import uuid4

import pytest

from activities.envelope import Envelope, keep
from activities.store.engine import transaction
from tests.fixtures.signing import PUBLIC, public_key
from tests.integration.cli.debtors import Debtor
from tests.integration.cli.place import Installation
from tests.integration.cli.test_doctor import BAD, GOOD, NOTE, examined

pytestmark = pytest.mark.integration

EARS = {"SENDGRID_WEBHOOK_PUBLIC_KEY": public_key(), "RELANCE_PUBLIC_URL": PUBLIC}


def message(place: Installation) -> str:
    """An e-mail that left three hours ago."""
    with transaction(place.ledger.engine) as session:
        digest = keep(session, Envelope(channel="email", to_address="a@b.example", text="Bonjour"))
    message_id = str(uuid4())
    place.ledger.change(
        """
        INSERT INTO communication
            (id, customer_id, company_id, kind, audience, channel, to_address, cc, language, content_hash,
             status, ledger_seq, balance_quoted, planned_at, sending_at, sent_at, attempts)
        SELECT :id, c.id, c.company_id, 'courteous_reminder', 'debtor', 'email', 'a@b.example', '[]', 'fr',
               :digest, 'sent', 0, '{"EUR": "120.00"}', :at, :at, :at, 1
        FROM customer c
        """,
        id=message_id,
        digest=digest,
        at=place.now - timedelta(hours=3),
    )
    return message_id


def receipt(place: Installation, state: str, body: str) -> None:
    """A post that came an hour ago."""
    place.ledger.change(
        """
        INSERT INTO webhook_receipt
            (provider, kind, digest, headers, query, body, received_at, arrived_at, state, attempts,
             last_error, settled_at)
        VALUES ('sendgrid', 'events', :body, '{}', '', '', now(), now() - interval '1 hour',
                CAST(:state AS text), 10, 'KeyError',
                CASE WHEN CAST(:state AS text) = 'new' THEN NULL ELSE now() END)
        """,
        state=state,
        body=body,
    )


def test_what_was_told_and_what_was_not(place: Installation) -> None:
    told = place.here("import", str(place.portfolio(Debtor(1))), "--no-start")
    assert told.status == 0, told
    sent = message(place)
    _, found = examined(place)
    assert found["e-mail webhook"][0] == found["SMS webhook"][0] == NOTE
    assert "SENDGRID_WEBHOOK_PUBLIC_KEY" in found["e-mail webhook"][1]
    assert found["posts"][0] == found["refused posts"][0] == found["doubles"][0] == GOOD

    # Set up, messages left, and not a word: it cannot reach us.
    _, found = examined(place, **EARS)
    assert found["e-mail webhook"][0] == BAD
    assert "1 messages left" in found["e-mail webhook"][1]
    assert found["SMS webhook"] == (GOOD, "set up, nothing told yet")

    for state in ("new", "refused", "done"):
        receipt(place, state, state)
    place.ledger.change(
        "INSERT INTO unknown_event (provider_event_id, provider, kind, at, received_at, detail)"
        " VALUES ('x', 'sendgrid', 'bounce', now(), now(), '{}')"
    )
    _, found = examined(place, **EARS)
    assert found["e-mail webhook"][0] == GOOD
    assert found["posts"][0] == found["refused posts"][0] == BAD
    assert "relance webhooks --again" in found["refused posts"][1]
    assert found["unknown messages"][0] == NOTE

    told = place.here("webhooks")
    assert "tried 10 times: KeyError" in told.out
    assert "sendgrid bounce of unknown messages: 1" in told.out
    told = place.here("webhooks", "--again")
    assert "1 posts will be tried again" in told.out
    assert place.ledger.value("SELECT count(*) FROM webhook_receipt WHERE state = 'new'") == 2

    told = place.here("proof", sent)
    assert told.status == 0, told
    assert "a@b.example" in told.out
    path = place.folder / "proof.zip"
    told = place.here("proof", sent, "--save", str(path))
    assert told.status == 0, told
    with zipfile.ZipFile(path) as packed:
        assert json.loads(packed.read("proof.json"))["id"] == sent
    for words in (("proof", sent, "--save", str(path)), ("proof", str(uuid4())), ("proof", "no-id")):
        told = place.here(*words)
        assert (told.status, len(told.err.splitlines())) == (2, 1), told
