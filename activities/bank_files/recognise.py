"""Which kind of bank file this is, by what is in it."""

from __future__ import annotations

import re
from typing import Final

from activities.bank_files.parts import BadFile, Kind
from activities.bank_files.sheet import is_header
from activities.bank_files.text import encoding_of

_CFONB: Final = re.compile(r"01[0-9A-Z ]{5}[ ]{0,4}[0-9A-Z ]{5,9}[A-Z]{3}[0-9]")
_MT940: Final = re.compile(r"^:(20|25|28C?|60[FM]):", re.MULTILINE)


def recognise(head: bytes, name: str) -> Kind:
    """The kind of the file whose first bytes these are.

    Raises:
        BadFile: it is none that is read here; the text says what it looks like, where that is known.
    """
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise BadFile("", "the file is empty")
    for start, what in _NOT_OURS:
        if head.startswith(start):
            raise BadFile(
                "", f"{name[:80]} is {what}: export the statement as CAMT.053, CFONB120, MT940 or CSV"
            )
    text = head.decode(encoding_of(head), "replace").lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        return Kind.CAMT
    if _CFONB.match(text):
        return Kind.CFONB
    if len(_MT940.findall(text.replace("\r", ""))) >= 2:
        return Kind.MT940
    if any(is_header(line) for line in text.splitlines()[:40]):
        return Kind.CSV
    raise BadFile("", "it is neither CAMT, CFONB120 nor MT940, and no line of it is a header of a bank's CSV")


_NOT_OURS: Final = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a workbook or an archive"),
    (b"\xd0\xcf\x11\xe0", "a workbook of an old kind"),
    (b"\x1f\x8b", "compressed"),
)
