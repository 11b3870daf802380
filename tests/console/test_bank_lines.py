"""Payments at the console: what they may pay, what a decision would change, and that it is done once."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape
from uuid import UUID, uuid4

import pytest
from httpx2 import Response
from sqlmodel import select

from activities.matching import match_lines
from activities.store.amounts import rests
from activities.store.cases import open_case
from activities.store.engine import transaction
from models.tables import AuditEvent, BankLine, CaseEvent, Company, Customer
from models.tables.words import TaskKind, TaskStatus
from tests.console.conftest import Browser, add
from tests.fixtures.ledger import NOW, add_invoice, everything
from tests.integration.bank.test_import import Bank
from tests.unit.bank_files.statements import Entry, camt

pytestmark = pytest.mark.integration

LINES = "/console/acme/bank-lines"
IBAN = "FR7630001007941234567890185"
ASKED = Entry("250.00", text="FA-2026-003", name="HOLDING INCONNUE", iban=IBAN)
NOBODY = Entry("130.00", text="VIREMENT", name="QUI DONC")
WHO = "console:collector-acme@acme.example"


@pytest.fixture
def bank(browser: Browser) -> Bank:
    """Acme's bank: C-1 owes F-1 and F-2, 100.00 each; C-2 (Imprimerie Roux) owes FA-2026-003, 250.00."""
    book = browser.door.book
    with transaction(book.engine) as session:
        other = Customer(
            id=uuid4(), company_id=book.company_id, ref="C-2", name="Imprimerie Roux", country="FR"
        )
        session.add(other)
        session.flush()
        invoice = add_invoice(session, book.company_id, other, "FA-2026-003", NOW, "250.00")
        open_case(session, invoice, other, "standard", 1, NOW, "test")
        book.invoices["FA-2026-003"] = invoice.id
    browser.sign_in(add(browser.door, "collector"))
    return Bank(book)


def bring(bank: Bank, *entries: Entry, **told: str) -> BankLine:
    """A statement with these movements, matched; its last line."""
    bank.bring(camt(entries, **told), match_lines)
    return bank.lines()[-1]


def owed(bank: Bank, number: str) -> Decimal:
    with transaction(bank.book.engine) as session:
        return rests(session, [bank.book.invoices[number]])[bank.book.invoices[number]]


def stands(bank: Bank, line_id: UUID) -> BankLine:
    with transaction(bank.book.engine) as session:
        return session.get_one(BankLine, line_id)


def plain(answer: Response) -> str:
    return unescape(answer.text).replace("\u00a0", " ").replace("\u202f", " ")


def books(bank: Bank) -> dict[str, tuple[int, str | None]]:
    held = everything(bank.book.engine).items()
    return {table: rows for table, rows in held if table != "console_session"}


def say(browser: Browser, line: UUID, **fields: str) -> Response:
    """A form of the line's page."""
    browser.get(f"{LINES}/{line}")
    return browser.send(f"{LINES}/{line}", step="preview", **fields)


def confirm(browser: Browser, line: UUID, step: str = "confirm") -> Response:
    """A button of the preview that was seen last, with all that its form carries."""
    page = browser.seen[-1]
    form = page[page.index(f'action="{LINES}/{line}"') :].partition("</form>")[0]
    told = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
    fields = {unescape(name): unescape(value) for name, value in told}
    return browser.send(f"{LINES}/{line}", **fields, step=step)


def test_a_proposal_is_looked_at_then_accepted_once(browser: Browser, bank: Bank) -> None:
    line = bring(bank, ASKED)
    today = browser.read("/console/acme/today")
    assert f'<a href="{LINES}">1 règlement à affecter</a>' in today
    listed = browser.read(LINES)
    assert "HOLDING INCONNUE" in listed
    assert "sûr à 80 %" in listed
    page = browser.read(f"{LINES}/{line.id}")
    assert "Le libellé cite FA-2026-003" in page
    assert "C’est son montant au centime près" in page
    before = books(bank)
    effect = plain(say(browser, line.id, **{"act": "allocate", "pay.FA-2026-003": "250,00"}))
    assert re.search(r"Imprimerie Roux</td><td[^>]*>250,00 €</td><td[^>]*>0,00 €", effect)
    assert "soldée, le dossier se ferme" in effect
    assert "Crédit de Imprimerie Roux" in effect, "what was kept meanwhile is used"
    assert books(bank) == before, "a preview writes nothing"
    done = plain(confirm(browser, line.id))
    assert "Règlement affecté" in done
    assert owed(bank, "FA-2026-003") == 0
    now = stands(bank, line.id)
    assert (now.state, now.decided_by) == ("booked", WHO)
    with transaction(bank.book.engine) as session:
        audit = session.exec(select(AuditEvent).where(AuditEvent.what == "allocate_bank_line")).one()
    assert (audit.who, audit.detail["parts"]) == (WHO, {"FA-2026-003": "250.00"})
    (task,) = bank.book.tasks(TaskKind.BANK_LINE)
    assert task.status == TaskStatus.DONE
    assert browser.door.courier.notes, "the case is told at once"
    after = books(bank)
    browser.seen.pop()
    assert "déjà enregistré" in plain(confirm(browser, line.id)), "the same form once more"
    assert books(bank) == after


def test_by_hand_a_customer_is_searched_and_what_is_left_is_credit(browser: Browser, bank: Bank) -> None:
    line = bring(bank, NOBODY)
    assert "QUI DONC" in browser.read(LINES), "nobody knows whose it is: a person has to say"
    assert "1 règlement à affecter" in browser.read("/console/acme/today")
    for q in ("fils", "F-2", "C-1"):
        assert f"{LINES}/{line.id}?customer=C-1" in browser.read(f"{LINES}/{line.id}?q={q}"), q
    page = browser.read(f"{LINES}/{line.id}?customer=C-1")
    assert re.search(r'name="pay.F-1" inputmode="decimal" value="100,00"', page), "the oldest first"
    assert re.search(r'name="pay.F-2" inputmode="decimal" value="30,00"', page)
    fields = {"act": "allocate", "customer": "C-1", "pay.F-1": "100,00", "pay.F-2": ""}
    effect = plain(say(browser, line.id, **fields))
    assert "Crédit de Client et Fils : de 0,00 € à 30,00 €" in effect
    edited = confirm(browser, line.id, "edit").text
    assert 'name="pay.F-2" inputmode="decimal" value=""' in edited, "what was typed is kept"
    say(browser, line.id, **fields)
    confirm(browser, line.id)
    assert "QUI DONC" not in browser.read(LINES)
    assert "à affecter" not in browser.read("/console/acme/today")
    assert [owed(bank, "F-1"), owed(bank, "F-2")] == [Decimal(0), Decimal(100)]
    assert [each.amount for each in bank.credits()] == [Decimal("30.00")]


def test_money_moves_from_credit_to_aside_and_back_to_an_invoice(browser: Browser, bank: Bank) -> None:
    line = bring(bank, NOBODY)
    effect = plain(say(browser, line.id, act="allocate", customer="C-1"))
    assert "de 0,00 € à 130,00 €" in effect
    confirm(browser, line.id)
    assert (stands(bank, line.id).state, len(bank.credits())) == ("unallocated", 1)
    page = say(browser, line.id, act="aside", reason="")
    assert page.status_code == 422
    assert "de 130,00 € à 0,00 €" in plain(say(browser, line.id, act="aside", reason="apport d’un associé"))
    assert "Règlement écarté" in plain(confirm(browser, line.id))
    now = stands(bank, line.id)
    assert (now.state, now.reason, now.decided_by) == ("ignored", "apport d’un associé", WHO)
    with transaction(bank.book.engine) as session:
        told = session.exec(select(CaseEvent).where(CaseEvent.what == "bank_line_set_aside")).one()
    assert (told.who, told.customer_id) == (WHO, bank.book.customer_id)
    say(browser, line.id, **{"act": "allocate", "customer": "C-1", "pay.F-1": "100"})
    confirm(browser, line.id)
    effect = plain(say(browser, line.id, **{"act": "allocate", "customer": "C-1", "pay.F-2": "100"}))
    assert "soldée, le dossier se ferme" in effect
    assert "due à nouveau, la relance reprend" in effect
    confirm(browser, line.id)
    assert [owed(bank, "F-1"), owed(bank, "F-2")] == [Decimal(100), Decimal(0)]


def test_what_a_file_set_aside_by_itself_is_not_put_anywhere(browser: Browser, bank: Bank) -> None:
    line = bring(bank, Entry("-20.00", text="frais"))
    assert "Affecter à la main" not in browser.read(f"{LINES}/{line.id}")
    answer = say(browser, line.id, act="aside", reason="rien")
    assert answer.status_code == 422
    assert stands(bank, line.id).decided_by is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"pay.F-1": "beaucoup"}, "n’est pas un montant"),
        ({"pay.F-1": "100,00", "pay.F-2": "100,00"}, "affectés, pour un règlement de"),
        ({"pay.F-1": "120,00"}, "dépassent les 100,00 dus"),
        ({"other_invoice": "X-9", "other_amount": "10"}, "« X-9 »"),
        ({"other_invoice": "F-1", "other_amount": ""}, "n’est pas un montant"),
        ({"customer": "X-9"}, "« X-9 »"),
        ({"pay.F-1": "10,005"}, "décimales"),
        ({"pay.F-1": "1" * 60}, ""),
        ({"act": "dance"}, "act"),
        ({"act": "return", "back": "nowhere"}, "line"),
        ({"other_invoice": "\x00", "other_amount": "1", "pay.\x00": "1", "customer": "\x00"}, ""),
        ({"act": "aside", "reason": "\x00"}, ""),
    ],
)
def test_what_cannot_be_stays_on_the_form(
    browser: Browser, bank: Bank, fields: dict[str, str], said: str
) -> None:
    line = bring(bank, NOBODY)
    before = books(bank)
    answer = say(browser, line.id, **{"act": "allocate", "customer": "C-1", **fields})
    assert answer.status_code == 422, answer.text
    assert said in plain(answer)
    if fields.get("pay.F-1"):
        assert f'value="{fields["pay.F-1"]}"' in answer.text
    assert books(bank) == before


def test_a_line_that_somebody_decided_meanwhile_is_shown_again(browser: Browser, bank: Bank) -> None:
    line = bring(bank, NOBODY)
    say(browser, line.id, **{"act": "allocate", "customer": "C-1", "pay.F-1": "100"})
    parts = [{"invoice": "FA-2026-003", "amount": "130.00"}]
    answer = browser.door.ask("POST", f"/v1/companies/acme/bank-lines/{line.id}/allocation", {"parts": parts})
    assert answer.status_code == 200, answer.text
    again = confirm(browser, line.id)
    assert again.status_code == 422
    assert "a changé depuis l’aperçu" in plain(again)
    assert [owed(bank, "F-1"), owed(bank, "FA-2026-003")] == [Decimal(100), Decimal(120)]


def test_a_return_is_settled_by_hand(browser: Browser, bank: Bank) -> None:
    one = Entry("40.00", text="F-1", name="CLIENT ET FILS", ref="A")
    first, second = bring(bank, one), bring(bank, Entry("40.00", text="F-1", ref="B"), opening="140.00")
    for each in (first, second):
        say(browser, each.id, **{"act": "allocate", "customer": "C-1", "pay.F-1": "40"})
        confirm(browser, each.id)
    assert owed(bank, "F-1") == 20
    details = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
    back = bring(bank, Entry("-40.00", day="2026-03-09", details=details), opening="180.00")
    (task,) = bank.book.tasks(TaskKind.BANK_RETURN)
    assert "of-task" in browser.get(f"/console/acme/tasks/{task.id}").text
    page = browser.get(f"{LINES}/of-task/{task.id}")
    assert page.url.path == f"{LINES}/{back.id}"
    assert str(first.id) in page.text
    assert str(second.id) in page.text
    assert say(browser, back.id, act="return").status_code == 422
    assert say(browser, back.id, act="return", back="invoice", invoice="F-2").status_code == 422
    effect = plain(say(browser, back.id, act="return", back=str(second.id)))
    assert re.search(r"20,00 €</td><td[^>]*>60,00 €", effect)
    assert "Impayé enregistré" in plain(confirm(browser, back.id))
    assert owed(bank, "F-1") == 60
    assert (stands(bank, second.id).state, stands(bank, back.id).decided_by) == ("returned", WHO)
    browser.seen.pop()
    assert "déjà enregistré" in plain(confirm(browser, back.id))
    assert owed(bank, "F-1") == 60


def test_lines_are_shown_to_those_of_the_company_and_decided_by_collectors(
    browser: Browser, bank: Bank
) -> None:
    line = bring(bank, ASKED)
    fields = {"act": "allocate", "pay.FA-2026-003": "250"}
    (task,) = bank.book.tasks(TaskKind.BANK_LINE)
    browser.sign_in(add(browser.door, "viewer"))
    assert 'name="act"' not in browser.get(f"{LINES}/{line.id}").text
    for query in ("q=a%00bc", "customer=%00", "customer=X-9", "q=%25%25%25"):
        assert browser.get(f"{LINES}/{line.id}?{query}").status_code == 200, query
    assert browser.get(f"{LINES}?state=dance&after=x").status_code == 422
    assert browser.send(f"{LINES}/{line.id}", **fields, step="preview").status_code == 403
    with transaction(bank.book.engine) as session:
        session.add(Company(id=uuid4(), ref="other", name="Other", country="FR"))
    browser.sign_in(add(browser.door, "manager", ("other",)))
    for path in (f"{line.id}", f"of-task/{task.id}", f"{uuid4()}"):
        assert browser.get(f"/console/acme/bank-lines/{path}").status_code == 404
        assert browser.get(f"/console/other/bank-lines/{path}").status_code == 404
    browser.get("/console/other/bank-lines")
    for step in ("preview", "confirm"):
        answer = browser.send(f"/console/other/bank-lines/{line.id}", **fields, step=step)
        assert answer.status_code == 404
    assert stands(bank, line.id).state == "proposed"
