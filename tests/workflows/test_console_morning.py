"""A manager's morning in a real browser, on skipped time: what she presses, and what the cases then do.

Skipped, visibly, where there is no Chromium.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from playwright.async_api import Page, async_playwright
from sqlalchemy import Engine
from sqlmodel import select

from activities.store.engine import transaction
from activities.store.users import add_user
from models.ids import bank_import_id
from models.tables import BankFile, Company, PaymentRow, PolicyRow, Task
from models.tables.words import ApiRole, TaskKind, TaskStatus
from pictures.browser import NAMES, OPTIONS
from tests.unit.bank_files.statements import ACCOUNT, Entry, camt
from tests.workflows.api_desk import ApiDesk, api_desk
from tests.workflows.world import World, world

CHROMIUM = next((path for name in NAMES if (path := shutil.which(name)) is not None), None)

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is on the PATH"),
]

EMAIL, PASSWORD = "helene@acme.example", "un mot de passe assez long"
CALLS = ("PROMISE", "DISPUTE", "SILENT")
"""Of a policy that calls three days after the due date."""


@asynccontextmanager
async def signed_in(it: World, desk: ApiDesk) -> AsyncIterator[Page]:
    """A browser in which the manager has signed in, on the morning."""
    with transaction(it.engine) as session:
        add_user(
            session,
            email=EMAIL,
            name="Hélène Faure",
            password=PASSWORD,
            role=ApiRole.MANAGER,
            # Policies are the installation's: whoever publishes one has all companies.
            companies=None,
            language="fr",
            now=await it.now(),
            who="test",
        )
    rootly = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=[*OPTIONS, *rootly])
        context = await browser.new_context(locale="fr-FR", base_url=str(desk.http.base_url))
        context.set_default_timeout(60_000)
        page = await context.new_page()
        await page.goto("/")
        await page.get_by_label("Adresse électronique").fill(EMAIL)
        await page.get_by_label("Mot de passe").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/acme/today")
        try:
            yield page
        finally:
            await browser.close()


async def test_a_managers_morning(engine: Engine) -> None:
    async with world(engine, datetime(2026, 6, 1, 22, 0, tzinfo=UTC)) as it, api_desk(it) as desk:
        it.approve_at_once = False
        for number in CALLS:
            await desk.invoice(number, "2026-05-30", policy="key_account")
        await desk.invoice(
            "NOTICE", "2026-05-13", policy="strict", last_step="reminder_2", last_contacted_on="2026-05-26"
        )
        for number in ("PLAN", "HOLD", "PAID"):
            await desk.invoice(number, "2026-05-30")
        with transaction(it.engine) as session:
            session.get_one(Company, it.company_id).iban = ACCOUNT
        await it.day("2026-06-02", 9, 31)
        async with signed_in(it, desk) as page:
            await _three_calls(it, desk, page)
            await _a_notice(it, desk, page)
            await _a_payment(it, desk, page)
            await _a_plan(desk, page)
            await _a_hold(it, desk, page)
            await _a_policy(it, desk, page)


async def _three_calls(it: World, desk: ApiDesk, page: Page) -> None:
    """One promises, one contests, one does not answer."""
    calls = page.locator("section[aria-labelledby=calls]")
    assert await calls.locator("tbody tr").count() == 3
    await _call(page, "PROMISE", "Promesse de règlement", {"Paiera le": "2026-06-12"})
    promised = await desk.status("PROMISE")
    assert (promised.paused_by, promised.next_step) == ("promise", None)
    await _call(page, "DISPUTE", "Contesté", {"Cause": "prix", "Note": "tarif de 2025"})
    assert (await desk.status("DISPUTE")).paused_by == "dispute"
    assert len(it.tasks(TaskKind.DISPUTE, TaskStatus.OPEN)) == 1, "somebody is asked who can settle it"
    await _call(page, "SILENT", "Pas de réponse", {})
    assert (await desk.status("SILENT")).paused_by is None
    (again,) = it.tasks(TaskKind.PHONE_CALL, TaskStatus.OPEN)
    assert str(again.due_on) == "2026-06-03", "it is to be tried again the next business day"


async def _call(page: Page, number: str, outcome: str, fields: dict[str, str]) -> None:
    """From the morning to the call's sheet, and back with what follows."""
    row = page.locator("section[aria-labelledby=calls] tbody tr").filter(has_text=f"Client {number}")
    await row.get_by_role("link", name="Appel").click()
    await page.wait_for_url("**/tasks/*")
    assert "+33 6 12 34 56 78" in await _text(page)
    answer = page.locator("details").filter(has=page.locator("summary", has_text=outcome)).first
    await answer.locator("summary").click()
    for label, value in fields.items():
        field = answer.get_by_label(label)
        if await field.evaluate("field => field.tagName") == "SELECT":
            await field.select_option(label=value)
        else:
            await field.fill(value)
    await answer.get_by_role("button", name="Enregistrer").click()
    await page.wait_for_url("**/today")
    said = await page.get_by_role("status").inner_text()
    assert outcome in said
    assert number in said


async def _a_notice(it: World, desk: ApiDesk, page: Page) -> None:
    """The formal notice is read as it will leave, and approved."""
    (asked,) = it.tasks(TaskKind.APPROVAL, TaskStatus.OPEN)
    await page.locator("section[aria-labelledby=approvals]").get_by_role("link", name="Validation").click()
    await page.wait_for_url(f"**/approvals/{asked.id}")
    assert "100,00 €" in await _text(page)
    await page.get_by_role("button", name="Valider").click()
    await page.wait_for_load_state()
    await desk.status("NOTICE")
    assert _closed(it, asked).outcome == "approved"
    (letter,) = [line for line in it.told() if "formal_notice" in line]
    assert letter.endswith("formal_notice letter NOTICE")


async def _a_payment(it: World, desk: ApiDesk, page: Page) -> None:
    """A statement is dropped; its transfer from nobody known is allocated by hand, and closes the case."""
    await page.goto("/console/acme/imports")
    statement = camt([Entry("100.00", "2026-06-01", text="VIREMENT", name="QUI DONC")])
    await page.get_by_label("Fichier (à glisser").set_input_files(
        {"name": "releve.xml", "mimeType": "application/xml", "buffer": statement}
    )
    await page.get_by_role("button", name="Voir ce qu’il changerait").click()
    await page.get_by_role("button", name="Importer le relevé").click()
    await page.wait_for_url("**/imports/bank/**")
    with transaction(it.engine) as session:
        file = session.exec(select(BankFile)).one()
    with it.env.auto_time_skipping_disabled():
        await it.env.client.get_workflow_handle(bank_import_id("acme", file.content_hash)).result()
    await page.goto("/console/acme/bank-lines?state=unallocated")
    await page.get_by_role("link", name="QUI DONC").click()
    await page.get_by_label("Client (nom").fill("Client PAID")
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Client PAID").click()
    await page.get_by_role("button", name="Voir l’effet").first.click()
    await page.get_by_role("heading", name="Ce qui change").wait_for()
    assert not (await desk.status("PAID")).closed, "looking changes nothing"
    await page.get_by_role("button", name="Confirmer").click()
    await page.wait_for_url("**/bank-lines")
    assert (await desk.status("PAID")).closed
    with transaction(it.engine) as session:
        assert [row.amount for row in session.exec(select(PaymentRow))] == [Decimal(100)]


async def _a_plan(desk: ApiDesk, page: Page) -> None:
    """Two equal parts, seen before they are agreed."""
    await page.goto("/console/acme/cases/PLAN")
    await page.get_by_role("link", name="Échéancier").click()
    await page.get_by_label("Nombre de parts").fill("2")
    await page.get_by_label("La première le").fill("2026-06-12")
    await page.get_by_role("button", name="Répartir").click()
    await _confirmed(page, "cases/PLAN")
    assert (await desk.status("PLAN")).paused_by == "plan"
    told = await desk.ask("GET", "cases/PLAN", status=200)
    (plan,) = told["promises"]
    assert [part["amount"] for part in plan["instalments"]] == ["50.00", "50.00"]


async def _a_hold(it: World, desk: ApiDesk, page: Page) -> None:
    """Deliveries stop, and the sales representative is told."""
    await page.goto("/console/acme/customers/C-HOLD")
    await page.get_by_role("link", name="Bloquer les livraisons").click()
    await _confirmed(page, "customers/C-HOLD")
    await desk.status("HOLD")
    told = await desk.ask("GET", "customers/C-HOLD", status=200)
    assert [hold["invoices"] for hold in told["holds"]] == [["HOLD"]]
    mails = [m for m in it.sandbox.messages() if "sam@acme.example" in m.recipients]
    assert any("HOLD" in (m.text or "") for m in mails)


async def _confirmed(page: Page, back_at: str) -> None:
    await page.get_by_role("button", name="Voir l’effet").click()
    await page.get_by_text("Rien n’est encore enregistré").wait_for()
    await page.get_by_role("button", name="Confirmer").click()
    await page.wait_for_url(f"**/{back_at}")


async def _a_policy(it: World, desk: ApiDesk, page: Page) -> None:
    """A later second reminder is tried out on what runs, then published; the next case follows it."""
    await page.goto("/console/acme/policies/standard/dry-run")
    text = await page.get_by_role("textbox", name="Texte modifié").input_value()
    changed = text.replace("offset_days = 15", "offset_days = 20")
    assert changed != text
    await page.get_by_role("textbox", name="Texte modifié").fill(changed)
    await page.get_by_role("button", name="Essayer à blanc").click()
    await page.get_by_role("heading", name="Contacts par jour").wait_for()
    await page.get_by_role("button", name="Publier la version 2").click()
    await page.wait_for_url("**/policies/standard")
    await desk.invoice("NEXT", "2026-06-30")
    assert (await desk.status("NEXT")).policy == "standard@2"
    assert (await desk.status("HOLD")).policy == "standard@1", "what runs keeps the edition it began with"
    with transaction(it.engine) as session:
        assert session.get_one(PolicyRow, ("standard", 2)).toml == changed


async def _text(page: Page) -> str:
    """What the page says, with plain spaces."""
    return (await page.locator("main").inner_text()).replace("\u00a0", " ").replace("\u202f", " ")


def _closed(it: World, asked: Task) -> Task:
    (found,) = [task for task in it.tasks(TaskKind.APPROVAL, TaskStatus.DONE) if task.id == asked.id]
    return found
