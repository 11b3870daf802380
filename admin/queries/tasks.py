"""What people are asked to do: the list, and one task whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field
from sqlmodel import Session

from activities.envelope import fetch
from activities.store.api_keys import KeyHolder
from activities.store.sql import run
from admin.api.paging import Page
from admin.queries.companies import company_asked, of_companies
from admin.queries.contacts import ItemOfContact, MessageRow, item_of, items_of, message_of, messages_of
from admin.queries.models import Answer
from admin.queries.parts import columns_of, day, objects, of_model
from admin.queries.places import day_of, surely_past, today_there
from admin.queries.reading import DAY, INSTANT, Order, Paging, Told, as_recorded, read_page, rows_of
from models.errors import NotFound
from models.tables.words import TaskKind, TaskStatus
from models.work import Outcome, outcomes_of


class TaskRow(Answer):
    """A task. `overdue`: still open after its day, at the customer's place.

    One without a customer is about the company as a whole.
    """

    id: UUID
    company: str
    customer: str | None
    customer_name: str | None
    invoice: str | None
    kind: Annotated[str, Field(examples=["phone_call"])]
    title: str
    step: str | None
    assignee: str | None
    meant_for: Annotated[str | None, Field(description="Who was asked, while somebody stands in")]
    falls_to: Annotated[
        str | None,
        Field(description="Whose call it is once its day has passed: it is only offered until then"),
    ]
    opened_on: date
    opened_at: datetime
    due_on: date | None
    call_back_on: date | None
    overdue: bool
    escalated_at: datetime | None
    status: str
    outcome: str | None
    closed_at: datetime | None
    closed_by: str | None


class Attempt(Answer):
    """One call made for a task."""

    at: datetime
    outcome: str
    cause: str | None
    by: str
    note: str | None


class StoredMessage(MessageRow):
    """A message with its stored text."""

    text: str


class AllowedOutcome(Answer):
    """What may be answered to a task, what then happens, and the fields it requires or may have."""

    word: str
    means: str
    requires: list[str]
    takes: list[str]

    @classmethod
    def of(cls, rule: Outcome) -> AllowedOutcome:
        """As the table of outcomes has it."""
        return cls(word=rule.word, means=rule.means, requires=list(rule.requires), takes=list(rule.takes))


class TaskPage(TaskRow):
    """One task whole: what to say, what it is about, what may be answered (any words, if none are named)."""

    body: Annotated[str, Field(description="The call's script with its numbers, or what to know")]
    outcomes: Annotated[list[str], Field(examples=[["promise", "no_answer"]])]
    outcome_rules: list[AllowedOutcome]
    invoices: list[ItemOfContact]
    contact_id: UUID | None
    communication_id: UUID | None
    messages: list[StoredMessage]
    attempts: list[Attempt]


class TaskFilter(Paging):
    """Which tasks, and in which order."""

    company: Annotated[str | None, Field(max_length=200, description="Only this company's")] = None
    kind: TaskKind | None = None
    status: Annotated[TaskStatus | Literal["all"], Field(description="`all` for closed ones too")] = (
        TaskStatus.OPEN
    )
    assignee: Annotated[str | None, Field(max_length=320, description="E-mail address of who is asked")] = (
        None
    )
    customer: Annotated[str | None, Field(max_length=200, description="The customer's reference")] = None
    invoice: Annotated[str | None, Field(max_length=200, description="Number of an invoice it is about")] = (
        None
    )
    due_before: Annotated[date | None, Field(description="To be done before that day")] = None
    overdue: Annotated[
        bool | None, Field(description="Its day has passed at the customer's place, or has not")
    ] = None
    sort: Annotated[
        Literal["due_on", "-due_on", "opened_at", "-opened_at"],
        Field(description="`-` for descending; tasks without a day come last"),
    ] = "due_on"


_ROW: Final[Mapping[str, str]] = {
    "id": "t.id",
    "company": "co.ref",
    "customer": "c.ref",
    "customer_name": "c.name",
    # A task without a customer is the company's own.
    "country": "coalesce(c.country, co.country)",
    "zone": "CASE WHEN c.id IS NULL THEN co.zone ELSE c.zone END",
    "invoice": "i.number",
    "kind": "t.kind",
    "title": "t.title",
    "step": "t.step",
    "assignee": "t.assignee_email",
    "meant_for": "t.meant_for",
    "falls_to": "t.falls_to",
    "opened_on": "t.opened_on",
    "opened_at": "t.opened_at",
    "due_on": "t.due_on",
    "call_back_on": "t.call_back_on",
    "escalated_at": "t.escalated_at",
    "status": "t.status",
    "outcome": "t.outcome",
    "closed_at": "t.closed_at",
    "closed_by": "t.closed_by",
}
_FROM: Final = """
      FROM task t
      JOIN company co ON co.id = t.company_id
      LEFT JOIN customer c ON c.id = t.customer_id
      LEFT JOIN invoice i ON i.id = t.invoice_id
"""

OPEN_TASKS: Final = f"""
    SELECT json_agg({objects(_ROW)} ORDER BY t.due_on, t.id)
    {_FROM}
     WHERE t.customer_id = (SELECT id FROM debtor) AND t.status = 'open'
"""
"""Part of a page's one statement: the open tasks about a customer, the first to do first."""

OPEN_TASKS_OF_CASE: Final = f"""
    {OPEN_TASKS}
       AND (t.invoice_id = (SELECT id FROM asked)
            OR t.invoice_id IS NULL
               AND t.contact_id IN (SELECT m.contact_id FROM contact_item m
                                     WHERE m.invoice_id = (SELECT id FROM asked)))
"""
"""The same, about one of its invoices."""


def open_tasks(rows: Sequence[Told] | None, now: datetime) -> list[TaskRow]:
    """The tasks that one of the parts above found."""
    return [TaskRow(**_told({**row, "due_on": day(row["due_on"])}, now)) for row in rows or ()]


def list_tasks(session: Session, holder: KeyHolder, wanted: TaskFilter, now: datetime) -> Page[TaskRow]:
    """One page of the tasks of the companies a key opens.

    Raises:
        NotFound: the company asked for is none the key opens.
        InvalidFact: a cursor of another list.
    """
    company_id = company_asked(session, holder, wanted.company)
    conditions, parameters = _conditions(wanted, now)
    column = wanted.sort.removeprefix("-")
    order = Order(
        f"tasks {wanted.sort}",
        f"k.{column}",
        "k.id",
        DAY if column == "due_on" else INSTANT,
        wanted.sort.startswith("-"),
        nullable=column == "due_on",
    )
    mine = of_companies(holder, company_id, parameters)
    there = "" if wanted.overdue is None else "LEFT JOIN customer c ON c.id = k.customer_id"
    found = f"SELECT {order.columns} FROM task k {there}"

    def build(where: str, limit: int) -> str:
        return f"""
            SELECT {columns_of(_ROW)}, page.sort_key, page.sort_id
            {_FROM}
              JOIN ({mine.first_of_each(found, " AND ".join((where, *conditions)), order, limit)}) page
                ON page.sort_id = t.id
             ORDER BY {order.by("page.sort_key", "page.sort_id")}
        """

    rows, following = read_page(session, order, wanted, build, **parameters)
    return Page(items=[TaskRow(**_told(row, now)) for row in rows], next=following)


_ONE: Final = f"""
    SELECT {columns_of(_ROW)}, t.body, t.contact_id, t.communication_id, t.invoice_id
    {_FROM}
     WHERE t.id = %(task)s AND t.company_id = %(company)s
"""


_ATTEMPTS: Final = f"""
    SELECT {columns_of(of_model(Attempt, "a"))}
      FROM call_attempt a
     WHERE a.task_id = %(task)s
     ORDER BY a.at, a.id
"""


def get_task(session: Session, company_id: UUID, task_id: UUID, now: datetime) -> TaskPage:
    """One task whole; NotFound when the company has none of that id."""
    found = rows_of(session, _ONE, task=task_id, company=company_id)
    if not found:
        raise NotFound(f"no task {task_id}")
    told = _told(found[0], now)
    invoice_id: UUID | None = told.pop("invoice_id")
    rules = outcomes_of(told["kind"])
    attempts = rows_of(session, _ATTEMPTS, task=task_id)
    return TaskPage(
        **told,
        outcomes=[rule.word for rule in rules],
        outcome_rules=[AllowedOutcome.of(rule) for rule in rules],
        invoices=_invoices(session, invoice_id, told["contact_id"]),
        messages=_messages(session, told),
        attempts=[Attempt(**attempt) for attempt in attempts],
    )


def _conditions(wanted: TaskFilter, now: datetime) -> tuple[list[str], dict[str, Any]]:
    """SQL on `task k`, and its parameters."""
    parameters = wanted.model_dump(include=set(_CONDITIONS), exclude_none=True)
    found = [_CONDITIONS[name] for name in parameters]
    if wanted.assignee is not None:
        parameters["assignee"] = list(as_recorded(wanted.assignee))
    # Words of ours stand in the text: indexes are of open tasks, and the planner knows which words are rare.
    if wanted.status != "all":
        found.append(f"k.status = '{wanted.status.value}'")
    if wanted.kind is not None:
        found.append(f"k.kind = '{wanted.kind.value}'")
    if wanted.overdue is not None:
        today, named = today_there(now)
        # What is past everywhere is found by the index.
        late = f"k.status = 'open' AND k.due_on IS NOT NULL AND (k.due_on < %(past)s OR k.due_on < {today})"
        found.append(f"({late})" if wanted.overdue else f"NOT ({late})")
        parameters |= {**named, "past": surely_past(now)}
    return found, parameters


_CONDITIONS: Final = {
    "assignee": "k.assignee_email = ANY (%(assignee)s)",
    "customer": """
        k.customer_id IN (SELECT d.id FROM customer d
                           WHERE d.company_id = k.company_id AND d.ref = %(customer)s)
    """,
    "invoice": """
        (k.invoice_id IN (SELECT i.id FROM invoice i
                           WHERE i.number = %(invoice)s AND i.company_id = k.company_id)
         OR k.invoice_id IS NULL
            AND k.contact_id IN (SELECT m.contact_id
                                   FROM contact_item m JOIN invoice i ON i.id = m.invoice_id
                                  WHERE i.number = %(invoice)s AND i.company_id = k.company_id))
    """,
    "due_before": "k.due_on < %(due_before)s",
}
"""SQL by field of the filter, on `task k`."""


def _told(told: Told, now: datetime) -> Told:
    today, due_on = day_of(now, told.pop("country"), told.pop("zone")), told["due_on"]
    told["overdue"] = told["status"] == TaskStatus.OPEN and due_on is not None and due_on < today
    return told


_INVOICE: Final = """
    SELECT i.number AS invoice, k.due_on, k.currency, k.outstanding, FALSE AS folded
      FROM invoice i JOIN dunning_case k ON k.invoice_id = i.id
     WHERE i.id = %(invoice)s
"""


def _invoices(session: Session, invoice_id: UUID | None, contact_id: UUID | None) -> list[ItemOfContact]:
    if contact_id is not None:
        return items_of(session, [contact_id])[contact_id]
    if invoice_id is None:
        return []
    (row,) = rows_of(session, _INVOICE, invoice=invoice_id)
    return [item_of(row)]


def _messages(session: Session, told: Told) -> list[StoredMessage]:
    """The messages of the task's contact, or the one it is about, with their stored text."""
    company, contact_id = told["company"], told["contact_id"]
    if told["communication_id"] is not None:
        found = message_of(session, company, told["communication_id"])
    else:
        found = messages_of(session, company, [contact_id] if contact_id else [])
    rows = run(
        session,
        "SELECT id, content_hash FROM communication WHERE id = ANY (%(messages)s)",
        messages=[message.id for message in found],
    )
    hashes = {row.id: row.content_hash for row in rows}
    return [
        StoredMessage(**message.model_dump(), text=fetch(session, hashes[message.id]).text)
        for message in found
    ]
