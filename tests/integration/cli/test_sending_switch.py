"""The switch RELANCE_SENDING across worker starts: what leaves, what is withheld, and who moved it."""

from __future__ import annotations

import getpass

import pytest

from tests.fixtures.local_stack import deliveries, until
from tests.integration.cli.debtors import Debtor
from tests.integration.cli.place import Installation

pytestmark = [pytest.mark.integration, pytest.mark.slow]

DEBTORS = tuple(Debtor(number) for number in range(1, 4))


def test_withheld_messages_leave_only_when_the_switch_lets_them(place: Installation) -> None:
    place.load(*DEBTORS)

    with place.worker(RELANCE_SENDING="off") as worker:
        until(lambda: place.ledger.messages() == {"withheld": 3}, f"withheld: {worker.text}")
        place.settled()
        assert place.sandbox.messages(accepted=None) == []
        assert place.status(DEBTORS[0]).done == ()
        assert worker.stop() == 0

    named = DEBTORS[1].email
    with place.worker(RELANCE_SENDING="allowlist", RELANCE_SENDING_ALLOWLIST=named.upper()) as worker:
        until(lambda: place.ledger.messages().get("sent") == 1, f"the one named: {worker.text}")
        until(lambda: place.ledger.messages().get("withheld") == 5, f"looked at again: {worker.text}")
        place.settled()
        assert [m.to[0].address for m in place.sandbox.messages(accepted=None)] == [named]
        place.reaches(DEBTORS[1], lambda view: view.done == ("reminder_1",))
        assert place.status(DEBTORS[2]).done == ()
        assert worker.stop() == 0

    with place.worker(RELANCE_SENDING="live") as worker:
        place.sandbox.wait_for(3, 60)
        place.settled()
        for debtor in DEBTORS:
            place.reaches(debtor, lambda view: view.done == ("reminder_1",))
        assert worker.stop() == 0

    arrived = place.sandbox.messages(accepted=None)
    assert sorted(m.to[0].address for m in arrived) == [debtor.email for debtor in DEBTORS]
    assert set(deliveries(arrived).values()) == {1}
    acts = place.ledger.rows("SELECT who, what, detail FROM audit_event ORDER BY id")
    assert [(what, detail) for _, what, detail in acts] == [
        ("sending_switch", {"from": None, "to": "off", "allowlist": []}),
        ("sending_switch", {"from": "off", "to": "allowlist", "allowlist": [named]}),
        ("sending_switch", {"from": "allowlist", "to": "live", "allowlist": []}),
    ]
    assert all(who.startswith(f"{getpass.getuser()}@") for who, _, _ in acts)
