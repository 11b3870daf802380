"""How far a company knows its bank: what asks for money waits while that is too old."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field

from activities.store.bank import state_bank_day
from activities.store.lookup import company_by_ref
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.context import ApiContext
from admin.api.examples import example
from admin.api.problems import responses
from admin.api.reads.answers import answer
from admin.api.security import CollectorOf, ViewerOf, as_manager
from admin.queries.bank import BankKnown, bank_known
from admin.queries.reading import snapshot
from models.messages import Text

router = APIRouter(prefix="/v1/companies/{company}/bank-known", tags=["companies"])


class BankDayIn(BaseModel):
    """The last day whose bank movements are all recorded: record the payments first, then state the day."""

    model_config = example(bank_known_until="2026-04-02")

    bank_known_until: Annotated[
        date | None, Field(description="`null`, with a correction: payments are recorded as they come again")
    ]
    correction: Annotated[
        Text | None,
        Field(min_length=3, description="Why the day goes back; it takes a manager's key", examples=["typo"]),
    ] = None


class BankDayNow(BaseModel):
    """The day as it stands. `telling` cases waited for it and are told now; of many, most by the workers."""

    company: str
    bank_known_until: date | None
    before: date | None
    changed: bool
    telling: int


@router.get("", operation_id="get_bank_known", response_model=BankKnown, responses=responses(403, 404))
def look(access: ViewerOf, api: ApiContext) -> Response:
    """Look how far the bank is known, who said so, and what waits for the next file."""
    with snapshot(api.engine) as session:
        return answer(bank_known(session, access.company_id))


@router.post(
    "",
    operation_id="state_bank_known",
    status_code=201,
    response_model=BankDayNow,
    responses=responses(403, 404),
)
def state(access: CollectorOf, body: BankDayIn, changes: ChangesOf) -> Response:
    """State up to which day the bank is known. What waited for it leaves at once, inside its hours.

    The day goes forward. To go back, or to record payments as they come again, is a correction: it says why.
    """
    if body.correction is not None:
        as_manager(access.holder, "a correction of the bank day")

    def write(work: Work) -> Changed:
        company = company_by_ref(work.session, access.company_ref, lock=True)
        done = state_bank_day(
            work.session, company, body.bank_known_until, work.now, work.who, correction=body.correction
        )
        return Changed(
            BankDayNow(
                company=company.ref,
                bank_known_until=done.until,
                before=done.before,
                changed=done.changed,
                telling=len(done.notes) + done.left,
            ),
            notes=done.notes,
            audit=done.audit(body.correction),
        )

    return changes.make(access, write, status=201)
