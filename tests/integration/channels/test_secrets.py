"""Keys show nowhere: not in a repr, a log or the refusal of a bad one."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest

from activities.channels import SendGridEmail, Sent, TwilioSms
from admin.sandbox import SandboxServer
from tests.integration.channels.wire import KEY, NUMBER, SID, TO, TOKEN, an_email, an_sms, twilio


def test_no_repr_shows_a_key() -> None:
    for way in (SendGridEmail(KEY), twilio(None)):
        shown = f"{way!r} {way} {vars(way)}"
        assert KEY not in shown
        assert TOKEN not in shown


@pytest.mark.integration
def test_no_log_shows_a_key_or_a_recipient(
    provider: SandboxServer, email: SendGridEmail, sms: TwilioSms, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert isinstance(email.send(an_email()), Sent)
    assert isinstance(sms.send(an_sms()), Sent)
    assert sms.find(NUMBER, datetime.now(UTC), an_sms().body)
    provider.add_fault("status", status=400)
    email.send(an_email())
    sms.send(an_sms())
    for secret in (KEY, TOKEN, TO, NUMBER, NUMBER.removeprefix("+"), "restent"):
        assert secret not in caplog.text


@pytest.mark.integration
def test_white_space_around_a_key_does_not_matter(provider: SandboxServer) -> None:
    assert isinstance(SendGridEmail(f" {KEY}\n", host=f"{provider.url}/").send(an_email()), Sent)
    way = TwilioSms(
        f"{SID}\n", f"{TOKEN}\r\n", sender="MERCIER", messaging_service_sid=None, base_url=f"{provider.url}/"
    )
    assert isinstance(way.send(an_sms()), Sent)


@pytest.mark.parametrize("key", ["", " \n", "SG.one\nSG.two", "SG.é", "two words"])
def test_what_cannot_be_a_key_is_refused_without_being_quoted(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The libraries would silently fall back on these.
    monkeypatch.setenv("SENDGRID_API_KEY", KEY)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    with pytest.raises(ValueError, match="no credential has") as caught:
        SendGridEmail(key)
    assert not key.strip() or key not in str(caught.value)
    with pytest.raises(ValueError, match="the Twilio auth token"):
        TwilioSms(SID, key, sender=None, messaging_service_sid=None)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.sendgrid.com",
        "ftp://host",
        "https://",
        "http://h:port",
        "http://user:pw@host",
        "http://h?a=b",
    ],
)
def test_what_cannot_be_an_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|credentials|[Pp]ort"):
        SendGridEmail(KEY, host=url)


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_there_is_always_a_timeout(seconds: float) -> None:
    with pytest.raises(ValueError, match="timeout"):
        SendGridEmail(KEY, timeout=seconds)
    with pytest.raises(ValueError, match="timeout"):
        twilio(None, timeout=seconds)
