"""Mails as they come: charsets, files, reports; and mails that were made to hurt."""

from __future__ import annotations

import tracemalloc
from time import process_time
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.inbound.mail import MAX_FILES
from activities.inbound.mime import read_mail
from activities.inbound.parsed import form_fields, posted_mail
from activities.inbound.work import Unreadable
from models.ids import replied_to, reply_address
from rules.replies import ReplyKind, mail_kind
from tests.fixtures.mails import BOUNDARY, CONTENT_TYPE, form, mail, parsed_post, raw_post, report

HEAD = b"From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n"


def test_who_what_and_which_message_it_answers() -> None:
    found = read_mail(
        mail(
            "Payé.",
            sender='"Durand, Jeanne" <Jeanne.Durand@C-1.example>',
            to="r+abc@reponses.acme.example, compta@acme.example",
            subject="RE: Facture nº 1 — réglée",
            In_Reply_To="<m2@ismtpd.sendgrid.net>",
            References="<m0@x> <m1@ismtpd.sendgrid.net> <m2@ismtpd.sendgrid.net>",
            Reply_To="compta@c-1.example",
        )
    )
    assert (found.sender, found.sender_name) == ("jeanne.durand@c-1.example", "Durand, Jeanne")
    assert found.subject == "RE: Facture nº 1 — réglée"
    assert found.answers == ("m2@ismtpd.sendgrid.net", "m1@ismtpd.sendgrid.net", "m0@x")
    assert found.recipients == ("r+abc@reponses.acme.example", "compta@acme.example")
    assert found.answer_to == "compta@c-1.example"
    assert found.text.strip() == "Payé."


def test_files_come_with_names_that_can_be_saved_anywhere() -> None:
    found = read_mail(
        mail(files={"../../etc/Avis de virement.pdf": b"%PDF", "a\u202efdp.exe": b"MZ", "": b"x"})
    )
    assert [file.name for file in found.files] == ["Avis de virement.pdf", "afdp.exe", "file-3.bin"]
    assert [file.content for file in found.files] == [b"%PDF", b"MZ", b"x"]
    assert not any(file.inline for file in found.files)


def test_more_files_than_are_kept_are_counted() -> None:
    found = read_mail(mail(files={f"{place}.pdf": b"x" for place in range(MAX_FILES + 3)}))
    assert (len(found.files), found.left_out) == (MAX_FILES, 3)


def test_of_two_forms_the_plain_one_is_read() -> None:
    assert read_mail(mail("Payé.", html="<p>Payé <b>hier</b></p>")).text.strip() == "Payé."
    assert read_mail(mail(" ", html="<p>Payé <b>hier</b></p>")).text.strip() == "Payé hier"


@pytest.mark.parametrize(
    ("charset", "raw"),
    [
        ("iso-8859-1", "Réglée".encode("iso-8859-1")),
        ("windows-1252", "Réglée".encode("cp1252")),
        ("utf-8", "Réglée".encode()),
        # What a mail says of itself is wrong now and then, or made up.
        ("us-ascii", "Réglée".encode()),
        ("utf-8", "Réglée".encode("cp1252")),
        ("x-unknown", "Réglée".encode()),
        ("punycode", "Réglée".encode()),
        ("unicode_escape", "Réglée".encode()),
    ],
)
def test_any_charset(charset: str, raw: bytes) -> None:
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    assert read_mail(HEAD + head.encode() + raw).text == "Réglée"


def test_a_text_holds_nothing_that_cannot_be_stored_or_reads_otherwise_than_it_is_written() -> None:
    raw = "a\x00b\x1b[31m\u202eevil\u2066\r\nc".encode()
    found = read_mail(HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + raw)
    assert found.text == "ab[31mevil\nc"
    assert read_mail(b"Subject: =?utf-8?q?a=00=0D=0AX-Evil:_b?=\r\n\r\nx").subject == "a X-Evil: b"


def test_a_delivery_report_names_who_failed_and_what_it_returns() -> None:
    found = read_mail(report("Compta@c-1.example", returned="<abc@ismtpd.sendgrid.net>"))
    (failure,) = found.failures
    assert (failure.recipient, failure.action, failure.status) == ("compta@c-1.example", "failed", "5.1.1")
    assert failure.permanent
    assert found.answers[0] == "abc@ismtpd.sendgrid.net"
    assert mail_kind(found.traits).kind is ReplyKind.BOUNCE
    assert not read_mail(report("a@c-1.example", status="4.4.1", action="delayed")).failures[0].permanent


def test_a_post_in_its_raw_form_says_whom_it_went_to() -> None:
    body = raw_post(mail(to="liste@c-1.example"), to="r+abc@reponses.acme.example", sender="")
    found = posted_mail(CONTENT_TYPE, body).mail
    assert found.recipients == ("r+abc@reponses.acme.example", "liste@c-1.example")
    assert found.null_sender


def test_a_post_in_its_parsed_form() -> None:
    body = parsed_post(
        headers="""\
            From: =?iso-8859-1?q?Jos=E9?= <jose@c-1.example>
            Subject: =?utf-8?q?R=C3=A9gl=C3=A9e?=
            Message-ID: <9@c-1.example>
            In-Reply-To: <m1@ismtpd.sendgrid.net>
            Auto-Submitted: auto-replied
            """,
        text="Réglée".encode("iso-8859-1"),
        charsets={"text": "iso-8859-1"},
        files={"avis.pdf": ("application/pdf", b"%PDF\r\n--not-a-boundary\r\n")},
        spam_score="7.5",
    )
    posted = posted_mail(CONTENT_TYPE, body)
    found = posted.mail
    assert (found.sender, found.sender_name, found.subject) == ("jose@c-1.example", "José", "Réglée")
    assert (found.message_id, found.answers) == ("9@c-1.example", ("m1@ismtpd.sendgrid.net",))
    assert (found.text, found.headers["auto-submitted"]) == ("Réglée", "auto-replied")
    assert [(file.name, file.content) for file in found.files] == [
        ("avis.pdf", b"%PDF\r\n--not-a-boundary\r\n")
    ]
    assert posted.spam_score == 7.5


def test_a_parsed_post_with_html_alone() -> None:
    body = parsed_post(headers="From: a@c-1.example\n", html="<p>Payé</p>")
    assert posted_mail(CONTENT_TYPE, body).mail.text == "Payé"


def test_a_post_that_was_cut_is_read_as_far_as_it_goes() -> None:
    whole = parsed_post(
        headers="From: a@c-1.example\n", text="Payé", files={"scan.pdf": ("application/pdf", b"x" * 5000)}
    )
    with pytest.raises(Unreadable, match="cut short"):
        posted_mail(CONTENT_TYPE, whole[:-3000])
    found = posted_mail(CONTENT_TYPE, whole[:-3000], cut=True).mail
    assert (found.text, found.sender) == ("Payé", "a@c-1.example")
    assert found.fault is not None
    assert "10 MB" in found.fault


@pytest.mark.parametrize(
    ("content_type", "body", "why"),
    [
        ("application/json", b"{}", "not multipart/form-data"),
        ("multipart/form-data", b"", "not multipart/form-data"),
        (CONTENT_TYPE, b"no form at all", "cut short|cannot be read"),
        (CONTENT_TYPE, form({"text": "a"}), "neither an email field nor headers"),
        (CONTENT_TYPE, form({f"field{n}": "x" for n in range(100)}), "over 60 fields"),
    ],
)
def test_what_is_no_post_of_inbound_parse_is_refused_by_name(
    content_type: str, body: bytes, why: str
) -> None:
    with pytest.raises(Unreadable, match=why):
        posted_mail(content_type, body)


@given(st.binary(max_size=400))
def test_whatever_comes_is_a_mail_or_refused(noise: bytes) -> None:
    read_mail(noise)
    read_mail(HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + noise)
    body = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="email"\r\n\r\n'.encode() + noise
    try:
        form_fields(CONTENT_TYPE, body + f"\r\n--{BOUNDARY}--\r\n".encode())
        form_fields(CONTENT_TYPE, noise)
    except Unreadable:
        pass


NEST = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(24))


@pytest.mark.parametrize(
    ("bomb", "fault"),
    [
        (HEAD + NEST + b"Content-Type: text/plain\r\n\r\n" + b"a line of text\r\n" * 240_000, "hold others"),
        (HEAD + NEST * 200, "over"),
        (
            HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 100_000,
            "boundaries",
        ),
        (HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 60 + b"x", "hold others"),
        (HEAD + b"\r" * 400_000, "lines"),
        (HEAD + b"X: " + b"a" * 3_000_000, "headers do not end"),
        (HEAD + b"Content-Type: text/plain" + b';"' * 20_000 + b"\r\n\r\nx", "does not end"),
        (
            HEAD.replace(b"\r\n", b"\r") + b"Content-Type: text/plain" + b';"' * 20_000 + b"\r\rx",
            "does not end",
        ),
        (HEAD + b"\r\n" + b"x" * (11 * 1024 * 1024), "over 10 MB"),
    ],
)
def test_a_bomb_is_a_mail_of_which_only_the_headers_are_read(bomb: bytes, fault: str) -> None:
    began = process_time()
    found = read_mail(bomb)
    assert process_time() - began < 5
    assert found.fault is not None
    assert fault in found.fault
    assert (found.sender, found.text) == ("a@b.example", "")


@pytest.mark.parametrize(
    "large",
    [
        b"Content-Transfer-Encoding: base64\r\nContent-Type: application/pdf\r\n\r\n"
        + b"QUJD" * 19
        + b"\r\n",
        b"Content-Type: text/html\r\n\r\n<",
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=\r\n",
    ],
)
def test_a_large_mail_takes_a_bounded_multiple_of_its_size(large: bytes) -> None:
    head, _, line = large.partition(b"\r\n\r\n")
    raw = HEAD + head + b"\r\n\r\n" + line * min(240_000, 2_000_000 // len(line))
    tracemalloc.start()
    read_mail(raw)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * len(raw) + 10_000_000


def test_the_address_of_a_message_names_it_and_no_other_does() -> None:
    message = uuid4()
    address = reply_address("reponses.acme.example", message)
    local, _, host = address.partition("@")
    assert len(local) <= 64
    assert host == "reponses.acme.example"
    assert replied_to(address, "reponses.acme.example") == message
    assert replied_to(address.upper(), "reponses.acme.example") == message
    for other in (
        address.replace("acme", "evil"),
        f"r+@{host}",
        f"claire@{host}",
        f"r+{'a' * 25}@{host}",
        f"r+{'1' * 26}@{host}",
        "",
    ):
        assert replied_to(other, "reponses.acme.example") is None
