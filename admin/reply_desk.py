"""What the command line does with replies, one method a command."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import String as Text
from sqlalchemy import cast
from sqlmodel import Session, col, select

from activities.envelope import stored_bytes
from activities.installation import who_runs
from activities.replies import assign
from activities.store.customers import customer_by_ref
from activities.store.engine import transaction
from activities.store.events import add_event
from activities.store.replies import dismiss, locked_reply
from admin.desk import Desk
from models.errors import Conflict, NotFound, RelanceError
from models.tables import Company, Customer, Reply
from models.tables.words import ReplyState

_LISTED = 500


class ReplyDesk(Desk):
    """One installation, as the commands about replies see it."""

    def replies(
        self, *, everything: bool = False, company: str | None = None, customer: str | None = None
    ) -> list[tuple[str, str, str, str, str, str]]:
        """Replies, newest first, 500 at most: those that are nobody's yet, unless more is asked for."""
        wanted = (
            select(Reply, col(Customer.ref), col(Company.ref))
            .join(Customer, col(Customer.id) == Reply.customer_id, isouter=True)
            .join(Company, col(Company.id) == Reply.company_id, isouter=True)
            .order_by(col(Reply.received_at).desc(), col(Reply.id).desc())
            .limit(_LISTED)
        )
        if not everything and customer is None:
            wanted = wanted.where(Reply.state == ReplyState.UNMATCHED)
        if company is not None:
            wanted = wanted.where(Company.ref == company)
        if customer is not None:
            wanted = wanted.where(Customer.ref == customer)
        with transaction(self.engine) as session:
            return [
                (
                    str(reply.id)[:8],
                    f"{reply.received_at:%Y-%m-%d %H:%M}",
                    reply.sender,
                    reply.subject or " ".join(reply.text.split())[:60],
                    _whose(session, reply, company_ref, customer_ref),
                    reply.kind,
                )
                for reply, customer_ref, company_ref in session.exec(wanted)
            ]

    def show_reply(self, reply_id: str) -> str:
        """A reply whole."""
        with transaction(self.engine) as session:
            reply = _reply(session, reply_id)
            who = f"{reply.sender_name} <{reply.sender}>" if reply.sender_name else reply.sender
            head = [
                f"From: {who}",
                f"To: {reply.recipient or ''}",
                f"Subject: {reply.subject or ''}",
                f"Received: {reply.received_at:%Y-%m-%d %H:%M} UTC, by {reply.channel}: {reply.kind}"
                + (f" ({reply.sign})" if reply.sign else ""),
            ]
            if reply.fault is not None:
                head.append(f"Not all of it could be read: {reply.fault}")
            files = [f"[{file['name']}, {_size(file['size'])}]" for file in reply.files]
            return "\n".join([*head, "", reply.whole, *files])

    def assign(self, reply_id: str, company: str, customer: str) -> str:
        """Say whose a reply is."""
        with transaction(self.engine) as session:
            found = _reply(session, reply_id)
            row = customer_by_ref(session, company, customer)
            notes = assign(session, found.id, row, self._clock.now(), who_runs())
        self.deliver(notes)
        return f"{customer}: the reply is theirs; a task asks who follows them to read it"

    def dismiss(self, reply_id: str, why: str) -> str:
        """Say that nothing follows from a reply."""
        with transaction(self.engine) as session:
            reply = locked_reply(session, _reply(session, reply_id).id)
            now = self._clock.now()
            dismiss(session, reply, now, who_runs())
            if reply.company_id is not None:
                add_event(
                    session,
                    company_id=reply.company_id,
                    at=now,
                    who=who_runs(),
                    what="reply_dismissed",
                    why=why,
                    detail={"reply": str(reply.id)},
                )
        return f"{str(reply.id)[:8]}: dismissed; it is kept"

    def save_files(self, reply_id: str, folder: Path) -> str:
        """Write the files of a reply into a folder; one that is there already is not written over."""
        with transaction(self.engine) as session:
            reply = _reply(session, reply_id)
            files = [(file["name"], stored_bytes(session, file["hash"])) for file in reply.files]
        if not files:
            raise NotFound(f"reply {reply_id}: no file came with it")
        written = []
        for name, content in files:
            path = folder / name
            try:
                with path.open("xb") as file:
                    file.write(content)
            except FileExistsError:
                raise Conflict(f"{path}: there is such a file already") from None
            except OSError as error:
                raise RelanceError(f"{path}: cannot be written ({error.strerror})") from None
            written.append(f"{path}: {_size(len(content))}")
        return "\n".join(written)


def _whose(session: Session, reply: Reply, company: str | None, customer: str | None) -> str:
    if customer is not None:
        return f"{company} {customer}"
    if reply.state == ReplyState.DISMISSED:
        return "dismissed"
    if reply.suggested_customer_id is not None:
        suggested = session.get_one(Customer, reply.suggested_customer_id)
        return f"{company} {suggested.ref}?"
    return f"{company or '?'} ?"


def _reply(session: Session, reply_id: str) -> Reply:
    if re.fullmatch(r"[0-9a-f-]{4,36}", reply_id.lower()) is None:
        raise NotFound(f"no reply {reply_id!r}: give at least four characters of its id")
    found = session.exec(
        select(Reply).where(cast(col(Reply.id), Text).startswith(reply_id.lower(), autoescape=True)).limit(2)
    ).all()
    if not found:
        raise NotFound(f"no reply {reply_id!r}")
    if len(found) > 1:
        raise NotFound(f"several replies begin with {reply_id!r}: give more of it")
    return found[0]


def _size(count: int) -> str:
    return f"{max(1, round(count / 1024))} kB"
