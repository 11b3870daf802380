"""A file that somebody dropped, between its preview and their word: kept in the ledger, theirs alone.

Any API process may be asked for the preview or the confirmation, so the bytes are neither in a folder nor in
memory. Kept as a row of `content`, they need no table of their own; but under a name and not under their
hash, which no message and no import can refer to. Each user has one such place in a company: the next file
takes it, the confirmation empties it, so that nothing piles up and nothing has to be swept.
"""

from __future__ import annotations

import hashlib
from typing import Final

from sqlmodel import Session

from activities.store.sql import run
from admin.console.door import CompanyVisit

_MEDIA_TYPE: Final = "application/vnd.relance.proposed-file"
_PUT: Final = """
    INSERT INTO content (hash, media_type, body) VALUES (%(place)s, %(media_type)s, %(body)s)
    ON CONFLICT (hash) DO UPDATE SET body = excluded.body
"""
_TAKE: Final = "SELECT body FROM content WHERE hash = %(place)s"
# Emptied, not deleted: a deletion has every table that may name a content looked through.
_EMPTY: Final = "UPDATE content SET body = '' WHERE hash = %(place)s"


def digest_of(content: bytes) -> str:
    """What the pages call a file by."""
    return hashlib.sha256(content).hexdigest()


def propose(session: Session, at: CompanyVisit, content: bytes) -> str:
    """Keep a file until its person has decided; its digest. The one before it is let go."""
    run(session, _PUT, place=_place(at), media_type=_MEDIA_TYPE, body=content)
    return digest_of(content)


def proposed(session: Session, at: CompanyVisit, digest: str, *, hold: bool = False) -> bytes | None:
    """The file of that digest, while it is the one that is kept.

    Args:
        session: the transaction.
        at: whose it is.
        digest: as `propose` said.
        hold: nobody else may take it until the transaction ends: of two confirmations one finds it gone.
    """
    found = run(session, _TAKE + (" FOR UPDATE" if hold else ""), place=_place(at)).scalar_one_or_none()
    if found is None:
        return None
    content = bytes(found)
    return content if digest_of(content) == digest else None


def let_go(session: Session, at: CompanyVisit) -> None:
    """Keep it no longer."""
    run(session, _EMPTY, place=_place(at))


def _place(at: CompanyVisit) -> str:
    return f"proposed/{at.company_id}/{at.visit.user.holder.key_id}"
