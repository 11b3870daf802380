"""The one task a company gets when contacts wait for a bank file, with their number and total kept true.

The sweepers keep it: a case that is held costs nothing more than its own decision, however many there are.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select

from activities.store.lookup import among
from activities.store.policies import get_policy
from activities.store.sql import run
from activities.store.tasks import close_task, open_task
from models.tables import Company, Task
from models.tables.words import TaskKind, TaskStatus
from rules.bank import HELD, strictest, too_old
from rules.calendar import BusinessCalendar, business_calendar
from rules.facts import Bank
from rules.money import round_money
from rules.policy import Policy

_HELD: Final = """
    SELECT k.company_id, k.currency, k.policy_key, k.policy_version, count(*), sum(k.outstanding - k.disputed)
      FROM company c JOIN dunning_case k ON k.company_id = c.id
     WHERE k.closed_at IS NULL AND k.paused_by = %(held)s
       AND (%(company)s::uuid IS NULL OR c.id = %(company)s)
     GROUP BY 1, 2, 3, 4
"""
_CUSTOMERS: Final = """
    SELECT company_id, count(DISTINCT customer_id) FROM dunning_case
     WHERE closed_at IS NULL AND paused_by = %(held)s AND company_id = ANY (%(companies)s::uuid[])
     GROUP BY 1
"""
_LOCK: Final = "SELECT pg_try_advisory_xact_lock(7311002)"


@dataclass(slots=True)
class Held:
    """What waits for a company's bank file: invoices, the customers they are of, sums by currency."""

    invoices: int = 0
    customers: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)
    policies: list[Policy] = field(default_factory=list)

    @property
    def told(self) -> str:
        """In words: one contact is made for all that is due to a customer."""
        sums = ", ".join(f"{self.sums[currency]:,} {currency}" for currency in sorted(self.sums))
        contacts = f"{self.customers} contact" + ("" if self.customers == 1 else "s")
        invoices = f"{self.invoices} invoice" + ("" if self.invoices == 1 else "s")
        return f"{contacts} about {invoices} ({sums})"


def held_by_bank(session: Session, company_id: UUID | None = None) -> dict[UUID, Held]:
    """What waits, by company, or of one; companies of which nothing does are left out."""
    found: dict[UUID, Held] = defaultdict(Held)
    for company, currency, key, version, count, total in run(session, _HELD, held=HELD, company=company_id):
        held = found[company]
        held.invoices += count
        held.sums[currency] = held.sums.get(currency, Decimal(0)) + round_money(total, currency)
        held.policies.append(get_policy(session, key, version))
    if found:
        for company, customers in run(session, _CUSTOMERS, held=HELD, companies=list(found)):
            found[company].customers = customers
    return dict(found)


def settle_bank_tasks(session: Session, now: datetime) -> int:
    """Open, bring up to date or withdraw each company's task; how many are open for what waits now.

    Several workers may try at once: one of them does it.
    """
    if not run(session, _LOCK).scalar_one():
        return 0
    held = held_by_bank(session)
    companies = session.exec(select(Company).where(among(Company.id, held)).order_by(Company.ref)).all()
    keys = [_ask(session, company, held[company.id], now) for company in companies]
    open_ones = select(Task).where(Task.kind == TaskKind.BANK_FILE, Task.status == TaskStatus.OPEN)
    for task in session.exec(open_ones.where(col(Task.key).not_in(keys)).with_for_update(skip_locked=True)):
        close_task(task, TaskStatus.WITHDRAWN, "nothing waits for it any more", "relance", now)
    session.flush()
    return len(keys)


def _ask(session: Session, company: Company, held: Held, now: datetime) -> str:
    calendar = business_calendar(company.country, company.zone)
    today = calendar.local_day(now)
    task, created = open_task(
        session,
        key=f"bank-file/{company.id}/{company.bank_known_until}",
        kind=TaskKind.BANK_FILE,
        company_id=company.id,
        customer_id=None,
        title=f"Bank file of {company.name}: known up to {company.bank_known_until} only"[:300],
        body=_body(company, held, calendar, now),
        now=now,
        today=today,
        due_on=calendar.first_business_day(today),
        assignee_email=company.signatory_email,
    )
    if not created:
        body = _body(company, held, calendar, now)
        if task.body != body:
            task.body = body
        if task.status != TaskStatus.OPEN:
            # It lapsed, or the day was corrected back: something waits again.
            task.status, task.outcome, task.closed_at, task.closed_by = TaskStatus.OPEN, None, None, None
            task.due_on = calendar.first_business_day(today)
    return task.key


def _body(company: Company, held: Held, calendar: BusinessCalendar, now: datetime) -> str:
    bank = Bank(company.bank_known_until, calendar) if company.bank_known_until else None
    old = too_old(bank, strictest(held.policies), now)
    wanted = f" A file of {old.needed} or later lets all of them go." if old else ""
    return (
        f"{held.told} wait for a bank file; the bank is known up to {company.bank_known_until}.{wanted} "
        f"Record the payments of the file first, then state its last day: relance bank-known {company.ref} "
        "DATE. What waits leaves then, inside its hours, and this task closes by itself."
    )
