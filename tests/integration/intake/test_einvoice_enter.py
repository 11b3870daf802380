"""Electronic invoices into the ledger: once, with their customers, copies, credits and replacements."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from activities.envelope import stored_bytes
from activities.store.engine import transaction
from activities.store.load import load_case
from activities.store.lookup import company_by_ref
from admin.intake.einvoice import Refused, read
from admin.intake.einvoice.enter import Choices, Entered, enter
from models.tables import CaseEvent, Company, Customer, DunningCase, Invoice
from rules.ledger import balance
from tests.fixtures.ledger import NOW, Book, make_book
from tests.unit.intake.documents import CII, credit_note, pdf, ubl

pytestmark = pytest.mark.integration


@pytest.fixture
def book(engine: Engine) -> Book:
    """Acme, whose customer C-1 owes F-1 and F-2."""
    made = make_book(engine)
    with transaction(engine) as session:
        company = session.get_one(Company, made.company_id)
        company.registration = "SIREN 812 345 678, RCS Lyon"
        company.iban = "FR7630006000011234567890189"
        company.payee = "Acme SAS"
    return made


def told(book: Book, content: bytes, **choices: Any) -> Entered:
    """Read and enter one."""
    with transaction(book.engine) as session:
        company = company_by_ref(session, "acme")
        document = read(content, "file")
        return enter(session, company, document, content, Choices(**choices), now=NOW, who="test")


def invoice(book: Book, number: str) -> Invoice:
    """An invoice of the ledger."""
    with transaction(book.engine) as session:
        return session.exec(select(Invoice).where(Invoice.number == number)).one()


def outstanding(book: Book, number: str) -> Decimal:
    """What it owes."""
    with transaction(book.engine) as session:
        case = load_case(session, invoice(book, number).id, NOW)
        return balance(case.facts, NOW).outstanding


def customer(book: Book, ref: str) -> Customer:
    """A customer of the ledger."""
    with transaction(book.engine) as session:
        return session.exec(select(Customer).where(Customer.ref == ref)).one()


def test_an_invoice_is_entered_with_its_customer_its_copy_and_its_terms(book: Book) -> None:
    content = ubl()
    done = told(book, content)
    assert (done.what, done.invoice, done.customer, done.remarks) == ("created", "FA-1", "552100554", ())
    assert done.notes, "its case starts"
    row = invoice(book, "FA-1")
    assert (row.issued_on, row.due_on, row.total, row.order_ref) == (
        date(2026, 3, 1),
        date(2026, 3, 31),
        Decimal("1200.0000"),
        "BC-77",
    )
    assert (row.copy_name, row.copy_size) == ("FA-1.xml", len(content))
    with transaction(book.engine) as session:
        assert row.copy_hash == hashlib.sha256(content).hexdigest()
        assert stored_bytes(session, row.copy_hash) == content
        event = session.exec(select(CaseEvent).where(CaseEvent.what == "einvoice_read")).one()
    assert event.detail["notes"] == {"PMT": "Indemnité forfaitaire de 40 €."}
    new = customer(book, "552100554")
    assert (new.name, new.country, new.registration) == ("Client et Fils", "FR", "SIREN 552100554")
    assert new.address == "ZI des Paluds\n13400 Aubagne"


def test_told_again_it_is_known_and_nothing_changes(book: Book) -> None:
    told(book, ubl())
    before = book.notes()
    again = told(book, ubl())
    assert (again.what, again.notes) == ("known", ())
    assert book.notes() == before


def test_an_issued_invoice_does_not_change(book: Book) -> None:
    told(book, ubl())
    with pytest.raises(Refused, match=r"known already.*amount"):
        told(book, ubl(net="1100.00", total="1300.00", payable="1300.00"))
    assert outstanding(book, "FA-1") == Decimal("1200.00")


def test_what_was_paid_before_is_an_opening_payment(book: Book) -> None:
    told(book, ubl(prepaid="200.00", payable="1000.00"))
    assert outstanding(book, "FA-1") == Decimal("1000.00")


def test_the_buyer_is_found_by_its_numbers(book: Book) -> None:
    with transaction(book.engine) as session:
        known = session.get_one(Customer, book.customer_id)
        known.registration = "RCS Marseille B 552 100 554"
    assert told(book, ubl()).customer == "C-1"
    assert told(book, ubl("FA-3", buyer="999999999", buyer_id="C-1")).customer == "C-1"
    assert told(book, ubl("FA-4", buyer="999999999"), customer="C-1").customer == "C-1"
    assert customer(book, "C-1").name == "Client et Fils"


def test_a_buyer_who_may_be_two_is_asked_about(book: Book) -> None:
    told(book, ubl())
    with transaction(book.engine) as session:
        session.get_one(Customer, book.customer_id).registration = "SIREN 552100554"
    with pytest.raises(Refused, match="may be 552100554, C-1: say which"):
        told(book, ubl("FA-3"))


def test_an_invoice_of_somebody_else_is_refused(book: Book) -> None:
    with pytest.raises(Refused, match=r"the seller is Acme SAS \(111222333\), not Acme"):
        told(book, ubl(seller="111222333"))


def test_without_a_due_date_somebody_says_the_days(book: Book) -> None:
    with pytest.raises(Refused, match=r"no due date \(BT-9\).*say its terms"):
        told(book, CII)
    done = told(book, pdf(("factur-x.xml", CII)), due_days=30)
    assert done.customer == "C-9"
    row = invoice(book, "FA-2")
    assert (row.due_on, row.copy_name) == (date(2026, 3, 31), "FA-2.pdf")


def test_a_credit_note_lessens_its_invoice_once(book: Book) -> None:
    told(book, ubl())
    done = told(book, credit_note(total="200.00"))
    assert (done.what, done.invoice) == ("credited", "FA-1")
    told(book, credit_note(total="200.00"))
    assert outstanding(book, "FA-1") == Decimal("1000.00")


def test_a_credit_note_for_nothing_known_is_refused(book: Book) -> None:
    with pytest.raises(Refused, match="a credit note for FA-1: unknown here"):
        told(book, credit_note())
    with pytest.raises(Refused, match=r"names no invoice \(BT-25\)"):
        told(book, credit_note(of=""))


def test_a_corrected_invoice_takes_the_place_of_its_forerunner(book: Book) -> None:
    told(book, ubl())
    corrected = "<cbc:InvoiceTypeCode>384</cbc:InvoiceTypeCode>"
    done = told(book, ubl("FA-1B", type=corrected, preceding="FA-1"))
    assert (done.what, done.remarks) == ("replaced", ("it takes the place of FA-1",))
    assert told(book, ubl("FA-1B", type=corrected, preceding="FA-1")).what == "known"
    assert invoice(book, "FA-1").replaced_by_id == invoice(book, "FA-1B").id
    with transaction(book.engine) as session:
        former = session.get_one(DunningCase, invoice(book, "FA-1").id)
        assert former.closed_by_person is not None or former.closed_at is not None
    with pytest.raises(Refused, match=r"names the one it corrects \(BT-25\)"):
        told(book, ubl("FA-9", type=corrected))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"payee": "Factor SA"}, "payable to Factor SA"),
        ({"iban": "DE89370400440532013000"}, "another account"),
    ],
)
def test_what_is_paid_to_somebody_else_is_not_chased(book: Book, changes: dict[str, str], why: str) -> None:
    done = told(book, ubl(**changes))
    assert why in done.remarks[0]
    with transaction(book.engine) as session:
        case = load_case(session, invoice(book, "FA-1").id, NOW)
    assert [pause.ended_at for pause in case.facts.pauses] == [None]
    assert told(book, ubl(**changes)).what == "known"


def test_an_address_nobody_can_write_to_is_left_out(book: Book) -> None:
    told(book, ubl(email="not an address"))
    assert invoice(book, "FA-1").number == "FA-1"


def test_a_discount_that_programs_can_read_is_granted(book: Book) -> None:
    terms = "<cac:PaymentTerms><cbc:Note>#SKONTO#TAGE=14#PROZENT=2.00#</cbc:Note></cac:PaymentTerms>"
    told(book, ubl().replace(b"<cac:TaxTotal>", terms.encode() + b"<cac:TaxTotal>"))
    row = invoice(book, "FA-1")
    assert (row.discount_percent, row.discount_until) == (Decimal("2.00"), date(2026, 3, 15))
