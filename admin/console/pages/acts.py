"""Acts on a case or a customer: the form, what it would change, and the telling."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import uuid4

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from admin.api.context import Api
from admin.api.paths import decoded
from admin.api.problems import ProblemError
from admin.api.security import Access
from admin.console.acts import cases, customers
from admin.console.acts.effects import effects, moved
from admin.console.acts.forms import MOST_ROWS, Act, Asked, Kind, Read, at_field, kept, of_validation, read
from admin.console.acts.instalments import EVERY, equal_parts
from admin.console.acts.subjects import Subject, case_subject, customer_subject
from admin.console.acts.trying import Outcome, Tried, attempt
from admin.console.completing import Problem
from admin.console.door import CompanyVisit, Forbidden, company_visit, form_id, form_of
from admin.console.following import what_follows
from admin.console.words import kind, word
from models.errors import NotFound, RelanceError

_ROWS_AT_LEAST: Final = 4


def case_act(request: Request) -> Response:
    """Show the form of an act on a case, or, where nothing need be typed to withdraw, what it changes."""
    act = _act(cases.ACTS, request)
    at = company_visit(request, act.role)
    subject = case_subject(at, decoded(request.path_params["number"]), act, request.query_params)
    typed = dict(request.query_params)
    if subject.withdraws:
        return _preview(at, subject, act, {**typed, **subject.typed})
    return _form(at, subject, act, typed)


def tell_case(request: Request) -> Response:
    """Show what an act on a case would change; confirmed, tell it."""
    act = _act(cases.ACTS, request)
    at = company_visit(request, act.role)
    fields = form_of(request, at.visit.token)
    return _told(at, case_subject(at, decoded(request.path_params["number"]), act, fields), act, fields)


def customer_act(request: Request) -> Response:
    """Show the form of an act on a customer."""
    act = _act(customers.ACTS, request)
    at = company_visit(request, act.role)
    subject = customer_subject(at, decoded(request.path_params["ref"]), act, request.query_params)
    return _form(at, subject, act, {**subject.typed, **dict(request.query_params)})


def tell_customer(request: Request) -> Response:
    """Show what an act on a customer would change; confirmed, tell it."""
    act = _act(customers.ACTS, request)
    at = company_visit(request, act.role)
    fields = form_of(request, at.visit.token)
    return _told(at, customer_subject(at, decoded(request.path_params["ref"]), act, fields), act, fields)


def _act(acts: Mapping[str, Act], request: Request) -> Act:
    act = acts.get(request.path_params["action"])
    if act is None:
        # Only who may look at the company hears that there is no such act.
        company_visit(request)
        raise NotFound("no such act")
    return act


def _told(at: CompanyVisit, subject: Subject, act: Act, fields: Mapping[str, str]) -> Response:
    if fields.get("go") == "edit":
        return _form(at, subject, act, fields)
    return _preview(at, subject, act, fields, confirmed=fields.get("go") == "confirm")


def _preview(
    at: CompanyVisit, subject: Subject, act: Act, typed: Mapping[str, str], *, confirmed: bool = False
) -> Response:
    """What the act changes; once confirmed, back to where it stands, unless that is another thing by now."""
    language = at.visit.user.language
    if subject.left is not None:
        return _form(
            at, subject, act, typed, Problem("", "a message left since: tell it as an act of its own")
        )
    got: Read = read(act, typed, language)
    if got.problem is not None:
        return _form(at, subject, act, typed, got.problem)
    form, shown = form_id(typed), typed.get("shown", "")
    confirmed = confirmed and form is not None and bool(shown)
    try:
        outcome = attempt(
            at,
            act.operation,
            lambda door, api: act.tell(_asked(at, subject, got.told, door, api)),
            customer=subject.customer,
            invoice=subject.number,
            form=form,
            shown=shown if confirmed else None,
        )
    except ValidationError as error:
        return _form(at, subject, act, typed, of_validation(error))
    except ProblemError as error:
        if error.status == 403:
            raise Forbidden("error.403") from None
        return _form(at, subject, act, typed, at_field(act, error.detail))
    except RelanceError as error:
        return _form(at, subject, act, typed, at_field(act, str(error)))
    if outcome.done:
        at.tell(_sentence(language, act, subject, outcome))
        return RedirectResponse(subject.url, 303)
    return at.page.show(
        "act_preview.html",
        act=act,
        subject=subject,
        typed={**kept(act, typed), "form": str(form or uuid4())},
        said=_said(act, got.told),
        outcome=outcome,
        effects=effects(act, outcome, at.api.clock.now()),
        moved=moved(outcome),
        changed=confirmed,
    )


def _asked(at: CompanyVisit, subject: Subject, told: Mapping[str, Any], door: Tried, api: Api) -> Asked:
    return Asked(
        access=Access(at.visit.user.holder, at.company_id, at.ref),
        api=api,
        changes=door,
        of=subject.of,
        told=told,
        customer=subject.customer,
        invoice=subject.number or "",
        currency=subject.currency,
    )


def _form(
    at: CompanyVisit, subject: Subject, act: Act, typed: Mapping[str, str], problem: Problem | None = None
) -> Response:
    language = at.visit.user.language
    filled = dict(typed)
    if any(field.kind is Kind.ROWS for field in act.fields):
        problem = _spread(subject, filled, language) or problem
    rows = max(
        [_ROWS_AT_LEAST, *(place + 1 for place in range(1, MOST_ROWS) if filled.get(f"due_on_{place}"))]
    )
    return at.page.show(
        "act.html",
        422 if problem else 200,
        act=act,
        subject=subject,
        typed=filled,
        problem=problem,
        rows=rows,
        most_rows=MOST_ROWS,
        every=EVERY,
    )


def _spread(subject: Subject, filled: dict[str, str], language: str) -> Problem | None:
    """Fill the rows of a plan with equal parts, where that was asked for."""
    if "parts" not in filled:
        return None
    parts, every = filled["parts"].strip(), filled.get("every", EVERY[0])
    if not parts.isascii() or not parts.isdecimal() or not 1 <= int(parts[:4]) <= MOST_ROWS:
        return Problem("parts", f"a whole number from 1 to {MOST_ROWS}")
    try:
        first = date.fromisoformat(filled.get("first", ""))
        found = equal_parts(subject.owed, subject.currency, int(parts), first, every)
    except (ValueError, OverflowError):
        return Problem("first", "is no day")
    for place, (day, amount) in enumerate(found, start=1):
        filled[f"due_on_{place}"] = day.isoformat()
        filled[f"amount_{place}"] = str(amount).replace(".", ",") if language == "fr" else str(amount)
    return None


def _said(act: Act, told: Mapping[str, Any]) -> list[tuple[str, Kind, str, Any]]:
    """What was typed, as it was understood: name, kind, the group that names a choice, value."""
    return [
        (field.name, field.kind, field.words, told[field.name]) for field in act.fields if field.name in told
    ]


def _sentence(language: str, act: Act, subject: Subject, outcome: Outcome) -> str:
    case = outcome.after.case
    follows = "" if case is None else what_follows(case, language)
    if outcome.duplicate:
        return word(language, "recorded.again", next=follows).strip()
    name = word(language, "act.withdrawn") if subject.withdraws else kind(language, "act", act.name)
    return word(language, "recorded", what=name, next=follows).strip()
