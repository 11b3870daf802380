"""Who is away, and who stands in: a task asked of somebody absent goes to the deputy, and comes back after.

One hop: where the deputy is away too, the company's credit manager is asked. The day that counts is the
customer's local one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, or_, select

from activities.store.events import add_event
from models.errors import Conflict, InvalidFact, NotFound, WrongState
from models.tables import Absence, Company, Customer, Staff, Task
from models.tables.words import TaskStatus
from rules.absences import Absence as Away
from rules.absences import stand_in
from rules.calendar import business_calendar

LONGEST_DAYS = 400
"""A longer absence is a typing error, or somebody who left: name another collector then."""


def record_absence(
    session: Session, *, staff: str, first_day: date, last_day: date, deputy: str, now: datetime, who: str
) -> tuple[Absence, int]:
    """Somebody will be away, or is; returns the absence and how many open tasks went to the deputy.

    Args:
        session: the transaction.
        staff: e-mail address of who is away.
        first_day: first day of it.
        last_day: last day of it, included.
        deputy: e-mail address of who stands in.
        now: business time.
        who: who says so.

    Raises:
        NotFound: nobody works here under one of the addresses.
        InvalidFact: days in the wrong order or too many, or somebody standing in for themselves.
        Conflict: another absence of theirs falls into these days.
    """
    if last_day < first_day:
        raise InvalidFact(f"last_day: {last_day} lies before the first ({first_day})")
    if last_day - first_day > timedelta(days=LONGEST_DAYS):
        raise InvalidFact(f"last_day: more than {LONGEST_DAYS} days after the first ({first_day})")
    if last_day < now.date() - timedelta(days=1):
        raise InvalidFact(f"last_day: {last_day} has passed")
    staff, deputy = _one_of_us(session, "staff", staff), _one_of_us(session, "deputy", deputy)
    if staff == deputy:
        raise InvalidFact("deputy: nobody stands in for themselves")
    # Two absences of one person are recorded one after the other, so that they cannot overlap.
    session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended(staff, 0))))
    overlapping = session.exec(
        select(Absence).where(_of(staff), Absence.first_day <= last_day, Absence.last_day >= first_day)
    ).first()
    if overlapping is not None:
        raise Conflict(
            f"first_day: {staff} is away from {overlapping.first_day} to {overlapping.last_day} already"
        )
    absence = Absence(
        id=uuid4(),
        staff_email=staff,
        first_day=first_day,
        last_day=last_day,
        deputy_email=deputy,
        recorded_at=now,
        recorded_by=who,
    )
    session.add(absence)
    session.flush()
    return absence, settle_absences(session, now, who)


def end_absence(session: Session, *, staff: str, now: datetime, who: str) -> tuple[Absence, int]:
    """Somebody is back, or does not go; returns the absence and how many open tasks came back.

    It ends the absence in force, else the next one.

    Raises:
        WrongState: none is recorded.
    """
    absence = session.exec(
        select(Absence)
        .where(_of(staff), col(Absence.last_day) >= now.date() - timedelta(days=1))
        .order_by(col(Absence.first_day))
        .with_for_update()
        .limit(1)
    ).one_or_none()
    if absence is None:
        raise WrongState(f"{staff} is not away, nor about to be")
    absence.ended_at = now
    session.flush()
    return absence, settle_absences(session, now, who)


def absences(session: Session, *, since: date) -> Sequence[Absence]:
    """Absences that end on that day or later, and hold; the earliest first."""
    return session.exec(
        select(Absence)
        .where(col(Absence.ended_at).is_(None), Absence.last_day >= since)
        .order_by(col(Absence.first_day), col(Absence.staff_email))
    ).all()


def assign(session: Session, task: Task, today: date) -> None:
    """Give a new task to who stands in, when who is asked is away today or on the day it is due."""
    if task.assignee_email is None:
        return
    away = _away(session, today)
    if not away:
        return
    company = session.get_one(Company, task.company_id)
    asked = _asked(task.assignee_email, away, [today, max(today, task.due_on or today)], company)
    if asked != task.assignee_email:
        task.meant_for, task.assignee_email = task.assignee_email, asked
        session.flush()


def offer(
    session: Session, known_by: str | None, usual: str | None, days: Sequence[date]
) -> tuple[str | None, str | None]:
    """Who is asked to call somebody, and whose call it is once its day has passed, if it is only offered.

    It is offered to the colleague who knows them; to the usual one alone, if that one is away on these days.
    """
    if known_by is None or usual is None or known_by.lower() == usual.lower():
        return usual or known_by, None
    away = [each for each in _away(session, min(days)) if each.staff == known_by.lower()]
    return (usual, None) if any(each.covers(day) for each in away for day in days) else (known_by, usual)


def settle_absences(session: Session, now: datetime, who: str = "relance") -> int:
    """Hand over what falls due while somebody is away, and give back what they return to; how many moved.

    Safe to run at any time: the sweeper does, since nothing else happens when an absence ends.
    """
    away = _away(session, now.date() - timedelta(days=1))
    names = sorted({each.staff for each in away})
    rows = session.exec(
        select(Task, Customer, Company)
        .join(Customer, col(Customer.id) == Task.customer_id, isouter=True)
        .join(Company, col(Company.id) == Task.company_id)
        .where(
            Task.status == TaskStatus.OPEN,
            or_(
                col(Task.meant_for).is_not(None),
                func.lower(col(Task.assignee_email)).in_(names),
            ),
        )
        .order_by(col(Task.opened_at), col(Task.id))
        .with_for_update(of=Task, skip_locked=True)
    ).all()
    moved = 0
    for task, customer, company in rows:
        # An outer join: a task about the company as a whole has its own place.
        there: Customer | None = customer
        place = company if there is None else there
        today = business_calendar(place.country, place.zone).local_day(now)
        meant = task.meant_for or task.assignee_email
        if meant is None:
            continue
        # Due in an absence to come, or in the one there is: what was late before it began included.
        days = [max(today, task.due_on or today)]
        if task.meant_for is not None:
            # What came while they are away stays with the deputy until they are back.
            days.append(today)
        asked = _asked(meant, away, days, company)
        if asked == task.assignee_email:
            continue
        why = f"{meant} is back" if asked == meant else f"{meant} is away"
        if task.falls_to is not None:
            # A call only offered to them goes to whose it is, not to their deputy.
            meant, task.falls_to = task.falls_to, None
            asked = _asked(meant, away, days, company)
        _give(session, task, meant, asked, why, now, who)
        moved += 1
    session.flush()
    return moved


def pass_on_calls(session: Session, now: datetime) -> int:
    """Calls that were offered, and not made by their day, go to whose they are; how many.

    Safe to run at any time: the sweeper does.
    """
    rows = session.exec(
        select(Task, Customer, Company)
        .join(Customer, col(Customer.id) == Task.customer_id)
        .join(Company, col(Company.id) == Task.company_id)
        .where(
            Task.status == TaskStatus.OPEN,
            col(Task.falls_to).is_not(None),
            # Somewhere it is a day later already.
            col(Task.due_on) <= now.date(),
        )
        .order_by(col(Task.opened_at), col(Task.id))
        .with_for_update(of=Task, skip_locked=True)
    ).all()
    moved = 0
    for task, customer, company in rows:
        today = business_calendar(customer.country, customer.zone).local_day(now)
        meant = task.falls_to
        if meant is None or task.due_on is None or task.due_on >= today:
            continue
        why = f"{task.assignee_email} has not called by {task.due_on}"
        task.falls_to = None
        asked = _asked(meant, _away(session, today), [today], company)
        _give(session, task, meant, asked, why, now, "relance")
        moved += 1
    session.flush()
    return moved


def _give(session: Session, task: Task, meant: str, asked: str, why: str, now: datetime, who: str) -> None:
    """A task changes hands: it is meant for one, and another is asked while they are away."""
    before, task.assignee_email = task.assignee_email, asked
    task.meant_for = None if asked == meant else meant
    add_event(
        session,
        company_id=task.company_id,
        customer_id=task.customer_id,
        invoice_id=task.invoice_id,
        at=now,
        who=who,
        what="task_reassigned",
        why=why,
        detail={"task": str(task.id), "from": before, "to": asked},
    )


def _asked(email: str, away: Sequence[Away], days: Sequence[date], company: Company) -> str:
    """Who is asked for the first of these days on which somebody has to stand in."""
    for day in days:
        asked = stand_in(email, away, day, company.signatory_email)
        if asked != email:
            return asked
    return email


def _away(session: Session, since: date) -> list[Away]:
    return [
        Away(row.staff_email, row.deputy_email, row.first_day, row.last_day)
        for row in absences(session, since=since)
    ]


def _one_of_us(session: Session, name: str, email: str) -> str:
    """The address in lower case; NotFound when nobody works under it: a typing error would lose tasks."""
    wanted = email.lower()
    for column in (
        Staff.email,
        Customer.collector_email,
        Customer.sales_rep_email,
        Company.signatory_email,
    ):
        if session.exec(select(column).where(func.lower(column) == wanted).limit(1)).first() is not None:
            return wanted
    raise NotFound(f"{name}: nobody works here under {email}")


def _of(staff: str) -> ColumnElement[bool]:
    return (col(Absence.staff_email) == staff.lower()) & col(Absence.ended_at).is_(None)
