"""Which invoices a line of a bank statement pays, and how sure that is.

Pure: a line, what it may pay and who has paid before in; a proposal with its reasons out. What is booked
without a person needs two witnesses that do not depend on one another; the rest is put before one.
"""

from rules.matching.propose import (
    Allocation,
    Line,
    Match,
    OpenItem,
    Payer,
    Verdict,
    match,
)
from rules.matching.text import (
    Keys,
    compact,
    keys_of_number,
    keys_of_text,
    name_key,
    ogm,
    rf,
)

__all__ = [
    "Allocation",
    "Keys",
    "Line",
    "Match",
    "OpenItem",
    "Payer",
    "Verdict",
    "compact",
    "keys_of_number",
    "keys_of_text",
    "match",
    "name_key",
    "ogm",
    "rf",
]
