"""Companies: the creditors, their particulars and settings."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import select

from activities.payment_details import ask_change, guarded, pending_change
from activities.store.companies import change_company
from activities.store.lookup import company_by_ref
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.examples import example
from admin.api.masters.bank_details import BankDetailsChangeNow, Bic, Iban, Link
from admin.api.masters.words import (
    Country,
    Email,
    Given,
    Imputes,
    InterestMode,
    Language,
    LateRate,
    LetGo,
    OurEmail,
    PaymentTerms,
    Words,
    Zone,
    calendar_of,
)
from admin.api.problems import responses
from admin.api.security import ManagerEverywhere, ManagerOf
from admin.portfolio.companies import SignatoryEntry, write_signatory
from models.errors import Conflict
from models.tables import Company

router = APIRouter(prefix="/v1/companies", tags=["companies"])


class Signatory(BaseModel):
    """The credit manager, who signs where a customer has no collector."""

    model_config = ConfigDict(extra="forbid")

    name: Words
    title: Words | None = None
    email: OurEmail
    phone: Words | None = None


class CompanyChange(Given):
    """What is left out stays; `null` empties a field."""

    model_config = example(gap_days=7, bank_known_until="2026-04-02")

    name: Words | None = None
    legal_name: Words | None = None
    registration: Words | None = None
    address: Annotated[list[Words] | None, Field(max_length=8, description="Its lines")] = None
    country: Country | None = None
    timezone: Zone | None = None
    language: Language | None = None
    email: OurEmail | None = None
    phone: Words | None = None
    payee: Words | None = None
    iban: Iban | None = None
    bic: Bic | None = None
    payment_link: Link | None = None
    logistics_email: Email | None = None
    gap_days: Annotated[
        int | None, Field(ge=1, le=60, description="Calendar days between two contacts with one customer")
    ] = None
    reply_pause_days: Annotated[
        int | None,
        Field(
            ge=0,
            le=60,
            description="Business days an answer pauses a customer for, at most (5, unless set)",
        ),
    ] = None
    resume_per_day: Annotated[
        int | None,
        Field(ge=1, le=1_000_000, description="Customers contacted a business day after a suspension"),
    ] = None
    digest_day: Annotated[
        int | None,
        Field(
            ge=0,
            le=7,
            description="Weekday of the sales representatives' digest (1 is Monday, unless set; 0: none)",
        ),
    ] = None
    bank_known_until: Annotated[
        date | None, Field(description="Last day whose bank movements are recorded; it only goes forward")
    ] = None
    interest: InterestMode | None = None
    late_rate: LateRate | None = None
    write_off_up_to: Annotated[
        LetGo | None, Field(description="A rest of so much after a payment is let go; absent: none is")
    ] = None
    bank_charges_up_to: Annotated[
        LetGo | None, Field(description="Banks abroad may have kept so much of a payment; absent: nothing")
    ] = None
    imputation: Imputes | None = None
    payment_terms: PaymentTerms | None = None
    signatory: Signatory | None = None


class CompanyIn(CompanyChange):
    """A new creditor."""

    model_config = example(company="brunet", name="Brunet", legal_name="Brunet SAS", country="FR", gap_days=5)

    company: Annotated[Words, Field(description="Your reference", examples=["brunet"])]


class CompanyNow(BaseModel):
    """A company as the ledger holds it at this moment."""

    company: str
    name: str
    legal_name: str | None
    registration: str | None
    address: list[str]
    country: str
    timezone: str | None
    language: str
    email: str | None
    phone: str | None
    payee: str | None
    iban: str | None
    bic: str | None
    payment_link: str | None
    logistics_email: str | None
    gap_days: int
    reply_pause_days: int | None
    resume_per_day: int | None
    digest_day: int | None
    bank_known_until: date | None
    interest: Annotated[str | None, Field(description="Absent: announced")]
    late_rate: Decimal | None
    write_off_up_to: Decimal | None
    bank_charges_up_to: Decimal | None
    imputation: Annotated[str | None, Field(description="Absent: principal")]
    payment_terms: str | None
    signatory_name: str | None
    signatory_email: str | None
    signatory_phone: str | None
    bank_details_change: Annotated[
        BankDetailsChangeNow | None,
        Field(description="A change of bank details that waits for its second person or its day"),
    ] = None


_REQUIRED = ("name", "country", "language", "gap_days", "signatory")


@router.post(
    "",
    operation_id="create_company",
    status_code=201,
    response_model=CompanyNow,
    responses=responses(403, 409),
)
def create(holder: ManagerEverywhere, body: CompanyIn, changes: ChangesOf) -> Response:
    """Create a company. This takes a manager's key that opens every company."""

    def make(work: Work) -> Changed:
        known = work.session.exec(select(Company.id).where(Company.ref == body.company)).first()
        if known is not None:
            raise Conflict(f"company: {body.company!r} is known already")
        told = _columns(body, body.told(required=_REQUIRED))
        company = Company(
            id=uuid4(),
            ref=body.company,
            name=told.get("name", body.company),
            country=told.get("country", "FR"),
        )
        work.session.add(company)
        work.session.flush()
        return _change(work, company, told, body.signatory)

    return changes.make(holder, make, status=201)


@router.patch(
    "/{company}",
    operation_id="change_company",
    response_model=CompanyNow,
    responses=responses(403, 404, 409),
)
def change(access: ManagerOf, body: CompanyChange, changes: ChangesOf) -> Response:
    """Change a company's particulars or settings. What was composed with the former ones is composed anew.

    Other bank details than the present ones (`payee`, `iban`, `bic`, `payment_link`) are only asked for, see
    `bank_details_change` in the answer: they take another key's approval, and 24 hours.
    """
    told = _columns(body, body.told(required=_REQUIRED))

    def write(work: Work) -> Changed:
        company = company_by_ref(work.session, access.company_ref, lock=True)
        return _change(work, company, told, body.signatory)

    return changes.make(access, write)


def _columns(body: CompanyChange, told: dict[str, Any]) -> dict[str, Any]:
    """By the names of the ledger's columns."""
    told = {name: value for name, value in told.items() if name not in ("company", "signatory")}
    if "timezone" in told:
        told["zone"] = told.pop("timezone")
    if "address" in told:
        told["address"] = "\n".join(told["address"]) if told["address"] else None
    if body.signatory is not None:
        told["signatory_name"] = body.signatory.name
        told["signatory_email"] = body.signatory.email
        told["signatory_phone"] = body.signatory.phone
    return told


def _change(work: Work, company: Company, told: dict[str, Any], signatory: Signatory | None) -> Changed:
    calendar_of(told.get("country", company.country), told.get("zone", company.zone))
    guard = guarded(company, told)
    at_once = {name: value for name, value in told.items() if name not in guard}
    notes, detail = change_company(work.session, company, at_once, work.now, work.who)
    if guard:
        change, more = ask_change(work.session, company, guard, work.now, work.who)
        notes, detail = [*notes, *more], {**detail, "bank_details_change": str(change.id)}
    if signatory is not None:
        write_signatory(work.session, company.id, SignatoryEntry(**signatory.model_dump()))
    now = _now(company)
    waiting = pending_change(work.session, company.id)
    if waiting is not None:
        now.bank_details_change = BankDetailsChangeNow.of(waiting)
    return Changed(now, notes=notes, audit={"company": company.ref, "changed": detail})


def _now(company: Company) -> CompanyNow:
    kept = company.model_dump(exclude={"id", "ref", "zone", "address", "payment_details_changed_on"})
    return CompanyNow(
        company=company.ref,
        timezone=company.zone,
        address=company.address.splitlines() if company.address else [],
        **kept,
    )
