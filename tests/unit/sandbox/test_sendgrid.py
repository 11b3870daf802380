"""SendGrid's client sends to the sandbox as it does to the real service."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import httpx
import pytest
from python_http_client.exceptions import BadRequestsError, HTTPError, UnauthorizedError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import (
    Attachment,
    Bcc,
    Cc,
    Content,
    CustomArg,
    Disposition,
    Email,
    FileContent,
    FileName,
    FileType,
    Mail,
    Personalization,
    ReplyTo,
    To,
)

from admin.sandbox import Address, Channel, Provider, SandboxServer
from admin.sandbox.sendgrid_mail import MAX_BYTES

pytestmark = pytest.mark.integration
PDF = b"%PDF-1.7 relev\xc3\xa9"


def a_mail() -> Mail:
    mail = Mail(from_email=Email("claire@mercier.example", "Claire Dumont"), subject="Facture F-1 échue")
    person = Personalization()
    person.add_to(To("compta@roux.example", "Garage Roux"))
    person.add_cc(Cc("achats@roux.example"))
    person.add_bcc(Bcc("copie@mercier.example"))
    mail.add_personalization(person)
    mail.reply_to = ReplyTo("claire@mercier.example", "Claire Dumont")
    mail.add_content(Content("text/plain", "Bonjour,\nla facture F-1 est échue."))
    mail.add_content(Content("text/html", "<p>Bonjour,</p><p>la facture F-1 est échue.</p>"))
    mail.add_custom_arg(CustomArg("customer", "k-1"))
    mail.add_custom_arg(CustomArg("communication", "com-1"))
    content = FileContent(base64.b64encode(PDF).decode())
    mail.add_attachment(
        Attachment(content, FileName("Relevé.pdf"), FileType("application/pdf"), Disposition("attachment"))
    )
    return mail


def body(**changes: Any) -> dict[str, Any]:
    """A valid body, with fields replaced, or left out when ``None``."""
    valid: dict[str, Any] = {
        "personalizations": [{"to": [{"email": "compta@roux.example"}]}],
        "from": {"email": "claire@mercier.example"},
        "subject": "Relance",
        "content": [{"type": "text/plain", "value": "Bonjour"}],
    }
    return {key: value for key, value in {**valid, **changes}.items() if value is not None}


def refusal(sendgrid: SendGridAPIClient, request: Any) -> dict[str, Any]:
    with pytest.raises(BadRequestsError) as caught:
        sendgrid.send(request)
    errors = json.loads(caught.value.body)["errors"]
    assert all(set(error) == {"message", "field", "help"} for error in errors)
    first: dict[str, Any] = errors[0]
    return first


def test_mail_is_accepted_and_kept_as_it_was_sent(
    sandbox: SandboxServer, sendgrid: SendGridAPIClient
) -> None:
    response = sendgrid.send(a_mail())

    assert (response.status_code, response.body) == (202, b"")
    (message,) = sandbox.messages()
    assert message.provider_id == response.headers["X-Message-Id"]
    assert (message.provider, message.channel) == (Provider.SENDGRID, Channel.EMAIL)
    assert message.sender == Address(address="claire@mercier.example", name="Claire Dumont")
    assert message.reply_to == message.sender
    assert message.to == (Address(address="compta@roux.example", name="Garage Roux"),)
    assert message.recipients == ("compta@roux.example", "achats@roux.example", "copie@mercier.example")
    assert message.subject == "Facture F-1 échue"
    assert message.text == "Bonjour,\nla facture F-1 est échue."
    assert message.html == "<p>Bonjour,</p><p>la facture F-1 est échue.</p>"
    assert message.custom_args == {"customer": "k-1", "communication": "com-1"}
    assert message.accepted
    assert message.answer.status == 202
    assert message.received_at.utcoffset() is not None


def test_attachment_bytes_are_kept(sandbox: SandboxServer, sendgrid: SendGridAPIClient) -> None:
    sendgrid.send(a_mail())

    (message,) = sandbox.messages()
    found = sandbox.store.attachment(message.id, 0)
    assert found is not None
    attachment, content = found
    assert content == PDF
    assert attachment.filename == "Relevé.pdf"
    assert attachment.sha256 == hashlib.sha256(PDF).hexdigest()
    assert attachment.size == len(PDF)


def test_each_personalization_is_a_message_of_its_own(
    sandbox: SandboxServer, sendgrid: SendGridAPIClient
) -> None:
    groups = [
        {"to": [{"email": "a@x.example"}], "custom_args": {"customer": "k-2"}, "subject": "Pour A"},
        {"to": [{"email": "b@x.example"}]},
    ]
    sendgrid.send(body(personalizations=groups, custom_args={"customer": "k-1", "company": "c-1"}))

    first, second = sandbox.messages()
    assert first.provider_id == second.provider_id
    assert (first.subject, second.subject) == ("Pour A", "Relance")
    assert first.custom_args == {"customer": "k-2", "company": "c-1"}
    assert second.custom_args == {"customer": "k-1", "company": "c-1"}


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"personalizations": None}, "personalizations", "at least one personalization"),
        ({"personalizations": []}, "personalizations", "at least one personalization"),
        ({"personalizations": [{"to": []}]}, "personalizations.0.to", "to array is required"),
        (
            {"personalizations": [{"to": [{"email": "nobody"}]}]},
            "personalizations.0.to.0.email",
            "Does not contain a valid address",
        ),
        (
            {"personalizations": [{"to": [{"email": "a@x.example"}], "cc": [{"email": "A@x.example"}]}]},
            "personalizations.0",
            "should be unique between to, cc, and bcc",
        ),
        ({"from": None}, "from.email", "from object must be provided"),
        ({"from": {"email": "claire@mercier"}}, "from.email", "Does not contain a valid address"),
        ({"subject": None}, "subject", "The subject is required"),
        ({"content": None}, "content", "at least one defined content block"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value", "at least one character"),
        (
            {
                "content": [
                    {"type": "text/html", "value": "<p>Bonjour</p>"},
                    {"type": "text/plain", "value": "Bonjour"},
                ]
            },
            "content",
            "text/plain needs to be first",
        ),
        ({"reply_to": {"name": "Claire"}}, "reply_to.email", "Does not contain a valid address"),
        ({"custom_args": {"customer": 12}}, "custom_args.customer", "Expected: string, given: integer"),
        ({"custom_args": {"customer": "x" * 10_001}}, "custom_args", "limited to 10,000 bytes"),
        (
            {"attachments": [{"filename": "a.pdf", "content": "not base64!"}]},
            "attachments.0.content",
            "must be base64 encoded",
        ),
        ({"attachments": [{"content": "QQ=="}]}, "attachments.0.filename", "filename"),
    ],
)
def test_bad_body_is_refused_with_the_field_it_is_in(
    sandbox: SandboxServer, sendgrid: SendGridAPIClient, changes: dict[str, Any], field: str, words: str
) -> None:
    error = refusal(sendgrid, body(**changes))

    assert error["field"] == field
    assert words in error["message"]
    assert sandbox.messages() == []
    (kept,) = sandbox.messages(accepted=False)
    assert kept.answer.status == 400
    assert words in kept.answer.body


@pytest.mark.parametrize("raw", [b"{", b"[]", b"null", b"\xff"])
def test_body_that_is_no_object_is_refused(sandbox: SandboxServer, raw: bytes) -> None:
    headers = {"Authorization": "Bearer SG.test-key", "Content-Type": "application/json"}
    response = httpx.post(f"{sandbox.url}/v3/mail/send", content=raw, headers=headers)

    assert response.status_code == 400
    assert response.json()["errors"][0]["message"] == "Bad Request"


@pytest.mark.parametrize("key", ["SG.other", " "])
def test_wrong_key_is_refused(sandbox: SandboxServer, key: str) -> None:
    with pytest.raises(UnauthorizedError) as caught:
        SendGridAPIClient(key, host=sandbox.url).send(a_mail())

    assert "authorization grant is invalid" in json.loads(caught.value.body)["errors"][0]["message"]
    assert sandbox.messages() == []


def test_missing_key_is_refused_and_any_key_will_do_when_none_is_set(sandbox: SandboxServer) -> None:
    assert httpx.post(f"{sandbox.url}/v3/mail/send", json=body()).status_code == 401
    with SandboxServer() as open_house:
        assert SendGridAPIClient("anything", host=open_house.url).send(body()).status_code == 202


def test_message_of_more_than_30_mb_is_refused(sandbox: SandboxServer, sendgrid: SendGridAPIClient) -> None:
    content = [{"type": "text/plain", "value": "x" * MAX_BYTES}]
    with pytest.raises(HTTPError) as caught:
        sendgrid.send(body(content=content))

    assert caught.value.status_code == 413
    assert sandbox.messages(accepted=None) == []


def test_sendgrids_own_sandbox_mode_checks_without_sending(
    sandbox: SandboxServer, sendgrid: SendGridAPIClient
) -> None:
    response = sendgrid.send(body(mail_settings={"sandbox_mode": {"enable": True}}))

    assert response.status_code == 200
    assert sandbox.messages() == []


def test_credentials_are_not_kept(sandbox: SandboxServer, sendgrid: SendGridAPIClient) -> None:
    sendgrid.send(a_mail())

    message = sandbox.store.get(sandbox.messages()[0].id)
    assert message is not None
    assert message.raw is not None
    assert message.raw.headers["authorization"] == "(hidden)"
    assert json.loads(message.raw.body)["subject"] == "Facture F-1 échue"
