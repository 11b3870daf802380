"""The application: routes, errors, limits."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI
from fastapi.responses import RedirectResponse

from admin.api import health, problems
from admin.api.context import Api
from admin.api.document import Documented
from admin.api.facts import customers as customer_facts
from admin.api.facts import disputes, money, promises, steering
from admin.api.limits import BoundedBody
from admin.api.log import RequestLog
from admin.api.masters import (
    bank,
    bank_details,
    bank_files,
    bank_lines,
    closures,
    companies,
    contacts,
    customers,
    invoice_imports,
    invoices,
    policies,
    policy_dry_run,
    policy_trials,
    rates,
    statuses,
    suspensions,
)
from admin.api.paths import WholeSegments
from admin.api.reads import ROUTERS as READS
from admin.api.webhooks import inbound, sendgrid, twilio
from admin.api.work import absences, replies, tasks
from admin.console import PREFIX, console_of

DESCRIPTION = """\
Cases, facts, tasks and customers of Relance. What an answer says is already true in the ledger, and the
case knows it at once.

- **Keys**: `Authorization: Bearer …`, made with `relance key create`; roles `viewer`, `collector`, `manager`.
- **Once**: send an `Idempotency-Key` with every POST; the same request again changes nothing.
- **Errors** are problem details (RFC 9457): `type` for programs, `detail` and `errors` for people.
- **Lists** are pages: give `next` as `after` to read on.
- Amounts are decimal strings in the invoice's currency, dates are days at the customer's place, instants UTC.
"""

_ROUTERS = (
    health.router,
    companies.router,
    bank_details.router,
    bank.router,
    bank_files.router,
    bank_lines.router,
    suspensions.router,
    closures.router,
    customers.router,
    customer_facts.router,
    contacts.router,
    invoices.router,
    invoice_imports.router,
    statuses.router,
    money.router,
    disputes.router,
    promises.router,
    steering.router,
    tasks.router,
    absences.router,
    replies.router,
    policies.router,
    policy_dry_run.router,
    policy_trials.router,
    rates.router,
    *READS,
    sendgrid.router,
    twilio.router,
    inbound.router,
)


def create_app(api: Api) -> FastAPI:
    """The API over one installation."""
    # No interactive documentation: its page would load scripts from another host.
    app = Documented(
        title="Relance", version=version("relance"), description=DESCRIPTION, docs_url=None, redoc_url=None
    )
    app.state.api = api
    problems.install(app)
    for router in _ROUTERS:
        app.include_router(router)
    app.mount(PREFIX, console_of(api))
    # Whoever types the address alone is a person.
    app.add_route("/", lambda _: RedirectResponse(PREFIX), include_in_schema=False)
    app.add_middleware(WholeSegments)
    app.add_middleware(BoundedBody, api=api)
    app.add_middleware(RequestLog)
    return app
