"""The bank's day is tested again at the moment of sending: what was composed on it may leave too late."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from activities.store.bank import state_bank_day
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from tests.integration.sending.desk import DUE, NOW, Desk

pytestmark = pytest.mark.integration

# On Tuesday 10 March Thursday the 5th will do; on Wednesday it takes Friday the 6th.
THURSDAY, FRIDAY = date(2026, 3, 5), date(2026, 3, 6)


def known(desk: Desk, until: date) -> None:
    """Somebody states the bank's day."""
    with transaction(desk.engine) as session:
        state_bank_day(session, company_by_ref(session, "acme"), until, desk.clock.at, "test")


def test_a_reminder_composed_in_time_does_not_leave_a_day_later(desk: Desk) -> None:
    desk.invoice("F-1")
    known(desk, THURSDAY)
    message = desk.due()
    assert desk.contact(message).bank_max_age_days == 3
    desk.clock.at = NOW + timedelta(days=1)
    assert desk.send(message).outcome == "bank_too_old"
    assert desk.asked() == []
    assert (desk.message(message).status, desk.contact(message).status) == ("withdrawn", "withdrawn")
    assert ("F-1", "contact_concluded") in desk.notes()
    view = desk.review("F-1")
    assert (view.state, view.paused_by, view.done) == ("awaiting_bank", "bank_data", ())
    assert desk.prepare().send == ()
    known(desk, FRIDAY)
    assert ("F-1", "contact_concluded") in desk.notes()
    again = desk.due()
    assert desk.send(again).outcome == "sent"
    assert len(desk.asked()) == 1


def test_a_day_corrected_back_stops_what_is_composed(desk: Desk) -> None:
    desk.invoice("F-1")
    known(desk, THURSDAY)
    message = desk.due()
    with transaction(desk.engine) as session:
        company = company_by_ref(session, "acme")
        state_bank_day(session, company, date(2026, 3, 2), NOW, "margot", correction="another account")
    assert desk.send(message).outcome == "bank_too_old"
    assert desk.asked() == []


def test_in_time_it_leaves_and_a_statement_leaves_whatever_the_day(desk: Desk) -> None:
    desk.invoice("F-1")
    desk.invoice("F-2", customer="C-2", due=DUE + timedelta(days=8))
    known(desk, THURSDAY)
    for number in desk.invoices:
        desk.review(number)
    (reminder,), (statement,) = desk.prepare().send, desk.prepare("C-2").send
    desk.clock.at = NOW + timedelta(minutes=5)
    assert desk.send(reminder).outcome == "sent"
    assert desk.contact(statement).bank_max_age_days is None
    desk.clock.at = NOW + timedelta(days=1)
    assert desk.send(statement).outcome == "sent"


def test_who_names_no_day_is_not_held(desk: Desk) -> None:
    desk.invoice("F-1")
    message = desk.due()
    desk.clock.at = NOW + timedelta(days=1)
    assert desk.send(message).outcome == "sent"
