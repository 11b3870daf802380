"""What the life of an electronic invoice means for its chase: statuses of the French reform (XP Z12-012).

Platforms tell them by number. Most are only good to know; a few change what may be asked of the customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Follows(StrEnum):
    """What follows from a status.

    - ``noted``: a line in the journal.
    - ``dispute``: the customer contests it, all of it or a part.
    - ``stop``: it never reached the customer, or is void: nobody is chased until it is issued again.
    - ``claimed``: the customer says it has paid.
    """

    NOTED = "noted"
    DISPUTE = "dispute"
    STOP = "stop"
    CLAIMED = "claimed"


STATUSES: Final[Mapping[str, tuple[str, Follows]]] = MappingProxyType(
    {
        "200": ("deposited", Follows.NOTED),
        "201": ("issued by the platform", Follows.NOTED),
        "202": ("received by the platform", Follows.NOTED),
        "203": ("made available", Follows.NOTED),
        "204": ("taken in hand", Follows.NOTED),
        "205": ("approved", Follows.NOTED),
        "206": ("partially approved", Follows.DISPUTE),
        "207": ("disputed", Follows.DISPUTE),
        # The customer lacks a document: nothing is refused yet, and the invoice is in its hands.
        "208": ("suspended", Follows.DISPUTE),
        "209": ("completed", Follows.NOTED),
        "210": ("refused", Follows.DISPUTE),
        "211": ("payment transmitted", Follows.CLAIMED),
        # Our own word to the platform: the payment itself is what the ledger knows.
        "212": ("payment received", Follows.NOTED),
        "213": ("rejected", Follows.STOP),
        "214": ("stamped", Follows.NOTED),
        "220": ("cancelled", Follows.STOP),
        "221": ("routing error", Follows.STOP),
    }
)
"""By code: what it is called, and what follows."""

ISSUED_AGAIN: Final = frozenset({"203", "204", "205"})
"""Codes that say an invoice is with the customer, whatever stopped it before."""

_CAUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CMD_ERR": "order_number_missing",
        "REF_CT_ABSENT": "order_number_missing",
        "REF_ERR": "order_number_missing",
        "DEST_ERR": "wrong_entity",
        "DEST_INC": "wrong_entity",
        "ADR_ERR": "wrong_entity",
        "SIRET_ERR": "wrong_entity",
        "CODE_ROUTAGE_ERR": "wrong_entity",
        "PU_ERR": "price",
        "REM_ERR": "price",
        "TX_TVA_ERR": "price",
        "MONTANTTOTAL_ERR": "price",
        "CALCUL_ERR": "price",
        "QTE_ERR": "quantity",
        "LIVR_INCOMP": "quantity",
        "ART_ERR": "quality",
        "QUALITE_ERR": "quality",
        "DOUBLON": "credit_note_due",
        "DOUBLE_FACT": "credit_note_due",
        "TRANSAC_INC": "not_approved",
        "EMMET_INC": "not_approved",
        "CONTRAT_TERM": "not_approved",
        "JUSTIF_ABS": "not_approved",
    }
)


def cause_of(reason: str | None) -> str | None:
    """The cause of a dispute by a platform's reason code; None where it says nothing of a cause."""
    return _CAUSES.get((reason or "").strip().upper())


def code_of(text: str) -> str:
    """The code of a status, told by its number or its name.

    :raises ValueError: there is no such status.
    """
    asked = " ".join(text.split()).casefold()
    for code, (name, _) in STATUSES.items():
        if asked in (code, name):
            return code
    raise ValueError(f"no status {text!r}: expected one of {', '.join(STATUSES)}")
