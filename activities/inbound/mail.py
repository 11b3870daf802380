"""A mail as it came in, read as far as needed: who, to whom, what, which files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from activities.inbound.charsets import header, one_line
from rules.replies import Traits

MAX_TEXT: Final = 200_000
"""Characters kept of a mail's text."""

MAX_FILES: Final = 20
"""Files kept of one mail."""

_ADDRESS: Final = re.compile(r"[^\s<>()\[\],;:\"@\\]{1,64}@[^\s<>()\[\],;:\"@\\]{1,253}")
_MESSAGE_ID: Final = re.compile(r"<([^<>\s]{3,250})>")
_ANGLED: Final = re.compile(r"<\s*(?:mailto:)?([^<>\s]{3,320})\s*>")


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a mail. `inline`: shown inside its text, as the logo of a signature is."""

    name: str
    media_type: str
    content: bytes = field(repr=False)
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """What a delivery report says of one recipient (RFC 3464).

    Args:
        recipient: the address that failed, in small letters.
        action: `failed`, `delayed`, `delivered`, `relayed` or `expanded`.
        status: as `5.1.1`; the first figure tells for ever (5) from for now (4).
        diagnostic: the mail server's own words.
    """

    recipient: str
    action: str
    status: str = ""
    diagnostic: str = ""

    @property
    def permanent(self) -> bool:
        """Whether that address will not take a message later either."""
        return self.action == "failed" and self.status.startswith("5")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, read. Texts are clean: they can be stored, and shown as text.

    Args:
        sender: the address in `From`, in small letters; empty when there is none.
        answers: message ids in `In-Reply-To` and `References` (and of a returned message), the nearest first.
        recipients: every address it went to, the envelope's first.
        failures: of a delivery report, what it says of each recipient.
        fault: why its content was not read; its headers were.
        left_out: files that were not kept.
    """

    headers: Mapping[str, str]
    sender: str
    sender_name: str
    subject: str
    message_id: str
    answers: tuple[str, ...]
    recipients: tuple[str, ...]
    text: str = ""
    files: tuple[File, ...] = ()
    failures: tuple[Failure, ...] = ()
    fault: str | None = None
    left_out: int = 0
    null_sender: bool = False
    content_type: str = ""

    @property
    def traits(self) -> Traits:
        """What its kind is told by."""
        return Traits(self.headers, self.subject, self.sender, self.content_type, self.null_sender)

    @property
    def answer_to(self) -> str:
        """Where an answer to it goes: `Reply-To`, else its sender."""
        return next(iter(addresses(self.headers.get("reply-to", ""))), self.sender)


def addresses(value: str, limit: int = 50) -> tuple[str, ...]:
    """The addresses in a header's value, in small letters, each once."""
    found = (match.group().strip(".'").lower() for match in _ADDRESS.finditer(value[:20_000]))
    return tuple(dict.fromkeys(found))[:limit]


def mailbox(value: str) -> tuple[str, str]:
    """Address and name of a `From` header as it came: `"Durand, Jeanne" <jeanne@client.example>`."""
    angled = _ANGLED.findall(value[:2000])
    address = next(iter(addresses(angled[-1])), "") if angled else next(iter(addresses(value)), "")
    name = header(value.rpartition("<")[0]) if angled else ""
    return address, one_line(name.strip().strip("\"'"))[:200]


def message_ids(value: str, limit: int = 30) -> tuple[str, ...]:
    """The message ids in a header's value, without their brackets, the last (nearest) first."""
    found = _MESSAGE_ID.findall(value[-8000:])
    return tuple(dict.fromkeys(reversed(found)))[:limit]
