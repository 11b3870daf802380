"""IBANs: which can be right, and where one stands in a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.iban import LENGTHS, hidden_ibans, iban, masked, printed_ibans

# The examples that the SWIFT IBAN registry gives, among others.
RIGHT = [
    "GB82 WEST 1234 5698 7654 32",
    "FR14 2004 1010 0505 0001 3M02 606",
    "DE89 3704 0044 0532 0130 00",
    "BE68 5390 0754 7034",
    "NO93 8601 1117 947",
    "CH93 0076 2011 6238 5295 7",
    "NL91 ABNA 0417 1643 00",
    "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
    "ES91 2100 0418 4502 0005 1332",
    "IT60 X054 2811 1010 0000 0123 456",
    "LC55 HEMM 0001 0001 0012 0012 0002 3015",
]


@pytest.mark.parametrize("text", RIGHT)
def test_right_ones_in_any_spelling(text: str) -> None:
    compact = text.replace(" ", "")
    assert iban(text) == iban(compact.lower()) == iban(f" {text}\u00a0") == compact
    assert len(compact) == LENGTHS[compact[:2]]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("GB82 WEST 1234 5698 7654 33", "check digits"),
        ("GB82", "two letters, two digits"),
        ("12345678901234567890", "two letters, two digits"),
        ("", "two letters, two digits"),
        ("FR1420041010050500013M0260", "27 characters, not 26"),
        ("US64SVBKUS6S3300958879", "US is no country that has them"),
        ("DE89 3704 0044 0532 0130 0\uff10", "two letters, two digits"),
    ],
)
def test_wrong_ones_say_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        iban(text)


@given(st.sampled_from(RIGHT), st.data())
def test_one_wrong_digit_or_two_swapped_are_noticed(text: str, data: st.DataObject) -> None:
    compact = text.replace(" ", "")
    at = data.draw(st.integers(4, len(compact) - 1))
    other = data.draw(st.sampled_from("0123456789").filter(lambda char: char != compact[at]))
    if compact[at].isdigit():
        with pytest.raises(ValueError, match="check digits"):
            iban(compact[:at] + other + compact[at + 1 :])
    if at + 1 < len(compact) and compact[at] != compact[at + 1]:
        swapped = compact[:at] + compact[at + 1] + compact[at] + compact[at + 2 :]
        with pytest.raises(ValueError, match="check digits"):
            iban(swapped)


@pytest.mark.parametrize("text", RIGHT)
def test_printed_ones_are_seen_among_words_and_figures(text: str) -> None:
    compact = text.replace(" ", "")
    for shown in (text, compact, text.replace(" ", "\u00a0"), text.replace(" ", "-"), text.lower()):
        for around in (
            f"Payez ici : {shown}.",
            f"AB12 {shown} MERCI BIEN",
            f"({shown})",
            f"IBAN\n{shown}\nBIC",
        ):
            assert printed_ibans(around) == {compact}, around


@pytest.mark.parametrize(
    "text",
    [
        "FA-2026-00012 du 12/03/2026 : 1 234,56 €",
        "FR2026 0001 0002 0003 0004 0005 006",
        "SE35 5000 0000 0549 1000 0004",
        "tél. +33 4 72 00 00 12, SIREN 812 345 678",
        "XDE89370400440532013000",
        "",
    ],
)
def test_other_numbers_are_none(text: str) -> None:
    assert printed_ibans(text) == set()


def test_two_in_one_text() -> None:
    assert printed_ibans(f"{RIGHT[0]} ou {RIGHT[2]}") == {
        each.replace(" ", "") for each in (RIGHT[0], RIGHT[2])
    }


@pytest.mark.parametrize("text", RIGHT)
def test_hidden_ones_are_seen_whatever_stands_between(text: str) -> None:
    compact = text.replace(" ", "")
    for source in (
        "<i></i>".join(compact),
        " . ".join(compact),
        "".join(f"&#{ord(each)};" for each in compact),
    ):
        assert hidden_ibans(f"vers {source} svp") == {compact}


def test_a_masked_one_is_known_again_and_useless() -> None:
    assert masked("FR1420041010050500013M02606") == "FR14 … 2606"
    assert masked(None) is None
