"""Electronic invoices read: what they say, what contradicts, and what is hostile."""

from __future__ import annotations

import tracemalloc
import zlib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from admin.intake.einvoice import Refused, read
from admin.intake.einvoice.pdf import MAX_PDF_BYTES
from admin.intake.einvoice.xml import MAX_BYTES, MAX_DEPTH
from tests.unit.intake.documents import CII, credit_note, pdf, ubl

SAMPLES = Path(__file__).parents[4] / "shared" / "data" / "samples" / "einvoice"


def test_ubl_is_read() -> None:
    found = read(ubl(), "FA-1.xml")
    assert (found.syntax, found.number, found.type_code) == ("UBL", "FA-1", "380")
    assert (found.issued_on, found.due_on) == (date(2026, 3, 1), date(2026, 3, 31))
    assert (found.total, found.due, found.prepaid) == (Decimal("1200.00"), Decimal("1200.00"), Decimal(0))
    assert (found.buyer.name, found.buyer.registration, found.buyer.country) == (
        "Client et Fils",
        "552100554",
        "FR",
    )
    assert found.buyer.address == ("ZI des Paluds", "13400 Aubagne")
    assert (found.order_ref, found.iban) == ("BC-77", "FR7630006000011234567890189")
    assert [(note.subject, note.text) for note in found.notes] == [("PMT", "Indemnité forfaitaire de 40 €.")]
    assert not found.is_credit_note


def test_cii_is_read_and_a_minimum_profile_has_no_due_date() -> None:
    found = read(b"\xef\xbb\xbf" + CII, "FA-2.xml")
    assert (found.syntax, found.number, found.due_on, found.total) == ("CII", "FA-2", None, Decimal(120))
    assert found.buyer.ids == ("C-9",)


def test_a_credit_note_names_its_invoice() -> None:
    found = read(credit_note(), "AV-1.xml")
    assert (found.is_credit_note, found.preceding) == (True, ("FA-1",))


@pytest.mark.parametrize("name", ["factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml"])
def test_factur_x_is_the_xml_inside_a_pdf(name: str) -> None:
    assert read(pdf(("picture.png", b"x"), (name, CII)), "FA-2.pdf").number == "FA-2"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pdf(), "has no electronic invoice in it"),
        (pdf(("other.xml", CII)), "has no electronic invoice in it"),
        (pdf(("factur-x.xml", CII), ("xrechnung.xml", CII)), "2 electronic invoices"),
        (pdf(("factur-x.xml", CII), password="secret"), "encrypted"),
        (pdf(("factur-x.xml", CII))[:600], "PDF"),
        (b"%PDF-1.7\nrubbish", "PDF"),
        (b"%PDF-" + b"0" * MAX_PDF_BYTES, "MB, at most 20"),
    ],
)
def test_a_pdf_that_cannot_be_used_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        read(content, "FA-2.pdf")
    assert str(refused.value).startswith("FA-2.pdf: ")


def _folded(content: bytes) -> bytes:
    """The least PDF that has a folded factur-x.xml in it."""
    stream = zlib.compress(content, 9)
    objects = (
        b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(factur-x.xml) 3 0 R]>>>>>>",
        b"<</Type/Pages/Count 0/Kids[]>>",
        b"<</Type/Filespec/F(factur-x.xml)/EF<</F 4 0 R>>>>",
        b"<</Type/EmbeddedFile/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(stream), stream),
    )
    made, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return made + (
        b"xref\n0 5\n0000000000 65535 f \n%strailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (table, len(made))
    )


def test_a_folded_file_is_unfolded_and_a_bomb_is_not() -> None:
    assert read(_folded(CII), "FA-2.pdf").number == "FA-2"
    bomb = _folded(b" " * (100 * MAX_BYTES))
    assert len(bomb) < 2_000_000
    tracemalloc.start()
    with pytest.raises(Refused, match="unfolds to more than 10 MB"):
        read(bomb, "bomb.pdf")
    assert tracemalloc.get_traced_memory()[1] < 5 * MAX_BYTES
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Invoice>&b;</Invoice>', "document type"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><Invoice/>', "document type"),
        (b'<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1/">]><Invoice>&a;</Invoice>', "document type"),
        (b"<a>" * (MAX_DEPTH + 5), f"more than {MAX_DEPTH} deep"),
        (b"<Invoice>" + b"x" * MAX_BYTES + b"</Invoice>", "MB of XML"),
        (b"<Invoice", "not well-formed"),
        (b"", "not well-formed"),
        (b"not xml at all", "not well-formed"),
        (b"<html/>", "the document is a html"),
        (b'<?xml version="1.0" encoding="klingon"?><Invoice/>', "klingon|encoding"),
        (b'<?xml version="1.0" encoding="UTF-8"?><Invoice>\xff</Invoice>', "not well-formed"),
        (ubl()[:900], "not well-formed"),
    ],
)
def test_what_is_no_invoice_is_refused_by_name(content: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        read(content, "x.xml")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"total": "1201.00", "payable": "1201.00"}, r"1201.00 \(BT-112\) is not 1000.00"),
        ({"payable": "1100.00"}, r"amount due 1100.00 \(BT-115\)"),
        ({"prepaid": "100.00"}, r"amount due 1200.00 \(BT-115\)"),
        ({"total": "1200.001", "vat": "200.001", "payable": "1200.001"}, "more decimals than EUR"),
        ({"currency": "XXZ"}, "BT-5"),
        ({"due": "<cbc:DueDate>2026-02-30</cbc:DueDate>"}, r"DueDate: due date \(BT-9\): '2026-02-30'"),
        ({"due": "<cbc:DueDate>2026-02-01</cbc:DueDate>"}, "before it was issued"),
        ({"total": "a lot"}, "is not an amount"),
        ({"total": "1E400"}, "no amount a ledger holds"),
        ({"total": "NaN"}, "no amount a ledger holds"),
        ({"notes": f"<cbc:ID>{'9' * 3000}</cbc:ID>"}, "3,000 characters"),
    ],
)
def test_what_contradicts_is_refused_with_its_place(changes: dict[str, str], reason: str) -> None:
    number = "" if "notes" in changes else "FA-1"
    with pytest.raises(Refused, match=reason):
        read(ubl(number, **changes), "FA-1.xml")


EXPECTED = {
    "CII_example1.xml": ("12115118", "380", "2015-01-09", "250.33", "250.33"),
    "CII_example3.xml": ("TOSL108", "380", "2013-05-10", "1125", "1125"),
    "CII_example4.xml": ("TOSL110", "380", "2013-05-10", "4675", "4675"),
    "factur-x-basic.xml": ("F20260023", "380", "2026-03-02", "104.90", "104.90"),
    "factur-x-en16931.xml": ("F20260023", "380", "2026-03-02", "104.90", "104.90"),
    "factur-x-extended.xml": ("F20260023", "380", "2026-03-02", "104.90", "104.90"),
    "factur-x-invoice_EN16931.pdf": ("F20260023", "380", "2026-03-02", "104.90", "104.90"),
    "factur-x-minimum.xml": ("F20260023", "380", None, "104.90", "104.90"),
    "ubl-21-extended-ctc-fr.xml": ("F124212", "380", "2026-07-16", "308.03", "208.03"),
    "ubl-tc434-creditnote1.xml": ("018304 / 28865", "381", None, "100.11", "100.11"),
    "ubl-tc434-example1.xml": ("12115118", "380", "2015-01-09", "250.33", "250.33"),
    "ubl-tc434-example3.xml": ("TOSL108", "380", "2013-05-10", "2005.00", "2005.00"),
    "ubl-tc434-example6.xml": ("TOSL110", "380", "2013-05-10", "4675.00", "4675.00"),
}
"""Number, type, due date, total with VAT and amount due, as a person reads them."""


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")
def test_files_no_one_here_wrote_are_read_as_a_person_reads_them() -> None:
    files = sorted(path for path in SAMPLES.iterdir() if path.suffix in (".xml", ".pdf"))
    assert {path.name for path in files} == set(EXPECTED)
    for path in files:
        found = read(path.read_bytes(), path.name)
        number, kind, due_on, total, due = EXPECTED[path.name]
        assert (found.number, found.type_code) == (number, kind), path.name
        assert (found.due_on and found.due_on.isoformat()) == due_on, path.name
        assert (found.total, found.due) == (Decimal(total), Decimal(due)), path.name


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")
def test_their_notes_and_parties_are_read() -> None:
    found = read((SAMPLES / "ubl-21-extended-ctc-fr.xml").read_bytes(), "x")
    assert {note.subject for note in found.notes} >= {"PMT", "PMD", "AAB"}
    assert (found.prepaid, found.preceding) == (Decimal("100.00"), ("F124211", "F124210"))
    assert (found.buyer.registration, found.buyer.vat) == ("787878784", "FR19787878784")
    factored = read((SAMPLES / "factur-x-en16931.xml").read_bytes(), "x")
    assert factored.payee is not None
    assert factored.payee.name == "PAYEE NAME"
