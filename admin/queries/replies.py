"""What customers wrote: the list, one reply whole, its files."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from admin.api.paging import Page
from admin.queries.communications import Part
from admin.queries.models import Answer
from admin.queries.reading import INSTANT, Order, Paging, read_page
from models.errors import NotFound
from models.tables import Content, Customer, Reply
from models.tables.words import ReplyState
from rules.replies import ReplyKind

EXCERPT: Final = 300
"""Characters of a reply's newest part that a list shows."""

_Suggested: Any = aliased(Customer)


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


_COLUMNS: Final[tuple[Any, ...]] = (
    col(Reply.id),
    col(Reply.channel),
    col(Reply.kind),
    col(Reply.sign),
    col(Reply.state),
    col(Reply.matched_by),
    col(Customer.ref).label("customer"),
    col(Customer.name).label("customer_name"),
    _Suggested.ref.label("suggested_customer"),
    col(Reply.received_at),
    col(Reply.sender),
    col(Reply.sender_name),
    col(Reply.subject),
    func.left(col(Reply.text), EXCERPT).label("excerpt"),
    col(Reply.task_id),
    col(Reply.pause_until),
    col(Reply.pause_ended_at),
)


def list_replies(session: Session, company_id: UUID | None, wanted: ReplyFilter) -> Page[ReplyRow]:
    """Replies of a company, newest first; with None, those of which nobody knows the company."""
    order = Order(f"replies {company_id}", col(Reply.received_at), col(Reply.id), INSTANT, descending=True)
    conditions = [_of(company_id)]
    if wanted.state is not None:
        conditions.append(col(Reply.state) == wanted.state.value)
    if wanted.kind is not None:
        conditions.append(col(Reply.kind) == wanted.kind.value)
    if wanted.customer is not None:
        conditions.append(col(Customer.ref) == wanted.customer)

    def build(where: ColumnElement[bool], by: tuple[ColumnElement[Any], ...], limit: int) -> Select[Any]:
        return (
            _filled(*_COLUMNS)
            .add_columns(col(Reply.received_at).label("sort_key"), col(Reply.id).label("sort_id"))
            .where(*conditions, where)
            .order_by(*by)
            .limit(limit)
        )

    rows, following = read_page(session, order, wanted.after, wanted.limit, build)
    return Page(items=[ReplyRow.model_validate(row) for row in rows], next=following)


def get_reply(session: Session, company_id: UUID, company: str, reply_id: UUID) -> ReplyPage:
    """One reply; NotFound when the company has none of that id."""
    row = session.connection().execute(_filled(*_COLUMNS).where(col(Reply.id) == reply_id)).one_or_none()
    reply = session.get(Reply, reply_id)
    if row is None or reply is None or reply.company_id != company_id:
        raise NotFound(f"no reply {reply_id}")
    return page_of(row, reply, f"/v1/companies/{company}/replies/{reply_id}")


def page_of(row: Row[Any], reply: Reply, path: str) -> ReplyPage:
    """A reply whole, from its row in a list and the ledger's own."""
    more = reply.model_dump(include=set(ReplyPage.model_fields) - set(ReplyRow.model_fields) - {"files"})
    files = [
        ReplyFileRow(
            name=file["name"],
            media_type=file["media_type"],
            size=file["size"],
            inline=file["inline"],
            content=f"{path}/files/{place}",
        )
        for place, file in enumerate(reply.files)
    ]
    return ReplyPage(**row._mapping, **more, files=files)


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


def _of(company_id: UUID | None) -> ColumnElement[bool]:
    if company_id is None:
        return col(Reply.company_id).is_(None)
    return col(Reply.company_id) == company_id


def _filled(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(Reply)
        .join(Customer, col(Customer.id) == col(Reply.customer_id), isouter=True)
        .join(_Suggested, _Suggested.id == col(Reply.suggested_customer_id), isouter=True)
    )
