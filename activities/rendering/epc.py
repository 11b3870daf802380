"""The QR code of a SEPA credit transfer (European Payments Council, EPC069-12, version 2 of the code).

A banking application that reads it has beneficiary, IBAN, amount and reference filled in, without a typing
error. It exists for euros only.
"""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from typing import Final

from segno import helpers

MOST: Final = Decimal("999999999.99")
"""The largest amount of the standard; the least is one cent."""
_LONGEST_NAME: Final = 70
_LONGEST_TEXT: Final = 140
_UTF_8: Final = 1


def epc_code(payee: str, iban: str, bic: str | None, amount: Decimal, reference: str) -> str | None:
    """The code as SVG; None when the standard has no place for what it would say.

    :param payee: the beneficiary; cut after 70 characters, as banks do.
    :param iban: checked, without spaces.
    :param bic: unless None; a transfer within the Economic Area needs none.
    :param amount: euros and cents.
    :param reference: what the debtor would write on the transfer, free text of at most 140 characters.
    """
    if not Decimal("0.01") <= amount <= MOST or not payee or len(reference) > _LONGEST_TEXT:
        return None
    code = helpers.make_epc_qr(
        name=payee[:_LONGEST_NAME], iban=iban, amount=amount, text=reference, bic=bic, encoding=_UTF_8
    )
    made = BytesIO()
    code.save(made, kind="svg", border=4, xmldecl=False, svgns=True, omitsize=True)
    return made.getvalue().decode("ascii")
