"""Every way the sandbox provider can fail: what we believe, and what it has truly taken."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from activities.channels import NotSent, Outcome, Rejected, SendGridEmail, Sent, TwilioSms, Uncertain
from admin.sandbox import SandboxServer
from tests.integration.channels.wire import (
    KEY,
    NUMBER,
    SID,
    TO,
    TOKEN,
    RawServer,
    Way,
    an_email,
    an_sms,
    answers,
    by_email,
    by_sms,
)

pytestmark = pytest.mark.integration
SHORT = 0.3


def test_a_healthy_provider_takes_it_once(way: Way, provider: SandboxServer) -> None:
    outcome = way(provider.url)
    (message,) = provider.messages(accepted=None)
    assert message.accepted
    assert outcome == Sent(message.provider.value, message.provider_id)


@pytest.mark.parametrize(
    ("mode", "status", "kind", "taken"),
    [
        ("status", 500, Uncertain, 0),
        ("status", 502, Uncertain, 0),
        ("status", 503, Uncertain, 0),
        ("status", 429, NotSent, 0),
        ("status", 400, Rejected, 0),
        ("status", 401, Rejected, 0),
        ("status", 403, Rejected, 0),
        ("status", 404, Rejected, 0),
        ("status", 413, Rejected, 0),
        ("drop_before", 500, Uncertain, 0),
        ("accept_then_drop", 500, Uncertain, 1),
        ("accept_then_status", 500, Uncertain, 1),
        ("accept_then_status", 504, Uncertain, 1),
    ],
)
def test_a_fault_is_named_for_what_it_is(
    way: Way, provider: SandboxServer, mode: str, status: int, kind: type[Outcome], taken: int
) -> None:
    provider.add_fault(mode, status=status)
    outcome = way(provider.url)
    assert isinstance(outcome, kind)
    # Asked once, whatever it said: a second row would be a second offer.
    assert len(provider.messages(accepted=None)) == 1
    assert len(provider.messages()) == taken


@pytest.mark.parametrize(("mode", "taken"), [("hang", 0), ("late", 1)])
def test_an_answer_that_comes_too_late_is_uncertain(
    way: Way, provider: SandboxServer, mode: str, taken: int
) -> None:
    provider.add_fault(mode, delay=60)
    outcome = way(provider.url, timeout=SHORT)
    provider.clear_faults()
    assert isinstance(outcome, Uncertain)
    assert "timed out" in outcome.reason
    assert len(provider.messages(accepted=None)) == 1
    assert len(provider.messages()) == taken


def test_an_answer_that_comes_late_but_in_time_counts(way: Way, provider: SandboxServer) -> None:
    provider.add_fault("late", delay=0.2)
    assert isinstance(way(provider.url), Sent)
    assert len(provider.messages()) == 1


def test_too_many_requests_says_how_long_to_wait(way: Way, provider: SandboxServer) -> None:
    provider.add_fault("status", status=429, retry_after=7)
    outcome = way(provider.url)
    assert isinstance(outcome, NotSent)
    assert outcome.retry_after == timedelta(seconds=7)


def test_after_a_fault_the_same_client_goes_on(
    provider: SandboxServer, email: SendGridEmail, sms: TwilioSms
) -> None:
    for mode in ("drop_before", "accept_then_drop", "status"):
        provider.add_fault(mode, times=1)
        assert isinstance(email.send(an_email()), Uncertain)
        assert isinstance(email.send(an_email()), Sent)
        provider.add_fault(mode, times=1)
        assert isinstance(sms.send(an_sms()), Uncertain)
        assert isinstance(sms.send(an_sms()), Sent)


@pytest.mark.parametrize("code", [21211, 21610, 21614, 21612, 21635, 21408, 21606, 21212], ids=str)
def test_twilio_refuses_for_good_with_its_code(provider: SandboxServer, sms: TwilioSms, code: int) -> None:
    provider.add_fault("status", code=code)
    outcome = sms.send(an_sms())
    assert isinstance(outcome, Rejected)
    assert outcome.code == str(code)
    assert outcome.reason
    # The provider quotes the number; a reason may travel where numbers must not.
    assert NUMBER not in outcome.reason


def test_wrong_twilio_credentials_are_ours_to_mend(provider: SandboxServer) -> None:
    sms = TwilioSms(SID, "another", sender="MERCIER", messaging_service_sid=None, base_url=provider.url)
    outcome = sms.send(an_sms())
    assert outcome == Rejected("our Twilio credentials are refused: Authenticate", "20003")
    assert provider.messages() == []


def test_a_wrong_sendgrid_key_is_ours_to_mend(provider: SandboxServer) -> None:
    outcome = SendGridEmail("SG.another", host=provider.url).send(an_email())
    assert isinstance(outcome, Rejected)
    assert outcome.code == "401"
    assert outcome.reason.startswith("our SendGrid API key is refused: The provided authorization grant")
    assert provider.messages() == []


def test_sendgrid_refuses_with_its_message_and_field(provider: SandboxServer, email: SendGridEmail) -> None:
    outcome = email.send(an_email("compta@roux", subject=""))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "400"
    assert "Does not contain a valid address. (personalizations.0.to.0.email)" in outcome.reason
    assert "The subject is required." in outcome.reason
    assert len(outcome.reason) <= 300


@pytest.mark.parametrize(("send", "hidden"), [(by_email, (TO, KEY)), (by_sms, (NUMBER, TOKEN))])
def test_a_reason_quotes_neither_recipients_nor_secrets(send: Way, hidden: tuple[str, ...]) -> None:
    told = f"{' and '.join(hidden)} or {hidden[0].upper()}: no good"
    body = json.dumps({"message": told, "errors": [{"message": told}]}).encode()
    raw = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with RawServer(answers(raw)) as server:
        outcome = send(server.url)
    assert outcome == Rejected("(recipient) and (secret) or (recipient): no good", "400")
