"""What people decide about a case: pauses, another policy, corrected facts, the end; and insolvency."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from uuid import uuid4

from sqlmodel import col, or_, select

from activities.store.facts.money import reopen_if_owed, settled
from activities.store.facts.recording import Recording
from activities.store.lookup import open_cases
from activities.store.planned import withdraw_planned
from activities.store.policies import get_policy, latest
from activities.store.postings import withdraw_unposted
from activities.store.tasks import withdraw_tasks
from models.errors import InvalidFact, NotFound, WrongState
from models.messages import Closed, InsolvencyOpened, InvoiceChanged, Paused, PolicyChanged, Resumed
from models.tables import DunningCase, Invoice, PauseRow
from models.tables.words import LAPSES_WITH_CASE, TaskKind

CLAIM_FILING_MONTHS = 2
"""A claim is filed within two months of the publication of the proceedings (France)."""

CLAIM_FILING = "claim-filing/"
REPLACED_BY = "replaced by "
"""How the key of the task, and the reason of the closing, begin."""


def paused(at: Recording, fact: Paused) -> None:
    """No contact until the start of `until`, or until resumed."""
    if fact.until is not None and fact.until <= at.today:
        raise InvalidFact(f"until: {fact.until} is not after today ({at.today})")
    at.registered(fact)
    add_pause(at, at.invoice, fact.reason or "paused", fact.until)
    at.tell()


def add_pause(at: Recording, invoice: Invoice, reason: str, until: date | None) -> None:
    """Write a manual pause of one invoice under the fact being recorded."""
    at.session.add(
        PauseRow(
            id=uuid4(),
            fact_id=at.fact_id,
            invoice_id=invoice.id,
            key=at.event_id,
            reason=reason,
            since=at.now,
            until=until,
        )
    )
    at.session.flush()


def resumed(at: Recording, fact: Resumed) -> None:
    """End every manual pause of the case."""
    pauses = at.session.exec(
        select(PauseRow).where(
            PauseRow.invoice_id == at.invoice.id,
            col(PauseRow.ended_at).is_(None),
            or_(col(PauseRow.until).is_(None), col(PauseRow.until) > at.today),
        )
    ).all()
    if not pauses:
        raise WrongState(f"invoice {at.invoice.number!r} is not paused by a person")
    at.registered(fact)
    for pause in pauses:
        pause.ended_at = at.now
    at.tell()


def policy_changed(at: Recording, fact: PolicyChanged) -> None:
    """The case goes on under another policy; what the former one had composed is withdrawn."""
    if fact.policy is None:
        raise InvalidFact("policy: required")
    try:
        version = latest(at.session, fact.policy) if fact.version is None else fact.version
        get_policy(at.session, fact.policy, version)
    except NotFound as error:
        raise InvalidFact(f"policy: {error}") from None
    at.registered(fact)
    at.log("policy", None, {"from": _policy_name(at.case), "to": f"{fact.policy}@{version}"})
    at.case.policy_key = fact.policy
    at.case.policy_version = version
    take_back(at, [at.invoice], "the policy of the case changed")
    at.tell()


def invoice_changed(at: Recording, fact: InvoiceChanged) -> None:
    """Correct the invoice, or replace it: what was planned on the former facts is withdrawn."""
    if not any((fact.total, fact.issued_on, fact.due_on, fact.replaced_by, fact.order_ref)):
        raise InvalidFact("total, issued_on, due_on, order_ref or replaced_by: one of them is required")
    if at.invoice.replaced_by_id is not None:
        raise WrongState(f"invoice {at.invoice.number!r} is replaced already")
    total = None if fact.total is None else at.amount(fact.total, field_name="total")
    issued_on = at.invoice.issued_on if fact.issued_on is None else fact.issued_on
    due_on = at.invoice.due_on if fact.due_on is None else fact.due_on
    if due_on < issued_on:
        raise InvalidFact(f"due_on: {due_on} lies before the issue date {issued_on}")
    replacement = None if fact.replaced_by is None else _replacement(at, fact.replaced_by)
    at.registered(fact)
    before = as_it_stands(at.invoice) | {"event_id": at.event_id}
    raised = total is not None and total > at.invoice.total
    at.invoice.total = total or at.invoice.total
    at.invoice.issued_on = issued_on
    at.invoice.due_on = at.case.due_on = due_on
    at.invoice.order_ref = fact.order_ref or at.invoice.order_ref
    at.log("invoice_was", None, before)
    take_back(at, [at.invoice], "the invoice changed")
    if replacement is not None:
        at.invoice.replaced_by_id = replacement.id
        replacement.replaces_id = at.invoice.id
        if at.is_open:
            _close(at, f"{REPLACED_BY}{replacement.number}", fact.by)
            at.tell_cases([at.invoice.id])
        else:
            at.keep_owed()
        return
    settled(at)
    if raised:
        reopen_if_owed(at)
    at.tell()


def as_it_stands(invoice: Invoice) -> dict[str, str | None]:
    """What a correction may change, for the journal."""
    return {
        "total": str(invoice.total),
        "issued_on": str(invoice.issued_on),
        "due_on": str(invoice.due_on),
        "order_ref": invoice.order_ref,
    }


def insolvency_opened(at: Recording, fact: InsolvencyOpened) -> None:
    """Collective proceedings: all contact stops at once, and the claim must be filed in time."""
    if at.customer.insolvency_on is not None:
        raise WrongState(f"opened_on: insolvency is recorded already, of {at.customer.insolvency_on}")
    opened_on = at.past_day("opened_on", fact.opened_on)
    at.registered(fact)
    at.customer.insolvency_on = opened_on
    withdraw_unposted(at.session, at.customer.id, at.now, "insolvency", at.who)
    cases = open_cases(at.session, at.customer.id)
    for contact in withdraw_planned(at.session, cases, at.now, "insolvency", at.who):
        at.log("contact_withdrawn", "insolvency", {"contact": str(contact.id), "step": contact.step})
    at.ask(
        TaskKind.CLAIM_FILING,
        f"{CLAIM_FILING}{at.fact_id}",
        "Insolvency: file the claim with the insolvency administrator",
        f"Proceedings opened on {opened_on}. List every open invoice, with its penalties up to that day.",
        due_on=_months_later(opened_on, CLAIM_FILING_MONTHS),
        about_invoice=False,
    )
    at.tell_cases(cases)


def closed(at: Recording, fact: Closed) -> None:
    """A person ends the chase."""
    if fact.reason is None or not fact.reason.strip():
        raise InvalidFact("reason: required")
    if not at.is_open:
        raise WrongState(f"the case is closed already: {at.case.closing_reason}")
    at.registered(fact)
    take_back(at, [at.invoice], f"the case was closed: {fact.reason}")
    _close(at, fact.reason, fact.by)
    at.tell_cases([at.invoice.id])


def take_back(at: Recording, invoices: list[Invoice], why: str) -> None:
    """Withdraw what is composed about these invoices; the outreach composes again what still holds."""
    contacts = withdraw_planned(at.session, [invoice.id for invoice in invoices], at.now, why, at.who)
    for contact in contacts:
        at.log("contact_withdrawn", why, {"contact": str(contact.id), "step": contact.step})
    at.session.flush()
    if contacts:
        at.nudge()


def _close(at: Recording, reason: str, by: str | None) -> None:
    at.case.state = "closed"
    at.case.closed_at = at.now
    at.case.closing_reason = reason
    at.case.closed_by_person = reason
    at.case.next_step = at.case.next_channel = at.case.next_at = at.case.paused_by = None
    at.case.next_why = reason
    withdraw_tasks(
        at.session,
        now=at.now,
        why=reason,
        who=by or at.who,
        invoice_id=at.invoice.id,
        kinds=LAPSES_WITH_CASE,
    )
    at.keep_owed()


def _replacement(at: Recording, number: str) -> Invoice:
    found = at.session.exec(
        select(Invoice).where(Invoice.company_id == at.company.id, Invoice.number == number)
    ).one_or_none()
    if found is None:
        raise InvalidFact(f"replaced_by: no invoice {number!r} in company {at.company.ref!r}")
    if found.id == at.invoice.id:
        raise InvalidFact("replaced_by: an invoice cannot replace itself")
    if found.customer_id != at.customer.id:
        raise InvalidFact(f"replaced_by: invoice {number!r} belongs to another customer")
    if found.replaces_id is not None:
        raise WrongState(f"replaced_by: invoice {number!r} replaces another one already")
    return found


def _policy_name(case: DunningCase) -> str:
    return f"{case.policy_key}@{case.policy_version}"


def _months_later(day: date, months: int) -> date:
    """The same day `months` later; the last of the month where that month is too short."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
