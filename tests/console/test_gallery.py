"""The gallery shows what today's sources make."""

from __future__ import annotations

from pathlib import Path

import pytest

from admin.console.pages import ROUTES
from pictures.gallery.book import MANIFEST, differences
from pictures.gallery.pages import PAGES

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"


def test_the_gallery_is_up_to_date() -> None:
    assert differences(GALLERY) == [], "make gallery"


def test_what_is_old_or_missing_or_too_much_is_named(tmp_path: Path) -> None:
    gallery = tmp_path / "gallery"
    for path in GALLERY.rglob("*"):
        if path.is_file():
            copy = gallery / path.relative_to(GALLERY)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    (gallery / "messages/fr/thank_you.txt").write_text("Merci\n", encoding="utf-8")
    (gallery / "messages/en/thank_you.html").unlink()
    (gallery / "pages/fr/today-phone.webp").unlink()
    (gallery / "pages/fr/gone-phone.webp").write_bytes(b"")
    (gallery / MANIFEST).write_text("{}", encoding="utf-8")
    assert sorted(name for name, _ in differences(gallery)) == [
        "messages/en/thank_you.html",
        "messages/fr/thank_you.txt",
        "pages/fr/gone-phone.webp",
        "pages/fr/today-phone.webp",
        MANIFEST,
    ]


NO_PAGE = frozenset(
    {
        # Tables, files, and ways that only lead on.
        *("case_export", "ageing_export", "trial_export", "message_file", "message_html"),
        *("policy_file", "line_of_task"),
        # Of somebody who has several companies; the demonstration has one.
        "home",
        # It has a name of its own there.
        "sign_in_page",
    }
)


def test_every_page_is_in_it() -> None:
    pages = {endpoint.__name__ for method, _, endpoint in ROUTES if method == "GET"} - NO_PAGE
    shown = {shot.shows for shot in PAGES}
    assert pages - shown == set(), "say in pictures.gallery.pages how it is come to"
    assert shown <= {endpoint.__name__ for _, _, endpoint in ROUTES}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_message_is_in_it(language: str) -> None:
    names = {path.stem for path in (GALLERY / "messages" / language).iterdir()}
    assert {"courteous_reminder", "firm_reminder", "formal_notice", "sms_reminder"} <= names
