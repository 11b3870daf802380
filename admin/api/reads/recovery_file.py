"""The file for an agency, a lawyer or a court, of a case or of a customer."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import Response

from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from admin.api.context import Api, ApiContext
from admin.api.paths import CustomerRef, InvoiceNumber, decoded
from admin.api.problems import responses
from admin.api.reads.parts import SAFE
from admin.api.security import Access, CollectorOf
from admin.queries.reading import snapshot
from admin.recovery_file import archive, bind, collect
from admin.recovery_file.archive import name_of
from admin.recovery_file.taken import taken

router = APIRouter(prefix="/v1/companies/{company}", tags=["cases"])

Form = Annotated[Literal["zip", "pdf"], Query(alias="format", description="The ZIP holds the PDF, too")]
Language = Annotated[Literal["fr", "en"] | None, Query(description="The creditor's own, if left out")]

_MEDIA = {"zip": "application/zip", "pdf": "application/pdf"}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in _MEDIA.values()},
        "description": "The file",
    }
}


@router.get(
    "/cases/{number}/file",
    operation_id="get_case_file",
    response_class=Response,
    responses={**_FILE, **responses(403, 404)},
)
def of_case(
    access: CollectorOf,
    number: InvoiceNumber,
    api: ApiContext,
    form: Form = "zip",
    language: Language = None,
) -> Response:
    """Make the file of one invoice. Taking it is written into the audit trail."""
    return _made(api, access, form, language, number=decoded(number), customer=None)


@router.get(
    "/customers/{customer}/file",
    operation_id="get_customer_file",
    response_class=Response,
    responses={**_FILE, **responses(403, 404)},
)
def of_customer(
    access: CollectorOf,
    customer: CustomerRef,
    api: ApiContext,
    form: Form = "zip",
    language: Language = None,
) -> Response:
    """Make the file of all open invoices of a customer. Taking it is written into the audit trail."""
    return _made(api, access, form, language, number=None, customer=decoded(customer))


def _made(
    api: Api, access: Access, form: str, language: str | None, *, number: str | None, customer: str | None
) -> Response:
    now, who = api.clock.now(), f"api:{access.holder.name}"
    with snapshot(api.engine) as session:
        found = collect(
            session,
            company_by_ref(session, access.company_ref),
            number=number,
            customer_ref=customer,
            settings=api.settings,
            now=now,
            who=access.holder.name,
            language=language,
        )
    content = bind(found) if form == "pdf" else archive(found)[0]
    with transaction(api.engine) as session:
        taken(session, found, content, form, now, who)
    return Response(
        content,
        media_type=_MEDIA[form],
        headers={
            **SAFE,
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name_of(found, form), safe='')}",
        },
    )
