"""A raw MIME message, read in bounded time and memory whatever it holds.

What is too much is said of the mail (`fault`) instead of being read; its headers are read in any case, so
that even a bomb is a mail from somebody that people see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32
from itertools import islice
from pathlib import PurePosixPath
from typing import Final

from activities.inbound.charsets import clean, decoded, header, one_line
from activities.inbound.mail import MAX_FILES, MAX_TEXT, Failure, File, Mail, addresses, mailbox, message_ids
from activities.inbound.markup import html_text

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_LINES: Final = 250_000
MAX_BOUNDARIES: Final = 2000
MAX_PARTS: Final = 200
MAX_NESTED: Final = 25
MAX_QUESTIONS: Final = 1_500_000
_HEADER_BYTES: Final = 128 * 1024
_FIELD_BYTES: Final = 4096
_TEXT_BYTES: Final = 2 * 1024 * 1024
_HEADERS: Final = 300

_STRUCTURE: Final = re.compile(rb"^content-(?:type|disposition)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_NESTING: Final = re.compile(rb"(?:multipart|message)/", re.IGNORECASE)
_BLANK: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")
_UNSAFE_NAME: Final = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u202a-\u202e\u2066-\u2069]')


def read_mail(raw: bytes) -> Mail:
    """Read a message; never an error.

    Args:
        raw: the whole message as it was received.
    """
    fault = too_much(raw)
    head = BytesHeaderParser(policy=compat32).parsebytes(_head(raw))
    if fault is not None:
        return mail_of(header_values(head), fault=fault)
    try:
        message = BytesParser(policy=compat32).parsebytes(raw)
        reading = _Reading()
        text = reading.text(message)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        # The standard library stumbles over some malformed messages: what its headers say still counts.
        return mail_of(header_values(head), fault=f"it is malformed ({type(error).__name__})")
    return mail_of(
        header_values(head),
        text=text,
        files=tuple(reading.files),
        left_out=reading.left_out,
        failures=tuple(reading.failures),
        returned=tuple(reading.returned),
    )


def mail_of(
    headers: Mapping[str, str],
    *,
    text: str = "",
    files: tuple[File, ...] = (),
    left_out: int = 0,
    failures: tuple[Failure, ...] = (),
    returned: tuple[str, ...] = (),
    fault: str | None = None,
) -> Mail:
    """A mail from its raw headers (by name in small letters) and what was read of its content.

    Args:
        headers: the first value of each, as it came.
        text: its text.
        files: those kept.
        left_out: how many were not.
        failures: of a delivery report.
        returned: message ids of the messages it returns.
        fault: why its content was not read.
    """
    sender, name = mailbox(headers.get("from", ""))
    answered = (
        *returned,
        *message_ids(headers.get("in-reply-to", "")),
        *message_ids(headers.get("references", "")),
    )
    whole = clean(text)
    return Mail(
        headers={key: header(value) for key, value in headers.items()},
        sender=sender,
        sender_name=name,
        subject=header(headers.get("subject", ""))[:500],
        message_id=next(iter(message_ids(headers.get("message-id", ""))), ""),
        answers=tuple(dict.fromkeys(answered)),
        recipients=addresses(" , ".join(headers.get(key, "") for key in _TO)),
        text=whole[:MAX_TEXT],
        files=files,
        failures=failures,
        fault=fault,
        left_out=left_out,
        null_sender=headers.get("return-path", "").strip() == "<>",
        content_type=one_line(headers.get("content-type", "")).lower()[:1000],
    )


_TO: Final = ("delivered-to", "x-original-to", "x-envelope-to", "to", "cc")


def header_values(message: Message) -> dict[str, str]:
    """The first value of each header, by its name in small letters, as it came."""
    found: dict[str, str] = {}
    for name, value in list(message.raw_items())[:_HEADERS]:
        found.setdefault(str(name).lower(), str(value))
    return found


def too_much(raw: bytes) -> str | None:
    """Why a message is not to be read, if it is not: counted before anything is built from it."""
    if len(raw) > MAX_BYTES:
        return f"it is over {MAX_BYTES // 2**20} MB"
    # As the parser sees it: a carriage return by itself ends a line too.
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    height = lines.count(b"\n")
    if height > MAX_LINES:
        return f"it has over {MAX_LINES} lines"
    if lines.count(b"\n--") > MAX_BOUNDARIES:
        return f"it has over {MAX_BOUNDARIES} boundaries"
    if len(lines) > _HEADER_BYTES and lines.find(b"\n\n", 0, _HEADER_BYTES) < 0:
        return "its headers do not end"
    nested = 0
    for parts, found in enumerate(_STRUCTURE.finditer(lines), start=1):
        if parts > MAX_PARTS:
            return f"it has over {MAX_PARTS} parts"
        field = _field(lines, found.end())
        if field is None:
            return "a header of a part does not end"
        nested += bool(_NESTING.search(field))
    # The parser asks each line, for every part it may stand in, whether that part ends there.
    if nested > MAX_NESTED or nested * height > MAX_QUESTIONS:
        return f"it has {nested} parts that hold others"
    return None


def _field(raw: bytes, start: int) -> bytes | None:
    """A header's value, with its folded lines; None when it is too long."""
    end = start
    while True:
        line_end = raw.find(b"\n", end, start + _FIELD_BYTES)
        if line_end < 0:
            return raw[start:] if len(raw) - start < _FIELD_BYTES else None
        end = line_end + 1
        if raw[end : end + 1] not in (b" ", b"\t"):
            return raw[start:end]


def _head(raw: bytes) -> bytes:
    blank = _BLANK.search(raw, 0, _HEADER_BYTES)
    return raw[: blank.end()] if blank else raw[:_HEADER_BYTES]


class _Reading:
    """One message being read: its files and reports are gathered on the way."""

    def __init__(self) -> None:
        self.files: list[File] = []
        self.failures: list[Failure] = []
        self.returned: list[str] = []
        self.left_out = 0
        self._budget = _TEXT_BYTES

    def text(self, part: Message) -> str:
        """The text of a part that is no file: of alternatives the plain one, where it says anything."""
        kind = part.get_content_type()
        children = part.get_payload() if part.is_multipart() else None
        if kind == "message/delivery-status" and isinstance(children, list):
            self.failures += failures_of(_messages(part))
            return ""
        if kind.startswith("message/") and isinstance(children, list):
            for child in _messages(part):
                self.returned += message_ids(str(child.get("message-id", "")))
            self._enclosed(part, kind)
            return ""
        if isinstance(children, list):
            texts = [(child.get_content_type(), self.text(child)) for child in _messages(part)]
            if kind == "multipart/alternative":
                return _best(texts)
            return "\n\n".join(text for _, text in texts if text.strip())
        if kind == "text/rfc822-headers":
            self._headers(part)
            return ""
        if kind in {"text/plain", "text/html"} and not _is_file(part):
            return self._words(part, kind)
        self._file(part, kind)
        return ""

    def _words(self, part: Message, kind: str) -> str:
        raw = _bytes(part)[: max(self._budget, 0)]
        self._budget -= len(raw)
        text = decoded(raw, part.get_content_charset())
        return html_text(text) if kind == "text/html" else text

    def _file(self, part: Message, kind: str) -> None:
        content = _bytes(part)
        inline = part.get_content_disposition() != "attachment" and part.get("content-id") is not None
        self._keep(file_name(_name(part), kind, len(self.files) + 1), kind, content, inline=inline)

    def _enclosed(self, part: Message, kind: str) -> None:
        """A mail sent along is a file."""
        try:
            content = b"\r\n".join(bytes(child) for child in _messages(part))
        except (UnicodeError, LookupError, ValueError, TypeError, AttributeError):
            self.left_out += 1
            return
        self._keep(file_name(_name(part), kind, len(self.files) + 1), kind, content, inline=False)

    def _keep(self, name: str, kind: str, content: bytes, *, inline: bool) -> None:
        if not content:
            return
        if len(self.files) >= MAX_FILES:
            self.left_out += 1
            return
        self.files.append(File(name, media_type(kind), content, inline))

    def _headers(self, part: Message) -> None:
        original = BytesHeaderParser(policy=compat32).parsebytes(_bytes(part)[:_HEADER_BYTES])
        self.returned += message_ids(str(original.get("message-id", "")))


def failures_of(blocks: Iterable[Message]) -> list[Failure]:
    """What a delivery report says of each recipient; its first block is about the message as a whole."""
    found = []
    for block in islice(blocks, 50):
        recipient = str(block.get("final-recipient") or block.get("original-recipient") or "")
        address = next(iter(addresses(recipient)), "")
        if address:
            found.append(
                Failure(
                    address,
                    one_line(str(block.get("action", ""))).lower()[:20],
                    one_line(str(block.get("status", "")))[:12],
                    header(str(block.get("diagnostic-code", "")))[:500],
                )
            )
    return found


def media_type(given: str) -> str:
    """A file's type as it was told, if it is one that can be told again."""
    return given if _MEDIA_TYPE.fullmatch(given) else "application/octet-stream"


def file_name(given: str, kind: str, place: int) -> str:
    """A name a file can be saved under anywhere: no folder, nothing that a system reads as something else."""
    name = _UNSAFE_NAME.sub("_", PurePosixPath(one_line(given).replace("\\", "/")).name).strip(" .")
    if len(name) > 120:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[:100]}{dot}{ending[:15]}" if stem else name[:120]
    return name or f"file-{place}.{'eml' if kind == 'message/rfc822' else 'bin'}"


def _best(texts: list[tuple[str, str]]) -> str:
    plain = next((text for kind, text in texts if kind == "text/plain" and text.strip()), None)
    return plain or next((text for _, text in reversed(texts) if text.strip()), "")


def _is_file(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def _name(part: Message) -> str:
    return header(part.get_filename() or "")


def _messages(part: Message) -> Iterator[Message]:
    children = part.get_payload()
    if isinstance(children, list):
        yield from (child for child in children if isinstance(child, Message))


def _bytes(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
