"""The desk's part about where a company is paid: one manager asks, another approves, a day passes."""

from __future__ import annotations

from collections.abc import Mapping

from activities.payment_details import (
    GUARDED,
    approve_change,
    ask_change,
    cancel_change,
    is_open_to_change,
    manager_named,
    pending_change,
)
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from admin.desk import Desk
from models.errors import InvalidFact, NotFound
from models.tables import PaymentDetailsChange
from models.tables.words import DetailsChange


class BankDesk(Desk):
    """One installation, as the commands about bank details see it."""

    def bank_details(self, company: str) -> str:
        """Where a company is paid, and the change that is under way."""
        with transaction(self._engine) as session:
            row = company_by_ref(session, company)
            lines = [f"{name}: {getattr(row, name) or '-'}" for name in GUARDED]
            change = pending_change(session, row.id)
            if change is not None:
                lines += ["", _told_of(change)]
        return "\n".join(lines)

    def ask_bank_details(
        self, company: str, wanted: Mapping[str, str | None], by: str, reason: str | None
    ) -> str:
        """Ask for other bank details, as one of the company's managers."""
        with transaction(self._engine) as session:
            row = company_by_ref(session, company, lock=True)
            if is_open_to_change(row):
                raise InvalidFact(f"{company} has no bank details yet: write them with `relance companies`")
            who = manager_named(session, row, by)
            change, notes = ask_change(session, row, wanted, self._clock.now(), who, reason)
        self.deliver(notes)
        return _told_of(change)

    def settle_bank_details(self, company: str, by: str, *, approve: bool) -> str:
        """Approve or cancel the change under way, as one of the company's managers."""
        with transaction(self._engine) as session:
            row = company_by_ref(session, company, lock=True)
            who = manager_named(session, row, by)
            waiting = pending_change(session, row.id)
            if waiting is None:
                raise NotFound(f"no change of bank details is under way for {company}")
            step = approve_change if approve else cancel_change
            change, notes = step(session, row, waiting.id, self._clock.now(), who)
        self.deliver(notes)
        return _told_of(change)


def _told_of(change: PaymentDetailsChange) -> str:
    """A change in words, with whole details: whoever approves compares them character by character."""
    what = [
        f"  {name}: {change.before[name] or '-'} -> {change.after[name] or '-'}"
        for name in GUARDED
        if name in change.after
    ]
    said = f"asked for by {change.asked_by} on {change.asked_at:%Y-%m-%d %H:%M} UTC"
    if change.reason:
        said += f" ({change.reason})"
    then = {
        DetailsChange.ASKED: "waits for another manager's approval; in force from "
        f"{change.effective_at:%Y-%m-%d %H:%M} UTC at the earliest",
        DetailsChange.APPROVED: f"approved by {change.approved_by}; in force from "
        f"{change.effective_at:%Y-%m-%d %H:%M} UTC",
        DetailsChange.CANCELLED: f"cancelled by {change.cancelled_by}",
        DetailsChange.APPLIED: "in force",
    }[DetailsChange(change.status)]
    return "\n".join([f"A change of bank details, {said}:", *what, f"  {then}"])
