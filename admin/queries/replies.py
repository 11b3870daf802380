"""What customers wrote: the list, one reply whole, its files."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field
from sqlmodel import Session

from admin.api.paging import Page
from admin.queries.communications import Part
from admin.queries.models import Answer
from admin.queries.reading import INSTANT, Order, Paging, read_page, rows_of
from models.errors import NotFound
from models.tables import Content, Reply
from models.tables.words import ReplyState
from rules.replies import ReplyKind

EXCERPT: Final = 300
"""Characters of a reply's newest part that a list shows."""


class ReplyRow(Answer):
    """One mail or text message that came in. `suggested_customer`: who it may be from, while nobody knows."""

    id: UUID
    channel: Annotated[str, Field(examples=["email"])]
    kind: Annotated[ReplyKind, Field(description="`automatic`: out of office and the like; nothing follows")]
    sign: Annotated[str | None, Field(description="By what its kind was known")]
    state: ReplyState
    matched_by: Annotated[str | None, Field(examples=["token"])]
    customer: str | None
    customer_name: str | None
    suggested_customer: str | None
    received_at: datetime
    sender: str
    sender_name: str | None
    subject: str | None
    excerpt: Annotated[str, Field(description="The beginning of its newest part")]
    task_id: UUID | None
    pause_until: Annotated[date | None, Field(description="Nothing leaves before, unless its task is done")]
    pause_ended_at: datetime | None


class ReplyFileRow(Answer):
    """A file that came with a reply. `size` in bytes; `inline`: shown inside its text."""

    name: str
    media_type: str
    size: int
    inline: bool
    content: Annotated[str, Field(description="Path of its bytes")]


class ReplyPage(ReplyRow):
    """One reply whole. `text` is its newest part, `whole` all of it, quotation and signature included."""

    recipient: str | None
    answer_to: Annotated[str | None, Field(description="Where an answer goes, if not to the sender")]
    communication_id: Annotated[UUID | None, Field(description="The message it answers")]
    contact_id: Annotated[UUID | None, Field(description="The contact who wrote, if it is one")]
    text: str
    whole: str
    fault: Annotated[str | None, Field(description="Why not all of it could be read")]
    files: list[ReplyFileRow]
    files_left_out: int
    settled_by: str | None
    settled_at: datetime | None


class ReplyFilter(Paging):
    """Which replies."""

    state: Annotated[ReplyState | None, Field(description="`unmatched`: somebody must say whose")] = None
    kind: ReplyKind | None = None
    customer: Annotated[str | None, Field(max_length=200, description="The customer's reference")] = None


_COLUMNS: Final = f"""
    r.id, r.channel, r.kind, r.sign, r.state, r.matched_by, c.ref AS customer, c.name AS customer_name,
    maybe.ref AS suggested_customer, r.received_at, r.sender, r.sender_name, r.subject,
    left(r.text, {EXCERPT}) AS excerpt, r.task_id, r.pause_until, r.pause_ended_at
"""
_FROM: Final = """
    reply r LEFT JOIN customer c ON c.id = r.customer_id
            LEFT JOIN customer maybe ON maybe.id = r.suggested_customer_id
"""
_ONE: Final = f"""
    SELECT {_COLUMNS}, r.recipient, r.answer_to, r.communication_id, r.contact_id, r.text, r.whole, r.fault,
           r.files, r.files_left_out, r.settled_by, r.settled_at
      FROM {_FROM}
     WHERE r.id = %(reply)s AND r.company_id = %(company)s
"""


def list_replies(session: Session, company_id: UUID | None, wanted: ReplyFilter) -> Page[ReplyRow]:
    """Replies of a company, newest first; with None, those of which nobody knows the company."""
    order = Order(f"replies {company_id}", "r.received_at", "r.id", INSTANT, descending=True)
    conditions = ["r.company_id IS NULL" if company_id is None else "r.company_id = %(company)s"]
    if wanted.state is not None:
        conditions.append("r.state = %(state)s")
    if wanted.kind is not None:
        conditions.append("r.kind = %(kind)s")
    if wanted.customer is not None:
        conditions.append("c.ref = %(customer)s")
    asked = " AND ".join(conditions)

    def build(where: str, limit: int) -> str:
        return f"""
            SELECT {_COLUMNS}, {order.columns}
              FROM {_FROM}
             WHERE {asked} AND {where}
             ORDER BY {order.by()}
             LIMIT {limit}
        """

    rows, following = read_page(
        session,
        order,
        wanted,
        build,
        company=company_id,
        state=wanted.state,
        kind=wanted.kind,
        customer=wanted.customer,
    )
    return Page(items=[ReplyRow(**row) for row in rows], next=following)


def get_reply(session: Session, company_id: UUID, company: str, reply_id: UUID) -> ReplyPage:
    """One reply; NotFound when the company has none of that id."""
    row = next(iter(rows_of(session, _ONE, reply=reply_id, company=company_id)), None)
    if row is None:
        raise NotFound(f"no reply {reply_id}")
    files = [
        ReplyFileRow(
            name=file["name"],
            media_type=file["media_type"],
            size=file["size"],
            inline=file["inline"],
            content=f"/v1/companies/{company}/replies/{reply_id}/files/{place}",
        )
        for place, file in enumerate(row.pop("files"))
    ]
    return ReplyPage(**row, files=files)


def reply_file(session: Session, company_id: UUID, reply_id: UUID, index: int) -> Part:
    """A file of a reply, by its place from 0.

    Raises:
        NotFound: the company has no such reply, it has no such file, or its bytes were altered.
    """
    reply = session.get(Reply, reply_id)
    if reply is None or reply.company_id != company_id:
        raise NotFound(f"no reply {reply_id}")
    if not 0 <= index < len(reply.files):
        raise NotFound(f"reply {reply_id} has no file {index}")
    file = reply.files[index]
    content = session.get(Content, file["hash"])
    if content is None or hashlib.sha256(content.body).hexdigest() != file["hash"]:
        raise NotFound(f"content {file['hash']} is not there as it was stored")
    return Part(content.body, file["media_type"], file["name"], file["hash"])
