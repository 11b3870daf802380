"""Notes are delivered at least once, by one relay at a time, earliest first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from activities.store.engine import transaction
from activities.store.outbox import LEASE, add_note, add_notes, claim, delivered, failed, release
from models.ids import CaseSignal
from models.tables import OutboxNote
from models.tables.words import NoteTo
from tests.fixtures.ledger import NOW

pytestmark = pytest.mark.integration


@pytest.fixture
def three(engine: Engine) -> list[int]:
    """Three notes, ordered 3, 1, 2."""
    with transaction(engine) as session:
        return [
            add_note(
                session,
                workflow=NoteTo.CASE,
                key=uuid4(),
                signal=CaseSignal.PAUSED,
                now=NOW,
                order_at=NOW + timedelta(days=days),
            )
            for days in (2, 3, 1)
        ]


def test_the_earliest_goes_first(engine: Engine, three: list[int]) -> None:
    with transaction(engine) as session:
        assert [note.id for note in claim(session, 2, NOW)] == [three[2], three[0]]
    with transaction(engine) as session:
        assert [note.id for note in claim(session, 9, NOW)] == [three[1]]


def test_two_relays_do_not_wait_for_each_other(three: list[int], new_engine: Callable[[], Engine]) -> None:
    with transaction(new_engine()) as one, transaction(new_engine()) as other:
        mine = {note.id for note in claim(one, 2, NOW)}
        theirs = {note.id for note in claim(other, 9, NOW)}
    assert mine == {three[2], three[0]}
    assert theirs == {three[1]}


def test_what_a_crash_left_is_swept_after_its_lease(engine: Engine, three: list[int]) -> None:
    with transaction(engine) as session:
        claim(session, 9, NOW)
    with transaction(engine) as session:
        assert claim(session, 9, NOW + LEASE - timedelta(seconds=1)) == []
        assert len(claim(session, 9, NOW + LEASE)) == 3


def test_delivered_notes_are_forgotten(engine: Engine, three: list[int]) -> None:
    with transaction(engine) as session:
        delivered(session, three[:2])
    with transaction(engine) as session:
        assert session.exec(select(OutboxNote.id)).all() == [three[2]]


def test_a_note_that_fails_comes_back_later_and_later(engine: Engine, three: list[int]) -> None:
    waits = []
    for _ in range(12):
        with transaction(engine) as session:
            failed(session, three[0], "no connection", NOW)
            note = session.get_one(OutboxNote, three[0])
            assert note.claimed_until is not None
            waits.append((note.claimed_until - NOW).total_seconds())
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == 300
    assert (note.attempts, note.last_error) == (12, "no connection")
    with transaction(engine) as session:
        failed(session, -1, "already delivered by another relay", NOW)


def test_whoever_committed_delivers_only_its_own(engine: Engine, three: list[int]) -> None:
    with transaction(engine) as session:
        assert [note.id for note in claim(session, 9, NOW, ids=[three[1]])] == [three[1]]
        release(session, [three[1]])
    with transaction(engine) as session:
        assert len(claim(session, 9, NOW)) == 3


def test_one_signal_to_several(engine: Engine) -> None:
    keys = [uuid4() for _ in range(3)]
    with transaction(engine) as session:
        ids = add_notes(session, keys, NoteTo.CASE, CaseSignal.INSOLVENCY_OPENED, NOW, {"recorded": True})
        notes = [session.get_one(OutboxNote, note_id) for note_id in ids]
    assert [note.key for note in notes] == keys
    assert all(note.payload == {"recorded": True} and note.with_start for note in notes)
