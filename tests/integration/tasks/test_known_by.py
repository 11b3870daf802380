"""A colleague knows somebody at the customer's: a call to them is offered to that colleague first."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlmodel import select

from activities.store.absences import pass_on_calls, record_absence, settle_absences
from activities.store.customers import enter_contact
from activities.store.engine import transaction
from activities.store.parties import change_contact
from models.errors import InvalidFact
from models.tables import CaseEvent, Company, Contact, Customer, Staff, Task
from rules.facts import Role
from tests.integration.sending.desk import Desk
from tests.integration.tasks.conftest import CALL_DUE, Answer, task_of

pytestmark = pytest.mark.integration

CLAIRE, SAM, PAUL = "claire@acme.example", "sam@acme.example", "paul@acme.example"
TUESDAY, WEDNESDAY = date(2026, 3, 10), date(2026, 3, 11)


@pytest.fixture
def office(desk: Desk) -> Desk:
    """Sam sells, and knows accounting at C-1, whose call is due; Paul may stand in."""
    desk.invoice("F-1", due=CALL_DUE, last=("reminder_3", date(2026, 2, 28)))
    with transaction(desk.engine) as session:
        for email, role in ((SAM, "sales_rep"), (PAUL, "collector")):
            session.add(Staff(id=uuid4(), company_id=desk.company_id, email=email, name=email, role=role))
    knows(desk, SAM)
    return desk


def knows(desk: Desk, email: str | None) -> list[int]:
    with transaction(desk.engine) as session:
        customer = session.get_one(Customer, desk.customers["C-1"])
        (contact,) = session.exec(select(Contact.id).where(Contact.customer_id == customer.id)).all()
        return change_contact(session, customer, contact, {"known_by": email}, desk.clock.at, "test")


def away(desk: Desk, who: str, first: date, last: date) -> None:
    with transaction(desk.engine) as session:
        record_absence(
            session, staff=who, first_day=first, last_day=last, deputy=PAUL, now=desk.clock.at, who="test"
        )


def call(desk: Desk) -> Task:
    """The call, opened by a review and a pass."""
    desk.review("F-1")
    assert desk.prepare().step == "phone_call"
    (task,) = desk.tasks("phone_call")
    return task


def sweep(desk: Desk) -> int:
    with transaction(desk.engine) as session:
        return settle_absences(session, desk.clock.at) + pass_on_calls(session, desk.clock.at)


def whose(desk: Desk, task: Task) -> tuple[str | None, str | None, str | None]:
    """Who is asked, in whose place, and whose it is later."""
    now = task_of(desk, task)
    return now.assignee_email, now.meant_for, now.falls_to


def test_it_is_offered_first_and_falls_to_the_collector_when_its_day_has_passed(office: Desk) -> None:
    task = call(office)
    assert (whose(office, task), task.due_on) == ((SAM, None, CLAIRE), WEDNESDAY)
    office.clock.at = datetime(2026, 3, 11, 22, 30, tzinfo=UTC)
    assert sweep(office) == 0, "still its day in Paris"
    office.clock.at = datetime(2026, 3, 11, 23, 30, tzinfo=UTC)
    assert sweep(office) == 1
    assert sweep(office) == 0
    assert whose(office, task) == (CLAIRE, None, None)
    with transaction(office.engine) as session:
        (event,) = session.exec(select(CaseEvent).where(CaseEvent.what == "task_reassigned")).all()
        assert event.why == f"{SAM} has not called by 2026-03-11"
        assert event.detail == {"task": str(task.id), "from": SAM, "to": CLAIRE}


def test_as_long_as_they_try_it_stays_theirs(office: Desk, answer: Answer) -> None:
    task = call(office)
    office.clock.at += timedelta(days=1)
    answer(task, "no_answer", by=SAM)
    office.clock.at += timedelta(days=1)
    assert sweep(office) == 0
    assert whose(office, task) == (SAM, None, CLAIRE)
    answer(task, "call_back", call_back_on="2026-03-17", by=SAM)
    office.clock.at += timedelta(days=4)
    assert sweep(office) == 0
    office.clock.at += timedelta(days=2)
    assert sweep(office) == 1
    assert whose(office, task) == (CLAIRE, None, None)


def test_done_it_is_nobodys(office: Desk, answer: Answer) -> None:
    task = call(office)
    answer(task, "reached", by=SAM)
    office.clock.at += timedelta(days=5)
    assert sweep(office) == 0


@pytest.mark.parametrize("days", [(TUESDAY, TUESDAY), (WEDNESDAY, WEDNESDAY)])
def test_who_is_away_today_or_on_its_day_is_not_offered_it(office: Desk, days: tuple[date, date]) -> None:
    away(office, SAM, *days)
    assert whose(office, call(office)) == (CLAIRE, None, None)


def test_who_leaves_meanwhile_loses_it_to_the_collector_not_to_a_deputy(office: Desk) -> None:
    task = call(office)
    away(office, SAM, TUESDAY, WEDNESDAY)
    assert whose(office, task) == (CLAIRE, None, None)
    assert sweep(office) == 0


def test_the_collector_may_be_away_then(office: Desk) -> None:
    task = call(office)
    away(office, CLAIRE, TUESDAY, date(2026, 3, 20))
    assert whose(office, task) == (SAM, None, CLAIRE)
    office.clock.at += timedelta(days=2)
    assert sweep(office) == 1
    assert whose(office, task) == (PAUL, CLAIRE, None)


def test_without_anybody_who_knows_them_nothing_changes(office: Desk) -> None:
    knows(office, None)
    assert whose(office, call(office)) == (CLAIRE, None, None)


def test_whoever_is_offered_the_call_is_not_told_that_another_makes_it(office: Desk) -> None:
    with transaction(office.engine) as session:
        session.get_one(Customer, office.customers["C-1"]).sales_rep_email = SAM
    call(office)
    assert office.messages() == []


def test_the_call_about_a_notice_is_offered_too(desk: Desk) -> None:
    desk.invoice("F-1", due=date(2026, 1, 5), last=("formal_notice", date(2026, 3, 5)))
    with transaction(desk.engine) as session:
        session.connection().exec_driver_sql("UPDATE contact_item SET channel = 'letter', tone = 'notice'")
        session.connection().exec_driver_sql("UPDATE contact_made SET channel = 'letter', tone = 'notice'")
        session.connection().exec_driver_sql("UPDATE dunning_case SET opened_on = '2026-01-01'")
        session.add(Staff(id=uuid4(), company_id=desk.company_id, email=SAM, name=SAM, role="sales_rep"))
    knows(desk, SAM)
    desk.review("F-1")
    (task,) = desk.tasks("notice_call")
    assert whose(desk, task) == (SAM, None, CLAIRE)


def test_only_a_colleague_of_the_company_knows_anybody(office: Desk) -> None:
    with transaction(office.engine) as session:
        other = Company(id=uuid4(), ref="other", name="Other", country="FR")
        session.add(other)
        session.flush()
        session.add(
            Staff(id=uuid4(), company_id=other.id, email="x@other.example", name="X", role="sales_rep")
        )
    for email in ("x@other.example", "nobody@acme.example"):
        with pytest.raises(InvalidFact, match="known_by: nobody of company 'acme'"):
            knows(office, email)
    with transaction(office.engine) as session:
        customer = session.get_one(Customer, office.customers["C-1"])
        added, _ = enter_contact(
            session,
            customer,
            Role.BUYER,
            office.clock.at,
            "test",
            email="b@c-1.example",
            known_by="Sam@Acme.example",
        )
        assert session.get_one(Contact, added).known_by == SAM


def test_saying_who_knows_them_withdraws_no_letter(office: Desk) -> None:
    """No message shows it: what waits for approval stands."""
    office.invoice("N-1", customer="C-2", due=date(2026, 1, 5), last=("phone_call", date(2026, 3, 1)))
    office.review("N-1")
    office.prepare("C-2")
    (task,) = office.tasks("approval")
    with transaction(office.engine) as session:
        customer = session.get_one(Customer, office.customers["C-2"])
        (contact,) = session.exec(select(Contact.id).where(Contact.customer_id == customer.id)).all()
        change_contact(session, customer, contact, {"known_by": SAM}, office.clock.at, "test")
    office.review("N-1")
    assert task_of(office, task).status == "open"
