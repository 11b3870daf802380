"""An electronic invoice into the ledger: its customer found or made, its copy kept, its case started.

Told again, it is known already. What cannot be taken is refused as a whole: nothing half entered.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from sqlmodel import Session, select

from activities import addresses
from activities.copies import copy_name
from activities.envelope import store_bytes
from activities.store.discount import set_discount
from activities.store.events import add_event
from activities.store.facts import record
from activities.store.lookup import invoice_by_number
from activities.store.sql import run
from admin.intake.einvoice.document import Document, Party, Refused
from admin.intake.einvoice.read import is_pdf
from admin.portfolio.single import enter_invoice
from models.errors import Conflict, InvalidFact, NotFound, WrongState
from models.ids import CaseSignal
from models.messages import CreditNoteIssued, Fact, InvoiceChanged, Paused
from models.tables import Company, Customer, Invoice
from rules.money import round_money
from rules.terms import Instalments, Terms, due_date
from rules.terms_text import parse_terms

SOURCE: Final = "einvoice"
_SURE: Final = 8
"""Characters of a registration or VAT number that is looked for in what is known of a customer."""
_FOUND: Final = """
    SELECT id FROM customer
     WHERE company_id = %(company)s
       AND (ref = ANY (%(refs)s::text[])
            OR regexp_replace(upper(registration), '[^A-Z0-9]', '', 'g') LIKE ANY (%(numbers)s::text[]))
     ORDER BY ref
     LIMIT 5
"""
MAX_DUE_DAYS: Final = 999
_SKONTO: Final = re.compile(r"#SKONTO#TAGE=(?P<days>[0-9]{1,3})#PROZENT=(?P<percent>[0-9]{1,2}\.[0-9]{2})#")
"""How XRechnung writes a discount for paying early into the terms (BT-20)."""
_ALL: Final = 100
_KEPT_NOTES: Final = ("PMD", "PMT", "AAB")
"""Notes by which the invoice tells its terms: penalties, the fixed sum, discount for early payment."""


class Choices(NamedTuple):
    """What a person says beside the document.

    :param customer: the customer's reference, where the document's own words do not find it.
    :param due_days: days after the invoice's date to pay in, where it names no due date.
    :param terms: of one without a due date or terms, whose customer has none; they go before the company's.
    """

    customer: str | None = None
    due_days: int | None = None
    terms: str | None = None


class Entered(NamedTuple):
    """What became of a document.

    :param what: `created`, `known`, `credited`, or `replaced`: it took another invoice's place.
    :param invoice: the number of the invoice it is about.
    :param remarks: what a person should know.
    :param notes: outbox notes to deliver after the commit.
    """

    what: str
    invoice: str
    customer: str
    remarks: tuple[str, ...] = ()
    notes: tuple[int, ...] = ()


def enter(
    session: Session,
    company: Company,
    document: Document,
    content: bytes,
    choices: Choices,
    *,
    now: datetime,
    who: str,
) -> Entered:
    """Enter one document.

    Args:
        session: the transaction.
        company: the creditor.
        document: as `read` read it.
        content: the file it was read from, which is kept as the invoice's copy.
        choices: what a person says beside it.
        now: business time.
        who: who brings it.

    Raises:
        Refused: it cannot be taken; the text says why, and what would help.
    """
    place = document.number
    _check_seller(company, document.seller, place)
    try:
        if document.is_credit_note:
            return _credit(session, company, document, now, who)
        return _invoice(session, company, document, content, choices, now, who)
    except (InvalidFact, Conflict, NotFound, WrongState) as error:
        raise Refused(place, str(error)) from None


def _invoice(
    session: Session,
    company: Company,
    document: Document,
    content: bytes,
    choices: Choices,
    now: datetime,
    who: str,
) -> Entered:
    replaces = _replaced(session, company, document)
    customer, buyer = _customer(session, company, document.buyer, choices.customer, document.number)
    done = enter_invoice(
        session,
        _cells(company, document, customer, buyer, _due(company, document, buyer, choices)),
        now=now,
        source=SOURCE,
        who=who,
        default_country=company.country,
    )
    invoice = invoice_by_number(session, company.ref, document.number)
    notes = list(done.notes)
    _keep_copy(session, invoice, content)
    if done.new:
        _describe(session, company, document, invoice, content, now, who)
        _grant(session, company, document, now, who)
    _fill_in(session, invoice.customer_id, document.buyer)
    remarks = []
    if replaces is not None:
        fact: Fact = InvoiceChanged(event_id=f"{SOURCE}/{document.number}", replaced_by=document.number)
        notes += _tell(session, company, replaces, CaseSignal.INVOICE_CHANGED, fact, now, who)
        remarks.append(f"it takes the place of {replaces}")
    elsewhere = _paid_elsewhere(company, document)
    if elsewhere is not None:
        fact = Paused(event_id=f"{SOURCE}/elsewhere/{document.number}", reason=elsewhere)
        notes += _tell(session, company, document.number, CaseSignal.PAUSED, fact, now, who)
        remarks.append(f"not chased: {elsewhere}; resume it if it is yours to collect")
    what = "replaced" if replaces is not None and done.new else "created" if done.new else "known"
    return Entered(what, document.number, customer, tuple(remarks), tuple(notes))


def _credit(session: Session, company: Company, document: Document, now: datetime, who: str) -> Entered:
    """A credit note lessens the invoice it names."""
    known = [number for number in document.preceding if _known(session, company, number)]
    if not document.preceding:
        raise Refused(
            document.number,
            "a credit note that names no invoice (BT-25): record it on the invoice it is for, with "
            "`relance fact credit_note_issued`",
        )
    if len(known) != 1:
        missing = ", ".join(document.preceding)
        raise Refused(
            document.number,
            f"a credit note for {missing}: " + ("unknown here" if not known else "which one gets how much?"),
        )
    if document.total <= 0:
        raise Refused(document.number, f"a credit note of {document.total} {document.currency}")
    fact = CreditNoteIssued(
        event_id=f"{SOURCE}/{document.number}",
        amount=round_money(document.total, document.currency),
        currency=document.currency,
        number=document.number,
        issued_on=document.issued_on,
    )
    before = invoice_by_number(session, company.ref, known[0])
    notes = _tell(session, company, known[0], CaseSignal.CREDIT_NOTE_ISSUED, fact, now, who)
    customer = session.get_one(Customer, before.customer_id)
    return Entered("credited", known[0], customer.ref, (), tuple(notes))


def _tell(
    session: Session,
    company: Company,
    number: str,
    signal: CaseSignal,
    fact: Fact,
    now: datetime,
    who: str,
) -> list[int]:
    return list(
        record(session, now=now, invoice=(company.ref, number), fact=fact, signal=signal, who=who).notes
    )


def _check_seller(company: Company, seller: Party, place: str) -> None:
    """An invoice of somebody else is not this company's to collect."""
    known = _letters(company.registration)
    told = [_letters(number) for number in (seller.registration, seller.vat) if number]
    if not known or not told:
        return
    # SIREN and VAT number of a French company end alike: one that is in the other's text will do.
    if not any(number in known or number[-9:] in known for number in told):
        raise Refused(
            place,
            f"the seller is {seller.name} ({', '.join(filter(None, (seller.registration, seller.vat)))}), "
            f"not {company.legal_name or company.name} ({company.registration})",
        )


def _replaced(session: Session, company: Company, document: Document) -> str | None:
    if not document.corrects:
        return None
    known = [number for number in document.preceding if _known(session, company, number)]
    if len(known) != 1:
        told = ", ".join(document.preceding) or "none"
        raise Refused(
            document.number,
            f"a corrected invoice (type {document.type_code}) names the one it corrects (BT-25): {told} here",
        )
    return known[0]


def _known(session: Session, company: Company, number: str) -> bool:
    return (
        session.exec(
            select(Invoice.id).where(Invoice.company_id == company.id, Invoice.number == number)
        ).first()
        is not None
    )


def _due(company: Company, document: Document, buyer: Customer | None, choices: Choices) -> date:
    """The document's own due date; else by the days told, its own terms, or those that were agreed."""
    if document.due_on is not None:
        return document.due_on
    if choices.due_days is not None:
        if not 0 <= choices.due_days <= MAX_DUE_DAYS:
            raise Refused(document.number, f"due_days: from 0 to {MAX_DUE_DAYS}")
        return document.issued_on + timedelta(days=choices.due_days)
    terms = _understood(document.terms) or next(
        (
            parse_terms(agreed)
            for agreed in (buyer.payment_terms if buyer else None, choices.terms, company.payment_terms)
            if agreed
        ),
        None,
    )
    if terms is None:
        told = f"; its terms say: {document.terms}" if document.terms else ""
        raise Refused(document.number, f"no due date (BT-9){told}: say its terms, or how many days to pay")
    if isinstance(terms, Instalments):
        raise Refused(document.number, f"no due date (BT-9), and its terms are in instalments: {terms}")
    return due_date(document.issued_on, terms)


def _understood(text: str | None) -> Terms | None:
    """The terms a document says, where its words are plain; often they say much else."""
    try:
        return parse_terms(text) if text else None
    except ValueError:
        return None


def _customer(
    session: Session, company: Company, buyer: Party, chosen: str | None, place: str
) -> tuple[str, Customer | None]:
    """The buyer's reference here, and its row where it is known."""
    names = list(buyer.names)
    numbers = [_letters(number) for number in (buyer.registration, buyer.vat) if number]
    ids = run(
        session,
        _FOUND,
        company=company.id,
        refs=names if chosen is None else [chosen],
        numbers=[f"%{number}%" for number in numbers if chosen is None and len(number) >= _SURE],
    ).scalars()
    found = [session.get_one(Customer, each) for each in ids]
    if len(found) > 1:
        raise Refused(
            place,
            f"the buyer {buyer.name} may be {', '.join(row.ref for row in found)}: say which (--customer)",
        )
    if found:
        return found[0].ref, found[0]
    if chosen is not None:
        return chosen, None
    if not names:
        raise Refused(place, f"the buyer {buyer.name} has no number at all: say who it is (--customer)")
    return (buyer.ids or buyer.names)[0], None


def _cells(
    company: Company, document: Document, customer: str, known: Customer | None, due_on: date
) -> Mapping[str, str]:
    """The document as the cells of a portfolio's row; a known customer stays as it is."""
    buyer, currency = document.buyer, document.currency
    owed = document.due + document.prepaid
    if owed <= 0:
        raise Refused(document.number, f"nothing is owed by it: {owed} {currency}")
    cells = {
        "company": company.ref,
        "invoice": document.number,
        "customer": customer,
        "customer_name": known.name if known else buyer.name,
        "country": known.country if known else (buyer.country or company.country),
        "timezone": (known.zone or "") if known else "",
        "issued_on": document.issued_on.isoformat(),
        "due_on": due_on.isoformat(),
        "amount": f"{round_money(owed, currency):f}",
        "currency": currency,
        "order_ref": document.order_ref or "",
    }
    if document.prepaid > 0:
        cells["paid"] = f"{round_money(document.prepaid, currency):f}"
    if known is None and buyer.email and _is_address(buyer.email):
        cells["accounting_email"] = buyer.email
    return cells


def _keep_copy(session: Session, invoice: Invoice, content: bytes) -> None:
    """The first copy stays: it is the one that was sent."""
    if invoice.copy_hash is not None:
        return
    pdf = is_pdf(content)
    invoice.copy_hash = store_bytes(session, "application/pdf" if pdf else "application/xml", content)
    invoice.copy_name = copy_name(invoice.number, "pdf" if pdf else "xml")
    invoice.copy_size = len(content)


def _fill_in(session: Session, customer_id: object, buyer: Party) -> None:
    """Where letters go, and who the party is, as far as nobody said it before."""
    customer = session.get_one(Customer, customer_id)
    if customer.registration is None:
        numbers = [
            f"{'SIREN' if buyer.country == 'FR' else 'No.'} {buyer.registration}"
            if buyer.registration
            else "",
            f"{'TVA' if buyer.country == 'FR' else 'VAT'} {buyer.vat}" if buyer.vat else "",
        ]
        customer.registration = ", ".join(filter(None, numbers)) or None
    if customer.address is None and buyer.address:
        customer.address = "\n".join(line[:60] for line in buyer.address[:6])


def _grant(session: Session, company: Company, document: Document, now: datetime, who: str) -> None:
    """The discount for paying early, where the terms have one in the form that programs read."""
    found = _SKONTO.search(document.terms or "")
    if found is None:
        return
    percent, days = Decimal(found["percent"]), int(found["days"])
    until = min(document.issued_on + timedelta(days=days), document.due_on or date.max)
    if 0 < percent < _ALL and days <= MAX_DUE_DAYS:
        set_discount(session, company.ref, document.number, percent, until, now, who)


def _describe(
    session: Session,
    company: Company,
    document: Document,
    invoice: Invoice,
    content: bytes,
    now: datetime,
    who: str,
) -> None:
    add_event(
        session,
        company_id=company.id,
        invoice_id=invoice.id,
        customer_id=invoice.customer_id,
        at=now,
        who=who,
        what="einvoice_read",
        why=f"{document.syntax}, type {document.type_code}",
        detail={
            "profile": document.profile,
            "content": hashlib.sha256(content).hexdigest(),
            "terms": document.terms,
            "notes": {note.subject: note.text for note in document.notes if note.subject in _KEPT_NOTES},
        },
    )


def _paid_elsewhere(company: Company, document: Document) -> str | None:
    """Why it may not be this company's to collect: it is paid to somebody else, a factor for instance."""
    if document.payee is not None and _letters(document.payee.name) != _letters(company.payee or ""):
        return f"payable to {document.payee.name[:60]}"
    theirs, ours = _letters(document.iban), _letters(company.iban)
    if theirs and ours and theirs != ours:
        return "payable to another account than the company's"
    return None


def _letters(text: str | None) -> str:
    """Letters and digits alone, in capitals: how numbers are compared."""
    return re.sub(r"[^A-Z0-9]", "", (text or "").upper())


def _is_address(text: str) -> bool:
    """Whether it can be written to: one that cannot be is no reason to refuse the invoice."""
    try:
        addresses.email(text)
    except ValueError:
        return False
    return True
