"""Two companies that have one of everything, and ways to see whether one finds out about the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from httpx2 import Response
from sqlalchemy import Engine, text
from sqlmodel import select

from activities.store.engine import transaction
from models.ids import CaseSignal
from models.tables import Contact, Customer, metadata
from models.tables.words import TaskKind
from tests.api.conftest import Door
from tests.api.matrix import Furnished, furnish
from tests.api.pages import asked
from tests.fixtures.ledger import Book, make_book

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
    "withdraw_fact": "rival-claim",
}
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Rivals:
    """Two companies that have one of everything; somebody of `acme` asks."""

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

    def both(self, operation: str, what: str) -> list[str]:
        """What nobody has, and what the rival has."""
        theirs = self.theirs_of(operation, what)
        return [str(uuid4()) if _ID.fullmatch(theirs) else _NOBODYS[what], theirs]

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
    rival.tell(CaseSignal.PAYMENT_CLAIMED, "X-1", event_id=_EVENTS["withdraw_fact"])
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
        # The rival's are of all of it: to end one takes a manager, which may not tell that it is there.
        mine_only = book is not rival
        whom = {"customer": book.customer} if mine_only else {}
        held = {"scope": "customer" if mine_only else "company", "reason": "an audit", **whom}
        closed = {"first_day": "2026-08-03", "last_day": "2026-08-21", **whom}
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


def without(answer_text: str, asked_for: Sequence[str]) -> str:
    """An answer without what was asked for."""
    for value in sorted({*asked_for, *(quote(value, safe="") for value in asked_for)}, key=len, reverse=True):
        answer_text = answer_text.replace(value, "§")
    return answer_text


def differs(rivals: Rivals, answers: Sequence[Response], asked_for: Sequence[str]) -> str:
    """How the second answer, for what the rival has, differs from the one for what nobody has; "" if not."""
    told = [(answer.status_code, without(answer.text, asked_for)) for answer in answers]
    same = [(status, _lasting(text)) for status, text in told]
    hidden = {word for word in rivals.hidden() - set(asked_for) if word in told[1][1]}
    if same[0] == same[1] and not hidden and told[0][0] < 500:
        return ""
    return "\n".join((*(f"{status} {text}" for status, text in same), f"told: {sorted(hidden)}"))


def _lasting(answer_text: str) -> str:
    """An answer without what is made anew each time, or of what was asked for."""
    answer_text = re.sub(r"sha256:[0-9a-f]{64}", "<digest>", _ID.sub("<id>", answer_text))
    return re.sub(r'("id":)\d+', r"\1#", answer_text)


def belongings(engine: Engine, book: Book) -> dict[str, str | None]:
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
