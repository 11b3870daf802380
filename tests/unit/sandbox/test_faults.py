"""Every way a provider can fail, seen through the real clients."""

from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest
import requests
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from admin.sandbox import FaultMode, SandboxServer

pytestmark = pytest.mark.integration
TO = "compta@roux.example"
NUMBER = "+33639980012"


def mail(to: str = TO) -> dict[str, Any]:
    return {
        "personalizations": [{"to": [{"email": to}]}],
        "from": {"email": "claire@mercier.example"},
        "subject": "Relance",
        "content": [{"type": "text/plain", "value": "Bonjour"}],
    }


def text(twilio: Client) -> Any:
    return twilio.messages.create(to=NUMBER, from_="MERCIER", body="Bonjour")


def test_status_refuses_with_sendgrids_error(sandbox: SandboxServer, sendgrid: SendGridAPIClient) -> None:
    sandbox.add_fault("status", status=429, retry_after=7, times=1)

    with pytest.raises(HTTPError) as caught:
        sendgrid.send(mail())

    assert caught.value.status_code == 429
    assert caught.value.headers["Retry-After"] == "7"
    assert json.loads(caught.value.body)["errors"][0]["message"] == "too many requests"
    assert sandbox.messages() == []
    (refused,) = sandbox.messages(accepted=False)
    assert (refused.answer.status, refused.answer.fault) == (429, FaultMode.STATUS)
    assert sendgrid.send(mail()).status_code == 202


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (500, None, (500, 20500)),
        (503, None, (503, 20503)),
        (429, None, (429, 20429)),
        (500, 21610, (400, 21610)),
    ],
)
def test_status_refuses_with_twilios_code(
    sandbox: SandboxServer, twilio: Client, status: int, code: int | None, expected: tuple[int, int]
) -> None:
    sandbox.add_fault("status", provider="twilio", status=status, code=code)

    with pytest.raises(TwilioRestException) as caught:
        text(twilio)

    assert (caught.value.status, caught.value.code) == expected
    assert sandbox.messages() == []


@pytest.mark.parametrize(("mode", "accepted"), [("drop_before", 0), ("accept_then_drop", 1)])
def test_sendgrid_sees_a_dropped_line(
    sandbox: SandboxServer, sendgrid: SendGridAPIClient, mode: str, accepted: int
) -> None:
    sandbox.add_fault(mode, times=1)

    with pytest.raises(ConnectionError):
        sendgrid.send(mail())

    assert len(sandbox.messages()) == accepted
    (kept,) = sandbox.messages(accepted=None)
    assert (kept.answer.status, kept.answer.fault) == (None, mode)
    assert sendgrid.send(mail()).status_code == 202


@pytest.mark.parametrize(("mode", "accepted"), [("drop_before", 0), ("accept_then_drop", 1)])
def test_twilio_sees_a_dropped_line(sandbox: SandboxServer, twilio: Client, mode: str, accepted: int) -> None:
    sandbox.add_fault(mode, times=1)

    with pytest.raises(requests.exceptions.ConnectionError):
        text(twilio)

    # What the client could not learn, the list says: this is how an uncertain message is resolved.
    assert len(twilio.messages.list(to=NUMBER)) == accepted
    assert text(twilio).status == "queued"


def test_a_line_in_use_again_is_dropped_too(sandbox: SandboxServer, twilio: Client) -> None:
    text(twilio)
    sandbox.add_fault("drop_before", times=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        text(twilio)
    assert len(sandbox.messages()) == 1


def test_accept_then_status_keeps_what_it_denies(sandbox: SandboxServer, sendgrid: SendGridAPIClient) -> None:
    sandbox.add_fault("accept_then_status", status=502, times=1)

    with pytest.raises(HTTPError) as caught:
        sendgrid.send(mail())

    assert caught.value.status_code == 502
    assert len(sandbox.messages()) == 1


def test_hang_lasts_until_the_client_gives_up(sandbox: SandboxServer, twilio: Client) -> None:
    sandbox.add_fault("hang", times=1)
    twilio.http_client.timeout = 0.2

    with pytest.raises(requests.exceptions.ReadTimeout):
        text(twilio)

    assert sandbox.messages() == []
    assert sandbox.messages(accepted=False)[0].answer.fault is FaultMode.HANG


def test_hang_ends_when_the_rule_is_lifted(sandbox: SandboxServer, sendgrid: SendGridAPIClient) -> None:
    sandbox.add_fault("hang")
    failures: list[BaseException] = []

    def send() -> None:
        try:
            sendgrid.send(mail())
        except OSError as error:
            failures.append(error)

    sender = threading.Thread(target=send)
    sender.start()
    sandbox.wait_for(1, accepted=False)
    assert sandbox.clear_faults() == 1
    sender.join(10)

    # Held, then never answered: the line closes, as it does when a provider restarts.
    assert [type(failure) for failure in failures] == [ConnectionResetError]


def test_hang_does_not_keep_the_server_from_stopping() -> None:
    with SandboxServer() as sandbox:
        sandbox.add_fault("hang")
        client = SendGridAPIClient("any", host=sandbox.url)
        failures: list[BaseException] = []

        def send() -> None:
            try:
                client.send(mail())
            except OSError as error:
                failures.append(error)

        sender = threading.Thread(target=send)
        sender.start()
        sandbox.wait_for(1, accepted=False)
    sender.join(10)
    assert len(failures) == 1


def test_late_answer_is_an_accepted_one(sandbox: SandboxServer, sendgrid: SendGridAPIClient) -> None:
    sandbox.add_fault("late", delay=0.3, times=2)

    assert sendgrid.send(mail()).status_code == 202
    sendgrid.client.timeout = 0.05
    with pytest.raises(TimeoutError):
        sendgrid.send(mail())
    # The provider had taken it: giving up early does not unmake it.
    assert len(sandbox.messages()) == 2


def test_first_rule_that_concerns_the_request_applies_and_counts_down(
    sandbox: SandboxServer, sendgrid: SendGridAPIClient
) -> None:
    sandbox.add_fault("status", provider="twilio")
    sandbox.add_fault("status", status=503, match_to="ROUX", times=2)
    sandbox.add_fault("status", status=500, match_to="roux")

    assert sendgrid.send(mail("compta@delmas.example")).status_code == 202
    seen = []
    for _ in range(3):
        with pytest.raises(HTTPError) as caught:
            sendgrid.send(mail())
        seen.append(caught.value.status_code)
    assert seen == [503, 503, 500]
    assert [rule.provider for rule in sandbox.faults.rules()] == ["twilio", "any"]


def test_reads_fail_only_when_asked_to(sandbox: SandboxServer, twilio: Client) -> None:
    sent = text(twilio)
    sandbox.add_fault("status", on="read", status=503, times=1)
    sandbox.add_fault("drop_before", on="read", times=1)

    text(twilio)
    # For a list, the client has no better error than the one TwilioRestException descends from.
    with pytest.raises(TwilioException, match="Unable to fetch page"):
        twilio.messages.list()
    with pytest.raises(requests.exceptions.ConnectionError):
        twilio.messages(sent.sid).fetch()
    assert len(twilio.messages.list()) == 2


def test_invalid_request_does_not_use_up_a_fault(sandbox: SandboxServer, sendgrid: SendGridAPIClient) -> None:
    sandbox.add_fault("status", times=1)
    with pytest.raises(HTTPError) as caught:
        sendgrid.send({})
    assert caught.value.status_code == 400
    assert len(sandbox.faults.rules()) == 1


def test_faults_are_set_listed_and_lifted_over_http(
    sandbox: SandboxServer, sendgrid: SendGridAPIClient
) -> None:
    url = f"{sandbox.url}/api/faults"
    added = httpx.post(url, json={"mode": "status", "status": 500, "match_to": None, "times": None})
    assert added.status_code == 201
    assert httpx.get(url).json() == [added.json()]
    with pytest.raises(HTTPError):
        sendgrid.send(mail())

    assert httpx.delete(f"{url}/{added.json()['id']}").json() == {"removed": 1}
    assert httpx.delete(f"{url}/99").status_code == 404
    httpx.post(url, json={"mode": "hang"})
    assert httpx.delete(url).json() == {"removed": 1}
    assert sendgrid.send(mail()).status_code == 202


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"mode": "explode"},
        {"mode": "status", "status": 200},
        {"mode": "hang", "times": 0},
        {"mode": "late", "x": 1},
    ],
)
def test_fault_that_makes_no_sense_is_refused(sandbox: SandboxServer, rule: dict[str, Any]) -> None:
    assert httpx.post(f"{sandbox.url}/api/faults", json=rule).status_code == 422


def test_it_counts_the_requests_it_has_not_answered(
    sandbox: SandboxServer, sendgrid: SendGridAPIClient
) -> None:
    """Kept waiting, or never answered: until the answer leaves, or the client."""

    def unanswered() -> int:
        return int(httpx.get(f"{sandbox.url}/api/counts").json()["unanswered"])

    sandbox.add_fault("late", delay=60)
    waiting = threading.Thread(target=sendgrid.send, args=(mail(),))
    waiting.start()
    sandbox.wait_for(1)
    # Kept before it waits: a moment lies between.
    for _ in range(500):
        if unanswered():
            break
    assert unanswered() == 1
    sandbox.clear_faults()
    waiting.join()
    assert unanswered() == 0
