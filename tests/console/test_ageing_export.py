"""The ageing as a table to take away: its sums are those of the page, whatever is asked for."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest
from openpyxl import load_workbook

from activities.rendering.formats import Formats
from activities.store.engine import transaction
from admin.console import sheets
from admin.console.pages import ageing
from admin.console.words import word
from models.ids import CaseSignal
from models.tables import Customer
from rules.ageing import Bucket, bucket
from tests.api.books import place
from tests.api.conftest import Door
from tests.console.conftest import Browser, add
from tests.console.test_pages import signed_in
from tests.console.test_portfolio import links, table
from tests.fixtures.ledger import TODAY

pytestmark = pytest.mark.integration

OF = "ageing/export"
DAYS = (TODAY, date(2026, 2, 10), date(2026, 3, 4))
_BUCKETS = [word("fr", f"bucket.{each}") for each in Bucket]


def many(door: Door) -> None:
    """Customers of two segments and three collectors, invoices of every bucket, three currencies.

    C-1 has no segment, and C-3 nobody who follows it. Of C-1's 200.00, 40.00 came on 5 March, and 25.00 were
    credited on 20 February.
    """
    door.book.tell(CaseSignal.PAYMENT_RECEIVED, "F-1", event_id="p", amount="40.00", received_on="2026-03-05")
    door.book.tell(CaseSignal.CREDIT_NOTE_ISSUED, "F-2", amount="25.00", issued_on="2026-02-20")
    for ref, segment, collector in (("C-2", "clé", "claire@acme.example"), ("C-3", "PME", None)):
        there = place(door, customer=ref, name=f"Client {ref}", collector=collector)
        with transaction(door.book.engine) as session:
            session.get_one(Customer, there.customer_id).segment = segment
        for count, days in enumerate((-5, 0, 1, 30, 31, 60, 61, 90, 91)):
            there.invoice(f"{ref}/{count}", TODAY - timedelta(days=days), f"{100 * int(ref[-1]) + count}.50")
        there.invoice(f"{ref}/U", TODAY - timedelta(days=3), f"{ref[-1]}.10", currency="USD")
    there.invoice("J", TODAY - timedelta(days=70), "9000", currency="JPY")


def totals_of(page: str) -> dict[str, list[str]]:
    """The page's sums by currency, as they are read: invoices, every bucket, overdue, total."""
    first = page[page.index("<tbody>") : page.index("</tbody>")]
    rows = [
        [unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
        for row in first.split("<tr>")[1:]
    ]
    return {row[0]: row[1:] for row in rows}


def sums_of(rows: Iterable[dict[str, str]], on: date) -> dict[str, list[str]]:
    """The same of a table's rows, whatever a row is of."""
    found: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        amounts = {name: _amount(row[name]) for name in (*_BUCKETS, "Dont échu") if name in row}
        total = _amount(row.get("Total") or row["Reste dû"])
        if not amounts:
            # What is of one bucket names it, or is as late as it says.
            late = row.get("Retard") or word("fr", f"bucket.{_bucket(row, on)}")
            amounts = {late: total, "Dont échu": Decimal(0) if late == _BUCKETS[0] else total}
        amounts |= {"n": Decimal(row.get("Factures", 1)), "Total": total}
        sums = found.setdefault(row["Devise"], {})
        for name, amount in amounts.items():
            sums[name] = sums.get(name, Decimal(0)) + amount
    f = Formats("fr")
    return {
        currency: [
            f.number(int(sums["n"])),
            *(f.money(sums.get(name, Decimal(0)), currency) for name in (*_BUCKETS, "Dont échu", "Total")),
        ]
        for currency, sums in found.items()
    }


def _amount(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


def _bucket(row: dict[str, str], on: date) -> Bucket:
    day, month, year = map(int, row["Échéance"].split("/"))
    found = bucket(date(year, month, day), on)
    assert int(row["Jours de retard"]) == (on - date(year, month, day)).days
    return found


def rows_of(browser: Browser, query: str) -> list[dict[str, str]]:
    head, *rows = table(browser, query, OF)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_its_sums_are_those_of_the_page(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    many(browser.door)
    monkeypatch.setattr(ageing, "AT_ONCE", 2)
    signed_in(browser, "viewer")
    narrowed = ("", "&bucket=31_60", "&segment=cl%C3%A9", "&segment=-", "&collector=-", "&customer=C-2")
    for on in DAYS:
        for way in ("customer", "segment", "collector", "bucket", "invoice"):
            for further in narrowed if on == TODAY else narrowed[:1]:
                query = f"?on={on}&by={way}{further}"
                page = browser.get(f"/console/acme/ageing{query}").text
                shown = {} if word("fr", "ageing.none") in page else totals_of(page)
                assert (query, sums_of(rows_of(browser, query), on)) == (query, shown)
                assert shown or further == "&segment=-", query
    assert len(totals_of(browser.get("/console/acme/ageing").text)) == 3


def test_it_is_the_ageing_that_is_shown_in_every_currency(browser: Browser) -> None:
    many(browser.door)
    signed_in(browser)
    page = browser.read("/console/acme/ageing?by=segment&on=2026-03-05&bucket=1_30&currency=USD")
    there = "/console/acme/ageing/export/csv?on=2026-03-05&by=segment&bucket=1_30"
    assert links(page)["CSV"] == there
    assert links(page)["Excel"] == there.replace("csv", "xlsx")
    head, *rows = table(browser, "", OF)
    assert head == ["Client", "Nom du client", "Devise", "Factures", *_BUCKETS, "Dont échu", "Total"]
    assert [(row[0], row[2]) for row in rows] == [
        *(("C-3", "EUR"), ("C-2", "EUR"), ("C-1", "EUR")),
        *(("C-3", "JPY"), ("C-3", "USD"), ("C-2", "USD")),
    ]
    assert rows[3][4:] == ["0", "0", "0", "9000", "0", "9000", "9000"]
    assert table(browser, "?currency=USD&after=x&by=dance", OF) == [head, *rows]


def test_a_row_says_what_it_is_of(browser: Browser) -> None:
    many(browser.door)
    signed_in(browser)
    assert [row["Segment"] for row in rows_of(browser, "?by=segment")] == [
        *("PME", "clé", "sans segment", "PME", "PME", "clé")
    ]
    kept = rows_of(browser, "?by=collector&customer=C-3")
    assert {row["Chargé de recouvrement"] for row in kept} == {"personne"}
    kept = rows_of(browser, "?by=bucket&customer=C-1")
    assert [list(row.values()) for row in kept] == [
        [each, "EUR", *(("2", "135,00") if each == "1 à 30 jours" else ("0", "0,00"))] for each in _BUCKETS
    ]
    kept = rows_of(browser, "?by=invoice&customer=C-2&bucket=31_60")
    assert [list(row.values()) for row in kept] == [
        ["C-2/5", "C-2", "Client C-2", "09/01/2026", "60", "EUR", "205,50"],
        ["C-2/4", "C-2", "Client C-2", "07/02/2026", "31", "EUR", "204,50"],
    ]
    browser.sign_in(add(browser.door, "manager", language="en"))
    head, *rows = table(browser, "?by=invoice&customer=C-2&bucket=not_due", OF)
    assert head == ["Invoice", "Customer", "Customer's name", "Due", "Days late", "Currency", "Owed"]
    assert [row[3:] for row in rows] == [
        ["2026-03-10", "0", "EUR", "201.50"],
        ["2026-03-15", "-5", "EUR", "200.50"],
    ]


def test_it_is_a_workbook_of_numbers_and_texts(browser: Browser) -> None:
    door = browser.door
    with transaction(door.book.engine) as session:
        session.get_one(Customer, door.book.customer_id).name = "=1+1"
    answer = signed_in(browser).client.get(f"/console/acme/{OF}/xlsx?on=2026-03-05")
    assert answer.headers["content-type"] == sheets.XLSX
    assert 'filename="balance-agee-acme-2026-03-05.xlsx"' in answer.headers["content-disposition"]
    head, row = load_workbook(io.BytesIO(answer.content)).active.iter_rows()  # type: ignore[union-attr]
    cells = dict(zip((each.value for each in head), row, strict=True))
    assert (cells["Nom du client"].value, cells["Nom du client"].data_type) == ("=1+1", "s")
    assert (cells["Factures"].value, cells["Total"].value, cells["Total"].data_type) == (2, 200, "n")
    (only,) = rows_of(browser, "")
    assert only["Nom du client"] == "'=1+1"


def test_what_the_page_refuses_is_no_table(browser: Browser) -> None:
    signed_in(browser)
    for on in ("2026-03-11", "1812-01-01", "demain"):
        answer = browser.get(f"/console/acme/{OF}/csv?on={on}")
        assert answer.status_code == 422
        assert "aria-invalid" in answer.text
        assert f'value="{on}"' in answer.text
    assert browser.get(f"/console/acme/{OF}/csv?customer=%00").status_code == 422
    assert browser.get(f"/console/acme/{OF}/pdf").status_code == 404
    assert len(table(browser, "?on=2020-01-01", OF)) == 1, "nothing was owed: the head alone"
