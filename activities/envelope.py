"""The stored form of a message: everything a provider is given, as bytes under their hash."""

import hashlib
from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from activities.channels.sendgrid_email import Attachment
from activities.store.sql import run
from models.errors import NotFound, RelanceError

MEDIA_TYPE = "application/vnd.relance.message+json"
MAX_FILES_BYTES = 10 * 1024 * 1024
"""What the files of one message may weigh together: many a mailbox takes no more."""


class TooLarge(RelanceError):
    """The files of a message weigh too much together."""


class Enclosure(BaseModel):
    """A file of a message: the name its reader sees, and the hash its bytes are kept under."""

    model_config = ConfigDict(frozen=True)

    name: str
    media_type: str
    hash: str
    size: int


_KEEP: Final = """
    INSERT INTO content (hash, media_type, body) VALUES (%(hash)s, %(media_type)s, %(body)s)
    ON CONFLICT (hash) DO NOTHING
"""
_FETCH: Final = "SELECT body FROM content WHERE hash = %(hash)s"


class Envelope(BaseModel):
    """One message as it will leave. `text` is the whole SMS, or the plain part of an e-mail or letter."""

    model_config = ConfigDict(frozen=True)

    channel: str
    to_address: str
    to_name: str | None = None
    from_address: str | None = None
    from_name: str | None = None
    reply_to_address: str | None = None
    reply_to_name: str | None = None
    cc: tuple[str, ...] = ()
    subject: str | None = None
    text: str
    html: str | None = None
    attachments: tuple[Enclosure, ...] = ()


def seal(session: Session, envelope: Envelope, files: Sequence[Attachment] = ()) -> tuple[str, bytes]:
    """Store the `files` of `envelope` (once for equal bytes); return its SHA-256, in hexadecimal, and bytes.

    What it has attached already is stored, and stays behind them.

    The bytes are to be stored under the hash, as `MEDIA_TYPE`, by the statement that writes the message.

    Raises:
        TooLarge: the files weigh more than 10 MB together.
    """
    weight = sum(len(file.content) for file in files) + sum(each.size for each in envelope.attachments)
    if weight > MAX_FILES_BYTES:
        raise TooLarge(
            f"attachments: {weight / 2**20:.1f} MB together, a message takes at most "
            f"{MAX_FILES_BYTES // 2**20} MB"
        )
    enclosed = tuple(
        Enclosure(
            name=file.name,
            media_type=file.media_type,
            hash=store_bytes(session, file.media_type, file.content),
            size=len(file.content),
        )
        for file in files
    )
    whole = (
        envelope.model_copy(update={"attachments": (*enclosed, *envelope.attachments)})
        if enclosed
        else envelope
    )
    body = whole.model_dump_json().encode()
    return hashlib.sha256(body).hexdigest(), body


def keep(session: Session, envelope: Envelope, files: Sequence[Attachment] = ()) -> str:
    """Store `envelope` with its `files`, where no message is written with it; its hash. Errors as `seal`."""
    digest, body = seal(session, envelope, files)
    run(session, _KEEP, hash=digest, media_type=MEDIA_TYPE, body=body)
    return digest


def store_bytes(session: Session, media_type: str, body: bytes) -> str:
    """Keep bytes under their SHA-256, in hexadecimal, which is returned; equal ones are kept once."""
    digest = hashlib.sha256(body).hexdigest()
    run(session, _KEEP, hash=digest, media_type=media_type, body=body)
    return digest


def fetch(session: Session, digest: str) -> Envelope:
    """The message stored under `digest`.

    Raises:
        NotFound: nothing is stored under it, or the bytes are not those that were.
    """
    return opened(stored_bytes(session, digest), digest)


def opened(body: bytes | None, digest: str) -> Envelope:
    """The message whose stored bytes are `body`; errors as `fetch`."""
    return Envelope.model_validate_json(_checked(body, digest))


def fetch_files(session: Session, envelope: Envelope) -> tuple[Attachment, ...]:
    """The files of a stored message, with their bytes; errors as `fetch`."""
    return tuple(
        Attachment(file.name, file.media_type, stored_bytes(session, file.hash))
        for file in envelope.attachments
    )


def stored_bytes(session: Session, digest: str) -> bytes:
    """The bytes kept under a hash; errors as `fetch`."""
    return _checked(run(session, _FETCH, hash=digest).scalar_one_or_none(), digest)


def _checked(body: bytes | None, digest: str) -> bytes:
    if body is None:
        raise NotFound(f"no content {digest}")
    if hashlib.sha256(body).hexdigest() != digest:
        raise NotFound(f"content {digest} was altered")
    return body
