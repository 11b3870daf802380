"""What a creditor's settings change: letters that show the former ones, cases that waited on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session, col, select

from activities.store.bank import state_bank_day
from activities.store.customers import tell_change
from activities.store.lookup import among, lock_customer, open_cases
from activities.store.outbox import add_notes
from activities.store.planned import WAITING, withdraw_planned
from activities.store.rates import check_late_rate
from models.ids import CaseSignal, OutreachSignal
from models.tables import Company, ContactItem, ContactMade, Customer, DunningCase
from models.tables.words import ContactStatus, NoteTo
from rules.iban import masked

HIDDEN: Final = frozenset({"iban"})
"""Settings that the audit trail shows by their first and last four characters."""

_NOT_SHOWN: Final = frozenset(
    {
        "gap_days",
        "bank_known_until",
        "logistics_email",
        "reply_pause_days",
        "resume_per_day",
        "digest_day",
        "write_off_up_to",
        "bank_charges_up_to",
    }
    | {"payment_terms"}
)
"""Settings that no message to a debtor shows."""


def change_company(
    session: Session, company: Company, told: Mapping[str, Any], now: datetime, who: str
) -> tuple[list[int], dict[str, Any]]:
    """Write a company's settings; return the notes to deliver after the commit, and the audit's detail.

    Messages composed with what changed are withdrawn and composed again; cases whose next day depends on
    it are told.

    Args:
        session: the transaction.
        company: its row, locked.
        told: values by column, checked.
        now: business time.
        who: who changes it.

    Raises:
        InvalidFact: `bank_known_until` goes back, or lies in the future.
    """
    changed = {name: value for name, value in told.items() if getattr(company, name) != value}
    check_late_rate(session, company, changed, now)
    detail = {name: _shown(name, getattr(company, name), value) for name, value in changed.items()}
    gap_before = company.gap_days
    notes: list[int] = []
    if "bank_known_until" in changed:
        notes += state_bank_day(session, company, changed["bank_known_until"], now, who).notes
    for name, value in changed.items():
        setattr(company, name, value)
    session.flush()
    if changed.keys() - _NOT_SHOWN:
        notes += _compose_again(
            session, company, f"the company's {', '.join(sorted(changed))} changed", now, who
        )
    cases: set[UUID] = set()
    if "gap_days" in changed:
        cases = _contacted_lately(session, company, max(gap_before, company.gap_days), now)
    looked_at = sorted(cases, key=str)
    notes += add_notes(session, looked_at, NoteTo.CASE, CaseSignal.CONTACT_CONCLUDED, now, {"recorded": True})
    return notes, detail


def _shown(name: str, before: Any, after: Any) -> dict[str, Any]:
    if name in HIDDEN:
        before, after = masked(before), masked(after)
    return {"from": _plain(before), "to": _plain(after)}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int) else str(value)


def _compose_again(session: Session, company: Company, why: str, now: datetime, who: str) -> list[int]:
    # What waits for its turn at a provider finds the facts moved, too, and is composed again.
    waiting = session.exec(
        select(ContactMade.customer_id)
        .join(Customer, col(Customer.id) == ContactMade.customer_id)
        .where(
            Customer.company_id == company.id,
            col(ContactMade.status).in_((*WAITING, ContactStatus.SENDING)),
        )
        .distinct()
    ).all()
    notes: list[int] = []
    # Always in the same order, as every other caller that locks several.
    for customer_id in sorted(waiting):
        customer = lock_customer(session, customer_id)
        withdraw_planned(session, open_cases(session, customer_id), now, why, who)
        notes += add_notes(session, [customer_id], NoteTo.OUTREACH, OutreachSignal.NUDGED, now)
        notes += tell_change(session, customer, now, who, "company_changed", {"why": why})
    return notes


def _contacted_lately(session: Session, company: Company, days: int, now: datetime) -> set[UUID]:
    since = now.date() - timedelta(days=days + 1)
    customers: Iterable[UUID] = session.exec(
        select(ContactMade.customer_id)
        .join(ContactItem, col(ContactItem.contact_id) == ContactMade.id)
        .join(Customer, col(Customer.id) == ContactMade.customer_id)
        .where(Customer.company_id == company.id, col(ContactItem.on_day) >= since)
        .distinct()
    ).all()
    return set(
        session.exec(
            select(DunningCase.invoice_id).where(
                among(DunningCase.customer_id, customers), col(DunningCase.closed_at).is_(None)
            )
        )
    )
