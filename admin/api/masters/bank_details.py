"""Changes of a company's bank details: asked for by one key, approved by another, in force after a day."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, Field
from sqlmodel import col, select

from activities.payment_details import (
    GUARDED,
    approve_change,
    ask_change,
    cancel_change,
    is_open_to_change,
)
from activities.store.lookup import company_by_ref
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.context import ApiContext
from admin.api.examples import example
from admin.api.masters.words import Given, Words
from admin.api.problems import responses
from admin.api.reads.answers import answer
from admin.api.security import ManagerOf, ViewerOf
from admin.portfolio.companies import bic, payment_link
from admin.queries.reading import snapshot
from models.errors import InvalidFact
from models.tables import PaymentDetailsChange
from rules.iban import iban

router = APIRouter(prefix="/v1/companies/{company}/bank-details-changes", tags=["companies"])

Iban = Annotated[
    str, Field(max_length=50, examples=["FR76 3000 6000 0112 3456 7890 189"]), AfterValidator(iban)
]
Bic = Annotated[str, Field(max_length=20, examples=["AGRIFRPP"]), AfterValidator(bic)]
Link = Annotated[
    str, Field(max_length=500, examples=["https://pay.brunet.example"]), AfterValidator(payment_link)
]
ChangeId = Annotated[
    UUID, Path(description="The change's id", examples=["5a1f6f0e-6a55-4c39-8f0c-2f1f9f3c6a12"])
]

_LISTED = 100


class BankDetailsIn(Given):
    """The details as they are to be; what is left out stays, `null` empties one."""

    model_config = example(iban="DE89 3704 0044 0532 0130 00", bic="COBADEFF", reason="We change banks")

    payee: Words | None = None
    iban: Iban | None = None
    bic: Bic | None = None
    payment_link: Link | None = None
    reason: Words | None = None


class BankDetailsChangeNow(BaseModel):
    """A change of bank details. `effective_at` is when it takes effect, once it is approved."""

    id: UUID
    status: Annotated[str, Field(description="asked, approved, applied or cancelled", examples=["asked"])]
    before: Annotated[dict[str, str | None], Field(description="The details that change, as they were")]
    after: Annotated[dict[str, str | None], Field(description="As they are to be")]
    reason: str | None
    asked_by: Annotated[str, Field(examples=["api:treasury"])]
    asked_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    effective_at: datetime
    applied_at: datetime | None
    cancelled_by: str | None
    cancelled_at: datetime | None

    @classmethod
    def of(cls, change: PaymentDetailsChange) -> BankDetailsChangeNow:
        """As the ledger has it."""
        return cls(**change.model_dump(exclude={"company_id"}))


class BankDetailsChanges(BaseModel):
    """The latest first, a hundred at most."""

    items: list[BankDetailsChangeNow]


@router.get(
    "",
    operation_id="list_bank_details_changes",
    response_model=BankDetailsChanges,
    responses=responses(403, 404),
)
def list_changes(access: ViewerOf, api: ApiContext) -> Response:
    """List the changes of a company's bank details: who asked, who approved, when each took effect."""
    with snapshot(api.engine) as session:
        rows = session.exec(
            select(PaymentDetailsChange)
            .where(PaymentDetailsChange.company_id == access.company_id)
            .order_by(col(PaymentDetailsChange.asked_at).desc(), col(PaymentDetailsChange.id))
            .limit(_LISTED)
        ).all()
        return answer(BankDetailsChanges(items=[BankDetailsChangeNow.of(row) for row in rows]))


@router.post(
    "",
    operation_id="ask_bank_details_change",
    status_code=201,
    response_model=BankDetailsChangeNow,
    responses=responses(403, 404, 409),
)
def ask(access: ManagerOf, body: BankDetailsIn, changes: ChangesOf) -> Response:
    """Ask for other bank details. Another key approves; they take effect 24 hours from now at the earliest.

    All managers are told by e-mail. Until then messages give the present details.
    """
    told = body.told()
    reason = told.pop("reason", None)
    if not told:
        raise InvalidFact(f"give at least one of {', '.join(GUARDED)}")

    def write(work: Work) -> Changed:
        company = company_by_ref(work.session, access.company_ref, lock=True)
        if is_open_to_change(company):
            raise InvalidFact("the company has no bank details yet: set them with PATCH, at once")
        change, notes = ask_change(work.session, company, told, work.now, work.who, reason)
        return _changed(change, notes)

    return changes.make(access, write, status=201)


@router.post(
    "/{change_id}/approval",
    operation_id="approve_bank_details_change",
    response_model=BankDetailsChangeNow,
    responses=responses(403, 404, 409),
)
def approve(access: ManagerOf, change_id: ChangeId, changes: ChangesOf) -> Response:
    """Approve a change that another key or person asked for."""

    def write(work: Work) -> Changed:
        company = company_by_ref(work.session, access.company_ref, lock=True)
        return _changed(*approve_change(work.session, company, change_id, work.now, work.who))

    return changes.make(access, write)


@router.post(
    "/{change_id}/cancellation",
    operation_id="cancel_bank_details_change",
    response_model=BankDetailsChangeNow,
    responses=responses(403, 404, 409),
)
def cancel(access: ManagerOf, change_id: ChangeId, changes: ChangesOf) -> Response:
    """Cancel a change that has not taken effect: any manager may, on any doubt."""

    def write(work: Work) -> Changed:
        company = company_by_ref(work.session, access.company_ref, lock=True)
        return _changed(*cancel_change(work.session, company, change_id, work.now, work.who))

    return changes.make(access, write)


def _changed(change: PaymentDetailsChange, notes: list[int]) -> Changed:
    return Changed(BankDetailsChangeNow.of(change), notes=notes, audit={"change": str(change.id)})
