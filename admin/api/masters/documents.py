"""Electronic invoices as the documents they are: read, entered, their copies kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Base64Bytes, BaseModel, Field

from activities.store.lookup import company_by_ref
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.examples import example
from admin.api.masters.words import Words
from admin.api.problems import known_already, responses
from admin.api.security import CollectorOf
from admin.intake.einvoice import Refused, read
from admin.intake.einvoice.enter import MAX_DUE_DAYS, Choices, enter
from models.errors import InvalidFact

router = APIRouter(prefix="/v1/companies/{company}/invoice-documents", tags=["invoices"])

_EXAMPLE = (
    "PEludm9pY2UgeG1sbnM9InVybjpvYXNpczpuYW1lczpzcGVjaWZpY2F0aW9uOnVibDpzY2hlbWE6eHNkOkludm9pY2UtMiIvPg=="
)


class DocumentIn(BaseModel):
    """A file: Factur-X (PDF), CII or UBL (XML). Some 700 kB at most; larger ones by `relance invoices`."""

    model_config = example(name="FA-1001.pdf", content=_EXAMPLE)

    name: Annotated[Words, Field(examples=["FA-1001.pdf"])]
    content: Annotated[Base64Bytes, Field(description="The file's bytes, in Base64", min_length=1)]
    customer: Annotated[
        Words | None, Field(description="The customer's reference, where the buyer's numbers do not tell it")
    ] = None
    due_days: Annotated[
        int | None, Field(ge=0, le=MAX_DUE_DAYS, description="Days to pay in, where it names no due date")
    ] = None


class DocumentEntered(BaseModel):
    """What became of it: `created`, `known`, `replaced` (it took another invoice's place) or `credited`."""

    what: Annotated[str, Field(examples=["created"])]
    invoice: Annotated[str, Field(description="The invoice it is about", examples=["FA-1001"])]
    customer: Annotated[str, Field(examples=["C-101"])]
    remarks: list[str]


@router.post(
    "",
    operation_id="enter_invoice_document",
    status_code=201,
    response_model=DocumentEntered,
    responses=responses(403, 404, 409) | known_already(DocumentEntered),
)
def create(access: CollectorOf, body: DocumentIn, changes: ChangesOf) -> Response:
    """Enter an electronic invoice or credit note. The same document again is answered with 200."""
    try:
        document = read(body.content, body.name)
    except Refused as refused:
        raise InvalidFact(f"content: {refused}") from None

    def write(work: Work) -> Changed:
        company = company_by_ref(work.session, access.company_ref)
        try:
            done = enter(
                work.session,
                company,
                document,
                body.content,
                Choices(body.customer, body.due_days),
                now=work.now,
                who=work.who,
            )
        except Refused as refused:
            raise InvalidFact(f"content: {refused}") from None
        return Changed(
            DocumentEntered(
                what=done.what,
                invoice=done.invoice,
                customer=done.customer,
                remarks=list(done.remarks),
            ),
            notes=done.notes,
            audit={"document": document.number, "invoice": done.invoice, "what": done.what},
            status=200 if done.what == "known" else 201,
        )

    return changes.make(access, write, status=201)
