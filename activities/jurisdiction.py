"""What a message takes from where its parties are: the language, and who is a public buyer."""

from __future__ import annotations

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
