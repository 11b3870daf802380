"""What somebody answers to a task in a form: read, told to the ledger, and what follows said in a sentence.

The ledger is asked through the one door that the API and the command line use too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError
from sqlmodel import Session, select

from activities.outbox import BATCH
from activities.store.engine import transaction
from activities.store.tasks import invoices_of
from activities.store.work import Completion, complete_task
from admin.api.work.tasks import MANAGERS
from admin.console.door import CompanyVisit, Forbidden, form_id
from admin.console.following import what_follows
from admin.console.words import kind, word
from admin.queries.case import get_case
from admin.queries.reading import snapshot
from models.errors import InvalidFact, NotFound, RelanceError
from models.tables import Task
from models.tables.words import ApiRole, TaskKind
from models.work import FIELDS

_DAYS: Final = frozenset({"promised_on", "paid_on", "call_back_on", "posted_on", "received_on", "until"})
_TOLD: Final = tuple(name for name in FIELDS if name != "contact")
_SHOWN: Final = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an answer was not taken: `field` is the form's, empty where it is none's."""

    field: str
    text: str


def complete(at: CompanyVisit, task_id: UUID, fields: Mapping[str, str]) -> str | Problem:
    """Tell the ledger what came of a task; the sentence to show, or why it was not taken.

    Sent twice, the same form changes nothing the second time: its id is the event's.

    Raises:
        NotFound: the company has no such task.
        Forbidden: their role does not allow it.
    """
    if not at.visit.may(ApiRole.COLLECTOR):
        raise Forbidden("error.403")
    try:
        told = _read(fields, at.visit.user.language)
    except InvalidFact as error:
        return _problem(str(error))
    now = at.api.clock.now()
    try:
        with transaction(at.api.engine) as session:
            task = _task(session, at, task_id)
            if task.kind in (*MANAGERS, TaskKind.APPROVAL) and not at.visit.may(ApiRole.MANAGER):
                raise Forbidden("error.403")
            done = complete_task(session, task_id=task.id, completion=told, now=now, who=at.visit.who)
            detail = {"task": str(task.id), "outcome": told.outcome, "event_id": done.event_id}
            at.audit(session, "complete_task", **detail)
            numbers = [invoice.number for invoice in invoices_of(session, task)][:_SHOWN]
    except NotFound as error:
        if not str(error).startswith(("invoice:", "contact")):
            raise
        return _problem(str(error))
    except RelanceError as error:
        return _problem(str(error))
    at.api.courier.deliver(done.notes[:BATCH])
    language = at.visit.user.language
    follows = " ".join(_follows(at, number) for number in numbers)
    if done.duplicate:
        return word(language, "recorded.again", next=follows).strip()
    what = kind(language, "outcome", told.outcome or "done")
    return word(language, "recorded", what=what, next=follows).strip()


def _read(fields: Mapping[str, str], language: str) -> Completion:
    """The answer of a form.

    Raises:
        InvalidFact: a field that cannot be read; the text begins with its name.
    """
    told: dict[str, Any] = {"outcome": fields.get("outcome") or None, "note": fields.get("note") or None}
    form = form_id(fields)
    told["event_id"] = f"console:{form}" if form is not None else None
    for name in _TOLD:
        text = fields.get(name, "").strip()
        if not text:
            continue
        if name in _DAYS:
            told[name] = _day(name, text)
        elif name == "amount":
            told[name] = amount_of(text, language)
        else:
            told[name] = text
    try:
        return Completion(**told)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidFact(f"{first['loc'][0] if first['loc'] else 'note'}: {first['msg']}") from None


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidFact(f"{name}: {text!r} is no day") from None


def amount_of(text: str, language: str) -> Decimal:
    """An amount as people of that language type it: `1 234,56` and `1.234,56`, or `1,234.56`.

    The other language's mark before one or two last digits is taken too, where nothing else can be meant:
    `1234.5`.

    Raises:
        InvalidFact: it is none.
    """
    bare = "".join(char for char in text if not char.isspace() and char not in "\u00a0\u202f€")
    mark, other = (",", ".") if language == "fr" else (".", ",")
    if mark not in bare and re.fullmatch(rf"[0-9]+[{other}][0-9]{{1,2}}", bare):
        mark, other = other, mark
    if not re.fullmatch(rf"(?:[0-9]{{1,3}}(?:[{other}][0-9]{{3}})+|[0-9]+)(?:[{mark}][0-9]+)?", bare):
        raise InvalidFact(f"amount: {text!r} is no amount")
    return Decimal(bare.replace(other, "").replace(mark, "."))


def _problem(text: str) -> Problem:
    name, colon, rule = text.partition(": ")
    return Problem(name, rule) if colon and name in (*_TOLD, "note") else Problem("", text)


def _task(session: Session, at: CompanyVisit, task_id: UUID) -> Task:
    found = session.exec(
        select(Task).where(Task.id == task_id, Task.company_id == at.company_id)
    ).one_or_none()
    if found is None:
        raise NotFound(f"no task {task_id}")
    return found


def _follows(at: CompanyVisit, number: str) -> str:
    """What comes next for an invoice, decided on what is true now."""
    with snapshot(at.api.engine) as session:
        case = get_case(session, at.company_id, at.ref, number, at.api.settings, at.api.clock.now())
    return what_follows(case, at.visit.user.language)
