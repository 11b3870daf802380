"""What a reply changes: the customer pauses, one person is asked to read it, and gets it by mail."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final
from uuid import UUID

from sqlmodel import Session

from activities.channels.sendgrid_email import Attachment
from activities.compose import Composer
from activities.contact_writer import ContactWriter
from activities.decisions import decisions_of
from activities.envelope import MAX_FILES_BYTES, stored_bytes
from activities.rendering import RenderError, ReplyCopy, Tone
from activities.store.customers import tell_change
from activities.store.load import load_to_write
from activities.store.lookup import locked_customer
from activities.store.outbox import add_notes
from activities.store.replies import has_case, locked_reply, open_reply_task
from activities.store.tasks import open_task, owner
from models.errors import InvalidFact, WrongState
from models.ids import OutreachSignal
from models.tables import Communication, Company, ContactMade, Customer, Reply, Task
from models.tables.words import MatchedBy, NoteTo, ReplyState, TaskKind
from rules.calendar import BusinessCalendar, Channel, business_calendar
from rules.replies import EFFECTS, PAUSE_DAYS, ReplyKind, paused_until

log = logging.getLogger(__name__)

SHOWN: Final = 8000
"""Characters of a reply that a task and a copy show; the whole is one command away."""

_MOST: Final = 40_000
"""Characters a task's text grows to, however many replies come before somebody reads them."""

_SENT_ALONG: Final = frozenset(
    {".pdf", ".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".txt", ".csv", ".xlsx", ".ods", ".docx"}
    | {".odt", ".xml"}
)
"""Files a copy carries to a colleague. Others (programs, archives, pages) are named, and opened knowingly."""


def take_up(session: Session, customer: Customer, reply: Reply, now: datetime, who: str) -> list[int]:
    """Do what follows from a customer's reply; the notes to deliver after the commit.

    Every reply is a line of the customer's journal, and bumps its `ledger_seq`: what was composed before it
    came does not leave. A person's answer also pauses the customer, and a person is asked to read it: one
    task, however many come before it is done.

    Args:
        session: the transaction.
        customer: locked.
        reply: its row, just kept or assigned.
        now: business time.
        who: who brought it.
    """
    effect = EFFECTS[ReplyKind(reply.kind)]
    company = session.get_one(Company, customer.company_id)
    calendar = business_calendar(customer.country, customer.zone)
    task = None
    days = PAUSE_DAYS if company.reply_pause_days is None else company.reply_pause_days
    if effect.pauses and days:
        reply.pause_until = paused_until(calendar.local_day(now), days, calendar)
    if effect.asks:
        task = _ask(session, company, customer, reply, calendar, now)
        reply.task_id = task.id
    session.flush()
    detail = {"reply": str(reply.id), "channel": reply.channel, "kind": reply.kind}
    if reply.pause_until is not None:
        detail["until"] = str(reply.pause_until)
    if reply.communication_id is not None:
        detail["answers"] = str(reply.communication_id)
    notes = tell_change(session, customer, now, who, "reply_received", detail)
    if task is not None:
        notes += _copy(session, customer, reply, task, calendar, now)
    return notes


def assign(session: Session, reply_id: UUID, customer: Customer, now: datetime, who: str) -> list[int]:
    """A person says whose a reply is, or that an automatic one is an answer after all.

    Args:
        session: the transaction.
        reply_id: the reply.
        customer: whose it is, locked.
        now: business time.
        who: who says so.

    Raises:
        NotFound: no such reply.
        WrongState: it is another customer's, or was taken up already; or that customer never had an invoice.
        InvalidFact: it is known to be of another company.
    """
    reply = locked_reply(session, reply_id)
    if reply.customer_id not in (None, customer.id):
        raise WrongState("the reply is another customer's already")
    if reply.company_id not in (None, customer.company_id):
        raise InvalidFact("customer: the reply came to another company")
    if reply.task_id is not None:
        raise WrongState("the reply was taken up already")
    if not has_case(session, customer.id):
        raise WrongState(f"customer {customer.ref!r} has no invoice: there is nothing to answer about")
    if reply.customer_id is None:
        reply.matched_by = MatchedBy.PERSON
    reply.state, reply.customer_id, reply.company_id = ReplyState.MATCHED, customer.id, customer.company_id
    reply.settled_by, reply.settled_at = who, now
    if not EFFECTS[ReplyKind(reply.kind)].asks:
        reply.kind = ReplyKind.ANSWER
    session.flush()
    return take_up(session, customer, reply, now, who)


def _ask(
    session: Session,
    company: Company,
    customer: Customer,
    reply: Reply,
    calendar: BusinessCalendar,
    now: datetime,
) -> Task:
    """The task in which this reply is read: the one that is open, or a new one."""
    waiting = open_reply_task(session, customer.id)
    if waiting is not None:
        waiting.body = _grown(waiting.body, told_of(session, reply, calendar))
        return waiting
    answered = session.get(Communication, reply.communication_id) if reply.communication_id else None
    task, _ = open_task(
        session,
        key=f"reply/{reply.id}",
        kind=TaskKind.REPLY,
        company_id=company.id,
        customer_id=customer.id,
        contact_id=answered.contact_id if answered else None,
        communication_id=answered.id if answered else None,
        title=f"{customer.name} answered by {_BY[Channel(reply.channel)]}"[:300],
        body=told_of(session, reply, calendar),
        now=now,
        today=calendar.local_day(now),
        due_on=calendar.add_business_days(calendar.local_day(now), 1),
        assignee_email=owner(customer, company),
    )
    return task


_BY: Final = {Channel.EMAIL: "e-mail", Channel.SMS: "text message"}


def told_of(session: Session, reply: Reply, calendar: BusinessCalendar) -> str:
    """A reply as the task shows it: who wrote, to which message, what is new in it, what came along."""
    who = f"{reply.sender_name} <{reply.sender}>" if reply.sender_name else reply.sender
    lines = [f"On {calendar.local_day(reply.received_at)}, {who} wrote:"]
    if reply.contact_id is None:
        lines.append("(not among this customer's contacts)")
    answered = _answered(session, reply)
    if answered is not None:
        lines.append(f"In answer to {answered}.")
    if reply.subject:
        lines.append(f"Subject: {reply.subject}")
    lines += ["", reply.text[:SHOWN] or "(no text)"]
    short = str(reply.id)[:8]
    if len(reply.text) > SHOWN or len(reply.whole) > len(reply.text):
        lines += ["", f"(There is more, quoted or signed: relance reply {short})"]
    if reply.fault is not None:
        lines += ["", f"(Not all of it could be read: {reply.fault}. Ask for it again if in doubt.)"]
    files = [file for file in reply.files if not file["inline"]]
    if files:
        named = ", ".join(f"{file['name']} ({_size(file['size'])})" for file in files)
        lines += ["", f"Files: {named} (relance reply {short} --save FOLDER)"]
    if reply.files_left_out:
        lines.append(f"{reply.files_left_out} more files were not kept.")
    if reply.pause_until is not None:
        lines += ["", f"Nothing leaves for this customer until this is done, or {reply.pause_until} comes."]
    return "\n".join(lines)


def _grown(body: str, more: str) -> str:
    joined = f"{body}\n\n--- then ---\n\n{more}"
    if len(joined) <= _MOST:
        return joined
    left = "\n\n--- then more came: relance replies ---"
    return body if body.endswith(left) else body + left


def _answered(session: Session, reply: Reply) -> str | None:
    if reply.communication_id is None:
        return None
    message = session.get_one(Communication, reply.communication_id)
    contact = session.get(ContactMade, message.contact_id) if message.contact_id else None
    what = contact.step if contact is not None else message.kind
    sent = message.sent_at or message.planned_at
    return f"{what} of {sent.date()}"


def _copy(
    session: Session, customer: Customer, reply: Reply, task: Task, calendar: BusinessCalendar, now: datetime
) -> list[int]:
    """The reply by mail to who is asked to read it, unless it came to their own mailbox as well."""
    colleague = task.assignee_email
    if colleague is None or (reply.recipient or "").lower() == colleague.lower():
        return []
    record = locked_customer(session, customer.id)
    loaded = load_to_write(session, customer.id, now)
    composer = Composer(session, loaded, decisions_of(loaded, now), now)
    attached, left_out = _files(session, reply)
    copy = ReplyCopy(
        channel=reply.channel,
        sender=reply.sender,
        sender_name=reply.sender_name,
        known=reply.contact_id is not None,
        subject=reply.subject,
        received_on=calendar.local_day(reply.received_at),
        lines=tuple((reply.text[:SHOWN] or "…").split("\n")),
        folded=len(reply.whole) > len(reply.text),
        enclosed=tuple(file.name for file in attached),
        left_out=left_out,
        paused_until=reply.pause_until,
    )
    try:
        message = composer.to_colleague(
            colleague, "reply_copy", Tone.STATEMENT, f"reply-copy/{reply.id}", reply=copy
        )
    except RenderError:
        # The task says it all the same.
        log.exception("the copy of reply %s cannot be written", reply.id)
        return []
    if reply.channel == Channel.EMAIL and (to := reply.answer_to or reply.sender):
        # The colleague's answer goes to whoever wrote.
        answered = {"reply_to_address": to, "reply_to_name": reply.sender_name or to}
        message = replace(message, envelope=message.envelope.model_copy(update=answered))
    message = replace(message, files=tuple(attached))
    ContactWriter(session, record, now).message(message, None, {}, None)
    return add_notes(session, [customer.id], NoteTo.OUTREACH, OutreachSignal.NUDGED, now)


def _files(session: Session, reply: Reply) -> tuple[Sequence[Attachment], tuple[str, ...]]:
    """The files that go along, and the names of those that do not."""
    attached: list[Attachment] = []
    left_out: list[str] = []
    room = MAX_FILES_BYTES
    for file in reply.files:
        if file["inline"]:
            continue
        ending = PurePosixPath(file["name"]).suffix.lower()
        if ending in _SENT_ALONG and file["size"] <= room:
            room -= file["size"]
            body = stored_bytes(session, file["hash"])
            attached.append(Attachment(file["name"], file["media_type"], body))
        else:
            left_out.append(file["name"])
    return attached, tuple(left_out)


def _size(count: int) -> str:
    return f"{max(1, round(count / 1024))} kB"
