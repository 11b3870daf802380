"""What another company has is not there: named or guessed at, it is answered like what was never anywhere.

A manager of `acme` asks for everything that `rival` has, by its ids and names, in the path, the query and the
body of every operation; and for what nobody has. The two answers have to be the same but for what was asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, TypeAlias, cast
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from httpx2 import Response
from sqlalchemy import Engine, text
from sqlmodel import select

from activities.store.engine import transaction
from admin.api.app import create_app
from admin.api.context import Api
from models.ids import CaseSignal
from models.tables import Contact, Customer, metadata
from models.tables.words import TaskKind
from tests.api.conftest import Door
from tests.api.matrix import OPERATIONS, Furnished, Reach, furnish
from tests.api.odd import Place, places, put
from tests.api.pages import asked
from tests.api.test_authorisation import FOUND
from tests.fixtures.ledger import Book, make_book

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_NOBODYS: Final = {
    "company": "rivel",
    "customer": "R-0",
    "number": "X-0",
    "event_id": "rivel-pay",
    "suspension_id": "999",
    "closure_id": "999",
    "email": "compta@debitour.example",
    "staff": "claire@rivel.example",
    "name": "Debitour",
    "iban": "DE02120300000000202051",
}
"""What nobody has, by what it is; an id is made up."""
_EVENTS: Final = {
    "reverse_payment": "rival-pay",
    "resolve_dispute": "rival-dispute",
    "cancel_plan": "rival-plan",
    "release_delivery_hold": "rival-hold",
}
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
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DOCUMENT: Final[dict[str, Any]] = create_app(cast(Api, None)).openapi()


@dataclass(frozen=True)
class Rivals:
    """Two companies that have one of everything; a manager of `acme` asks."""

    door: Door
    rival: Book
    mine: Furnished
    theirs: Furnished
    known: Mapping[str, str]
    """What the rival has, by what it is."""
    call: str
    """A call of acme's that is to be made."""

    def theirs_of(self, operation: str, what: str) -> str:
        """What the rival has, as an operation asks for it."""
        if what == "event_id":
            return _EVENTS.get(operation, _EVENTS["reverse_payment"])
        return self.theirs.own.get(operation, {}).get(what, self.known[what])

    def hidden(self) -> set[str]:
        """All that an answer to `acme` may not say."""
        own, mine = (
            {*chain(known.names.values(), *(each.values() for each in known.own.values()))}
            for known in (self.theirs, self.mine)
        )
        words = {*self.known.values(), *own, *_EVENTS.values(), "Rival", "X-2"} - mine
        return {word for word in words if len(word) > 2}


@pytest.fixture
def rivals(door: Door) -> Rivals:
    """`acme` and `rival`, each with all that operations need."""
    mine = furnish(door.book, twin=False)
    rival = make_book(door.book.engine, ("X-1", "X-2"), company_ref="rival", customer_ref="R-1")
    theirs = furnish(rival, twin=False)
    rival.tell(CaseSignal.PAYMENT_RECEIVED, "X-1", amount="10.00", event_id=_EVENTS["reverse_payment"])
    rival.tell(CaseSignal.DISPUTE_OPENED, "X-1", amount="20.00", event_id=_EVENTS["resolve_dispute"])
    rival.tell(CaseSignal.DELIVERY_HOLD_PLACED, "X-2", event_id=_EVENTS["release_delivery_hold"])
    plan = [{"due_on": "2026-03-20", "amount": "100.00"}]
    rival.tell(CaseSignal.PAYMENT_PLAN_AGREED, "X-2", event_id=_EVENTS["cancel_plan"], instalments=plan)
    more = {"email": "compta@debiteur.example", "staff": "claire@rival.example", "name": "Debiteur"}
    with transaction(rival.engine) as session:
        session.get_one(Customer, rival.customer_id).name = more["name"]
        session.exec(
            select(Contact).where(Contact.id == UUID(theirs.names["contact_id"]))
        ).one().email = more["email"]
    iban = "DE89370400440532013000"
    kept: dict[str, str] = {}
    for book in (rival, door.book):
        key = door.key("manager", [book.company])
        at = f"/v1/companies/{book.company}"
        held = {"scope": "customer", "customer": book.customer, "reason": "an audit"}
        closed = {"first_day": "2026-08-03", "last_day": "2026-08-21", "customer": book.customer}
        for place, body in (("suspensions", held), ("closures", closed)):
            answer = door.ask("POST", f"{at}/{place}", body, key=key)
            assert answer.status_code == 201, answer.text
            names = mine.names if book is door.book else kept
            names[f"{place[:-1]}_id"] = str(answer.json()["id"])
        if book is rival:
            assert door.ask("POST", f"{at}/bank-accounts", {"account": iban}, key=key).status_code == 201
    return Rivals(
        door,
        rival,
        mine,
        theirs,
        {**theirs.names, **more, **kept, "iban": iban},
        str(asked(door, TaskKind.PHONE_CALL)),
    )


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
        raw = _DOCUMENT["paths"][template][method]
        names = [name for name in re.findall(r"{(\w+)}", template) if name not in _NOT_OF_A_COMPANY]
        for some in dict.fromkeys([*((name,) for name in names), tuple(names)]):
            if some:
                yield _in_path(rivals, operation, template, some)
        good = rivals.mine.path(operation, template)
        for parameter in raw.get("parameters", []):
            what = _MEANT.get(parameter["name"])
            if parameter["in"] == "query" and what is not None:
                both = _both(rivals, operation, what)
                asks = [(f"{good}?{parameter['name']}={quote(value)}", line.body) for value in both]
                yield f"{operation} ?{parameter['name']}", both, asks
        if isinstance(line.body, bytes):
            for before, what in ((b"C-1", "customer"), (b"F-8", "number")):
                both = _both(rivals, operation, what)
                files: list[Ask] = [(good, line.body.replace(before, value.encode())) for value in both]
                yield f"{operation} file {what}", both, files
            continue
        for body in (line.body, *_MORE_BODIES.get(operation, ())):
            for at, what in _fields(raw, body):
                both = _both(rivals, operation, what)
                yield f"{operation} {at}", both, [(good, put(body, at, value)) for value in both]
    call = rivals.mine.path("complete_task", FOUND["complete_task"][1], task_id=rivals.call)
    for outcome, name in (("wrong_number", "contact_id"), ("left", "contact_id"), ("no_answer", "invoice")):
        both = _both(rivals, "complete_task", _MEANT[name])
        told: list[Ask] = [(call, {"outcome": outcome, name: value}) for value in both]
        yield f"complete_task of a call: {outcome}", both, told


def _in_path(rivals: Rivals, operation: str, template: str, some: tuple[str, ...]) -> Pair:
    both = [_both(rivals, operation, name) for name in some]
    asks: list[Ask] = []
    for turn in (0, 1):
        other = {name: quote(values[turn], safe="") for name, values in zip(some, both, strict=True)}
        asks.append((rivals.mine.path(operation, template, **other), OPERATIONS[operation].body))
    return f"{operation} {{{', '.join(some)}}}", list(chain.from_iterable(both)), asks


def _both(rivals: Rivals, operation: str, what: str) -> list[str]:
    """What nobody has, and what the rival has."""
    theirs = rivals.theirs_of(operation, what)
    return [str(uuid4()) if _ID.fullmatch(theirs) else _NOBODYS[what], theirs]


def _fields(raw: Mapping[str, Any], body: object) -> Iterator[tuple[Place, str]]:
    content = raw.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return
    model = _DOCUMENT["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    for at in places(body, list(model["properties"])):
        named = [key for key in at if isinstance(key, str)]
        what = _MEANT.get(named[-1]) if named else None
        inside: Any = body
        for key in at:
            inside = inside.get(key) if isinstance(inside, dict) else inside[cast(int, key)]
        if what is not None and not isinstance(inside, dict | list):
            yield at, what


def said(answer_text: str, asked_for: list[str]) -> str:
    """An answer without what was asked for, and without ids that were made just now or of that."""
    for value in sorted({*asked_for, *(quote(value, safe="") for value in asked_for)}, key=len, reverse=True):
        answer_text = answer_text.replace(value, "§")
    answer_text = re.sub(r"sha256:[0-9a-f]{64}", "<digest>", _ID.sub("<id>", answer_text))
    return re.sub(r'("id":)\d+', r"\1#", answer_text)


def of(engine: Engine, book: Book) -> dict[str, str | None]:
    """A digest of all that belongs to a company, by table."""
    found = {}
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            columns = [name for name in ("company_id", "customer_id") if name in table.c]
            if not columns or table.name in ("audit_event", "api_key_company"):
                continue
            where = " OR ".join(f"t.{name} = :{name}" for name in columns)
            query = f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table.name} t WHERE {where}"
            ids = {"company_id": book.company_id, "customer_id": book.customer_id}
            row = connection.execute(text(query), {name: ids[name] for name in columns}).one()
            found[table.name] = row[0]
    return found


@contextmanager
def nothing_is_kept(engine: Engine) -> Iterator[None]:
    """Every transaction is undone at its end, so that each request finds the ledger as the one before did."""
    dialect: Any = engine.dialect
    dialect.do_commit = dialect.do_rollback
    try:
        yield
    finally:
        del dialect.do_commit


def ask(rivals: Rivals, where: str, path: str, body: object) -> Response:
    """One request of acme's manager."""
    method = FOUND[where.partition(" ")[0]][0]
    if isinstance(body, bytes):
        return rivals.door.ask(method, path, content=body, headers={"Content-Type": "application/json"})
    return rivals.door.ask(method, path, body=body)


def test_asked_for_what_a_rival_has_the_answer_is_as_for_what_nobody_has(rivals: Rivals) -> None:
    asked_for = list(pairs(rivals))
    assert len(asked_for) > 300
    rivals.door.ask("GET", "/v1/me")
    wrong = []
    with nothing_is_kept(rivals.door.book.engine):
        for where, values, asks in asked_for:
            nobodys, theirs = (ask(rivals, where, path, body) for path, body in asks)
            answers = [(answer.status_code, said(answer.text, values)) for answer in (nobodys, theirs)]
            told = {word for word in rivals.hidden() - set(values) if word in answers[1][1]}
            if answers[0] != answers[1] or told or nobodys.status_code >= 500:
                wrong += [where, *(f"  {status} {text}" for status, text in answers), f"  {told or ''}"]
    assert not wrong, "\n".join(wrong)


def test_whatever_is_asked_for_nothing_of_a_rival_changes(rivals: Rivals) -> None:
    engine = rivals.door.book.engine
    before = of(engine, rivals.rival)
    assert sum(digest is not None for digest in before.values()) > 10
    for where, _, asks in pairs(rivals):
        ask(rivals, where, *asks[1])
    assert of(engine, rivals.rival) == before
