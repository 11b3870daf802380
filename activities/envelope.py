"""The stored form of a message: everything a provider is given, as bytes under their hash."""

import hashlib
from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from activities.store.sql import run
from models.errors import NotFound

MEDIA_TYPE = "application/vnd.relance.message+json"

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


def keep(session: Session, envelope: Envelope) -> str:
    """Store the bytes of `envelope` (once for equal bytes) and return their SHA-256, in hexadecimal."""
    body = envelope.model_dump_json().encode()
    digest = hashlib.sha256(body).hexdigest()
    run(session, _KEEP, hash=digest, media_type=MEDIA_TYPE, body=body)
    return digest


def fetch(session: Session, digest: str) -> Envelope:
    """The message stored under `digest`.

    Raises:
        NotFound: nothing is stored under it, or the bytes are not those that were.
    """
    body = run(session, _FETCH, hash=digest).scalar_one_or_none()
    if body is None:
        raise NotFound(f"no content {digest}")
    if hashlib.sha256(body).hexdigest() != digest:
        raise NotFound(f"content {digest} was altered")
    return Envelope.model_validate_json(body)
