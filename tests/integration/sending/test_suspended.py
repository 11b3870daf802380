"""A suspension takes effect at once: what is composed already is refused at the moment of sending."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from activities.store.closures import record_closure
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from activities.store.suspensions import resume, suspend
from rules.facts import SuspensionScope as Scope
from tests.integration.sending.desk import NOW, Desk

pytestmark = pytest.mark.integration


def stop(desk: Desk, scope: Scope, target: str | None = None, customer_id: UUID | None = None) -> int:
    """Suspend; the suspension's number."""
    with transaction(desk.engine) as session:
        company = company_by_ref(session, "acme")
        row = suspend(
            session, company, scope, NOW, "test", reason="why", target=target, customer_id=customer_id
        )
        assert row.id is not None
        return row.id


@pytest.mark.parametrize(
    ("scope", "target"), [(Scope.COMPANY, None), (Scope.CHANNEL, "email"), (Scope.POLICY, "standard")]
)
def test_what_is_composed_does_not_leave_and_leaves_once_when_it_goes_on(
    desk: Desk, scope: Scope, target: str | None
) -> None:
    desk.invoice("F-1")
    message = desk.due()
    number = stop(desk, scope, target)
    assert desk.send(message).outcome == "suspended"
    assert desk.message(message).status == "withdrawn"
    assert ("F-1", "contact_concluded") in desk.notes()
    view = desk.review("F-1")
    assert (view.state, view.paused_by, view.done) == ("suspended", "suspension", ())
    assert desk.prepare().send == ()
    with transaction(desk.engine) as session:
        resume(session, company_by_ref(session, "acme"), number, NOW, "test")
    assert desk.send(desk.due()).outcome == "sent"
    assert len(desk.asked()) == 1


def test_a_customer_is_stopped_and_its_neighbour_is_not(desk: Desk) -> None:
    desk.invoice("F-1")
    desk.invoice("F-2", customer="C-2")
    for number in desk.invoices:
        desk.review(number)
    (one,), (other,) = desk.prepare().send, desk.prepare("C-2").send
    stop(desk, Scope.CUSTOMER, customer_id=desk.customers["C-1"])
    stop(desk, Scope.CHANNEL, "sms")
    stop(desk, Scope.POLICY, "strict")
    assert desk.send(one).outcome == "suspended"
    assert desk.send(other).outcome == "sent"


def test_a_closure_that_begins_today_stops_what_is_composed(desk: Desk) -> None:
    desk.invoice("F-1")
    message = desk.due()
    with transaction(desk.engine) as session:
        record_closure(session, company_by_ref(session, "acme"), NOW.date(), NOW.date(), NOW, "test")
    assert desk.send(message).outcome == "out_of_hours"
    view = desk.review("F-1")
    assert (view.state, str(view.next_at)[:10]) == ("waiting", "2026-03-11")
    desk.clock.at = NOW + timedelta(days=1)
    assert desk.send(desk.due()).outcome == "sent"
    assert len(desk.asked()) == 1
