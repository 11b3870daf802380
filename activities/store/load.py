"""From rows to the facts that `rules` decides on, for one case or for all open ones of a customer.

The number of queries does not depend on the number of invoices. What the ledger holds is known: an
instant that lies after `now` (the clock went back, or two machines disagree) counts as `now`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from activities.store.load_contacts import Contacts, load_contacts
from activities.store.load_ledger import Ledger, load_ledger
from activities.store.lookup import among, open_cases
from activities.store.policies import get_policy
from models.errors import NotFound
from models.tables import Company, Contact, ContactItem, ContactMade, Customer, DunningCase, Invoice
from models.tables.words import PhoneKind
from rules.calendar import BusinessCalendar, Channel, business_calendar
from rules.decide import quoted
from rules.facts import CaseFacts, CustomerFacts, Draft, Reach, Role, StopReason
from rules.money import round_money
from rules.policy import Policy


@dataclass(frozen=True, slots=True)
class LoadedCase:
    """One case: what to decide on, and the rows it came from."""

    facts: CaseFacts
    customer: CustomerFacts
    policy: Policy
    invoice: Invoice
    case: DunningCase
    customer_row: Customer
    company: Company

    @property
    def policy_name(self) -> str:
        """Key and version, as people read it."""
        return f"{self.case.policy_key}@{self.case.policy_version}"


@dataclass(frozen=True, slots=True)
class LoadedCustomer:
    """A customer with all its open cases, oldest due date first."""

    customer: CustomerFacts
    cases: tuple[LoadedCase, ...]
    row: Customer
    company: Company

    @property
    def seq(self) -> int:
        """The ledger's sequence number these facts were read at (under the customer's lock, or about)."""
        return self.row.ledger_seq


def load_case(
    session: Session, invoice_id: UUID, now: datetime, sending_fingerprint: str | None = None
) -> LoadedCase:
    """Everything known of one case, open or closed.

    Args:
        session: the transaction.
        invoice_id: the invoice.
        now: business time, aware.
        sending_fingerprint: names the sending switch in force; what another one withheld is due again.

    Raises:
        NotFound: the ledger has no such invoice, or no case for it.
    """
    customer_id = session.exec(
        select(DunningCase.customer_id).where(DunningCase.invoice_id == invoice_id)
    ).one_or_none()
    if customer_id is None:
        raise NotFound(f"no case for invoice {invoice_id}")
    # A draft quotes the customer's other late invoices too: whether it is stale shows only with them.
    has_draft = session.exec(
        select(ContactItem.contact_id)
        .join(ContactMade, col(ContactMade.id) == ContactItem.contact_id)
        .where(ContactItem.invoice_id == invoice_id, col(ContactMade.status).in_(("draft", "approved")))
        .limit(1)
    ).one_or_none()
    ids = {invoice_id}
    if has_draft is not None:
        ids.update(open_cases(session, customer_id))
    loaded = _load(session, customer_id, now, sending_fingerprint, ids)
    return next(case for case in loaded.cases if case.invoice.id == invoice_id)


def load_customer(
    session: Session, customer_id: UUID, now: datetime, sending_fingerprint: str | None = None
) -> LoadedCustomer:
    """A customer with all its open cases; arguments and errors as `load_case`.

    Raises:
        NotFound: the ledger has no such customer.
    """
    return _load(session, customer_id, now, sending_fingerprint, None)


def facts_hash(cases: Iterable[CaseFacts], acted: Collection[str], composed_on: date, now: datetime) -> str:
    """What a contact quotes, as a hash: another one later means that it must be composed again.

    It quotes the invoices it acts on and every other that was late on the day it was composed. It goes into
    `contact_made.facts_hash`.
    """
    lines = sorted(
        f"{invoice}\t{outstanding:.4f}\t{disputed:.4f}\t{due_on}"
        for invoice, outstanding, disputed, due_on in (quoted(case, now) for case in cases)
        if invoice in acted or due_on < composed_on
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _load(
    session: Session,
    customer_id: UUID,
    now: datetime,
    sending_fingerprint: str | None,
    only: set[UUID] | None,
) -> LoadedCustomer:
    customer = session.get(Customer, customer_id, populate_existing=True)
    if customer is None:
        raise NotFound(f"no customer {customer_id}")
    company = session.get_one(Company, customer.company_id)
    wanted = (
        select(Invoice, DunningCase)
        .join(DunningCase, col(DunningCase.invoice_id) == Invoice.id)
        .order_by(col(Invoice.due_on), col(Invoice.number))
        .execution_options(populate_existing=True)
    )
    if only is None:
        wanted = wanted.where(DunningCase.customer_id == customer_id, col(DunningCase.closed_at).is_(None))
    else:
        wanted = wanted.where(among(Invoice.id, only))
    rows = session.exec(wanted).all()
    ids = [invoice.id for invoice, _ in rows]
    calendar = business_calendar(customer.country, customer.zone)
    ledger = load_ledger(session, customer_id, {i.id: i.currency for i, _ in rows}, now)
    contacts = load_contacts(session, ids, calendar.local_day(now), sending_fingerprint)
    facts = {invoice.id: _case_facts(invoice, case, ledger, contacts) for invoice, case in rows}
    facts = _with_drafts(facts, contacts, now)
    about = _customer_facts(session, customer, company, calendar)
    cases = tuple(
        LoadedCase(
            facts=facts[invoice.id],
            customer=about,
            policy=get_policy(session, case.policy_key, case.policy_version),
            invoice=invoice,
            case=case,
            customer_row=customer,
            company=company,
        )
        for invoice, case in rows
    )
    return LoadedCustomer(customer=about, cases=cases, row=customer, company=company)


def _case_facts(invoice: Invoice, case: DunningCase, ledger: Ledger, contacts: Contacts) -> CaseFacts:
    return CaseFacts(
        invoice=invoice.number,
        currency=invoice.currency,
        total=round_money(invoice.total, invoice.currency),
        due_on=invoice.due_on,
        opened_on=case.opened_on,
        payments=tuple(ledger.payments[invoice.id]),
        credit_notes=tuple(ledger.credit_notes[invoice.id]),
        disputes=tuple(ledger.disputes[invoice.id]),
        plans=tuple(ledger.plans[invoice.id]),
        claims=tuple(ledger.claims[invoice.id]),
        pauses=(*ledger.pauses[invoice.id], *ledger.holds),
        done=tuple(contacts.done[invoice.id]),
        blocked=tuple(contacts.blocked[invoice.id]),
        open_calls=tuple(contacts.open_calls[invoice.id]),
        closed_by=case.closed_by_person,
    )


def _with_drafts(facts: dict[UUID, CaseFacts], contacts: Contacts, now: datetime) -> dict[UUID, CaseFacts]:
    """Add the waiting drafts, now that it can be told whether what they quote still holds."""
    drafts: dict[UUID, list[Draft]] = {invoice_id: [] for invoice_id in facts}
    for contact, items in contacts.waiting:
        known = [facts[item.invoice_id] for item in items if item.invoice_id in facts]
        acted = {case.invoice for case in known}
        # An invoice that is no longer open is quoted by a letter that must not leave as it is.
        stale = (
            len(known) < len(items)
            or facts_hash(facts.values(), acted, contact.composed_on, now) != contact.facts_hash
        )
        for item in items:
            if item.invoice_id in drafts:
                drafts[item.invoice_id].append(
                    Draft(
                        step=contact.step,
                        composed_on=contact.composed_on,
                        folded=item.folded,
                        approved=contact.status == "approved",
                        stale=stale,
                        item_step=item.step,
                    )
                )
    return {invoice_id: replace(case, drafts=tuple(drafts[invoice_id])) for invoice_id, case in facts.items()}


def _customer_facts(
    session: Session, customer: Customer, company: Company, calendar: BusinessCalendar
) -> CustomerFacts:
    last_contact_on: date | None = session.exec(
        select(func.max(ContactItem.on_day))
        .join(ContactMade, col(ContactMade.id) == ContactItem.contact_id)
        .where(
            ContactMade.customer_id == customer.id,
            col(ContactItem.concluded),
            ContactItem.channel != Channel.DECISION,
        )
    ).one()
    people = session.exec(
        select(Contact).where(
            Contact.customer_id == customer.id,
            col(Contact.opted_out_at).is_(None),
            col(Contact.invalid_since).is_(None),
        )
    ).all()
    stops = (
        (StopReason.INSOLVENCY, customer.insolvency_on),
        (StopReason.DO_NOT_CONTACT, customer.do_not_contact_since),
        (StopReason.LAWYER, customer.lawyer_since),
    )
    reason, since = next(((why, day) for why, day in stops if day is not None), (None, None))
    return CustomerFacts(
        calendar=calendar,
        gap_days=company.gap_days,
        last_contact_on=last_contact_on,
        stopped_by=reason,
        stopped_on=since,
        reach={role: _reach([c for c in people if c.role == role]) for role in Role},
        bank_known_until=company.bank_known_until,
    )


def _reach(people: Sequence[Contact]) -> Reach:
    callable_ = [person for person in people if person.phone and person.phone_invalid_since is None]
    return Reach(
        email=any(person.email for person in people),
        mobile=any(person.phone_kind == PhoneKind.MOBILE for person in callable_),
        phone=bool(callable_),
    )
