"""The ageing of a past day reckoned by hand, and today's against what the cases and customers show."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import select

from activities.settings import Settings
from activities.store.api_keys import KeyHolder
from activities.store.engine import transaction
from activities.store.owed import keep_owed
from admin.console.portfolio import selection_of
from admin.queries.ageing import Aged, Ageing, AgeingFilter, get_ageing
from admin.queries.case import get_case
from admin.queries.cases import CaseFilter, list_cases
from admin.queries.customer import get_customer
from admin.queries.reading import snapshot
from models.errors import InvalidFact
from models.ids import CaseSignal
from models.tables import Customer, Invoice
from models.tables.words import ApiRole
from rules.ageing import Bucket
from rules.calendar import business_calendar
from tests.api.books import place
from tests.api.conftest import Door
from tests.console.conftest import Browser
from tests.console.test_pages import signed_in
from tests.console.test_portfolio import LIST, every_link, links, shown
from tests.fixtures.ledger import NOW, TODAY
from tests.fixtures.reckoned import from_the_facts

pytestmark = pytest.mark.integration


def aged(door: Door, on: date | None = None, now: datetime = NOW, **asked: Any) -> Ageing:
    with snapshot(door.book.engine) as session:
        return get_ageing(session, door.book.company_id, AgeingFilter(on=on, **asked), now)


def sums(found: Aged) -> dict[str, str]:
    """What there is of each bucket."""
    return {each.value: str(amount) for each, amount in found.ageing.items() if amount}


def lived(door: Door) -> datetime:
    """A month of C-1: F-1 and F-2 of 100.00, issued on 29 January and due on 28 February.

    Returns the instant it ends.
    """
    tell = door.book.tell
    # 40.00 of 5 March, recorded on the 10th; it went back on the 20th, as was told on the 22nd.
    tell(CaseSignal.PAYMENT_RECEIVED, "F-1", event_id="p1", amount="40.00", received_on="2026-03-05")
    tell(
        CaseSignal.PAYMENT_REVERSED,
        "F-1",
        NOW + timedelta(days=12),
        payment_event_id="p1",
        reversed_on="2026-03-20",
    )
    # A credit of 25.00 of 12 March, recorded on the 15th; the rest let go on the 25th.
    tell(
        CaseSignal.CREDIT_NOTE_ISSUED, "F-2", NOW + timedelta(days=5), amount="25.00", issued_on="2026-03-12"
    )
    tell(CaseSignal.CLOSED, "F-2", NOW + timedelta(days=15), reason="perte")
    return NOW + timedelta(days=30)


def test_any_past_day_is_reckoned_from_the_facts_of_the_business(door: Door) -> None:
    now = lived(door)
    for on, expected in (
        ("2026-01-28", {}),
        ("2026-01-29", {"not_due": "200.00"}),
        ("2026-02-28", {"not_due": "200.00"}),
        ("2026-03-01", {"1_30": "200.00"}),
        ("2026-03-04", {"1_30": "200.00"}),
        ("2026-03-05", {"1_30": "160.00"}),
        ("2026-03-11", {"1_30": "160.00"}),
        ("2026-03-12", {"1_30": "135.00"}),
        ("2026-03-19", {"1_30": "135.00"}),
        ("2026-03-20", {"1_30": "175.00"}),
        ("2026-03-24", {"1_30": "175.00"}),
        ("2026-03-25", {"1_30": "100.00"}),
        ("2026-03-30", {"1_30": "100.00"}),
        ("2026-03-31", {"31_60": "100.00"}),
        ("2026-04-09", {"31_60": "100.00"}),
    ):
        found = aged(door, date.fromisoformat(on), now)
        assert (on, [sums(each) for each in found.totals]) == (on, [expected] if expected else [])
        assert [sums(each) for each in found.items] == ([expected] if expected else [])


def test_a_bill_replaced_is_owed_until_the_other_takes_its_place(door: Door) -> None:
    there = place(door, customer="C-2")
    there.invoice("R-2", TODAY + timedelta(days=28), "120.00")
    with transaction(door.book.engine) as session:
        new = session.exec(select(Invoice).where(Invoice.number == "R-2")).one()
        new.customer_id, new.issued_on = door.book.customer_id, date(2026, 3, 2)
        keep_owed(session, [new.id], business_calendar("FR", None))
    door.book.tell(CaseSignal.INVOICE_CHANGED, "F-1", NOW + timedelta(days=1), replaced_by="R-2")
    now = NOW + timedelta(days=3)
    for on, expected in ((date(2026, 3, 1), "200.00"), (date(2026, 3, 2), "220.00"), (None, "220.00")):
        assert str(aged(door, on, now).totals[0].open) == expected, on


def test_today_is_what_the_customers_and_cases_show(door: Door) -> None:
    there = place(door, collector="claire@acme.example")
    for count, days in enumerate((-5, 0, 1, 30, 31, 60, 61, 90, 91, 200)):
        there.invoice(f"G-{count}", TODAY - timedelta(days=days), f"{10 + count}.50")
    there.invoice("U-1", TODAY - timedelta(days=3), "7.00", currency="USD")
    now = lived(door)
    # Paid too much, told today of tomorrow, paid in part.
    door.book.tell(CaseSignal.PAYMENT_RECEIVED, "G-0", now, event_id="a", amount="99.00")
    tomorrow = (now + timedelta(days=1)).date()
    door.book.tell(CaseSignal.PAYMENT_RECEIVED, "G-1", now, event_id="b", amount="1.25", received_on=tomorrow)
    door.book.tell(CaseSignal.DISPUTE_OPENED, "G-2", now, event_id="c")
    found = {row.key: row for row in aged(door, None, now).items}
    assert set(found) == {"C-1", "C-2"}
    for ref, row in found.items():
        assert ref is not None
        with snapshot(door.book.engine) as session:
            page = get_customer(session, door.book.company_id, "acme", ref, Settings(), now)
        (euros,) = (balance for balance in page.balance if balance.currency == "EUR")
        assert (row.open, row.overdue, row.ageing) == (euros.open, euros.overdue, euros.ageing), ref
    for row in (
        aged(door, None, now, by="invoice", currency="USD").items + aged(door, None, now, by="invoice").items
    ):
        with snapshot(door.book.engine) as session:
            case = get_case(session, door.book.company_id, "acme", str(row.key), Settings(), now)
        assert (row.key, row.open) == (row.key, case.balance.outstanding)
        assert row.overdue == (row.open if case.days_late > 0 else 0)
    with snapshot(door.book.engine) as session:
        ends = now + timedelta(days=1)
        facts = from_the_facts(session, door.book.company_id, now.date(), ends)
    assert sum(row[3] for row in facts if row[2] == "EUR") == aged(door, None, now).totals[0].open


def test_by_segment_collector_and_bucket_the_sums_are_the_same(door: Door) -> None:
    there = place(door, collector="claire@acme.example")
    there.invoice("G-1", TODAY - timedelta(days=45), "70.00")
    there.invoice("U-1", TODAY - timedelta(days=3), "7.00", currency="USD")
    with transaction(door.book.engine) as session:
        session.get_one(Customer, there.customer_id).segment = "clé"
    rows = {by: [(row.key, str(row.open)) for row in aged(door, by=by).items] for by in
            ("customer", "segment", "collector", "bucket", "invoice")}  # fmt: skip
    bills = rows.pop("invoice")
    assert rows == {
        "customer": [("C-1", "200.00"), ("C-2", "70.00")],
        "segment": [(None, "200.00"), ("clé", "70.00")],
        "collector": [("collector@acme.example", "200.00"), ("claire@acme.example", "70.00")],
        "bucket": [(each.value, {"1_30": "200.00", "31_60": "70.00"}.get(each, "0.00")) for each in Bucket],
    }
    assert (bills[0], sorted(bills[1:])) == (("G-1", "70.00"), [("F-1", "100.00"), ("F-2", "100.00")])
    assert [(each.currency, str(each.open)) for each in aged(door).totals] == [
        ("EUR", "270.00"),
        ("USD", "7.00"),
    ]
    narrowed: tuple[tuple[dict[str, Any], set[str]], ...] = (
        ({"segment": "-"}, {"F-1", "F-2"}),
        ({"segment": "clé", "bucket": Bucket.TO_60}, {"G-1"}),
        ({"customer": "C-1"}, {"F-1", "F-2"}),
        ({"collector": "claire@acme.example", "currency": "USD"}, {"U-1"}),
        ({"collector": "-"}, set()),
    )
    for asked, expected in narrowed:
        assert {row.key for row in aged(door, by="invoice", **asked).items} == expected


def test_pages_hold_every_row_once(door: Door) -> None:
    for count in range(5):
        there = place(door, customer=f"D-{count}", name=f"Client {count}")
        there.invoice(f"D-{count}", TODAY - timedelta(days=count), "50.00" if count < 3 else "60.00")
    for by, expected in (("customer", 6), ("invoice", 7)):
        found: list[str | None] = []
        after = None
        while True:
            page = aged(door, by=by, limit=2, after=after)
            found += [row.key for row in page.items]
            after = page.next
            if after is None:
                break
        assert len(found) == len(set(found)) == expected, by
    with pytest.raises(InvalidFact, match="not a cursor"):
        aged(door, by="customer", after=aged(door, by="invoice", limit=2).next)


def test_a_day_that_has_not_come_is_refused(door: Door) -> None:
    with pytest.raises(InvalidFact, match="has not come"):
        aged(door, TODAY + timedelta(days=1))
    answer = door.ask("GET", "/v1/companies/acme/ageing?on=2026-03-11")
    assert (answer.status_code, "on" in answer.text) == (422, True)


def test_the_api_tells_it_too(door: Door) -> None:
    lived(door)
    answer = door.ask("GET", "/v1/companies/acme/ageing?on=2026-03-05&by=invoice", role="viewer").json()
    assert (answer["on"], answer["currency"], answer["next"]) == ("2026-03-05", "EUR", None)
    assert {row["key"]: row["open"] for row in answer["items"]} == {"F-1": "60.00", "F-2": "100.00"}
    assert answer["totals"][0]["ageing"]["1_30"] == "160.00"


# ---------------------------------------------------------------------------------------------- the page


def test_the_page_links_each_sum_to_the_cases_behind_it(browser: Browser) -> None:
    there = place(browser.door)
    there.invoice("G-1", TODAY - timedelta(days=45), "70.00")
    page = signed_in(browser, "viewer").read("/console/acme/ageing")
    assert "Balance âgée au 10 mars 2026" in page
    behind = links(page)["70,00 €"]
    assert behind == f"{LIST}?currency=EUR&customer=C-2&late=31_60"
    assert shown(browser.read(behind)) == ["G-1"]
    by = browser.read("/console/acme/ageing?by=segment")
    assert f"{LIST}?currency=EUR&segment=-&late=1_30" in [href for _, href in every_link(by)]


def test_of_a_past_day_each_sum_leads_to_its_invoices_as_they_stood(browser: Browser) -> None:
    lived(browser.door)
    page = signed_in(browser).read("/console/acme/ageing?on=2026-03-05")
    assert "160,00 €" in page
    behind = links(page)["160,00 €"]
    assert "by=invoice" in behind
    assert "on=2026-03-05" in behind
    page = browser.read(behind)
    assert "60,00 €" in page
    assert "F-1" in shown(page)


def test_a_day_that_cannot_be_stays_on_the_form(browser: Browser) -> None:
    signed_in(browser)
    for on in ("2026-03-11", "1812-01-01", "demain"):
        answer = browser.get(f"/console/acme/ageing?on={on}")
        assert answer.status_code == 422
        assert "aria-invalid" in answer.text
        assert f'value="{on}"' in answer.text
    assert browser.get("/console/acme/ageing?by=dance&bucket=x&currency=euros").status_code == 200


def test_the_list_holds_what_the_ageing_counts(door: Door) -> None:
    """For every bucket of today, the list that its sum leads to comes to the same sum."""
    there = place(door)
    for count, days in enumerate((-1, 0, 1, 30, 31, 60, 61, 90, 91)):
        there.invoice(f"G-{count}", TODAY - timedelta(days=days), f"{10 + count}.50")
    holder = KeyHolder(uuid4(), "test", ApiRole.VIEWER, frozenset({door.book.company_id}))
    (total,) = aged(door).totals
    for each in Bucket:
        wanted: CaseFilter = selection_of("acme", {"late": each.value}).filter(TODAY)
        with snapshot(door.book.engine) as session:
            rows = list_cases(session, holder, wanted, NOW).items
        assert sum((row.outstanding for row in rows), Decimal(0)) == total.ageing[each], each
