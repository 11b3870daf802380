"""Lines of bank files: what a person is asked, and what it is told they pay."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from activities.matching import allocate
from activities.store.bank_returned import TakesBack, settle_by_hand
from activities.store.lookup import company_by_ref
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.context import ApiContext
from admin.api.examples import example
from admin.api.facts.recording import Amount
from admin.api.masters.words import Words
from admin.api.paging import Page
from admin.api.problems import responses
from admin.api.reads.answers import answer
from admin.api.security import CollectorOf, ViewerOf
from admin.queries.bank_lines import BankLineFilter, BankLineRow, bank_lines
from admin.queries.reading import snapshot
from models.errors import InvalidFact

router = APIRouter(prefix="/v1/companies/{company}/bank-lines", tags=["bank"])

LineId = Annotated[UUID, Path(description="The line's id", examples=["1c0f6f0e-6a55-4c39-8f0c-2f1f9f3c6a12"])]


ReturnId = Annotated[
    UUID, Path(description="The line that went back", examples=["7ab0c1d2-6a55-4c39-8f0c-2f1f9f3c6a12"])
]


class PartIn(BaseModel):
    """A part of the line for an invoice."""

    model_config = example(invoice="FA-1001", amount="1234.56")

    invoice: Annotated[Words, Field(description="Its number", examples=["FA-1001"])]
    amount: Amount


class AllocationIn(BaseModel):
    """Where the line's money goes. What is left over is credit of their customer, or of the one named."""

    model_config = example(parts=[{"invoice": "FA-1001", "amount": "1234.56"}])

    parts: Annotated[list[PartIn], Field(max_length=200, description="None: all of it is credit")]
    customer: Annotated[Words | None, Field(description="Whose credit the rest is", examples=["C-101"])] = (
        None
    )


class ReturnIn(BaseModel):
    """What a return takes back: a line, a payment that no bank file brought, or nothing here."""

    model_config = example(line="1c0f6f0e-6a55-4c39-8f0c-2f1f9f3c6a12")

    line: Annotated[UUID | None, Field(description="The bank line that came before")] = None
    invoice: Annotated[
        Words | None, Field(description="An invoice paid without a bank file", examples=["FA-1001"])
    ] = None
    payment_event_id: Annotated[
        Words | None, Field(description="Which payment of the invoice, if it has several of that amount")
    ] = None
    elsewhere: Annotated[
        Words | None,
        Field(description="Why nothing here is taken back", examples=["a supplier's direct debit"]),
    ] = None


@router.get(
    "", operation_id="list_bank_lines", response_model=Page[BankLineRow], responses=responses(403, 404)
)
def listed(access: ViewerOf, wanted: Annotated[BankLineFilter, Query()], api: ApiContext) -> Response:
    """List movements, the latest first: what each pays, or may pay, with the reasons."""
    with snapshot(api.engine) as session:
        return answer(bank_lines(session, access.company_id, wanted))


@router.post(
    "/{line_id}/allocation",
    operation_id="allocate_bank_line",
    response_model=BankLineRow,
    responses=responses(403, 404, 409),
)
def put(access: CollectorOf, line_id: LineId, body: AllocationIn, changes: ChangesOf) -> Response:
    """Say what a line pays, for the first time or anew: what it stood on is taken back by the same act.

    The cases on both sides are told. The payer's account and name are known from then on.
    """
    amounts = {part.invoice: part.amount for part in body.parts}
    if len(amounts) != len(body.parts):
        raise InvalidFact("parts: an invoice is named twice")

    def write(work: Work) -> Changed:
        company = company_by_ref(work.session, access.company_ref)
        _, notes = allocate(
            work.session,
            company,
            line_id,
            amounts,
            now=work.now,
            who=work.who,
            customer_ref=body.customer,
        )
        (now,) = bank_lines(work.session, access.company_id, BankLineFilter(), line_id).items
        return Changed(
            now,
            notes=notes,
            audit={"line": str(line_id), "parts": {name: str(each) for name, each in amounts.items()}},
        )

    return changes.make(access, write)


@router.post(
    "/{return_id}/return",
    operation_id="settle_bank_return",
    response_model=BankLineRow,
    responses=responses(403, 404, 409),
)
def settle(access: CollectorOf, return_id: ReturnId, body: ReturnIn, changes: ChangesOf) -> Response:
    """Say what a return takes back, where the bank's own words did not: its payments are owed again.

    The cases are told, and what was let off for the payment is owed again as well.
    """

    def write(work: Work) -> Changed:
        company = company_by_ref(work.session, access.company_ref)
        told = TakesBack(**body.model_dump())
        _, notes = settle_by_hand(work.session, company, return_id, told, now=work.now, who=work.who)
        (now,) = bank_lines(work.session, access.company_id, BankLineFilter(), return_id).items
        return Changed(
            now,
            notes=notes,
            audit={"return": str(return_id), **body.model_dump(mode="json", exclude_none=True)},
        )

    return changes.make(access, write)
