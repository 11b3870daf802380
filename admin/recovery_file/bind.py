"""One PDF of all: the file's own pages, then each exhibit's, stamped with its number."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Final

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError

from admin.recovery_file.collect import PDF, Exhibit, RecoveryFile
from admin.recovery_file.pages import Pages, typeset

MOST_PAGES: Final = 2_000
"""Of one file; what comes on top goes apart."""


def bind(file: RecoveryFile) -> bytes:
    """The whole file as a PDF; the same ledger, day and person make the same bytes.

    What cannot be printed (an XML, a damaged PDF) is listed as a file apart, and is in the archive.
    """
    pages = Pages(file)
    bound: list[tuple[Exhibit, list[PdfReader] | None]] = []
    room = MOST_PAGES
    for exhibit in file.exhibits:
        readers = _readers(pages, exhibit)
        count = _count(readers)
        if readers is not None and count > room:
            readers = None
        room -= _count(readers)
        bound.append((exhibit, readers))
    own = PdfReader(
        BytesIO(pages.own([(exhibit, _count(r) if r is not None else None) for exhibit, r in bound]))
    )
    writer = PdfWriter()
    for page in own.pages:
        writer.add_page(page)
    marks = list(_marks(pages, bound))
    stamps = PdfReader(BytesIO(typeset("stamp.typ", file.day(file.made_at), marks=marks))) if marks else None
    place = 0
    for number, (exhibit, readers) in enumerate(bound, start=1):
        if readers is None:
            continue
        first = len(writer.pages)
        for reader in readers:
            for page in reader.pages:
                added = writer.add_page(page)
                if stamps is not None:
                    added.merge_page(stamps.pages[place])
                place += 1
        title = f"{number}. {pages.title_of(exhibit)}"
        writer.add_outline_item(title=title, page_number=first)
    writer.add_metadata({"/Title": f"{file.company.name} / {file.customer.ref}", "/Producer": "Relance"})
    made = BytesIO()
    writer.write(made)
    return made.getvalue()


def _readers(pages: Pages, exhibit: Exhibit) -> list[PdfReader] | None:
    """An exhibit's pages; None where it has none to print."""
    if exhibit.kind == "message":
        return [PdfReader(BytesIO(pages.message(exhibit)))]
    if exhibit.media_type != PDF:
        return None
    try:
        reader = PdfReader(BytesIO(exhibit.body))
        if reader.is_encrypted or not reader.pages:
            return None
        # Broken pages show when they are asked for.
        [page.mediabox for page in reader.pages]
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError):
        return None
    if exhibit.kind == "notice":
        return [PdfReader(BytesIO(pages.sheet(exhibit))), reader]
    return [reader]


def _count(readers: list[PdfReader] | None) -> int:
    return sum(len(reader.pages) for reader in readers or ())


def _marks(pages: Pages, bound: list[tuple[Exhibit, list[PdfReader] | None]]) -> Iterator[dict[str, object]]:
    for number, (_, readers) in enumerate(bound, start=1):
        total = _count(readers)
        done = 0
        for reader in readers or ():
            for page in reader.pages:
                done += 1
                box = page.mediabox
                yield {
                    "text": pages.mark(number, done, total),
                    "width": float(box.width),
                    "height": float(box.height),
                }
