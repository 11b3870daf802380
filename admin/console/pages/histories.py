"""All that happened and every message as it was sent, page by page; and a case under other policies."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from activities.store.policies import current_policies
from admin.api.paging import Page
from admin.api.paths import decoded
from admin.console.door import CompanyVisit, company_visit
from admin.console.render import url
from admin.console.words import word
from admin.queries.case import case_of_number, case_under_policies
from admin.queries.contacts import MessageRow, list_messages
from admin.queries.customer import customer_of_ref
from admin.queries.reading import Paging, snapshot
from admin.queries.timeline import TimelineEntry, case_timeline, customer_timeline
from models.tables.words import ApiRole


def case_history(request: Request) -> Response:
    """Show all that happened to a case, newest first."""
    at = company_visit(request)
    number = decoded(request.path_params["number"])
    with snapshot(at.api.engine) as session:
        found = case_of_number(session, at.company_id, at.ref, number)
        entries = case_timeline(session, found.invoice_id, found.customer_id, found.calendar, _asked(request))
    language = at.visit.user.language
    return at.page.show(
        "act_history.html",
        title=word(language, "case.timeline"),
        about=word(language, "case.title", number=number),
        back=url(at.ref, "cases", number),
        here=url(at.ref, "cases", number, "timeline"),
        number=number,
        entries=entries,
        messages=None,
    )


def customer_history(request: Request) -> Response:
    """Show all that happened to a customer and its invoices, newest first."""
    at, ref = company_visit(request), decoded(request.path_params["ref"])
    with snapshot(at.api.engine) as session:
        found = customer_of_ref(session, at.company_id, at.ref, ref)
        entries = customer_timeline(session, found.id, found.calendar, _asked(request))
    return _of_customer(at, ref, found.name, "timeline", entries, None)


def customer_messages(request: Request) -> Response:
    """List every message about a customer, the latest first, each with a link to it as it was sent."""
    at, ref = company_visit(request), decoded(request.path_params["ref"])
    with snapshot(at.api.engine) as session:
        found = customer_of_ref(session, at.company_id, at.ref, ref)
        messages = list_messages(session, at.ref, found.id, _asked(request))
    return _of_customer(at, ref, found.name, "messages", None, messages)


_TITLES: Final = {"timeline": "case.timeline", "messages": "act.messages"}


def _of_customer(
    at: CompanyVisit,
    ref: str,
    name: str,
    what: str,
    entries: Page[TimelineEntry] | None,
    messages: Page[MessageRow] | None,
) -> Response:
    return at.page.show(
        "act_history.html",
        title=word(at.visit.user.language, _TITLES[what]),
        about=name,
        back=url(at.ref, "customers", ref),
        here=url(at.ref, "customers", ref, what),
        number=None,
        entries=entries,
        messages=messages,
    )


def case_policies(request: Request) -> Response:
    """Show what would follow under each policy, side by side; nothing changes."""
    at = company_visit(request)
    number = decoded(request.path_params["number"])
    with snapshot(at.api.engine, of_one=True) as session:
        ladders = case_under_policies(
            session, at.company_id, at.ref, number, at.api.settings, at.api.clock.now()
        )
        titles = {
            f"{policy.key}@{policy.version}": policy.title for policy in current_policies(session).values()
        }
    return at.page.show(
        "act_policies.html",
        number=number,
        ladders=ladders,
        titles=titles,
        may_change=at.visit.may(ApiRole.MANAGER),
    )


def _asked(request: Request) -> Paging:
    return Paging(after=request.query_params.get("after", "")[:1000] or None)
