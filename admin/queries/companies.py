"""Companies: which a key opens, and what they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, Field
from sqlmodel import Session

from activities.store.api_keys import KeyHolder
from activities.store.sql import run
from admin.api.paging import Page
from admin.queries.reading import Order, Paging, read_page, rows_of
from models.errors import NotFound


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
    reply_pause_days: Annotated[
        int | None, Field(description="Business days an answer pauses a customer for, at most; absent: 5")
    ]
    resume_per_day: Annotated[
        int | None, Field(description="Customers a business day after a suspension; absent: within five days")
    ]
    digest_day: Annotated[
        int | None,
        Field(description="Weekday of the sales representatives' digest; absent: 1, Monday; 0: none"),
    ]
    bank_known_until: Annotated[
        date | None, Field(description="Last day whose bank movements are recorded; absent: as they come")
    ]
    logistics_email: str | None
    interest: Annotated[str | None, Field(description="silent, announced or claimed; absent: announced")]
    late_rate: Annotated[Decimal | None, Field(description="Agreed rate, percent a year")]
    write_off_up_to: Annotated[Decimal | None, Field(description="Rests that are let go")]
    bank_charges_up_to: Annotated[Decimal | None, Field(description="What banks abroad may keep")]
    imputation: Annotated[
        str | None, Field(description="What payments go to first: principal or interest; absent: principal")
    ]
    payment_terms: Annotated[str | None, Field(description="Of invoices that bring no due date")]
    signatory_name: str | None
    signatory_email: str | None
    signatory_phone: str | None


@dataclass(frozen=True, slots=True)
class Companies:
    """Whose rows a list reads; the parameter that names them is `company`, or `companies`."""

    where: str
    """SQL on `company`, by its alias `o`."""
    one: bool

    def of(self, table: str) -> str:
        """SQL: the rows of that table (or alias) are theirs."""
        if self.one:
            return f"{table}.company_id = %(company)s"
        if self.where == "TRUE":
            return "TRUE"
        return f"{table}.company_id = ANY (%(companies)s)"

    def first_of_each(self, found: str, where: str, order: Order, limit: int) -> str:
        """SQL: the first rows in that order of `found`, which reads one table by the alias `k`.

        Each index begins with the company: of several, the first rows of each are taken, and the first of
        those.
        """
        if self.one:
            return f"{found} WHERE k.company_id = %(company)s AND {where} ORDER BY {order.by()} LIMIT {limit}"
        return f"""
            SELECT each.sort_key, each.sort_id
              FROM company o
             CROSS JOIN LATERAL (
                   {found} WHERE k.company_id = o.id AND {where} ORDER BY {order.by()} LIMIT {limit}) each
             WHERE {self.where}
             ORDER BY {order.by("each.sort_key", "each.sort_id")}
             LIMIT {limit}
        """


def of_companies(holder: KeyHolder, company_id: UUID | None, parameters: dict[str, Any]) -> Companies:
    """The one company asked for, else those a key opens; what names them is put into `parameters`."""
    if company_id is not None:
        parameters["company"] = company_id
        return Companies("o.id = %(company)s", one=True)
    if holder.companies is None:
        return Companies("TRUE", one=False)
    parameters["companies"] = list(holder.companies)
    return Companies("o.id = ANY (%(companies)s)", one=False)


def company_asked(session: Session, holder: KeyHolder, ref: str | None) -> UUID | None:
    """The company a list is narrowed to, if it is.

    Raises:
        NotFound: it is not there, or the key does not open it: the same words for both.
    """
    if ref is None:
        # A key of one company reads one company's part of each index.
        return next(iter(holder.companies)) if holder.companies and len(holder.companies) == 1 else None
    found: UUID | None = run(session, "SELECT id FROM company WHERE ref = %(ref)s", ref=ref).scalar()
    if found is None or not holder.opens(found):
        raise NotFound(f"no company {ref!r}")
    return found


def list_companies(session: Session, holder: KeyHolder, paging: Paging) -> Page[CompanyRow]:
    """The companies a key opens, by reference."""
    order = Order("companies", "o.ref", "o.id", str)
    parameters: dict[str, Any] = {}
    mine = of_companies(holder, None, parameters)

    def build(where: str, limit: int) -> str:
        return f"""
            SELECT {_COLUMNS}, {order.columns}
              FROM company o
             WHERE {mine.where} AND {where}
             ORDER BY {order.by()}
             LIMIT {limit}
        """

    rows, following = read_page(session, order, paging, build, **parameters)
    return Page(items=[CompanyRow(**row) for row in rows], next=following)


def get_company(session: Session, company_id: UUID) -> CompanyRow:
    """One company."""
    (row,) = rows_of(session, _ONE, company=company_id)
    return CompanyRow(**row)


_COLUMNS: Final = ", ".join(f"o.{name}" for name in CompanyRow.model_fields)
_ONE: Final = f"SELECT {_COLUMNS} FROM company o WHERE o.id = %(company)s"
