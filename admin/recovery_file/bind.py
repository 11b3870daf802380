"""One PDF of all: the file's own pages, then each exhibit's, stamped with its number."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Final

from pypdf import PageObject, PdfReader, PdfWriter, Transformation
from pypdf.errors import DependencyError, PyPdfError

from admin.recovery_file.collect import PDF, Exhibit, RecoveryFile
from admin.recovery_file.pages import Pages, typeset

MOST_PAGES: Final = 2_000
"""Of one file; what comes on top goes apart."""

_DAMAGED: Final = (
    *(PyPdfError, DependencyError, struct.error, zlib.error, ArithmeticError, AttributeError),
    *(LookupError, OSError, RuntimeError, TypeError, ValueError),
)
"""What pypdf raises on documents of others: its own errors, and whatever a broken object leads it to."""


def bind(file: RecoveryFile) -> bytes:
    """The whole file as a PDF; the same ledger, day and person make the same bytes.

    What cannot be printed (an XML, a damaged PDF) is listed as a file apart, and is in the archive.
    """
    pages = Pages(file)
    found: list[list[PdfReader] | None] = []
    room = MOST_PAGES
    for exhibit in file.exhibits:
        readers = _readers(pages, exhibit)
        if _count(readers) > room:
            readers = None
        room -= _count(readers)
        found.append(readers)
    marks = list(_marks(pages, found))
    stamps = PdfReader(BytesIO(typeset("stamp.typ", file.day(file.made_at), marks=marks))) if marks else None
    bound: list[tuple[Exhibit, PdfReader | None]] = []
    place = 0
    for exhibit, readers in zip(file.exhibits, found, strict=True):
        stamped = None
        if stamps is not None and readers is not None:
            own = stamps.pages[place : place + _count(readers)]
            place += len(own)
            stamped = _stamped(readers, own)
        bound.append((exhibit, stamped))
    writer = PdfWriter()
    listed = [(exhibit, len(stamped.pages) if stamped else None) for exhibit, stamped in bound]
    for page in PdfReader(BytesIO(pages.own(listed))).pages:
        writer.add_page(page)
    for number, (exhibit, stamped) in enumerate(bound, start=1):
        if stamped is None:
            continue
        first = len(writer.pages)
        for page in stamped.pages:
            writer.add_page(page)
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
        [_seen(page) for page in reader.pages]
    except _DAMAGED:
        return None
    if exhibit.kind == "notice":
        return [PdfReader(BytesIO(pages.sheet(exhibit))), reader]
    return [reader]


def _stamped(readers: list[PdfReader], stamps: Sequence[PageObject]) -> PdfReader | None:
    """An exhibit's pages under their marks; None where damage keeps them from being written again.

    Each exhibit is written by itself first: a broken stream shows only then, and must not take the whole
    file with it.
    """
    try:
        writer = PdfWriter()
        marks = iter(stamps)
        for reader in readers:
            for page in reader.pages:
                writer.add_page(page).merge_transformed_page(next(marks), _upright(page))
        made = BytesIO()
        writer.write(made)
        return PdfReader(made)
    except _DAMAGED:
        return None


def _count(readers: list[PdfReader] | None) -> int:
    return sum(len(reader.pages) for reader in readers or ())


def _marks(pages: Pages, found: list[list[PdfReader] | None]) -> Iterator[dict[str, object]]:
    for number, readers in enumerate(found, start=1):
        total = _count(readers)
        done = 0
        for reader in readers or ():
            for page in reader.pages:
                done += 1
                left, bottom, right, top, turned = _seen(page)
                width, height = right - left, top - bottom
                yield {
                    "text": pages.mark(number, done, total),
                    "width": height if turned % 180 else width,
                    "height": width if turned % 180 else height,
                }


def _seen(page: PageObject) -> tuple[float, float, float, float, int]:
    """The part of a page that readers show (left, bottom, right, top), and how it is turned clockwise."""
    box = page.cropbox
    across, up = sorted((float(box.left), float(box.right))), sorted((float(box.bottom), float(box.top)))
    return across[0], up[0], across[1], up[1], page.rotation % 360


def _upright(page: PageObject) -> Transformation:
    """Lays a stamp of the size that is seen over what is seen, upright to the reader (ISO 32000-1, 8.3)."""
    left, bottom, right, top, turned = _seen(page)
    return Transformation(
        {
            90: (0, 1, -1, 0, right, bottom),
            180: (-1, 0, 0, -1, right, top),
            270: (0, -1, 1, 0, left, top),
        }.get(turned, (1, 0, 0, 1, left, bottom))
    )
