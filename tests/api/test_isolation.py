"""What another company has is not there: named or guessed at, it is answered like what was never anywhere.

Each role of `acme` asks for everything that `rival` has, by its ids and names, in the path, the query and the
body of every operation; and for what nobody has. The two answers have to be the same but for what was asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final, TypeAlias, cast
from urllib.parse import quote

import pytest
from httpx2 import Response

from models.tables.words import ApiRole
from tests.api.document import DOCUMENT
from tests.api.matrix import OPERATIONS, Reach
from tests.api.odd import Place, places, put
from tests.api.rivals import Rivals, belongings, differs, nothing_is_kept, rivals
from tests.api.test_authorisation import FOUND

__all__ = ["rivals"]

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_NOT_OF_A_COMPANY: Final = frozenset({"key", "version", "index", "channel", "reason"})
_MEANT: Final = {
    **dict.fromkeys(("invoice", "invoices", "replaced_by", "number", "order_ref"), "number"),
    **dict.fromkeys(("event_id", "payment_event_id"), "event_id"),
    **dict.fromkeys(("email", "accounting_email", "buyer_email", "sales_rep_email"), "email"),
    **dict.fromkeys(("staff_email", "deputy_email", "assignee_email", "collector_email"), "staff"),
    **dict.fromkeys(("assignee", "collector"), "staff"),
    **dict.fromkeys(("account", "iban"), "iban"),
    **dict.fromkeys(("name", "q", "payee", "registration"), "name"),
    **{"company": "company", "customer": "customer", "contact_id": "contact_id", "line": "line_id"},
}
"""What a field of a body, or a parameter of a query, holds."""
_MORE_BODIES: Final[Mapping[str, tuple[object, ...]]] = {
    "settle_bank_return": ({}, {"invoice": "F-1"}),
    "suspend_contact": ({"scope": "customer", "reason": "an audit"},),
    "create_invoice": (
        {
            **{"invoice": "F-77", "customer": "C-77", "debtor": {"name": "Neuf"}, "amount": "10.00"},
            **{"issued_on": "2026-03-01", "due_on": "2026-03-31", "currency": "EUR"},
        },
    ),
}


Ask: TypeAlias = tuple[str, object]
"""A path and a body."""
Pair: TypeAlias = tuple[str, list[str], list[Ask]]
"""Where it is asked, what for (nobody's, the rival's), and the two requests."""


def pairs(rivals: Rivals) -> Iterator[Pair]:
    """Each place of each operation that takes something of a company's, asked for both."""
    for operation, line in OPERATIONS.items():
        if line.reach not in (Reach.COMPANY, Reach.OWN):
            continue
        template = FOUND[operation][1]
        method = FOUND[operation][0].lower()
        raw = DOCUMENT["paths"][template][method]
        names = [name for name in re.findall(r"{(\w+)}", template) if name not in _NOT_OF_A_COMPANY]
        for some in dict.fromkeys([*((name,) for name in names), tuple(names)]):
            if some:
                yield _in_path(rivals, operation, template, some)
        good = rivals.mine.path(operation, template)
        for parameter in raw.get("parameters", []):
            what = _MEANT.get(parameter["name"])
            if parameter["in"] == "query" and what is not None:
                both = rivals.both(operation, what)
                asks = [(f"{good}?{parameter['name']}={quote(value)}", line.body) for value in both]
                yield f"{operation} ?{parameter['name']}", both, asks
        if isinstance(line.body, bytes):
            for before, what in ((b"C-1", "customer"), (b"F-8", "number")):
                both = rivals.both(operation, what)
                files: list[Ask] = [(good, line.body.replace(before, value.encode())) for value in both]
                yield f"{operation} file {what}", both, files
            continue
        for body in (line.body, *_MORE_BODIES.get(operation, ())):
            for at, what in _fields(raw, body):
                both = rivals.both(operation, what)
                yield f"{operation} {at}", both, [(good, put(body, at, value)) for value in both]
    call = rivals.mine.path("complete_task", FOUND["complete_task"][1], task_id=rivals.call)
    for outcome, name in (("wrong_number", "contact_id"), ("left", "contact_id"), ("no_answer", "invoice")):
        both = rivals.both("complete_task", _MEANT[name])
        told: list[Ask] = [(call, {"outcome": outcome, name: value}) for value in both]
        yield f"complete_task of a call: {outcome}", both, told


def _in_path(rivals: Rivals, operation: str, template: str, some: tuple[str, ...]) -> Pair:
    both = [rivals.both(operation, name) for name in some]
    asks: list[Ask] = []
    for turn in (0, 1):
        other = {name: quote(values[turn], safe="") for name, values in zip(some, both, strict=True)}
        asks.append((rivals.mine.path(operation, template, **other), OPERATIONS[operation].body))
    return f"{operation} {{{', '.join(some)}}}", list(chain.from_iterable(both)), asks


def _fields(raw: Mapping[str, Any], body: object) -> Iterator[tuple[Place, str]]:
    content = raw.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return
    model = DOCUMENT["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    for at in places(body, list(model["properties"])):
        named = [key for key in at if isinstance(key, str)]
        what = _MEANT.get(named[-1]) if named else None
        inside: Any = body
        for key in at:
            inside = inside.get(key) if isinstance(inside, dict) else inside[cast(int, key)]
        if what is not None and not isinstance(inside, dict | list):
            yield at, what


def ask(rivals: Rivals, where: str, path: str, body: object, role: str = "manager") -> Response:
    """One request of acme's."""
    method = FOUND[where.partition(" ")[0]][0]
    if isinstance(body, bytes):
        headers = {"Content-Type": "application/json"}
        return rivals.door.ask(method, path, content=body, headers=headers, role=role)
    return rivals.door.ask(method, path, body=body, role=role)


@pytest.mark.parametrize("role", ApiRole)
def test_asked_for_what_a_rival_has_the_answer_is_as_for_what_nobody_has(
    rivals: Rivals, role: ApiRole
) -> None:
    asked_for = list(pairs(rivals))
    assert len(asked_for) > 300
    rivals.door.ask("GET", "/v1/me", role=role)
    wrong = []
    with nothing_is_kept(rivals.door.book.engine):
        for where, values, asks in asked_for:
            answers = [ask(rivals, where, path, body, role) for path, body in asks]
            how = differs(rivals, answers, values)
            if how:
                wrong.append(f"{where}\n{how}")
    assert not wrong, "\n".join(wrong)


def test_whatever_is_asked_for_nothing_of_a_rival_changes(rivals: Rivals) -> None:
    engine = rivals.door.book.engine
    before = belongings(engine, rivals.rival)
    assert sum(digest is not None for digest in before.values()) > 10
    for where, _, asks in pairs(rivals):
        ask(rivals, where, *asks[1])
    assert belongings(engine, rivals.rival) == before
