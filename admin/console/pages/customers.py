"""One customer: what it owes, every open item, whom to write to, what goes out next."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from admin.api.paths import decoded
from admin.console.acts.customers import ACTS, offered
from admin.console.door import company_visit
from admin.queries.contacts import list_messages
from admin.queries.customer import find_customer
from admin.queries.reading import Paging, snapshot
from admin.queries.standing import holds_in_force
from admin.queries.suspensions import suspensions_told
from admin.queries.timeline import customer_timeline

ITEMS: Final = 50
"""Open items that come with a customer, the earliest due first; the portfolio lists all of them."""
SHOWN: Final = 20
"""Lines of the timeline, and messages, that come with a customer; links read on."""


def customer_page(request: Request) -> Response:
    """Show one customer."""
    at = company_visit(request)
    ref = decoded(request.path_params["ref"])
    with snapshot(at.api.engine, of_one=True) as session:
        now = at.api.clock.now()
        found, known, open_items = find_customer(
            session, at.company_id, at.ref, ref, at.api.settings, now, most=ITEMS
        )
        holds = holds_in_force(session, known.id, known.calendar)
        entries = customer_timeline(session, known.id, known.calendar, Paging(limit=SHOWN))
        messages = list_messages(session, at.ref, known.id, Paging(limit=SHOWN))
        suspended = [each for each in suspensions_told(session, at.company_id) if each.customer == ref]
    return at.page.show(
        "customer.html",
        customer=found,
        open_items=open_items,
        holds=holds,
        entries=entries,
        messages=messages,
        suspended=suspended,
        acts=offered(),
        every_act=ACTS,
        may=at.visit.may,
    )
