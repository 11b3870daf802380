"""From rows to the facts that `rules` decides on, for one case or for all open ones of a customer.

One statement, whatever the number of invoices: a message and a wake cost what their statements cost, and one
statement sees one state of the ledger. It answers in JSON, one key a part. What the ledger holds is known: an
instant that lies after `now` (the clock went back, or two machines disagree) counts as `now`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from activities.store.closures import closures_of
from activities.store.load_contacts import CONTACT_PARTS, Contacts, contacts_of
from activities.store.load_ledger import LEDGER_PARTS, Ledger, ledger_of
from activities.store.load_outreach import OUTREACH_PARTS, ForOutreach, for_outreach
from activities.store.marks import usable
from activities.store.policies import get_policy
from activities.store.records import (
    CaseRecord,
    CompanyRecord,
    CustomerRecord,
    InvoiceRecord,
    PersonRecord,
    columns,
    decoded,
    instant,
    of_json,
)
from activities.store.sql import run
from models.errors import NotFound
from models.tables.words import TaskKind
from rules.calendar import BusinessCalendar, business_calendar
from rules.decide import quoted
from rules.facts import (
    Bank,
    BankStatement,
    CaseFacts,
    CustomerFacts,
    Draft,
    RepAsked,
    StopReason,
    Suspension,
    SuspensionScope,
    Turn,
)
from rules.money import round_money
from rules.policy import Policy
from rules.recipients import reach_of

_PARTS: Final[Mapping[str, str]] = {
    "customer": f"SELECT json_build_array({columns(CustomerRecord, 'debtor')}) FROM debtor",  # noqa: S608 (our own column names)
    "company": f"""
        SELECT json_build_array({columns(CompanyRecord, "c")})
          FROM company c
         WHERE c.id = (SELECT company_id FROM debtor)
    """,  # noqa: S608 (our own column names)
    "cases": f"""
        SELECT json_agg(json_build_array(
                   json_build_array({columns(InvoiceRecord, "w")}),
                   json_build_array({columns(CaseRecord, "k")})
               ) ORDER BY w.due_on, w.number)
          FROM wanted w JOIN dunning_case k ON k.invoice_id = w.id
    """,  # noqa: S608 (our own column names)
    "people": f"""
        SELECT json_agg(json_build_array({columns(PersonRecord, "p")})
                        ORDER BY p.role, p.preference, p.email, p.id)
          FROM {usable("c.customer_id = (SELECT id FROM debtor)")} p
    """,  # noqa: S608 (our own column names)
    "on_hold": """
        SELECT to_json(EXISTS (SELECT FROM delivery_hold h
                                WHERE h.customer_id = (SELECT id FROM debtor) AND h.released_at IS NULL))
    """,
    # Of any invoice, open or not, which all count as of the contact's day; a decision is between ourselves.
    "last_contact_on": """
        SELECT to_json(max(k.on_day))
          FROM contact_made k
         WHERE k.customer_id = (SELECT id FROM debtor) AND k.channel <> 'decision'
    """,
    # The first that was ever stated, and those that a promise or a claim of these invoices may wait for: a
    # look that falls into a row of closed days wants a day somewhat before the one that was named.
    "stated": """
        SELECT json_agg(json_build_array(b.known_until, b.stated_at) ORDER BY b.stated_at, b.id)
          FROM bank_statement b
         WHERE b.company_id = (SELECT company_id FROM debtor) AND b.retracted_at IS NULL
           AND (b.known_until >= -20 + least(
                    (SELECT min(s.due_on) FROM payment_plan p JOIN instalment s ON s.plan_id = p.id
                      WHERE p.invoice_id = ANY (ARRAY(SELECT id FROM wanted))),
                    (SELECT min(c.paid_on) FROM payment_claim c
                      WHERE c.invoice_id = ANY (ARRAY(SELECT id FROM wanted))))
                OR b.id = (SELECT min(f.id) FROM bank_statement f
                            WHERE f.company_id = b.company_id AND f.retracted_at IS NULL))
    """,
    "suspensions": """
        SELECT json_agg(json_build_array(s.id, s.scope, s.target, s.until) ORDER BY s.id)
          FROM suspension s
         WHERE s.company_id = (SELECT company_id FROM debtor) AND s.ended_at IS NULL
           AND (s.customer_id IS NULL OR s.customer_id = (SELECT id FROM debtor))
    """,
    "closures": """
        SELECT json_agg(json_build_array(x.first_day, x.last_day, x.yearly) ORDER BY x.id)
          FROM closure x
         WHERE x.company_id = (SELECT company_id FROM debtor) AND x.ended_at IS NULL
           AND (x.customer_id IS NULL OR x.customer_id = (SELECT id FROM debtor))
    """,
    # What was asked of the sales representative.
    "reps_asked": f"""
        SELECT json_agg(json_build_array(k.step, k.opened_on, k.answer_by, k.veto_until)
                        ORDER BY k.opened_on, k.id)
          FROM task k
         WHERE k.customer_id = (SELECT id FROM debtor) AND k.kind = '{TaskKind.SALES_VETO.value}'
    """,  # noqa: S608 (our own word)
    "turn": """
        SELECT json_build_array(t.day, t.suspension_id)
          FROM suspension_turn t
         WHERE t.customer_id = (SELECT id FROM debtor)
         ORDER BY t.day DESC, t.suspension_id DESC
         LIMIT 1
    """,
    **LEDGER_PARTS,
    **CONTACT_PARTS,
}

_NO_PARTS: Final[Mapping[str, str]] = {}


def _statement(debtor: str, wanted: str, asked: str = "", more: Mapping[str, str] = _NO_PARTS) -> str:
    parts = ", ".join(f"'{name}', ({sql})" for name, sql in {**_PARTS, **more}.items())
    return f"""
        WITH {asked}debtor AS MATERIALIZED (SELECT * FROM customer WHERE id = {debtor}),
             wanted AS MATERIALIZED (SELECT * FROM invoice WHERE id = ANY (ARRAY({wanted})))
        SELECT json_build_object({parts})::text
    """  # noqa: S608 (the parts are constants)


def _case_and_quoted(invoice: str) -> str:
    # A draft quotes the customer's other late invoices too: whether it is stale shows only with them.
    return f"""
        SELECT {invoice}
         UNION
        SELECT k.invoice_id
          FROM dunning_case k
         WHERE k.customer_id = (SELECT id FROM debtor)
           AND k.closed_at IS NULL
           AND EXISTS (SELECT FROM contact_item t JOIN contact_made m ON m.id = t.contact_id
                        WHERE t.invoice_id = {invoice} AND m.status IN ('draft', 'approved'))
    """  # noqa: S608 (our own parameter's name)


_OPEN: Final = "SELECT invoice_id FROM dunning_case WHERE customer_id = {} AND closed_at IS NULL"

_OF_CUSTOMER: Final = _statement(debtor="%(customer)s", wanted=_OPEN.format("%(customer)s"))
_TO_WRITE: Final = _statement(debtor="%(customer)s", wanted=_OPEN.format("%(customer)s"), more=OUTREACH_PARTS)
_OF_CASE: Final = _statement(
    debtor="(SELECT customer_id FROM dunning_case WHERE invoice_id = %(invoice)s)",
    wanted=_case_and_quoted("%(invoice)s::uuid"),
)


def case_page(more: Mapping[str, str]) -> str:
    """SQL of `load_case_page`: all that is known of a case, and `more` parts by key.

    A part may ask `asked` (id, customer_id) for the invoice, and `debtor` for its customer.
    """
    return _statement(
        asked="""
            asked AS MATERIALIZED (
                SELECT i.id, i.customer_id
                  FROM invoice i JOIN dunning_case k ON k.invoice_id = i.id
                 WHERE i.company_id = %(company)s AND i.number = %(number)s),
        """,
        debtor="(SELECT customer_id FROM asked)",
        wanted=_case_and_quoted("(SELECT id FROM asked)"),
        more=more,
    )


def customer_page(more: Mapping[str, str]) -> str:
    """SQL of `load_customer_page`: all that is known of a customer, and `more` parts by key.

    A part may ask `debtor` for the customer.
    """
    return _statement(
        debtor="(SELECT c.id FROM customer c WHERE c.company_id = %(company)s AND c.ref = %(ref)s)",
        wanted=_OPEN.format("(SELECT id FROM debtor)"),
        more=more,
    )


@dataclass(frozen=True, slots=True)
class LoadedCase:
    """One case: what to decide on, and the rows it came from."""

    facts: CaseFacts
    customer: CustomerFacts
    policy: Policy
    invoice: InvoiceRecord
    case: CaseRecord
    customer_row: CustomerRecord
    company: CompanyRecord

    @property
    def policy_name(self) -> str:
        """Key and version, as people read it."""
        return f"{self.case.policy_key}@{self.case.policy_version}"


@dataclass(frozen=True, slots=True)
class LoadedCustomer:
    """A customer with all its open cases, oldest due date first, and the people who can be reached there.

    `on_hold` says that deliveries to it are held.
    """

    customer: CustomerFacts
    cases: tuple[LoadedCase, ...]
    row: CustomerRecord
    company: CompanyRecord
    people: tuple[PersonRecord, ...]
    on_hold: bool

    @property
    def seq(self) -> int:
        """The ledger's sequence number these facts were read at (under the customer's lock, or about)."""
        return self.row.ledger_seq


@dataclass(frozen=True, slots=True)
class LoadedToWrite(LoadedCustomer):
    """A customer with what writing to it asks besides."""

    outreach: ForOutreach


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
    parts = decoded(run(session, _OF_CASE, invoice=invoice_id).scalar_one())
    if parts["customer"] is None:
        raise NotFound(f"no case for invoice {invoice_id}")
    loaded = _loaded(session, parts, now, sending_fingerprint)
    return next(case for case in loaded.cases if case.invoice.id == invoice_id)


def load_customer(
    session: Session, customer_id: UUID, now: datetime, sending_fingerprint: str | None = None
) -> LoadedCustomer:
    """A customer with all its open cases; arguments and errors as `load_case`.

    Raises:
        NotFound: the ledger has no such customer.
    """
    return _customer(session, _OF_CUSTOMER, customer_id, now, sending_fingerprint)[0]


def load_to_write(
    session: Session, customer_id: UUID, now: datetime, sending_fingerprint: str | None = None
) -> LoadedToWrite:
    """As `load_customer`, with what a message says besides."""
    found, parts = _customer(session, _TO_WRITE, customer_id, now, sending_fingerprint)
    return LoadedToWrite(
        found.customer,
        found.cases,
        found.row,
        found.company,
        found.people,
        on_hold=found.on_hold,
        outreach=for_outreach(parts),
    )


def _customer(
    session: Session, sql: str, customer_id: UUID, now: datetime, sending_fingerprint: str | None
) -> tuple[LoadedCustomer, Mapping[str, Any]]:
    parts = decoded(run(session, sql, customer=customer_id).scalar_one())
    if parts["customer"] is None:
        raise NotFound(f"no customer {customer_id}")
    return _loaded(session, parts, now, sending_fingerprint), parts


def load_case_page(
    session: Session, page: str, company_id: UUID, number: str, now: datetime, sending_fingerprint: str | None
) -> tuple[LoadedCase, Mapping[str, Any]] | None:
    """A case found by its company's number, and the parts of `page`, which `case_page` made.

    None when the company has no case of that number; other arguments as `load_case`.
    """
    parts = decoded(run(session, page, company=company_id, number=number).scalar_one())
    if parts["customer"] is None:
        return None
    loaded = _loaded(session, parts, now, sending_fingerprint)
    return next(case for case in loaded.cases if case.invoice.number == number), parts


def load_customer_page(
    session: Session, page: str, company_id: UUID, ref: str, now: datetime, sending_fingerprint: str | None
) -> tuple[LoadedCustomer, Mapping[str, Any]] | None:
    """A customer found by its company's reference, and the parts of `page`, which `customer_page` made.

    None when the company has no customer of that reference; other arguments as `load_case`.
    """
    parts = decoded(run(session, page, company=company_id, ref=ref).scalar_one())
    if parts["customer"] is None:
        return None
    return _loaded(session, parts, now, sending_fingerprint), parts


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


def _loaded(
    session: Session, parts: Mapping[str, Any], now: datetime, sending_fingerprint: str | None
) -> LoadedCustomer:
    customer = of_json(CustomerRecord, parts["customer"])
    company = of_json(CompanyRecord, parts["company"])
    people = tuple(of_json(PersonRecord, person) for person in parts["people"] or ())
    rows = {
        invoice[0]: (of_json(InvoiceRecord, invoice), of_json(CaseRecord, case))
        for invoice, case in parts["cases"] or ()
    }
    calendar = business_calendar(customer.country, customer.zone)
    today = calendar.local_day(now)
    ledger = ledger_of(parts, {each: invoice.currency for each, (invoice, _) in rows.items()}, now)
    contacts = contacts_of(parts, today, sending_fingerprint, calendar.start_of_day(today))
    facts = {each: _case_facts(each, *row, ledger, contacts) for each, row in rows.items()}
    if contacts.waiting:
        facts = _with_drafts(facts, contacts, now)
    bank = _bank(company, parts["stated"] or (), now)
    about = _customer_facts(customer, company, people, calendar, parts["last_contact_on"])
    about = replace(about, bank=bank, suspensions=_suspensions(parts), turn=_turn(parts, today))
    about = replace(about, closures=closures_of(parts["closures"]), reps_asked=_reps_asked(parts))
    editions = {(case.policy_key, case.policy_version) for _, case in rows.values()}
    policies = {edition: get_policy(session, *edition) for edition in editions}
    cases = tuple(
        LoadedCase(
            facts=facts[each],
            customer=about,
            policy=policies[case.policy_key, case.policy_version],
            invoice=invoice,
            case=case,
            customer_row=customer,
            company=company,
        )
        for each, (invoice, case) in rows.items()
    )
    return LoadedCustomer(about, cases, customer, company, people, on_hold=parts["on_hold"])


def _case_facts(
    invoice_id: str, invoice: InvoiceRecord, case: CaseRecord, ledger: Ledger, contacts: Contacts
) -> CaseFacts:
    return CaseFacts(
        invoice=invoice.number,
        currency=invoice.currency,
        total=round_money(invoice.total, invoice.currency),
        due_on=invoice.due_on,
        opened_on=case.opened_on,
        payments=tuple(ledger.payments.get(invoice_id, ())),
        credit_notes=tuple(ledger.credit_notes.get(invoice_id, ())),
        disputes=tuple(ledger.disputes.get(invoice_id, ())),
        plans=tuple(ledger.plans.get(invoice_id, ())),
        claims=tuple(ledger.claims.get(invoice_id, ())),
        pauses=(*ledger.pauses.get(invoice_id, ()), *ledger.of_customer),
        done=tuple(contacts.done.get(invoice_id, ())),
        blocked=tuple(contacts.blocked.get(invoice_id, ())),
        open_calls=tuple(contacts.open_calls.get(invoice_id, ())),
        closed_by=case.closed_by_person,
    )


def _with_drafts(facts: dict[str, CaseFacts], contacts: Contacts, now: datetime) -> dict[str, CaseFacts]:
    """Add the waiting drafts, now that it can be told whether what they quote still holds."""
    drafts: dict[str, list[Draft]] = {invoice_id: [] for invoice_id in facts}
    for contact in contacts.waiting:
        known = [facts[item.invoice_id] for item in contact.items if item.invoice_id in facts]
        acted = {case.invoice for case in known}
        # An invoice that is no longer open is quoted by a letter that must not leave as it is.
        stale = (
            len(known) < len(contact.items)
            or facts_hash(facts.values(), acted, contact.composed_on, now) != contact.facts_hash
        )
        for item in contact.items:
            if item.invoice_id in drafts:
                drafts[item.invoice_id].append(
                    Draft(
                        step=contact.step,
                        composed_on=contact.composed_on,
                        folded=item.folded,
                        approved=contact.approved,
                        stale=stale,
                        item_step=item.step,
                    )
                )
    return {invoice_id: replace(case, drafts=tuple(drafts[invoice_id])) for invoice_id, case in facts.items()}


def _customer_facts(
    customer: CustomerRecord,
    company: CompanyRecord,
    people: Sequence[PersonRecord],
    calendar: BusinessCalendar,
    last_contact_on: str | None,
) -> CustomerFacts:
    stops = (
        (StopReason.INSOLVENCY, customer.insolvency_on),
        (StopReason.DO_NOT_CONTACT, customer.do_not_contact_since),
        (StopReason.LAWYER, customer.lawyer_since),
    )
    reason, since = next(((why, day) for why, day in stops if day is not None), (None, None))
    return CustomerFacts(
        calendar=calendar,
        gap_days=company.gap_days,
        last_contact_on=None if last_contact_on is None else date.fromisoformat(last_contact_on),
        stopped_by=reason,
        stopped_on=since,
        reach=reach_of(people),
        has_sales_rep=customer.sales_rep_email is not None,
    )


def _reps_asked(parts: Mapping[str, Any]) -> tuple[RepAsked, ...]:
    return tuple(
        RepAsked(
            step,
            date.fromisoformat(on),
            date.fromisoformat(answer_by),
            date.fromisoformat(until) if until else None,
        )
        for step, on, answer_by, until in parts["reps_asked"] or ()
    )


def _suspensions(parts: Mapping[str, Any]) -> tuple[Suspension, ...]:
    return tuple(
        Suspension(row, SuspensionScope(scope), target, date.fromisoformat(until) if until else None)
        for row, scope, target, until in parts["suspensions"] or ()
    )


def _turn(parts: Mapping[str, Any], today: date) -> Turn | None:
    """The customer's turn, while it is to come: a day that has passed holds nothing up."""
    if parts["turn"] is None:
        return None
    day, suspension = parts["turn"]
    turn = Turn(date.fromisoformat(day), suspension)
    return turn if turn.day >= today else None


def _bank(company: CompanyRecord, stated: Sequence[Sequence[str]], now: datetime) -> Bank | None:
    if company.bank_known_until is None:
        return None
    return Bank(
        company.bank_known_until,
        business_calendar(company.country, company.zone),
        tuple(BankStatement(date.fromisoformat(day), min(instant(at), now)) for day, at in stated),
    )
