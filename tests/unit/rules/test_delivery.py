"""How far a message has come, in whatever order and however often its events are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.delivery import Delivery, Happened, delivery_of, dropped_for, standing
from rules.returned import Fate, fate_of

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)

WORDS = [
    "processed",
    "deferred",
    "delivered",
    "bounce",
    "dropped",
    "spamreport",
    "sent",
    "queued",
    "failed",
    "new",
]

EVENTS = st.builds(
    Happened,
    word=st.sampled_from(WORDS),
    at=st.integers(0, 5).map(lambda minutes: START + timedelta(minutes=minutes)),
    type=st.sampled_from([None, "bounce", "blocked"]),
    code=st.sampled_from([None, "30003", "30006"]),
    copy=st.sampled_from([None, None, "achats@c.example"]),
)


def at(minutes: int, word: str, **more: str) -> Happened:
    return Happened(word, START + timedelta(minutes=minutes), **more)


@given(
    st.lists(EVENTS, max_size=8).flatmap(lambda events: st.tuples(st.just(events), st.permutations(events)))
)
def test_neither_order_nor_repetition_matters(told: tuple[list[Happened], list[Happened]]) -> None:
    events, shuffled = told
    assert standing(events) is standing(shuffled) is standing([*shuffled, *events])


@given(st.lists(EVENTS, max_size=8))
def test_what_is_told_of_a_copy_says_nothing_of_the_addressee(events: list[Happened]) -> None:
    assert standing(events) is standing([event for event in events if event.copy is None])


@given(st.lists(EVENTS, max_size=8), EVENTS)
def test_news_of_the_way_changes_no_last_word(events: list[Happened], more: Happened) -> None:
    before, news = standing(events), delivery_of(more)
    if before is not None and before.is_final and (news is None or not news.is_final):
        assert standing([*events, more]) is before


@pytest.mark.parametrize(
    ("events", "stands"),
    [
        ([], None),
        ([at(0, "open")], None),
        ([at(0, "processed")], Delivery.ACCEPTED),
        ([at(2, "processed"), at(1, "deferred")], Delivery.DEFERRED),
        ([at(0, "queued"), at(0, "sent")], Delivery.HANDED_OVER),
        ([at(0, "delivered"), at(5, "deferred")], Delivery.DELIVERED),
        # Taken in, and sent back by the server behind.
        ([at(0, "delivered"), at(3, "bounce", type="bounce")], Delivery.BOUNCED),
        ([at(3, "delivered"), at(0, "bounce", type="bounce")], Delivery.DELIVERED),
        ([at(0, "delivered"), at(0, "bounce", type="bounce")], Delivery.BOUNCED),
        ([at(0, "bounce", type="blocked")], Delivery.BLOCKED),
        ([at(0, "bounce", type="bounce", status="4.2.2")], Delivery.BLOCKED),
        ([at(0, "dropped", reason="Bounced Address")], Delivery.DROPPED),
        ([at(0, "dropped", reason="Spam Content")], Delivery.BLOCKED),
        ([at(0, "undelivered", code="30006")], Delivery.UNDELIVERED),
        ([at(0, "undelivered", code="30003")], Delivery.BLOCKED),
        ([at(0, "spamreport")], Delivery.DELIVERED),
    ],
)
def test_the_last_word(events: list[Happened], stands: Delivery | None) -> None:
    assert standing(events) is stands


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Bounced Address", "dropped"),
        ("Unsubscribed Address", "unsubscribed"),
        ("Spam Reporting Address", "spam_report"),
        ("Invalid", "dropped"),
        ("Recipient List over Package Quota", None),
        (None, None),
    ],
)
def test_why_it_was_not_even_tried(reason: str | None, cause: str | None) -> None:
    assert dropped_for(reason) == cause


@pytest.mark.parametrize("delivery", list(Delivery))
def test_a_step_comes_again_only_where_nobody_can_have_read_it_and_it_still_does_good(
    delivery: Delivery,
) -> None:
    for debtor, contact, copies, others, is_open, went_on, known in product((False, True), repeat=7):
        fate = fate_of(
            delivery,
            to_debtor=debtor,
            is_contact=contact,
            copies_failed=copies,
            others_failed=others,
            went_on=went_on,
            any_open=is_open,
            addressee_known=known,
        )
        if not (debtor and contact and copies and others and is_open and delivery.never_reached) or went_on:
            assert fate is Fate.STANDS
        elif delivery is Delivery.BLOCKED or not known:
            assert fate is Fate.AGAIN_BY_A_PERSON
        else:
            assert fate is Fate.AGAIN
