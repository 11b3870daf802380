"""A portfolio into a real ledger: whole, once, and again after any interruption."""

from __future__ import annotations

import csv
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlmodel import select

from activities.clock import Clock
from activities.decisions import settle_case
from activities.store.engine import transaction
from activities.store.facts import record
from activities.store.load import load_case
from activities.store.marks import add_mark
from activities.store.tasks import open_task
from admin.portfolio import entries
from admin.portfolio.ledger import keys_by_index, raw
from admin.portfolio.load import Report, load_portfolio
from admin.portfolio.row import PortfolioError, Reject
from admin.portfolio.start import ledger_policies
from models.ids import CaseSignal
from models.messages import PaymentPlanAgreed, PaymentReceived, PlanInstalment
from models.tables import Customer, DunningCase, Invoice
from models.tables.words import TaskKind, UnreachableCause
from rules.calendar import Channel, business_calendar
from rules.facts import Reach, Role
from tests.fixtures.ledger import everything
from tests.fixtures.reckoned import days_apart
from tests.unit.portfolio.files import write

pytestmark = pytest.mark.integration

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
"""A Monday, 08:00 in Paris: what the unit tests call TODAY."""

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "samples" / "portfolio.csv"


def load(engine: Engine, path: Path, **options: Any) -> Report:
    options.setdefault("rejects_path", path.with_suffix(".rejects.csv"))
    return load_portfolio(engine, path, now=NOW, policies=ledger_policies(engine, Clock()), **options)


def rows(engine: Engine, query: str, **values: object) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def count(engine: Engine, table: str) -> int:
    return int(rows(engine, f"SELECT count(*) FROM {table}")[0][0])


def invoices(number: int, customers: int = 3, **more: str) -> list[dict[str, str]]:
    return [
        {"invoice": f"F-{n}", "customer": f"C-{n % customers}", "accounting_email": "compta@client.fr"} | more
        for n in range(number)
    ]


def test_the_sample_enters_whole(engine: Engine, tmp_path: Path) -> None:
    report = load(engine, SAMPLE, rejects_path=tmp_path / "r.csv")
    assert report == Report(rows=12, inserted=12, closed=1)
    assert report.cases_to_start == 11
    assert count(engine, "invoice") == count(engine, "dunning_case") == 12
    assert count(engine, "customer") == 10
    assert rows(engine, "SELECT ref, name, country FROM company") == [("LUMIERE", "LUMIERE", "FR")]
    assert ("claire.morel@lumiere.example", "claire.morel", "collector") in rows(
        engine, "SELECT email, name, role FROM app_user"
    )
    assert not (tmp_path / "r.csv").exists()
    ((company,),) = rows(engine, "SELECT id FROM company")
    ((first, owing),) = rows(engine, "SELECT min(from_on), count(*) FROM owed WHERE until_on IS NULL")
    assert owing == 11
    days = (first + timedelta(days=count) for count in range((NOW.date() - first).days + 2))
    assert days_apart(engine, company, days, business_calendar("FR", None)) == []


def test_keys_are_looked_up_by_an_index_while_rows_are_copied_and_not_behind(engine: Engine) -> None:
    def planning(connection: Connection) -> list[tuple[object, ...]]:
        asked = "SELECT current_setting('plan_cache_mode'), current_setting('enable_seqscan')"
        return raw(connection).execute(asked).fetchall()

    with engine.begin() as connection:
        usual = planning(connection)
        raw(connection).execute("SET LOCAL plan_cache_mode = force_custom_plan")
        with keys_by_index(connection):
            assert planning(connection) == [("auto", "off")]
        assert planning(connection) == [("force_custom_plan", "on")]
    with engine.begin() as connection:
        assert planning(connection) == usual


def test_what_a_row_says_is_in_the_ledger(engine: Engine, tmp_path: Path) -> None:
    row = {
        "customer_name": "Ateliers \\ Brémont",
        "country": "RE",
        "timezone": "Indian/Reunion",
        "language": "fr",
        "segment": "retail",
        "accounting_email": "a@b.fr",
        "accounting_phone": "0692 12 34 56",
        "executive_email": "dg@b.fr",
        "order_ref": "BC-1",
        "paid": "200.00",
        "last_step": "reminder_1",
        "last_contacted_on": "2026-02-23",
        "policy": "standard",
    }
    load(engine, write(tmp_path / "p.csv", [row]))
    assert rows(engine, "SELECT name, country, zone, language, segment, ledger_seq FROM customer") == [
        ("Ateliers \\ Brémont", "RE", "Indian/Reunion", "fr", "retail", 1)
    ]
    assert sorted(rows(engine, "SELECT role, email, phone, phone_kind FROM contact")) == [
        ("accounting", "a@b.fr", "+262692123456", "mobile"),
        ("executive", "dg@b.fr", None, None),
    ]
    assert rows(engine, "SELECT total, currency, order_ref, policy FROM invoice") == [
        (Decimal("1200.0000"), "EUR", "BC-1", "standard")
    ]
    assert rows(engine, "SELECT amount, event_id, received_on FROM payment") == [
        (Decimal("200.0000"), "opening/F-1", date(2026, 3, 2))
    ]
    assert rows(
        engine,
        "SELECT i.step, i.on_day, i.concluded, m.status"
        " FROM contact_item i JOIN contact_made m ON m.id = contact_id",
    ) == [("reminder_1", date(2026, 2, 23), True, "opening")]
    assert rows(engine, "SELECT outstanding, next_step, stage, policy_key FROM dunning_case") == [
        (Decimal("1000.0000"), "reminder_2", "reminder_1", "standard")
    ]
    [(signal, order_at, payload)] = rows(engine, "SELECT signal, order_at, payload FROM outbox_note")
    assert (signal, payload) == ("start", {})
    assert order_at == datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


def test_who_knows_a_contact_is_said_by_the_first_row_that_names_it(engine: Engine, tmp_path: Path) -> None:
    told = [
        {"buyer_email": "achats@b.fr", "buyer_known_by": "Hugo@acme.example", "accounting_email": "a@b.fr"},
        {
            "invoice": "F-2",
            "buyer_email": "achats@b.fr",
            "buyer_known_by": "ines@acme.example",
            "executive_email": "dg@b.fr",
            "executive_known_by": "ines@acme.example",
        },
    ]
    load(engine, write(tmp_path / "p.csv", told))
    found = "SELECT role, email, known_by FROM contact ORDER BY role"
    known = [
        ("accounting", "a@b.fr", None),
        ("buyer", "achats@b.fr", "hugo@acme.example"),
        ("executive", "dg@b.fr", "ines@acme.example"),
    ]
    assert rows(engine, found) == known
    assert rows(engine, "SELECT email, role FROM app_user ORDER BY email") == [
        ("hugo@acme.example", "sales_rep"),
        ("ines@acme.example", "sales_rep"),
    ]
    again = [{"invoice": "F-3", "accounting_email": "a@b.fr", "accounting_known_by": "ines@acme.example"}]
    load(engine, write(tmp_path / "again.csv", again))
    assert rows(engine, found) == known, "who is known already is left as they are"


def test_facts_already_past_are_recorded_as_if_they_had_been_told(engine: Engine, tmp_path: Path) -> None:
    told = [
        {"invoice": "PAID", "paid": "200.00", "settled_on": "2026-03-01"},
        {"invoice": "WILL", "settled_on": "2026-04-01"},
        {"invoice": "DISPUTED", "disputed_on": "2026-02-20", "collector_email": "c@acme.fr"},
        {"invoice": "RESOLVED", "disputed_on": "2026-02-20", "resolved_on": "2026-02-25"},
    ]
    report = load(engine, write(tmp_path / "p.csv", told))
    assert (report.inserted, report.closed) == (4, 1)
    assert sorted(rows(engine, "SELECT event_id, amount FROM payment")) == [
        ("opening/PAID", Decimal("200.0000")),
        ("settled/PAID", Decimal("1000.0000")),
    ]
    states = dict(
        rows(engine, "SELECT number, state FROM dunning_case JOIN invoice ON invoice.id = invoice_id")
    )
    assert states == {"PAID": "closed", "WILL": "waiting", "DISPUTED": "paused", "RESOLVED": "waiting"}
    assert sorted(rows(engine, "SELECT kind, event_id FROM fact WHERE kind LIKE 'dispute%'")) == [
        ("dispute_opened", "disputed/DISPUTED"),
        ("dispute_opened", "disputed/RESOLVED"),
        ("dispute_resolved", "resolved/RESOLVED"),
    ]
    assert rows(engine, "SELECT kind, due_on FROM task") == [("dispute", date(2026, 3, 16))]
    assert count(engine, "outbox_note") == 3


def test_the_stored_decision_is_what_a_review_finds(engine: Engine, tmp_path: Path) -> None:
    """The import decides many alike cases once; the review decides each from the ledger. Both agree."""
    spread = [
        {
            "invoice": f"F-{n}",
            "customer": f"C-{n // 2}",
            "amount": amount,
            "due_on": due_on,
            "accounting_phone": "0612345678" if n % 2 else "",
            "accounting_email": "compta@client.fr",
        }
        for n, (amount, due_on) in enumerate(
            (amount, due_on)
            for amount in ("5.00", "10.00", "49.99", "9800.00")
            for due_on in ("2026-01-15", "2026-02-20", "2026-03-02", "2026-05-01")
        )
    ]
    load(engine, write(tmp_path / "p.csv", [*spread, *_brought_over(), *_promised()]))
    decided = (
        "SELECT invoice_id, state, stage, next_step, next_channel, next_at, wake_at, next_why, paused_by,"
        " outstanding, disputed FROM dunning_case ORDER BY invoice_id"
    )
    before = rows(engine, decided)
    assert len(before) == 21
    for invoice_id, *_ in before:
        with transaction(engine) as session:
            settle_case(session, invoice_id, NOW, "off")
    assert rows(engine, decided) == before


def test_a_promise_is_a_plan_of_one_instalment_under_its_fact(engine: Engine, tmp_path: Path) -> None:
    told = [
        {"invoice": "SOON", "promised_on": "2026-03-10", "paid": "200.00"},
        {"invoice": "BROKEN", "promised_on": "2026-02-20", "promised_amount": "50.00"},
        {"invoice": "SETTLED", "promised_on": "2026-02-20", "settled_on": "2026-02-27"},
    ]
    path = write(tmp_path / "p.csv", told)
    assert load(engine, path).inserted == 3
    found = (
        "SELECT number, agreed_at, cancelled_at, place, instalment.due_on, amount, event_id, kind, payload"
        " FROM payment_plan JOIN instalment ON plan_id = payment_plan.id"
        " JOIN fact ON fact.id = fact_id JOIN invoice ON invoice.id = fact.invoice_id ORDER BY number DESC"
    )
    soon = {"instalments": [{"due_on": "2026-03-10", "amount": "1000"}]}
    broken = {"instalments": [{"due_on": "2026-02-20", "amount": "50"}]}
    agreed = "payment_plan_agreed"
    assert rows(engine, found) == [
        ("SOON", NOW, None, 1, date(2026, 3, 10), Decimal(1000), "promised/SOON", agreed, soon),
        (
            *("BROKEN", datetime(2026, 2, 19, 23, 0, tzinfo=UTC), None, 1, date(2026, 2, 20), Decimal(50)),
            *("promised/BROKEN", agreed, broken),
        ),
    ]
    cases = "SELECT number, state, paused_by, wake_at FROM dunning_case JOIN invoice ON id = invoice_id"
    assert sorted(rows(engine, cases)) == [
        ("BROKEN", "waiting", None, datetime(2026, 3, 2, 8, 30, tzinfo=UTC)),
        ("SETTLED", "closed", None, None),
        ("SOON", "paused", "promise", datetime(2026, 3, 13, 8, 30, tzinfo=UTC)),
    ]
    before = everything(engine)
    assert load(engine, path).unchanged == 3
    # The same amount in words is the same promise.
    told[0]["promised_amount"] = "1000.00"
    assert load(engine, write(tmp_path / "q.csv", told)).unchanged == 3
    assert everything(engine) == before
    with transaction(engine) as session:
        again = PaymentPlanAgreed(
            event_id="promised/SOON",
            instalments=(PlanInstalment(due_on=date(2026, 3, 10), amount=Decimal("1000.00")),),
        )
        signal = CaseSignal.PAYMENT_PLAN_AGREED
        assert record(
            session, now=NOW, invoice=("ACME", "SOON"), fact=again, signal=signal, who="t"
        ).duplicate


def test_another_promise_is_a_conflict(engine: Engine, tmp_path: Path) -> None:
    load(engine, write(tmp_path / "p.csv", [{"promised_on": "2026-03-10"}, {"invoice": "F-2"}]))
    told = [{"promised_on": "2026-03-17"}, {"invoice": "F-2", "promised_on": "2026-03-10"}]
    before, rejects = everything(engine), list[Reject]()
    assert load(engine, write(tmp_path / "q.csv", told), on_reject=rejects.append).conflicts == 2
    assert everything(engine) == before
    assert [reject.reason for reject in rejects] == [
        "conflict: promised_on is 2026-03-10 in the ledger, 2026-03-17 in the file",
        "conflict: promised_on is empty in the ledger, 2026-03-10 in the file; promised_amount is empty in "
        "the ledger, 1200.00 in the file",
    ]


def test_a_step_the_assigned_policy_does_not_have_is_refused_and_can_be_mended(
    engine: Engine, tmp_path: Path
) -> None:
    told = {"segment": "public", "last_step": "reminder_3", "last_contacted_on": "2026-02-20"}
    path = write(tmp_path / "p.csv", [told, {"invoice": "F-2", "customer": "C-2"}])
    report = load(engine, path)
    assert (report.rows, report.inserted, report.rejected) == (2, 1, 1)
    assert rows(engine, "SELECT ref FROM customer") == [("C-2",)]
    mended = tmp_path / "mended.csv"
    mended.write_text((tmp_path / "p.rejects.csv").read_text("utf-8-sig").replace("reminder_3", "reminder_2"))
    assert load(engine, mended).inserted == 1
    # Known by now, the first file's row is another one.
    assert load(engine, path).conflicts == 1


def test_a_decision_of_another_tool_is_no_contact_with_the_customer(engine: Engine, tmp_path: Path) -> None:
    told = [
        {"invoice": "X-1", "last_step": "handover", "last_contacted_on": "2026-02-27"},
        {"invoice": "X-2", "due_on": "2026-02-25"},
    ]
    load(engine, write(tmp_path / "p.csv", told))
    decided = "SELECT number, state, next_at FROM dunning_case JOIN invoice ON id = invoice_id"
    assert sorted(rows(engine, decided)) == [
        ("X-1", "ladder_done", None),
        ("X-2", "waiting", datetime(2026, 3, 2, 8, 30, tzinfo=UTC)),
    ]


def _brought_over() -> list[dict[str, str]]:
    """Two invoices of one customer: the contact about the first counts for the second."""
    return [
        {"invoice": "X-1", "customer": "X", "last_step": "reminder_1", "last_contacted_on": "2026-02-27"},
        {"invoice": "X-2", "customer": "X"},
    ]


def _promised() -> list[dict[str, str]]:
    """Promises to come, broken, and of a part; some was paid before each."""
    days = (("P-1", "2026-03-09"), ("P-2", "2026-02-28"), ("P-3", "2026-02-20"))
    return [
        {
            "invoice": number,
            "customer": number,
            "promised_on": day,
            "promised_amount": "300.00",
            "paid": "400.00",
        }
        for number, day in days
    ]


def test_a_contact_of_another_tool_counts_for_the_customer(engine: Engine, tmp_path: Path) -> None:
    load(engine, write(tmp_path / "p.csv", _brought_over()))
    [(invoice_id, next_at)] = rows(
        engine,
        "SELECT invoice_id, next_at FROM dunning_case JOIN invoice ON id = invoice_id WHERE number = 'X-2'",
    )
    assert next_at == datetime(2026, 3, 4, 8, 30, tzinfo=UTC)
    with transaction(engine) as session:
        assert load_case(session, invoice_id, NOW).customer.last_contact_on == date(2026, 2, 27)


def test_loading_twice_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    load(engine, SAMPLE, rejects_path=tmp_path / "r.csv")
    before = everything(engine)
    report = load(engine, SAMPLE, rejects_path=tmp_path / "r.csv")
    assert report == Report(rows=12, unchanged=12)
    assert everything(engine) == before


def test_it_stays_unchanged_when_the_ledger_has_moved_on(engine: Engine, tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", [{"paid": "200.00"}])
    load(engine, path)
    with transaction(engine) as session:
        fact = PaymentReceived(event_id="bank/1", amount=Decimal("1000.00"), currency="EUR")
        record(
            session,
            now=NOW,
            invoice=("ACME", "F-1"),
            fact=fact,
            signal=CaseSignal.PAYMENT_RECEIVED,
            who="test",
        )
    assert load(engine, path).unchanged == 1


def test_other_facts_are_a_conflict_and_change_nothing(engine: Engine, tmp_path: Path) -> None:
    load(engine, write(tmp_path / "p.csv", [{}, {"invoice": "F-2"}]))
    before = everything(engine)
    rejects: list[Reject] = []
    path = write(tmp_path / "q.csv", [{"amount": "1300.00", "paid": "5.00"}, {"invoice": "F-2"}])
    report = load(engine, path, on_reject=rejects.append)
    assert (report.unchanged, report.conflicts, report.rejected) == (1, 1, 0)
    assert everything(engine) == before
    assert [(reject.line, reject.field) for reject in rejects] == [(2, "amount")]
    assert rejects[0].reason == (
        "conflict: amount is 1200.00 in the ledger, 1300.00 in the file; paid is empty in the ledger, "
        "5.00 in the file"
    )
    assert report.rejects_file == tmp_path / "q.rejects.csv"


def test_rejects_are_kept_with_their_cells_and_can_be_mended(engine: Engine, tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", [{"amount": '"12,00"'}, {"invoice": "F-2"}])
    report = load(engine, path)
    assert (report.rows, report.inserted, report.rejected) == (2, 1, 1)
    rejected = tmp_path / "p.rejects.csv"
    with rejected.open(encoding="utf-8-sig", newline="") as file:
        header, row = list(csv.reader(file))
    assert header[:4] == ["line", "field", "reason", "company"]
    assert row[:2] == ["2", "amount"]
    assert row[header.index("amount")] == "12,00"
    mended = tmp_path / "mended.csv"
    mended.write_text(rejected.read_text("utf-8-sig").replace('"12,00"', "12.00"), "utf-8")
    assert load(engine, mended).inserted == 1
    assert load(engine, path, rejects_path=tmp_path / "p.rejects.csv").unchanged == 1


def test_a_rejects_file_of_an_earlier_run_goes_when_nothing_is_rejected(
    engine: Engine, tmp_path: Path
) -> None:
    path = write(tmp_path / "p.csv", [{}])
    left = tmp_path / "p.rejects.csv"
    left.write_text("old", "utf-8")
    assert load(engine, path).rejects_file is None
    assert not left.exists()


def test_a_file_that_is_no_portfolio_leaves_nothing(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("company;invoice;customer\n", "utf-8")
    with pytest.raises(PortfolioError, match="semicolons"):
        load(engine, path)
    assert count(engine, "company") == 0


def test_a_crash_in_the_middle_rolls_its_batch_back_and_a_second_run_goes_on(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "p.csv", invoices(10))
    copied = entries._copy
    calls = 0

    def failing(connection: Any, table: str, columns: Sequence[str], values: Sequence[Any]) -> None:
        nonlocal calls
        calls += table == "case_event"
        if calls == 3:
            raise ConnectionError("the machine went away")
        copied(connection, table, columns, values)

    monkeypatch.setattr(entries, "_copy", failing)
    with pytest.raises(ConnectionError):
        load(engine, path, batch=3)
    assert count(engine, "invoice") == count(engine, "outbox_note") == count(engine, "case_event") == 6
    monkeypatch.setattr(entries, "_copy", copied)
    report = load(engine, path, batch=3)
    assert (report.inserted, report.unchanged) == (4, 6)
    assert count(engine, "invoice") == count(engine, "outbox_note") == 10


def test_stopping_between_batches_loses_nothing(engine: Engine, tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", invoices(10))

    def stop(phase: str, done: int, total: int) -> None:
        assert 0 < done <= total
        if phase == "record":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(engine, path, batch=4, on_progress=stop)
    assert count(engine, "invoice") == 4
    report = load(engine, path, batch=4)
    assert (report.inserted, report.unchanged) == (6, 4)


def test_a_resumed_import_assigns_the_same_policies(engine: Engine, tmp_path: Path) -> None:
    """Each invoice alone would be a small amount; together, and across an interruption, they are not."""
    path = write(tmp_path / "p.csv", invoices(4, customers=1, amount="20.00"))

    def stop(phase: str, done: int, total: int) -> None:
        if phase == "record":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(engine, path, batch=3, on_progress=stop)
    load(engine, path, batch=3)
    assert rows(engine, "SELECT DISTINCT policy_key FROM dunning_case") == [("standard",)]


def test_two_runs_of_the_same_file_at_once_make_no_doubles(
    new_engine: Callable[[], Engine], tmp_path: Path
) -> None:
    path = write(tmp_path / "p.csv", invoices(60, customers=7))
    engines = [new_engine(), new_engine()]
    ledger_policies(engines[0], Clock())
    reports: list[Report] = []
    ready = threading.Barrier(2)

    def run(place: int) -> None:
        ready.wait(30)
        reports.append(load(engines[place], path, batch=5, rejects_path=tmp_path / f"{place}.csv"))

    threads = [threading.Thread(target=run, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(reports) == 2
    assert sum(report.inserted for report in reports) == 60
    assert sum(report.unchanged for report in reports) == 60
    for table, number in (("invoice", 60), ("dunning_case", 60), ("outbox_note", 60), ("customer", 7)):
        assert count(engines[0], table) == number
    assert count(engines[0], "contact") == 7


def test_an_invoice_of_another_origin_is_compared_by_what_it_says(engine: Engine, tmp_path: Path) -> None:
    load(engine, write(tmp_path / "p.csv", [{"invoice": "OLD"}]))
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO invoice"
                " (id, company_id, customer_id, number, issued_on, due_on, total, currency, created_at)"
                " SELECT gen_random_uuid(), company_id, customer_id, 'API-1', issued_on, due_on, total,"
                " currency, created_at FROM invoice"
            )
        )
    told = [{"invoice": "API-1", "order_ref": "BC-1"}, {"invoice": "OLD"}]
    assert load(engine, write(tmp_path / "p.csv", told)).unchanged == 2
    other = write(tmp_path / "p.csv", [{"invoice": "API-1", "due_on": "2026-02-15"}])
    assert load(engine, other).conflicts == 1


def test_a_known_customer_keeps_its_particulars_and_gains_contacts(engine: Engine, tmp_path: Path) -> None:
    load(engine, write(tmp_path / "p.csv", [{"accounting_email": "a@b.fr"}]))
    told = {"invoice": "F-2", "customer_name": "Other name", "accounting_email": "c@d.fr"}
    load(engine, write(tmp_path / "p.csv", [told]))
    assert rows(engine, "SELECT name, ledger_seq FROM customer") == [("Client et Fils", 2)]
    assert sorted(rows(engine, "SELECT role, email FROM contact")) == [
        (Role.ACCOUNTING.value, "a@b.fr"),
        (Role.ACCOUNTING.value, "c@d.fr"),
    ]


def test_a_customer_that_must_not_be_contacted_is_stopped_from_the_start(
    engine: Engine, tmp_path: Path
) -> None:
    load(engine, write(tmp_path / "p.csv", [{}]))
    with engine.begin() as connection:
        connection.execute(text("UPDATE customer SET insolvency_on = '2026-02-01', policy = 'strict'"))
    load(engine, write(tmp_path / "p.csv", [{"invoice": "F-2"}]))
    with transaction(engine) as session:
        [(invoice_id,)] = rows(engine, "SELECT id FROM invoice WHERE number = 'F-2'")
        case = session.get_one(DunningCase, invoice_id)
        assert (case.state, case.paused_by, case.policy_key) == ("stopped", "insolvency", "strict")


def test_an_import_brings_no_marked_address_back_and_a_fresh_one_answers_the_search(
    engine: Engine, tmp_path: Path
) -> None:
    old = {"accounting_email": "Compta@client.fr", "accounting_phone": "06 12 34 56 78"}
    load(engine, write(tmp_path / "a.csv", [{"invoice": "F-1", "customer": "C-1"} | old]))
    with transaction(engine) as session:
        customer = session.exec(select(Customer)).one()
        for channel, address in ((Channel.EMAIL, "compta@client.fr"), (Channel.SMS, "+33612345678")):
            add_mark(
                session,
                customer.id,
                channel,
                address,
                UnreachableCause.HARD_BOUNCE if channel is Channel.EMAIL else UnreachableCause.LANDLINE,
                since=NOW,
                now=NOW,
                who="relance",
            )
        open_task(
            session,
            key="find-contact/1",
            kind=TaskKind.FIND_CONTACT,
            company_id=customer.company_id,
            customer_id=customer.id,
            invoice_id=session.exec(select(Invoice.id)).one(),
            step="reminder_1",
            title="Find a contact",
            now=NOW,
            today=NOW.date(),
        )
    # The same address, in a row of its own: another role, another number, other capitals.
    again = {"buyer_email": "COMPTA@client.fr", "accounting_email": "compta@client.fr"}
    load(engine, write(tmp_path / "b.csv", [{"invoice": "F-2", "customer": "C-1"} | again]))
    assert rows(engine, "SELECT status FROM task WHERE kind = 'find_contact'") == [("open",)]
    with transaction(engine) as session:
        known = {row.id: row.number for row in session.exec(select(Invoice))}
        for invoice_id in known:
            reach = load_case(session, invoice_id, NOW).customer.reach
            assert reach[Role.ACCOUNTING] == Reach(phone=True)
            assert reach[Role.BUYER] == Reach()
    # Decided at once as the ledger has it: nobody is there to write to.
    assert (
        "a person will be asked"
        in rows(
            engine, "SELECT next_why FROM dunning_case JOIN invoice ON id = invoice_id WHERE number = 'F-2'"
        )[0][0]
    )
    before = rows(engine, "SELECT count(*) FROM outbox_note")[0][0]
    fresh = {"accounting_email": "factures@client.fr"}
    load(engine, write(tmp_path / "c.csv", [{"invoice": "F-3", "customer": "C-1"} | fresh]))
    assert rows(engine, "SELECT status, closed_by FROM task WHERE kind = 'find_contact'") == [
        ("done", "import")
    ]
    # The two waiting cases are told, and the new one starts.
    assert rows(engine, "SELECT count(*) FROM outbox_note")[0][0] == before + 3
