"""The console's pages over real HTTP, at 100,000 cases: as `bench.api` measures lists, in a session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote

from sqlalchemy import Engine, text

from activities.clock import Clock
from activities.installation import set_offset
from activities.store.engine import transaction
from activities.store.users import Attempt, Refused, add_user, begin_sign_in, end_sign_in
from admin.console import PREFIX
from admin.console.door import COOKIE
from bench import api
from bench.api_ledger import COMPANIES, fill, large_customers, sample
from bench.figures import Figure
from bench.harness import MONDAY, ledger, postgres, scratch
from models.tables.words import ApiRole

CASES: Final = api.CASES

_SAME: Final = (
    ("today", "today"),
    ("tasks", "tasks"),
    ("approvals", "approvals"),
    ("letters to approve together", "bulk/letters"),
    ("bank lines", "bank-lines"),
    ("imports", "imports"),
    ("policies", "policies"),
    ("one policy", "policies/standard"),
    ("portfolio", "cases"),
    ("portfolio, 31 to 60 days late", "cases?late=31_60"),
    ("portfolio of a collector, by due date", "cases?collector=collector-3@relance.example&sort=due_on"),
    ("portfolio, a name searched", "cases?q=chevalier"),
    ("portfolio, an amount searched", "cases?q=1%20234,56"),
    ("ageing by customer", "ageing"),
    ("ageing by segment", "ageing?by=segment"),
    ("ageing two months ago", "ageing?on=2026-01-09"),
    ("ageing a year ago, by lateness", "ageing?on=2025-03-09&by=bucket"),
)
"""Asked the same way each time."""

_ADDRESS: Final = "127.0.0.1"
_PASSWORD: Final = "a password of the benchmark"  # noqa: S105 - of a ledger that is gone when this ends


def run(sizes: Sequence[int] = ()) -> list[Figure]:
    """Measure with each number of cases."""
    figures: list[Figure] = []
    with scratch() as folder, postgres(folder, durable=True) as server:
        for size in sizes or (CASES,):
            with ledger(server) as engine:
                fill(engine, size)
                # The server's day is the one the ledger was made for.
                set_offset(engine, MONDAY - Clock().now())
                with api.serving(engine, {"Cookie": f"{COOKIE}={_signed_in(engine)}"}) as measured:
                    figures += [
                        api.figure_of(measured, f"{size:,} cases: {what}", paths)
                        for what, paths in _pages(engine)
                    ]
    return figures


def _signed_in(engine: Engine) -> str:
    """The token of somebody who sees every company."""
    with transaction(engine) as session:
        email = "bench@relance.example"
        add_user(
            session,
            email=email,
            name="Bench",
            password=_PASSWORD,
            role=ApiRole.MANAGER,
            companies=None,
            language="fr",
            now=MONDAY,
            who="bench",
        )
        begun = begin_sign_in(session, email, _ADDRESS, MONDAY)
        assert isinstance(begun, Attempt)
        token = end_sign_in(session, begun, _PASSWORD, _ADDRESS, MONDAY, right=True)
        assert not isinstance(token, Refused)
        return token


def _pages(engine: Engine) -> Iterator[tuple[str, list[str]]]:
    some = sample(engine, api.REQUESTS)
    first = COMPANIES[0]
    own = f"{PREFIX}/{first}"
    for page, path in _SAME:
        yield page, [f"{own}/{path}"] * api.REQUESTS
    yield "portfolio, a number searched", [f"{own}/cases?q={n[:7]}" for _, n, _ in some]
    yield "one case", [f"{PREFIX}/{c}/cases/{quote(n, safe='')}" for c, n, _ in some]
    yield "a case's history", [f"{PREFIX}/{c}/cases/{quote(n, safe='')}/timeline" for c, n, _ in some]
    yield "a customer's history", [f"{PREFIX}/{c}/customers/{quote(r, safe='')}/timeline" for c, _, r in some]
    yield "one customer", [f"{PREFIX}/{c}/customers/{quote(r, safe='')}" for c, _, r in some]
    for ref, open_cases in large_customers(engine):
        yield f"one customer with {open_cases} open cases", [f"{own}/customers/{ref}"] * api.REQUESTS
    yield "one task", [f"{own}/tasks/{task}" for task in _tasks(engine, first, api.REQUESTS)]


def _tasks(engine: Engine, company: str, count: int) -> list[str]:
    """Open tasks of a company, other than approvals, whose page is another one."""
    asked = text(
        "SELECT t.id FROM task t JOIN company c ON c.id = t.company_id "
        "WHERE c.ref = :company AND t.status = 'open' AND t.kind <> 'approval' ORDER BY t.id LIMIT :count"
    )
    with engine.connect() as connection:
        found = [str(row.id) for row in connection.execute(asked, {"company": company, "count": count})]
    return [found[place % len(found)] for place in range(count)]
