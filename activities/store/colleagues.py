"""Who works for a company: people that may be named as knowing somebody, or be asked to do something."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, func, or_, select

from models.errors import InvalidFact
from models.tables import Company, Staff


def colleague_named(session: Session, company_id: UUID, email: str, field: str) -> str:
    """The address of somebody who works for the company, in small letters.

    Raises:
        InvalidFact: nobody does under that address; `field` is where it was given.
    """
    company = session.get_one(Company, company_id)
    if not known_colleague(session, company, email):
        raise InvalidFact(f"{field}: nobody of company {company.ref!r} has this address")
    return email.lower()


def known_colleague(session: Session, company: Company, email: str, *, shared: bool = True) -> bool:
    """Whether this is the address of somebody who works for the company; or for all of them, if `shared`."""
    if company.signatory_email is not None and company.signatory_email.lower() == email.lower():
        return True
    works = col(Staff.company_id) == company.id
    if shared:
        works = or_(works, col(Staff.company_id).is_(None))
    found = select(Staff.id).where(func.lower(Staff.email) == email.lower(), works)
    return session.exec(found).first() is not None
