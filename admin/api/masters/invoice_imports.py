"""Invoices that come in files: the format is recognised by the content."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from admin.api.changes import Changed, ChangesOf, Work
from admin.api.limits import BODY, MAX_FILE
from admin.api.problems import responses
from admin.api.security import CollectorOf
from admin.intake.booking import Import
from admin.intake.plan import Options
from admin.intake.recognise import source_of
from models.errors import InvalidFact
from models.messages import CurrencyCode
from rules.money import MINOR_UNITS

router = APIRouter(prefix="/v1/companies/{company}/invoice-imports", tags=["invoices"])

_BODY = {
    "requestBody": {
        "required": True,
        "description": f"The file as it is, at most {MAX_FILE:,} bytes: open items (CSV, XLSX), a FEC",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class Lines(BaseModel):
    """Lines for people: how many there are, and the first thousand of them."""

    model_config = ConfigDict(from_attributes=True)

    count: int
    lines: list[str]


class ImportNow(BaseModel):
    """What an import did, or would do."""

    model_config = ConfigDict(from_attributes=True)

    kind: Annotated[str, Field(description="What the file is", examples=["csv"])]
    dry_run: bool
    columns: Annotated[dict[str, str], Field(description="The file's header by field, as it was read")]
    items: Annotated[int, Field(description="Invoices in the file")]
    new: int
    unchanged: int
    repeated: Annotated[int, Field(description="Said twice in the file")]
    settled: Annotated[int, Field(description="Payments recorded because less is open (`settle`)")]
    credited: Annotated[int, Field(description="Credit notes set against the invoice they name")]
    changed: Lines
    lower: Annotated[Lines, Field(description="Less open in the file than here")]
    higher: Annotated[Lines, Field(description="More open in the file than here")]
    missing: Annotated[Lines, Field(description="Open here, not in a full export; left as they are")]
    credits: Annotated[Lines, Field(description="Owed to customers, set against no invoice")]
    refused: Annotated[Lines, Field(description="With place, field and reason")]
    warnings: Annotated[Lines, Field(description="Terms beyond the law's cap, with its article")]
    passed_over: Lines


@router.post(
    "",
    operation_id="import_invoices",
    response_model=ImportNow,
    responses=responses(403, 404, 409, 413),
    openapi_extra=_BODY,
)
def bring(
    access: CollectorOf,
    request: Request,
    changes: ChangesOf,
    name: Annotated[
        str, Query(max_length=200, description="The file's name, for the journal", examples=["balance.csv"])
    ] = "file",
    terms: Annotated[
        str | None,
        Query(max_length=200, description="Of invoices without a due date whose customer has no terms"),
    ] = None,
    currency: Annotated[CurrencyCode, Query(description="Of invoices that name none")] = "EUR",
    full: Annotated[bool, Query(description="It has every open invoice: report what it lacks")] = False,
    settle: Annotated[bool, Query(description="Record as received what is less open in the file")] = False,
    dry_run: Annotated[bool, Query(description="Report, and do nothing")] = False,
    mapping: Annotated[
        list[str] | None,
        Query(
            max_length=30,
            description="`field=header`, remembered for files of the same headers; `field=`: none holds it",
            examples=[["open=Reste dû"]],
        ),
    ] = None,
) -> Response:
    """Bring a file of invoices: new ones start their cases, what changed is corrected, nothing is closed.

    All of it is one change: a file that is refused leaves nothing. The same file again changes nothing.
    """
    if currency not in MINOR_UNITS:
        raise InvalidFact(f"currency: {currency!r} is no current ISO 4217 code such as EUR")
    chosen: dict[str, str] = {}
    for pair in mapping or []:
        field, sign, header = pair.partition("=")
        if not sign:
            raise InvalidFact(f"mapping: {pair!r}: expected field=header, such as open=Solde")
        chosen[field.strip()] = header.strip()
    options = Options(terms, currency, full, settle, dry_run)
    source = source_of(name, request.scope[BODY])

    def enter(work: Work) -> Changed:
        @contextmanager
        def joined() -> Iterator[Session]:
            yield work.session

        done = Import(
            joined, access.company_ref, source, now=work.now, who=work.who, options=options, mapping=chosen
        )
        report = done.run()
        counts = {"new": report.new, "changed": report.changed.count, "refused": report.refused.count}
        return Changed(
            ImportNow.model_validate(report),
            notes=done.notes,
            audit={"file": name, "kind": report.kind.value, "dry_run": dry_run, **counts},
        )

    return changes.make(access, enter)
