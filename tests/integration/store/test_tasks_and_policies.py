"""Tasks open once; refused facts are kept where people see them; policies are numbered editions."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import StatementError
from sqlmodel import select

from activities.store.engine import transaction
from activities.store.facts import reject
from activities.store.policies import add_edition, ensure_builtin, get_policy, latest
from activities.store.tasks import close_task, open_task, withdraw_tasks
from models.errors import NotFound
from models.tables import CaseEvent, Invoice, PolicyRow, Task
from models.tables.words import TaskKind, TaskStatus
from policies import builtin_policy_texts
from rules.policy import PolicyError, parse_policy
from tests.fixtures.ledger import NOW, TODAY, Book

pytestmark = pytest.mark.integration


def ask(book: Book, engine: Engine, key: str = "decision/F-1/handover") -> bool:
    """Open a decision task; return whether it is new."""
    with transaction(engine) as session:
        return open_task(
            session,
            key=key,
            kind=TaskKind.DECISION,
            company_id=book.company_id,
            customer_id=book.customer_id,
            invoice_id=book.invoices["F-1"],
            title="Decide",
            now=NOW,
            today=TODAY,
        )[1]


def test_asking_twice_opens_one_task(book: Book, new_engine: Callable[[], Engine]) -> None:
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask, book, new_engine()) for _ in range(2)]
        assert sorted(result.result(timeout=60) for result in asked) == [False, True]
    assert len(book.tasks()) == 1


def test_a_task_that_is_done_is_not_asked_again(book: Book) -> None:
    ask(book, book.engine)
    with transaction(book.engine) as session:
        close_task(session.exec(select(Task)).one(), TaskStatus.DONE, "lawyer", "marie", NOW)
    assert not ask(book, book.engine)
    assert book.tasks()[0].status == "done"


def test_withdrawing_takes_every_condition(book: Book) -> None:
    ask(book, book.engine, "one")
    ask(book, book.engine, "two")
    with transaction(book.engine) as session:
        invoice_id = book.invoices["F-1"]
        assert withdraw_tasks(session, now=NOW, why="paid") == []
        assert withdraw_tasks(session, now=NOW, why="paid", invoice_id=invoice_id, kinds=("dispute",)) == []
        (task,) = withdraw_tasks(session, now=NOW, why="paid", invoice_id=invoice_id, keys=("one",))
    assert (task.key, task.status, task.outcome, task.closed_at) == ("one", "withdrawn", "paid", NOW)


def test_a_refused_fact_is_seen_once_while_its_task_is_open(book: Book) -> None:
    invoice_id = book.invoices["F-1"]
    payload = '{"amount": "many"}' + "x" * 5000 + "\x00\ud800"

    def refuse() -> bool:
        with transaction(book.engine) as session:
            return reject(session, NOW, invoice_id, "payment_received", payload, "amount: not a number")

    assert [refuse(), refuse()] == [True, False]
    (task,) = book.tasks("rejected_fact")
    with transaction(book.engine) as session:
        line = session.exec(select(CaseEvent).where(CaseEvent.what == "rejected")).one()
    assert (line.why, line.detail["signal"]) == ("amount: not a number", "payment_received")
    assert line.detail["payload"] == payload[:2000]
    assert (task.invoice_id, task.assignee_email) == (invoice_id, "collector@acme.example")

    with transaction(book.engine) as session:
        close_task(session.get_one(Task, task.id), TaskStatus.DONE, "told the bank", "marie", NOW)
    assert refuse()
    assert [task.status for task in book.tasks("rejected_fact")].count("open") == 1


def test_characters_that_cannot_be_stored_do_not_block_a_refusal(book: Book) -> None:
    with transaction(book.engine) as session:
        assert reject(session, NOW, book.invoices["F-1"], "\x00", "a\x00b\ud800", "c\x00")
    with transaction(book.engine) as session:
        line = session.exec(select(CaseEvent).where(CaseEvent.what == "rejected")).one()
    assert line.detail["payload"] == "a\N{REPLACEMENT CHARACTER}b?"


def test_a_refusal_needs_its_invoice(book: Book) -> None:
    with transaction(book.engine) as session, pytest.raises(NotFound):
        reject(session, NOW, book.company_id, "paused", "{}", "why")


def test_a_policy_gets_a_version_only_when_its_text_changes(engine: Engine) -> None:
    texts = builtin_policy_texts()
    with transaction(engine) as session:
        first = ensure_builtin(session, texts, NOW)
        assert set(first.values()) == {1}
        assert ensure_builtin(session, texts, NOW) == first
    changed = texts["standard.toml"].replace("min_gap_days = 5", "min_gap_days = 6")
    with transaction(engine) as session:
        versions = ensure_builtin(session, texts | {"standard.toml": changed}, NOW)
        assert versions == first | {"standard": 2}
        assert latest(session, "standard") == 2
        editions = [get_policy(session, "standard", version) for version in (1, 2)]
        assert [(policy.version, policy.min_gap_days) for policy in editions] == [(1, 5), (2, 6)]
        # Going back is a change too: the text of version 1, as version 3.
        policy = parse_policy(texts["standard.toml"], "standard.toml")
        assert add_edition(session, policy, texts["standard.toml"], NOW) == 3


def test_workers_that_start_together_record_one_edition(new_engine: Callable[[], Engine]) -> None:
    def start(engine: Engine) -> dict[str, int]:
        with transaction(engine) as session:
            return ensure_builtin(session, builtin_policy_texts(), NOW)

    with ThreadPoolExecutor(3) as pool:
        results = [pool.submit(start, new_engine()) for _ in range(3)]
        assert all(set(result.result(timeout=60).values()) == {1} for result in results)


def test_unknown_policies_are_named(engine: Engine) -> None:
    with transaction(engine) as session:
        with pytest.raises(NotFound, match="no policy 'gentle'"):
            latest(session, "gentle")
        with pytest.raises(NotFound, match="no version 4 of policy 'gentle'"):
            get_policy(session, "gentle", 4)


def test_a_bad_policy_records_none(engine: Engine) -> None:
    texts = builtin_policy_texts() | {"zz.toml": "key = 1"}
    with pytest.raises(PolicyError, match=r"zz\.toml"), transaction(engine) as session:
        ensure_builtin(session, texts, NOW)
    with transaction(engine) as session:
        assert session.exec(select(PolicyRow)).all() == []


def test_connections_speak_utc_and_give_up_by_themselves(engine: Engine) -> None:
    wanted = {
        "timezone": "UTC",
        "application_name": "relance",
        "statement_timeout": "30s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "1min",
    }
    with engine.connect() as connection:
        assert {name: connection.scalar(text(f"SHOW {name}")) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [("created_at", NOW.replace(tzinfo=None), "naive datetime"), ("total", 1.5, "finite Decimal")],
)
def test_naive_times_and_inexact_amounts_are_refused(
    book: Book, column: str, value: object, why: str
) -> None:
    with pytest.raises(StatementError, match=why), transaction(book.engine) as session:
        setattr(session.get_one(Invoice, book.invoices["F-1"]), column, value)


def test_a_transaction_that_raises_leaves_nothing(book: Book) -> None:
    def fail_in_the_middle() -> None:
        with transaction(book.engine) as session:
            session.get_one(Invoice, book.invoices["F-1"]).order_ref = "PO-1"
            session.flush()
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail_in_the_middle()
    with transaction(book.engine) as session:
        assert session.get_one(Invoice, book.invoices["F-1"]).order_ref is None
