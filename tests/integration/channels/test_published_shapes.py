"""What our clients put on the line is what SendGrid and Twilio document, without a marketer's additions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from pydantic import SecretStr
from sqlalchemy import Engine

from activities.channels import Attachment, Email, SendGridEmail, Sent, Sms, TwilioSms
from admin.sandbox import SandboxServer
from tests.integration.channels.wire import KEY, SID, TOKEN, an_email, an_sms
from tests.integration.sending.desk import Desk, settings_for
from tests.integration.sending.turns import emails, ready

pytestmark = pytest.mark.integration

CREDENTIALS: dict[str, Any] = {
    "sendgrid_api_key": SecretStr(KEY),
    "twilio_account_sid": SID,
    "twilio_auth_token": SecretStr(TOKEN),
    "email_per_second": None,
    "sms_per_second": None,
    "sendgrid_timeout": 10,
    "twilio_timeout": 10,
}
SHAPES = Path(__file__).resolve().parents[2] / "fixtures" / "shapes"
MARKETING = {
    "list-unsubscribe",
    "list-unsubscribe-post",
    "list-id",
    "precedence",
    "x-campaign-id",
    "feedback-id",
}


@pytest.fixture
def desk(engine: Engine, provider: SandboxServer) -> Desk:
    """A worker aimed at the same sandbox."""
    return Desk(engine, provider, settings_for(provider.url, **CREDENTIALS))


def shape(name: str) -> Draft202012Validator:
    document = json.loads((SHAPES / f"{name}.json").read_text("utf-8"))
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document, format_checker=FormatChecker())


MAIL, SMS = shape("sendgrid-mail-send"), shape("twilio-message-create")


def raw(provider: SandboxServer) -> list[str]:
    """The bodies of the requests, as they came over the line, oldest first."""
    kept = [provider.store.get(message.id) for message in provider.messages(accepted=None)]
    return [message.raw.body for message in kept if message is not None and message.raw is not None]


def mails(provider: SandboxServer) -> list[dict[str, Any]]:
    return [json.loads(body) for body in raw(provider)]


def forms(provider: SandboxServer) -> list[dict[str, str]]:
    found = []
    for body in raw(provider):
        fields = parse_qs(body, keep_blank_values=True, strict_parsing=True)
        assert all(len(values) == 1 for values in fields.values()), "a field given twice"
        found.append({name: values[0] for name, values in fields.items()})
    return found


def check_mail(body: dict[str, Any]) -> None:
    """Valid, inside the limits a schema cannot count, and without anything of marketing's."""
    MAIL.validate(body)
    everybody = [
        person["email"].lower()
        for each in body["personalizations"]
        for kind in ("to", "cc", "bcc")
        for person in each.get(kind, [])
    ]
    assert len(everybody) == len(set(everybody)), "SendGrid refuses an address twice"
    args = {**body.get("custom_args", {})}
    for each in body["personalizations"]:
        args |= each.get("custom_args", {})
    assert len(json.dumps(args).encode()) < 10_000
    assert len(json.dumps(body).encode()) < 30 * 1024 * 1024
    tracking = body["tracking_settings"]
    assert tracking["click_tracking"] == {"enable": False, "enable_text": False}
    assert tracking["open_tracking"] == {"enable": False}
    assert tracking["subscription_tracking"] == {"enable": False}
    headers = {**body.get("headers", {})}
    for each in body["personalizations"]:
        headers |= each.get("headers", {})
    assert not {name.lower() for name in headers} & MARKETING
    # An unsubscribe group would put a footer under a debt; a category would tell the provider who owes.
    assert not {"asm", "categories", "mail_settings"} & body.keys()


@pytest.mark.parametrize(
    "what",
    [
        an_email(),
        an_email(html=None, to_name=None),
        an_email(
            cc=("achats@roux.example", "Direction@roux.example", "COMPTA@roux.example"),
            custom_args={name: str(uuid4()) for name in ("communication", "customer", "company")},
            attachments=(
                Attachment("Mise en demeure n° 1.pdf", "application/pdf", b"%PDF-1.7\x00\xff" * 1000),
                Attachment("Relevé.csv", "text/csv; charset=utf-8", "Relevé ; 1 234,56 €".encode()),
            ),
        ),
        an_email(to_name="Roux, Père & Fils; Lyon", subject="Relance\u00a0: facture “F-17”"),
        replace(
            an_email(), from_name="Claire Mercier (Mercier, Père & Fils)", reply_to_name="Mercier; Claire"
        ),
    ],
    ids=["plain", "bare", "whole", "punctuated names", "punctuated senders"],
)
def test_an_email_is_what_sendgrid_documents(
    provider: SandboxServer, email: SendGridEmail, what: Email
) -> None:
    assert isinstance(email.send(what), Sent)
    (body,) = mails(provider)
    check_mail(body)


@pytest.mark.parametrize(
    "change",
    [
        {"to_number": "+262692123456"},
        {"sender": "MERCIER"},
        {"sender": None},
        {"validity_seconds": None},
        {"validity_seconds": 1},
        {"validity_seconds": 86_400},
        {"status_callback": "https://relance.example/webhooks/twilio?communication=5a1f6f0e-6a55-4c39-8f0c"},
        {"body": "Братья Карамазовы : être payé, « œuvre » — 1 234,56 €"},
    ],
    ids=["overseas", "name", "service", "no validity", "a second", "a day", "callback", "another script"],
)
def test_an_sms_is_what_twilio_documents(provider: SandboxServer, change: dict[str, Any]) -> None:
    service = "MG" + "0123456789abcdef" * 2 if change.get("sender", "") is None else None
    way = TwilioSms(SID, TOKEN, sender=None, messaging_service_sid=service, base_url=provider.url)
    sms: Sms = replace(an_sms(), **change)
    assert isinstance(way.send(sms), Sent)
    (form,) = forms(provider)
    SMS.validate(form)
    assert form["Body"] == sms.body


def test_what_a_worker_sends_is_valid_to_the_letter(desk: Desk) -> None:
    """From a case that is due to the request on the line: letters with copies, and text messages."""
    for message in emails(desk, 2):
        assert desk.send(message).outcome == "sent"
    for body in mails(desk.sandbox):
        check_mail(body)
        assert set(body["custom_args"]) == {"communication", "customer", "company"}
        assert "example" not in json.dumps(body["custom_args"]), "opaque ids only"
    desk.sandbox.store.clear()
    assert desk.send(ready(desk, "C-sms", sms=True)).outcome == "sent"
    (form,) = forms(desk.sandbox)
    SMS.validate(form)
    assert form.keys() >= {"To", "From", "Body", "ValidityPeriod"}


@pytest.mark.parametrize(
    "spoilt",
    [
        {"personalizations": []},
        {"personalizations": [{"to": [{"email": "no address"}]}]},
        {"from": {"name": "X"}},
        {"subject": ""},
        {"subject": "two\nlines"},
        {"content": []},
        {"content": [{"type": "text/html", "value": "x"}, {"type": "text/plain", "value": "x"}]},
        {"attachments": [{"content": "%PDF", "filename": "a.pdf"}]},
        {"attachments": [{"content": "AAAA", "filename": "a.csv", "type": "text/csv; charset=utf-8"}]},
        {"custom_args": {"communication": 1}},
        {"headers": {"Reply-To": "x@y.example"}},
        {"trackingSettings": {}},
    ],
    ids=lambda spoilt: next(iter(spoilt)),
)
def test_the_shape_refuses_what_sendgrid_would(spoilt: dict[str, Any]) -> None:
    good = {
        "personalizations": [{"to": [{"email": "a@b.example"}]}],
        "from": {"email": "c@d.example"},
        "subject": "x",
        "content": [{"type": "text/plain", "value": "x"}],
    }
    MAIL.validate(good)
    with pytest.raises(ValidationError):
        MAIL.validate(good | spoilt)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"To": "0612345678"},
        {"From": "RELANCE-MERCIER"},
        {"From": "12345678901"},
        {"Body": "x" * 1601},
        {"Body": ""},
        {"ValidityPeriod": "0"},
        {"ValidityPeriod": "36001"},
        {"StatusCallback": "relance.example/x"},
        {"StatusCallback": "https://my_host.example/x"},
        {"MessagingServiceSid": "MG" + "0" * 32},
        {"validity_period": "60"},
    ],
    ids=lambda spoilt: str(next(iter(spoilt.items())))[:30],
)
def test_the_shape_refuses_what_twilio_would(spoilt: dict[str, str]) -> None:
    good = {"To": "+33612345678", "From": "+33700900123", "Body": "x"}
    SMS.validate(good)
    with pytest.raises(ValidationError):
        SMS.validate(good | spoilt)
