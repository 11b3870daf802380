"""Replies as rows: kept once, looked up by people, and what their pause is."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from activities.envelope import Enclosure
from activities.store.senders import Whose
from models.errors import NotFound, WrongState
from models.tables import DunningCase, Reply, Task
from models.tables.words import ReplyState, TaskKind, TaskStatus
from rules.calendar import Channel
from rules.replies import ReplyKind

SHORT: Final = 8
"""Characters of an id that people are shown."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that came in, read; texts are clean.

    Args:
        channel: `EMAIL` or `SMS`.
        kind: what it is; `sign`, what that was known by.
        received_at: business time.
        sender: an address in small letters, or a number in E.164.
        text: its newest part; `whole`, all of it.
        answer_to: where an answer to it goes, if not to its sender.
        files: those that were kept, by their hashes.
    """

    channel: Channel
    kind: ReplyKind
    received_at: datetime
    sender: str
    text: str = field(repr=False)
    whole: str = field(repr=False)
    sign: str | None = None
    sender_name: str | None = None
    answer_to: str | None = None
    recipient: str | None = None
    subject: str | None = field(default=None, repr=False)
    message_id: str | None = None
    fault: str | None = None
    files: tuple[dict[str, Any], ...] = ()
    files_left_out: int = 0


def keep_reply(session: Session, incoming: Incoming, whose: Whose, state: ReplyState) -> Reply | None:
    """Keep a reply; None when it was kept before.

    The same message told twice has the same id and says the same; one mail that answers the messages of two
    customers is a reply of each.
    """
    told = asdict(incoming)
    told |= {"channel": incoming.channel.value, "kind": incoming.kind.value, "files": list(incoming.files)}
    made = session.exec(
        insert(Reply)
        .values(
            id=uuid4(),
            state=state.value,
            matched_by=whose.by.value if whose.by else None,
            company_id=whose.company_id,
            customer_id=whose.customer_id,
            suggested_customer_id=whose.suggested,
            communication_id=whose.communication_id,
            contact_id=whose.contact_id,
            dedupe_key=_dedupe_key(incoming, whose),
            **told,
        )
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
        .returning(col(Reply.id))
    ).one_or_none()
    return None if made is None else session.get_one(Reply, made[0])


def reply_file(enclosure: Enclosure, *, inline: bool) -> dict[str, Any]:
    """A file as the row names it."""
    return {**enclosure.model_dump(), "inline": inline}


def locked_reply(session: Session, reply_id: UUID) -> Reply:
    """The reply, freshly read and locked; NotFound otherwise."""
    found = session.exec(
        select(Reply).where(Reply.id == reply_id).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound(f"no reply {reply_id}")
    return found


def open_reply_task(session: Session, customer_id: UUID) -> Task | None:
    """The task in which somebody is already asked to read this customer's replies."""
    return session.exec(
        select(Task)
        .where(
            Task.customer_id == customer_id,
            Task.kind == TaskKind.REPLY,
            Task.status == TaskStatus.OPEN,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()


def has_case(session: Session, customer_id: UUID) -> bool:
    """Whether the customer has, or had, any case at all."""
    found = session.exec(
        select(DunningCase.invoice_id).where(DunningCase.customer_id == customer_id).limit(1)
    ).first()
    return found is not None


def end_reply_pauses(session: Session, task_id: UUID, now: datetime) -> None:
    """Somebody has read the replies of this task: their pauses are over."""
    session.exec(
        update(Reply)
        .where(
            col(Reply.task_id) == task_id,
            col(Reply.pause_until).is_not(None),
            col(Reply.pause_ended_at).is_(None),
        )
        .values(pause_ended_at=now)
    )


def dismiss(session: Session, reply: Reply, now: datetime, who: str) -> None:
    """Nobody's, or nothing follows from it: it is listed no more.

    Raises:
        WrongState: its customer is known.
    """
    if reply.state == ReplyState.MATCHED:
        raise WrongState("the reply is a customer's: complete its task instead")
    reply.state, reply.settled_by, reply.settled_at = ReplyState.DISMISSED, who, now
    session.flush()


def _dedupe_key(incoming: Incoming, whose: Whose) -> str:
    parts = (
        incoming.channel.value,
        incoming.message_id or "",
        incoming.sender,
        incoming.whole,
        *(str(file["hash"]) for file in incoming.files),
        str(whose.customer_id or ""),
    )
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()
