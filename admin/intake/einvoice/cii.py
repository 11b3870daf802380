"""Cross Industry Invoice, version D16B and later: what Factur-X and ZUGFeRD carry."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from admin.intake.einvoice.document import Document, Note, Party, Refused
from admin.intake.einvoice.xml import Node

_ZERO = Decimal(0)


def read_cii(root: Node) -> Document:
    """Read one.

    :raises Refused: something that is needed is missing, or is not what it must be.
    """
    trade = _section(root, "SupplyChainTradeTransaction")
    agreement = _section(trade, "ApplicableHeaderTradeAgreement", "ApplicableSupplyChainTradeAgreement")
    settlement = _section(trade, "ApplicableHeaderTradeSettlement", "ApplicableSupplyChainTradeSettlement")
    head = _section(root, "ExchangedDocument", "HeaderExchangedDocument")
    sums = _section(
        settlement,
        "SpecifiedTradeSettlementHeaderMonetarySummation",
        "SpecifiedTradeSettlementMonetarySummation",
    )
    currency = settlement.needed("currency (BT-5)", "InvoiceCurrencyCode")
    issued_on = head.day("issue date (BT-2)", "IssueDateTime/DateTimeString")
    if issued_on is None:
        raise Refused(f"{head.path}/IssueDateTime", "issue date (BT-2) is missing")
    total = sums.amount("total with VAT (BT-112)", currency, "GrandTotalAmount")
    due = sums.amount("amount due (BT-115)", currency, "DuePayableAmount")
    if total is None:
        raise Refused(f"{sums.path}/GrandTotalAmount", "total with VAT (BT-112) is missing")
    prepaid = sums.amount("paid amount (BT-113)", currency, "TotalPrepaidAmount") or _ZERO
    rounding = sums.amount("rounding (BT-114)", currency, "RoundingAmount") or _ZERO
    payee = settlement.first("PayeeTradeParty")
    return Document(
        syntax="CII",
        profile=root.text("ExchangedDocumentContext/GuidelineSpecifiedDocumentContextParameter/ID") or "",
        number=head.needed("number (BT-1)", "ID"),
        type_code=head.needed("type (BT-3)", "TypeCode"),
        issued_on=issued_on,
        currency=currency,
        due_on=settlement.day("due date (BT-9)", "SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString"),
        terms=settlement.text("SpecifiedTradePaymentTerms/Description"),
        total=total,
        prepaid=prepaid,
        rounding=rounding,
        due=total - prepaid + rounding if due is None else due,
        seller=_party(_section(agreement, "SellerTradeParty"), "seller (BT-27)"),
        buyer=_party(_section(agreement, "BuyerTradeParty"), "buyer (BT-44)"),
        payee=None if payee is None else _party(payee, "payee (BT-59)"),
        iban=settlement.text(
            "SpecifiedTradeSettlementPaymentMeans/PayeePartyCreditorFinancialAccount/IBANID"
        ),
        buyer_reference=agreement.text("BuyerReference"),
        order_ref=agreement.text("BuyerOrderReferencedDocument/IssuerAssignedID"),
        preceding=tuple(_preceding(settlement)),
        notes=tuple(_notes(head)),
    )


def tax_parts(root: Node, currency: str) -> tuple[Decimal | None, Decimal | None]:
    """The total without VAT (BT-109) and the VAT (BT-110), to be checked against the total with it."""
    sums = root.first(
        "SupplyChainTradeTransaction/ApplicableHeaderTradeSettlement/"
        "SpecifiedTradeSettlementHeaderMonetarySummation"
    )
    if sums is None:
        return None, None
    return (
        sums.amount("total without VAT (BT-109)", currency, "TaxBasisTotalAmount"),
        sums.amount("VAT (BT-110)", currency, "TaxTotalAmount"),
    )


def _section(node: Node, *names: str) -> Node:
    found = node.first(*names)
    if found is None:
        raise Refused(f"{node.path}/{names[0]}", "is missing")
    return found


def _party(node: Node, term: str) -> Party:
    vat = next(
        (
            _text(each)
            for each in node.all("SpecifiedTaxRegistration/ID")
            if each.element.get("schemeID") in ("VA", "VAT")
        ),
        None,
    )
    address = node.first("PostalTradeAddress")
    lines: list[str | None] = []
    if address is not None:
        place = " ".join(filter(None, (address.text("PostcodeCode"), address.text("CityName"))))
        lines = [address.text(name) for name in ("LineOne", "LineTwo", "LineThree")] + [place]
    return Party(
        name=node.text("Name")
        or node.text("SpecifiedLegalOrganization/TradingBusinessName")
        or _none(node, term),
        registration=node.text("SpecifiedLegalOrganization/ID"),
        vat=vat,
        ids=tuple(filter(None, map(_text, (*node.all("ID"), *node.all("GlobalID"))))),
        country=address.text("CountryID") if address else None,
        address=tuple(filter(None, lines)),
        email=node.text("DefinedTradeContact/EmailURIUniversalCommunication/URIID"),
    )


def _none(node: Node, term: str) -> str:
    raise Refused(f"{node.path}/Name", f"name of the {term} is missing")


def _text(node: Node) -> str:
    return " ".join((node.element.text or "").split())


def _preceding(settlement: Node) -> Iterator[str]:
    for node in settlement.all("InvoiceReferencedDocument"):
        number = node.text("IssuerAssignedID")
        if number:
            yield number


def _notes(head: Node) -> Iterator[Note]:
    for node in head.all("IncludedNote"):
        text = node.text("Content")
        if text:
            yield Note(node.text("SubjectCode"), text)
