"""What the command line does to stop contact and to let it go on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlmodel import Session

from activities.installation import who_runs
from activities.store import closures, suspensions
from activities.store.customers import customer_by_ref
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from admin.desk import Desk
from admin.queries.closures import ClosureTold, closures_told
from admin.queries.suspensions import SuspensionTold, suspensions_told
from models.tables import AuditEvent, Company
from rules.facts import SuspensionScope


class Switch(Desk):
    """A desk whose commands suspend, resume, and close days."""

    def suspensions(self, company: str) -> list[str]:
        """What is suspended, a line each."""
        with transaction(self._engine) as session:
            row = company_by_ref(session, company)
            told = suspensions_told(session, row.id)
        return [_line(each) for each in told] or [f"{company}: nothing is suspended"]

    def suspend(
        self,
        company: str,
        scope: str,
        customer: str | None,
        target: str | None,
        reason: str,
        until: date | None,
    ) -> str:
        """Suspend contact at once."""
        now, who = self._clock.now(), who_runs()
        with transaction(self._engine) as session:
            row = company_by_ref(session, company, lock=True)
            customer_id = customer_by_ref(session, company, customer).id if customer else None
            made = suspensions.suspend(
                session,
                row,
                SuspensionScope(scope),
                now,
                who,
                reason=reason,
                customer_id=customer_id,
                target=target,
                until=until,
            )
            self._audit(session, row, "suspend_contact", {"suspension": made.id, "reason": reason})
            (told,) = suspensions_told(session, row.id, only=made.id)
        return _line(told)

    def resume(self, company: str, suspension: int, a_day: int | None) -> str:
        """End a suspension."""
        now, who = self._clock.now(), who_runs()
        with transaction(self._engine) as session:
            row = company_by_ref(session, company, lock=True)
            done = suspensions.resume(session, row, suspension, now, who, a_day)
            detail = {"suspension": suspension, "customers": done.customers}
            self._audit(session, row, "resume_contact", detail)
        self.deliver(done.notes)
        turns = f"{done.customers} customers have their turn"
        last = f", the last on {done.last_day}" if done.last_day else ""
        return f"{company}: suspension {suspension} is over; {turns}{last}"

    def closures(self, company: str) -> list[str]:
        """Days on which nothing leaves, a line each."""
        with transaction(self._engine) as session:
            told = closures_told(session, company_by_ref(session, company).id)
        return [_closure(each) for each in told] or [f"{company}: no closures"]

    def close(
        self, company: str, first: date, last: date, customer: str | None, reason: str | None, *, yearly: bool
    ) -> str:
        """Record days on which nothing leaves."""
        now, who = self._clock.now(), who_runs()
        with transaction(self._engine) as session:
            row = company_by_ref(session, company, lock=True)
            customer_id = customer_by_ref(session, company, customer).id if customer else None
            made = closures.record_closure(
                session, row, first, last, now, who, yearly=yearly, customer_id=customer_id, reason=reason
            )
            days = {"first_day": str(first), "last_day": str(last), "yearly": yearly, "customer": customer}
            self._audit(session, row, "record_closure", {"closure": made.id, **days})
            (told,) = closures_told(session, row.id, only=made.id)
        return _closure(told)

    def reopen(self, company: str, closure: int) -> str:
        """Take a closure back."""
        now, who = self._clock.now(), who_runs()
        with transaction(self._engine) as session:
            row = company_by_ref(session, company, lock=True)
            _, notes = closures.end_closure(session, row, closure, now, who)
            self._audit(session, row, "end_closure", {"closure": closure})
        self.deliver(notes)
        return f"{company}: closure {closure} is taken back; what waited for its end looks again"

    def _audit(self, session: Session, company: Company, what: str, detail: Mapping[str, object]) -> None:
        now = self._clock.now()
        session.add(AuditEvent(company_id=company.id, at=now, who=who_runs(), what=what, detail=dict(detail)))


def _line(told: SuspensionTold) -> str:
    what = {"company": "all of the company", "customer": f"customer {told.customer}"}.get(
        told.scope, f"{told.scope} {told.target}"
    )
    until = f"until {told.until}" if told.until else "until resumed"
    held = f"holds {told.held_invoices} invoices of {told.held_customers} customers"
    return f"{told.id}  {what} is suspended {until}, by {told.by}: {told.reason}; {held}"


def _closure(told: ClosureTold) -> str:
    whose = f"customer {told.customer}" if told.customer else "the company"
    yearly = ", every year" if told.yearly else ""
    reason = f": {told.reason}" if told.reason else ""
    return f"{told.id}  {told.first_day} to {told.last_day}{yearly}, {whose}{reason}"
