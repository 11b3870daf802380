"""Taking back what was planned: drafts, messages not yet handed over, the approvals they wait for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from activities.store.lookup import among
from activities.store.tasks import withdraw_tasks
from models.tables import Communication, ContactItem, ContactMade
from models.tables.words import CommunicationStatus, ContactStatus, TaskKind

WAITING = (ContactStatus.DRAFT, ContactStatus.APPROVED)


def waiting_contacts(session: Session, invoice_ids: Iterable[UUID]) -> list[ContactMade]:
    """Composed contacts, not yet being sent, that are about any of these invoices."""
    of_invoices = select(ContactItem.contact_id).where(among(ContactItem.invoice_id, invoice_ids))
    return list(
        session.exec(
            select(ContactMade)
            .where(col(ContactMade.id).in_(of_invoices), col(ContactMade.status).in_(WAITING))
            .order_by(col(ContactMade.composed_at), col(ContactMade.id))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def withdraw_contact(session: Session, contact: ContactMade, now: datetime, why: str, who: str) -> None:
    """Withdraw one contact, its messages that are still planned, and its open approval task."""
    contact.status = ContactStatus.WITHDRAWN
    contact.reason = why
    session.exec(
        update(Communication)
        .where(
            col(Communication.contact_id) == contact.id,
            col(Communication.status) == CommunicationStatus.PLANNED,
        )
        .values(status=CommunicationStatus.WITHDRAWN.value, error=why)
    )
    withdraw_tasks(session, now=now, why=why, who=who, contact_id=contact.id, kinds=(TaskKind.APPROVAL,))


def withdraw_planned(
    session: Session, invoice_ids: Iterable[UUID], now: datetime, why: str, who: str = "relance"
) -> list[ContactMade]:
    """Withdraw everything composed about any of these invoices that has not left; return those contacts."""
    contacts = waiting_contacts(session, invoice_ids)
    for contact in contacts:
        withdraw_contact(session, contact, now, why, who)
    return contacts


def unconclude(session: Session, contact: ContactMade, why: str) -> list[UUID]:
    """A contact that had counted as made was not made; return the invoices whose step comes again."""
    contact.status = ContactStatus.FAILED
    contact.reason = why
    contact.concluded_at = contact.on_day = None
    items = session.exec(select(ContactItem).where(ContactItem.contact_id == contact.id)).all()
    for item in items:
        item.concluded = False
        item.concluded_at = item.on_day = None
    session.flush()
    return [item.invoice_id for item in items]
