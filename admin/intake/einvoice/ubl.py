"""Universal Business Language 2.1: Invoice and CreditNote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from admin.intake.einvoice.document import Document, Note, Party, Refused
from admin.intake.einvoice.xml import Node

_ZERO = Decimal(0)
_SUBJECT: Final = re.compile(r"#([A-Z]{3})#\s*(.+)", re.DOTALL)
"""UBL has no place for a note's subject: EN 16931 writes it before the text."""


def read_ubl(root: Node) -> Document:
    """Read one.

    :raises Refused: something that is needed is missing, or is not what it must be.
    """
    credit = root.name == "CreditNote"
    currency = root.needed("currency (BT-5)", "DocumentCurrencyCode")
    issued_on = root.day("issue date (BT-2)", "IssueDate")
    if issued_on is None:
        raise Refused(f"{root.path}/IssueDate", "issue date (BT-2) is missing")
    sums = _section(root, "LegalMonetaryTotal")
    total = sums.amount("total with VAT (BT-112)", currency, "TaxInclusiveAmount")
    due = sums.amount("amount due (BT-115)", currency, "PayableAmount")
    if total is None:
        raise Refused(f"{sums.path}/TaxInclusiveAmount", "total with VAT (BT-112) is missing")
    prepaid = sums.amount("paid amount (BT-113)", currency, "PrepaidAmount") or _ZERO
    rounding = sums.amount("rounding (BT-114)", currency, "PayableRoundingAmount") or _ZERO
    payee = root.first("PayeeParty")
    return Document(
        syntax="UBL",
        profile=root.text("CustomizationID") or "",
        number=root.needed("number (BT-1)", "ID"),
        type_code=root.text("CreditNoteTypeCode", "InvoiceTypeCode") or ("381" if credit else "380"),
        issued_on=issued_on,
        currency=currency,
        due_on=root.day("due date (BT-9)", "DueDate", "PaymentMeans/PaymentDueDate"),
        terms=root.text("PaymentTerms/Note"),
        total=total,
        prepaid=prepaid,
        rounding=rounding,
        due=total - prepaid + rounding if due is None else due,
        seller=_party(_section(root, "AccountingSupplierParty/Party"), "seller (BT-27)"),
        buyer=_party(_section(root, "AccountingCustomerParty/Party"), "buyer (BT-44)"),
        payee=None if payee is None else _party(payee, "payee (BT-59)"),
        iban=root.text("PaymentMeans/PayeeFinancialAccount/ID"),
        buyer_reference=root.text("BuyerReference"),
        order_ref=root.text("OrderReference/ID"),
        preceding=tuple(_preceding(root)),
        notes=tuple(_notes(root)),
    )


def tax_parts(root: Node, currency: str) -> tuple[Decimal | None, Decimal | None]:
    """The total without VAT (BT-109) and the VAT (BT-110), to be checked against the total with it."""
    return (
        root.amount("total without VAT (BT-109)", currency, "LegalMonetaryTotal/TaxExclusiveAmount"),
        root.amount("VAT (BT-110)", currency, "TaxTotal/TaxAmount"),
    )


def _section(node: Node, path: str) -> Node:
    found = node.first(path)
    if found is None:
        raise Refused(f"{node.path}/{path}", "is missing")
    return found


def _party(node: Node, term: str) -> Party:
    vat = next(
        (
            scheme.text("CompanyID")
            for scheme in node.all("PartyTaxScheme")
            if scheme.text("TaxScheme/ID") == "VAT"
        ),
        None,
    )
    name = node.text("PartyLegalEntity/RegistrationName", "PartyName/Name")
    if name is None:
        raise Refused(f"{node.path}/PartyLegalEntity/RegistrationName", f"name of the {term} is missing")
    address = node.first("PostalAddress")
    lines: list[str | None] = []
    if address is not None:
        place = " ".join(filter(None, (address.text("PostalZone"), address.text("CityName"))))
        lines = [
            *(address.text(name) for name in ("StreetName", "AdditionalStreetName", "AddressLine/Line")),
            place,
        ]
    return Party(
        name=name,
        registration=node.text("PartyLegalEntity/CompanyID"),
        vat=vat,
        ids=tuple(
            " ".join((each.element.text or "").split())
            for each in node.all("PartyIdentification/ID")
            if each.element.text and each.element.get("schemeID") != "SEPA"
        ),
        country=address.text("Country/IdentificationCode") if address else None,
        address=tuple(filter(None, lines)),
        email=node.text("Contact/ElectronicMail"),
    )


def _preceding(root: Node) -> Iterator[str]:
    for node in root.all("BillingReference/InvoiceDocumentReference"):
        number = node.text("ID")
        if number:
            yield number


def _notes(root: Node) -> Iterator[Note]:
    for node in root.all("Note"):
        text = " ".join((node.element.text or "").split())
        found = _SUBJECT.fullmatch(text)
        if text:
            yield Note(found[1], found[2]) if found else Note(None, text)
