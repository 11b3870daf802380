"""What a message takes from where its parties are: language, public buyers, the fixed recovery sum."""

from __future__ import annotations

from decimal import Decimal

PUBLIC_SEGMENTS = ("public", "public_sector")
FRENCH_SPEAKING = (
    "FR",
    "MC",
    "LU",
    "BE",
    "CH",
    "GP",
    "MQ",
    "GF",
    "RE",
    "YT",
    "PF",
    "NC",
    "PM",
    "WF",
    "BL",
    "MF",
)

# Code de commerce D441-5, EU directive 2011/7 art. 6: due by professionals, per invoice paid late.
FIXED_SUM: dict[str, tuple[Decimal, str]] = dict.fromkeys(
    (
        "FR",
        "DE",
        "BE",
        "ES",
        "IT",
        "NL",
        "IE",
        "LU",
        "AT",
        "PT",
        "FI",
        "GR",
        "SK",
        "SI",
        "EE",
        "LV",
        "LT",
        "MT",
        "CY",
        "HR",
    ),
    (Decimal(40), "EUR"),
)
