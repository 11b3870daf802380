"""How fresh the bank data must be: before anybody is asked for money, before a promise counts as broken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from rules.facts import Bank, Tone
from rules.policy import Policy, Step

HELD = "bank_data"
"""What a case that waits for a bank file is paused by."""


def demands(step: Step, tone: Tone) -> bool:
    """Whether the debtor, met in that tone, is asked for money: a statement and a decision of ours do not."""
    return step.is_contact and tone is not Tone.STATEMENT


@dataclass(frozen=True, slots=True)
class Old:
    """Bank data known up to the day `known`, where the day `needed` or a later one is wanted."""

    known: date
    needed: date


def too_old(bank: Bank | None, max_age_days: int | None, now: datetime) -> Old | None:
    """What is wanted before money is asked for; None where the bank is known well enough.

    Args:
        bank: the creditor's; None where payments are recorded as they come, so that nothing is ever old.
        max_age_days: the bank must be known up to so many business days of the creditor before today, at
            least; None is not gated.
        now: aware UTC.
    """
    if bank is None or max_age_days is None:
        return None
    needed = bank.calendar.business_days_before(bank.calendar.local_day(now), max_age_days)
    return None if bank.until >= needed else Old(bank.until, needed)


def strictest(policies: Iterable[Policy]) -> int | None:
    """The least age that several policies allow; None when none of them sets one."""
    return min((p.bank_max_age_days for p in policies if p.bank_max_age_days is not None), default=None)


def looked_at(bank: Bank | None, needed: date, planned: datetime) -> datetime | None:
    """When a look at the account that was planned for an instant is taken; None: once the bank is known.

    Whoever looks earlier than the movements are recorded sees nothing and calls an honest debtor a liar.

    Args:
        bank: as `too_old`.
        needed: the last day whose movements may show the money.
        planned: the instant of the look, where the bank is known in time.
    """
    if bank is None or (bank.stated and planned < bank.stated[0].at):
        # Before the creditor first named a day, payments were recorded as they came.
        return planned
    if bank.until < needed:
        return None
    known_at = next((said.at for said in bank.stated if said.until >= needed), planned)
    return max(planned, known_at)
