"""One act on several cases, several letters approved: foreseen without a trace, then done once."""

from __future__ import annotations

import re
from html import unescape
from uuid import uuid4

import pytest
from sqlmodel import select

from activities.store.engine import transaction
from models.ids import CaseSignal
from models.tables import AuditEvent, Customer, FactRow, PauseRow, Task
from models.tables.words import TaskKind, TaskStatus
from tests.api.books import place
from tests.api.conftest import Door
from tests.console.conftest import Browser, add
from tests.console.test_pages import asked, signed_in
from tests.console.test_portfolio import LIST, links, many
from tests.fixtures.ledger import NOW, TODAY, add_contact, everything

pytestmark = pytest.mark.integration


def act(browser: Browser, *numbers: str, **fields: str) -> str:
    """Tick cases, say what is to be done, and read what would be."""
    browser.get(LIST)
    given = {f"case.{place}": number for place, number in enumerate(numbers)}
    answer = browser.send("/console/acme/bulk", **given, **fields)
    return answer.text.replace("\u00a0", " ").replace("\u202f", " ")


def confirm(browser: Browser) -> str:
    """The form of the preview, sent as it came."""
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', browser.seen[-1]))
    fields = {name: unescape(value) for name, value in fields.items()} | {"confirm": "1"}
    answer = browser.client.post("/console/acme/bulk", data=fields)
    browser.seen.append(answer.text)
    return answer.text.replace("\u00a0", " ").replace("\u202f", " ")


def test_a_pause_of_several_is_foreseen_and_leaves_no_trace_until_confirmed(browser: Browser) -> None:
    door = browser.door
    many(door)
    signed_in(browser).get(LIST)
    before = everything(door.book.engine)
    page = act(
        browser,
        "F-1",
        "F-2",
        "G-4",
        "X-9",
        act="pause",
        until="2026-04-01",
        reason="inventaire",
        back="late=1_30",
    )
    assert everything(door.book.engine) == before
    assert door.courier.notes == []
    assert "Pause jusqu’au 1er avril 2026 : inventaire" in page
    assert "2 dossiers changeront" in page
    assert page.count("en pause") >= 2
    assert "G-4 <span" in page
    assert "le dossier est clos" in page
    assert "X-9 : introuvable" in page
    said = confirm(browser)
    assert (
        "Mis en pause jusqu’au 01/04/2026 : 2. Inchangés : G-4 (le dossier est clos), X-9 (introuvable)."
        in said
    )
    assert "late=1_30" in said, "back on the list it came from"
    with transaction(door.book.engine) as session:
        pauses = session.exec(select(PauseRow)).all()
        facts = session.exec(select(FactRow).where(FactRow.kind == CaseSignal.PAUSED)).all()
        audit = session.exec(select(AuditEvent).where(AuditEvent.what == "pause_case")).all()
    assert {(pause.reason, str(pause.until)) for pause in pauses} == {("inventaire", "2026-04-01")}
    assert len(pauses) == len(facts) == len(audit) == 2
    assert {fact.recorded_by for fact in facts} == {"console:collector-acme@acme.example"}
    assert len(door.courier.notes) == 2


def test_the_same_confirmation_twice_counts_once(browser: Browser) -> None:
    signed_in(browser)
    act(browser, "F-1", act="pause", until="2026-04-01", reason="inventaire")
    preview = browser.seen[-1]
    confirm(browser)
    browser.seen.append(preview)
    assert "Déjà enregistrés : 1." in confirm(browser)
    with transaction(browser.door.book.engine) as session:
        assert len(session.exec(select(PauseRow)).all()) == 1


def test_what_is_paused_is_resumed_and_what_is_not_says_so(browser: Browser) -> None:
    browser.door.book.tell(CaseSignal.PAUSED, "F-1", event_id="p")
    page = act(signed_in(browser), "F-1", "F-2", act="resume")
    assert "1 dossier changera" in page
    assert "F-2 : aucune personne ne l’a mis en pause" in page
    assert "Relances reprises : 1." in confirm(browser)
    with transaction(browser.door.book.engine) as session:
        assert session.exec(select(PauseRow)).one().ended_at == NOW


def test_a_collector_is_assigned_to_the_customers_of_the_ticked_cases(browser: Browser) -> None:
    door = browser.door
    there = many(door)
    page = act(signed_in(browser), "F-1", "F-2", "G-1", act="assign", collector="claire@acme.example")
    assert 'Client et Fils</a> <span class="soft">2 dossiers ouverts' in page
    assert "déjà attribué ainsi" in page
    assert "2 dossiers changeront" in page
    assert "Attribués à claire@acme.example : 1." in confirm(browser)
    with transaction(door.book.engine) as session:
        found = {row.id: row.collector_email for row in session.exec(select(Customer))}
    assert found == dict.fromkeys((door.book.customer_id, there.customer_id), "claire@acme.example")


WRONG = [
    ({"act": "dance"}, "Choisissez une action"),
    ({"act": "pause", "until": "2026-03-10", "reason": "gardé"}, "Indiquez un jour à venir"),
    ({"act": "pause", "until": "demain", "reason": "gardé"}, "Indiquez un jour à venir"),
    ({"act": "pause", "until": "2999-01-01", "reason": "gardé"}, "dix ans au plus"),
    ({"act": "pause", "until": "2026-04-01", "reason": "x"}, "Indiquez un motif"),
    ({"act": "assign", "collector": "nobody@acme.example"}, "Choisissez une personne"),
]


def test_what_cannot_be_stays_on_the_form(browser: Browser) -> None:
    signed_in(browser)
    before = everything(browser.door.book.engine)
    for fields, said in WRONG:
        page = act(browser, "F-1", **fields)
        assert said in page
        assert 'name="case.0" value="F-1" checked' in page, "what was ticked is kept"
        assert fields.get("reason", "") in page
        assert "Cochez au moins un dossier" in act(browser, **fields)
    assert everything(browser.door.book.engine) == before | {
        "console_session": everything(browser.door.book.engine)["console_session"]
    }


def test_the_whole_page_is_ticked_by_a_link(browser: Browser) -> None:
    page = signed_in(browser).read(LIST)
    assert " checked" not in page
    page = browser.read(links(page)["Tout cocher sur cette page"])
    assert page.count(" checked") == 2
    assert " checked" not in browser.read(links(page)["Tout décocher"])


def test_who_may_only_look_ticks_nothing_and_is_refused(browser: Browser) -> None:
    page = signed_in(browser, "viewer").read(LIST)
    assert "checkbox" not in page
    before = everything(browser.door.book.engine)["fact"]
    given = {"case.0": "F-1", "act": "pause", "until": "2026-04-01", "reason": "inventaire", "confirm": "1"}
    assert browser.send("/console/acme/bulk", **given, form=str(uuid4())).status_code == 403
    assert browser.send("/console/acme/bulk/letters", confirm="1").status_code == 403
    assert everything(browser.door.book.engine)["fact"] == before


def test_to_another_company_nothing_of_it_is_there(browser: Browser) -> None:
    door = browser.door
    elsewhere = place(door, "other", "C-9", "Ailleurs")
    elsewhere.invoice("O-1", TODAY)
    browser.sign_in(add(door, "manager", ("other",)))
    exports = [f"{of}/{form}" for of in ("export", "ageing/export") for form in ("csv", "xlsx")]
    for path in ("cases", *exports, "ageing", "bulk/letters"):
        assert browser.get(f"/console/acme/{path}").status_code == 404, path
    browser.get("/console/other/cases")
    given = {"case.0": "F-1", "act": "pause", "until": "2026-04-01", "reason": "inventaire"}
    assert browser.send("/console/acme/bulk", **given).status_code == 404
    assert "F-1 : introuvable" in browser.send("/console/other/bulk", **given).text.replace("\u00a0", " ")
    given |= {"act": "assign", "collector": "collector@acme.example"}
    assert "Choisissez une personne" in browser.send("/console/other/bulk", **given).text


# ----------------------------------------------------------------------------------------------- letters


def waiting_letter(door: Door, number: str) -> Task:
    """A letter about an invoice that waits for an approval."""
    with transaction(door.book.engine) as session:
        contact = add_contact(session, door.book, "draft", {number: "formal_notice"}, channel="letter")
    task_id = asked(door, TaskKind.APPROVAL, None)
    with transaction(door.book.engine) as session:
        task = session.get_one(Task, task_id)
        task.contact_id = contact.id
        return task


def test_several_letters_are_listed_with_their_sums_and_approved_one_by_one(browser: Browser) -> None:
    door = browser.door
    letters = [waiting_letter(door, number) for number in ("F-1", "F-2")]
    signed_in(browser, "manager")
    assert "/console/acme/bulk/letters" in browser.read("/console/acme/approvals")
    browser.get("/console/acme/bulk/letters?tick=1")
    assert browser.seen[-1].count(" checked") == 2
    given = {f"letter.{index}": str(letter.id) for index, letter in enumerate(letters)}
    page = browser.send("/console/acme/bulk/letters", **given).text.replace("\u00a0", " ")
    assert "2 lettres partiront, pour 200,00 €" in page
    with transaction(door.book.engine) as session:
        assert {session.get_one(Task, letter.id).status for letter in letters} == {TaskStatus.OPEN}
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', browser.seen[-1]))
    answer = browser.client.post("/console/acme/bulk/letters", data={**fields, "confirm": "1"})
    assert "Lettres validées : 2." in answer.text.replace("\u00a0", " ")
    with transaction(door.book.engine) as session:
        done = [session.get_one(Task, letter.id) for letter in letters]
    assert {(task.status, task.outcome) for task in done} == {(TaskStatus.DONE, "approved")}


def test_a_letter_that_waits_no_more_is_not_approved(browser: Browser) -> None:
    signed_in(browser, "manager").get("/console/acme/bulk/letters")
    page = browser.send("/console/acme/bulk/letters", **{"letter.0": str(uuid4())})
    assert page.status_code == 422
    assert "Cochez au moins une lettre" in page.text
