"""What a message and a wake cost in SQL statements: most of their time, so it must not creep up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from activities.channels.outcomes import Outcome, Sent
from activities.channels.sendgrid_email import Email
from activities.providers import Providers
from bench.statements import statements
from tests.integration.sending.desk import DUE, NOW, Desk

pytestmark = pytest.mark.integration

PREPARE, SEND = 4, 11
"""Statements of a plain reminder by e-mail: to make it ready, and to hand it over and settle."""

REVIEW_AGAIN = 4
"""Statements of a wake that finds nothing new: lock, load, write that it looked, count what was rejected."""


class Takes:
    """A provider that takes everything at once, however busy the machine is."""

    def send(self, message: Email) -> Outcome:
        """Take it."""
        return Sent("test", "taken")


@pytest.mark.parametrize("others", [0, 2, 8])
def test_a_message_takes_as_many_whatever_the_number_of_invoices(desk: Desk, others: int) -> None:
    desk.providers = Providers(Takes(), None, "")
    desk.invoice("F-0")
    for place in range(others):
        # Due with it, or listed only.
        desk.invoice(f"F-{place + 1}", due=DUE if place % 2 else DUE + timedelta(days=30))
    for number in desk.invoices:
        desk.review(number)
    with statements(desk.engine) as preparing:
        (message,) = desk.prepare().send
    argument = desk.to_send(message)
    with statements(desk.engine) as sending:
        assert desk.call(2, argument).outcome == "sent"
    assert len(preparing) <= PREPARE, preparing
    assert len(sending) <= SEND, sending


def test_waiting_for_ones_turn_costs_a_statement_only_to_those_who_wait(desk: Desk) -> None:
    taken = {}
    for rate, customer in ((None, "C-1"), (1000.0, "C-2"), (0.001, "C-3")):
        desk.settings = desk.settings.model_copy(update={"email_per_second": rate})
        desk.providers = Providers(Takes(), None, "")
        desk.invoice(f"F/{customer}", customer=customer)
        desk.review(f"F/{customer}")
        (message,) = desk.prepare(customer).send
        argument = desk.to_send(message)
        with statements(desk.engine) as sending:
            assert desk.call(2, argument).outcome == "sent"
        taken[rate] = len(sending)
    assert len(set(taken.values())) == 1, taken
    assert taken[None] <= SEND


def test_a_wake_that_finds_nothing_new_writes_that_it_looked(desk: Desk) -> None:
    desk.invoice("F-1", due=DUE + timedelta(days=30))
    first = desk.review("F-1")
    desk.clock.at = NOW + timedelta(minutes=1)
    with statements(desk.engine) as seen:
        assert desk.review("F-1") == first
    assert len(seen) == REVIEW_AGAIN, seen
    assert desk.case("F-1").decided_at == desk.clock.at
    (write,) = (sql for sql in seen if sql.startswith("UPDATE"))
    assert "decided_at" in write
    assert "state" not in write
