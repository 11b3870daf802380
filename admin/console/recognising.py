"""What a dropped file holds, by its content: invoices, an electronic invoice, statuses, or bank lines."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from activities import bank_files
from activities.bank_files.sheet import is_header
from admin.intake.columns import MappingError, check, choose
from admin.intake.items import IntakeError, Kind
from admin.intake.readers import DOCUMENTS
from admin.intake.recognise import HEAD, recognised, source_of
from admin.intake.statuses import has_statuses

_MARKS: Final = (";", ",", "\t", "|")
_HEADERS_WITHIN: Final = 40


class What(StrEnum):
    """What a file holds."""

    INVOICES = "invoices"
    DOCUMENT = "document"
    STATUSES = "statuses"
    BANK = "bank"


def what_is(name: str, content: bytes) -> What:
    """What a file holds, by its content.

    Raises:
        InvalidFact: nothing that is read here; the text says what it looks like.
    """
    head = content[:HEAD]
    try:
        kind = recognised(source_of(name, content))
    except IntakeError:
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"iso:std:iso:20022" not in head:
            raise
        try:
            bank_files.recognise(head, name)
        except bank_files.BadFile:
            pass
        else:
            return What.BANK
        raise
    if kind in DOCUMENTS:
        return What.DOCUMENT
    if kind is not Kind.CSV:
        return What.INVOICES
    if has_statuses(head):
        return What.STATUSES
    return _table_or_bank(name, head)


def _table_or_bank(name: str, head: bytes) -> What:
    """A table is of invoices where a line names all that they need; a bank's, where one names its columns."""
    lines = head.decode("utf-8", "replace").splitlines()[:_HEADERS_WITHIN]
    for line in lines:
        for mark in _MARKS:
            try:
                check(choose([cell.strip().strip('"') for cell in line.split(mark)], {}))
            except MappingError:
                continue
            return What.INVOICES
        if is_header(line):
            return What.BANK
    try:
        bank_files.recognise(head, name)
    except bank_files.BadFile:
        return What.INVOICES
    return What.BANK
