"""Whose a mail or a text message is: by the message it answers, else by its sender; a likeness only suggests.

Plain SQL, each question by an index: a flood of strangers' mail costs a few lookups each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session

from activities.store.sql import run
from models.ids import replied_to
from models.tables.words import MatchedBy

THREAD_DAYS: Final = timedelta(days=90)
"""How long after a text message to a number what comes from there answers it."""

_PUBLIC: Final = frozenset(
    {"gmail.com", "googlemail.com", "outlook.com", "outlook.fr", "hotmail.com", "hotmail.fr", "live.com"}
    | {"live.fr", "msn.com", "yahoo.com", "yahoo.fr", "icloud.com", "me.com", "orange.fr", "wanadoo.fr"}
    | {"free.fr", "sfr.fr", "laposte.net", "bbox.fr", "gmx.de", "gmx.net", "gmx.com", "gmx.fr", "web.de"}
    | {"t-online.de", "aol.com", "proton.me", "protonmail.com", "numericable.fr", "neuf.fr", "btinternet.com"}
)
"""Domains where anybody has a mailbox: they say nothing about whose mail it is."""

_MESSAGE: Final = """
    SELECT id, customer_id, company_id FROM communication WHERE id = ANY (%(ids)s::uuid[])
"""
# The part of a Message-ID before the @ is what SendGrid answered as X-Message-Id.
_THREAD: Final = """
    SELECT id, customer_id, company_id, provider_id
      FROM communication
     WHERE provider = 'sendgrid' AND provider_id = ANY (%(provider_ids)s::text[])
"""
_BY_ADDRESS: Final = """
    SELECT DISTINCT c.id, c.company_id
      FROM contact p JOIN customer c ON c.id = p.customer_id
     WHERE lower(p.email) = %(address)s
     LIMIT 50
"""
_BY_DOMAIN: Final = """
    SELECT DISTINCT c.id, c.company_id
      FROM contact p JOIN customer c ON c.id = p.customer_id
     WHERE lower(split_part(p.email, '@', 2)) = %(domain)s
     LIMIT 2
"""
_BY_NUMBER: Final = """
    SELECT DISTINCT c.id, c.company_id
      FROM contact p JOIN customer c ON c.id = p.customer_id
     WHERE p.phone = %(number)s
     LIMIT 50
"""
_LAST_TEXT: Final = """
    SELECT id, customer_id, company_id
      FROM communication
     WHERE channel = 'sms' AND to_address = %(number)s AND planned_at >= %(since)s
       AND status IN ('sending', 'sent', 'uncertain')
     ORDER BY planned_at DESC, id
     LIMIT 1
"""
_LAST_TO: Final = """
    SELECT m.customer_id
      FROM communication m
     WHERE m.customer_id = ANY (%(customers)s::uuid[]) AND lower(m.to_address) = %(address)s
     ORDER BY m.planned_at DESC
     LIMIT 1
"""
_COMPANIES: Final = """
    SELECT id, lower(email), lower(signatory_email) FROM company ORDER BY ref LIMIT 1000
"""
_OURS: Final = """
    SELECT EXISTS (SELECT FROM app_user WHERE lower(email) = %(address)s)
        OR EXISTS (SELECT FROM company WHERE %(address)s IN (lower(email), lower(signatory_email)))
        OR EXISTS (SELECT FROM customer
                    WHERE id = %(customer)s
                      AND %(address)s IN (lower(collector_email), lower(sales_rep_email)))
"""
_PERSON: Final = """
    SELECT id FROM contact
     WHERE customer_id = %(customer)s AND (lower(email) = %(address)s OR phone = %(address)s)
     ORDER BY (role = 'accounting') DESC, id
     LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose a reply is: `by` says how surely; without a customer, `suggested` is who it may be from."""

    company_id: UUID | None = None
    customer_id: UUID | None = None
    communication_id: UUID | None = None
    contact_id: UUID | None = None
    by: MatchedBy | None = None
    suggested: UUID | None = None


def whose_mail(
    session: Session,
    *,
    sender: str,
    recipients: Sequence[str],
    answers: Sequence[str],
    reply_domain: str | None,
) -> Whose:
    """Whose a mail is.

    Args:
        session: the transaction.
        sender: its address, in small letters.
        recipients: whom it went to, the envelope's first.
        answers: message ids it names, the nearest first.
        reply_domain: where the addresses of our messages are, if they have any.
    """
    found = _by_token(session, recipients, reply_domain) or _by_thread(session, answers)
    if found is None:
        found = _by_sender(session, sender, recipients)
    if found.customer_id is None or not sender:
        return found
    return replace(found, contact_id=_person(session, found.customer_id, sender))


def whose_text(session: Session, *, number: str, now: datetime) -> Whose:
    """Whose a text message is: by the last one we sent to that number, else by who alone has it.

    Args:
        session: the transaction.
        number: its sender's, E.164.
        now: business time.
    """
    last = run(session, _LAST_TEXT, number=number, since=now - THREAD_DAYS).one_or_none()
    if last is not None:
        message, customer, company = last
        return Whose(company, customer, message, _person(session, customer, number), MatchedBy.THREAD)
    owners = run(session, _BY_NUMBER, number=number).all()
    if len(owners) == 1:
        customer, company = owners[0]
        return Whose(company, customer, None, _person(session, customer, number), MatchedBy.SENDER)
    return Whose(company_id=_one({company for _, company in owners}) or _only_company(session))


def is_ours(session: Session, address: str, customer_id: UUID | None) -> bool:
    """Whether an address is of one of our own people, or of a company of ours."""
    return bool(run(session, _OURS, address=address, customer=customer_id).scalar_one())


def _by_token(session: Session, recipients: Sequence[str], reply_domain: str | None) -> Whose | None:
    if reply_domain is None:
        return None
    ids = [found for address in recipients if (found := replied_to(address, reply_domain)) is not None]
    if not ids:
        return None
    known = {row.id: row for row in run(session, _MESSAGE, ids=ids)}
    row = next((known[each] for each in ids if each in known), None)
    return None if row is None else Whose(row.company_id, row.customer_id, row.id, by=MatchedBy.TOKEN)


def _by_thread(session: Session, answers: Sequence[str]) -> Whose | None:
    wanted = [answer.partition("@")[0] for answer in answers]
    if not wanted:
        return None
    known = {row.provider_id: row for row in run(session, _THREAD, provider_ids=wanted)}
    row = next((known[each] for each in wanted if each in known), None)
    return None if row is None else Whose(row.company_id, row.customer_id, row.id, by=MatchedBy.THREAD)


def _by_sender(session: Session, sender: str, recipients: Sequence[str]) -> Whose:
    company = _company_written_to(session, recipients)
    if not sender:
        return Whose(company)
    owners = run(session, _BY_ADDRESS, address=sender).all()
    mine = [row for row in owners if row.company_id == company] or owners
    if len(mine) == 1:
        return Whose(mine[0].company_id, mine[0].id, by=MatchedBy.SENDER)
    if mine:
        # One accountant for two firms: it is perhaps the one last written to.
        last = run(session, _LAST_TO, customers=[row.id for row in mine], address=sender).scalar_one_or_none()
        its = next((row.company_id for row in mine if row.id == last), None)
        return Whose(its or company or _one({row.company_id for row in mine}), suggested=last)
    domain = sender.rpartition("@")[2]
    if domain in _PUBLIC:
        return Whose(company)
    alike = run(session, _BY_DOMAIN, domain=domain).all()
    if len(alike) != 1 or company not in (None, alike[0].company_id):
        return Whose(company)
    return Whose(alike[0].company_id, suggested=alike[0].id)


def _company_written_to(session: Session, recipients: Sequence[str]) -> UUID | None:
    """The company a mail was written to, or the only one there is."""
    companies = run(session, _COMPANIES).all()
    if len(companies) == 1:
        return UUID(str(companies[0][0]))
    to = set(recipients)
    hosts = {address.rpartition("@")[2] for address in recipients}
    exact = {company for company, *emails in companies if to & set(filter(None, emails))}
    near = {
        company
        for company, *emails in companies
        if hosts & {email.rpartition("@")[2] for email in emails if email}
    }
    return _one(exact) or (_one(near) if not exact else None)


def _only_company(session: Session) -> UUID | None:
    companies = run(session, _COMPANIES).all()
    return companies[0][0] if len(companies) == 1 else None


def _one(found: set[UUID]) -> UUID | None:
    return next(iter(found)) if len(found) == 1 else None


def _person(session: Session, customer_id: UUID, address: str) -> UUID | None:
    found: UUID | None = run(session, _PERSON, customer=customer_id, address=address).scalar_one_or_none()
    return found
