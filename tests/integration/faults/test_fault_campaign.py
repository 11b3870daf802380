"""500 contacts of 60 customers, while workers are killed and the provider does all that providers do."""

from __future__ import annotations

import time

import pytest

from models.tables.words import TaskKind
from tests.fixtures.counts import tell
from tests.integration.cli.place import Installation
from tests.integration.faults.rounds import FAULTS, books, campaign
from tests.integration.faults.story import CUSTOMERS
from tests.integration.faults.verdict import judge

pytestmark = [pytest.mark.integration, pytest.mark.slow]

CONTACTS = 500
KILLS = (3, 2, 2, 2, 2, 2, 2, 2, 3)
"""How many workers die in each round."""


def test_500_contacts_are_concluded_once_whatever_dies_and_whatever_the_provider_does(
    place: Installation,
) -> None:
    began = time.monotonic()
    with campaign(place, seed=4) as it:
        wanted = it.intended.contacts
        assert (len(wanted), len({contact.customer for contact in wanted})) == (CONTACTS, CUSTOMERS)
        it.begin()
        for number, (day, kills) in enumerate(zip(it.intended.days, KILLS, strict=True), 1):
            it.round(number, day, kills)
            print(f"round {number}, {day}: {place.ledger.messages()}, {time.monotonic() - began:.0f} s")
        it.aftermath()
        found = books(it)
        verdict = judge(wanted, found)
        told = place.sandbox.voice.postman.counts()
        doubted = place.ledger.value("SELECT count(*) FROM case_event WHERE what = 'message_uncertain'")
        proved = place.ledger.value("SELECT count(*) FROM case_event WHERE what = 'message_proved'")
        tell(
            f"{CONTACTS} contacts of {CUSTOMERS} customers",
            kills=it.kills,
            sends_cut_off=it.lost_sends,
            faults=sum(it.faults.values()),
            events_told=told.made,
            events_doubled=told.doubled,
            concluded=verdict.concluded,
            messages_left=verdict.left,
            ever_uncertain=doubted,
            proved_by_evidence=proved,
            still_uncertain=verdict.uncertain,
            people_asked=sum(task.kind == TaskKind.UNCERTAIN_MESSAGE for task in found.tasks),
            doubled=verdict.doubled,
            lost=verdict.lost,
        )
        assert verdict.faults == ()
        assert (verdict.concluded, verdict.doubled, verdict.lost) == (CONTACTS, 0, 0)
        # The campaign was one: each kind of misfortune came, and hit something.
        assert it.kills == sum(KILLS) == 20
        assert it.lost_sends > 0
        assert it.faults == {mode: count * len(KILLS) for mode, count in FAULTS.items()}
        assert told.doubled > 0
        assert (told.given_up, told.overflowed) == (0, 0)
        assert proved > 0
        assert verdict.uncertain == doubted - proved > 0

        # A person answers the last day's doubts: what had not left leaves, once.
        answers = it.answer(found)
        assert 0 < answers["again"] <= answers["not_sent"]
        after = judge(wanted, books(it))
        tell("answered by a person", **answers, doubled=after.doubled, lost=after.lost)
        assert after.faults == ()
        assert after.left == verdict.left + answers["again"]
        assert after.uncertain == verdict.uncertain - answers["sent"] - answers["not_sent"]
        assert place.ledger.value("SELECT count(*) FROM webhook_receipt WHERE state = 'refused'") == 0
