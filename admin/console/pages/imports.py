"""Files: dropped, looked at, confirmed. No fact is recorded before the last of these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from activities.store.bank_lines import add_account
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from admin.console.bringing import Brought, Changed, Gone, bring
from admin.console.completing import Problem
from admin.console.door import CompanyVisit, Forbidden, company_visit, form_of
from admin.console.importing import SHOWN, Chosen, fields_to_map, preview
from admin.console.proposed import let_go, propose, proposed
from admin.console.recognising import What
from admin.console.render import url
from admin.console.uploads import upload_of
from admin.console.words import word
from admin.intake.plan import Options
from admin.queries.bank_files import bank_accounts, bank_files
from admin.queries.imports import invoice_imports
from admin.queries.reading import snapshot
from models.errors import RelanceError
from models.tables.words import ApiRole, BankFileState
from rules.bank_accounts import account_number
from rules.money import MINOR_UNITS

_MAP: Final = "map."
_UNDER_WAY: Final = (BankFileState.RECEIVED, BankFileState.STORED)


def import_list(request: Request) -> Response:
    """Show where files are dropped, and those that came lately."""
    return _list(company_visit(request))


def drop_file(request: Request) -> Response:
    """Keep what was dropped, and go and look at it."""
    at = company_visit(request, ApiRole.COLLECTOR)
    upload = upload_of(request, at.visit.token)
    if not upload.content:
        return _list(at, "imports.problem.none" if not upload.name else "imports.problem.empty")
    with transaction(at.api.engine) as session:
        digest = propose(session, at, upload.content)
    return RedirectResponse(url(at.ref, "imports", "preview", file=digest, name=upload.name or "?"), 303)


def file_preview(request: Request) -> Response:
    """Show what the dropped file would change."""
    at = company_visit(request, ApiRole.COLLECTOR)
    return _preview(at, request.query_params)


def confirm_file(request: Request) -> Response:
    """Take the file as it was shown; or show it once more, where it would do something else by now."""
    at = company_visit(request, ApiRole.COLLECTOR)
    fields = form_of(request, at.visit.token)
    digest, language = fields.get("file", ""), at.visit.user.language
    chosen, problem = _chosen(fields)
    if problem is not None:
        return _preview(at, fields)
    if fields.get("step") == "discard":
        with transaction(at.api.engine) as session:
            if proposed(session, at, digest, hold=True) is not None:
                let_go(session, at)
        at.tell(word(language, "imports.discarded"))
        return RedirectResponse(url(at.ref, "imports"), 303)
    if fields.get("step") == "account":
        return _follow(at, fields)
    if fields.get("step") != "confirm":
        return _preview(at, fields)
    try:
        done = bring(at, digest, chosen, fields.get("seen", ""))
    except Gone:
        at.tell(word(language, "imports.gone"))
        return RedirectResponse(url(at.ref, "imports"), 303)
    except Changed:
        return _preview(at, fields, "imports.moved")
    except RelanceError:
        return _preview(at, fields)
    at.tell(_told(done, chosen, language))
    if done.bank_file is not None:
        return RedirectResponse(url(at.ref, "imports", "bank", done.bank_file), 303)
    return RedirectResponse(url(at.ref, "imports"), 303)


def bank_file_page(request: Request) -> Response:
    """Show how far the import of a bank file is, and what became of its lines."""
    at = company_visit(request)
    with snapshot(at.api.engine) as session:
        (file,) = bank_files(session, at.company_id, request.path_params["file_id"])
    return at.page.show("import_bank.html", file=file, under_way=file.state in _UNDER_WAY)


def _follow(at: CompanyVisit, fields: Mapping[str, str]) -> Response:
    """Read the statements of another account from now on, as the API does it; then look at the file again."""
    if not at.visit.may(ApiRole.MANAGER):
        raise Forbidden("error.403")
    try:
        account = account_number(fields.get("account", "")[:60])
    except ValueError:
        return _preview(at, fields)
    now = at.api.clock.now()
    with transaction(at.api.engine) as session:
        add_account(session, company_by_ref(session, at.ref), account, now, at.visit.who)
        at.audit(session, "add_bank_account", account=account)
    at.tell(word(at.visit.user.language, "imports.account.done", account=account))
    name, digest = fields.get("name", ""), fields.get("file", "")
    return RedirectResponse(url(at.ref, "imports", "preview", file=digest, name=name), 303)


def _list(at: CompanyVisit, problem: str | None = None) -> Response:
    with snapshot(at.api.engine) as session:
        files = bank_files(session, at.company_id)
        accounts = bank_accounts(session, at.company_id)
        imports = invoice_imports(session, at.company_id)
    return at.page.show(
        "imports.html",
        422 if problem else 200,
        files=files,
        accounts=accounts,
        imports=imports,
        can_bring=at.visit.may(ApiRole.COLLECTOR),
        problem=problem,
    )


def _preview(at: CompanyVisit, fields: Mapping[str, str], moved: str | None = None) -> Response:
    digest = fields.get("file", "")
    with snapshot(at.api.engine) as session:
        content = proposed(session, at, digest)
    if content is None:
        at.tell(word(at.visit.user.language, "imports.gone"))
        return RedirectResponse(url(at.ref, "imports"), 303)
    chosen, problem = _chosen(fields)
    found = preview(at, content, chosen)
    return at.page.show(
        "import_preview.html",
        422 if problem or moved else 200,
        found=found,
        chosen=chosen,
        digest=digest,
        size=len(content),
        shown=SHOWN,
        can_follow=at.visit.may(ApiRole.MANAGER),
        map_fields=fields_to_map(),
        what_names=list(What),
        problem=problem,
        moved=moved,
        # Whoever changes the language comes back to the file.
        path=url(at.ref, "imports", "preview", file=digest, name=chosen.name),
    )


def _typed(fields: Mapping[str, str], name: str) -> str:
    """A field as people type it: what cannot be seen is no part of it."""
    return "".join(char for char in fields.get(name, "") if char.isprintable()).strip()[:200]


def _chosen(fields: Mapping[str, str]) -> tuple[Chosen, Problem | None]:
    """How the file is taken, as far as it can be read; the first thing that cannot."""
    problem = None
    currency = _typed(fields, "currency").upper() or "EUR"
    if currency not in MINOR_UNITS:
        problem, currency = Problem("currency", currency[:20]), "EUR"
    read_as = fields.get("read_as", "")
    mapping = {
        name.removeprefix(_MAP): header.replace("\x00", "")[:200]
        for name, header in fields.items()
        if name.startswith(_MAP) and name.removeprefix(_MAP) in fields_to_map() and header
    }
    chosen = Chosen(
        name=_typed(fields, "name") or "?",
        options=Options(
            terms=_typed(fields, "terms") or None,
            currency=currency,
            full=fields.get("full") == "1",
            settle=fields.get("settle") == "1",
        ),
        mapping={name: "" if header == "-" else header for name, header in mapping.items()},
        customer=_typed(fields, "customer") or None,
        read_as=What(read_as) if read_as in list(What) else None,
    )
    return chosen, problem


def _told(done: Brought, chosen: Chosen, language: str) -> str:
    if done.report is not None:
        counts = {
            "new": done.report.new,
            "changed": done.report.changed.count,
            "settled": done.report.settled,
            "refused": done.report.refused.count,
        }
        return word(language, "imports.done.table", file=chosen.name, **counts)
    if done.what is What.BANK:
        return word(language, "imports.done.bank", file=chosen.name)
    return word(language, f"imports.done.{done.what}", file=chosen.name, count=done.taken)
