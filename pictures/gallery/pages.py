"""The gallery's pages: the console of a demonstration that is up, on a desktop and on a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from admin.console.render import PREFIX, ROOT
from admin.demo.manager import EMAIL
from admin.demo.portfolio import COMPANY
from admin.stack.up import Stack
from pictures.browser import Camera, chromium

FOLDER: Final = "pages"
WIDTHS: Final = {"desktop": 1280, "phone": 390}
_HEIGHT: Final = 900

# Name in the gallery, and either a path below the company or the link on today's page that leads there.
PAGES: Final[tuple[tuple[str, str], ...]] = (
    ("today", "today"),
    ("tasks", "tasks"),
    ("call", "section[aria-labelledby=calls] a[href*='/tasks/']"),
    ("approvals", "approvals"),
    ("approval", "section[aria-labelledby=approvals] a[href*='/tasks/']"),
    ("portfolio", "cases"),
    ("ageing", "ageing"),
    ("case", "cases/FA-2618"),
    ("customer", "customers/C-106"),
    ("plan", "cases/FA-2618/act/plan?parts=3&first=2027-01-15"),
    ("imports", "imports"),
    ("bank-lines", "bank-lines"),
    ("policies", "policies"),
    ("policy", "policies/standard"),
)


def page_files(language: str) -> Iterator[str]:
    """The pictures there are in a language."""
    for name in ("sign-in", *(name for name, _ in PAGES)):
        for width in WIDTHS:
            yield f"{FOLDER}/{language}/{name}-{width}.webp"


def console_sources() -> str:
    """SHA-256 of all that the console's pages are made of: another one, and the pictures are old."""
    digest = sha256()
    for path in sorted(ROOT.rglob("*")):
        if path.is_file() and path.suffix in {".html", ".css", ".js", ".svg", ".py"}:
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def take_pages(stack: Stack, out: Path, password: str, language: str) -> None:
    """Write the pictures of one language into `out`.

    Args:
        stack: the demonstration that is up.
        out: the gallery's folder.
        password: of the demonstration's manager.
        language: `fr` or `en`; hers is changed to it.
    """
    base = f"{stack.api_url}{PREFIX}"
    folder = out / FOLDER / language
    folder.mkdir(parents=True, exist_ok=True)
    with chromium(f"{language}-{'FR' if language == 'fr' else 'GB'}") as page:
        camera = Camera(page)
        page.goto(base)
        _take(page, camera, folder, "sign-in")
        page.locator("input[name=email]").fill(EMAIL)
        page.locator("input[name=password]").fill(password)
        page.keyboard.press("Enter")
        page.wait_for_url("**/today")
        if page.locator("html").get_attribute("lang") != language:
            page.locator(f"form[action='{PREFIX}/language'] button").click()
            page.wait_for_load_state()
        for name, where in PAGES:
            if where[0].islower() and "[" not in where:
                page.goto(f"{base}/{COMPANY}/{where}")
            else:
                page.goto(f"{base}/{COMPANY}/today")
                page.locator(where).first.click()
                page.wait_for_load_state()
            _take(page, camera, folder, name)


def _take(page: Page, camera: Camera, folder: Path, name: str) -> None:
    for width, pixels in WIDTHS.items():
        page.set_viewport_size({"width": pixels, "height": _HEIGHT})
        page.wait_for_load_state("networkidle")
        camera.take(folder / f"{name}-{width}.webp")
