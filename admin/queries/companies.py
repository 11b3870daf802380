"""Companies: which a key opens, and what they are."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, true
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from activities.store.api_keys import KeyHolder
from activities.store.lookup import among
from admin.api.paging import Page
from admin.queries.reading import Order, Paging, read_page
from models.errors import NotFound
from models.tables import Company


class CompanyRow(BaseModel):
    """A creditor. `gap_days` local calendar days lie between two contacts with one customer."""

    ref: Annotated[str, Field(examples=["brunet"])]
    name: Annotated[str, Field(examples=["Brunet"])]
    legal_name: str | None
    registration: str | None
    address: str | None
    country: Annotated[str, Field(examples=["FR"])]
    zone: str | None
    language: str
    email: str | None
    phone: str | None
    payee: str | None
    iban: str | None
    bic: str | None
    payment_link: str | None
    gap_days: int
    resume_per_day: Annotated[
        int | None, Field(description="Customers a business day after a suspension; absent: within five days")
    ]
    bank_known_until: Annotated[
        date | None, Field(description="Last day whose bank movements are recorded; absent: as they come")
    ]
    logistics_email: str | None
    signatory_name: str | None
    signatory_email: str | None
    signatory_phone: str | None


def opened(holder: KeyHolder, company_id: UUID | None = None) -> ColumnElement[bool]:
    """SQL: the companies a key opens, or the one asked for among them."""
    if company_id is not None:
        return col(Company.id) == company_id
    return true() if holder.companies is None else among(Company.id, holder.companies)


def company_asked(session: Session, holder: KeyHolder, ref: str | None) -> UUID | None:
    """The company a list is narrowed to, if it is.

    Raises:
        NotFound: it is not there, or the key does not open it: the same words for both.
    """
    if ref is None:
        # A key of one company reads one company's part of each index.
        return next(iter(holder.companies)) if holder.companies and len(holder.companies) == 1 else None
    found = session.exec(select(Company.id).where(Company.ref == ref)).one_or_none()
    if found is None or not holder.opens(found):
        raise NotFound(f"no company {ref!r}")
    return found


def list_companies(session: Session, holder: KeyHolder, paging: Paging) -> Page[CompanyRow]:
    """The companies a key opens, by reference."""
    order = Order("companies", col(Company.ref), col(Company.id), str)

    def build(
        where: ColumnElement[bool], by: tuple[ColumnElement[str], ...], limit: int
    ) -> Select[tuple[Company]]:
        wanted: SelectOfScalar[Company] = select(Company)
        return (
            wanted.add_columns(col(Company.ref).label("sort_key"), col(Company.id).label("sort_id"))
            .where(opened(holder), where)
            .order_by(*by)
            .limit(limit)
        )

    rows, following = read_page(session, order, paging.after, paging.limit, build)
    return Page(items=[_row(row) for row in rows], next=following)


def get_company(session: Session, company_id: UUID) -> CompanyRow:
    """One company."""
    return _row(session.get_one(Company, company_id))


def _row(company: object) -> CompanyRow:
    return CompanyRow.model_validate(company, from_attributes=True)
