"""Factur-X and ZUGFeRD: the XML inside a PDF, taken out without unfolding anything else of it."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Any, Final

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from admin.intake.einvoice.document import Refused
from admin.intake.einvoice.xml import MAX_BYTES

MAX_PDF_BYTES: Final = 20 * 1024 * 1024
NAMES: Final = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml", "ZUGFeRD-invoice.xml")
"""What the file inside is called; anything else may be an enclosure of another kind."""
_MOST_FILES: Final = 50
_CHUNK: Final = 64 * 1024


def embedded_xml(content: bytes, where: str) -> bytes:
    """The invoice's XML inside a PDF.

    :param content: the PDF.
    :param where: how a person knows it.
    :raises Refused: too large, damaged, encrypted, without such a file or with several, or a bomb.
    """
    if len(content) > MAX_PDF_BYTES:
        raise Refused(where, f"{len(content) / 2**20:.0f} MB, at most {MAX_PDF_BYTES // 2**20} are read")
    try:
        reader = PdfReader(BytesIO(content), strict=False)
        if reader.is_encrypted:
            raise Refused(where, "the PDF is encrypted")
        found = _embedded(reader)
    except Refused as refused:
        raise Refused(where, refused.reason) from None
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as error:
        raise Refused(where, f"not a PDF that can be read: {type(error).__name__}") from None
    if not found:
        raise Refused(
            where, "the PDF has no electronic invoice in it (factur-x.xml): a picture of an invoice"
        )
    if len(found) > 1:
        raise Refused(where, f"the PDF has {len(found)} electronic invoices in it: which one counts?")
    try:
        return _unfolded(found[0], where)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(where, f"its electronic invoice cannot be read: {type(error).__name__}") from None


def _embedded(reader: PdfReader) -> list[StreamObject]:
    """The streams of files named as an electronic invoice, each once."""
    root: Any = reader.trailer["/Root"]
    specs: list[Any] = []
    names = _get(root, "/Names")
    if names is not None:
        specs += _leaves(_get(names, "/EmbeddedFiles"), 0)
    associated = _get(root, "/AF")
    if isinstance(associated, ArrayObject):
        specs += [_direct(each) for each in associated]
    if len(specs) > _MOST_FILES:
        raise Refused("", f"the PDF has more than {_MOST_FILES} files in it")
    found: dict[int, StreamObject] = {}
    for spec in specs:
        if not isinstance(spec, DictionaryObject):
            continue
        name = str(_get(spec, "/UF") or _get(spec, "/F") or "")
        kept = _get(spec, "/EF")
        if name not in NAMES or kept is None:
            continue
        place: Any = kept.get("/F") or kept.get("/UF")
        stream = _direct(place)
        if isinstance(stream, StreamObject):
            key = place.idnum if isinstance(place, IndirectObject) else id(stream)
            found[key] = stream
    return list(found.values())


def _leaves(tree: Any, depth: int) -> list[Any]:
    """The file specifications of a name tree."""
    if tree is None or depth > 20:
        return []
    names = _get(tree, "/Names")
    found = [_direct(each) for each in names[1::2]] if isinstance(names, ArrayObject) else []
    kids = _get(tree, "/Kids")
    if isinstance(kids, ArrayObject):
        for kid in kids[:_MOST_FILES]:
            found += _leaves(_direct(kid), depth + 1)
    return found


def _get(node: Any, name: str) -> Any:
    return _direct(node.get(name)) if isinstance(node, DictionaryObject) else None


def _direct(value: Any) -> Any:
    return value.get_object() if isinstance(value, IndirectObject) else value


def _unfolded(stream: StreamObject, where: str) -> bytes:
    """A stream's bytes; only as much of it is unfolded as an invoice may be."""
    filters = _get(stream, "/Filter")
    kinds = [str(each) for each in filters] if isinstance(filters, ArrayObject) else [str(filters or "")]
    raw: bytes = stream._data
    if kinds == [""]:
        return raw
    if kinds not in (["/FlateDecode"], ["/Fl"]):
        raise Refused(where, f"its electronic invoice is folded by {', '.join(kinds)}, which is not read")
    unfold = zlib.decompressobj()
    made = bytearray()
    try:
        for start in range(0, len(raw), _CHUNK):
            made += unfold.decompress(raw[start : start + _CHUNK], MAX_BYTES + 1 - len(made))
            if len(made) > MAX_BYTES:
                raise Refused(where, f"its electronic invoice unfolds to more than {MAX_BYTES // 2**20} MB")
    except zlib.error:
        raise Refused(where, "its electronic invoice is damaged") from None
    return bytes(made)
