"""What holds a step back that is due: a suspension, or bank data that are too old. It has no end of its own.

Time alone opens neither, so a held case sleeps without a timer until it is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from rules.bank import HELD as BY_BANK
from rules.bank import demands, too_old
from rules.calendar import Channel
from rules.facts import CustomerFacts, Suspension, SuspensionScope, Tone
from rules.policy import Policy, Step

BY_SUSPENSION = "suspension"
"""What a suspended case is paused by."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a step waits: for the end of `suspension`, or for the bank to be known up to `awaits_bank`."""

    why: str
    paused_by: str
    suspension: int | None = None
    awaits_bank: date | None = None


def suspended(customer: CustomerFacts, policy: Policy, channel: Channel) -> Suspension | None:
    """The first suspension in force that covers a step by that channel under that policy."""
    for each in customer.suspensions:
        covers = {
            SuspensionScope.CHANNEL: each.target == channel.value,
            SuspensionScope.POLICY: each.target == policy.key,
        }
        if covers.get(each.scope, True):
            return each
    return None


def in_words(suspension: Suspension) -> str:
    """A suspension without who and why: `all of the company is suspended until 2026-08-24 (suspension 7)`."""
    what = {
        SuspensionScope.COMPANY: "all of the company",
        SuspensionScope.CUSTOMER: "the customer",
        SuspensionScope.CHANNEL: f"the channel {suspension.target}",
        SuspensionScope.POLICY: f"the policy {suspension.target}",
    }[suspension.scope]
    until = "resumed" if suspension.until is None else str(suspension.until)
    return f"{what} is suspended until {until} (suspension {suspension.id})"


def hold(
    customer: CustomerFacts, policy: Policy, step: Step, channel: Channel, tone: Tone, now: datetime
) -> Hold | None:
    """What holds a step that is due at `now`, by that channel and in that tone; None where nothing does."""
    stopped = suspended(customer, policy, channel)
    if stopped is not None:
        return Hold(f"{in_words(stopped)}; {step.key} waits", BY_SUSPENSION, suspension=stopped.id)
    old = too_old(customer.bank, policy.bank_max_age_days, now) if demands(step, tone) else None
    if old is None:
        return None
    why = (
        f"the bank is known up to {old.known} only; {step.key} waits for a bank file of {old.needed} or later"
    )
    return Hold(why, BY_BANK, awaits_bank=old.needed)
