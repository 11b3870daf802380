"""Files of real banks, and broken ones: read or refused as a person would say they should be."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from activities.bank_files import BadFile, Closed, Movement, Opened, Part, read

SAMPLES = Path(__file__).parents[4] / "shared" / "data" / "samples"

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"the shared samples are not here ({SAMPLES})")


def parts_of(name: str) -> tuple[list[Part], str | None]:
    """What a file says up to its end, or up to where it is refused, with why."""
    found: list[Part] = []
    try:
        for part in read((SAMPLES / name).read_bytes(), name):
            found.append(part)
    except BadFile as refused:
        return found, str(refused)
    return found, None


def totals(parts: list[Part]) -> list[tuple[str | None, str | None, str | None, int, str]]:
    """By statement: account, opening and closing balance, movements and their sum."""
    found: list[tuple[str | None, str | None, str | None, int, str]] = []
    account, opening, count, total = None, None, 0, Decimal(0)
    for part in parts:
        if isinstance(part, Opened):
            account, opening, count, total = part.account, part.opening, 0, Decimal(0)
        elif isinstance(part, Movement):
            count += 1
            total += part.amount if part.incoming else -part.amount
        else:
            found.append((account, _text(opening), _text(part.closing), count, f"{total:.2f}"))
    if parts and not isinstance(parts[-1], Closed):
        found.append((account, _text(opening), None, count, f"{total:.2f}"))
    return found


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "cfonb/test_cfonb.txt",
            [
                ("FR7630001007941234567890185", "19.05", "-9654.52", 4, "-9673.57"),
                ("FR7630004000031234567890143", "-41728.64", "-43652.23", 3, "-1923.59"),
            ],
        ),
        (
            "camt/camt053.v2.multi.statement.xml",
            [
                ("NL26VAYB8060476890", "18.15", "27.00", 1, "8.85"),
                ("NL26VAYB8060476890", "27.00", "20.00", 1, "-7.00"),
            ],
        ),
        ("camt/camt054.v4.xml", [("CH2801234000123456789", None, None, 1, "-200000.00")]),
    ],
)
def test_sample_is_read_to_the_cent(
    name: str, told: list[tuple[str | None, str | None, str | None, int, str]]
) -> None:
    parts, refused = parts_of(name)
    assert refused is None
    assert totals(parts) == told


@pytest.mark.parametrize(
    ("name", "where", "why"),
    [
        ("cfonb/test_cfonb_bad_decimal.txt", "line 1", "EUR 3 decimals, which has 2"),
        ("cfonb/test_cfonb_bad_lenght.txt", "line 3", "a record of 119 characters"),
        (
            "cfonb/test_cfonb_iban_diff_07.txt",
            "line 16",
            "30004/00003/12345678901 EUR within the statement of 30001",
        ),
        ("camt/camt053.v2.all-balance-types.xml", "statement 1", "make 9.86, the statement closes at 4.04"),
        ("camt/camt053.v2.with-party-ids.xml", "statement 1", "make 27.00, the statement closes at -27.00"),
        ("camt/camt053.v4.xml", "statement 1", "make 27.00, the statement closes at -27.00"),
        ("camt/camt053.v8.xml", "statement 1", "make 27.00, the statement closes at -27.00"),
        ("mt940/betterplace-sepa_snippet.sta", "line 55", "closes at -4,472,049.09"),
        ("mt940/cmxl-mt940.sta", "line 4", "'DEM' is no currency"),
        ("mt940/jejik-abnamro.sta", "line 27", "closes at 876.84"),
        ("mt940/jejik-ing.sta", "line 26", "closes at 3.47"),
        ("mt940/self-provided-malformed_details.sta", "line 15", "closes at 12,345.98"),
    ],
)
def test_sample_is_refused_with_its_place(name: str, where: str, why: str) -> None:
    _, refused = parts_of(name)
    assert refused is not None
    assert refused.startswith(f"{where}: ")
    assert why in refused


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "mt940/betterplace-sepa_snippet.sta",
            [
                ("50880050/0194787400888", "766656.49", "1125250.40", 4, "358593.91"),
                ("50880050/0194791600888", "-1970431.87", None, 7, "-2501917.30"),
            ],
        ),
        ("mt940/jejik-abnamro.sta", [("517852257", "3236.28", None, 8, "-321.44")]),
        ("mt940/jejik-ing.sta", [("0001234567", "0.00", None, 7, "-45.59")]),
        (
            "mt940/self-provided-malformed_details.sta",
            [("12345678/1020304050", "12345.12", None, 1, "-233.15")],
        ),
    ],
)
def test_movements_of_a_sample_are_read_though_its_sums_are_wrong(
    name: str, told: list[tuple[str | None, str | None, str | None, int, str]]
) -> None:
    """Examples written by hand whose balances nobody reckoned: their lines are as banks write them."""
    parts, _ = parts_of(name)
    assert totals(parts) == told
