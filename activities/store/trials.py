"""Trials of a changed policy on a whole portfolio: asked, stopped, moved on customer by customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import delete
from sqlmodel import Session, col, select

from activities.store.outbox import add_note
from activities.store.sql import run
from models.errors import NotFound, WrongState
from models.ids import START_NOTE
from models.tables import OutboxNote, PolicyTrial, PolicyTrialCustomer
from models.tables.words import NoteTo, TrialState
from rules.compare import Difference, Pair

KEPT: Final = 20
"""Trials of a company that are kept, the newest ones."""

_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))"
_COUNT: Final = """
    SELECT count(DISTINCT customer_id) AS customers, count(*) AS cases
      FROM dunning_case
     WHERE company_id = %(company)s AND closed_at IS NULL AND policy_key = %(key)s
"""
_NEXT: Final = """
    SELECT DISTINCT customer_id
      FROM dunning_case
     WHERE company_id = %(company)s AND closed_at IS NULL AND policy_key = %(key)s
       AND (%(after)s::uuid IS NULL OR customer_id > %(after)s::uuid)
     ORDER BY customer_id
     LIMIT %(limit)s
"""
_OLD: Final = """
    SELECT id FROM policy_trial WHERE company_id = %(company)s ORDER BY asked_at DESC, id OFFSET %(kept)s
"""


def ask_trial(
    session: Session, company_id: UUID, key: str, toml: str, days: int, now: datetime, who: str
) -> tuple[PolicyTrial, list[int]]:
    """Begin to try a text on every customer with an open case under its policy; its row, notes to deliver.

    The same text and days again, while they are tried, are that trial and no new one. Old trials are
    forgotten.

    Args:
        session: the transaction.
        company_id: whose portfolio.
        key: the policy's.
        toml: the changed text, a valid edition of it.
        days: how far to look, today included.
        now: business time; the whole trial is as of this instant.
        who: who asks.

    Raises:
        WrongState: another trial of the company is running.
    """
    # Two people who ask at once: the second waits here, then finds the first one's.
    run(session, _LOCK, key=f"trial/{company_id}")
    running = running_trial(session, company_id)
    if running is not None:
        if (running.policy_key, running.toml, running.days) == (key, toml, days):
            return running, []
        raise WrongState(
            f"a trial of policy {running.policy_key!r} is running (asked by {running.asked_by}): wait for "
            "its end, or stop it"
        )
    _forget(session, run(session, _OLD, company=company_id, kept=KEPT - 1).scalars())
    counted = run(session, _COUNT, company=company_id, key=key).one()
    row = PolicyTrial(
        id=uuid4(),
        company_id=company_id,
        policy_key=key,
        toml=toml,
        days=days,
        customers=counted.customers,
        cases=counted.cases,
        sums=written(Difference()),
        asked_at=now,
        asked_by=who,
        moved_at=now,
    )
    session.add(row)
    session.flush()
    return row, [add_note(session, workflow=NoteTo.POLICY_TRIAL, key=row.id, signal=START_NOTE, now=now)]


def running_trial(session: Session, company_id: UUID) -> PolicyTrial | None:
    """The trial of a company that is running."""
    return session.exec(
        select(PolicyTrial).where(
            PolicyTrial.company_id == company_id, PolicyTrial.state == TrialState.RUNNING
        )
    ).one_or_none()


def stop_trial(session: Session, company_id: UUID, trial_id: UUID, now: datetime) -> PolicyTrial:
    """End a trial where it is: what was found so far is kept. One that is over stays as it is.

    Raises:
        NotFound: the company has no such trial.
    """
    row = _held(session, trial_id)
    if row is None or row.company_id != company_id:
        raise NotFound(f"no trial {trial_id}")
    if row.state == TrialState.RUNNING:
        row.state, row.finished_at = TrialState.STOPPED, now
        session.flush()
    return row


def trials_at_rest(session: Session, before: datetime) -> list[UUID]:
    """Running trials that have not moved since `before` and have no note waiting: was their workflow lost?"""
    return list(
        session.exec(
            select(PolicyTrial.id).where(
                PolicyTrial.state == TrialState.RUNNING,
                PolicyTrial.moved_at < before,
                col(PolicyTrial.id).not_in(
                    select(OutboxNote.key).where(OutboxNote.workflow == NoteTo.POLICY_TRIAL)
                ),
            )
        )
    )


def next_customers(session: Session, trial: PolicyTrial, limit: int) -> list[UUID]:
    """The customers to look at next, in the order of their ids, `limit` at most."""
    return run(
        session,
        _NEXT,
        company=trial.company_id,
        key=trial.policy_key,
        after=trial.reached,
        limit=limit,
    ).scalars()


def move_on(
    session: Session,
    trial: PolicyTrial,
    looked: Sequence[UUID],
    found: Difference,
    now: datetime,
    *,
    last: bool,
) -> PolicyTrial:
    """Write down what was found at the next customers; returns the trial as it is then.

    Nothing is written where the trial is not where it was: another attempt wrote it, or somebody stopped it.

    Args:
        session: the transaction.
        trial: as it was when the customers were chosen.
        looked: the customers, in order.
        found: their sum, in which customers go by the text of their ids.
        now: business time.
        last: there are no customers after these.
    """
    row = _held(session, trial.id)
    if row is None:
        raise NotFound(f"no trial {trial.id}")
    if row.state != TrialState.RUNNING or row.reached != trial.reached:
        return row
    sums = read(row.sums)
    sums.merge(found)
    row.sums = written(sums)
    row.looked += len(looked)
    row.reached = looked[-1] if looked else row.reached
    row.moved_at = now
    if last:
        row.state, row.finished_at = TrialState.DONE, now
    for newly, firsts in ((True, found.newly), (False, found.no_longer)):
        for first in firsts:
            session.add(
                PolicyTrialCustomer(
                    trial_id=row.id,
                    customer_id=UUID(first.customer),
                    newly=newly,
                    on_day=first.act.on,
                    step=first.act.step,
                    channel=first.act.channel.value,
                )
            )
    session.flush()
    return row


def written(sums: Difference) -> dict[str, Any]:
    """Counts as `PolicyTrial.sums` keeps them; whom they are about has a table of its own."""

    def pair(of: Pair) -> list[int]:
        return [of.before, of.after]

    return {
        **{name: getattr(sums, name) for name in _COUNTS},
        **{name: pair(getattr(sums, name)) for name in _PAIRS},
        "steps": {step: pair(of) for step, of in sums.steps.items()},
        "days": {
            str(day): {step: pair(of) for step, of in steps.items()} for day, steps in sums.days.items()
        },
    }


def read(kept: Mapping[str, Any]) -> Difference:
    """Counts as they were written."""
    found = Difference(**{name: kept[name] for name in _COUNTS})
    for name in _PAIRS:
        setattr(found, name, Pair(*kept[name]))
    for step, pair in kept["steps"].items():
        found.steps[step] = Pair(*pair)
    for day, steps in kept["days"].items():
        for step, pair in steps.items():
            found.days[date.fromisoformat(day)][step] = Pair(*pair)
    return found


_COUNTS: Final = ("customers", "own_cases", "suspended")
_PAIRS: Final = ("contacts", "contacted", "approvals", "addresses", "decisions")


def _held(session: Session, trial_id: UUID) -> PolicyTrial | None:
    return session.exec(
        select(PolicyTrial)
        .where(PolicyTrial.id == trial_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def _forget(session: Session, trials: Sequence[UUID]) -> None:
    if trials:
        session.exec(delete(PolicyTrialCustomer).where(col(PolicyTrialCustomer.trial_id).in_(trials)))
        session.exec(delete(PolicyTrial).where(col(PolicyTrial.id).in_(trials)))
