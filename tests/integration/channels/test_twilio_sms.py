"""What an SMS looks like when it arrives, and how it is found again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from activities.channels import LookupFailedError, Rejected, Sent, TwilioSms, Uncertain
from activities.channels.twilio_sms import CLOCK_SLACK
from admin.sandbox import SandboxServer
from models.tables.words import UnreachableCause
from tests.integration.channels.wire import (
    NUMBER,
    SENDER,
    SID,
    TOKEN,
    RawServer,
    an_sms,
    answers,
    closes_after_reading,
    twilio,
)

pytestmark = pytest.mark.integration
SERVICE = "MG" + "0123456789abcdef" * 2


def test_everything_arrives_as_written(provider: SandboxServer, sms: TwilioSms) -> None:
    callback = "https://relance.example/webhooks/twilio?communication=c-1"
    sent = sms.send(replace(an_sms(), status_callback=callback))
    (message,) = provider.messages()
    assert sent == Sent("twilio", message.provider_id)
    assert [person.address for person in message.to] == [NUMBER]
    assert message.sender is not None
    assert message.sender.address == SENDER
    assert message.text == "Facture F-17 : merci de nous appeler."
    assert (message.validity_period, message.status_callback) == (3600, callback)
    assert message.custom_args == {"communication": "c-1"}
    assert message.messaging_service is None


@pytest.mark.parametrize(
    ("own", "sender", "service", "expected"),
    [
        (None, "+33700900999", None, ("+33700900999", None)),
        (None, "+33700900999", SERVICE, (None, SERVICE)),
        ("MERCIER", "+33700900999", SERVICE, ("MERCIER", None)),
        ("MERCIER", None, None, ("MERCIER", None)),
    ],
)
def test_who_sends(
    provider: SandboxServer,
    own: str | None,
    sender: str | None,
    service: str | None,
    expected: tuple[str | None, str | None],
) -> None:
    way = TwilioSms(SID, TOKEN, sender=sender, messaging_service_sid=service, base_url=provider.url)
    assert isinstance(way.send(replace(an_sms(), sender=own)), Sent)
    (message,) = provider.messages()
    shown = message.sender.address if message.sender else None
    assert (shown, message.messaging_service) == expected


def test_without_a_sender_nothing_is_offered(provider: SandboxServer) -> None:
    way = TwilioSms(SID, TOKEN, sender="", messaging_service_sid="", base_url=provider.url)
    outcome = way.send(replace(an_sms(), sender=None))
    assert isinstance(outcome, Rejected)
    assert "no sender" in outcome.reason
    assert provider.messages(accepted=None) == []


@pytest.mark.parametrize(("asked", "arrives"), [(None, None), (60, 60), (86_400, 36_000)])
def test_validity_is_kept_within_what_twilio_takes(
    provider: SandboxServer, sms: TwilioSms, asked: int | None, arrives: int | None
) -> None:
    assert isinstance(sms.send(replace(an_sms(), validity_seconds=asked)), Sent)
    (message,) = provider.messages()
    assert message.validity_period == arrives


def test_another_region_in_the_environment_does_not_move_the_sandbox(
    provider: SandboxServer, sms: TwilioSms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    assert isinstance(sms.send(an_sms()), Sent)


def test_newer_errors_are_understood() -> None:
    body = json.dumps(
        {"type": "https://twilio.example/21211", "title": "Invalid number", "status": 400, "code": 21211,
         "detail": f"{NUMBER} cannot be reached"}
    ).encode()  # fmt: skip
    raw = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with RawServer(answers(raw)) as server:
        outcome = twilio(server.url).send(an_sms())
    assert outcome == Rejected(
        "Invalid number: (recipient) cannot be reached", "21211", ((NUMBER, UnreachableCause.INVALID_NUMBER),)
    )
    assert NUMBER not in repr(outcome)


@pytest.mark.parametrize("code", [21606, 21408, 21612, 20003])
def test_a_refusal_about_our_account_says_nothing_of_the_number(code: int) -> None:
    body = json.dumps({"code": code, "message": "no", "status": 400}).encode()
    raw = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with RawServer(answers(raw)) as server:
        outcome = twilio(server.url).send(an_sms())
    assert isinstance(outcome, Rejected)
    assert outcome.unreachable == ()


@pytest.mark.parametrize("mode", ["accept_then_drop", "accept_then_status"])
def test_what_the_answer_did_not_say_the_list_does(
    provider: SandboxServer, sms: TwilioSms, mode: str
) -> None:
    before = datetime.now(UTC)
    provider.add_fault(mode, provider="twilio")
    assert isinstance(sms.send(an_sms()), Uncertain)
    (message,) = provider.messages()
    assert sms.find(NUMBER, before, an_sms().body) == message.provider_id


def test_what_was_not_taken_is_not_found(provider: SandboxServer, sms: TwilioSms) -> None:
    before = datetime.now(UTC)
    provider.add_fault("drop_before", provider="twilio", times=1)
    assert isinstance(sms.send(an_sms()), Uncertain)
    assert sms.find(NUMBER, before, an_sms().body) is None


def test_only_the_same_text_to_the_same_number_is_found(provider: SandboxServer, sms: TwilioSms) -> None:
    before = datetime.now(UTC)
    body = "Échéance dépassée : 1 234,56 € — ça presse"
    for number, text in [(NUMBER, "Autre texte"), ("+33639980099", body)]:
        assert isinstance(sms.send(an_sms(number, text)), Sent)
    assert sms.find(NUMBER, before, body) is None
    sent = sms.send(an_sms(NUMBER, body))
    assert isinstance(sent, Sent)
    assert sms.find(NUMBER, before, f"{body}\n") == sent.provider_id


def test_an_older_message_with_the_same_text_is_not_taken_for_it(
    provider: SandboxServer, sms: TwilioSms
) -> None:
    assert isinstance(sms.send(an_sms()), Sent)
    (message,) = provider.messages()
    later = message.received_at + CLOCK_SLACK + timedelta(seconds=2)
    assert sms.find(NUMBER, later, an_sms().body) is None
    # A local time names the same instant.
    paris = message.received_at.astimezone(datetime.now().astimezone().tzinfo)
    assert sms.find(NUMBER, paris, an_sms().body) == message.provider_id


def test_a_naive_instant_is_refused(sms: TwilioSms) -> None:
    with pytest.raises(ValueError, match="aware"):
        sms.find(NUMBER, datetime(2026, 3, 2, 9, 30), "x")  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize("mode", ["status", "drop_before"])
def test_a_list_that_cannot_be_read_says_nothing(provider: SandboxServer, sms: TwilioSms, mode: str) -> None:
    provider.add_fault(mode, provider="twilio", on="read")
    with pytest.raises(LookupFailedError) as caught:
        sms.find(NUMBER, datetime.now(UTC), "x")
    assert TOKEN not in str(caught.value)
    assert NUMBER not in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"],
)
def test_a_list_that_breaks_off_says_nothing(raw: bytes) -> None:
    with RawServer(answers(raw)) as server, pytest.raises(LookupFailedError):
        twilio(server.url).find(NUMBER, datetime.now(UTC), "x")
    with RawServer(closes_after_reading) as server, pytest.raises(LookupFailedError):
        twilio(server.url).find(NUMBER, datetime.now(UTC), "x")
