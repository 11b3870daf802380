"""A changed policy in a real browser: a file is chosen, tried out and published as it is, byte for byte."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page

from activities.store.engine import transaction
from admin.console.pages import policy_trials as pages
from admin.queries.dry_run import Bounds, dry_run
from models.tables import PolicyRow
from tests.api.conftest import Door
from tests.api.workers import portfolio, step, steps
from tests.console.conftest import PASSWORD
from tests.console.test_browser import WITHOUT, open_site, page, site, without_fault
from tests.console.test_policies import LATER, chief

__all__ = ["page", "site"]

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(WITHOUT, reason="no Chromium is on the PATH"),
]


def test_a_file_is_tried_out_and_published_as_it_is(
    site: tuple[str, Door], page: Page, tmp_path: Path
) -> None:
    address, door = site
    email = chief(door)
    file = tmp_path / "later.toml"
    file.write_text(LATER, encoding="utf-8")
    open_site(page, address)
    page.get_by_label("Adresse électronique").fill(email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/today")
    page.goto(f"{address}/console/acme/policies/standard")
    page.get_by_role("link", name="Modifier et essayer à blanc").click()
    page.wait_for_url("**/dry-run")
    without_fault(page)
    page.get_by_role("textbox", name="Texte modifié").fill("nonsense")
    page.get_by_role("button", name="Essayer à blanc").click()
    page.get_by_role("alert").wait_for()
    without_fault(page)
    page.get_by_label("ou choisir un fichier").set_input_files(file)
    page.wait_for_function("document.getElementById('toml').value.includes('offset_days = 20')")
    page.get_by_role("button", name="Essayer à blanc").click()
    page.get_by_role("heading", name="Contacts par jour").wait_for()
    without_fault(page)
    page.get_by_role("button", name="Publier la version 2").click()
    page.wait_for_url("**/policies/standard")
    assert "Version 2 publiée" in page.get_by_role("status").inner_text()
    with transaction(door.book.engine) as session:
        assert session.get_one(PolicyRow, ("standard", 2)).toml == LATER


def test_a_trial_on_the_whole_portfolio_is_followed_until_its_end(
    site: tuple[str, Door], page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, door = site
    portfolio(door)
    monkeypatch.setattr(pages, "dry_run", partial(dry_run, bounds=Bounds(customers=2)))
    email = chief(door)
    open_site(page, address)
    page.get_by_label("Adresse électronique").fill(email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/today")
    page.goto(f"{address}/console/acme/policies/standard/dry-run")
    page.get_by_role("button", name="Essayer à blanc").click()
    without_fault(page)
    page.get_by_role("button", name="Lancer l’essai complet").click()
    page.wait_for_url("**/trials/*")
    assert page.get_by_role("progressbar").get_attribute("value") == "0"
    without_fault(page)
    trial = page.url.rpartition("/")[2]
    step(door, trial)
    page.get_by_text("2 clients examinés sur 6").wait_for()
    list(steps(door, trial))
    # Nobody presses anything: the page looks by itself.
    page.get_by_role("heading", name="Contacts par jour").wait_for()
    without_fault(page)
    page.get_by_role("link", name="standard, version 1").click()
    page.get_by_role("heading", name="Essais à blanc sur tout le portefeuille").wait_for()
    without_fault(page)
