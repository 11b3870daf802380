"""What an e-mail looks like when it arrives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from activities.channels import Attachment, Rejected, SendGridEmail, Sent
from admin.sandbox import SandboxMessage, SandboxServer
from models.tables.words import UnreachableCause
from tests.integration.channels.wire import TO, RawServer, an_email, answers

pytestmark = pytest.mark.integration
MIB = 1024 * 1024


def body_of(provider: SandboxServer, message: SandboxMessage) -> dict[str, Any]:
    kept = provider.store.get(message.id)
    assert kept is not None
    assert kept.raw is not None
    found: dict[str, Any] = json.loads(kept.raw.body)
    return found


def test_everything_arrives_as_written(provider: SandboxServer, email: SendGridEmail) -> None:
    pdf, table = b"%PDF-1.7 \x00\xff", "Relevé ; 1 234,56 €".encode()
    sent = email.send(
        an_email(
            custom_args={"communication": "c-1", "customer": "k-2"},
            cc=("achats@roux.example", "direction@roux.example"),
            attachments=(
                Attachment("Facture F-17.pdf", "application/pdf", pdf),
                Attachment("Relevé.csv", "text/csv; charset=utf-8", table),
            ),
        )
    )
    (message,) = provider.messages()
    assert sent == Sent("sendgrid", message.provider_id)
    assert message.sender is not None
    assert (message.sender.address, message.sender.name) == ("claire@mercier.example", "Claire Mercier")
    assert [(person.address, person.name) for person in message.to] == [(TO, "Comptabilité Roux")]
    assert [person.address for person in message.cc] == ["achats@roux.example", "direction@roux.example"]
    assert message.reply_to is not None
    assert message.reply_to.address == "claire.mercier@mercier.example"
    assert message.subject == "Relance : facture F-17"
    assert message.text == "Bonjour,\n1 234,56 € restent à régler."
    assert message.html == "<p>1 234,56 € restent à régler.</p>"
    assert message.custom_args == {"communication": "c-1", "customer": "k-2"}
    assert [(item.filename, item.content_type) for item in message.attachments] == [
        ("Facture F-17.pdf", "application/pdf"),
        ("Relevé.csv", "text/csv"),
    ]
    assert [provider.store.attachment(message.id, place) for place in (0, 1)] == [
        (message.attachments[0], pdf),
        (message.attachments[1], table),
    ]


def test_a_bare_one_arrives_too(provider: SandboxServer, email: SendGridEmail) -> None:
    assert isinstance(email.send(an_email(to_name=None, html=None)), Sent)
    (message,) = provider.messages()
    assert [(person.address, person.name) for person in message.to] == [(TO, None)]
    assert (message.html, message.attachments, message.cc) == (None, (), ())


def test_a_debt_is_no_newsletter(provider: SandboxServer, email: SendGridEmail) -> None:
    email.send(an_email())
    (message,) = provider.messages()
    body = body_of(provider, message)
    assert body["tracking_settings"] == {
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
        "subscription_tracking": {"enable": False},
    }
    assert "asm" not in body
    assert message.headers == {}


def test_no_one_gets_a_copy_of_what_is_addressed_to_them(
    provider: SandboxServer, email: SendGridEmail
) -> None:
    copies = (TO.upper(), "Achats@roux.example", " achats@ROUX.example ", "", "b@roux.example")
    assert isinstance(email.send(an_email(cc=copies)), Sent)
    (message,) = provider.messages()
    assert [person.address for person in message.cc] == ["Achats@roux.example", "b@roux.example"]


def test_thirty_megabytes_with_the_encoding_are_too_much(
    provider: SandboxServer, email: SendGridEmail
) -> None:
    def weighing(size: int) -> Attachment:
        return Attachment("annexe.bin", "application/octet-stream", bytes(size))

    # In base64, 22 MiB make 29.3 and 23 MiB make 30.7.
    assert isinstance(email.send(an_email(attachments=(weighing(22 * MIB),))), Sent)
    outcome = email.send(an_email(attachments=(weighing(23 * MIB),)))
    assert isinstance(outcome, Rejected)
    assert "30 MB" in outcome.reason
    # Not even offered: the sandbox would have refused it too, but after 30 MB on the line.
    assert len(provider.messages(accepted=None)) == 1


def test_a_text_the_library_refuses_is_not_offered(provider: SandboxServer, email: SendGridEmail) -> None:
    outcome = email.send(an_email(text="SG.abcdef.ghijkl est notre clé"))
    assert isinstance(outcome, Rejected)
    assert "API key" in outcome.reason
    assert "abcdef" not in outcome.reason
    assert provider.messages(accepted=None) == []


def test_what_cannot_be_written_is_not_offered(provider: SandboxServer, email: SendGridEmail) -> None:
    broken: Any = {"communication": object()}
    outcome = email.send(an_email(custom_args=broken))
    assert outcome == Rejected("the message cannot be written: TypeError", None)
    assert provider.messages(accepted=None) == []


def test_an_email_in_a_log_shows_neither_text_nor_files() -> None:
    shown = repr(an_email(attachments=(Attachment("a.pdf", "application/pdf", b"%PDF-secret"),)))
    assert "restent" not in shown
    assert "%PDF" not in shown


_NOT_ONE = "Does not contain a valid address."


@pytest.mark.parametrize(
    ("errors", "named"),
    [
        ([(_NOT_ONE, "personalizations.0.to.0.email")], (TO,)),
        ([(_NOT_ONE, "personalizations.0.cc.1.email")], ("c@client.example",)),
        (
            [(_NOT_ONE, "personalizations.0.to.0.email"), (_NOT_ONE, "personalizations.0.cc.0.email")],
            (TO, "b@client.example"),
        ),
        # Ours to mend, or about nobody we named: then nothing is said of the recipients.
        ([(_NOT_ONE, "from.email")], ()),
        ([(_NOT_ONE, "personalizations.0.to.0.email"), ("The subject is required.", "subject")], ()),
        ([("The name is too long.", "personalizations.0.to.0.email")], ()),
        ([(_NOT_ONE, "personalizations.0.cc.7.email")], ()),
        ([(_NOT_ONE, None)], ()),
        ([], ()),
    ],
)  # fmt: skip
def test_which_recipients_a_refusal_is_about(
    errors: list[tuple[str, str | None]], named: tuple[str, ...]
) -> None:
    told = {"errors": [{"message": message, "field": field, "help": None} for message, field in errors]}
    body = json.dumps(told).encode()
    raw = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with RawServer(answers(raw)) as server:
        outcome = SendGridEmail("SG.test", host=server.url).send(
            an_email(cc=("b@client.example", "c@client.example"))
        )
    assert isinstance(outcome, Rejected)
    assert outcome.unreachable == tuple((address, UnreachableCause.INVALID_ADDRESS) for address in named)
