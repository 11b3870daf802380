"""The gallery's pages: the console of a demonstration that is up, on a desktop and on a telephone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from admin.console.render import PREFIX, ROOT
from admin.demo.manager import EMAIL
from admin.demo.portfolio import COMPANY
from admin.stack.up import Stack
from pictures.browser import Camera, chromium
from rules.calendar import business_calendar

FOLDER: Final = "pages"
WIDTHS: Final = {"desktop": 1280, "phone": 390}
_HEIGHT: Final = 900


@dataclass(frozen=True, slots=True)
class Shot:
    """A page of the gallery, and how it is come to.

    `shows` is the console's function that makes it. `path` is below the company; `click` is what is followed
    there; `act` is what is done there.
    """

    name: str
    shows: str
    path: str
    click: str | None = None
    act: Callable[[Page], None] | None = None


def _preview_plan(page: Page) -> None:
    _press(page, "/act/plan")


def _preview_bulk(page: Page) -> None:
    form = page.locator("form[action$='/bulk']")
    form.locator("select[name=act]").select_option("pause")
    form.locator("input[name=until]").fill(str(_today() + timedelta(days=21)))
    form.locator("input[name=reason]").fill("Avenant en cours de signature")
    form.locator("button").click()


def _drop(page: Page) -> None:
    """A list of open items: two invoices more, and one that is known."""
    due = {"FA-2618;3275,60": 42, "FA-2701;1180,00": -9, "FA-2702;96,40": -21}
    lines = ["Client;Nom;Date facture;Échéance;Facture;Reste dû"]
    for item, late in due.items():
        day = _today() - timedelta(days=late)
        lines.append(f"C-105;Imprimerie Roux;{day - timedelta(days=30)};{day};{item}")
    page.locator("input[type=file]").set_input_files(
        {"name": "balance.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    )
    page.locator("form[enctype] button").click()


def _today() -> date:
    """The demonstration's day."""
    calendar = business_calendar("FR", None)
    return calendar.first_business_day(calendar.local_day(datetime.now(UTC)))


def _change_policy(page: Page) -> None:
    _change(page)
    _press(page, "/dry-run")


def _try_policy(page: Page) -> None:
    """On the whole of a portfolio that a dry run would cover by itself."""
    _change(page)
    page.evaluate("""() => {
        const form = document.querySelector("form[action$='/dry-run']");
        form.action = form.action.replace("dry-run", "trials");
    }""")
    _press(page, "/trials")
    page.locator("section[aria-labelledby=by-day]").wait_for()


def _change(page: Page) -> None:
    """The second reminder comes five days later."""
    text = page.locator("#toml")
    text.fill(text.input_value().replace("offset_days = 15", "offset_days = 20"))


def _press(page: Page, action: str) -> None:
    page.locator(f"form[action$='{action}'] button.act").last.click()


PAGES: Final[tuple[Shot, ...]] = (
    Shot("today", "today", "today"),
    Shot("tasks", "task_list", "tasks"),
    Shot("call", "task_page", "today", click="section[aria-labelledby=calls] a[href*='/tasks/']"),
    Shot("approvals", "approval_list", "approvals"),
    Shot("approval", "approval_page", "today", click="section[aria-labelledby=approvals] a[href*='/tasks/']"),
    Shot("letters", "letters", "bulk/letters"),
    Shot("portfolio", "case_list", "cases"),
    Shot("bulk", "act", "cases?q=boulangeries&tick=1", act=_preview_bulk),
    Shot("ageing", "ageing_page", "ageing"),
    Shot("case", "case_page", "cases/FA-2618"),
    Shot("case-timeline", "case_history", "cases/FA-2618/timeline"),
    Shot("case-policies", "case_policies", "cases/FA-2618/policies"),
    Shot("plan", "case_act", "cases/FA-2618/act/plan?parts=3&first=2027-01-15"),
    Shot("plan-preview", "tell_case", "cases/FA-2618/act/plan?parts=3&first=2027-01-15", act=_preview_plan),
    Shot("customer", "customer_page", "customers/C-106"),
    Shot("customer-timeline", "customer_history", "customers/C-106/timeline"),
    Shot("customer-messages", "customer_messages", "customers/C-106/messages"),
    Shot("message", "message_page", "customers/C-106/messages", click="main a[href*='/messages/']"),
    Shot("hold", "customer_act", "customers/C-106/act/hold"),
    Shot("imports", "import_list", "imports"),
    Shot("import-preview", "file_preview", "imports", act=_drop),
    Shot("bank-file", "bank_file_page", "imports", click="a[href*='/imports/bank/']"),
    Shot("bank-lines", "line_list", "bank-lines"),
    Shot("bank-line", "line_page", "bank-lines", click="main a[href*='/bank-lines/']"),
    Shot("policies", "policy_list", "policies"),
    Shot("policy", "policy_page", "policies/standard"),
    Shot("policy-text", "dry_run_form", "policies/standard/dry-run"),
    Shot("policy-dry-run", "try_out", "policies/standard/dry-run", act=_change_policy),
    Shot("policy-trial", "trial_page", "policies/standard/dry-run", act=_try_policy),
)


def page_files(language: str) -> Iterator[str]:
    """The pictures there are in a language."""
    for name in ("sign-in", *(shot.name for shot in PAGES)):
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
        for shot in PAGES:
            page.goto(f"{base}/{COMPANY}/{shot.path}")
            if shot.click is not None:
                page.locator(shot.click).first.click()
            if shot.act is not None:
                shot.act(page)
            page.wait_for_load_state()
            _take(page, camera, folder, shot.name)


def _take(page: Page, camera: Camera, folder: Path, name: str) -> None:
    for width, pixels in WIDTHS.items():
        page.set_viewport_size({"width": pixels, "height": _HEIGHT})
        page.wait_for_load_state("networkidle")
        camera.take(folder / f"{name}-{width}.webp")
