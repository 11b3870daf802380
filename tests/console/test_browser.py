"""The console in a real browser: a collector's call and a manager's morning, without an accessibility fault.

Skipped, visibly, where there is no Chromium.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from typing import cast

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Error, Page
from sqlalchemy import Engine
from sqlmodel import select

from activities.envelope import Envelope, keep
from activities.matching import match_lines
from activities.outbox import Courier
from activities.settings import Settings
from activities.store.engine import transaction
from admin.api.app import create_app
from admin.api.context import Api
from admin.queries.case import get_case
from admin.stack.ports import free_port
from models.tables import BankFile, BankLine, Company
from models.tables.words import TaskStatus
from pictures.browser import NAMES, chromium
from tests.api.books import place
from tests.api.conftest import Door, Noted, StillClock
from tests.api.test_bank_files import work
from tests.console.conftest import PASSWORD, add
from tests.console.test_bulk import waiting_letter
from tests.console.test_imports import LIST
from tests.console.test_pages import asked, task
from tests.fixtures.ledger import NOW, add_message, make_book
from tests.unit.bank_files.statements import ACCOUNT, Entry, camt

HTML = '<!doctype html><html lang="fr"><head><title>F</title></head><body><p>Bonjour Durand</p></body></html>'

WITHOUT = all(shutil.which(name) is None for name in NAMES)

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(WITHOUT, reason="no Chromium is on the PATH"),
]

PAGES = (
    "cases/F-1",
    "customers/C-1",
    "cases",
    "approvals",
    "imports",
    "bank-lines",
    "policies",
    "policies/standard",
    "cases/F-1/act/plan?parts=2&first=2026-04-01",
    "cases/F-1/policies",
    "cases/F-1/timeline",
    "customers/C-1/act/hold",
    "customers/C-1/act/contact",
    "customers/C-1/messages",
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture
def site(engine: Engine) -> Iterator[tuple[str, Door]]:
    """The console at an address of its own, over a ledger of one company."""
    book, clock, courier = make_book(engine), StillClock(NOW), Noted()
    api = Api(engine, clock, cast(Courier, courier), Settings())
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(api), "127.0.0.1", port, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    door = Door(book, cast("object", None), clock, courier)  # type: ignore[arg-type]  # no client: a browser
    try:
        yield f"http://127.0.0.1:{port}", door
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of a fresh browser that takes nothing from elsewhere."""
    with chromium("fr-FR") as fresh:
        yield fresh


def open_site(page: Page, address: str) -> None:
    """The first page, as soon as the server answers."""
    for _ in range(200):
        try:
            page.goto(f"{address}/console")
        except Error as error:
            if "ERR_CONNECTION_REFUSED" not in str(error):
                raise
            page.wait_for_timeout(50)
        else:
            return
    raise AssertionError(f"nothing answers at {address}")


def without_fault(page: Page) -> None:
    """No rule of WCAG 2.2 AA that a program can check is broken, on a desktop and on a phone."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
        assert found.violations_count == 0, (page.url, width, found.generate_report())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_call_is_made_in_the_browser_and_the_ledger_says_the_same(
    site: tuple[str, Door], page: Page
) -> None:
    address, door = site
    email, call = add(door, "collector"), asked(door)
    elsewhere: list[str] = []
    faults: list[str] = []
    page.on(
        "request", lambda request: None if request.url.startswith(address) else elsewhere.append(request.url)
    )
    page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    open_site(page, address)
    without_fault(page)
    page.get_by_label("Adresse électronique").fill(email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/today")
    without_fault(page)

    # By the keyboard alone: to the tasks, to the call, to its answer.
    page.keyboard.press("g")
    page.keyboard.press("k")
    page.wait_for_url("**/tasks")
    without_fault(page)
    page.get_by_role("link", name="Appel", exact=True).press("Enter")
    page.wait_for_url(f"**/tasks/{call}")
    without_fault(page)
    page.get_by_text("Promesse de règlement").press("Enter")
    page.get_by_label("Paiera le").fill("2026-03-20")
    page.get_by_role("button", name="Enregistrer").and_(page.locator(":visible")).press("Enter")
    page.wait_for_url("**/today")
    said = page.get_by_role("status").inner_text()
    assert "Promesse de règlement" in said
    assert "en pause" in said
    page.reload()
    assert page.get_by_role("status").count() == 0, "it is said once"

    assert task(door, call).status == TaskStatus.DONE
    with transaction(door.book.engine) as session:
        case = get_case(session, door.book.company_id, "acme", "F-1", Settings(), NOW)
    assert (case.decision.state, case.decision.paused_by) == ("paused", "promise")
    for path in PAGES:
        page.goto(f"{address}/console/acme/{path}")
        without_fault(page)

    # An act is seen before it is told, and taken back by one press.
    page.goto(f"{address}/console/acme/cases/F-2")
    page.get_by_role("link", name="Suspendre les relances").press("Enter")
    page.get_by_label("Motif").fill("salon")
    page.get_by_role("button", name="Voir l’effet").press("Enter")
    page.get_by_text("Rien n’est encore enregistré").wait_for()
    without_fault(page)
    page.get_by_role("button", name="Confirmer").press("Enter")
    page.wait_for_url("**/cases/F-2")
    page.get_by_role("link", name="Retirer Relances suspendues").press("Enter")
    page.get_by_role("button", name="Confirmer").press("Enter")
    page.wait_for_url("**/cases/F-2")
    assert "retrait" in page.get_by_role("status").inner_text()
    page.keyboard.press("/")
    page.keyboard.type("F-1")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"q=F-1"))
    assert page.get_by_role("link", name="F-1", exact=True).count() == 1
    assert (elsewhere, faults) == ([], [])


def test_a_letter_a_message_and_what_is_not_there_are_for_everybody_to_read(
    site: tuple[str, Door], page: Page
) -> None:
    address, door = site
    place(door, "other", "C-9", "Ailleurs")
    email, letter = add(door, "manager", ("acme", "other")), waiting_letter(door, "F-1")
    with transaction(door.book.engine) as session:
        message = add_message(session, door.book, None, "sent")
        told = Envelope(
            channel="email",
            to_address="compta@client.example",
            subject="Facture F-1",
            text="Bonjour",
            html=HTML,
        )
        message.content_hash, message.sent_at = keep(session, told), NOW
        message_id = message.id
    open_site(page, address)
    page.get_by_label("Adresse électronique").fill(email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Se déconnecter").wait_for()
    without_fault(page)
    for path, said in (
        (f"approvals/{letter.id}", "Valider"),
        (f"messages/{message_id}", "Client et Fils"),
        ("customers/C-1/timeline", "Client et Fils"),
        ("ageing?by=segment", "Balance âgée"),
        ("cases/NOWHERE", "n’existe pas"),
    ):
        page.goto(f"{address}/console/acme/{path}")
        assert said in page.inner_text("main"), path
        without_fault(page)
    page.goto(f"{address}/console/acme/messages/{message_id}")
    page.frame_locator("iframe.mail").get_by_text("Bonjour Durand").wait_for()


def test_a_file_is_dropped_previewed_and_taken_in_the_browser(site: tuple[str, Door], page: Page) -> None:
    address, door = site
    with transaction(door.book.engine) as session:
        session.get_one(Company, door.book.company_id).iban = ACCOUNT
    faults: list[str] = []
    page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    open_site(page, address)
    page.get_by_label("Adresse électronique").fill(add(door, "collector"))
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/today")

    def drop(name: str, content: bytes) -> None:
        page.goto(f"{address}/console/acme/imports")
        page.get_by_label("Fichier (à glisser").set_input_files(
            {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        )
        page.get_by_role("button", name="Voir ce qu’il changerait").click()
        page.wait_for_url("**/imports/preview?**")
        without_fault(page)

    drop("balance.csv", LIST)
    page.get_by_role("button", name="Confirmer l’import").click()
    page.wait_for_url("**/imports")
    assert "nouvelles 1" in page.get_by_role("status").inner_text()
    without_fault(page)
    drop("releve.xml", camt([Entry("130.00", text="VIREMENT", name="QUI DONC")]))
    page.get_by_role("button", name="Importer le relevé").click()
    page.wait_for_url("**/imports/bank/**")
    without_fault(page)
    # The page follows the import by itself.
    with transaction(door.book.engine) as session:
        file = session.exec(select(BankFile)).one()
        line = session.exec(select(BankLine)).first()
    assert line is None
    work(door, str(file.id))
    page.get_by_text("importé", exact=True).wait_for()
    with transaction(door.book.engine) as session:
        match_lines(session, door.book.company_id, [session.exec(select(BankLine.id)).one()], NOW)
    page.goto(f"{address}/console/acme/bank-lines?state=unallocated")
    without_fault(page)
    page.get_by_role("link", name="QUI DONC").click()
    page.get_by_label("Client (nom").fill("fils")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Client et Fils").click()
    page.get_by_role("heading", name="Client et Fils").wait_for()
    without_fault(page)
    page.get_by_role("button", name="Voir l’effet").first.click()
    page.get_by_role("heading", name="Ce qui change").wait_for()
    without_fault(page)
    page.get_by_role("button", name="Confirmer").click()
    page.wait_for_url("**/bank-lines")
    assert "Règlement affecté" in page.get_by_role("status").inner_text()
    assert faults == []
