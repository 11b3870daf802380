"""Reading an answer: how long to wait, what a status means, what a failure is called."""

from __future__ import annotations

import socket
import ssl
import urllib.error
from datetime import timedelta

import pytest

from activities.channels import NotSent, Rejected, Uncertain
from activities.channels._answers import Answer, presentable, retry_after, root_cause

DATE = "Mon, 02 Mar 2026 08:30:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 0 "}, 0),
        ({"retry-after": "Mon, 02 Mar 2026 08:31:30 GMT", "date": DATE}, 90),
        ({"retry-after": "Monday, 02-Mar-26 08:31:30 GMT", "date": DATE}, 90),
        ({"retry-after": "Mon, 02 Mar 2026 10:31:30 +0200", "date": DATE}, 90),
        ({"retry-after": "Mon Mar  2 08:31:30 2026", "date": DATE}, 90),
        # Already past: at once.
        ({"retry-after": "Mon, 02 Mar 2026 08:00:00 GMT", "date": DATE}, 0),
        # Nobody waits longer than a day on a provider's word.
        ({"retry-after": "999999999999999999999"}, 86_400),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT", "date": DATE}, 86_400),
        ({"x-ratelimit-reset": "1772440260", "date": DATE}, 60),
        ({"retry-after": "5", "x-ratelimit-reset": "1772440260", "date": DATE}, 5),
    ],
)
def test_how_long_the_provider_asks_to_wait(headers: dict[str, str], seconds: int) -> None:
    assert retry_after(headers) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"retry-after": "soon"},
        {"retry-after": "-5"},
        {"retry-after": "1.5"},
        {"retry-after": "٣"},
        {"retry-after": "Mon, 02 Mar 2026 08:31:30 GMT"},
        {"retry-after": "Mon, 02 Mar 2026 08:31:30 GMT", "date": "today"},
        {"x-ratelimit-reset": "later", "date": DATE},
        {"x-ratelimit-reset": "9" * 30, "date": DATE},
    ],
)
def test_what_cannot_be_understood_is_no_wait_at_all(headers: dict[str, str]) -> None:
    assert retry_after(headers) is None


def test_only_some_refusals_are_certain() -> None:
    def refused(status: int) -> NotSent | Rejected | Uncertain:
        return Answer.of(status, [("Retry-After", "3")], b"").refusal("")

    assert refused(429) == NotSent("Too Many Requests", timedelta(seconds=3))
    assert refused(404) == Rejected("Not Found", "404")
    assert refused(499) == Rejected("HTTP 499", "499")
    for status in (100, 304, 500, 599, 600, 999):
        assert isinstance(refused(status), Uncertain)


def test_a_failure_is_called_by_what_lies_below_it() -> None:
    refused = urllib.error.URLError(ConnectionRefusedError(111, "Connection refused"))
    assert root_cause(refused) == "connection refused"
    assert root_cause(urllib.error.URLError(TimeoutError("timed out"))) == "timed out"
    assert root_cause(socket.gaierror(-2, "Name or service not known")) == "host name not found"
    assert root_cause(ssl.SSLError(1, "[SSL] wrong version")).startswith("TLS failed")
    assert root_cause(ValueError("Authorization: Bearer SG.secret")) == "ValueError"
    circle = RuntimeError("a")
    circle.__cause__ = RuntimeError("b")
    circle.__cause__.__cause__ = circle
    assert root_cause(circle) == "RuntimeError"


def test_a_providers_words_are_made_presentable() -> None:
    said = "To  a.b@C.example\nand axb@c.example"
    assert presentable(said, ["A.B@c.example"]) == "To (recipient) and axb@c.example"
    assert presentable(None) == ""
    assert len(presentable("x" * 5000)) == 300
