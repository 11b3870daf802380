"""Bank files: brought as they are, imported by a workflow, asked for until they are done."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from activities.store.bank_lines import add_account, keep_file
from activities.store.lookup import company_by_ref
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.context import ApiContext
from admin.api.examples import example
from admin.api.limits import BODY
from admin.api.problems import responses
from admin.api.reads.answers import answer
from admin.api.security import CollectorOf, ManagerOf, ViewerOf
from admin.queries.bank_files import BankAccountTold, BankFileTold, bank_accounts, bank_files
from admin.queries.reading import snapshot
from models.errors import InvalidFact
from rules.bank_accounts import account_number

router = APIRouter(prefix="/v1/companies/{company}", tags=["bank"])

_FILE = {
    "requestBody": {
        "required": True,
        "description": "The file as the bank gave it: CAMT.053 or .054, CFONB120, MT940, CSV",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class BankFileList(BaseModel):
    """The latest twenty files, the last one first."""

    items: list[BankFileTold]


class BankAccountList(BaseModel):
    """The accounts whose statements are read."""

    items: list[BankAccountTold]


class BankAccountIn(BaseModel):
    """An account of the company: its IBAN, or its number as its bank's files write it."""

    model_config = example(account="FR7630006000011234567890189")

    account: Annotated[str, Field(min_length=4, max_length=60)]


@router.post(
    "/bank-files",
    operation_id="import_bank_file",
    status_code=202,
    response_model=BankFileTold,
    responses=responses(403, 404, 413),
    openapi_extra=_FILE,
)
def bring(
    access: CollectorOf,
    request: Request,
    changes: ChangesOf,
    name: Annotated[str, Query(max_length=200, description="What the file is called")] = "file",
) -> Response:
    """Import a bank file. The same bytes once more are the same file; a refused one is tried again.

    It is kept at once and imported by a workflow: ask for it until its state is `done` or `refused`.
    """
    content: bytes = request.scope[BODY]

    def write(work: Work) -> Changed:
        company = company_by_ref(work.session, access.company_ref)
        row, notes = keep_file(work.session, company, content, name, work.now, work.who)
        work.session.flush()
        (told,) = bank_files(work.session, access.company_id, row.id)
        return Changed(told, notes=notes, audit={"file": str(row.id), "sha256": row.content_hash})

    return changes.make(access, write, status=202)


@router.get(
    "/bank-files", operation_id="list_bank_files", response_model=BankFileList, responses=responses(403, 404)
)
def listed(access: ViewerOf, api: ApiContext) -> Response:
    """List the bank files that came, and what became of their lines."""
    with snapshot(api.engine) as session:
        return answer(BankFileList(items=bank_files(session, access.company_id)))


@router.get(
    "/bank-files/{file_id}",
    operation_id="get_bank_file",
    response_model=BankFileTold,
    responses=responses(403, 404),
)
def look(access: ViewerOf, file_id: UUID, api: ApiContext) -> Response:
    """Look at one bank file: its state, its statements with their balances, what became of its lines."""
    with snapshot(api.engine) as session:
        (told,) = bank_files(session, access.company_id, file_id)
        return answer(told)


@router.get(
    "/bank-accounts",
    operation_id="list_bank_accounts",
    response_model=BankAccountList,
    responses=responses(403, 404),
)
def accounts(access: ViewerOf, api: ApiContext) -> Response:
    """List the accounts whose statements are read, and how far each is known."""
    with snapshot(api.engine) as session:
        return answer(BankAccountList(items=bank_accounts(session, access.company_id)))


@router.post(
    "/bank-accounts",
    operation_id="add_bank_account",
    status_code=201,
    response_model=BankAccountList,
    responses=responses(403, 404),
)
def add(access: ManagerOf, body: BankAccountIn, changes: ChangesOf) -> Response:
    """Name another account whose statements are read. Nothing is paid to it by that."""

    def write(work: Work) -> Changed:
        company = company_by_ref(work.session, access.company_ref)
        account = _checked(body.account)
        add_account(work.session, company, account, work.now, work.who)
        return Changed(
            BankAccountList(items=bank_accounts(work.session, access.company_id)), audit={"account": account}
        )

    return changes.make(access, write, status=201)


def _checked(text: str) -> str:
    try:
        return account_number(text)
    except ValueError as error:
        raise InvalidFact(f"account: {str(error).removeprefix('account: ')}") from None
