"""Copies of invoices that go with a message: those it asks to be paid, as long as a mailbox takes them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

from activities.envelope import MAX_FILES_BYTES, Enclosure
from activities.store.load import LoadedCase

PDF: Final = "application/pdf"
MOST_COPIES: Final = 20
"""More than these are not looked at; the statement names them all."""

_WITH_COPIES: Final = frozenset(
    {"courteous_reminder", "firm_reminder", "email_instead_of_sms", "notice_copy"}
)
"""Messages that ask for money by e-mail. A statement before the due date asks whether the invoice came."""


def copies(
    template: str, cases: Iterable[LoadedCase], listed: Collection[str], room: int = MAX_FILES_BYTES
) -> tuple[Enclosure, ...]:
    """The copies that go with a message, in the order of its invoices; whole ones only.

    Args:
        template: the message.
        cases: the customer's open ones, oldest due date first.
        listed: numbers of the invoices it asks to be paid.
        room: bytes that are left for them.
    """
    found: list[Enclosure] = []
    if template not in _WITH_COPIES:
        return ()
    for case in cases:
        invoice = case.invoice
        if invoice.copy_hash is None or invoice.copy_name is None or invoice.copy_size is None:
            continue
        if invoice.number not in listed or not invoice.copy_name.endswith(".pdf"):
            continue
        if invoice.copy_size > room or len(found) == MOST_COPIES:
            continue
        room -= invoice.copy_size
        found.append(
            Enclosure(name=invoice.copy_name, media_type=PDF, hash=invoice.copy_hash, size=invoice.copy_size)
        )
    return tuple(found)


def copy_name(number: str, extension: str) -> str:
    """A file's name for an invoice, that every system takes: `FA-2026-017.pdf`."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", number).strip("-.")
    return f"{plain[:80] or 'invoice'}.{extension}"
