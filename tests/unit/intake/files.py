"""Small files of invoices, invented."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook

from admin.intake.items import Item, Kind, Reading, Source
from admin.intake.readers import read_items
from admin.intake.recognise import recognised, source_of

FEC_HEADER = (
    "JournalCode\tJournalLib\tEcritureNum\tEcritureDate\tCompteNum\tCompteLib\tCompAuxNum\tCompAuxLib\t"
    "PieceRef\tPieceDate\tEcritureLib\tDebit\tCredit\tEcritureLet\tDateLet\tValidDate\tMontantdevise\tIdevise"
)

BALANCE = """\
Balance âgée au 31/03/2026;;;;;;
;;;;;;
Code client;Raison sociale;N° facture;Date facture;Date d'échéance;Montant TTC;Solde
C-101;Boulangerie Lefèvre;FA-1001;15/01/2026;28/02/2026;1 234,56 €;1 234,56 €
C-101;Boulangerie Lefèvre;FA-1002;31/01/2026;31/03/2026;500,00;200,00
C-102;Société Œuvre & Cie;FA-1003;10/02/2026;30/02/2026;80,00;80,00
C-102;Société Œuvre & Cie;AV-7;12/02/2026;;-50,00;-50,00
Total général;;;;;1 764,56;1 464,56
"""


def fec(lines: Sequence[str], ending: str = "\r\n") -> str:
    """A FEC of these lines."""
    return ending.join([FEC_HEADER, *lines]) + ending


def line(
    number: int,
    account: str,
    debit: str = "0,00",
    credit: str = "0,00",
    *,
    customer: str = "",
    piece: str = "",
    day: str = "20260115",
    let: str = "",
    label: str = "Vente",
) -> str:
    """One line of a FEC."""
    name = f"Client {customer}" if customer else ""
    return "\t".join(
        (
            *("VE", "Ventes", str(number), day, account, "Clients", customer, name, piece, day, label),
            *(debit, credit, let, "", day, "", ""),
        )
    )


def sale(number: int, customer: str, piece: str, gross: str, net: str, vat: str, **more: Any) -> list[str]:
    """The three lines of a sale."""
    return [
        line(number, "411000", debit=gross, customer=customer, piece=piece, **more),
        line(number, "707000", credit=net, piece=piece),
        line(number, "445710", credit=vat, piece=piece),
    ]


def workbook(rows: Sequence[Sequence[object]], title: str = "Clients") -> bytes:
    """A workbook with one sheet."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def read(content: bytes, name: str = "file", reading: Reading | None = None) -> list[Item]:
    """Every item of a file."""
    source = source_of(name, content)
    return list(read_items(recognised(source), source, reading or Reading()))


def kind_of(content: bytes) -> Kind:
    """What a file is taken for."""
    return recognised(Source("file", io.BytesIO(content), len(content)))
