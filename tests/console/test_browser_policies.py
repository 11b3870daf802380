"""A changed policy in a real browser: a file is chosen, tried out and published as it is, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from activities.store.engine import transaction
from models.tables import PolicyRow
from tests.api.conftest import Door
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
