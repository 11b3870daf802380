"""What the sandbox provider keeps and shows: messages and attachments, and the faults it is told to play."""

import re
import unicodedata
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Provider(StrEnum):
    """The provider a request was addressed to."""

    SENDGRID = "sendgrid"
    TWILIO = "twilio"


class Channel(StrEnum):
    """How the message would have reached its reader."""

    EMAIL = "email"
    SMS = "sms"


class FaultMode(StrEnum):
    """What a fault does with a request.

    - ``status``: answers an error; nothing is accepted.
    - ``hang``: says nothing until the client gives up; nothing is accepted.
    - ``late``: accepts, and answers after ``delay`` seconds.
    - ``drop_before``: closes the line before accepting.
    - ``accept_then_drop``: accepts, then closes the line without an answer.
    - ``accept_then_status``: accepts, then answers an error.
    """

    STATUS = "status"
    HANG = "hang"
    LATE = "late"
    DROP_BEFORE = "drop_before"
    ACCEPT_THEN_DROP = "accept_then_drop"
    ACCEPT_THEN_STATUS = "accept_then_status"

    @property
    def accepts(self) -> bool:
        """Whether the provider has taken the message although the client may never learn it."""
        return self in (FaultMode.LATE, FaultMode.ACCEPT_THEN_DROP, FaultMode.ACCEPT_THEN_STATUS)


class FaultSpec(BaseModel):
    """A fault as a test or a person asks for it.

    ``match_to`` is a part of a recipient's address or number, ``code`` a Twilio error code (SendGrid has
    none), ``retry_after`` and ``delay`` are seconds, ``times`` is how often it applies (``None``: until
    cleared). ``on`` says whether it concerns sending, or Twilio's reads (list and fetch).
    For ``hang``, ``delay`` is the longest the line is held open.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: FaultMode
    provider: Literal["sendgrid", "twilio", "any"] = "any"
    on: Literal["send", "read"] = "send"
    match_to: str | None = Field(default=None, min_length=1)
    status: int = Field(default=500, ge=400, le=599)
    code: int | None = None
    retry_after: int | None = Field(default=None, ge=0)
    delay: float | None = Field(default=None, ge=0, le=3600)
    times: int | None = Field(default=None, ge=1)


class FaultRule(FaultSpec):
    """A fault in force: its number, and how many times it may still apply."""

    id: int
    remaining: int | None


class Address(BaseModel):
    """An e-mail address or a telephone number, with the name shown beside it."""

    model_config = ConfigDict(frozen=True)

    address: str
    name: str | None = None

    @property
    def label(self) -> str:
        """The name a reader sees first."""
        return self.name or self.address


class Attachment(BaseModel):
    """A file attached to an e-mail; its bytes are read with ``MessageStore.attachment``."""

    model_config = ConfigDict(frozen=True)

    position: int
    filename: str
    content_type: str = "application/octet-stream"
    size: int
    sha256: str
    disposition: str = "attachment"
    content_id: str | None = None


class RawRequest(BaseModel):
    """The request as it came, with the credentials struck out."""

    model_config = ConfigDict(frozen=True)

    method: str
    path: str
    headers: dict[str, str]
    body: str


class Answer(BaseModel):
    """What the client was told; ``status`` is ``None`` when the line was held or closed without an answer."""

    model_config = ConfigDict(frozen=True)

    status: int | None
    body: str = ""
    fault: FaultMode | None = None


class SandboxMessage(BaseModel):
    """One message as a provider received it, for one set of recipients.

    ``accepted`` means the provider took it: a real one would deliver it, whatever the client was told.
    ``custom_args`` are SendGrid's; for an SMS they are the query parameters of ``StatusCallback``, which is
    where an opaque id can travel. ``raw`` is only filled when one message is read.
    """

    model_config = ConfigDict(frozen=True)

    id: int = 0
    provider: Provider
    channel: Channel
    received_at: datetime
    accepted: bool = False
    answer: Answer = Answer(status=None)
    provider_id: str
    account: str | None = None
    sender: Address | None = Field(default=None, serialization_alias="from")
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: Address | None = None
    subject: str | None = None
    text: str | None = None
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    custom_args: dict[str, str] = {}
    headers: dict[str, str] = {}
    categories: tuple[str, ...] = ()
    messaging_service: str | None = None
    status_callback: str | None = None
    validity_period: int | None = None
    encoding: str | None = None
    segments: int | None = None
    raw: RawRequest | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_from(cls, data: Any) -> Any:
        # JSON calls the sender "from", which is no name for an attribute.
        if isinstance(data, dict) and "from" in data:
            return {**{key: value for key, value in data.items() if key != "from"}, "sender": data["from"]}
        return data

    @property
    def recipients(self) -> tuple[str, ...]:
        """Every address the message goes to, copies included."""
        return tuple(person.address for person in (*self.to, *self.cc, *self.bcc))

    @property
    def snippet(self) -> str:
        """The first words, as a mail program shows them in its list."""
        source = self.text or re.sub(r"(?s)<(style|head).*?</\1>|<[^>]+>", " ", self.html or "")
        # No-break spaces stay: an amount must not be torn at the end of a line.
        return re.sub(r"[ \t\r\n]+", " ", source).strip()[:160]

    @property
    def files(self) -> tuple[Attachment, ...]:
        """The attachments a reader sees as files; pictures placed in the text are not."""
        return tuple(item for item in self.attachments if item.disposition != "inline")


class Counts(BaseModel):
    """How many messages are kept; ``latest`` is the highest message number (0: none).

    ``unanswered`` are the requests to send whose client still waits for its answer.
    """

    total: int
    accepted: int
    refused: int
    by_channel: dict[Channel, int]
    by_provider: dict[Provider, int]
    recipients: int
    latest: int
    unanswered: int = 0


def fold(text: str) -> str:
    """Text without case or accents, so that a search for "echeance" finds "Échéance"."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()
