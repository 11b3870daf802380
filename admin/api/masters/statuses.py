"""Statuses of electronic invoices, as a platform tells them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, Field

from activities.store.lookup import company_by_ref, invoice_by_number
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.examples import example
from admin.api.facts.recording import Amount
from admin.api.masters.words import Words
from admin.api.problems import known_already, responses
from admin.api.security import CollectorOf
from admin.intake.statuses import Status, take_status
from models.errors import InvalidFact
from models.messages import Text
from rules.lifecycle import code_of
from rules.money import round_money

router = APIRouter(prefix="/v1/companies/{company}/invoice-statuses", tags=["invoices"])


class StatusIn(BaseModel):
    """A status by its code or its name. `amount` is what is contested; left out, all of it."""

    model_config = example(invoice="FA-1001", status="210", at="2026-04-02T09:00:00Z", reason="QTE_ERR")

    invoice: Annotated[Words, Field(description="Its number", examples=["FA-1001"])]
    status: Annotated[Words, Field(description="As `210` or `refused`", examples=["210"])]
    at: Annotated[
        AwareDatetime | date | None, Field(description="When; with it, told twice it counts once")
    ] = None
    reason: Annotated[
        Words | None, Field(description="The platform's code for why", examples=["QTE_ERR"])
    ] = None
    amount: Amount | None = None
    text: Text | None = None


class StatusNow(BaseModel):
    """What followed from it. `new` is false where it was told before."""

    invoice: str
    code: Annotated[str, Field(examples=["210"])]
    new: bool
    follows: Annotated[str, Field(examples=["a dispute is opened"])]


@router.post(
    "",
    operation_id="take_invoice_status",
    status_code=201,
    response_model=StatusNow,
    responses=responses(403, 404, 409) | known_already(StatusNow),
)
def take(access: CollectorOf, body: StatusIn, changes: ChangesOf) -> Response:
    """Take a status. Refused, disputed or suspended opens a dispute; rejected stops the chase; payment
    transmitted is a claimed payment; the rest is noted."""
    try:
        code = code_of(body.status)
    except ValueError as error:
        raise InvalidFact(f"status: {error}") from None

    def write(work: Work) -> Changed:
        company = company_by_ref(work.session, access.company_ref)
        currency = invoice_by_number(work.session, access.company_ref, body.invoice).currency
        amount = body.amount
        if amount is not None and round_money(amount, currency) != amount:
            raise InvalidFact(f"amount: more decimals than {currency} has")
        at: datetime | date | None = body.at
        told = Status(body.invoice, code, at, body.reason, amount, body.text)
        done = take_status(work.session, company, told, now=work.now, who=work.who)
        return Changed(
            StatusNow(invoice=body.invoice, code=code, new=done.new, follows=done.follows),
            notes=done.notes,
            audit={"invoice": body.invoice, "code": code, "new": done.new},
            status=201 if done.new else 200,
        )

    return changes.make(access, write, status=201)
