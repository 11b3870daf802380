"""Invented electronic invoices, small, in each of their writings."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from pypdf import PdfWriter

UBL = "urn:oasis:names:specification:ubl:schema:xsd"


def ubl(number: str = "FA-1", **changes: Any) -> bytes:
    """An invoice of Acme to Client et Fils: 1,200.00 EUR with VAT, due on 31 March 2026."""
    told = {
        "root": "Invoice",
        "type": "<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>",
        "due": "<cbc:DueDate>2026-03-31</cbc:DueDate>",
        "net": "1000.00",
        "vat": "200.00",
        "total": "1200.00",
        "prepaid": "",
        "payable": "1200.00",
        "currency": "EUR",
        "preceding": "",
        "payee": "",
        "iban": "FR7630006000011234567890189",
        "seller": "812345678",
        "buyer": "552100554",
        "buyer_id": "",
        "email": "compta@client.example",
        "notes": "<cbc:Note>#PMT#Indemnité forfaitaire de 40 €.</cbc:Note>",
    } | changes
    reference = (
        "<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>"
        f"{told['preceding']}</cbc:ID></cac:InvoiceDocumentReference></cac:BillingReference>"
    )
    name = f"<cbc:Name>{told['payee']}</cbc:Name>"
    payee = f"<cac:PayeeParty><cac:PartyName>{name}</cac:PartyName></cac:PayeeParty>"
    own = f"<cac:PartyIdentification><cbc:ID>{told['buyer_id']}</cbc:ID></cac:PartyIdentification>"
    money = f'currencyID="{told["currency"]}"'
    prepaid = f"<cbc:PrepaidAmount {money}>{told['prepaid']}</cbc:PrepaidAmount>"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<{told["root"]} xmlns="{UBL}:{told["root"]}-2" xmlns:cac="{UBL}:CommonAggregateComponents-2"
 xmlns:cbc="{UBL}:CommonBasicComponents-2">
  <cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>
  <cbc:ID>{number}</cbc:ID>
  <cbc:IssueDate>2026-03-01</cbc:IssueDate>
  {told["due"]}{told["type"]}{told["notes"]}
  <cbc:DocumentCurrencyCode>{told["currency"]}</cbc:DocumentCurrencyCode>
  <cac:OrderReference><cbc:ID>BC-77</cbc:ID></cac:OrderReference>
  {reference if told["preceding"] else ""}
  <cac:AccountingSupplierParty><cac:Party><cac:PartyLegalEntity>
    <cbc:RegistrationName>Acme SAS</cbc:RegistrationName><cbc:CompanyID>{told["seller"]}</cbc:CompanyID>
  </cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>
  <cac:AccountingCustomerParty><cac:Party>{own if told["buyer_id"] else ""}
    <cac:PostalAddress><cbc:StreetName>ZI des Paluds</cbc:StreetName><cbc:CityName>Aubagne</cbc:CityName>
      <cbc:PostalZone>13400</cbc:PostalZone>
      <cac:Country><cbc:IdentificationCode>FR</cbc:IdentificationCode></cac:Country></cac:PostalAddress>
    <cac:PartyLegalEntity><cbc:RegistrationName>Client et Fils</cbc:RegistrationName>
      <cbc:CompanyID>{told["buyer"]}</cbc:CompanyID></cac:PartyLegalEntity>
    <cac:Contact><cbc:ElectronicMail>{told["email"]}</cbc:ElectronicMail></cac:Contact>
  </cac:Party></cac:AccountingCustomerParty>
  {payee if told["payee"] else ""}
  <cac:PaymentMeans><cac:PayeeFinancialAccount><cbc:ID>{told["iban"]}</cbc:ID></cac:PayeeFinancialAccount>
  </cac:PaymentMeans>
  <cac:TaxTotal><cbc:TaxAmount {money}>{told["vat"]}</cbc:TaxAmount></cac:TaxTotal>
  <cac:LegalMonetaryTotal>
    <cbc:TaxExclusiveAmount {money}>{told["net"]}</cbc:TaxExclusiveAmount>
    <cbc:TaxInclusiveAmount {money}>{told["total"]}</cbc:TaxInclusiveAmount>
    {prepaid if told["prepaid"] else ""}
    <cbc:PayableAmount {money}>{told["payable"]}</cbc:PayableAmount>
  </cac:LegalMonetaryTotal>
</{told["root"]}>""".encode()


def credit_note(number: str = "AV-1", of: str = "FA-1", total: str = "1200.00") -> bytes:
    """A credit note on an invoice."""
    return ubl(
        number,
        root="CreditNote",
        type="<cbc:CreditNoteTypeCode>381</cbc:CreditNoteTypeCode>",
        due="",
        preceding=of,
        net=total,
        vat="0.00",
        total=total,
        payable=total,
    )


CII = b"""<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
 xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
 xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">
 <rsm:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter>
  <ram:ID>urn:factur-x.eu:1p0:minimum</ram:ID></ram:GuidelineSpecifiedDocumentContextParameter>
 </rsm:ExchangedDocumentContext>
 <rsm:ExchangedDocument><ram:ID>FA-2</ram:ID><ram:TypeCode>380</ram:TypeCode><ram:IssueDateTime>
  <udt:DateTimeString format="102">20260301</udt:DateTimeString></ram:IssueDateTime></rsm:ExchangedDocument>
 <rsm:SupplyChainTradeTransaction>
  <ram:ApplicableHeaderTradeAgreement>
   <ram:SellerTradeParty><ram:Name>Acme SAS</ram:Name></ram:SellerTradeParty>
   <ram:BuyerTradeParty><ram:ID>C-9</ram:ID><ram:Name>Neuf</ram:Name></ram:BuyerTradeParty>
  </ram:ApplicableHeaderTradeAgreement>
  <ram:ApplicableHeaderTradeDelivery/>
  <ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
   <ram:SpecifiedTradeSettlementHeaderMonetarySummation>
    <ram:TaxBasisTotalAmount>100</ram:TaxBasisTotalAmount>
    <ram:TaxTotalAmount currencyID="EUR">20</ram:TaxTotalAmount>
    <ram:GrandTotalAmount>120</ram:GrandTotalAmount><ram:DuePayableAmount>120</ram:DuePayableAmount>
   </ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement>
 </rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"""


def pdf(*files: tuple[str, bytes], password: str | None = None) -> bytes:
    """A page with files in it."""
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    for name, content in files:
        writer.add_attachment(name, content)
    if password is not None:
        writer.encrypt(password, algorithm="RC4-128")
    made = BytesIO()
    writer.write(made)
    return made.getvalue()
