"""Interrupted on our own side: a cancelled thread, a ledger that goes away while the provider answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError
from temporalio.testing import ActivityEnvironment

from activities import compose, sending
from activities.rendering import Message, Rendered, render
from models.messages import OutreachNow, Prepared
from tests.integration.sending.desk import Desk

pytestmark = pytest.mark.integration


@contextmanager
def gone(engine: Engine, first: int, times: int, *, at: str = "begin") -> Iterator[list[None]]:
    """The ledger breaks off that many of its next transactions, from number `first` on (from 0)."""
    seen: list[None] = []

    def breaks_off(_: Connection) -> None:
        seen.append(None)
        if first < len(seen) <= first + times:
            raise OperationalError("", {}, ConnectionError("the server closed the connection"))

    event.listen(engine, at, breaks_off)
    try:
        yield seen
    finally:
        event.remove(engine, at, breaks_off)


def test_a_pass_that_is_cancelled_in_the_middle_of_a_text_blames_no_template(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine: Temporal has given the local try up and cancels it; the pass comes to its end."""
    desk.invoice("F-1")
    desk.review("F-1")
    environment = ActivityEnvironment()

    def cancelled(message: Message, **options: Any) -> Rendered:
        environment.cancel()
        return render(message, **options)

    monkeypatch.setattr(compose, "render", cancelled)
    what = OutreachNow(customer_id=desk.customers["C-1"], now=desk.clock.at)
    prepared = cast(Prepared, environment.run(desk.worker()[1], what))
    assert desk.tasks() == []
    (message,) = prepared.send
    assert desk.message(message).status == "planned"


def test_no_activity_is_cancelled_by_an_exception_in_its_thread(desk: Desk) -> None:
    """Declare each with `no_thread_cancel_exception`; docs/decisions/0035 says what happened without."""
    for each in desk.worker():
        definition = getattr(each, "__temporal_activity_definition")
        assert definition.is_async or definition.no_thread_cancel_exception, definition.name


def test_a_ledger_that_is_restarted_while_the_provider_answers_makes_nothing_uncertain(desk: Desk) -> None:
    desk.invoice("F-1")
    message = desk.due()
    what = desk.to_send(message)
    # The first transaction takes the message; the three after it are to write what became of it.
    with gone(desk.engine, 1, 3) as seen:
        assert desk.call(2, what).outcome == "sent"
    assert len(seen) == 5
    assert desk.message(message).status == "sent"
    assert len(desk.asked()) == 1
    assert desk.tasks() == []


def test_an_outcome_whose_commit_went_through_unheard_is_written_once(desk: Desk) -> None:
    desk.invoice("F-1")
    message = desk.due()
    what = desk.to_send(message)

    def unheard(connection: Connection) -> None:
        connection.connection.commit()

    event.listen(desk.engine, "commit", unheard)
    try:
        with gone(desk.engine, 1, 1, at="commit"):
            assert desk.call(2, what).outcome == "sent"
    finally:
        event.remove(desk.engine, "commit", unheard)
    assert desk.message(message).status == "sent"
    assert desk.journal("message_sent") == 1
    assert len(desk.asked()) == 1


def test_a_ledger_that_stays_away_leaves_the_message_uncertain_in_the_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "WRITE_WITHIN_S", 0.0)
    desk.invoice("F-1")
    message = desk.due()
    what = desk.to_send(message)
    with gone(desk.engine, 1, 1), pytest.raises(OperationalError):
        desk.call(2, what)
    assert desk.message(message).status == "sending"
    assert desk.send(message).outcome == "uncertain"
    assert len(desk.asked()) == 1
    assert [task.key for task in desk.tasks("uncertain_message", "open")] == [f"uncertain/{message}"]
