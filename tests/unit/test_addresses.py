"""E-mail addresses and telephone numbers as people type them."""

from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from activities import addresses


@pytest.mark.parametrize(
    ("typed", "kind", "number"),
    [
        ("0612345678", "mobile", "+33612345678"),
        ("0145678901", "fixed", "+33145678901"),
        ("0939123456", "other", "+33939123456"),
        ("+262692123456", "mobile", "+262692123456"),
    ],
)
def test_only_a_mobile_takes_an_sms(typed: str, kind: str, number: str) -> None:
    assert addresses.phone(typed, "FR") == (number, kind)


def test_a_number_outside_its_plan_is_refused() -> None:
    with pytest.raises(ValueError, match="no such number"):
        addresses.phone("+33700000000", "FR")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Compta@Client.FR", "Compta@client.fr"),
        ("o'neil+due@client.co.uk", "o'neil+due@client.co.uk"),
        ("compta@société.fr", "compta@société.fr"),
    ],
)
def test_the_domain_is_kept_in_small_letters(typed: str, kept: str) -> None:
    assert addresses.email(typed) == kept


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("compta", "not an e-mail address: .*@-sign"),
        ("a..b@client.fr", "two periods in a row"),
        ("a@client", "should have a period"),
        ("a@client.local", "special-use"),
        ("a@exa_mple.fr", "invalid characters: '_'"),
        ("é@client.fr", "[Ii]nternationalized characters before the @-sign"),
        ("a@[192.0.2.1]", "bracketed IP address"),
        ("a@" + "x" * 64 + ".fr", "too many"),
        ("a" * 65 + "@client.fr", "too long"),
        ("Compta <a@client.fr>", "without name"),
        ("a@b.fr,c@d.fr", "give a single one"),
    ],
)
def test_what_is_no_address_is_refused_with_its_reason(typed: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        addresses.email(typed)


_PARTS = st.text(st.sampled_from("abz09.-_+'"), min_size=1, max_size=20)
_TOPS = st.sampled_from(["fr", "test", "local", "example", "invalid", "x", "123", "onion", "arpa", "museum"])


@given(local=_PARTS, domain=_PARTS, top=_TOPS)
def test_the_quick_way_says_what_the_library_says(local: str, domain: str, top: str) -> None:
    typed = f"{local}@{domain}.{top}"
    try:
        expected = validate_email(
            typed, check_deliverability=False, allow_smtputf8=False, strict=True
        ).normalized
    except EmailNotValidError:
        with pytest.raises(ValueError, match="not an e-mail address"):
            addresses.email(typed)
    else:
        assert addresses.email(typed) == expected
