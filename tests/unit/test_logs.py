"""What the log's forms show of a record, and what they leave out."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError
from temporalio import activity, workflow
from temporalio.testing import ActivityEnvironment

from activities import logs
from activities.settings import LogFormat, LogLevel

SECRET = "Zéphyrine +33612345678 FR7630006000011234567890189"


@pytest.fixture
def log() -> Iterator[Callable[..., io.StringIO]]:
    """Sets the log up on a text in memory; afterwards logging is as it was."""
    root = logging.getLogger()
    handlers, level, hooks = root.handlers[:], root.level, (sys.excepthook, threading.excepthook)
    of_ours = {name: logging.getLogger(name).level for name in logs._TRUSTED}
    # A uvicorn that was started in this process with a log of its own has muted it.
    access = logging.getLogger("uvicorn.access")
    muted = access.level, access.propagate
    access.setLevel(logging.NOTSET)
    access.propagate = True

    def set_up(form: LogFormat | None = None, level: LogLevel = LogLevel.INFO) -> io.StringIO:
        stream = io.StringIO()
        # pytest's own handlers stay theirs.
        root.handlers = []
        logs.set_up(form, level, stream)
        return stream

    yield set_up
    logging.captureWarnings(False)
    root.handlers = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks
    for name, was in of_ours.items():
        logging.getLogger(name).setLevel(was)
    access.setLevel(muted[0])
    access.propagate = muted[1]
    activity.logger.activity_info_on_message = workflow.logger.workflow_info_on_message = True


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def a_database_error() -> IntegrityError:
    try:
        try:
            raise ValueError(f"Failing row contains ({SECRET})")
        except ValueError as cause:
            raise IntegrityError(f"INSERT … {SECRET}", {"to": SECRET}, cause) from cause
    except IntegrityError as error:
        return error


def test_a_record_is_one_json_line_with_its_fields(log: Callable[..., io.StringIO]) -> None:
    stream = log()
    ident = UUID(int=7)
    more = logs.fields(contact=ident, amount=Decimal("12.50"), at=datetime(2026, 3, 2, tzinfo=UTC), none=None)
    logging.getLogger("relance.work").info("contact concluded: %s", "sent", extra=more)
    (line,) = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "relance.work",
        "message": "contact concluded: sent",
        "version": logs.VERSION,
        "contact": str(ident),
        "amount": "12.50",
        "at": "2026-03-02 00:00:00+00:00",
    }


def test_what_an_activity_logs_says_where(log: Callable[..., io.StringIO]) -> None:
    stream = log()

    def work() -> None:
        logging.getLogger("activities.review").info("ours")
        activity.logger.warning("the SDK's")

    ActivityEnvironment().run(work)
    for line in lines(stream):
        where = {name: line[name] for name in ("workflow_id", "run_id", "activity", "attempt")}
        assert where == {"workflow_id": "test", "run_id": "test-run", "activity": "unknown", "attempt": 1}
    assert [line["message"] for line in lines(stream)] == ["ours", "the SDK's"]


@pytest.mark.parametrize("form", LogFormat)
def test_an_error_is_told_without_its_text(log: Callable[..., io.StringIO], form: LogFormat) -> None:
    stream = log(form)
    error = a_database_error()
    logging.getLogger("activities.x").error("broke", exc_info=error)
    sys.excepthook(type(error), error, error.__traceback__)
    thread = threading.Thread(target=lambda: (_ for _ in ()).throw(error))
    thread.start()
    thread.join()
    written = stream.getvalue()
    assert written.count("IntegrityError") >= 3
    assert "caused by ValueError" in written
    assert "a_database_error" in written, "the lines of code are told"
    for part in SECRET.split():
        assert part not in written


def test_other_libraries_tell_only_the_constant_part(log: Callable[..., io.StringIO]) -> None:
    stream = log(level=LogLevel.DEBUG)
    logging.getLogger("urllib3.connectionpool").warning("Failed to parse headers (url=%s)", SECRET)
    logging.getLogger("urllib3.connectionpool").debug("GET %s", SECRET)
    logging.getLogger("some.library").error(f"put together: {SECRET}")
    logging.getLogger("temporalio.service").debug("request %s", SECRET)
    logging.getLogger("asyncio").error(f"Task exception was never retrieved\nfuture: {SECRET}")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(f"serialized value {SECRET}", UserWarning, stacklevel=1)
    told = [line["message"] for line in lines(stream)]
    assert told[0] == "Failed to parse headers (url=%s)"
    assert told[1].startswith("from test_logs, line ")
    assert told[2].startswith("from test_logs, line ")
    assert told[3].endswith("UserWarning")
    assert len(told) == 4
    assert SECRET not in stream.getvalue()


def test_the_access_log_has_neither_query_nor_client(log: Callable[..., io.StringIO]) -> None:
    stream = log()
    asked = ("192.0.2.7:4711", "GET", f"/v1/customers?q={SECRET}", "1.1", 200)
    logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', *asked)
    (line,) = lines(stream)
    assert line["message"] == "GET /v1/customers 200"
    assert "192.0.2.7" not in stream.getvalue()


def test_text_for_people_when_asked_for(log: Callable[..., io.StringIO]) -> None:
    stream = log(LogFormat.TEXT, LogLevel.WARNING)
    logging.getLogger("relance.work").info("nobody asked")
    logging.getLogger("relance.work").warning("swept", extra=logs.fields(notes=3, why="two\nlines"))
    (line,) = stream.getvalue().splitlines()
    assert line.endswith("Z WARNING relance.work: swept notes=3 why=two lines")
