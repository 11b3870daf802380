"""Contacts made, drafts, obstacles and open calls of several invoices, one query each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from sqlmodel import Session, col, or_, select

from activities.store.lookup import among
from models.tables import ContactItem, ContactMade, Task
from models.tables.words import ContactStatus, TaskKind, TaskStatus
from rules.calendar import Channel
from rules.facts import Blocked, Obstacle, OpenCall, StepDone, Tone

_OBSTACLES = {
    TaskKind.FIND_CONTACT.value: Obstacle.FIND_CONTACT,
    TaskKind.DELIVERY_FAILED.value: Obstacle.DELIVERY_FAILED,
}
_UNSETTLED = (ContactStatus.DRAFT, ContactStatus.APPROVED, ContactStatus.WITHHELD)


@dataclass(slots=True)
class Contacts:
    """Facts by invoice; `waiting` are the composed contacts with all their items."""

    done: dict[UUID, list[StepDone]] = field(default_factory=lambda: defaultdict(list))
    blocked: dict[UUID, list[Blocked]] = field(default_factory=lambda: defaultdict(list))
    open_calls: dict[UUID, list[OpenCall]] = field(default_factory=lambda: defaultdict(list))
    waiting: list[tuple[ContactMade, list[ContactItem]]] = field(default_factory=list)


def load_contacts(
    session: Session, invoice_ids: Sequence[UUID], today: date, sending_fingerprint: str | None
) -> Contacts:
    """The contacts of these invoices.

    `today` is the customer's local day. A message withheld earlier, or under another sending switch than
    `sending_fingerprint`, is no obstacle any more.
    """
    found = Contacts()
    done = session.exec(
        select(ContactItem)
        .where(among(ContactItem.invoice_id, invoice_ids), col(ContactItem.concluded))
        .order_by(col(ContactItem.on_day), col(ContactItem.offset_days))
    )
    for item in done:
        if item.on_day is not None:
            found.done[item.invoice_id].append(
                StepDone(item.step, item.on_day, item.offset_days, Tone(item.tone), Channel(item.channel))
            )
    contacts = _unsettled(session, invoice_ids)
    items = _items(session, [contact.id for contact in contacts])
    for contact in contacts:
        if contact.status != ContactStatus.WITHHELD:
            found.waiting.append((contact, items[contact.id]))
        elif contact.composed_on == today and contact.sending_fingerprint == sending_fingerprint:
            until = contact.composed_on + timedelta(days=1)
            for item in items[contact.id]:
                found.blocked[item.invoice_id].append(
                    Blocked(item.step, Obstacle.WITHHELD, contact.composed_on, until)
                )
    _tasks(session, invoice_ids, found)
    return found


def _unsettled(session: Session, invoice_ids: Sequence[UUID]) -> list[ContactMade]:
    about = select(ContactItem.contact_id).where(among(ContactItem.invoice_id, invoice_ids))
    return list(
        session.exec(
            select(ContactMade)
            .where(col(ContactMade.id).in_(about), col(ContactMade.status).in_(_UNSETTLED))
            .order_by(col(ContactMade.composed_at), col(ContactMade.id))
            .execution_options(populate_existing=True)
        )
    )


def _items(session: Session, contact_ids: Sequence[UUID]) -> dict[UUID, list[ContactItem]]:
    by_contact: dict[UUID, list[ContactItem]] = defaultdict(list)
    if not contact_ids:
        return by_contact
    rows = session.exec(
        select(ContactItem)
        .where(among(ContactItem.contact_id, contact_ids))
        .order_by(col(ContactItem.contact_id), col(ContactItem.invoice_id))
        .execution_options(populate_existing=True)
    )
    for item in rows:
        by_contact[item.contact_id].append(item)
    return by_contact


def _tasks(session: Session, invoice_ids: Sequence[UUID], found: Contacts) -> None:
    """Open tasks that a step waits for, and calls not made yet.

    A task is about its invoice, or about every invoice of its contact.
    """
    of_contacts = select(ContactItem.contact_id).where(among(ContactItem.invoice_id, invoice_ids))
    tasks = session.exec(
        select(Task)
        .where(
            Task.status == TaskStatus.OPEN,
            col(Task.kind).in_((*_OBSTACLES, TaskKind.PHONE_CALL)),
            or_(
                among(Task.invoice_id, invoice_ids),
                col(Task.invoice_id).is_(None) & col(Task.contact_id).in_(of_contacts),
            ),
        )
        .order_by(col(Task.opened_at), col(Task.id))
    ).all()
    items = _items(session, [task.contact_id for task in tasks if task.contact_id is not None])
    for task in tasks:
        for invoice_id, step in _steps(task, items):
            if task.kind == TaskKind.PHONE_CALL:
                found.open_calls[invoice_id].append(
                    OpenCall(
                        step,
                        task.opened_on,
                        escalated=task.escalated_at is not None,
                        again_on=task.call_back_on,
                    )
                )
            else:
                found.blocked[invoice_id].append(Blocked(step, _OBSTACLES[task.kind], task.opened_on))


def _steps(task: Task, items: dict[UUID, list[ContactItem]]) -> list[tuple[UUID, str]]:
    if task.invoice_id is not None:
        return [(task.invoice_id, task.step)] if task.step is not None else []
    if task.contact_id is None:
        return []
    # A folded item has another step of its own: it can go out by itself while this one waits. Only a
    # message that failed took it along to the same address.
    return [
        (item.invoice_id, item.step)
        for item in items[task.contact_id]
        if not item.folded or task.kind == TaskKind.DELIVERY_FAILED
    ]
