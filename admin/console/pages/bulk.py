"""One act on several cases, and several letters approved: first what would follow, done on a second word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from activities.rendering.formats import Formats, one_line
from admin.console.bulk import Act, Effect, carry_out, foresee, form_for, read_act, ticked
from admin.console.completing import Problem, complete
from admin.console.door import CompanyVisit, company_visit, form_id, form_of
from admin.console.portfolio import selection_again
from admin.console.render import url
from admin.console.words import word
from admin.queries.cases_counted import words_of_customers
from admin.queries.contacts import Approval, list_approvals
from admin.queries.places import company_calendar
from admin.queries.reading import Paging, snapshot
from models.tables.words import ApiRole
from rules.money import by_currency

_NAMED: Final = 5
"""Of what did not change, so many are named in the sentence that says so."""
_LETTERS: Final = 100


def act(request: Request) -> Response:
    """Show what an act on the ticked cases would bring about; with `confirm`, do it."""
    at = company_visit(request, ApiRole.COLLECTOR)
    fields = form_of(request, at.visit.token)
    language = at.visit.user.language
    with snapshot(at.api.engine) as session:
        today = company_calendar(session, at.company_id).local_day(at.api.clock.now())
        known, _ = words_of_customers(session, at.company_id)
    collectors = sorted({*known, *at.staff})
    numbers = ticked(fields)
    asked = read_act(fields, today, collectors, language)
    if not numbers:
        asked = Problem("", word(language, "bulk.problem.none"))
    form = _id_of(fields)
    if isinstance(asked, Problem) or form is None or "change" in fields:
        problem = asked if isinstance(asked, Problem) else None
        return _form(at, fields, numbers, collectors, problem)
    if "confirm" in fields:
        at.tell(_said(at, asked, carry_out(at, asked, numbers, form)))
        return RedirectResponse(_back(at, fields), 303)
    return at.page.show(
        "bulk_preview.html",
        act=asked,
        effects=foresee(at, asked, numbers),
        numbers=numbers,
        fields=fields,
        form=form,
        back=_back(at, fields),
    )


def _form(
    at: CompanyVisit,
    fields: Mapping[str, str],
    numbers: list[str],
    collectors: list[str],
    problem: Problem | None,
) -> Response:
    return at.page.show(
        "bulk.html",
        422 if problem else 200,
        numbers=numbers,
        collectors=collectors,
        typed=fields,
        problem=problem,
        back=_back(at, fields),
    )


def _id_of(fields: Mapping[str, str]) -> UUID | None:
    """The form's id; one that is not confirmed yet gets its id for when it is."""
    return form_id(fields) if "confirm" in fields else uuid4()


def _back(at: CompanyVisit, fields: Mapping[str, str]) -> str:
    return selection_again(at.ref, fields.get("back", "")).link()


def _said(at: CompanyVisit, done: Act, effects: list[Effect]) -> str:
    """What came of it, in a sentence or three."""
    language = at.visit.user.language
    changed = sum(1 for each in effects if each.why is None and not each.again)
    again = sum(1 for each in effects if each.again)
    said = []
    if changed:
        values = {
            "day": Formats(language).short_day(done.until) if done.until else "",
            "name": at.staff.get(done.collector, done.collector),
        }
        said.append(word(language, f"bulk.done.{done.kind}", n=changed, **values))
    if again:
        said.append(word(language, "bulk.done.again", n=again))
    if refused := [f"{one_line(each.key)} ({each.why})" for each in effects if each.why is not None]:
        more = f", … (+{len(refused) - _NAMED})" if len(refused) > _NAMED else ""
        said.append(word(language, "bulk.done.not", list=", ".join(refused[:_NAMED]) + more))
    return " ".join(said)


def letters(request: Request) -> Response:
    """List the letters that wait, to be ticked."""
    at = company_visit(request)
    return _letters(at, None, {})


def approve(request: Request) -> Response:
    """Show which of the ticked letters would leave; with `confirm`, approve each as its own page does."""
    at = company_visit(request, ApiRole.MANAGER)
    fields = form_of(request, at.visit.token)
    language = at.visit.user.language
    chosen = set(ticked(fields, "letter"))
    waiting = [each for each in _waiting(at) if str(each.task_id) in chosen]
    form = _id_of(fields)
    if "confirm" in fields and form is not None and chosen:
        at.tell(_approved(at, chosen, waiting, form))
        return RedirectResponse(url(at.ref, "approvals"), 303)
    if not waiting:
        return _letters(at, Problem("", word(language, "bulk.letters.none")), fields)
    sums = by_currency((amount, currency) for each in waiting for currency, amount in each.sums.items())
    return at.page.show(
        "bulk_letters.html",
        letters=waiting,
        form=form,
        total=tuple((amount, currency) for currency, amount in sums.items()),
        ticked=chosen,
        problem=None,
        can_decide=True,
    )


def _approved(at: CompanyVisit, chosen: set[str], waiting: list[Approval], form: UUID) -> str:
    language = at.visit.user.language
    names = {str(each.task_id): each.customer_name for each in waiting}
    done, refused = 0, []
    for task in sorted(chosen):
        fields = {"outcome": "approved", "form": form_for(form, task)}
        came = complete(at, UUID(task), fields) if _is_uuid(task) else Problem("", "")
        if isinstance(came, Problem):
            refused.append(f"{one_line(names.get(task, task))} ({came.text})")
        else:
            done += 1
    said = [word(language, "bulk.letters.done", n=done)]
    if refused:
        said.append(word(language, "bulk.done.not", list=", ".join(refused[:_NAMED])))
    return " ".join(said)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _waiting(at: CompanyVisit) -> list[Approval]:
    with snapshot(at.api.engine) as session:
        return list_approvals(session, at.company_id, at.ref, Paging(limit=_LETTERS)).items


def _letters(at: CompanyVisit, problem: Problem | None, fields: Mapping[str, str]) -> Response:
    every = bool(at.visit.request.query_params.get("tick"))
    waiting = _waiting(at)
    return at.page.show(
        "bulk_letters.html",
        422 if problem else 200,
        letters=waiting,
        form=None,
        total=(),
        ticked={str(each.task_id) for each in waiting} if every else set(ticked(fields, "letter")),
        problem=problem,
        can_decide=at.visit.may(ApiRole.MANAGER),
    )
