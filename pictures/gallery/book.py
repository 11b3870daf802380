"""The gallery as a whole: its files, the index that shows them, and whether they are of today's sources.

Messages are compared byte for byte. A picture differs from machine to machine, so what it was taken of is
compared: a message's HTML, the console's sources.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from activities.rendering.render import LOCALES, TEMPLATES
from admin.demo.manager import PASSWORD_FILE
from admin.stack.datafolder import kept_secret
from admin.stack.up import Stack
from pictures.browser import Camera, chromium, show_page
from pictures.gallery import messages, pages

MANIFEST: Final = "pictures.json"
INDEX: Final = "README.md"
_MAIL_WIDTH: Final = 720


def make(stack: Stack, out: Path) -> None:
    """Write the whole gallery anew into `out`; nothing old stays in its folders.

    It takes the old one's place only once all of it is there.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".gallery-") as folder:
        new = Path(folder)
        _write(stack, new)
        for name in (messages.FOLDER, pages.FOLDER):
            shutil.rmtree(out / name, ignore_errors=True)
        for path in new.iterdir():
            path.rename(out / path.name)


def _write(stack: Stack, out: Path) -> None:
    made = dict(messages.message_files())
    for name, content in made.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with chromium() as page:
        camera = Camera(page)
        for name in made:
            if name.endswith(".html"):
                show_page(page, (out / name).as_uri(), _MAIL_WIDTH, 400)
                camera.take((out / name).with_suffix(".webp"))
    password = kept_secret(stack.folder.run / PASSWORD_FILE)
    for language in LOCALES:
        pages.take_pages(stack, out, password, language)
    (out / MANIFEST).write_text(_manifest(made), encoding="utf-8")
    (out / INDEX).write_text(_index(made), encoding="utf-8")


def differences(out: Path) -> list[tuple[str, str]]:
    """Name of each file that is not what today's sources make, and why."""
    made = dict(messages.message_files())
    found = [
        (name, "another text" if (out / name).is_file() else "missing")
        for name, content in made.items()
        if not (out / name).is_file() or (out / name).read_bytes() != content
    ]
    for name, wanted in ((MANIFEST, _manifest(made)), (INDEX, _index(made))):
        if not (out / name).is_file() or (out / name).read_text(encoding="utf-8") != wanted:
            found.append((name, "pictures are of older sources, or some are missing"))
    found += [(name, "missing") for name in _pictures(made) if not (out / name).is_file()]
    wanted_files = {MANIFEST, INDEX, *made, *_pictures(made)}
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    return found + [(name, "shows nothing that there is") for name in sorted(there - wanted_files)]


def _pictures(made: Mapping[str, bytes]) -> Iterator[str]:
    yield from _sources(made)


def _sources(made: Mapping[str, bytes]) -> dict[str, str]:
    """Each picture, and the SHA-256 of what it shows."""
    of_messages = {
        name.removesuffix(".html") + ".webp": sha256(content).hexdigest()
        for name, content in made.items()
        if name.endswith(".html")
    }
    console = pages.console_sources()
    of_pages = {name: console for language in LOCALES for name in pages.page_files(language)}
    return of_messages | of_pages


def _manifest(made: Mapping[str, bytes]) -> str:
    return json.dumps(_sources(made), indent=1, sort_keys=True) + "\n"


def _index(made: Mapping[str, bytes]) -> str:
    """The index: every message and every page, French beside English."""
    lines = [
        "# Gallery",
        "",
        "What debtors, colleagues and users of Relance read. `make gallery` makes it, the tests say when",
        "it is old. Everybody in it is invented.",
        "",
        "## Messages",
        "",
        "| | French | English |",
        "|---|---|---|",
    ]
    for template in TEMPLATES:
        cells = [_message_cell(made, language, template) for language in LOCALES]
        lines.append(f"| `{template}` | {' | '.join(cells)} |")
    lines += ["", "## Pages of the console", ""]
    for name in ("sign-in", *(shot.name for shot in pages.PAGES)):
        lines += [f"### {name.replace('-', ' ').capitalize()}", "", "| desktop | phone |", "|---|---|"]
        for language in LOCALES:
            shown = [
                f"![{name}, {language}, {width}]({pages.FOLDER}/{language}/{name}-{width}.webp)"
                for width in pages.WIDTHS
            ]
            lines.append(f"| {' | '.join(shown)} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _message_cell(made: Mapping[str, bytes], language: str, template: str) -> str:
    base = f"{messages.FOLDER}/{language}/{template}"
    links = [f"[{kind}]({base}.{kind})" for kind in ("txt", "html", "pdf") if f"{base}.{kind}" in made]
    shown = f"![{template}, {language}]({base}.webp)<br>" if f"{base}.html" in made else ""
    return shown + " · ".join(links)
