"""The list of cases: filters, orders, pages; whose cases a key sees."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from activities.store.engine import transaction
from admin.api.paging import cursor as place_after
from tests.api.books import Place, at, decide, place
from tests.api.conftest import Door
from tests.fixtures.ledger import NOW, TODAY

pytestmark = pytest.mark.integration

SORTS = ("next_at", "-next_at", "due_on", "-due_on", "outstanding", "-outstanding", "-days_late", "days_late")


def numbers(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["invoice"] for item in answer.json()["items"]]


def listed(door: Door, query: str = "", **how: Any) -> list[str]:
    return numbers(door.ask("GET", f"/v1/cases?{query}", **how))


def pages(door: Door, query: str, limit: int = 2) -> list[str]:
    """Every page of a list, read to the end."""
    found: list[str] = []
    after = ""
    while True:
        answer = door.ask("GET", f"/v1/cases?{query}&limit={limit}{after}")
        found += numbers(answer)
        following = answer.json()["next"]
        if following is None:
            return found
        assert len(answer.json()["items"]) == limit
        after = f"&after={following}"


def many(door: Door) -> Place:
    """Seven more cases of another customer, with every kind of key, some of them equal."""
    there = place(door, collector="claire@acme.example")
    for count in range(5):
        there.invoice(
            f"G-{count}",
            TODAY - timedelta(days=count // 2),
            outstanding=f"{50 + count % 2}.00",
            next_at=at(count // 2),
            next_step="reminder_1",
        )
    there.invoice("G-5", TODAY + timedelta(days=20), state="paused", paused_by="promise")
    there.invoice("G-6", TODAY - timedelta(days=90), currency="USD", total="900.00", outstanding="900.00")
    return there


def test_a_row_says_what_the_last_decision_left(door: Door) -> None:
    there = place(door, name="Überraschung GmbH", country="DE", collector="claire@acme.example")
    there.invoice(
        "R-1",
        date(2026, 2, 20),
        "1234.50",
        order_ref="PO-77",
        state="waiting",
        stage="reminder_1",
        next_step="reminder_2",
        next_channel="email",
        next_at=at(24),
        next_why="15 days after the due date",
        outstanding="1000.00",
        disputed="200.00",
        decided_at=NOW,
    )
    (row,) = door.ask("GET", "/v1/cases?customer=C-2").json()["items"]
    assert row == {
        "company": "acme",
        "invoice": "R-1",
        "order_ref": "PO-77",
        "customer": "C-2",
        "customer_name": "Überraschung GmbH",
        "collector": "claire@acme.example",
        "currency": "EUR",
        "total": "1234.50",
        "outstanding": "1000.00",
        "disputed": "200.00",
        "due_on": "2026-02-20",
        "days_late": 18,
        "state": "waiting",
        "stage": "reminder_1",
        "next_step": "reminder_2",
        "next_channel": "email",
        "next_at": "2026-03-11T09:00:00Z",
        "next_on": "2026-03-11",
        "why": "15 days after the due date",
        "paused_by": None,
        "policy": "standard@1",
        "decided_at": "2026-03-10T09:00:00Z",
        "closed_at": None,
        "closing_reason": None,
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("customer=C-2&state=paused", ["G-5"]),
        ("state=withheld", []),
        ("paused_by=promise", ["G-5"]),
        ("currency=USD", ["G-6"]),
        ("currency=EUR&min_outstanding=51.00&customer=C-2", ["G-1", "G-3", "G-5"]),
        ("due_from=2026-03-10&due_to=2026-03-10", ["G-0", "G-1"]),
        ("next_before=2026-03-10T10:00:00Z", ["G-0", "G-1"]),
        ("collector=CLAIRE@ACME.example&state=paused", ["G-5"]),
        ("collector=nobody@acme.example", []),
        ("policy=standard@1&currency=USD", ["G-6"]),
        ("policy=standard@2", []),
        ("policy=strict", []),
        ("stage=new&currency=USD", ["G-6"]),
        ("stage=reminder_1", []),
        ("company=acme&currency=USD", ["G-6"]),
        ("q=g-6", ["G-6"]),
        ("q=EXEMPLES&currency=USD", ["G-6"]),
        ("q=client%20et", ["F-1", "F-2"]),
        ("q=c-1", ["F-1", "F-2"]),
        ("q=%25%25%25", []),
        ("q=G_6", []),
        ("open=false", []),
    ],
)
def test_filters(door: Door, query: str, expected: list[str]) -> None:
    many(door)
    assert sorted(listed(door, query)) == expected


def test_an_order_reference_is_found_by_any_part_of_it(door: Door) -> None:
    place(door).invoice("R-1", TODAY, order_ref="PO/2026-0815 Lyon")
    assert listed(door, "q=0815%20ly") == ["R-1"]


def test_a_search_that_matches_very_many_still_pages_to_the_end(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(door)
    few = pages(door, "q=exemples&sort=due_on")
    monkeypatch.setattr("admin.queries.search.FEW_INVOICES", -1)
    assert pages(door, "q=exemples&sort=due_on") == few
    assert sorted(few) == [f"G-{count}" for count in range(7)]


def test_closed_cases_have_their_own_list(door: Door) -> None:
    door.ask("POST", "/v1/companies/acme/invoices/F-1/payments", {"amount": "100.00", "currency": "EUR"})
    with transaction(door.book.engine) as session:
        decide(
            session, door.book.invoices["F-1"], state="closed", closed_at=NOW, closing_reason="paid in full"
        )
    assert listed(door) == ["F-2"]
    assert listed(door, "open=false&sort=-closed_at") == ["F-1"]
    assert sorted(listed(door, "open=all")) == ["F-1", "F-2"]
    (closed,) = door.ask("GET", "/v1/cases?open=false").json()["items"]
    assert (closed["days_late"], closed["closing_reason"]) == (None, "paid in full")


@pytest.mark.parametrize("sort", SORTS)
def test_pages_hold_every_case_once_in_order(door: Door, sort: str) -> None:
    many(door)
    whole = door.ask("GET", f"/v1/cases?sort={sort}&limit=200").json()["items"]
    assert len(whole) == 9
    assert pages(door, f"sort={sort}") == [item["invoice"] for item in whole]
    column = sort.removeprefix("-")
    keys = [float(item[column]) if column == "outstanding" else item[column] for item in whole]
    known = [key for key in keys if key is not None]
    assert known == sorted(known, reverse=sort.startswith("-"))
    # Cases without a next step come last in either direction.
    assert keys == known + [None] * (len(keys) - len(known))


def test_pages_over_several_companies_are_one_list(door: Door) -> None:
    many(door)
    other = place(door, "other", "O-1")
    for count in range(4):
        other.invoice(f"O-{count}", TODAY - timedelta(days=count), next_at=at(count))
    whole = door.key(companies=["acme", "other"])
    found: list[str] = []
    after = ""
    for _ in range(20):
        answer = door.ask("GET", f"/v1/cases?limit=3&sort=due_on{after}", key=whole)
        found += numbers(answer)
        if answer.json()["next"] is None:
            break
        after = f"&after={answer.json()['next']}"
    assert found == listed(door, "limit=200&sort=due_on", key=whole)
    assert len(found) == len(set(found)) == 13
    assert listed(door, "limit=200&sort=due_on", key=door.key(companies=None)) == found
    for query in ("company=other", "q=o-1"):
        assert sorted(listed(door, query, key=whole)) == ["O-0", "O-1", "O-2", "O-3"]


def test_rows_that_stay_are_read_once_whatever_comes_and_goes_meanwhile(door: Door) -> None:
    there = many(door)
    stable = [number for number in listed(door, "sort=due_on&limit=200") if number not in ("G-1", "F-2")]
    found: list[str] = []
    after = ""
    for turn in range(20):
        answer = door.ask("GET", f"/v1/cases?sort=due_on&limit=2{after}")
        found += numbers(answer)
        if answer.json()["next"] is None:
            break
        after = f"&after={answer.json()['next']}"
        # One more before and one after where the reader is; one leaves the list, one moves in it.
        there.invoice(f"N-{turn}", TODAY - timedelta(days=200 + turn))
        there.invoice(f"L-{turn}", TODAY + timedelta(days=200 + turn)) if turn < 3 else None
        with transaction(door.book.engine) as session:
            if turn == 0:
                decide(session, door.book.invoices["F-2"], state="closed", closed_at=NOW)
    assert [number for number in found if number in stable] == stable
    assert len(found) == len(set(found))


def test_a_key_sees_its_own_companies_only(door: Door) -> None:
    place(door, "other", "O-1").invoice("O-1", TODAY)
    assert sorted(listed(door)) == ["F-1", "F-2"]
    assert listed(door, "customer=O-1") == []
    assert listed(door, "q=O-1") == []
    foreign, unknown = (door.ask("GET", f"/v1/cases?company={ref}") for ref in ("other", "nowhere"))
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.text.replace("other", "nowhere") == unknown.text
    assert listed(door, "", key=door.key(companies=["other"])) == ["O-1"]


def test_a_cursor_belongs_to_its_list_and_order(door: Door) -> None:
    many(door)
    cursor = door.ask("GET", "/v1/cases?sort=due_on&limit=1").json()["next"]
    for path in (
        f"/v1/cases?sort=-due_on&after={cursor}",
        f"/v1/tasks?after={cursor}",
        f"/v1/companies/acme/customers?after={cursor}",
        f"/v1/companies/acme/cases/F-1/timeline?after={cursor}",
        "/v1/cases?after=abc",
        "/v1/cases?after=W10",
        "/v1/cases?sort=due_on&after=WyJjYXNlcyBkdWVfb24iLFsieCIsInkiXV0",
        "/v1/cases?sort=due_on&after=WyJjYXNlcyBkdWVfb24iLFtudWxsLG51bGxdXQ",
        # An instant without a zone is a place nowhere.
        f"/v1/cases?after={place_after('cases next_at', ['2026-03-10T09:00:00', str(uuid4())])}",
    ):
        answer = door.ask("GET", path)
        assert answer.status_code == 422, (path, answer.text)
        assert answer.json()["detail"] == "after: not a cursor of this list; begin again without it"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "sort=name",
        "state=asleep",
        "colour=red",
        "q=ab",
        "currency=eur",
        "min_outstanding=-1",
        "min_outstanding=NaN&currency=EUR",
        "min_outstanding=10",
        "next_before=2026-03-10T10:00:00",
        "due_from=tomorrow",
        "policy=standard@one",
        "open=maybe",
    ],
)
def test_what_breaks_a_rule_is_refused_by_name(door: Door, query: str) -> None:
    answer = door.ask("GET", f"/v1/cases?{query}")
    assert answer.status_code == 422, answer.text
    assert query.partition("=")[0] in answer.json()["detail"]


def test_days_are_the_customers(door: Door) -> None:
    """10:00 in Paris on the 10th is 23:00 of the 9th in Honolulu, and 22:00 of the 10th in Auckland."""
    place(door, customer="H", country="US", zone="Pacific/Honolulu").invoice("H-1", TODAY, next_at=at(1))
    place(door, customer="K", country="NZ").invoice("K-1", TODAY, next_at=at(3))
    rows = {item["invoice"]: item for item in door.ask("GET", "/v1/cases").json()["items"]}
    assert (rows["H-1"]["days_late"], rows["K-1"]["days_late"]) == (-1, 0)
    assert (rows["H-1"]["next_on"], rows["K-1"]["next_on"]) == ("2026-03-10", "2026-03-11")
