"""The French accounting export: what is open in it, and when it is not whole."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from admin.intake.items import Credit, IntakeError, Kind, Note, OpenItem, Refused
from tests.unit.intake.files import fec, kind_of, line, read, sale


def test_open_items_are_unlettered_lines_by_customer_and_piece() -> None:
    content = fec(
        [
            *sale(1, "C-1", "FA-1", "120,00", "100,00", "20,00"),
            *sale(2, "C-1", "FA-2", "60,00", "50,00", "10,00", let="AA"),
            *sale(3, "C-2", "FA-3", "240,00", "200,00", "40,00", day="20260201"),
            line(4, "411000", credit="40,00", customer="C-2", piece="FA-3", label="Acompte"),
            line(4, "512000", debit="40,00", piece="FA-3"),
            line(5, "411000", credit="12,00", customer="C-1", piece="AV-1", label="Avoir FA-1"),
            line(5, "709000", debit="12,00", piece="AV-1"),
            line(6, "411000", credit="75,00", customer="C-3", piece="VIR-9", label="Virement"),
            line(6, "512000", debit="75,00", piece="VIR-9"),
            line(7, "411100", debit="10,00", piece="FA-9"),
            line(7, "707000", credit="10,00", piece="FA-9"),
            line(8, "411000", debit="5,00", customer="C-4"),
            line(8, "707000", credit="5,00"),
        ]
    ).encode("iso8859-15")
    assert kind_of(content) is Kind.FEC
    items = read(content)
    owed = [item for item in items if isinstance(item, OpenItem)]
    assert [(i.customer, i.number, i.total, i.open, i.issued_on, i.due_on) for i in owed] == [
        ("C-1", "FA-1", Decimal("120.00"), Decimal("120.00"), date(2026, 1, 15), None),
        ("C-2", "FA-3", Decimal("240.00"), Decimal("200.00"), date(2026, 2, 1), None),
        ("411100", "FA-9", Decimal("10.00"), Decimal("10.00"), date(2026, 1, 15), None),
    ]
    assert owed[0].name == "Client C-1"
    assert not owed[0].firm
    credits = [item for item in items if isinstance(item, Credit)]
    assert [(c.customer, c.number, c.amount, c.is_credit_note) for c in credits] == [
        ("C-1", "AV-1", Decimal("12.00"), True),
        ("C-3", "VIR-9", Decimal("75.00"), False),
    ]
    assert [str(item) for item in items if isinstance(item, Refused)] == [
        "line 19: PieceRef: an open line of C-4 without a piece: it names no invoice"
    ]


@pytest.mark.parametrize("separator", ["\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "iso8859-15", "utf-8-sig"])
def test_any_form_the_decree_allows(separator: str, ending: str, encoding: str) -> None:
    text = fec(sale(1, "C-é", "FA-1", "120,00", "100,00", "20,00"), ending).replace("\t", separator)
    (item,) = read(text.encode(encoding))
    assert isinstance(item, OpenItem)
    assert (item.customer, item.open) == ("C-é", Decimal("120.00"))


@pytest.mark.parametrize(("debit", "credit"), [("D", "C"), ("+1", "-1")])
def test_amount_and_side_in_place_of_debit_and_credit(debit: str, credit: str) -> None:
    text = fec(sale(1, "C-1", "FA-1", "120,00", "100,00", "20,00")).replace("Debit\tCredit", "Montant\tSens")
    for gross in ("100,00", "20,00"):
        text = text.replace(f"0,00\t{gross}", f"{gross}\t{credit}")
    text = text.replace("120,00\t0,00", f"120,00\t{debit}")
    (item,) = read(text.encode())
    assert isinstance(item, OpenItem)
    assert item.open == 120


def test_a_piece_that_is_even_is_not_owed() -> None:
    content = fec(
        [
            *sale(1, "C-1", "FA-1", "120,00", "100,00", "20,00"),
            line(2, "411000", credit="120,00", customer="C-1", piece="FA-1"),
            line(2, "512000", debit="120,00"),
        ]
    )
    (note,) = read(content.encode())
    assert isinstance(note, Note)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda text: text.replace("20,00\t\t\t", "19,00\t\t\t"), r"entry VE 1 \(from line 2\) is off by 1"),
        (lambda text: text[:-60], "line 4: .* cells, the header has 18: cut off"),
        (lambda text: text.rsplit("VE\t", 1)[0], "is off by 20.00"),
        (lambda text: text.replace("EcritureLet\t", ""), "ecriturelet are missing|no row of headers"),
        (lambda text: text.replace("120,00", "12O,00"), "line 2: Debit: not an amount: '12O,00'"),
        (lambda text: text.replace("100,00", "1" * 70_000), "line 3: too long"),
    ],
)
def test_what_is_not_whole_is_refused_as_a_whole(damage: object, reason: str) -> None:
    text = fec(sale(1, "C-1", "FA-1", "120,00", "100,00", "20,00"))
    assert callable(damage)
    with pytest.raises(IntakeError, match=reason):
        read(str(damage(text)).encode())


def test_a_day_that_is_not_in_the_calendar_is_refused_with_its_line() -> None:
    (refused,) = [
        item
        for item in read(fec(sale(1, "C-1", "FA-1", "120,00", "100,00", "20,00", day="20260230")).encode())
        if isinstance(item, Refused)
    ]
    assert str(refused) == "line 2: PieceDate: 20260230 is not in the calendar"
