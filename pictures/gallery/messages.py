"""The gallery's messages: what each template makes of one invented customer, by language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from activities.rendering import render, render_call_sheet, render_sms
from activities.rendering.render import LOCALES, TEMPLATES, Kind
from pictures.gallery.facts import message_of

FOLDER: Final = "messages"


def message_files() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every file, in a fixed order; the same on every machine."""
    for language in LOCALES:
        for template in TEMPLATES:
            for kind, content in _rendered(template, language):
                yield f"{FOLDER}/{language}/{template}.{kind}", content


def _rendered(template: str, language: str) -> Iterator[tuple[str, bytes]]:
    message = message_of(template, language)
    kind = TEMPLATES[template].kind
    if kind is Kind.SMS:
        yield "txt", (render_sms(message).text + "\n").encode()
        return
    made = render_call_sheet(message) if kind is Kind.CALL_SHEET else render(message)
    yield "txt", f"{made.subject}\n\n{made.text}".encode()
    if made.html is not None:
        yield "html", made.html.encode()
    if made.pdf is not None:
        yield "pdf", made.pdf
