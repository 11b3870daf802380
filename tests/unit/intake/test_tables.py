"""Open-items lists as accounting programs write them: CSV and XLSX in all their spellings."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from admin.intake.amounts import DayOrder, amount, day, decimal_mark
from admin.intake.columns import MappingError, choose, propose
from admin.intake.items import Credit, IntakeError, Kind, Note, OpenItem, Reading, Refused
from tests.unit.intake.files import BALANCE, kind_of, read, workbook

RECEIVABLES = Path(__file__).parents[4] / "shared" / "data" / "receivables-2012-2013.csv"


def test_a_french_aged_balance_is_read_as_a_person_reads_it() -> None:
    reading = Reading()
    items = read(BALANCE.encode("cp1252"), reading=reading)
    assert [type(item) for item in items] == [Note, OpenItem, OpenItem, Refused, Credit, Note]
    _, first, second, february, credit, total = items
    assert isinstance(first, OpenItem)
    assert isinstance(second, OpenItem)
    assert isinstance(credit, Credit)
    assert (first.number, first.customer, first.name) == ("FA-1001", "C-101", "Boulangerie Lefèvre")
    assert (first.issued_on, first.due_on) == (date(2026, 1, 15), date(2026, 2, 28))
    assert (first.total, first.open) == (Decimal("1234.56"), Decimal("1234.56"))
    assert (second.total, second.open) == (Decimal("500.00"), Decimal("200.00"))
    assert str(february) == "line 6: due_on: 30/02/2026 is not in the calendar"
    assert (credit.number, credit.amount) == ("AV-7", Decimal("50.00"))
    assert str(total).startswith("line 8: a line of totals, passed over")
    assert reading.columns == {
        "customer": "Code client",
        "name": "Raison sociale",
        "number": "N° facture",
        "issued_on": "Date facture",
        "due_on": "Date d'échéance",
        "total": "Montant TTC",
        "open": "Solde",
    }


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_any_usual_separator_and_encoding(separator: str, encoding: str) -> None:
    rows = [
        ["Code client", "Raison sociale", "N° pièce", "Date", "Échéance", "Solde"],
        ["C-1", "Hôtel de la Gare", "F-1", "15/01/2026", "14/02/2026", '"1 234,50"'],
    ]
    text = "\r\n".join(separator.join(row) for row in rows) + "\r\n"
    (item,) = read(text.encode(encoding))
    assert isinstance(item, OpenItem)
    assert (item.name, item.open) == ("Hôtel de la Gare", Decimal("1234.50"))


def test_a_euro_sign_tells_iso_8859_15_from_windows_1252() -> None:
    text = "Code client;Nom;N° facture;Date;Échéance;Solde\nC-1;Cœur;F-1;15/01/2026;14/02/2026;10,00 €\n"
    for encoding in ("iso8859-15", "cp1252"):
        (item,) = read(text.encode(encoding))
        assert isinstance(item, OpenItem), encoding
        assert item.open == 10
    (item,) = read(text.encode("cp1252"))
    assert isinstance(item, OpenItem)
    assert item.name == "Cœur"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_line_ending(ending: str) -> None:
    text = ending.join(["Invoice No,Customer,Invoice Date,Balance", "F-1,C-1,2026-01-15,10.00"])
    (item,) = read(text.encode())
    assert isinstance(item, OpenItem)
    assert item.place == "line 2"


@pytest.mark.parametrize(
    ("cell", "mark", "value"),
    [
        ("1234.56", None, "1234.56"),
        ("1 234,56", ",", "1234.56"),
        ("1\u00a0234,56 €", ",", "1234.56"),
        ("1\u202f234\u202f567,8", ",", "1234567.8"),
        ("1.234,56", ",", "1234.56"),
        ("1,234.56", ".", "1234.56"),
        ("1'234.56", ".", "1234.56"),
        ("1.234.567", None, "1234567"),
        ("1,234", ".", "1234"),
        ("1,234", ",", "1.234"),
        ("-12,50", ",", "-12.50"),
        ("12,50-", ",", "-12.50"),
        ("(12,50)", ",", "-12.50"),
        ("12,50 C", ",", "-12.50"),
        ("12,50 D", ",", "12.50"),
        (",50", ",", "0.50"),
        ("0", None, "0"),
    ],
)
def test_amounts(cell: str, mark: str | None, value: str) -> None:
    assert amount(cell, mark) == Decimal(value)


@pytest.mark.parametrize(
    ("cell", "mark"),
    [
        ("1,234", None),
        ("12,34,5", ","),
        ("1.2345,00", ","),
        ("1,50", "."),
        ("abc", ","),
        ("", ","),
        ("1e5", "."),
        ("NaN", "."),
    ],
)
def test_what_is_no_amount_or_two_is_refused(cell: str, mark: str | None) -> None:
    with pytest.raises(ValueError, match=r"amount|two ways|decimals"):
        amount(cell, mark)


def test_the_mark_before_decimals_is_found_in_the_column() -> None:
    assert decimal_mark(["1,234", "12", "1,5"]) == ","
    assert decimal_mark(["1,234", "1,234.00"]) == "."
    assert decimal_mark(["1.234.567"]) == ","
    assert decimal_mark(["1,234", "500"]) is None


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("31/03/2026", date(2026, 3, 31)),
        ("31.03.26", date(2026, 3, 31)),
        ("1-3-2026", date(2026, 3, 1)),
        ("2026-03-31", date(2026, 3, 31)),
        ("2026-03-31 00:00:00", date(2026, 3, 31)),
        ("20260331", date(2026, 3, 31)),
        ("46112", date(2026, 3, 31)),
    ],
)
def test_days(cell: str, found: date) -> None:
    assert day(cell, DayOrder.DAY_FIRST) == found


@pytest.mark.parametrize(
    "cell", ["30/02/2026", "31/04/2026", "29/02/2025", "2026-13-01", "soon", "01/01/1926"]
)
def test_days_that_are_not_in_the_calendar_are_refused(cell: str) -> None:
    with pytest.raises(ValueError, match=r"calendar|not a date|outside"):
        day(cell, DayOrder.DAY_FIRST)


def test_a_person_has_the_last_word_on_the_columns() -> None:
    headers = ["Pièce", "Client", "Date", "Échéance", "Solde", "Reste"]
    assert headers[propose(headers)["open"]] == "Solde"  # type: ignore[index]  # a StrEnum is its text
    chosen = choose(headers, {"open": "reste", "due_on": ""})
    assert {field.value: headers[place] for field, place in chosen.items()} == {
        "number": "Pièce", "customer": "Client", "issued_on": "Date", "open": "Reste",
    }  # fmt: skip
    with pytest.raises(MappingError, match=r"no column 'Rest'.*did you mean 'reste'"):
        choose(headers, {"open": "Rest"})
    with pytest.raises(MappingError, match=r"no field 'opens'.*did you mean 'open'"):
        choose(headers, {"opens": "Reste"})


def test_debit_and_credit_make_the_balance() -> None:
    text = (
        "N° pièce;Code tiers;Date;Échéance;Débit;Crédit\n"
        "F-1;C-1;15/01/2026;14/02/2026;120,00;20,00\nR-1;C-1;16/01/2026;;;30,00\n"
    )
    owed, credit = read(text.encode())
    assert isinstance(owed, OpenItem)
    assert isinstance(credit, Credit)
    assert (owed.open, owed.total, credit.amount) == (Decimal(100), None, Decimal(30))
    assert not credit.is_credit_note


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"a;b;c\n1;2;3\n", "no row of headers found"),
        (b"N\xb0 facture;Date;Solde\n", "no column found for customer or name"),
        (b"\xd0\xcf\x11\xe0aaaa", "old Excel file"),
        (b"PK\x03\x04 cut off", "damaged or truncated"),
        (b"\x89PNG\x00\x00\x00\r\n", "NUL bytes"),
        (b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><Invoice/>", "document type"),
        (b"<html></html>", "no invoice"),
        (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"/>', "bank's statement .CAMT"),
        (b":20:STARTUMS\r\n:25:DE/1\r\n", "bank's statement .CFONB or MT940"),
        (b"0130004    02540EUR2 00025000654".ljust(120) + b"\n", "bank's statement .CFONB or MT940"),
        ("N° facture;Code client;Date;Solde\nF-1;C-1;15/01/2026;1é".encode()[:-1], "middle of a character"),
        ("N° facture;Code client;Date;Solde\n".encode("utf-16")[:-1], "damaged or truncated"),
        (b"N\xb0 facture;Code client;Date;Solde\nF\x81;C;15/01/2026;1\n", "encoding is not known"),
    ],
)
def test_a_file_that_cannot_be_taken_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(IntakeError, match=reason):
        read(content)


def test_rows_that_cannot_be_read_cost_themselves_alone() -> None:
    text = (
        "N° facture;Code client;Date;Solde\nF-1;C-1;15/01/2026;10,00\nF-2;C-1\n"
        f"F-3;C-1;15/01/2026;{'9' * 100_000}\nF-4;;15/01/2026;1,00\nF-5;C-1;15/01/2026;x\n\n"
        'F-6;"C-1;15/01/2026;2,00\nN° facture;Code client;Date;Solde\n'
        "F-7;C-1;15/01/2026;0,00\nF-8;C-1;15/01/2026;3,00\n"
    )
    items = read(text.encode())
    told = [item.number if isinstance(item, OpenItem) else str(item) for item in items]
    assert told == [
        "F-1",
        "line 3: too few cells: 2, the headers are 4",
        "line 4: too long: a line of 100,020 bytes, at most 65,536",
        "line 5: customer: missing",
        "line 6: open: not an amount: 'x'",
        "line 8: bad quoting: the quote opened on this line is not closed",
        "line 9: the headers once more, passed over",
        "line 10: F-7 has nothing left to pay: not owed",
        "F-8",
    ]


def test_american_dates_are_told_by_days_past_the_twelfth() -> None:
    text = "Invoice,Customer,Invoice Date,Due Date,Balance\nF-1,C-1,1/2/2026,1/31/2026,10.00\n"
    note, item = read(text.encode())
    assert "month/day/year" in str(note)
    assert isinstance(item, OpenItem)
    assert item.issued_on == date(2026, 1, 2)


def test_a_workbook_is_read_with_its_own_dates_and_numbers() -> None:
    content = workbook(
        [
            ["Balance âgée"],
            [],
            ["Code client", "Raison sociale", "N° facture", "Date facture", "Échéance", "Solde", "Commande"],
            ["C-1", "Hôtel", "F-1", date(2026, 1, 15), date(2026, 2, 14), 0.1 + 0.2, 4500012],
            ["C-1", "Hôtel", 1002, date(2026, 1, 16), 46112, 99],
            ["C-1", "Hôtel", "F-3", "30/02/2026", None, 12.5, None],
            ["C-1", "Hôtel", "F-4", date(2026, 1, 16), None, "#N/A", None],
            ["Total", None, None, None, None, 111.8],
        ]
    )
    assert kind_of(content) is Kind.XLSX
    items = read(content)
    owed = [item for item in items if isinstance(item, OpenItem)]
    assert [(item.number, item.open, item.due_on, item.order_ref) for item in owed] == [
        ("F-1", Decimal("0.3"), date(2026, 2, 14), "4500012"),
        ("1002", Decimal(99), date(2026, 3, 31), None),
    ]
    assert [str(item) for item in items if isinstance(item, Refused)] == [
        "sheet Clients, row 6: issued_on: 30/02/2026 is not in the calendar",
        "sheet Clients, row 7: column 6 holds an error of the spreadsheet, #N/A",
    ]


@pytest.mark.skipif(not RECEIVABLES.exists(), reason="the shared data are not here")
def test_a_history_of_settled_invoices_holds_nothing_to_chase() -> None:
    items = read(RECEIVABLES.read_bytes(), RECEIVABLES.name)
    assert all(isinstance(item, Note) for item in items)
    assert sum("is settled" in str(item) for item in items) == 2466
