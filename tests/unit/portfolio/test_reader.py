"""Reading a portfolio: what is sound comes through, what is not is named by line, field and reason."""

from __future__ import annotations

import csv
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from activities.addresses import Phone
from admin.portfolio.row import COLUMNS, PortfolioError, Row
from tests.fixtures.memory import PRINT_PEAK_MIB
from tests.unit.portfolio.files import SOUND, read, write

ROOT = Path(__file__).resolve().parents[3]


def test_a_sound_row_is_read_with_its_types(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", [{"paid": "200", "accounting_phone": "06 12 34 56 78", "country": "fr"}])
    rows, rejects = read(path)
    assert rejects == []
    assert rows == [
        Row(
            line=2,
            company="ACME",
            invoice="F-1",
            customer="C-1",
            customer_name="Client et Fils",
            issued_on=date(2026, 1, 15),
            due_on=date(2026, 2, 14),
            amount=Decimal("1200.00"),
            currency="EUR",
            country="FR",
            accounting_phone=Phone("+33612345678", "mobile"),
            paid=Decimal("200.00"),
        )
    ]


def test_columns_come_in_any_order_and_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    names = list(reversed(SOUND))
    body = ",".join(names) + "\r\n" + ",".join(SOUND[name] for name in names) + "\r\n"
    path.write_bytes(b"\xef\xbb\xbf" + body.encode())
    rows, rejects = read(path)
    assert [row.invoice for row in rows] == ["F-1"]
    assert rejects == []


def test_the_sample_has_every_column_and_no_fault() -> None:
    with (ROOT / "samples" / "portfolio.csv").open(encoding="utf-8", newline="") as file:
        assert tuple(next(csv.reader(file))) == COLUMNS
    rows, rejects = read(ROOT / "samples" / "portfolio.csv")
    assert len(rows) == 12
    assert rejects == []


BAD_CELLS = [
    ({"company": ""}, "company", "missing"),
    ({"customer_name": "x" * 201}, "customer_name", "too long: 201 characters"),
    ({"customer_name": "Du\x07pont"}, "customer_name", "control character U+0007 at position 3"),
    ({"customer_name": "Du\u202epont"}, "customer_name", "control character U+202E"),
    ({"buyer_known_by": "hugo@acme.example"}, "buyer_known_by", "buyer has no address"),
    (
        {"executive_email": "dg@b.fr", "executive_known_by": "hugo"},
        "executive_known_by",
        "not an e-mail address",
    ),
    ({"amount": '"1200,00"'}, "amount", "decimal comma"),
    ({"amount": "NaN"}, "amount", "not a finite number"),
    ({"amount": "-5.00"}, "amount", "more than zero"),
    ({"amount": "0.00"}, "amount", "more than zero"),
    ({"amount": "12.345"}, "amount", "too many decimals"),
    ({"amount": "100.5", "currency": "JPY"}, "amount", "too many decimals"),
    ({"amount": "1e3"}, "amount", "exponent"),
    ({"amount": "1 200.00"}, "amount", "space"),
    ({"amount": "9" * 16}, "amount", "too large"),
    ({"currency": "EURO"}, "currency", "unknown currency"),
    ({"currency": "XAU"}, "currency", "unknown currency"),
    ({"country": "FRA"}, "country", "unknown country"),
    ({"timezone": "Europe/Lyon"}, "timezone", "unknown time zone"),
    ({"timezone": "../etc/passwd"}, "timezone", "unknown time zone"),
    ({"due_on": "31/03/2026"}, "due_on", "31/03/2026: write 2026-03-31"),
    ({"due_on": "03/04/2026"}, "due_on", "year-month-day"),
    ({"due_on": "20260331"}, "due_on", "write 2026-03-31"),
    ({"due_on": "2026-02-30"}, "due_on", "2026-02-30 is not in the calendar"),
    ({"issued_on": "1999-12-31"}, "issued_on", "year 1999 is outside 2000..2100"),
    ({"due_on": "2101-01-01"}, "due_on", "year 2101"),
    ({"due_on": "2026-01-14"}, "due_on", "due before it was issued"),
    ({"resolved_on": "2026-02-20"}, "resolved_on", "disputed_on is empty"),
    ({"disputed_on": "2026-02-20", "resolved_on": "2026-02-19"}, "resolved_on", "resolved before"),
    ({"paid": "1200.01"}, "paid", "more than the amount"),
    ({"paid": "-1"}, "paid", "negative"),
    ({"accounting_email": "compta(at)client.fr"}, "accounting_email", "not an e-mail address"),
    ({"accounting_email": "a@b.fr;c@d.fr"}, "accounting_email", "not one e-mail address"),
    ({"collector_email": "no-reply@acme.fr"}, "collector_email", "nobody reads"),
    ({"accounting_phone": "+33700000000"}, "accounting_phone", "no such number"),
    ({"accounting_phone": "standard"}, "accounting_phone", "not a telephone number"),
    ({"language": "french"}, "language", "unknown language"),
    ({"policy": "standrd"}, "policy", "did you mean 'standard'"),
    ({"last_step": "reminder_1"}, "last_contacted_on", "missing"),
    ({"last_contacted_on": "2026-02-20"}, "last_step", "missing"),
    ({"last_step": "reminder_9", "last_contacted_on": "2026-02-20"}, "last_step", "any policy"),
    (
        {"last_step": "call_1", "last_contacted_on": "2026-02-20", "policy": "standard"},
        "last_step",
        "policy standard",
    ),
    ({"last_step": "reminder_1", "last_contacted_on": "2026-03-03"}, "last_contacted_on", "in the future"),
    (
        {"last_step": "reminder_1", "last_contacted_on": "2026-01-14"},
        "last_contacted_on",
        "before the invoice",
    ),
    (
        {"last_step": "reminder_3", "last_contacted_on": "2026-02-20", "policy": "public_sector"},
        "last_step",
        "known: pre_reminder, call_1, reminder_1, reminder_2, call_2, formal_notice, handover",
    ),
    ({"promised_on": "2026-13-01"}, "promised_on", "not in the calendar"),
    ({"promised_on": "2026-01-14"}, "promised_on", "before the invoice was issued"),
    ({"promised_on": "2036-03-04"}, "promised_on", "more than ten years away"),
    ({"promised_amount": "50.00"}, "promised_on", "missing: promised_amount is given"),
    ({"promised_on": "2026-03-09", "promised_amount": "0"}, "promised_amount", "more than zero"),
    ({"promised_on": "2026-03-09", "promised_amount": '"1,5"'}, "promised_amount", "decimal comma"),
    (
        {"promised_on": "2026-03-09", "promised_amount": "1000.01", "paid": "200.00"},
        "promised_amount",
        "more than is owed, 1000.00 EUR",
    ),
]


@pytest.mark.parametrize(("bad", "field", "reason"), BAD_CELLS, ids=lambda value: str(value)[:40])
def test_a_bad_cell_costs_its_row_alone(tmp_path: Path, bad: dict[str, str], field: str, reason: str) -> None:
    good = {"invoice": "F-2"}
    rows, rejects = read(write(tmp_path / "p.csv", [bad, good]))
    assert [row.invoice for row in rows] == ["F-2"]
    [reject] = rejects
    assert (reject.line, reject.field) == (2, field)
    assert reason in reject.reason
    assert len(reject.value) <= 80
    assert str(reject).startswith(f"line 2: {field}: ")


BAD_LINES = [
    (b'ACME,F-1,C-1,"Dupont,2026-01-15,2026-02-14,12.00,EUR', "bad quoting: the quote opened"),
    (b'ACME,F-1,C-1,"Dupont" SA,2026-01-15,2026-02-14,12.00,EUR', "bad quoting: a quote inside"),
    (b"ACME,F-1,C-1,Dupont,2026-01-15,2026-02-14,12,50,EUR", "too many cells: 9, the header has 8"),
    (b"ACME,F-1,C-1,Dupont", "too few cells: 4"),
    (b"ACME,F-1,C-1,Du\x00pont,2026-01-15,2026-02-14,12.00,EUR", "NUL character at position 16"),
    (b"ACME,F-1,C-1,Br\xe9mont,2026-01-15,2026-02-14,12.00,EUR", "not UTF-8: byte 0xE9 at byte 16"),
    (b'ACME,F-1,C-1,"Du\npont",2026-01-15,2026-02-14,12.00,EUR', "control character U+000A"),
    (b"ACME,F-1,C-1,Du\rpont,2026-01-15,2026-02-14,12.00,EUR", "carriage return inside"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD_LINES, ids=[reason[:25] for _, reason in BAD_LINES])
def test_a_bad_line_costs_its_record_alone(tmp_path: Path, bad: bytes, reason: str) -> None:
    good = b"ACME,F-%d,C-1,Client,2026-01-15,2026-02-14,12.00,EUR"
    lines = [",".join(SOUND).encode(), good % 8, bad, good % 9, good % 10]
    path = tmp_path / "p.csv"
    path.write_bytes(b"\n".join(lines) + b"\n")
    rows, rejects = read(path)
    assert [row.invoice for row in rows] == ["F-8", "F-9", "F-10"]
    [reject] = rejects
    assert reject.line == 3
    assert reason in reject.reason


def test_a_name_cannot_smuggle_in_a_row(tmp_path: Path) -> None:
    inner = "ACME,F-66,C-1,Client,2026-01-15,2026-02-14,12.00,EUR"
    record = f'ACME,F-1,C-1,"Evil\n{inner}\n",2026-01-15,2026-02-14,12.00,EUR'
    path = tmp_path / "p.csv"
    path.write_text(",".join(SOUND) + "\n" + record + "\n", "utf-8")
    rows, rejects = read(path)
    assert rows == []
    assert [(reject.line, reject.field) for reject in rejects] == [(2, "customer_name")]


def test_a_cell_of_a_megabyte_costs_its_row_and_no_memory(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", [{"customer_name": "x" * 1_000_000}, {"invoice": "F-2"}])
    rows, rejects = read(path)
    assert [row.invoice for row in rows] == ["F-2"]
    [reject] = rejects
    assert (reject.line, reject.field) == (2, "customer_name")
    assert "too long: a line of 1,000,0" in reject.reason
    assert len(reject.value) <= 80
    assert all(len(cell) <= 500 for cell in reject.raw)


def test_the_same_number_again(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", [{}, {"invoice": "F-2"}, {}, {"amount": "5.00"}, {"company": "OTHER"}])
    rows, rejects = read(path)
    assert [(row.company, row.invoice) for row in rows] == [
        ("ACME", "F-1"),
        ("ACME", "F-2"),
        ("OTHER", "F-1"),
    ]
    [reject] = rejects
    assert (reject.line, reject.field) == (5, "invoice")
    assert reject.reason == "conflict: line 2 has this invoice with other facts"


def test_blank_lines_and_empty_rows_say_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", [{}])
    path.write_text(path.read_text("utf-8") + "\n,,,,,,,\n", "utf-8")
    rows, rejects = read(path)
    assert len(rows) == 1
    assert rejects == []


def test_a_dispute_of_what_was_settled_before_is_no_fault(tmp_path: Path) -> None:
    row = {"settled_on": "2026-02-01", "disputed_on": "2026-02-14", "resolved_on": "2026-02-01"}
    rows, rejects = read(write(tmp_path / "p.csv", [row]))
    assert len(rows) == 1
    assert rejects == []


def test_a_promise_is_of_all_that_is_owed_unless_the_file_says_less(tmp_path: Path) -> None:
    told = [
        {"invoice": "ALL", "promised_on": "2026-03-09", "paid": "200.00"},
        {"invoice": "PART", "promised_on": "2026-03-09", "promised_amount": "50"},
        {"invoice": "PAID", "promised_on": "2026-02-20", "promised_amount": "1200.00", "paid": "1200.00"},
    ]
    rows, rejects = read(write(tmp_path / "p.csv", told))
    assert rejects == []
    assert [(row.invoice, row.promised_amount) for row in rows] == [
        ("ALL", Decimal("1000.00")),
        ("PART", Decimal("50.00")),
        ("PAID", None),
    ]


BAD_FILES = [
    (b"", "empty file"),
    (b"company;invoice;customer;due_on\n", "separated by semicolons"),
    (b"company,invoise\n", "unknown column 'invoise' (did you mean 'invoice'?)"),
    (b"company,invoice\n", "missing column 'customer'; missing column 'customer_name'"),
    (",".join([*SOUND, "amount"]).encode(), "column 'amount' given twice"),
    (",".join(SOUND).encode("utf-16"), "UTF-16"),
    (b"soci\xe9t\xe9,invoice\n", "line 1: not UTF-8"),
    (",".join(SOUND).encode() + b"\rACME", "carriage return only"),
    (b'company,"invoice\n', "bad quoting"),
]


@pytest.mark.parametrize(("content", "reason"), BAD_FILES, ids=[reason[:25] for _, reason in BAD_FILES])
def test_a_file_that_is_no_portfolio_is_refused_whole(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(content)
    with pytest.raises(PortfolioError) as refused:
        read(path)
    assert reason in str(refused.value)
    assert str(refused.value).startswith(str(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PortfolioError, match=r"no\.csv: No such file"):
        read(tmp_path / "no.csv")


def test_a_hundred_thousand_rows_stay_within_memory(tmp_path: Path) -> None:
    """Peak memory of a process that reads them all, twice over the baseline of one that reads a hundred."""
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    for path, count in ((small, 100), (large, 100_000)):
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow((*SOUND, "accounting_email", "accounting_phone"))
            for n in range(count):
                row = [*(SOUND | {"invoice": f"F-{n}", "customer": f"C-{n // 5}"}).values()]
                table.writerow([*row, f"compta@client{n // 5}.fr", f"06{12_000_000 + n // 5:08}"])
    used = {path: _peak_mib(path) for path in (small, large)}
    assert used[large] - used[small] < 60, used


def _peak_mib(path: Path) -> float:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from policies import builtin_policies\n"
        "from admin.portfolio.reader import PortfolioReader\n"
        "reader = PortfolioReader(Path(sys.argv[1]), on_reject=lambda r: None, policies=builtin_policies())\n"
        "assert sum(1 for _ in reader) >= 100 and not reader.rejected\n"
    ) + PRINT_PEAK_MIB
    run = subprocess.run(
        [sys.executable, "-c", script, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return float(run.stdout)
