"""Bank files in the ledger: each movement once, a bad file not at all, returns to their payment."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select
from temporalio.testing import ActivityEnvironment

from activities.bank_import import BankImportActivities, Matcher, leave
from activities.clock import Clock
from activities.matching import match_lines
from activities.outbox import Courier
from activities.store.bank_lines import accounts_of, add_account, keep_file
from activities.store.bank_returned import TakesBack, settle_by_hand
from activities.store.engine import transaction
from activities.store.facts import record
from activities.store.lookup import company_by_ref
from models.errors import InvalidFact, NotFound, WrongState
from models.ids import CaseSignal as S
from models.messages import BankChunk, BankFileNow, BankImported, PaymentReceived
from models.tables import BankFile, BankLine, Company, KnownPayer, PaymentRow
from models.tables.words import BankLineState, TaskKind, TaskStatus
from tests.fixtures.ledger import NOW, Book, make_book
from tests.unit.bank_files.statements import ACCOUNT, Entry, camt, cfonb, notification

pytestmark = pytest.mark.integration

PAYER = "DE89370400440532013000"


class Silent(Courier):
    """Delivers nothing: the notes stay in the outbox, where tests look."""

    def __init__(self) -> None:
        """Needs nothing."""

    def deliver(self, ids: Sequence[int]) -> int:
        """Leave them to the relay."""
        return 0


class StoodStill(Clock):
    """Always `NOW`."""

    def now(self) -> datetime:
        """The one moment of these tests."""
        return NOW


def pays(number: str) -> Matcher:
    """A matcher that books every line on one invoice."""

    def match(session: Session, company_id: UUID, lines: Sequence[UUID], now: datetime) -> list[int]:
        notes: list[int] = []
        for line_id in lines:
            line = session.get_one(BankLine, line_id)
            fact = PaymentReceived(
                event_id=f"bank/{line.line_key}",
                amount=line.amount,
                currency=line.currency,
                received_on=line.booked_on,
                bank_line_id=line.id,
            )
            done = record(
                session, now=now, invoice=("acme", number), fact=fact, signal=S.PAYMENT_RECEIVED, who="bank"
            )
            line.state = BankLineState.BOOKED
            notes += done.notes
        return notes

    return match


class Bank:
    """One company's files, brought one after another."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.order: list[UUID] = []
        with transaction(book.engine) as session:
            session.get_one(Company, book.company_id).iban = ACCOUNT

    def bring(self, content: bytes, match: Matcher = leave, name: str = "file") -> BankImported:
        """Bring a file, and do all the steps of its import."""
        with transaction(self.book.engine) as session:
            company = company_by_ref(session, "acme")
            file, _ = keep_file(session, company, content, name, NOW, "test")
        self.order.append(file.id)
        steps = BankImportActivities(self.book.engine, StoodStill(), Silent(), match)
        environment = ActivityEnvironment()
        now = BankFileNow(file_id=file.id)
        if not environment.run(steps.store_bank_lines, now).refused:
            after, done = 0, False
            while not done:
                matched = environment.run(steps.match_bank_lines, BankChunk(file_id=file.id, after=after))
                after, done = matched.after, matched.done
        return environment.run(steps.conclude_bank_file, now)

    def lines(self) -> list[BankLine]:
        """Every line, in the order they came."""
        with transaction(self.book.engine) as session:
            found = session.exec(select(BankLine)).all()
        return sorted(found, key=lambda line: (self.order.index(line.file_id), line.place))

    def last(self) -> BankFile:
        """The file that was brought last."""
        with transaction(self.book.engine) as session:
            return session.get_one(BankFile, self.order[-1])

    def known_until(self) -> date | None:
        """How far the bank is known."""
        with transaction(self.book.engine) as session:
            return session.get_one(Company, self.book.company_id).bank_known_until

    def credits(self) -> list[PaymentRow]:
        """What is kept as customers' credit."""
        with transaction(self.book.engine) as session:
            return list(session.exec(select(PaymentRow).where(col(PaymentRow.invoice_id).is_(None))).all())

    def paid(self, number: str = "F-1") -> Decimal:
        """What stands as paid on an invoice."""
        with transaction(self.book.engine) as session:
            rows = session.exec(
                select(PaymentRow).where(
                    PaymentRow.invoice_id == self.book.invoices[number], col(PaymentRow.reversed_at).is_(None)
                )
            ).all()
            return sum((row.amount for row in rows), Decimal(0))


@pytest.fixture
def bank(engine: Engine) -> Bank:
    """A company with two invoices of 100.00 EUR and an account."""
    return Bank(make_book(engine))


TWICE = [Entry("30.00", text="FA 1"), Entry("30.00", text="FA 1"), Entry("-5.00", text="loyer")]


def test_two_equal_payments_of_a_day_are_two_and_a_file_sent_again_brings_none(bank: Bank) -> None:
    done = bank.bring(camt(TWICE))
    assert (done.lines, done.waiting, done.ignored) == (3, 2, 1)
    assert [line.state for line in bank.lines()] == ["new", "new", "ignored"]
    # The same bytes are the same file; other bytes with the same movements bring nothing new.
    assert bank.bring(camt(TWICE)).file_id == done.file_id
    again = bank.bring(camt(TWICE).replace(b"<MsgId>M", b"<MsgId>M2"))
    assert again.file_id != done.file_id
    assert len(bank.lines()) == 3
    assert bank.last().report["known"] == 3
    # A third of them in a longer file is new.
    bank.bring(camt([*TWICE, TWICE[0]]))
    assert [line.amount for line in bank.lines() if line.state == "new"] == [Decimal("30.00")] * 3


def test_what_a_notification_showed_the_statement_does_not_bring_again(bank: Bank) -> None:
    told = Entry("30.00", ref="B1", e2e="E1", text="FA 1")
    other = Entry("30.00", ref="B2", e2e="E2", text="FA 1")
    bank.bring(notification([told]))
    # The statement has the bank's reference and cuts the text; the other payment differs by it alone.
    bank.bring(camt([Entry("30.00", ref="B2", text="FA"), Entry("30.00", ref="B1", text="FA")]))
    bank.bring(notification([other, told]))
    assert sorted(line.bank_ref or "" for line in bank.lines()) == ["B1", "B2"]


def test_another_format_shows_the_same_line(bank: Bank) -> None:
    bank.bring(camt([Entry("50.10", text="FACTURE 2026-0001")]))
    file = "\n".join(
        [
            cfonb("01", at_35="040326", amount="100.00"),
            cfonb("04", at_35="050326", at_43="050326", at_49="VIR SEPA FACTURE 2026-0001", amount="50.10"),
            cfonb("07", at_35="050326", amount="150.10"),
        ]
    ).encode()
    bank.bring(file)
    assert len(bank.lines()) == 1


def test_the_sum_of_a_batch_and_its_parts_are_counted_once(bank: Bank) -> None:
    parts = "".join(
        f'<TxDtls><Refs><EndToEndId>E{n}</EndToEndId></Refs><Amt Ccy="EUR">30.00</Amt></TxDtls>' for n in "12"
    )
    whole = camt([Entry("60.00", ref="B1")])
    cut = whole[whole.index(b"<TxDtls>") : whole.index(b"</NtryDtls>")]
    summed = whole.replace(cut, b"<Btch><NbOfTxs>2</NbOfTxs></Btch>")
    bank.bring(summed)
    assert [line.state for line in bank.lines()] == ["new"]
    notice = notification([Entry("60.00", ref="B1")])
    bank.bring(notice.replace(cut, parts.encode()))
    told = {(line.amount, line.state) for line in bank.lines()}
    assert told == {(Decimal("60.00"), "ignored"), (Decimal("30.00"), "new")}


def test_a_refused_file_leaves_no_line_and_is_tried_again_once_its_account_is_named(bank: Bank) -> None:
    unknown = "NL91ABNA0417164300"
    done = bank.bring(camt(TWICE, account=unknown))
    assert (done.refused, bank.lines(), bank.known_until()) == (True, [], None)
    refusal = bank.last().refusal or ""
    assert refusal.startswith(f"statement 1: account {unknown} is none of acme's")
    with transaction(bank.book.engine) as session:
        add_account(session, company_by_ref(session, "acme"), unknown, NOW, "test")
    assert bank.bring(camt(TWICE, account=unknown)).refused is False
    assert len(bank.lines()) == 3
    # Three thousand good lines before the wrong sum: none of them stays.
    many = [Entry("1.00", text=str(n)) for n in range(3_000)]
    assert bank.bring(camt(many, closing="1.00", account=unknown)).refused
    assert len(bank.lines()) == 3


def test_the_bank_is_known_as_far_as_its_least_known_account(bank: Bank) -> None:
    other = "NL91ABNA0417164300"
    bank.bring(notification([Entry("1.00", day="2026-03-02")]), pays("F-1"))
    assert bank.known_until() is None
    bank.bring(camt([], closed_on="2026-03-05"))
    assert bank.known_until() == date(2026, 3, 5)
    with transaction(bank.book.engine) as session:
        company = company_by_ref(session, "acme")
        add_account(session, company, other, NOW, "test")
        assert accounts_of(session, company) == {ACCOUNT, other}
    bank.bring(camt([], closed_on="2026-03-09"))
    assert bank.known_until() == date(2026, 3, 5)
    bank.bring(camt([], closed_on="2026-03-06", account=other))
    assert bank.known_until() == date(2026, 3, 6)


def test_a_missing_statement_keeps_the_bank_from_being_known_further(bank: Bank) -> None:
    bank.bring(camt([], closed_on="2026-03-04"))
    bank.bring(camt([Entry("1.00", day="2026-03-06")], opening="250.00", closed_on="2026-03-06"), pays("F-1"))
    assert bank.known_until() == date(2026, 3, 4)
    assert "one is missing between them" in bank.last().report["warnings"][0]
    # The missing one comes, then the later one once more: now they follow each other.
    bank.bring(camt([Entry("150.00")], closed_on="2026-03-05"), pays("F-1"))
    bank.bring(
        camt([Entry("1.00", day="2026-03-06")], opening="250.00", closed_on="2026-03-06", version="08")
    )
    assert bank.known_until() == date(2026, 3, 6)


def test_the_bank_is_not_known_further_while_a_payment_is_not_matched(bank: Bank) -> None:
    bank.bring(camt([Entry("1.00")]))
    assert bank.known_until() is None
    assert bank.last().report["warnings"] == [
        "payments not matched yet: 1; the bank is not known further",
    ]


def test_a_returned_payment_is_reversed_and_its_case_told(bank: Bank) -> None:
    bank.bring(camt([Entry("100.00", day="2026-03-02", e2e="E1", iban=PAYER)]), pays("F-1"))
    assert bank.paid() == Decimal("100.00")
    back = Entry("-100.00", day="2026-03-09", e2e="E1", details="<RtrInf><Rsn><Cd>MD06</Cd></Rsn></RtrInf>")
    file = camt([back], opening="200.00", closed_on="2026-03-09")
    assert bank.bring(file, pays("F-1")).returned == 1
    paid, returned = bank.lines()
    assert bank.paid() == Decimal(0)
    assert (paid.state, returned.state) == ("returned", "returned")
    assert returned.returned_key == paid.line_key
    assert ("F-1", "payment_reversed", True) in bank.book.notes()
    # The same return once more, in a later file: nothing is reversed twice, nobody is asked.
    bank.bring(file.replace(b"<MsgId>M", b"<MsgId>M2"), pays("F-1"))
    assert bank.book.tasks(TaskKind.BANK_RETURN) == []


def test_a_return_that_fits_two_payments_is_asked_of_a_person(bank: Bank) -> None:
    same = [
        Entry("40.00", day="2026-03-02", iban=PAYER, text="a"),
        Entry("40.00", day="2026-03-03", iban=PAYER, text="b"),
    ]
    bank.bring(camt(same), pays("F-1"))
    back = Entry("-40.00", day="2026-03-09", iban=PAYER, details="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>")
    bank.bring(camt([back], opening="180.00", closed_on="2026-03-09"), pays("F-1"))
    assert bank.paid() == Decimal("80.00")
    (task,) = bank.book.tasks(TaskKind.BANK_RETURN)
    assert task.title == "40.00 EUR went back on 2026-03-09: whose payment was it?"
    assert [line.state for line in bank.lines()] == ["booked", "booked", "proposed"]


def by_hand(bank: Bank, place: int, told: TakesBack) -> BankLine:
    """A person says what the return at this place takes back."""
    with transaction(bank.book.engine) as session:
        company = company_by_ref(session, "acme")
        line, _ = settle_by_hand(
            session, company, bank.lines()[place].id, told, now=NOW, who="claire@acme.example"
        )
        return line


def unclear(bank: Bank) -> None:
    """Two payments of 40.00, one of which went back."""
    same = [
        Entry("40.00", day="2026-03-02", iban=PAYER, text="a"),
        Entry("40.00", day="2026-03-03", iban=PAYER, text="b"),
    ]
    bank.bring(camt(same), pays("F-1"))
    back = Entry("-40.00", day="2026-03-09", iban=PAYER, details="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>")
    bank.bring(camt([back], opening="180.00", closed_on="2026-03-09"), pays("F-1"))


def test_a_person_says_which_payment_went_back_and_the_question_is_closed(bank: Bank) -> None:
    unclear(bank)
    first, second, _ = bank.lines()
    by_hand(bank, 2, TakesBack(line=second.id))
    assert bank.paid() == Decimal("40.00")
    assert [line.state for line in bank.lines()] == ["booked", "returned", "returned"]
    assert bank.lines()[2].decided_by == "claire@acme.example"
    assert ("F-1", "payment_reversed", True) in bank.book.notes()
    (task,) = bank.book.tasks(TaskKind.BANK_RETURN)
    assert (task.status, task.outcome) == (TaskStatus.DONE, "settled")
    with pytest.raises(WrongState, match="is returned already"):
        by_hand(bank, 2, TakesBack(line=first.id))
    assert bank.paid() == Decimal("40.00")


def test_a_return_may_take_back_a_payment_that_no_bank_file_brought(bank: Bank) -> None:
    bank.book.tell(S.PAYMENT_RECEIVED, event_id="erp-1", amount="40.00", currency="EUR")
    back = Entry("-40.00", day="2026-03-09", iban=PAYER, details="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>")
    bank.bring(camt([back], closed_on="2026-03-09"))
    with pytest.raises(InvalidFact, match=r"F-2 has no payment of 40\.00"):
        by_hand(bank, 0, TakesBack(invoice="F-2"))
    by_hand(bank, 0, TakesBack(invoice="F-1"))
    assert bank.paid() == Decimal(0)
    assert [task.status for task in bank.book.tasks(TaskKind.BANK_RETURN)] == [TaskStatus.DONE]


@pytest.mark.parametrize(
    ("told", "error", "why"),
    [
        (TakesBack(), InvalidFact, "one of them is required"),
        (TakesBack(invoice="F-1", elsewhere="x"), InvalidFact, "one of them is required"),
        (TakesBack(payment_event_id="e"), InvalidFact, "one of them is required"),
        (TakesBack(elsewhere="x", payment_event_id="e"), InvalidFact, "only with an invoice"),
        (TakesBack(line=uuid4()), NotFound, "no bank line"),
        (TakesBack(invoice="F-9"), NotFound, "F-9"),
        (TakesBack(invoice="F-1"), InvalidFact, "2 payments of 40.00 EUR that stand; name one"),
    ],
)
def test_what_a_return_cannot_take_back_is_refused(
    bank: Bank, told: TakesBack, error: type[Exception], why: str
) -> None:
    unclear(bank)
    with pytest.raises(error, match=why):
        by_hand(bank, 2, told)
    assert bank.paid() == Decimal("80.00")
    assert [task.status for task in bank.book.tasks(TaskKind.BANK_RETURN)] == [TaskStatus.OPEN]


def test_a_return_may_be_nobody_s_here(bank: Bank) -> None:
    unclear(bank)
    assert by_hand(bank, 2, TakesBack(elsewhere="a supplier's direct debit")).state == "returned"
    assert bank.paid() == Decimal("80.00")
    assert bank.lines()[2].reason == "a supplier's direct debit"
    with pytest.raises(WrongState, match="is no return"):
        by_hand(bank, 0, TakesBack(elsewhere="x"))


def test_storing_twice_stores_once(bank: Bank) -> None:
    with transaction(bank.book.engine) as session:
        file, notes = keep_file(session, company_by_ref(session, "acme"), camt(TWICE), "file", NOW, "test")
    bank.order.append(file.id)
    assert len(notes) == 1
    steps = BankImportActivities(bank.book.engine, StoodStill(), Silent())
    for _ in range(2):
        told = ActivityEnvironment().run(steps.store_bank_lines, BankFileNow(file_id=file.id))
        assert told.lines == 3
    assert len(bank.lines()) == 3


def test_a_german_statement_names_its_account_by_bank_code_and_number(bank: Bank) -> None:
    with transaction(bank.book.engine) as session:
        session.get_one(Company, bank.book.company_id).iban = PAYER
    file = (
        b":20:A\n:25:37040044/532013000\n:28C:1\n:60F:C260304EUR0,00\n:61:260305C5,00NTRFR1\n"
        b":62F:C260305EUR5,00\n-\n"
    )
    assert bank.bring(file).refused is False
    assert [line.account_iban for line in bank.lines()] == [PAYER]


def test_two_files_with_the_same_lines_at_the_same_time_bring_them_once(bank: Bank) -> None:
    lines = [Entry("1.00", text=str(number)) for number in range(50)]
    files = [camt(lines).replace(b"<MsgId>M", f"<MsgId>{number}".encode()) for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(bank.bring, files))
    assert len({one.file_id for one in done}) == 4
    assert sum(one.waiting for one in done) == 50
    assert len(bank.lines()) == 50


def test_returned_money_that_was_kept_as_credit_is_taken_off_again(bank: Bank) -> None:
    known = Entry("7.77", day="2026-03-02", iban=PAYER, text="acompte")
    with transaction(bank.book.engine) as session:
        row = KnownPayer(
            company_id=bank.book.company_id,
            kind="iban",
            key=PAYER,
            customer_id=bank.book.customer_id,
            seen_at=NOW,
        )
        session.add(row)
    bank.bring(camt([known]), match_lines)
    (credit,) = bank.credits()
    assert (credit.amount, credit.reversed_at) == (Decimal("7.77"), None)
    back = Entry("-7.77", day="2026-03-09", iban=PAYER, details="<RtrInf><Rsn><Cd>MD06</Cd></Rsn></RtrInf>")
    bank.bring(camt([back], opening="107.77", closed_on="2026-03-09"), match_lines)
    (credit,) = bank.credits()
    assert credit.reversed_on == date(2026, 3, 9)
    assert [line.state for line in bank.lines()] == ["returned", "returned"]
    assert [task.status for task in bank.book.tasks()] in ([], ["withdrawn"])
