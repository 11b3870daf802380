"""The demonstration's portfolio: invented companies, dated around the day it is made."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

COMPANY = "brunet"

COMPANIES_TOML = """\
# The creditor of the demonstration. Everything here is invented.
[[company]]
ref = "brunet"
name = "Ateliers Brunet"
legal_name = "Ateliers Brunet SAS"
registration = "SAS au capital de 120 000 €, 552 081 317 RCS Lyon"
address = ["14 rue des Tisserands", "69007 Lyon", "France"]
country = "FR"
language = "fr"
email = "comptabilite@ateliers-brunet.example"
phone = "+33 4 72 00 11 22"
payee = "Ateliers Brunet SAS"
iban = "FR76 3000 6000 0112 3456 7890 189"
bic = "AGRIFRPP"
gap_days = 5

[company.signatory]
name = "Hélène Faure"
title = "Credit manager"
email = "helene.faure@ateliers-brunet.example"
phone = "+33 4 72 00 11 30"

[[staff]]
email = "claire.morel@ateliers-brunet.example"
name = "Claire Morel"
title = "Chargée de recouvrement"
phone = "+33 4 72 00 11 31"

[[staff]]
email = "thomas.petit@ateliers-brunet.example"
name = "Thomas Petit"
title = "Commercial"
phone = "+33 6 12 34 56 70"
"""

CLAIRE = "claire.morel@ateliers-brunet.example"
THOMAS = "thomas.petit@ateliers-brunet.example"

COLUMNS = (
    *("company", "invoice", "customer", "customer_name", "issued_on", "due_on", "amount", "currency"),
    *("language", "country", "segment", "risk", "accounting_email", "accounting_phone", "buyer_email"),
    *("buyer_phone", "executive_email", "collector_email", "sales_rep_email", "order_ref", "paid"),
    *("disputed_on", "promised_on", "promised_amount", "last_step", "last_contacted_on"),
)


@dataclass(frozen=True, slots=True)
class _Item:
    """One invoice: `late` days past due (negative: still to come); `asked`, days since the last step.

    `disputed` and `promised` are days, too: since it was contested, since the day it was promised for.
    """

    amount: str
    late: int
    step: str = ""
    asked: int = 0
    currency: str = "EUR"
    paid: str = ""
    disputed: int | None = None
    promised: int | None = None
    order: str = ""


@dataclass(frozen=True, slots=True)
class _Customer:
    ref: str
    name: str
    domain: str
    items: tuple[_Item, ...]
    country: str = "FR"
    language: str = "fr"
    segment: str = ""
    risk: str = ""
    phone: str = "+33612345678"
    extra: dict[str, str] = field(default_factory=dict)


CONTESTS = "C-115"
"""Who contested an invoice weeks ago, in `admin.demo.before`."""

CUSTOMERS = (
    _Customer(
        "C-101", "Menuiserie Lambert", "menuiserie-lambert.example",
        (_Item("2480.00", -3, order="BC-4471"), _Item("1960.50", -21)),
    ),
    _Customer(
        "C-102", "Garage du Parc", "garage-du-parc.example",
        (_Item("742.80", 6, order="BC-4390"), _Item("1310.00", 2), _Item("589.90", 12, disputed=4)),
    ),
    _Customer(
        "C-103", "Boulangeries Martin et Fils", "martin-et-fils.example",
        (
            _Item("1250.00", 33, order="BC-4102"), _Item("980.40", 28), _Item("1120.75", 24, order="BC-4188"),
            _Item("640.00", 21), _Item("1875.30", 17), _Item("455.60", 13),
            _Item("2034.00", 10, order="BC-4402"), _Item("312.90", 8), _Item("1490.00", 5),
            _Item("760.25", -9),
        ),
    ),
    _Customer(
        "C-104", "Hôtel des Alpes", "hotel-des-alpes.example",
        (_Item("5630.00", 31, "reminder_2", 15, order="BC-4077"), _Item("870.00", 7)),
    ),
    _Customer(
        "C-105", "Imprimerie Roux", "imprimerie-roux.example",
        (_Item("3275.60", 42, "reminder_3", 11, order="BC-3984"), _Item("1180.00", 16, "reminder_1", 10)),
        phone="+33145678901",
    ),
    _Customer(
        "C-106", "Transports Delmas", "transports-delmas.example",
        (
            _Item("8940.00", 63, "phone_call", 21, order="BC-3810"), _Item("2210.00", 34, "reminder_2", 18),
            _Item("1645.20", 6),
        ),
        extra={"executive_email": "direction@transports-delmas.example"},
    ),
    _Customer(
        "C-107", "Kestrel Studio BV", "kestrel-studio.example",
        (_Item("3450.00", 8, order="PO-88121"), _Item("1275.00", 6), _Item("820.00", -14)),
        country="NL", language="en", phone="+31612345678",
    ),
    _Customer(
        "C-108", "Harper & Lowe LLP", "harper-lowe.example",
        (
            _Item("6120.00", 17, "reminder_1", 11, currency="GBP", paid="2000.00", order="PO-5512"),
            _Item("980.00", -3, currency="GBP"),
        ),
        country="GB", language="en", phone="+447400123457",
    ),
    _Customer(
        "C-109", "Maison Okapi", "maison-okapi.example",
        (_Item("4380.00", 84, "formal_notice", 22), _Item("1530.00", 79, "formal_notice", 22)),
    ),
    _Customer(
        "C-110", "Commune de Saint-Aubin", "saint-aubin.example",
        (_Item("12400.00", -10, order="EJ-2026-118"), _Item("3180.00", -30, order="EJ-2026-131")),
        segment="public",
    ),
    _Customer(
        "C-111", "Groupe Valmont", "groupe-valmont.example",
        (
            _Item("18750.00", 4, "pre_reminder", 14, order="VAL-70215"),
            _Item("9320.00", -10, order="VAL-70304"), _Item("7410.00", -25, order="VAL-70377"),
        ),
        segment="key_account",
    ),
    _Customer(
        "C-112", "Café Pivoine", "cafe-pivoine.example", (_Item("264.00", -12), _Item("318.50", -26)),
    ),
    _Customer(
        "C-113", "Nova Déco", "nova-deco.example",
        (_Item("2790.00", 9, "call_1", 6, order="BC-4355"), _Item("1045.00", -7)),
        risk="high",
    ),
    _Customer(
        "C-114", "Scierie Hennequin", "scierie-hennequin.example",
        (_Item("3960.00", 24, "reminder_2", 12, promised=5, order="BC-4217"),),
    ),
    _Customer(
        CONTESTS, "Fromagerie des Aravis", "fromagerie-aravis.example",
        (_Item("2140.00", 38, "reminder_2", 30, order="BC-4051"),),
        phone="+33698765432",
    ),
)  # fmt: skip


def rows(today: date) -> Iterator[dict[str, str]]:
    """The rows of the portfolio, as a file has them."""
    number = 2600
    for customer in CUSTOMERS:
        for item in customer.items:
            number += 1
            due = today - timedelta(days=item.late)
            yield {
                "company": COMPANY,
                "invoice": f"FA-{number}",
                "customer": customer.ref,
                "customer_name": customer.name,
                "issued_on": str(due - timedelta(days=30)),
                "due_on": str(due),
                "amount": item.amount,
                "currency": item.currency,
                "language": customer.language,
                "country": customer.country,
                "segment": customer.segment,
                "risk": customer.risk,
                "accounting_email": f"comptabilite@{customer.domain}",
                "accounting_phone": customer.phone,
                "buyer_email": f"achats@{customer.domain}",
                "buyer_phone": "",
                "executive_email": "",
                "collector_email": CLAIRE,
                "sales_rep_email": THOMAS,
                "order_ref": item.order,
                "paid": item.paid,
                "disputed_on": "" if item.disputed is None else str(today - timedelta(days=item.disputed)),
                "promised_on": "" if item.promised is None else str(today - timedelta(days=item.promised)),
                "promised_amount": "" if item.promised is None else item.amount,
                "last_step": item.step,
                "last_contacted_on": str(today - timedelta(days=item.asked)) if item.step else "",
            } | customer.extra


def write(folder: Path, today: date) -> tuple[Path, Path]:
    """Write the portfolio and the creditor's particulars; returns both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    portfolio, companies = folder / "portfolio.csv", folder / "companies.toml"
    with portfolio.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows(today))
    companies.write_text(COMPANIES_TOML, encoding="utf-8")
    return portfolio, companies
