"""A text costs what a carrier bills: vectors from 3GPP TS 23.038 and the field's facts."""

from __future__ import annotations

import pytest

from admin.sandbox.segments import segment


@pytest.mark.parametrize(
    ("text", "encoding", "segments", "units"),
    [
        ("", "GSM-7", 1, 0),
        ("a" * 160, "GSM-7", 1, 160),
        ("a" * 161, "GSM-7", 2, 161),
        ("a" * 306, "GSM-7", 2, 306),
        ("a" * 307, "GSM-7", 3, 307),
        ("éèàùÇ", "GSM-7", 1, 5),
        ("€" * 80, "GSM-7", 1, 160),
        ("€" * 81, "GSM-7", 2, 162),
        ("ê" * 70, "UCS-2", 1, 70),
        ("ê" * 71, "UCS-2", 2, 71),
        ("ê" + "a" * 134, "UCS-2", 3, 135),
        ("😀" * 35, "UCS-2", 1, 70),
        ("😀" * 36, "UCS-2", 2, 72),
    ],
)
def test_segments(text: str, encoding: str, segments: int, units: int) -> None:
    found = segment(text)
    assert (found.encoding, found.segments, found.units) == (encoding, segments, units)


def test_a_pair_is_never_split_between_segments() -> None:
    # 153 septets hold 76 euro signs and one septet that stays empty, so 153 signs need a third segment.
    assert segment("€" * 152).segments == 2
    assert segment("€" * 153).segments == 3
    assert segment("😀" * 66).segments == 2
    assert segment("😀" * 67).segments == 3


@pytest.mark.parametrize("char", ["ê", "ç", "«", "œ", "’", "\u202f", "\u00a0"])
def test_french_typography_switches_the_encoding(char: str) -> None:
    found = segment(f"Votre facture {char} est échue")
    assert (found.encoding, found.culprits) == ("UCS-2", (char,))
