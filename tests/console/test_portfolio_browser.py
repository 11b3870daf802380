"""The portfolio in a real browser: cases are ticked, the effect read and confirmed, without a fault."""

from __future__ import annotations

from playwright.sync_api import Page
from sqlmodel import select

from activities.store.engine import transaction
from models.tables import PauseRow
from tests.api.conftest import Door
from tests.console.conftest import PASSWORD, add
from tests.console.test_browser import open_site, page, pytestmark, site, without_fault
from tests.console.test_portfolio import many

__all__ = ["page", "pytestmark", "site"]


def test_cases_are_paused_from_the_list_in_the_browser(site: tuple[str, Door], page: Page) -> None:
    address, door = site
    many(door)
    open_site(page, address)
    page.get_by_label("Adresse électronique").fill(add(door, "manager"))
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/today")
    for path in (
        *("ageing", "ageing?by=invoice&on=2026-03-05", "ageing?by=bucket", "ageing?on=2999-01-01"),
        *("bulk/letters", "cases?state=paused&sort=due_on", "cases?open=false"),
    ):
        page.goto(f"{address}/console/acme/{path}")
        without_fault(page)
    page.goto(f"{address}/console/acme/cases?currency=EUR")
    page.get_by_text("Filtrer").click()
    without_fault(page)
    page.get_by_label("Cocher F-1").check()
    page.get_by_label("Cocher F-2").check()
    page.get_by_role("button", name="Voir l’effet").click()
    assert "jour à venir" in page.locator(".error").inner_text()
    without_fault(page)
    page.get_by_label("Jusqu’au").fill("2026-04-01")
    page.get_by_label("Motif").fill("inventaire")
    page.get_by_role("button", name="Voir l’effet").click()
    assert "2 dossiers changeront" in page.inner_text("main")
    without_fault(page)
    page.get_by_role("button", name="Confirmer").click()
    page.wait_for_url("**/cases?currency=EUR")
    assert "Mis en pause jusqu’au 01/04/2026" in page.get_by_role("status").inner_text()
    with transaction(door.book.engine) as session:
        assert len(session.exec(select(PauseRow)).all()) == 2
