"""Everything the file is made of, read in one snapshot: parties, items, what was told of them, exhibits.

What a court may see is what was said between the parties and what was paid. Our own notes, risk classes,
pauses and their reasons are ours: they stay out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlmodel import Session

from activities.envelope import stored_bytes
from activities.settings import Settings
from activities.store.sql import run
from admin.queries.case import CasePage, get_case
from admin.queries.interest import InterestPage, InvoiceInterest, interest_of_case
from admin.queries.proof import Evidence, get_proof
from models.errors import NotFound
from models.tables import Company, Customer
from models.tables.words import Audience, CommunicationStatus
from rules.calendar import BusinessCalendar, business_calendar

PDF: Final = "application/pdf"

_NUMBERS: Final = """
    SELECT i.number, i.customer_id
      FROM invoice i
      JOIN customer c ON c.id = i.customer_id
      JOIN dunning_case k ON k.invoice_id = i.id
     WHERE i.company_id = %(company)s
       AND (i.number = %(number)s OR c.ref = %(ref)s AND k.closed_at IS NULL)
     ORDER BY i.due_on, i.number
"""
_MESSAGES: Final = """
    SELECT DISTINCT m.id, m.planned_at
      FROM communication m
      JOIN contact_item t ON t.contact_id = m.contact_id
      JOIN invoice i ON i.id = t.invoice_id
     WHERE i.company_id = %(company)s AND i.number = ANY (%(numbers)s::text[])
       AND m.audience = %(debtor)s AND m.status = ANY (%(left)s::text[])
     ORDER BY m.planned_at, m.id
"""
_COPIES: Final = """
    SELECT number, copy_hash, copy_name
      FROM invoice
     WHERE company_id = %(company)s AND number = ANY (%(numbers)s::text[]) AND copy_hash IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One document: `kind` is `invoice`, `message`, `notice` or `receipt`; `subject` what it is about.

    A message has its `evidence`; its `body` is the document itself where there is one to print.
    """

    kind: str
    subject: str
    dated: date
    name: str
    media_type: str
    body: bytes
    evidence: Evidence | None = None

    @property
    def sha256(self) -> str:
        """Of its bytes, in hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class Item:
    """An invoice with what was told of it, and what it bears (None: no law is known to apply)."""

    case: CasePage
    interest: InvoiceInterest | None


@dataclass(frozen=True, slots=True)
class RecoveryFile:
    """What the file holds. `made_at` is business time, `until` the customer's day of it."""

    company: Company
    customer: Customer
    made_at: datetime
    until: date
    made_by: str
    language: str
    terms: InterestPage
    items: tuple[Item, ...]
    exhibits: tuple[Exhibit, ...]

    def day(self, at: datetime) -> date:
        """The customer's day of an instant."""
        return business_calendar(self.customer.country, self.customer.zone).local_day(at)


def collect(
    session: Session,
    company: Company,
    *,
    number: str | None,
    customer_ref: str | None,
    settings: Settings,
    now: datetime,
    who: str,
    language: str | None = None,
) -> RecoveryFile:
    """Gather the file of one invoice, or of a customer's open ones.

    Args:
        session: one snapshot of the ledger.
        company: the creditor.
        number: the invoice; or
        customer_ref: the customer.
        settings: of the installation.
        now: business time.
        who: who makes it.
        language: `fr` or `en`; the creditor's own, if left out.

    Raises:
        NotFound: no such invoice, or the customer owes nothing.
    """
    rows = run(session, _NUMBERS, company=company.id, number=number, ref=customer_ref).all()
    if not rows:
        what = f"no invoice {number!r}" if number else f"no open invoice of customer {customer_ref!r}"
        raise NotFound(f"{what} in company {company.ref!r}")
    numbers = [row.number for row in rows]
    customer = session.get_one(Customer, rows[0].customer_id)
    items = []
    terms: InterestPage | None = None
    for each in numbers:
        page = interest_of_case(session, company.id, company.ref, each, now)
        terms = terms or page
        found = page.invoices[0] if page.invoices else None
        items.append(Item(get_case(session, company.id, company.ref, each, settings, now), found))
    if terms is None:
        raise NotFound(f"no invoice {number!r} in company {company.ref!r}")
    chosen = language or ("fr" if company.language.startswith("fr") else "en")
    return RecoveryFile(
        company=company,
        customer=customer,
        made_at=now,
        until=terms.until,
        made_by=who,
        language=chosen,
        terms=terms,
        items=tuple(items),
        exhibits=tuple(
            _exhibits(session, company, items, business_calendar(customer.country, customer.zone))
        ),
    )


def _exhibits(
    session: Session, company: Company, items: Sequence[Item], calendar: BusinessCalendar
) -> Iterator[Exhibit]:
    """Invoices first, then all that was sent, as it was sent; a letter with its receipts behind it."""
    numbers = [item.case.invoice for item in items]
    copies = {row.number: row for row in run(session, _COPIES, company=company.id, numbers=numbers)}
    for item in items:
        copy = copies.get(item.case.invoice)
        if copy is not None:
            pdf = copy.copy_name.endswith(".pdf")
            yield Exhibit(
                kind="invoice",
                subject=item.case.invoice,
                dated=item.case.issued_on,
                name=copy.copy_name,
                media_type=PDF if pdf else "application/xml",
                body=stored_bytes(session, copy.copy_hash),
            )
    messages = run(
        session,
        _MESSAGES,
        company=company.id,
        numbers=numbers,
        debtor=Audience.DEBTOR.value,
        left=[CommunicationStatus.SENT.value, CommunicationStatus.UNCERTAIN.value],
    ).all()
    for row in messages:
        yield from _message(get_proof(session, company.id, row.id), calendar)


def _message(evidence: Evidence, calendar: BusinessCalendar) -> Iterator[Exhibit]:
    proof = evidence.proof
    dated = calendar.local_day(proof.sent_at or proof.planned_at)
    parts = dict(zip((file.name for file in proof.files), evidence.bodies, strict=True))
    letter = next(
        (
            (file.name, parts[file.name])
            for file in proof.files
            if proof.channel == "letter" and file.media_type == PDF and file.name.startswith("attachments/")
        ),
        None,
    )
    subject = proof.subject or proof.kind
    if letter is None:
        yield Exhibit("message", subject, dated, "message.txt", "text/plain", parts["message.txt"], evidence)
    else:
        yield Exhibit("notice", subject, dated, letter[0].rpartition("/")[2], PDF, letter[1], evidence)
    for file in proof.files:
        if file.name.startswith("receipts/"):
            name = file.name.rpartition("/")[2]
            yield Exhibit("receipt", subject, dated, name, file.media_type, parts[file.name], evidence)
