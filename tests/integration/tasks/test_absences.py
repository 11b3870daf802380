"""Somebody is away: what falls due goes to the deputy, and comes back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlmodel import Session, select

from activities.store.absences import absences, end_absence, record_absence, settle_absences
from activities.store.engine import transaction
from activities.store.tasks import open_task
from models.errors import Conflict, InvalidFact, NotFound, WrongState
from models.tables import CaseEvent, Staff, Task
from tests.integration.sending.desk import Desk

pytestmark = pytest.mark.integration

CLAIRE, PAUL, ZOE, MARGOT = (
    "claire@acme.example",
    "paul@acme.example",
    "zoe@acme.example",
    "manager@acme.example",
)
TUESDAY = date(2026, 3, 10)


@pytest.fixture
def office(desk: Desk) -> Desk:
    """Claire collects for C-1; Paul and Zoé may stand in; Margot is the credit manager."""
    desk.customer("C-1")
    with transaction(desk.engine) as session:
        for email in (PAUL, ZOE):
            session.add(Staff(id=uuid4(), email=email, name=email.split("@")[0], role="collector"))
    return desk


def task(desk: Desk, name: str, due: int | None, assignee: str | None = CLAIRE) -> None:
    """A task due on a day of March."""
    with transaction(desk.engine) as session:
        open_task(
            session,
            key=name,
            kind="find_contact",
            company_id=desk.company_id,
            customer_id=desk.customers["C-1"],
            title=name,
            now=desk.clock.at,
            today=desk.clock.at.date(),
            due_on=None if due is None else date(2026, 3, due),
            assignee_email=assignee,
        )


def asked(desk: Desk) -> dict[str, tuple[str | None, str | None]]:
    """Who is asked, and whom it is meant for, by task."""
    with transaction(desk.engine) as session:
        return {each.key: (each.assignee_email, each.meant_for) for each in session.exec(select(Task))}


def away(session: Session, desk: Desk, staff: str, first: int, last: int, deputy: str) -> int:
    """Away in March."""
    days = {"first_day": date(2026, 3, first), "last_day": date(2026, 3, last)}
    return record_absence(session, staff=staff, deputy=deputy, now=desk.clock.at, who="margot", **days)[1]


def test_two_weeks_away(office: Desk) -> None:
    for name, due in (("late", 9), ("before", 13), ("first", 16), ("last", 27), ("after", 30)):
        task(office, name, due)
    task(office, "anytime", None)
    task(office, "not hers", 20, PAUL)
    with transaction(office.engine) as session:
        assert away(session, office, "Claire@acme.example", 16, 27, PAUL) == 2
    stays, moved = (CLAIRE, None), (PAUL, CLAIRE)
    assert asked(office) == {
        "late": stays,
        "before": stays,
        "first": moved,
        "last": moved,
        "after": stays,
        "anytime": stays,
        "not hers": (PAUL, None),
    }
    # Friday the 13th: known to be away when it is due.
    office.clock.at = datetime(2026, 3, 13, 9, tzinfo=UTC)
    task(office, "opened before", 17)
    assert asked(office)["opened before"] == moved
    # She is away: what is still open goes too, and what comes, whenever it is due.
    office.clock.at = datetime(2026, 3, 16, 9, tzinfo=UTC)
    task(office, "opened meanwhile", 31)
    with transaction(office.engine) as session:
        assert settle_absences(session, office.clock.at) == 3
        assert settle_absences(session, office.clock.at) == 0
    found = asked(office)
    assert {name for name, whose in found.items() if whose == stays} == {"after"}
    assert found["opened meanwhile"] == moved
    with transaction(office.engine) as session:
        (line,) = session.exec(
            select(CaseEvent).where(CaseEvent.what == "task_reassigned", CaseEvent.who == "relance").limit(1)
        ).all()
    assert (line.why, line.detail["from"], line.detail["to"]) == (f"{CLAIRE} is away", CLAIRE, PAUL)
    # Back on Saturday the 28th: what is still open is hers again.
    office.clock.at = datetime(2026, 3, 28, 9, tzinfo=UTC)
    with transaction(office.engine) as session:
        settle_absences(session, office.clock.at)
    assert set(asked(office).values()) == {stays, (PAUL, None)}


def test_back_early(office: Desk) -> None:
    task(office, "call", 12)
    with transaction(office.engine) as session:
        away(session, office, CLAIRE, 10, 27, PAUL)
    assert asked(office) == {"call": (PAUL, CLAIRE)}
    with transaction(office.engine) as session:
        absence, moved = end_absence(session, staff=CLAIRE, now=office.clock.at, who="claire")
        assert (absence.ended_at, moved) == (office.clock.at, 1)
        assert absences(session, since=TUESDAY) == []
    assert asked(office) == {"call": (CLAIRE, None)}
    with transaction(office.engine) as session, pytest.raises(WrongState, match="is not away"):
        end_absence(session, staff=CLAIRE, now=office.clock.at, who="claire")


def test_where_the_deputy_is_away_too_the_credit_manager_is_asked(office: Desk) -> None:
    task(office, "call", 12)
    with transaction(office.engine) as session:
        away(session, office, CLAIRE, 10, 13, PAUL)
        away(session, office, PAUL, 11, 12, ZOE)
    assert asked(office) == {"call": (MARGOT, CLAIRE)}
    office.clock.at = datetime(2026, 3, 13, 9, tzinfo=UTC)
    with transaction(office.engine) as session:
        settle_absences(session, office.clock.at)
    assert asked(office) == {"call": (PAUL, CLAIRE)}


def test_the_customers_own_day_counts(office: Desk) -> None:
    """Of the Tuesday on which Claire is away, an evening in Paris is the next morning in Auckland."""
    with transaction(office.engine) as session:
        away(session, office, CLAIRE, 11, 11, PAUL)
    office.clock.at = datetime(2026, 3, 10, 22, 30, tzinfo=UTC)
    with transaction(office.engine) as session:
        open_task(
            session, key="evening", kind="find_contact", company_id=office.company_id,
            customer_id=office.customers["C-1"], title="x", now=office.clock.at, today=TUESDAY,
            assignee_email=CLAIRE,
        )  # fmt: skip
    assert asked(office)["evening"] == (CLAIRE, None)
    office.clock.at += timedelta(hours=1)  # 00:30 in Paris
    with transaction(office.engine) as session:
        assert settle_absences(session, office.clock.at) == 1
    assert asked(office)["evening"] == (PAUL, CLAIRE)


@pytest.mark.parametrize(
    ("staff", "first", "last", "deputy", "error", "text"),
    [
        (CLAIRE, 12, 11, PAUL, InvalidFact, "last_day: .* lies before the first"),
        (CLAIRE, 1, 8, PAUL, InvalidFact, "last_day: 2026-03-08 has passed"),
        (CLAIRE, 10, 11, CLAIRE, InvalidFact, "nobody stands in for themselves"),
        ("clare@acme.example", 10, 11, PAUL, NotFound, "staff: nobody works here under clare@"),
        (CLAIRE, 10, 11, "pual@acme.example", NotFound, "deputy: nobody works here under pual@"),
        (CLAIRE, 20, 22, ZOE, Conflict, "away from 2026-03-18 to 2026-03-20 already"),
    ],
)
def test_what_cannot_be_is_refused(
    office: Desk, staff: str, first: int, last: int, deputy: str, error: type[Exception], text: str
) -> None:
    with transaction(office.engine) as session:
        away(session, office, CLAIRE, 18, 20, PAUL)
        with pytest.raises(error, match=text):
            away(session, office, staff, first, last, deputy)
