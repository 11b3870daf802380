"""Where a company is paid: changed by two people, not before a day has passed, and never in silence.

Who can have an IBAN changed by an e-mail in the manager's name, or with one stolen key, has what every debtor
pays. So one person asks, another approves, 24 hours pass from the asking, and every manager is told at each
step by e-mail, through the outbox like every message.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlmodel import Session, col, or_, select

from activities.company_mail import colleague, plan_mail, signatory_of
from activities.creditor import creditor_of
from activities.rendering import Debtor, DetailsChanged, Message, Tone
from activities.store.companies import change_company
from activities.store.outbox import add_note
from models.errors import Conflict, InvalidFact, NotFound, WrongState
from models.ids import NoticesSignal
from models.tables import AuditEvent, Company, PaymentDetailsChange, Staff
from models.tables.words import DetailsChange, NoteTo
from rules.calendar import business_calendar
from rules.iban import masked, printed_ibans

GUARDED: Final = ("iban", "bic", "payee", "payment_link")
"""What decides where a debtor's money goes."""

DELAY: Final = timedelta(hours=24)
"""Between asking and taking effect: a working day in which somebody reads the e-mail."""

MANAGER: Final = "credit_manager"
KIND: Final = "bank_details_change"

_PENDING = (DetailsChange.ASKED, DetailsChange.APPROVED)


def is_open_to_change(company: Company) -> bool:
    """Whether details may be set at once: the company has no account and no page to be paid by yet."""
    return company.iban is None and company.payment_link is None


def guarded(company: Company, told: Mapping[str, object]) -> dict[str, str | None]:
    """What of `told` needs two people: guarded details that would change."""
    if is_open_to_change(company):
        return {}
    return {
        name: value if value is None else str(value)
        for name in GUARDED
        if name in told and (value := told[name]) != getattr(company, name)
    }


def pending_change(session: Session, company_id: UUID) -> PaymentDetailsChange | None:
    """The change under way, asked for or approved; at most one."""
    return session.exec(
        select(PaymentDetailsChange).where(
            PaymentDetailsChange.company_id == company_id, col(PaymentDetailsChange.status).in_(_PENDING)
        )
    ).one_or_none()


def ask_change(
    session: Session,
    company: Company,
    after: Mapping[str, str | None],
    now: datetime,
    who: str,
    reason: str | None = None,
) -> tuple[PaymentDetailsChange, list[int]]:
    """Ask for other details; returns the change and the notes to deliver after the commit.

    Asking again for what is asked already changes nothing.

    Args:
        session: the transaction.
        company: its row, locked.
        after: new values by column, checked; None empties one.
        now: business time.
        who: the person or key that asks.
        reason: why, in their words.

    Raises:
        InvalidFact: nothing would change, or another field than `iban` holds an IBAN.
        Conflict: another change is under way.
    """
    for name, value in (*after.items(), ("reason", reason)):
        # No message shows another IBAN than the company's: these would, or the managers' e-mail.
        if name != "iban" and value is not None and printed_ibans(value):
            raise InvalidFact(f"{name}: it holds an IBAN, which belongs in the field of that name alone")
    wanted = {name: value for name, value in after.items() if getattr(company, name) != value}
    waiting = pending_change(session, company.id)
    if waiting is not None:
        if waiting.after == wanted:
            return waiting, []
        raise Conflict(
            f"bank details: a change asked for by {waiting.asked_by} is under way; cancel it first, or wait"
        )
    if not wanted:
        raise InvalidFact("bank details: these are the present ones")
    change = PaymentDetailsChange(
        id=uuid4(),
        company_id=company.id,
        before={name: getattr(company, name) for name in wanted},
        after=wanted,
        reason=reason,
        asked_by=who,
        asked_at=now,
        effective_at=now + DELAY,
    )
    session.add(change)
    session.flush()
    return change, _step(session, company, change, now, who)


def approve_change(
    session: Session, company: Company, change_id: UUID, now: datetime, who: str
) -> tuple[PaymentDetailsChange, list[int]]:
    """A second person agrees; it takes effect by itself, 24 hours after it was asked for at the earliest.

    Raises:
        NotFound: the company has no such change.
        WrongState: it is not waiting for approval.
        InvalidFact: whoever asked cannot approve.
    """
    change = _locked(session, company, change_id)
    if change.status != DetailsChange.ASKED:
        raise WrongState(f"bank details: this change is {change.status}, not waiting for approval")
    if _same(who, change.asked_by):
        raise InvalidFact("bank details: whoever asked for a change cannot approve it")
    change.status, change.approved_by, change.approved_at = DetailsChange.APPROVED, who, now
    # Approved late, it would otherwise take effect before anybody could read of the approval.
    change.effective_at = max(change.effective_at, now)
    session.flush()
    return change, _step(session, company, change, now, who)


def cancel_change(
    session: Session, company: Company, change_id: UUID, now: datetime, who: str
) -> tuple[PaymentDetailsChange, list[int]]:
    """Anybody of the two, or any other manager, stops it: one doubt is enough.

    Raises:
        NotFound: the company has no such change.
        WrongState: it took effect already, or was cancelled.
    """
    change = _locked(session, company, change_id)
    if change.status not in _PENDING:
        raise WrongState(f"bank details: this change is {change.status} already")
    change.status, change.cancelled_by, change.cancelled_at = DetailsChange.CANCELLED, who, now
    session.flush()
    return change, _step(session, company, change, now, who)


def due_changes(session: Session, now: datetime) -> list[UUID]:
    """Approved changes whose time has come."""
    return list(
        session.exec(
            select(PaymentDetailsChange.id)
            .where(
                PaymentDetailsChange.status == DetailsChange.APPROVED,
                col(PaymentDetailsChange.effective_at) <= now,
            )
            .order_by(col(PaymentDetailsChange.effective_at))
        )
    )


def apply_change(session: Session, change_id: UUID, now: datetime) -> bool:
    """Let a change take effect; False where another worker did, or it was cancelled meanwhile.

    What was composed with the former details is withdrawn and composed again. The notes stay in the outbox,
    for the sweep that follows.
    """
    change = session.get_one(PaymentDetailsChange, change_id)
    company = _company(session, change.company_id)
    change = _locked(session, company, change_id)
    if change.status != DetailsChange.APPROVED or change.effective_at > now:
        return False
    change_company(session, company, change.after, now, "relance")
    company.payment_details_changed_on = business_calendar(company.country, company.zone).local_day(now)
    change.status, change.applied_at = DetailsChange.APPLIED, now
    session.flush()
    _step(session, company, change, now, "relance")
    return True


def managers(session: Session, company: Company) -> list[tuple[str, str | None]]:
    """Who is told of a change: e-mail address and name of every manager, and of who signs."""
    staff = session.exec(
        select(Staff)
        .where(
            Staff.role == MANAGER,
            or_(col(Staff.company_id) == company.id, col(Staff.company_id).is_(None)),
        )
        .order_by(Staff.email)
    ).all()
    found: dict[str, tuple[str, str | None]] = {each.email.lower(): (each.email, each.name) for each in staff}
    if company.signatory_email:
        found.setdefault(company.signatory_email.lower(), (company.signatory_email, company.signatory_name))
    return list(found.values())


def manager_named(session: Session, company: Company, email: str) -> str:
    """The address of one of the company's managers, as the ledger spells it.

    Raises:
        InvalidFact: nobody of that address manages the company.
    """
    for known, _ in managers(session, company):
        if _same(known, email):
            return known
    raise InvalidFact(f"by: {email!r} is no manager of {company.ref}")


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _company(session: Session, company_id: UUID) -> Company:
    return session.exec(
        select(Company)
        .where(Company.id == company_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def _locked(session: Session, company: Company, change_id: UUID) -> PaymentDetailsChange:
    found = session.exec(
        select(PaymentDetailsChange)
        .where(PaymentDetailsChange.id == change_id, PaymentDetailsChange.company_id == company.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound(f"no change of bank details {change_id}")
    return found


def _step(
    session: Session, company: Company, change: PaymentDetailsChange, now: datetime, who: str
) -> list[int]:
    """Write a step to the audit trail and tell every manager; returns the note to deliver."""
    session.add(
        AuditEvent(
            at=now,
            company_id=company.id,
            who=who,
            what=f"bank_details_{change.status}",
            detail={
                "change": str(change.id),
                "asked_by": change.asked_by,
                "approved_by": change.approved_by,
                "effective_at": change.effective_at.isoformat(),
                "details": {name: {"from": old, "to": new} for name, old, new in shown(change)},
            },
        )
    )
    for address, name in managers(session, company):
        _tell(session, company, change, now, address, name)
    session.flush()
    return [add_note(session, workflow=NoteTo.NOTICES, key=company.id, signal=NoticesSignal.NUDGED, now=now)]


def shown(change: PaymentDetailsChange) -> tuple[tuple[str, str | None, str | None], ...]:
    """Of each detail what it was and becomes, as the journal and e-mails show it: an IBAN masked."""
    return tuple(
        (name, masked(old), masked(new)) if name == "iban" else (name, old, new)
        for name in GUARDED
        if name in change.after
        for old, new in ((change.before[name], change.after[name]),)
    )


def _tell(
    session: Session,
    company: Company,
    change: PaymentDetailsChange,
    now: datetime,
    address: str,
    name: str | None,
) -> None:
    calendar = business_calendar(company.country, company.zone)
    today = calendar.local_day(now)
    effective = change.effective_at.astimezone(calendar.zone)
    by = {
        DetailsChange.APPROVED: change.approved_by,
        DetailsChange.APPLIED: change.approved_by,
        DetailsChange.CANCELLED: change.cancelled_by,
    }.get(DetailsChange(change.status), change.asked_by)
    plan_mail(
        session,
        company,
        Message(
            step_template=KIND,
            tone=Tone.FIRM,
            today=today,
            creditor=creditor_of(company, today),
            debtor=Debtor("", "", ()),
            recipient=colleague(company, address, name),
            signatory=signatory_of(company, address),
            sections=(),
            payment_reference="",
            change=DetailsChanged(
                stage=change.status,
                what=shown(change),
                asked_by=change.asked_by,
                asked_on=calendar.local_day(change.asked_at),
                effective_on=effective.date(),
                effective_at=f"{effective:%H:%M}",
                by=by or change.asked_by,
                reason=change.reason,
            ),
        ),
        address,
        f"bank-details/{change.id}/{change.status}/{address.lower()}",
        now,
    )
