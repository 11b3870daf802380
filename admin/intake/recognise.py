"""What a file is, by its content; its name decides nothing."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Final

from admin.intake.items import IntakeError, Kind, Source
from admin.portfolio.row import REQUIRED

HEAD: Final = 64 * 1024
"""Bytes that are looked at."""

_FEC: Final = (b"journalcode", b"comptenum", b"pieceref", b"ecriturelet")
_ROOT: Final = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)[\s>/]")
_ROOTS: Final = {
    b"Invoice": Kind.UBL,
    b"CreditNote": Kind.UBL,
    b"CrossIndustryInvoice": Kind.CII,
    b"CrossIndustryDocument": Kind.CII,
}

_STATEMENT: Final = re.compile(rb"01\d{5}.{113}[\r\n]|\{1:F01|:20:|:25:", re.IGNORECASE)
"""How CFONB120 and MT940 begin."""
_BANK: Final = ": `relance bank` takes it"


def recognise(head: bytes, name: str) -> Kind:
    """Tell what a file is from its first `HEAD` bytes.

    Raises:
        IntakeError: it is empty, or of a kind that holds no invoices; the text says what it seems to be.
    """
    if not head.strip(b"\x00\t\r\n \xef\xbb\xbf"):
        raise IntakeError(f"{name}: empty file")
    if head.startswith(b"PK\x03\x04"):
        return Kind.XLSX
    # Some programs write a few bytes before the mark, and readers of PDF allow it (ISO 32000-2, annex I).
    if b"%PDF-" in head[:1024]:
        return Kind.PDF
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise IntakeError(f"{name}: an old Excel file (.xls) or a protected one: save it as .xlsx or CSV")
    if head.startswith((b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf")):
        raise IntakeError(f"{name}: a compressed archive: unpack it and import each file")
    text = _as_bytes_of_text(head)
    if text is None:
        raise IntakeError(f"{name}: not a text: it holds NUL bytes")
    if text.lstrip().startswith(b"<"):
        return _xml(text, name)
    first = text.lstrip(b"\r\n \t").splitlines()[0].lower() if text.strip() else b""
    if all(word in first for word in _FEC):
        return Kind.FEC
    if _STATEMENT.match(text.lstrip()):
        raise IntakeError(f"{name}: a bank's statement (CFONB or MT940), not invoices{_BANK}")
    columns = {cell.strip().strip(b'"') for cell in first.split(b",")}
    if all(column.encode() in columns for column in REQUIRED):
        return Kind.PORTFOLIO
    return Kind.CSV


def recognised(source: Source) -> Kind:
    """Tell what a file is; a ZIP must really hold a workbook.

    Raises:
        IntakeError: as `recognise`.
    """
    kind = recognise(source.start().read(HEAD), source.name)
    if kind is Kind.XLSX and not _is_workbook(source):
        raise source.refused("a ZIP archive that is no Excel workbook: unpack it and import each file")
    return kind


def _is_workbook(source: Source) -> bool:
    try:
        with zipfile.ZipFile(source.start()) as archive:
            return "[Content_Types].xml" in archive.namelist() and any(
                name.startswith("xl/") for name in archive.namelist()
            )
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise source.refused(f"a damaged or truncated ZIP archive ({error})") from None


def _as_bytes_of_text(head: bytes) -> bytes | None:
    """The head with one byte for each ASCII character; None where it is no text."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace").encode("utf-8", "replace")
    if b"\x00" in head:
        for codec in ("utf-16-le", "utf-16-be"):
            text = head[: len(head) // 2 * 2].decode(codec, "replace")
            if text[:200].isprintable() or "\n" in text[:4096]:
                plain = text.encode("utf-8", "replace")
                if b"\x00" not in plain:
                    return plain
        return None
    return head.removeprefix(b"\xef\xbb\xbf")


def _xml(text: bytes, name: str) -> Kind:
    body = re.sub(rb"<\?.*?\?>|<!--.*?-->", b"", text, flags=re.DOTALL)
    if b"<!DOCTYPE" in body.upper() or b"<!ENTITY" in body.upper():
        raise IntakeError(f"{name}: an XML file with a document type: refused, invoices have none")
    found = _ROOT.search(body)
    kind = _ROOTS.get(found[1]) if found else None
    if kind is None:
        root = found[1].decode("ascii", "replace") if found else "nothing"
        if b"urn:iso:std:iso:20022:" in body:
            raise IntakeError(f"{name}: a bank's statement (CAMT), not invoices{_BANK}")
        raise IntakeError(f"{name}: an XML file, but no invoice (its root is {root})")
    return kind


def source_of(name: str, content: bytes) -> Source:
    """A source of bytes that are at hand."""
    return Source(name, io.BytesIO(content), len(content))
