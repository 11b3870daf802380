"""An electronic invoice from its bytes, recognised by what is in them; sums that contradict are refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from admin.intake.einvoice import cii, ubl
from admin.intake.einvoice.document import Document, Refused
from admin.intake.einvoice.pdf import embedded_xml
from admin.intake.einvoice.xml import parse
from rules.money import UnknownCurrency, round_money

PDF: Final = b"%PDF-"


def is_pdf(content: bytes) -> bool:
    """Whether these are the bytes of a PDF; some begin with a few others."""
    return PDF in content[:1024]


def read(content: bytes, where: str) -> Document:
    """Read an invoice or a credit note.

    :param content: a PDF with the XML inside it, or the XML.
    :param where: the file's name, or how else a person knows it.
    :raises Refused: it cannot be taken as it is; the text says what is wrong, and where.
    """
    xml = embedded_xml(content, where) if is_pdf(content) else content
    root = parse(xml.lstrip(b"\xef\xbb\xbf \t\r\n"), where)
    if root.name == "CrossIndustryInvoice":
        document, parts = cii.read_cii(root), cii.tax_parts
    elif root.name in ("Invoice", "CreditNote"):
        document, parts = ubl.read_ubl(root), ubl.tax_parts
    else:
        raise Refused(where, f"no invoice: the document is a {root.name}")
    _check(document, *parts(root, document.currency), where)
    return document


def _check(document: Document, net: Decimal | None, vat: Decimal | None, where: str) -> None:
    """What the buyer was told adds up, to the cent."""
    number, currency = document.number, document.currency
    place = f"{where}: {number}"
    for term, amount in (("BT-112", document.total), ("BT-115", document.due), ("BT-113", document.prepaid)):
        try:
            if round_money(amount, currency) != amount:
                raise Refused(place, f"{term}: {amount} has more decimals than {currency}")
        except UnknownCurrency as error:
            raise Refused(place, f"BT-5: {error}") from None
    if net is not None and net + (vat or Decimal(0)) != document.total:
        raise Refused(
            place,
            f"total with VAT {document.total} (BT-112) is not {net} (BT-109) plus {vat or 0} of VAT (BT-110)",
        )
    expected = document.total - document.prepaid + document.rounding
    if expected != document.due:
        raise Refused(
            place,
            f"amount due {document.due} (BT-115) is not the total {document.total} less {document.prepaid} "
            f"paid (BT-113) plus {document.rounding} of rounding (BT-114)",
        )
    if document.due_on is not None and document.due_on < document.issued_on:
        raise Refused(place, f"due on {document.due_on} (BT-9), before it was issued ({document.issued_on})")
