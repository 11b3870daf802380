"""Word to a company's own people that is about no single customer: who signs it, and its row."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Session

from activities.envelope import Envelope, keep
from activities.rendering import Message, Recipient, Signatory, locale_for, render
from models.tables import Communication, Company
from models.tables.words import Audience, CommunicationStatus


def signatory_of(company: Company, otherwise: str) -> Signatory:
    """The credit manager, else the company itself; `otherwise` is the address if it has none."""
    return Signatory(
        company.signatory_name or company.name,
        "",
        company.signatory_email or company.email or otherwise,
        company.signatory_phone or company.phone or "",
    )


def colleague(company: Company, address: str, name: str | None) -> Recipient:
    """One of our own people, who reads the company's language."""
    return Recipient(name, None, address, None, locale_for(company.language))


def plan_mail(
    session: Session, company: Company, message: Message, address: str, purpose_key: str, now: datetime
) -> UUID:
    """Write an e-mail and plan it; `NoticesSignal.NUDGED` then has it sent. Returns its id.

    Raises:
        RenderError: it cannot be written.
    """
    rendered, signatory = render(message), message.signatory
    envelope = Envelope(
        channel="email",
        to_address=address,
        to_name=message.recipient.name,
        from_address=company.email or signatory.email,
        from_name=company.name,
        reply_to_address=signatory.email,
        reply_to_name=signatory.name,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
    )
    planned = Communication(
        id=uuid4(),
        company_id=company.id,
        kind=message.step_template,
        audience=Audience.INTERNAL,
        channel=envelope.channel,
        to_address=address,
        language=message.recipient.language,
        subject=envelope.subject,
        content_hash=keep(session, envelope),
        status=CommunicationStatus.PLANNED,
        ledger_seq=0,
        planned_at=now,
        purpose_key=purpose_key,
    )
    session.add(planned)
    return planned.id
