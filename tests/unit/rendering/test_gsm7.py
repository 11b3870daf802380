"""Text messages in the GSM 7-bit alphabet, and how many parts they take."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.rendering.gsm7 import BASIC, EXTENDED, septets, sms_segments, sms_text, to_gsm7
from activities.rendering.render import render_sms
from admin.sandbox.segments import segment
from tests.unit.rendering.messages import CREDITOR, message

# 3GPP TS 23.038, 6.2.1: the default alphabet by code, sixteen a line; 0x1B is the escape.
TABLE = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
# 6.2.1.1, the extension table.
EXTENSION = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]"} | {
    0x40: "|",
    0x65: "€",
}


def test_the_alphabet_is_that_of_the_standard() -> None:
    assert len(TABLE) == 128
    assert set(TABLE) - {"\x1b"} == BASIC
    assert set(EXTENSION.values()) == EXTENDED
    assert all(septets(char) == 1 for char in BASIC)
    assert all(septets(char) == 2 for char in EXTENDED)


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ("être, forêt, août, naïf, Noël, garçon", "etre, foret, aout, naif, Noel, garcon"),
        # These it has, capital Ç among them.
        ("à é è ù ì ò ä ö ü ñ Ç É", "à é è ù ì ò ä ö ü ñ Ç É"),
        ("À Ê Î Ô Û Ÿ", "A E I O U Y"),
        ("Sœurs & Œuvres, lætitia", "Soeurs & OEuvres, l\u00e6titia"),
        ("« Brunet »", '" Brunet "'),
        ("“x” ‘y’ \u2039z\u203a l’hiver", "\"x\" 'y' 'z' l'hiver"),
        ("1 – 2 — 3 − 4", "1 - 2 - 3 - 4"),
        ("suite…", "suite..."),
        ("1\u00a0234,56\u202f€\u2009", "1 234,56 € "),
        ("ligne\u2028suivante\u00adici\u200b", "ligne suivanteici"),
        ("½ m² n° 3, 1ᵉʳ", "1/2 m2 no 3, 1er"),
        ("Straße, Łódź, Þór, İstanbul, ŀ", "Straße, Lodz, Thór".replace("ó", "o") + ", Istanbul, l-"),
        ("e\u0301te\u0301", "été"),
        ("™ ☎", "TM ?"),
    ],
)
def test_what_it_lacks_is_spelled(given: str, spelled: str) -> None:
    assert to_gsm7(given) == spelled
    found = sms_text(given)
    assert (found.text, found.encoding) == (spelled, "gsm7")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        # The escape does not fit as the 153rd place: it goes to the next part with its letter.
        ("x" * 152 + "€" + "x" * 152, 3),
        ("x" * 151 + "€" + "x" * 153, 2),
        ("", 1),
    ],
)
def test_parts_of_the_seven_bit_alphabet(text: str, parts: int) -> None:
    assert sms_segments(text) == sms_text(text).parts == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [("я" * 70, 1), ("я" * 71, 2), ("я" * 134, 2), ("я" * 135, 3), ("я" * 66 + "\U0001f600" + "я" * 66, 3)],
)
def test_a_text_with_another_script_goes_out_as_it_stands(text: str, parts: int) -> None:
    found = sms_text(text)
    assert (found.text, found.encoding, found.parts) == (text, "ucs2", parts)


def test_greek_capitals_of_the_alphabet_stay_in_it_and_a_name_in_greek_does_not() -> None:
    assert sms_text("ΔΦΓ").encoding == "gsm7"
    name = "Παπαδόπουλος & Υιοί\u00a0: être payé"
    found = sms_text(name)
    assert (found.text, found.encoding) == (name.replace("\u00a0", " "), "ucs2")


@given(st.text(max_size=400))
def test_parts_are_what_a_carrier_counts(text: str) -> None:
    """The sandbox provider counts by itself."""
    found = sms_text(text)
    billed = segment(found.text)
    assert billed.segments == found.parts
    assert {"gsm7": "GSM-7", "ucs2": "UCS-2"}[found.encoding] == billed.encoding


def test_a_reminder_of_a_creditor_in_cyrillic_may_take_more_parts() -> None:
    sms = render_sms(message("sms_reminder", creditor=replace(CREDITOR, name="Братья Карамазовы")))
    assert "Братья Карамазовы" in sms.text
    assert "?" not in sms.text
    assert sms.encoding == "ucs2"
    assert 2 < sms.parts <= 5
