"""The table of outcomes: every kind of task knows what it takes, and says what is missing."""

from __future__ import annotations

import pytest

from models.errors import InvalidFact
from models.messages import TaskCompleted
from models.tables.words import CallOutcome, TaskKind
from models.work import CALL_KINDS, FIELDS, check_outcome, given_fields, outcomes_of


def test_a_call_knows_every_outcome_there_is() -> None:
    for kind in CALL_KINDS:
        assert {outcome.word for outcome in outcomes_of(kind)} == set(CallOutcome)


def test_every_outcome_says_what_it_does_in_fields_that_exist() -> None:
    for kind in TaskKind:
        words = [outcome.word for outcome in outcomes_of(kind)]
        assert len(words) == len(set(words))
        for outcome in outcomes_of(kind):
            assert outcome.means
            assert {*outcome.requires, *outcome.takes} <= {*FIELDS, "note"}
            assert not set(outcome.requires) & set(outcome.takes)


@pytest.mark.parametrize("word", [None, "done", "made"])
def test_a_call_that_was_just_made_reached_somebody(word: str | None) -> None:
    assert check_outcome("phone_call", word, ()) == "reached"


def test_any_words_will_do_where_nothing_follows() -> None:
    assert check_outcome("overpayment", "given back", ()) == "given back"
    assert check_outcome("find_contact", None, ()) == "done"
    with pytest.raises(InvalidFact, match="amount: given back takes none"):
        check_outcome("overpayment", "given back", ("amount",))


@pytest.mark.parametrize(
    ("kind", "word", "given", "text"),
    [
        ("decision", None, (), "outcome: 'done' is not one of go_on, mediator"),
        ("decision", "perhaps", (), "'perhaps' is not one of"),
        ("dispute", "credited", (), "amount: required by credited"),
        ("dispute", "not_justified", ("amount",), "amount: not_justified takes none"),
        ("hold_proposal", "done", (), "place, decline"),
        ("find_contact", "contact_changed", (), "contact: required"),
        ("sales_veto", "veto", ("until",), "note: required by veto"),
        ("sales_veto", "veto", ("note",), "until: required by veto"),
        ("sales_veto", "agree", ("until", "note"), "until: agree takes none"),
        ("sales_vetoed", None, (), "'done' is not one of seen, overruled"),
    ],
)
def test_what_does_not_fit_is_named(kind: str, word: str | None, given: tuple[str, ...], text: str) -> None:
    with pytest.raises(InvalidFact, match=text):
        check_outcome(kind, word, given)


def test_a_person_counts_as_given_by_the_id_the_ledger_knows() -> None:
    told = TaskCompleted.model_validate(
        {"cause": "price", "added_contact_id": "00000000-0000-4000-8000-000000000000"}
    )
    assert given_fields(told) == ("cause", "contact")
