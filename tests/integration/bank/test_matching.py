"""Lines of a bank file to the invoices they pay: booked, asked about, kept as credit, moved by a person."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from activities.matching import allocate, match_lines
from activities.matching.candidates import candidates_for
from activities.settings import Settings
from activities.store.amounts import rests
from activities.store.cases import open_case
from activities.store.discount import set_discount
from activities.store.engine import transaction
from activities.store.late import read_late
from activities.store.load import load_to_write
from activities.store.lookup import company_by_ref
from admin.queries.bank_lines import BankLineFilter, BankLineRow, bank_lines
from admin.queries.case import get_case
from models.errors import InvalidFact, NotFound, WrongState
from models.messages import BankImported
from models.tables import BankLine, CaseEvent, Company, CreditNoteRow, Customer, Invoice, KnownPayer
from models.tables.words import BankLineState, TaskKind, TaskStatus
from rules.matching import Line
from tests.fixtures.ledger import NOW, TODAY, add_invoice, make_book
from tests.integration.bank.test_import import Bank
from tests.unit.bank_files.statements import Entry, camt

pytestmark = pytest.mark.integration

PAYER = "DE89370400440532013000"
NAME = "CLIENT ET FILS"
ROUX, ROUX_IBAN = "IMPRIMERIE ROUX SARL", "FR7630001007941234567890185"


@pytest.fixture
def bank(engine: Engine) -> Bank:
    """Acme's files. C-1 (Client et Fils) owes FA-2026-001 and -002, 100.00 each; C-2 owes -003, 250.00."""
    book = make_book(engine, ("FA-2026-001", "FA-2026-002"))
    with transaction(engine) as session:
        other = Customer(
            id=uuid4(), company_id=book.company_id, ref="C-2", name="Imprimerie Roux", country="FR"
        )
        session.add(other)
        session.flush()
        invoice = add_invoice(session, book.company_id, other, "FA-2026-003", NOW, "250.00")
        open_case(session, invoice, other, "standard", 1, NOW, "test")
        book.invoices["FA-2026-003"] = invoice.id
    return Bank(book)


def bring(bank: Bank, *entries: Entry, opening: str = "100.00") -> BankImported:
    """A statement with these movements, matched."""
    return bank.bring(camt(entries, opening=opening), match_lines)


def owed(bank: Bank, number: str) -> Decimal:
    """What an invoice owes."""
    with transaction(bank.book.engine) as session:
        return rests(session, [bank.book.invoices[number]])[bank.book.invoices[number]]


def credit(bank: Bank, customer: UUID) -> dict[str, Decimal]:
    """A customer's credit as its next message shows it, by reference."""
    with transaction(bank.book.engine) as session:
        found = load_to_write(session, customer, NOW)
        return {each.reference: each.amount for each in found.outreach.credits}


def put(bank: Bank, line: UUID, customer: str | None = None, **amounts: str) -> BankLineRow:
    """A person allocates; `FA_2026_001="50.00"`."""
    with transaction(bank.book.engine) as session:
        company = company_by_ref(session, "acme")
        allocate(
            session,
            company,
            line,
            {name.replace("_", "-"): Decimal(each) for name, each in amounts.items()},
            now=NOW,
            who="claire@acme.example",
            customer_ref=customer,
        )
        return bank_lines(session, company.id, BankLineFilter(), line).items[0]


def test_what_is_named_and_exact_is_booked_and_the_payer_is_known_from_then_on(bank: Bank) -> None:
    done = bring(bank, Entry("100.00", text="VIR FACT 2026/1", name=NAME, iban=PAYER))
    assert (done.booked, done.proposed, done.unallocated) == (1, 0, 0)
    assert owed(bank, "FA-2026-001") == 0
    (line,) = bank.lines()
    assert line.reason == "it names FA-2026-001; it is what it owes, to the cent"
    assert line.customer_id == bank.book.customer_id
    with transaction(bank.book.engine) as session:
        known = session.exec(select(KnownPayer)).all()
        assert {(each.kind, each.key) for each in known} == {("iban", PAYER), ("name", "CLIENT")}
    assert [note for note in bank.book.notes() if note[0] == "FA-2026-001"], "its case is told"
    # The account is known now: the amount alone says which invoice it pays.
    bring(bank, Entry("100.00", "2026-03-05", text="VIREMENT", name=NAME, iban=PAYER), opening="200.00")
    assert owed(bank, "FA-2026-002") == 0


def test_several_in_one_and_a_part_of_one(bank: Bank) -> None:
    bring(
        bank,
        Entry("200.00", text="FA2026001 FA-2026-002", name=NAME, iban=PAYER),
        Entry("60.00", text="acompte facture FA 2026 003", name=ROUX, iban=ROUX_IBAN),
    )
    assert [line.state for line in bank.lines()] == [BankLineState.BOOKED] * 2
    assert (owed(bank, "FA-2026-001"), owed(bank, "FA-2026-002"), owed(bank, "FA-2026-003")) == (
        Decimal(0),
        Decimal(0),
        Decimal(190),
    )


def test_a_number_of_somebody_else_is_asked_about_and_no_one_is_dunned_meanwhile(bank: Bank) -> None:
    with transaction(bank.book.engine) as session:
        company = session.get_one(Company, bank.book.company_id)
        found = candidates_for(
            session, company.id, [Line(Decimal(1), "EUR", TODAY, "FA-2026-003", payer_name=ROUX)]
        )
        assert [row.number for row in found.items.values()] == ["FA-2026-003"]
    done = bring(bank, Entry("250.00", text="FA-2026-003", name="HOLDING INCONNUE", iban=ROUX_IBAN))
    assert done.proposed == 1
    assert owed(bank, "FA-2026-003") == 250
    (line,) = bank.lines()
    assert line.reason is not None
    assert line.reason.endswith("but nothing else says who paid")
    (task,) = bank.book.tasks(TaskKind.BANK_LINE)
    assert "80 %: FA-2026-003 250.00 (it names FA-2026-003; it is what it owes, to the cent)" in task.body
    with transaction(bank.book.engine) as session:
        other = session.exec(select(Customer).where(Customer.ref == "C-2")).one()
    assert credit(bank, other.id) == {"FA-2026-003": Decimal("250.00")}
    told = put(bank, line.id, FA_2026_003="250.00")
    assert (told.state, told.decided_by, told.customer) == ("booked", "claire@acme.example", "C-2")
    assert owed(bank, "FA-2026-003") == 0
    assert credit(bank, other.id) == {}
    (task,) = bank.book.tasks(TaskKind.BANK_LINE)
    assert task.status == TaskStatus.DONE


def test_a_payer_that_is_known_has_credit_where_nothing_says_what_for(bank: Bank) -> None:
    bring(bank, Entry("100.00", text="FA-2026-001", name=NAME, iban=PAYER))
    done = bring(bank, Entry("33.00", text="VIR", name=NAME, iban=PAYER), opening="200.00")
    assert done.unallocated == 1
    assert list(credit(bank, bank.book.customer_id).values()) == [Decimal("33.00")]
    assert bank.book.tasks(TaskKind.BANK_LINE) == []


def test_nobody_s_money_waits_without_touching_anybody(bank: Bank) -> None:
    done = bring(bank, Entry("77.00", text="LOYER MARS", name="INCONNU", iban=ROUX_IBAN))
    assert done.unallocated == 1
    (line,) = bank.lines()
    assert (line.customer_id, line.reason) == (None, "nothing says whose money it is")
    with pytest.raises(InvalidFact, match="whose credit"):
        put(bank, line.id)
    told = put(bank, line.id, "C-1")
    assert (told.state, told.customer) == ("unallocated", "C-1")
    assert list(credit(bank, bank.book.customer_id).values()) == [Decimal("77.00")]


def test_paid_twice_it_is_credit_and_a_question(bank: Bank) -> None:
    bring(bank, Entry("100.00", text="FA-2026-001", name=NAME, iban=PAYER))
    bring(bank, Entry("100.00", "2026-03-04", text="FA-2026-001", name=NAME, iban=PAYER), opening="200.00")
    line = bank.lines()[-1]
    assert line.state == BankLineState.PROPOSED
    assert line.reason == "it names FA-2026-001, on which nothing is owed"
    assert owed(bank, "FA-2026-002") == 100, "it is not taken for the other invoice of the same amount"


def test_a_person_moves_what_was_booked(bank: Bank) -> None:
    bring(bank, Entry("100.00", text="FA-2026-001", name=NAME, iban=PAYER))
    (line,) = bank.lines()
    told = put(bank, line.id, FA_2026_001="40.00", FA_2026_002="50.00")
    assert [(part.invoice, part.amount) for part in told.booked if part.invoice] == [
        ("FA-2026-001", Decimal("40.0000")),
        ("FA-2026-002", Decimal("50.0000")),
    ]
    assert (owed(bank, "FA-2026-001"), owed(bank, "FA-2026-002")) == (Decimal(60), Decimal(50))
    assert list(credit(bank, bank.book.customer_id).values()) == [Decimal("10.00")]
    put(bank, line.id, FA_2026_002="100.00")
    assert (owed(bank, "FA-2026-001"), owed(bank, "FA-2026-002")) == (Decimal(100), Decimal(0))
    assert credit(bank, bank.book.customer_id) == {}


@pytest.mark.parametrize(
    ("amounts", "error", "reason"),
    [
        ({"FA_2026_001": "100.01"}, InvalidFact, "the line is of 100"),
        ({"FA_2026_001": "0"}, InvalidFact, "more than nothing"),
        ({"FA_2026_001": "-5"}, InvalidFact, "more than nothing"),
        ({"FA_2026_001": "1.005"}, InvalidFact, "decimals"),
        ({"X_9": "1.00"}, NotFound, "X-9"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    bank: Bank, amounts: dict[str, str], error: type[Exception], reason: str
) -> None:
    bring(bank, Entry("100.00", text="FA-2026-001", name=NAME, iban=PAYER))
    (line,) = bank.lines()
    with pytest.raises(error, match=reason):
        put(bank, line.id, **amounts)
    assert owed(bank, "FA-2026-001") == 0


def test_an_invoice_takes_no_more_than_it_owes(bank: Bank) -> None:
    bring(bank, Entry("250.00", text="?", name="INCONNU"))
    (line,) = bank.lines()
    with pytest.raises(InvalidFact, match=r"more than the 100\.00 it owes"):
        put(bank, line.id, FA_2026_001="150.00")


def test_what_went_out_pays_nothing(bank: Bank) -> None:
    bring(bank, Entry("-40.00", text="FRAIS", name="BANQUE"))
    (line,) = bank.lines()
    with pytest.raises(WrongState, match="nothing to allocate"):
        put(bank, line.id, FA_2026_001="40.00")
    with pytest.raises(NotFound):
        put(bank, uuid4(), FA_2026_001="40.00")


def test_matched_twice_it_is_booked_once(bank: Bank) -> None:
    content = camt([Entry("100.00", text="FA-2026-001", name=NAME, iban=PAYER)])
    bank.bring(content, match_lines)
    with transaction(bank.book.engine) as session:
        ids = list(session.exec(select(BankLine.id)))
        assert match_lines(session, bank.book.company_id, ids, NOW) == []
    assert bank.paid("FA-2026-001") == 100


def test_the_reference_that_messages_ask_for_says_who_paid(bank: Bank) -> None:
    bring(bank, Entry("250.00", text="REGLEMENT C-2 MARS", name=None, iban=None))
    assert owed(bank, "FA-2026-003") == 0


def test_a_discount_in_time_settles_and_late_it_does_not(bank: Bank) -> None:
    with transaction(bank.book.engine) as session:
        row = session.get_one(Invoice, bank.book.invoices["FA-2026-001"])
        set_discount(session, "acme", "FA-2026-001", Decimal("2.00"), row.due_on, NOW, "test")
        set_discount(session, "acme", "FA-2026-002", Decimal("2.00"), row.due_on, NOW, "test")
    early, late = "2026-02-28", "2026-03-05"
    bring(
        bank,
        Entry("98.00", early, text="FA-2026-001", name=NAME, iban=PAYER),
        Entry("98.00", late, text="FA-2026-002", name=NAME, iban=PAYER),
    )
    assert (owed(bank, "FA-2026-001"), owed(bank, "FA-2026-002")) == (Decimal(0), Decimal(2))
    with transaction(bank.book.engine) as session:
        (note,) = session.exec(select(CreditNoteRow)).all()
    assert (note.amount, note.number) == (Decimal("2.0000"), "the discount for paying early")
    first = bank.lines()[0]
    assert first.reason == "it names FA-2026-001; it is what is owed less the discount for paying early"


def test_charges_of_banks_abroad_are_let_go_as_far_as_the_company_says(bank: Bank) -> None:
    with transaction(bank.book.engine) as session:
        session.get_one(Company, bank.book.company_id).bank_charges_up_to = Decimal("10.00")
    bring(
        bank,
        Entry("92.50", text="FA-2026-001", name=NAME, iban=PAYER),
        Entry("242.50", text="FA-2026-003", name=ROUX, iban=ROUX_IBAN),
    )
    assert owed(bank, "FA-2026-001") == 0, "from Germany, 7.50 short"
    assert owed(bank, "FA-2026-003") == Decimal("7.50"), "from France: a part"


def test_a_small_rest_is_let_go_and_written_down(bank: Bank) -> None:
    with transaction(bank.book.engine) as session:
        session.get_one(Company, bank.book.company_id).write_off_up_to = Decimal("1.00")
    bring(bank, Entry("99.20", text="FA-2026-001", name=NAME, iban=PAYER))
    bring(bank, Entry("98.99", text="FA-2026-002", name=NAME, iban=PAYER), opening="199.20")
    assert (owed(bank, "FA-2026-001"), owed(bank, "FA-2026-002")) == (Decimal(0), Decimal("1.01"))
    with transaction(bank.book.engine) as session:
        (note,) = session.exec(select(CreditNoteRow)).all()
        told = session.exec(select(CaseEvent.what)).all()
    assert (note.amount, note.number) == (Decimal("0.8000"), "small balance")
    assert "credit_note_issued" in told


def test_a_discount_lies_between_issue_and_due_date(bank: Bank) -> None:
    with transaction(bank.book.engine) as session, pytest.raises(InvalidFact, match="does not lie between"):
        set_discount(session, "acme", "FA-2026-001", Decimal("2.00"), TODAY, NOW, "test")


def test_what_was_let_off_for_a_payment_is_owed_again_when_it_goes_back(bank: Bank) -> None:
    with transaction(bank.book.engine) as session:
        row = session.get_one(Invoice, bank.book.invoices["FA-2026-001"])
        set_discount(session, "acme", "FA-2026-001", Decimal("2.00"), row.due_on, NOW, "test")
    bring(bank, Entry("98.00", "2026-02-28", e2e="E1", text="FA-2026-001", name=NAME, iban=PAYER))
    assert owed(bank, "FA-2026-001") == 0
    back = Entry("-98.00", "2026-03-05", e2e="E1", details="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>")
    bring(bank, back, opening="198.00")
    assert owed(bank, "FA-2026-001") == Decimal("100.00")
    with transaction(bank.book.engine) as session:
        (note,) = session.exec(select(CreditNoteRow)).all()
        case = get_case(session, bank.book.company_id, "acme", "FA-2026-001", Settings(), NOW)
        read = read_late(session, [bank.book.invoices["FA-2026-001"]])
    assert note.cancelled_at is not None
    assert (case.balance.outstanding, case.credit_notes[0].cancelled_at) == (Decimal("100.00"), NOW)
    assert not read.credited
    # Paid once more in time, it is let off once more: the first credit bars nothing.
    bring(bank, Entry("98.00", "2026-02-28", e2e="E2", text="FA-2026-001", name=NAME, iban=PAYER))
    assert owed(bank, "FA-2026-001") == 0


def test_a_small_rest_let_go_is_owed_again_when_its_payment_is_moved(bank: Bank) -> None:
    with transaction(bank.book.engine) as session:
        session.get_one(Company, bank.book.company_id).write_off_up_to = Decimal("1.00")
    bring(bank, Entry("99.20", text="FA-2026-001", name=NAME, iban=PAYER))
    assert owed(bank, "FA-2026-001") == 0
    put(bank, bank.lines()[0].id, FA_2026_003="99.20")
    assert owed(bank, "FA-2026-001") == Decimal("100.00")
    assert owed(bank, "FA-2026-003") == Decimal("150.80")


def in_parts(bank: Bank) -> None:
    """C-2's FA-2026-004 of 300.00 falls due in three parts."""
    with transaction(bank.book.engine) as session:
        customer = session.exec(select(Customer).where(Customer.ref == "C-2")).one()
        for place in (1, 2, 3):
            number = f"FA-2026-004/{place}"
            invoice = add_invoice(session, bank.book.company_id, customer, number, NOW, "100.00")
            invoice.part_of = "FA-2026-004"
            invoice.due_on += timedelta(days=30 * (place - 1))
            session.flush()
            open_case(session, invoice, customer, "standard", 1, NOW, "test")
            bank.book.invoices[number] = invoice.id


@pytest.mark.parametrize(
    ("amount", "text", "left"),
    [
        ("100.00", "FACT 2026/4", ["0", "100", "100"]),
        ("200.00", "FA-2026-004", ["0", "0", "100"]),
        ("300.00", "REGLEMENT FA2026004", ["0", "0", "0"]),
        ("100.00", "FA-2026-004/2", ["100", "0", "100"]),
        ("350.00", "FA-2026-004 FA-2026-003", ["0", "100", "100"]),
    ],
)
def test_a_debtor_names_the_invoice_and_pays_the_instalments_that_are_due_first(
    bank: Bank, amount: str, text: str, left: list[str]
) -> None:
    in_parts(bank)
    bring(bank, Entry(amount, text=text, name=ROUX, iban=ROUX_IBAN))
    assert [owed(bank, f"FA-2026-004/{place}") for place in (1, 2, 3)] == [Decimal(each) for each in left]


def test_money_for_an_invoice_in_instalments_that_fits_none_is_asked_about(bank: Bank) -> None:
    in_parts(bank)
    bring(bank, Entry("150.00", text="FA-2026-004", name=ROUX, iban=ROUX_IBAN))
    (line,) = bank.lines()
    assert line.state == BankLineState.PROPOSED
    assert [part["invoice"] for part in (line.proposals or [])[0]["allocations"]] == [
        "FA-2026-004/1",
        "FA-2026-004/2",
    ]
