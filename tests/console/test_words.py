"""Both languages say everything, and every word of ours has a name in them."""

from __future__ import annotations

import re

import pytest

from admin.console.words import CATALOGUES
from models.ids import CaseSignal
from models.messages import FACTS
from models.tables.words import CommunicationStatus, DisputeCause, TaskKind
from models.work import OUTCOMES
from rules.ageing import Bucket
from rules.calendar import Channel
from rules.decide import State


def test_both_languages_have_the_same_keys_and_the_same_places_for_values() -> None:
    french, english = CATALOGUES["fr"], CATALOGUES["en"]
    assert french.keys() == english.keys()
    places = {key: [set(re.findall(r"{(\w+)}", each[key])) for each in (french, english)] for key in french}
    assert {key: found for key, found in places.items() if found[0] != found[1]} == {}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_word_of_ours_has_a_name(language: str) -> None:
    words = CATALOGUES[language]
    wanted = {
        *(f"state.{state}" for state in State),
        *(f"task.{kind}" for kind in TaskKind),
        *(f"channel.{channel}" for channel in Channel),
        *(f"status.{status}" for status in CommunicationStatus),
        *(f"cause.{cause}" for cause in DisputeCause),
        *(f"outcome.{rule.word}" for rules in OUTCOMES.values() for rule in rules),
        *(f"told.{signal}" for signal in FACTS if signal != CaseSignal.CONTACT_CONCLUDED),
        *(f"act.bucket.{step}" for step in Bucket),
    }
    assert sorted(wanted - words.keys()) == []


def test_french_is_typeset_as_french_is() -> None:
    for key, text in CATALOGUES["fr"].items():
        assert not re.search(r"[^\u00a0] :|[^\u202f ][;?!]|« | »|'", text.replace("\u00a0:", ":")), (
            key,
            text,
        )
