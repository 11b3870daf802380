"""The portfolio: filters that are links, exports, acts on several cases that first tell their effect."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from openpyxl import load_workbook

from activities.store.engine import transaction
from admin.console import sheets
from admin.console.pages import cases
from admin.console.portfolio import selection_of
from admin.console.words import CATALOGUES
from admin.queries.search import amounts_typed
from models.ids import CaseSignal
from models.tables import Customer
from rules.ageing import Bucket, bucket, due_between
from tests.api.books import Place, at, place
from tests.api.conftest import Door
from tests.console.conftest import Browser, add
from tests.console.test_pages import signed_in
from tests.fixtures.ledger import TODAY

pytestmark = pytest.mark.integration

LIST = "/console/acme/cases"


def many(door: Door) -> Place:
    """Cases of another customer, of each kind that a filter tells apart."""
    there = place(door, name="Société Générale d'Exemples", collector="claire@acme.example")
    with transaction(door.book.engine) as session:
        session.get_one(Customer, there.customer_id).segment = "clé"
    there.invoice("G-1", TODAY + timedelta(days=5), "1234.56", next_at=at(24), next_step="reminder_1")
    there.invoice("G-2", TODAY - timedelta(days=45), "70.00", outstanding="70.00", disputed="20.00")
    there.invoice(
        "G-3", TODAY - timedelta(days=91), "80.00", currency="USD", state="paused", paused_by="promise"
    )
    there.invoice("G-4", TODAY - timedelta(days=30), "90.00")
    door.book.tell(CaseSignal.CLOSED, "G-4", reason="perte")
    door.courier.notes.clear()
    return there


def shown(page: str) -> list[str]:
    """Numbers of the invoices that a list shows, in its order."""
    return re.findall(r'<th scope="row"><a href="/console/acme/cases/([^"]+)">', page)


def every_link(page: str) -> list[tuple[str, str]]:
    """What is read on each link, and its address."""
    return [
        (unescape(re.sub(r"<[^>]+>", "", text)).strip(" ↑↓"), unescape(href))
        for href, text in re.findall(r'<a (?:rel="next" )?href="([^"]+)"[^>]*>(.*?)</a>', page)
    ]


def links(page: str) -> dict[str, str]:
    """Addresses by what is read on the link; of the same words, the last one."""
    return dict(every_link(page))


FILTERED = {
    "late=not_due": ["G-1"],
    "late=1_30": ["F-1", "F-2"],
    "late=31_60": ["G-2"],
    "late=over_90": ["G-3"],
    "state=paused": ["G-3"],
    "step=reminder_1": ["G-1"],
    "paused_by=promise": ["G-3"],
    "collector=claire@acme.example&currency=EUR": ["G-1", "G-2"],
    "collector=-": [],
    "segment=cl%C3%A9&currency=USD": ["G-3"],
    "segment=-": ["F-1", "F-2"],
    "disputed=true": ["G-2"],
    "customer=C-1": ["F-1", "F-2"],
    "open=false": ["G-4"],
    "q=1%20234,56": ["G-1"],
    "q=1234.56%20EUR": ["G-1"],
    "q=70,00": ["G-2"],
    "q=rale+d%27Ex&disputed=true": ["G-2"],
}
"""Invoices of `many`, and F-1 and F-2 of 100.00 of the book, by what the address asks for."""


def test_a_filter_in_the_address_narrows_the_list(browser: Browser) -> None:
    many(browser.door)
    signed_in(browser, "viewer")
    for query, expected in FILTERED.items():
        page = browser.read(f"{LIST}?{query}")
        assert (query, sorted(shown(page))) == (query, expected)
        assert f"{len(expected)} dossier" in page, "counted"


def test_filters_are_links_that_say_how_many_they_hold(browser: Browser) -> None:
    many(browser.door)
    page = signed_in(browser).read(LIST)
    assert "5 dossiers · 1 504,56 € et 80,00 $US" in page
    assert re.search(r">1 à 30 jours</a> <span class=\"soft\">2<", page)
    following = links(page)["en pause"]
    assert following == f"{LIST}?state=paused"
    page = browser.read(following)
    assert shown(page) == ["G-3"]
    assert links(page)["✕"] == LIST, "without the filter"
    page = browser.read(f"{LIST}?state=paused&late=1_30")
    assert shown(page) == []
    assert [href for text, href in every_link(page) if text == "✕"] == [
        f"{LIST}?state=paused",
        f"{LIST}?late=1_30",
    ]


def test_a_header_sorts_and_pages_keep_filter_and_order(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(browser.door)
    monkeypatch.setattr("admin.console.portfolio.PAGE", 2)
    page = signed_in(browser).read(f"{LIST}?currency=EUR")
    assert re.search(r'aria-sort="descending"><a [^>]*>Reste dû', page)
    assert shown(page)[0] == "G-1"
    page = browser.read(links(page)["Échéance"])
    assert re.search(r'aria-sort="ascending"><a [^>]*>Échéance', page)
    found = shown(page)
    assert (found[0], len(found)) == ("G-2", 2)
    following = next(href for text, href in every_link(page) if "after=" in href and text == "Suite")
    page = browser.read(following)
    assert sorted((*found, *shown(page))) == ["F-1", "F-2", "G-1", "G-2"]
    assert links(page)["Première page"] == f"{LIST}?currency=EUR&sort=due_on"
    assert "sort=-due_on" in links(page)["Échéance"], "the other way round"


def test_words_that_mean_nothing_are_passed_over(browser: Browser) -> None:
    query = "state=dancing&late=never&currency=euros&sort=name&disputed=maybe&open=perhaps&q=x&nonsense=1"
    answer = signed_in(browser).get(f"{LIST}?{query}")
    assert answer.status_code == 200
    assert sorted(shown(answer.text)) == ["F-1", "F-2"]
    assert selection_of("acme", {"state": "paused", "sort": "name"}).words == {"state": "paused"}
    assert browser.get(f"{LIST}?after=nonsense").status_code == 422


def test_a_bucket_of_due_dates_is_the_one_that_is_told_of_a_day() -> None:
    for days in range(-2, 130):
        due_on = TODAY - timedelta(days=days)
        for each in Bucket:
            first, last = due_between(each, TODAY)
            inside = (first is None or due_on >= first) and (last is None or due_on <= last)
            assert inside == (bucket(due_on, TODAY) is each), (days, each)


def test_an_amount_is_known_from_a_text() -> None:
    for text in ("1 234,56", "1234.56", "1.234,56 €", "EUR 1,234.56", "1\u202f234,56"):
        assert amounts_typed(text) == [Decimal("1234.56")], text
    assert amounts_typed("1,234") == [Decimal("1.234"), Decimal(1234)]
    for text in ("FA-1001", "dubois", "12,34,5", "-5", "0", "9" * 40, "EUR"):
        assert amounts_typed(text) == [], text


# ------------------------------------------------------------------------------------------------ exports


def table(browser: Browser, query: str = "", of: str = "export") -> list[list[str]]:
    """The rows of an export, its head first."""
    answer = browser.client.get(f"/console/acme/{of}/csv{query}")
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf"), "a spreadsheet knows by it that this is UTF-8"
    delimiter = ";" if ";" in answer.text.partition("\n")[0] else ","
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=delimiter))


def test_a_list_is_taken_away_as_csv_in_the_readers_language(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = many(browser.door)
    with transaction(browser.door.book.engine) as session:
        session.get_one(Customer, there.customer_id).name = '=HYPERLINK("http://x")'
    monkeypatch.setattr(cases, "AT_ONCE", 2)
    signed_in(browser)
    head, *rows = table(browser)
    assert head[:3] == ["Facture", "Commande", "Client"]
    assert sorted(row[0] for row in rows) == ["F-1", "F-2", "G-1", "G-2", "G-3"]
    (row,) = (dict(zip(head, row, strict=True)) for row in rows if row[0] == "G-1")
    assert (row["Reste dû"], row["Échéance"], row["Jours de retard"]) == ("1234,56", "15/03/2026", "-5")
    assert row["Nom du client"] == '\'=HYPERLINK("http://x")'
    assert [row[0] for row in table(browser, "?currency=USD")[1:]] == ["G-3"]
    browser.sign_in(add(browser.door, "manager", language="en"))
    head, *rows = table(browser, "?q=1%20234,56")
    (row,) = (dict(zip(head, row, strict=True)) for row in rows)
    assert (row["Owed"], row["Due"]) == ("1234.56", "2026-03-15")


def test_a_list_is_taken_away_as_a_workbook_of_numbers_and_days(browser: Browser) -> None:
    there = many(browser.door)
    with transaction(browser.door.book.engine) as session:
        session.get_one(Customer, there.customer_id).name = "=1+1\x07"
    answer = signed_in(browser).client.get("/console/acme/export/xlsx?late=31_60")
    assert answer.headers["content-type"] == sheets.XLSX
    assert 'filename="portefeuille-acme-2026-03-10.xlsx"' in answer.headers["content-disposition"]
    head, row = load_workbook(io.BytesIO(answer.content)).active.iter_rows()  # type: ignore[union-attr]
    cells = dict(zip((each.value for each in head), row, strict=True))
    assert cells["Facture"].value == "G-2"
    assert (cells["Reste dû"].value, cells["Reste dû"].data_type) == (70, "n")
    assert cells["Échéance"].value.date() == TODAY - timedelta(days=45)
    assert (cells["Nom du client"].value, cells["Nom du client"].data_type) == ("=1+1", "s")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1"])
def test_no_text_is_taken_for_a_formula(text: str) -> None:
    assert sheets.harmless(text).startswith("'")
    assert sheets.harmless("A-1") == "A-1"


def test_what_is_no_table_is_not_found(browser: Browser) -> None:
    assert signed_in(browser).get("/console/acme/export/pdf").status_code == 404


def test_every_filter_has_a_name() -> None:
    for name in (
        "late",
        "state",
        "step",
        "stage",
        "paused_by",
        "collector",
        "segment",
        "currency",
        "disputed",
    ):
        assert f"portfolio.{name}" in CATALOGUES["fr"]
    for each in Bucket:
        assert f"bucket.{each}" in CATALOGUES["en"]
