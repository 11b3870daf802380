"""The morning: what changed, what needs somebody."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from admin.console.door import company_visit
from admin.queries.reading import snapshot
from admin.queries.today import today_of


def today(request: Request) -> Response:
    """Show what changed since the last business day and what waits for a person."""
    at = company_visit(request)
    with snapshot(at.api.engine) as session:
        found = today_of(session, at.company_id, at.api.clock.now())
    return at.page.show("today.html", now=found)
