"""Plain SQL by the driver's own connection: it behaves as the session's statements do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError, MultipleResultsFound, NoResultFound, OperationalError
from sqlmodel import select

from activities.store.engine import make_engine, transaction
from activities.store.sql import run
from models.tables import Company
from tests.fixtures.ledger import Book, make_book

pytestmark = pytest.mark.integration

PID = "SELECT pg_backend_pid()"


@pytest.fixture
def book(engine: Engine) -> Book:
    return make_book(engine, ("F-1",))


@pytest.fixture
def own(engine: Engine) -> Iterator[Engine]:
    """An engine of its own on the same ledger, with one connection."""
    other = make_engine(engine.url, pool_size=1)
    yield other
    other.dispose()


def test_it_sees_what_the_session_has_in_hand(book: Book) -> None:
    with transaction(book.engine) as session:
        session.exec(select(Company)).one().name = "Changed"
        assert run(session, "SELECT name FROM company").scalar_one() == "Changed"


def test_it_is_undone_with_the_session(book: Book) -> None:
    with transaction(book.engine) as session:
        assert run(session, "UPDATE company SET name = 'Changed'").rowcount == 1
        session.rollback()
    with transaction(book.engine) as session:
        assert session.exec(select(Company)).one().name != "Changed"


def test_rows_are_asked_for_by_how_many_there_should_be(book: Book) -> None:
    with transaction(book.engine) as session:

        def numbers(count: int) -> str:
            return f"SELECT n, -n FROM generate_series(1, {count}) AS n ORDER BY n"

        assert run(session, numbers(2)).all() == list(run(session, numbers(2))) == [(1, -1), (2, -2)]
        assert run(session, numbers(2)).scalars() == [1, 2]
        assert run(session, numbers(1)).one() == (1, -1)
        assert run(session, numbers(0)).one_or_none() is None
        assert run(session, numbers(0)).scalar_one_or_none() is None
        assert run(session, numbers(1)).scalar_one_or_none() == 1
        with pytest.raises(NoResultFound):
            run(session, numbers(0)).one()
        with pytest.raises(MultipleResultsFound):
            run(session, numbers(2)).one_or_none()


def test_a_naive_instant_is_refused_before_it_is_sent(book: Book) -> None:
    with transaction(book.engine) as session, pytest.raises(ValueError, match="no zone"):
        run(session, "SELECT %(at)s::timestamptz", at=datetime(2026, 3, 2, 9, 30))  # noqa: DTZ001 (the subject)


def test_errors_have_the_engines_names_and_tell_no_values(book: Book) -> None:
    secret = "claire@client.example"
    for sql, kind in (
        ("SELECT %(value)s::text::integer", DataError),
        ("UPDATE company SET name = NULL WHERE ref <> %(value)s", IntegrityError),
    ):
        with pytest.raises(kind) as caught, transaction(book.engine) as session:
            run(session, sql, value=secret)
        assert sql in str(caught.value)
        assert "parameters" not in str(caught.value).replace("SQL parameters hidden", "")
        assert not caught.value.connection_invalidated


def test_a_savepoint_survives_a_statement_that_failed(book: Book) -> None:
    with transaction(book.engine) as session:
        with pytest.raises(DataError), session.begin_nested():
            run(session, "SELECT 'x'::integer")
        assert run(session, "SELECT 1").scalar_one() == 1


def test_a_connection_that_was_cut_is_not_used_again(book: Book, own: Engine) -> None:
    with transaction(own) as session:
        pid = run(session, PID).scalar_one()
        _kill(book.engine, pid)
        with pytest.raises(OperationalError) as caught:
            run(session, "SELECT 1")
        session.rollback()
    assert caught.value.connection_invalidated
    with transaction(own) as session:
        assert run(session, PID).scalar_one() != pid


def _kill(engine: Engine, pid: int) -> None:
    with transaction(engine) as session:
        # It has ended when this answers: within five seconds, or not at all.
        assert run(session, "SELECT pg_terminate_backend(%(pid)s, 5000)", pid=pid).scalar_one()
