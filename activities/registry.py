"""Every activity a worker offers, built once from what they need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from activities.bank_import import BankImportActivities
from activities.clock import Clock
from activities.matching import match_lines
from activities.notices import NoticeActivities
from activities.outbox import Courier
from activities.policy_trials import PolicyTrialActivities
from activities.prepare import OutreachActivities
from activities.providers import Providers
from activities.review import ReviewActivities
from activities.sending import SendingActivities
from activities.settings import Settings
from policies import builtin_assignment
from rules.policy import Assignment


@dataclass(frozen=True, slots=True)
class Needs:
    """The world, as activities see it."""

    engine: Engine
    clock: Clock
    courier: Courier
    settings: Settings
    providers: Providers
    assignment: Assignment = field(default_factory=builtin_assignment)


def activities(needs: Needs) -> list[Callable[..., Any]]:
    """The callables to register with a worker."""
    review = ReviewActivities(needs.engine, needs.clock, needs.courier, needs.settings)
    outreach = OutreachActivities(needs.engine, needs.clock, needs.courier, needs.settings, needs.assignment)
    sending = SendingActivities(needs.engine, needs.clock, needs.courier, needs.settings, needs.providers)
    notices = NoticeActivities(needs.engine)
    bank = BankImportActivities(needs.engine, needs.clock, needs.courier, match_lines)
    trials = PolicyTrialActivities(needs.engine, needs.clock, needs.settings)
    return [
        review.review,
        outreach.prepare_contact,
        sending.send_communication,
        notices.waiting_notices,
        bank.store_bank_lines,
        bank.match_bank_lines,
        bank.conclude_bank_file,
        trials.try_policy,
    ]
