"""One customer: what it owes, every open item, whom to write to, what goes out next."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from admin.api.paths import decoded
from admin.console.door import company_visit
from admin.queries.customer import get_customer
from admin.queries.reading import snapshot


def customer_page(request: Request) -> Response:
    """Show one customer."""
    at = company_visit(request)
    ref = decoded(request.path_params["ref"])
    with snapshot(at.api.engine) as session:
        found = get_customer(session, at.company_id, at.ref, ref, at.api.settings, at.api.clock.now())
    return at.page.show("customer.html", customer=found)
