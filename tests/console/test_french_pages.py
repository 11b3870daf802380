"""A French console says nothing in English but what is data; an English one says what the ledger says."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlmodel import select

from activities.store.engine import transaction
from models.ids import CaseSignal
from models.tables import Customer, DunningCase, Task
from models.tables.words import TaskKind
from tests.api.conftest import Door
from tests.console.conftest import Browser, add
from tests.console.test_pages import asked, signed_in
from tests.console.texts import english_left

pytestmark = pytest.mark.integration


def words_of(page: str) -> str:
    """What a page says."""
    main = page[page.index("<main") : page.index("</main>")]
    return unescape(re.sub(r"<[^>]+>", " ", main))


def told(door: Door) -> None:
    """Facts of several kinds, and who told them."""
    door.book.tell(CaseSignal.PAYMENT_RECEIVED, event_id="p", amount="40.00", currency="EUR")
    door.book.tell(CaseSignal.DISPUTE_OPENED, event_id="d", amount="10.00", cause="price")
    door.book.tell(CaseSignal.PAUSED, event_id="s", reason="congés <annuels>", until="2026-04-01")


def test_a_case_is_told_in_french(browser: Browser) -> None:
    told(browser.door)
    page = signed_in(browser).read("/console/acme/cases/F-1")
    said = words_of(page)
    assert "En pause" in said
    assert "Règlement de 40,00 €" in said
    assert "Le client conteste 10,00 € (prix)" in said
    assert "congés &lt;annuels&gt;" in page
    assert '<span lang="en">' not in page
    assert english_left(said) == []


def test_tasks_are_told_in_french(browser: Browser) -> None:
    door = browser.door
    told(door)
    with transaction(door.book.engine) as session:
        session.get_one(Customer, door.book.customer_id).name = "Acme <b> & fils"
        dispute = session.exec(select(Task).where(Task.kind == TaskKind.DISPUTE)).one()
        dispute.body = "Disputed since 2026-03-01."
        task_id = dispute.id
    signed_in(browser)
    for path in ("tasks", f"tasks/{task_id}", "customers/C-1"):
        page = browser.read(f"/console/acme/{path}")
        assert "Litige, facture F-1 : 10,00 €, prix" in page, path
        assert "<b>" not in page[page.index("<main") :]
        assert '<span lang="en">' not in page
    assert "Contestée depuis le 01/03/2026." in browser.read(f"/console/acme/tasks/{task_id}")


def test_an_answer_that_is_not_taken_says_why_in_french(browser: Browser) -> None:
    call = asked(browser.door)
    signed_in(browser).get(f"/console/acme/tasks/{call}")
    answer = browser.send(
        f"/console/acme/tasks/{call}", outcome="promise", promised_on="2026-03-12", amount="x"
    )
    assert answer.status_code == 422
    assert "n’est pas un montant" in answer.text


def test_who_completed_a_task_is_named(browser: Browser) -> None:
    call = asked(browser.door)
    signed_in(browser).get(f"/console/acme/tasks/{call}")
    browser.send(f"/console/acme/tasks/{call}", outcome="reached")
    page = browser.read(f"/console/acme/tasks/{call}")
    assert "Joint, rien de convenu" in page
    assert "console:" not in page[page.index("<main") :]


def test_what_ended_a_case_by_hand_is_shown_as_it_was_typed(browser: Browser) -> None:
    door = browser.door
    door.book.tell(CaseSignal.CLOSED, event_id="c", reason="accord avec <le client>")
    with transaction(door.book.engine) as session:
        assert session.get_one(DunningCase, door.book.invoices["F-1"]).closed_at is not None
    page = signed_in(browser).read("/console/acme/cases/F-1")
    assert "accord avec &lt;le client&gt;" in page
    assert '<span lang="en">' not in page


def test_an_english_reader_reads_the_ledger(browser: Browser) -> None:
    told(browser.door)
    browser.sign_in(add(browser.door, "viewer", language="en"))
    page = browser.read("/console/acme/cases/F-1")
    assert "Payment of 40.00 EUR received" in page
    assert "paused by" in page
