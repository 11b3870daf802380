"""Invoices that come in files: the format is recognised by the content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from activities.store.lookup import company_by_ref
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.limits import BODY
from admin.api.masters.words import Words
from admin.api.problems import ProblemError, responses
from admin.api.security import CollectorOf
from admin.intake.booking import Import
from admin.intake.einvoice import Refused, read
from admin.intake.einvoice.enter import Choices, enter
from admin.intake.plan import Options
from admin.intake.readers import DOCUMENTS
from admin.intake.recognise import recognised, source_of
from admin.intake.report import IntakeReport
from models.errors import InvalidFact
from models.messages import CurrencyCode
from rules.money import MINOR_UNITS

router = APIRouter(prefix="/v1/companies/{company}/invoice-imports", tags=["invoices"])

MAX_IMPORT: Final = 20 * 1024 * 1024
"""Bytes of a file: it is one transaction, for whose end other imports wait; the command takes larger ones."""

_BODY = {
    "requestBody": {
        "required": True,
        "description": f"The file as it is, at most {MAX_IMPORT:,} bytes: open items "
        "(CSV, XLSX), a FEC, an electronic invoice (Factur-X, CII, UBL)",
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
    kept: Annotated[Lines, Field(description="How customers' credit changes (`settle`)")]
    refused: Annotated[Lines, Field(description="With place, field and reason")]
    warnings: Annotated[Lines, Field(description="Terms beyond the law's cap, with its article")]
    passed_over: Lines


class ImportAsked(BaseModel):
    """How a file is taken."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[
        str, Field(max_length=200, description="The file's name, for the journal", examples=["balance.csv"])
    ] = "file"
    terms: Annotated[
        str | None,
        Field(max_length=200, description="Of invoices without a due date whose customer has no terms"),
    ] = None
    currency: Annotated[CurrencyCode, Field(description="Of invoices in tables that name none")] = "EUR"
    full: Annotated[bool, Field(description="It has every open invoice: report what it lacks")] = False
    settle: Annotated[
        bool, Field(description="Record as received what is less open in the file, and keep loose credits")
    ] = False
    dry_run: Annotated[bool, Field(description="Report, and do nothing")] = False
    customer: Annotated[
        Words | None, Field(description="Whose an electronic invoice is, where its numbers do not tell")
    ] = None
    mapping: Annotated[
        list[str],
        Field(
            max_length=30,
            description="`field=header`, remembered for files of the same headers; `field=`: none holds it",
            examples=[["open=Reste dû"]],
        ),
    ] = []


@router.post(
    "",
    operation_id="import_invoices",
    response_model=ImportNow,
    responses=responses(403, 404, 409, 413),
    openapi_extra=_BODY,
)
def bring(
    access: CollectorOf, request: Request, changes: ChangesOf, asked: Annotated[ImportAsked, Query()]
) -> Response:
    """Bring a file of invoices: new ones start their cases, what changed is corrected, nothing is closed.

    All of it is one change: a file that is refused leaves nothing. The same file again changes nothing.
    """
    if asked.currency not in MINOR_UNITS:
        raise InvalidFact(f"currency: {asked.currency!r} is no current ISO 4217 code such as EUR")
    chosen: dict[str, str] = {}
    for pair in asked.mapping:
        field, sign, header = pair.partition("=")
        if not sign:
            raise InvalidFact(f"mapping: {pair!r}: expected field=header, such as open=Solde")
        chosen[field.strip()] = header.strip()
    options = Options(asked.terms, asked.currency, asked.full, asked.settle, asked.dry_run)
    source = source_of(asked.name, request.scope[BODY])
    if source.size > MAX_IMPORT:
        raise ProblemError(413, "too-large", f"the file is over {MAX_IMPORT} bytes: use `relance invoices`")
    kind = recognised(source)

    def enter_table(work: Work) -> Changed:
        @contextmanager
        def joined() -> Iterator[Session]:
            yield work.session

        done = Import(
            joined, access.company_ref, source, now=work.now, who=work.who, options=options, mapping=chosen
        )
        return _changed(done.run(), done.notes)

    def enter_document(work: Work) -> Changed:
        report = IntakeReport(asked.name, kind, asked.dry_run, items=1)
        content = request.scope[BODY]
        try:
            document = read(content, asked.name)
            if asked.dry_run:
                report.passed_over.add(f"{document.number}: an electronic invoice, left alone by a dry run")
                return _changed(report, ())
            company = company_by_ref(work.session, access.company_ref)
            choices = Choices(asked.customer, terms=asked.terms)
            done = enter(work.session, company, document, content, choices, now=work.now, who=work.who)
        except Refused as refused:
            raise InvalidFact(f"content: {refused}") from None
        report.new = done.what in ("created", "replaced")
        report.unchanged = done.what == "known"
        report.credited = done.what == "credited"
        for remark in done.remarks:
            report.warnings.add(f"{done.invoice}: {remark}")
        return _changed(report, done.notes)

    return changes.make(access, enter_document if kind in DOCUMENTS else enter_table)


def _changed(report: IntakeReport, notes: Sequence[int]) -> Changed:
    counts = {"new": report.new, "changed": report.changed.count, "refused": report.refused.count}
    return Changed(
        ImportNow.model_validate(report),
        notes=notes,
        audit={"file": report.source, "kind": report.kind.value, "dry_run": report.dry_run, **counts},
    )
