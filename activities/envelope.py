"""The stored form of a message: everything a provider is given, as bytes under their hash."""

import hashlib

from pydantic import BaseModel, ConfigDict
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from models.errors import NotFound
from models.tables import Content

MEDIA_TYPE = "application/vnd.relance.message+json"


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
    session.exec(
        insert(Content)
        .values(hash=digest, media_type=MEDIA_TYPE, body=body)
        .on_conflict_do_nothing(index_elements=["hash"])
    )
    return digest


def fetch(session: Session, digest: str) -> Envelope:
    """The message stored under `digest`.

    Raises:
        NotFound: nothing is stored under it, or the bytes are not those that were.
    """
    content = session.get(Content, digest)
    if content is None:
        raise NotFound(f"no content {digest}")
    if hashlib.sha256(content.body).hexdigest() != digest:
        raise NotFound(f"content {digest} was altered")
    return Envelope.model_validate_json(content.body)
