"""SendGrid's Inbound Parse post as a mail: its parsed fields, or the raw message where that is chosen there.

Source: "Setting up the Inbound Parse Webhook", twilio.com/docs/sendgrid. Both forms are multipart/form-data;
`envelope` names whom the mail really went to, `charsets` how each field is written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.parser import HeaderParser
from email.policy import compat32
from typing import Any, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from activities.inbound.charsets import decoded
from activities.inbound.mail import MAX_FILES, Failure, File, Mail, addresses
from activities.inbound.markup import html_text
from activities.inbound.mime import (
    MAX_BYTES,
    failures_of,
    file_name,
    header_values,
    mail_of,
    media_type,
    read_mail,
)
from activities.inbound.work import Unreadable

MAX_FIELDS: Final = 60
"""Fields of a post: some twenty of SendGrid's own, and one a file."""

_HEADER_CHARS: Final = 128 * 1024
_CUT: Final = f"it is over {MAX_BYTES // 2**20} MB, and what comes after that is missing"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form."""

    content: bytes = field(repr=False)
    file_name: str | None = None
    media_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Posted:
    """A mail, and what SendGrid says of it. `spam_score` is SpamAssassin's, where it was asked."""

    mail: Mail
    spam_score: float | None = None


def posted_mail(content_type: str, body: bytes, *, cut: bool = False) -> Posted:
    """The mail in a post of Inbound Parse.

    Args:
        content_type: of the post, with its boundary.
        body: byte for byte.
        cut: only its beginning was taken: the fields that are whole are read, and the last as far as it goes.

    Raises:
        Unreadable: it is no such post; the text quotes nothing of it.
    """
    fields = form_fields(content_type, body, cut=cut)
    charsets = _json(fields, "charsets")

    def text(name: str) -> str:
        found = fields.get(name)
        charset = charsets.get(name)
        return "" if found is None else decoded(found.content, charset if isinstance(charset, str) else None)

    if "email" in fields:
        mail = read_mail(fields["email"].content)
    elif "headers" in fields:
        mail = _parsed(fields, text)
    else:
        raise Unreadable("the post has neither an email field nor headers: is this Inbound Parse?")
    envelope = _json(fields, "envelope")
    to = envelope.get("to")
    went_to = (
        addresses(" , ".join(each for each in to if isinstance(each, str))) if isinstance(to, list) else ()
    )
    return Posted(
        replace(
            mail,
            fault=mail.fault or (_CUT if cut else None),
            recipients=tuple(dict.fromkeys((*went_to, *mail.recipients))),
            null_sender=mail.null_sender or envelope.get("from") in ("", "<>"),
        ),
        _score(text("spam_score")),
    )


def form_fields(content_type: str, body: bytes, *, cut: bool = False) -> dict[str, Field]:
    """The fields of a multipart form, by name; of one given twice, the first.

    Raises:
        Unreadable: it is none, is cut short, or has too many fields.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise Unreadable("the post is not multipart/form-data")
    form = _Form()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": form.begin,
                "on_part_data": form.data,
                "on_part_end": form.end,
                "on_header_field": form.header_field,
                "on_header_value": form.header_value,
                "on_header_end": form.header_end,
                "on_end": form.finish,
            },
        )
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise Unreadable("the form cannot be read") from None
    if cut:
        form.end()
    elif not form.finished:
        raise Unreadable("the form is cut short")
    return form.fields


class _Form:
    """The fields as the parser comes upon them."""

    def __init__(self) -> None:
        self.fields: dict[str, Field] = {}
        self.finished = False
        self._count = 0
        self._headers: dict[str, bytes] = {}
        self._name = self._value = b""
        self._content: list[bytes] = []

    def begin(self) -> None:
        self._count += 1
        if self._count > MAX_FIELDS:
            raise Unreadable(f"the form has over {MAX_FIELDS} fields")
        self._headers, self._content = {}, []

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value
        self._name = self._value = b""

    def data(self, data: bytes, start: int, end: int) -> None:
        self._content.append(data[start:end])

    def end(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition"))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        given = options.get(b"filename")
        kind, _ = parse_options_header(self._headers.get("content-type"))
        if name:
            self.fields.setdefault(
                name,
                Field(
                    b"".join(self._content),
                    None if given is None else decoded(given, "utf-8"),
                    kind.decode("latin-1").lower() or "text/plain",
                ),
            )

    def finish(self) -> None:
        self.finished = True


def _parsed(fields: Mapping[str, Field], text: Any) -> Mail:
    """A mail from the fields that SendGrid parsed it into."""
    head = HeaderParser(policy=compat32).parsestr(text("headers")[:_HEADER_CHARS].strip("\n") + "\n\n")
    headers = header_values(head)
    for name in ("from", "to", "cc", "subject"):
        # Where a header is missing in `headers`, the field has it.
        if name not in headers and text(name):
            headers[name] = text(name)
    about = _json(fields, "attachment-info")
    files: list[File] = []
    failures: list[Failure] = []
    left_out = 0
    for name in sorted(filter(_is_file, fields), key=_number):
        given = about.get(name)
        facts = given if isinstance(given, dict) else {}
        kind = str(facts.get("type") or fields[name].media_type).lower()[:100]
        if kind == "message/delivery-status":
            blocks = decoded(fields[name].content, "utf-8").strip("\n").split("\n\n")[:50]
            failures += failures_of(HeaderParser(policy=compat32).parsestr(block) for block in blocks)
        elif len(files) >= MAX_FILES:
            left_out += 1
        elif fields[name].content:
            given_name = str(facts.get("filename") or facts.get("name") or fields[name].file_name or "")
            shown = file_name(given_name, kind, len(files) + 1)
            files.append(File(shown, media_type(kind), fields[name].content, "content-id" in facts))
    plain = text("text")
    return mail_of(
        headers,
        text=plain if plain.strip() else html_text(text("html")),
        files=tuple(files),
        failures=tuple(failures),
        left_out=left_out,
    )


def _is_file(name: str) -> bool:
    return name.startswith("attachment") and name[10:].isdigit()


def _number(name: str) -> int:
    return int(name[10:20])


def _json(fields: Mapping[str, Field], name: str) -> dict[str, Any]:
    found = fields.get(name)
    if found is None or len(found.content) > _HEADER_CHARS:
        return {}
    try:
        value = json.loads(found.content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _score(text: str) -> float | None:
    try:
        return float(text) if text.strip() else None
    except ValueError:
        return None
