"""The console's pages over a ledger: what they show, what their forms do, and to whom they are not there."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import QueuePool
from sqlalchemy.pool import PoolProxiedConnection
from sqlmodel import select

from activities.envelope import Envelope, keep
from activities.store.engine import transaction
from activities.store.replies import Incoming, keep_reply
from activities.store.senders import Whose
from activities.store.tasks import open_task
from admin.console.completing import amount_of
from admin.console.pages.customers import ITEMS
from models.errors import InvalidFact
from models.ids import CaseSignal
from models.tables import (
    AuditEvent,
    CommunicationEvent,
    Company,
    Customer,
    DunningCase,
    FactRow,
    Invoice,
    Task,
)
from models.tables.words import ReplyState, TaskKind, TaskStatus
from rules.calendar import Channel
from rules.replies import ReplyKind
from tests.api.books import place
from tests.api.conftest import Door
from tests.console.conftest import Browser, add
from tests.fixtures.ledger import NOW, TODAY, add_contact, add_message

pytestmark = pytest.mark.integration


def asked(door: Door, kind: TaskKind = TaskKind.PHONE_CALL, invoice: str | None = "F-1") -> UUID:
    """A task about an invoice of C-1, due today."""
    with transaction(door.book.engine) as session:
        opened, _ = open_task(
            session,
            key=f"{kind}/{uuid4()}",
            kind=kind,
            company_id=door.book.company_id,
            customer_id=door.book.customer_id,
            invoice_id=None if invoice is None else door.book.invoices[invoice],
            title="Appel à passer",
            body="Bonjour, je vous appelle au sujet de <la facture>.",
            now=NOW,
            today=TODAY,
            due_on=TODAY,
            assignee_email="collector@acme.example",
        )
        return opened.id


def task(door: Door, task_id: UUID) -> Task:
    with transaction(door.book.engine) as session:
        return session.get_one(Task, task_id)


def signed_in(browser: Browser, role: str = "collector", language: str = "fr") -> Browser:
    browser.sign_in(add(browser.door, role, language=language))
    return browser


def test_the_morning_says_what_changed_and_what_waits(browser: Browser) -> None:
    door = browser.door
    call = asked(door)
    with transaction(door.book.engine) as session:
        session.get_one(Invoice, door.book.invoices["F-2"]).due_on = TODAY - timedelta(days=1)
        session.get_one(DunningCase, door.book.invoices["F-2"]).due_on = TODAY - timedelta(days=1)
    door.book.tell(CaseSignal.PAYMENT_RECEIVED, event_id="p", amount="40.00", currency="EUR")
    page = signed_in(browser).read("/console/acme/today")
    assert "Aujourd’hui, 10 mars 2026" in page
    assert f"/console/acme/tasks/{call}" in page
    assert "10 jours<" in page
    assert "100,00 €" in page, "at stake in the call, as the case last knew"
    assert "40,00 €" in page, "received"
    assert "F-2" in page, "newly late"


def test_the_morning_counts_what_came_back_and_no_copy_of_it(browser: Browser) -> None:
    book = browser.door.book
    told: tuple[tuple[str, datetime, dict[str, str]], ...] = (
        ("bounce", NOW, {}),
        ("dropped", NOW, {}),
        ("delivered", NOW, {}),
        ("bounce", NOW, {"copy": "achats@client.example"}),
        ("undelivered", NOW - timedelta(days=7), {}),
    )
    with transaction(book.engine) as session:
        contact = add_contact(session, book, "sent", {"F-1": "reminder_1"})
        messages = [add_message(session, book, contact, "sent") for _ in told[1:]]
        # Of one message the provider tells twice that it came back.
        about = [messages[0], *messages]
        for message, (kind, at, detail) in zip(about, told, strict=True):
            session.add(
                CommunicationEvent(
                    id=uuid4(), communication_id=message.id, at=at, received_at=at, kind=kind, detail=detail
                )
            )
    page = signed_in(browser).read("/console/acme/today")
    assert re.search(r"<dt>Non distribués</dt><dd class=\"count\">1</dd>", page)


def test_a_message_is_shown_as_its_reader_sees_it_and_nothing_in_it_runs(browser: Browser) -> None:
    book = browser.door.book
    evil = '<html><body onload="alert(1)"><p>Bonjour</p><img src="https://elsewhere.example/x.png"></body></html>'
    with transaction(book.engine) as session:
        letter = Envelope(channel="email", to_address="compta@client.example", text="Bonjour", html=evil)
        short = Envelope(channel="sms", to_address="+33612345678", text="Rappelez-nous")
        mail, sms = add_message(session, book, None, "sent"), add_message(session, book, None, "sent")
        mail.content_hash, sms.content_hash = keep(session, letter), keep(session, short)
        sms.channel = "sms"
        of_mail, of_sms = (f"/console/acme/messages/{each.id}" for each in (mail, sms))
    page = signed_in(browser).read(of_mail)
    assert f'src="{of_mail}/html"' in page
    assert "<summary>Texte seul</summary>" in page
    assert "elsewhere" not in page
    frame = browser.get(f"{of_mail}/html")
    assert frame.text == evil, "as it was sent"
    policy = frame.headers["content-security-policy"]
    assert {"sandbox", "default-src 'none'", "frame-ancestors 'self'"} <= set(policy.split("; "))
    page = browser.read(of_sms)
    assert "Rappelez-nous" in page
    assert "<iframe" not in page
    assert browser.get(f"{of_sms}/html").status_code == 404


def test_a_call_has_all_on_one_page_and_a_promise_moves_the_case(browser: Browser) -> None:
    call = asked(browser.door)
    page = signed_in(browser).read(f"/console/acme/tasks/{call}")
    assert "+33 6 12 34 56 78" in page
    assert "&lt;la facture&gt;" in page
    assert "Promesse de règlement" in page
    done = browser.send(
        f"/console/acme/tasks/{call}",
        outcome="promise",
        promised_on="2026-03-20",
        amount="100,00",
        note="Mme Durand paie le 20",
    )
    assert done.status_code == 200
    assert "Enregistré" in done.text
    assert "F-1" in done.text
    assert task(browser.door, call).status == TaskStatus.DONE
    with transaction(browser.door.book.engine) as session:
        told = session.exec(select(FactRow).where(FactRow.kind == CaseSignal.TASK_COMPLETED)).one()
        audit = session.exec(select(AuditEvent).where(AuditEvent.what == "complete_task")).one()
    assert told.recorded_by == audit.who == "console:collector-acme@acme.example"
    assert told.payload["promised_on"] == "2026-03-20"
    assert browser.door.courier.notes, "the case is told at once"


def test_whoever_calls_sees_what_left_what_was_answered_and_what_was_told(browser: Browser) -> None:
    book = browser.door.book
    call, other = asked(browser.door), asked(browser.door, TaskKind.DECISION)
    book.tell(CaseSignal.PAYMENT_CLAIMED, event_id="claim", note="Chèque parti le 4")
    with transaction(book.engine) as session:
        add_message(session, book, add_contact(session, book, "sent", {"F-1": "reminder_1"}), "sent")
        incoming = Incoming(
            channel=Channel.EMAIL,
            kind=ReplyKind.ANSWER,
            received_at=NOW,
            sender="compta@client.example",
            sender_name="Mme Durand",
            subject="Re: relance",
            text="Nous payons <vendredi>",
            whole="Nous payons <vendredi>",
        )
        assert keep_reply(session, incoming, Whose(book.company_id, book.customer_id), ReplyState.MATCHED)
    page = signed_in(browser).read(f"/console/acme/tasks/{call}")
    assert "Mme Durand : Nous payons &lt;vendredi&gt;" in page
    assert re.search(r'<h2 id="sent">Derniers messages</h2>\s*<ul class="plain"><li>', page)
    assert "Chèque parti le 4" in page
    assert page.index('id="items"') < page.index('id="outcome"') < page.index('id="script"')
    assert "Réponses du client" not in browser.read(f"/console/acme/tasks/{other}")


def test_the_same_form_sent_twice_counts_once(browser: Browser) -> None:
    call = asked(browser.door)
    signed_in(browser).get(f"/console/acme/tasks/{call}")
    hidden = browser.hidden()
    for said in ("Enregistré", "déjà enregistré"):
        answer = browser.client.post(f"/console/acme/tasks/{call}", data={**hidden, "outcome": "no_answer"})
        assert said in answer.text
    with transaction(browser.door.book.engine) as session:
        assert len(session.exec(select(FactRow).where(FactRow.kind == CaseSignal.TASK_COMPLETED)).all()) == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"outcome": "promise"}, "promised_on"),
        ({"outcome": "promise", "promised_on": "2026-02-30"}, "n’est pas une date"),
        ({"outcome": "promise", "promised_on": "2026-03-01"}, "2026-03-01"),
        ({"outcome": "promise", "promised_on": "2026-03-20", "amount": "beaucoup"}, "n’est pas un montant"),
        ({"outcome": "dance"}, "dance"),
    ],
)
def test_what_cannot_be_stays_on_the_form(browser: Browser, fields: dict[str, str], said: str) -> None:
    call = asked(browser.door)
    signed_in(browser).get(f"/console/acme/tasks/{call}")
    answer = browser.send(f"/console/acme/tasks/{call}", **fields, note="gardé")
    assert answer.status_code == 422
    assert said in answer.text
    assert task(browser.door, call).status == TaskStatus.OPEN
    if fields["outcome"] == "promise":
        assert "gardé" in answer.text


def test_who_may_only_look_is_shown_no_form_and_refused(browser: Browser) -> None:
    call = asked(browser.door)
    page = signed_in(browser, "viewer").get(f"/console/acme/tasks/{call}").text
    assert "non d’agir" in page
    assert browser.send(f"/console/acme/tasks/{call}", outcome="no_answer").status_code == 403
    assert task(browser.door, call).status == TaskStatus.OPEN


def test_a_decision_takes_a_manager(browser: Browser) -> None:
    decision = asked(browser.door, TaskKind.DECISION)
    signed_in(browser, "collector").get(f"/console/acme/tasks/{decision}")
    assert browser.send(f"/console/acme/tasks/{decision}", outcome="go_on").status_code == 403
    assert task(browser.door, decision).status == TaskStatus.OPEN


def test_to_users_of_another_company_nothing_is_there(browser: Browser) -> None:
    door = browser.door
    call = asked(door)
    with transaction(door.book.engine) as session:
        session.add(Company(id=uuid4(), ref="other", name="Other", country="FR"))
    browser.sign_in(add(door, "manager", ("other",)))
    unknown = browser.get("/console/nobody/today")
    for path in ("today", "tasks", f"tasks/{call}", "approvals", "cases", "cases/F-1", "customers/C-1"):
        answer = browser.get(f"/console/acme/{path}")
        assert answer.status_code == 404
        assert answer.text == unknown.text, path
    assert browser.get(f"/console/other/tasks/{call}").status_code == 404
    assert browser.get("/console/other/cases/F-1").status_code == 404
    browser.get("/console/other/today")
    assert browser.send(f"/console/other/tasks/{call}", outcome="no_answer").status_code == 404
    assert task(door, call).status == TaskStatus.OPEN


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_page_shows_itself_in_both_languages(browser: Browser, language: str) -> None:
    door = browser.door
    asked(door)
    with transaction(door.book.engine) as session:
        session.get_one(Customer, door.book.customer_id).name = "<b>Œuvre & Cie</b>"
        session.get_one(Invoice, door.book.invoices["F-1"]).number = "F/1 é"
    signed_in(browser, "manager", language)
    for path in (
        "today",
        "tasks",
        "tasks?who=me",
        "approvals",
        "cases",
        "cases?q=uvre",
        "cases/F%2F1%20%C3%A9",
    ):
        answer = browser.get(f"/console/acme/{path}")
        assert answer.status_code == 200, path
        assert f'<html lang="{language}"' in answer.text
        assert "<b>Œuvre" not in answer.text
    page = browser.read("/console/acme/customers/C-1")
    assert "&lt;b&gt;Œuvre &amp; Cie&lt;/b&gt;" in page
    assert ("200,00 €" if language == "fr" else "€200.00") in page
    assert "cases/F%2F1%20%C3%A9" in page


def test_of_many_open_items_the_earliest_are_shown_and_the_portfolio_has_all(browser: Browser) -> None:
    there = place(browser.door, customer="C-9")
    for late in range(ITEMS + 1):
        there.invoice(f"M-{late:02}", TODAY - timedelta(days=late), "10.00")
    page = signed_in(browser).read("/console/acme/customers/C-9")
    assert '/cases/M-01"' in page
    assert '/cases/M-00"' not in page, "the latest due"
    assert page.count("510,00 €") >= 1, "sums are of all"
    behind = "/console/acme/cases?customer=C-9&sort=due_on"
    assert f'<a href="{behind.replace("&", "&amp;")}">Les 51 factures en cours</a>' in page
    first = browser.read(behind)
    assert "M-50" in first
    assert 'rel="next"' in first


def test_with_one_company_the_first_page_is_its_morning(browser: Browser) -> None:
    answer = signed_in(browser).get("/console")
    assert str(answer.url).endswith("/console/acme/today")


def test_an_amount_is_read_as_people_type_it() -> None:
    for text in ("1234.5", "1234,50", "1 234,50", "1\u202f234,50 €", "1.234,50"):
        assert amount_of(text, "fr") == Decimal("1234.50"), text
    for text in ("1234.5", "1234,50", "1,234.50", "1 234.50"):
        assert amount_of(text, "en") == Decimal("1234.50"), text
    assert (amount_of("1,234", "en"), amount_of("1.234", "fr")) == (Decimal(1234), Decimal(1234))
    for text in ("1,234.50", "12,34,5", "beaucoup", "-5", "1.23.456"):
        with pytest.raises(InvalidFact, match="is no amount"):
            amount_of(text, "fr")


def test_a_day_without_anything_says_so(browser: Browser) -> None:
    page = signed_in(browser).read("/console/acme/today")
    assert page.count("Rien.") >= 5


@pytest.mark.parametrize("page", ["today", "cases", "customers/C-1", "cases/F-1", "ageing", "tasks"])
def test_the_server_keeps_its_plans_from_one_page_to_the_next(browser: Browser, page: str) -> None:
    # A rollback makes the driver forget them: a page that leaves a transaction open pays for every statement.
    signed_in(browser)
    pool = browser.door.book.engine.pool
    assert isinstance(pool, QueuePool)
    for _ in range(8 * max(1, pool.checkedin())):
        assert browser.get(f"/console/acme/{page}").status_code == 200
    idle = [pool.connect() for _ in range(pool.checkedin())]
    kept = [_planned(each) for each in idle]
    for each in idle:
        each.close()
    assert all(any("FROM company" in statement for statement in each) for each in kept), kept


def _planned(connection: PoolProxiedConnection) -> list[str]:
    """The statements that the server has a plan of, for a connection."""
    cursor = connection.cursor()
    cursor.execute("SELECT statement FROM pg_prepared_statements")
    found = [str(statement) for (statement,) in cursor.fetchall()]
    cursor.close()
    return found
