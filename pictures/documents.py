"""Make the pictures of the documents: `python -m pictures.documents --out docs/images`.

A fresh demonstration is run in a temporary folder; what its terminal says becomes `demo.svg`, and a
headless Chromium takes the rest from the sandbox inbox and the Temporal UI while it is up.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Page
from rich.console import Console
from rich.terminal_theme import MONOKAI

from admin.demo.manager import PASSWORD_FILE
from admin.demo.show import DEFAULT_FOLDER, run, show
from admin.stack.datafolder import DataFolder, kept_secret
from admin.stack.errors import StackError
from admin.stack.up import Stack
from models.ids import CASE_WORKFLOW, SearchAttribute, case_id
from pictures.browser import chromium, find_chromium, show_page, wait_for_text

TERMINAL_COLUMNS: Final = 108
_LOOKS: Final = 300
"""Looks at a page, ten a second, until what is waited for is there."""
COLUMNS: Final = (
    "Workflow ID",
    SearchAttribute.CASE_STAGE,
    SearchAttribute.OUTSTANDING,
    SearchAttribute.CURRENCY,
    SearchAttribute.NEXT_ACTION_AT,
    SearchAttribute.PAUSED_BY,
    SearchAttribute.POLICY,
)
"""Columns of the list of cases; the UI's own choice leaves our search attributes out."""

# An invoice whose call has just been made, and the readers of a French and an English message.
CALLED: Final = ("brunet", "FA-2618")
READERS: Final = {"fr": "comptabilite@martin-et-fils.example", "en": "comptabilite@kestrel-studio.example"}


def take(stack: Stack, out: Path) -> None:
    """Take every picture of a demonstration that is up into the folder `out`.

    Raises:
        StackError: no Chromium, the stack has no UI of its own, or a page does not show what it should.
    """
    if stack.sandbox_url is None or stack.temporal_ui is None:
        raise StackError("pictures are taken of the local stack: unset TEMPORAL_ADDRESS and provider keys")
    terminal = Console(
        record=True, width=TERMINAL_COLUMNS, file=io.StringIO(), force_terminal=False, highlight=False
    )
    terminal.print("[dim]$[/] make demo")
    show(stack, terminal)
    password = kept_secret(stack.folder.run / PASSWORD_FILE)
    (out / "demo.svg").write_text(terminal_svg(terminal).replace(password, "…"), encoding="utf-8")
    with chromium() as page:
        for language, reader in READERS.items():
            _message(page, stack.sandbox_url, language, reader, out / f"email-{language}.png")
        _sms(page, stack.sandbox_url, out / "sms-fr.png")
        _cases(page, stack.temporal_ui, out / "temporal-cases.png")
        _case(page, stack.temporal_ui, out)


def _message(page: Page, inbox: str, language: str, reader: str, path: Path) -> None:
    found = _messages(inbox, {"to": reader, "channel": "email", "order": "oldest"})
    show_page(page, f"{inbox}/messages/{found[0]['id']}?lang={language}", 1240, 1060)
    wait_for_text(page, reader, str(found[0]["subject"]))
    # The message itself is a frame of its own.
    page.wait_for_function("[...document.querySelectorAll('iframe')].every(f => f.clientHeight > 300)")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=path)


def _sms(page: Page, inbox: str, path: Path) -> None:
    found = _messages(inbox, {"channel": "sms"})
    show_page(page, f"{inbox}/messages/{found[0]['id']}?lang=fr&channel=sms", 1240, 760)
    wait_for_text(page, str(found[0]["text"])[:20])
    page.screenshot(path=path)


def _messages(inbox: str, wanted: dict[str, str]) -> list[dict[str, object]]:
    with urllib.request.urlopen(f"{inbox}/api/messages?{urlencode(wanted)}", timeout=10) as answer:  # noqa: S310 - the sandbox's own http address
        found: list[dict[str, object]] = json.load(answer)["messages"]
    if not found:
        raise StackError(f"the sandbox inbox has no message for {wanted}")
    return found


def _cases(page: Page, ui: str, path: Path) -> None:
    """The list of cases, with our search attributes as columns."""
    address = f"{ui}/namespaces/default/workflows"
    show_page(page, address, 1540, 900)
    wait_for_text(page, "Workflow ID")
    kept = json.dumps({"default": [{"label": str(name)} for name in COLUMNS]})
    page.evaluate(f"localStorage.setItem('namespace-workflow-table-columns', {json.dumps(kept)})")
    only_cases = quote(f'`WorkflowType`="{CASE_WORKFLOW}"')
    show_page(page, f"{address}?query={only_cases}", 1540, 900)
    wait_for_text(page, SearchAttribute.CASE_STAGE, SearchAttribute.POLICY, "standard@")
    page.screenshot(path=path)


def _case(page: Page, ui: str, out: Path) -> None:
    """One case: its timeline, and the card that says where it stands."""
    company, number = CALLED
    show_page(
        page, f"{ui}/namespaces/default/workflows/{quote(case_id(company, number), safe='')}", 1400, 1000
    )
    page.wait_for_url("**/timeline")
    wait_for_text(page, "formal_notice by letter")
    page.screenshot(path=out / "temporal-case.png")
    show_page(page, page.url.replace("/timeline", "/user-metadata"), 1400, 800)
    # The UI renders Markdown in frames of their own. Its page forbids to wait by an expression.
    for _ in range(_LOOKS):
        if page.locator("iframe").evaluate_all("frames => frames.some(each => each.clientHeight > 200)"):
            break
        page.wait_for_timeout(100)
    else:
        raise StackError("the Temporal UI does not show the case's card")
    # It keeps asking its server, so it is never idle; the frames are drawn by now.
    page.wait_for_timeout(500)
    page.screenshot(path=out / "temporal-card.png")


def terminal_svg(console: Console) -> str:
    """What a recording console has shown, as an SVG that refers to nothing outside itself."""
    svg = console.export_svg(title="make demo", theme=MONOKAI, unique_id="relance-demo")
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a demonstration and take its pictures; the exit status is 0, or 1 with the reason told."""
    parser = argparse.ArgumentParser(prog="python -m pictures.documents", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/images"), help="folder of the pictures")
    out: Path = parser.parse_args(arguments).out.absolute()
    try:
        find_chromium()
        out.mkdir(parents=True, exist_ok=True)
        # Run where paths are short: the terminal shows them.
        with tempfile.TemporaryDirectory(prefix="relance-shots-") as folder, contextlib.chdir(folder):
            # PostgreSQL may run as another user, who passes through here to its data.
            Path(folder).chmod(0o711)
            run(DataFolder(DEFAULT_FOLDER), once=True, after=lambda stack: take(stack, out))
    except (StackError, BrowserError) as error:
        sys.stderr.write(f"shots: {error}\n")
        return 1
    for path in sorted(out.iterdir()):
        sys.stdout.write(f"{path.stat().st_size / 1024:6.0f} KiB  {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
