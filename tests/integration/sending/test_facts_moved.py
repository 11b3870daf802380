"""Between composing and sending the world moves on: facts, hours, the switch."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from activities.settings import Sending
from models.ids import CaseSignal
from rules.facts import Role
from tests.integration.sending.desk import DUE, NOW, Desk, settings_for

pytestmark = pytest.mark.integration

S = CaseSignal


def test_a_payment_in_between_takes_the_invoice_out(desk: Desk) -> None:
    desk.invoice("F-1")
    desk.invoice("F-2")
    message = desk.due()
    assert "F-1" in desk.envelope(message).text
    desk.pay("F-1")
    assert desk.send(message).outcome == "stale"
    assert (desk.message(message).status, desk.contact(message).status) == ("withdrawn", "withdrawn")
    assert desk.asked() == []
    desk.review("F-1")
    (again,) = desk.prepare().send
    assert desk.items(again) == {"F-2": False}
    assert "F-1" not in desk.envelope(again).text
    assert desk.send(again).outcome == "sent"
    assert desk.send(message).outcome == "stale"
    assert len(desk.asked()) == 1


def test_a_payment_of_everything_in_between_leaves_nothing_to_send(desk: Desk) -> None:
    desk.invoice("F-1")
    message = desk.due()
    desk.pay("F-1")
    assert desk.send(message).outcome == "stale"
    assert desk.review("F-1").closed
    assert desk.prepare().send == ()
    assert desk.asked() == []


BETWEEN: list[tuple[CaseSignal, dict[str, Any]]] = [
    (S.PAYMENT_RECEIVED, {"amount": "0.01", "currency": "EUR"}),
    (S.CREDIT_NOTE_ISSUED, {"amount": "10.00", "currency": "EUR"}),
    (S.DISPUTE_OPENED, {"amount": "10.00"}),
    (S.PAYMENT_CLAIMED, {}),
    (S.PAYMENT_PLAN_AGREED, {"instalments": [{"due_on": "2026-03-20", "amount": "1200"}]}),
    (S.PAUSED, {"reason": "asked"}),
    (S.DELIVERY_HOLD_PLACED, {"pauses_ladder": True}),
    (S.INVOICE_CHANGED, {"due_on": "2026-03-06"}),
    (S.POLICY_CHANGED, {"policy": "key_account"}),
    (S.INSOLVENCY_OPENED, {}),
    (S.CLOSED, {"reason": "written off"}),
]


@pytest.mark.parametrize(("signal", "told"), BETWEEN, ids=[str(signal) for signal, _ in BETWEEN])
def test_any_fact_in_between_makes_it_stale(desk: Desk, signal: CaseSignal, told: dict[str, Any]) -> None:
    desk.invoice("F-1")
    message = desk.due()
    desk.tell(signal, "F-1", **told)
    assert desk.send(message).outcome == "stale"
    assert desk.asked() == []
    # What is composed afterwards, if anything, is composed on the facts as they are.
    desk.review("F-1")
    for again in desk.prepare().send:
        assert desk.send(again).outcome == "sent"
    stops = signal not in (S.PAYMENT_RECEIVED, S.CREDIT_NOTE_ISSUED, S.DISPUTE_OPENED)
    assert stops or len(desk.asked()) == 1


def test_a_fact_about_another_customer_changes_nothing(desk: Desk) -> None:
    desk.invoice("F-1")
    message = desk.due()
    desk.invoice("F-9", customer="C-9")
    desk.pay("F-9")
    assert desk.send(message).outcome == "sent"


def test_a_payment_while_it_waits_for_the_provider_is_seen(desk: Desk) -> None:
    """Put back by a 429, paid meanwhile: the second attempt looks again."""
    desk.invoice("F-1")
    message = desk.due()
    desk.sandbox.add_fault("status", status=429, times=1)
    with pytest.raises(Exception, match=r"(?i)too many requests"):
        desk.send(message)
    desk.pay("F-1")
    assert desk.send(message).outcome == "stale"
    assert len(desk.asked()) == 1


# ------------------------------------------------------------------------------------ hours


@pytest.mark.parametrize(
    ("at", "next_slot"),
    [
        (datetime(2026, 3, 10, 17, 0, tzinfo=UTC), datetime(2026, 3, 11, 8, 30, tzinfo=UTC)),
        (datetime(2026, 3, 10, 23, 30, tzinfo=UTC), datetime(2026, 3, 11, 8, 30, tzinfo=UTC)),
        (datetime(2026, 3, 13, 17, 0, tzinfo=UTC), datetime(2026, 3, 16, 8, 30, tzinfo=UTC)),
    ],
    ids=["evening", "night", "friday evening"],
)
def test_out_of_hours_it_waits_for_the_next_slot(desk: Desk, at: datetime, next_slot: datetime) -> None:
    """Composed in time, handed over too late (an outage): nothing leaves at night."""
    desk.invoice("F-1")
    message = desk.due()
    desk.notes()
    desk.clock.at = at
    assert desk.send(message).outcome == "out_of_hours"
    assert desk.message(message).status == "withdrawn"
    assert desk.asked() == []
    assert desk.notes() == [("F-1", "contact_concluded")], "the case is told to look again"
    told = desk.review("F-1")
    assert (told.state, told.next_at) == ("waiting", next_slot)
    assert desk.prepare().send == ()
    desk.clock.at = next_slot
    again = desk.due()
    assert desk.send(again).outcome == "sent"
    assert len(desk.asked()) == 1


def test_an_sms_does_not_leave_at_noon_though_an_email_may(desk: Desk) -> None:
    desk.invoice("F-1", due=date(2026, 2, 4), last=("reminder_2", date(2026, 2, 24)))
    message = desk.due()
    assert desk.message(message).channel == "sms"
    desk.clock.at = datetime(2026, 3, 10, 11, 30, tzinfo=UTC)
    assert desk.send(message).outcome == "out_of_hours"
    desk.clock.at = datetime(2026, 3, 10, 13, 5, tzinfo=UTC)
    again = desk.due()
    assert desk.send(again).outcome == "sent"
    (left,) = desk.asked()
    assert left.validity_period is not None
    until = desk.clock.at + timedelta(seconds=left.validity_period)
    assert until <= datetime(2026, 3, 10, 17, 0, tzinfo=UTC), (
        "queued at the operator, it must not come at night"
    )


# ---------------------------------------------------------------------------------- the switch


def test_off_composes_and_keeps_it_back(desk: Desk) -> None:
    desk.settings = settings_for(desk.sandbox.url, sending=Sending.OFF)
    desk.invoice("F-1")
    message = desk.due()
    assert desk.send(message).outcome == "withheld"
    assert (desk.message(message).status, desk.contact(message).status) == ("withheld", "withheld")
    assert desk.items(message) == {"F-1": False}, "nothing withheld counts as sent"
    assert desk.envelope(message).text, "what would have left can be read"
    assert desk.asked() == []
    told = desk.review("F-1")
    assert (told.state, told.stage) == ("withheld", "new")
    assert desk.prepare().send == ()
    # The next business day it is composed afresh; switched on, it leaves.
    desk.settings = settings_for(desk.sandbox.url)
    again = desk.due()
    assert desk.send(again).outcome == "sent"


def test_the_allowlist_lets_named_addresses_through_and_strikes_out_the_others(desk: Desk) -> None:
    """Also those in copy: a firm reminder to accounting goes out without its copy to the buyer."""
    desk.settings = settings_for(
        desk.sandbox.url, sending=Sending.ALLOWLIST, allowlist="compta@c-1.example,@ours.example"
    )
    for ref in ("C-1", "C-2"):
        desk.customer(ref)
        desk.person(ref, Role.BUYER, f"buyer@{ref.lower()}.example")
        desk.invoice(f"{ref}/F", customer=ref, due=date(2026, 2, 20), last=("reminder_1", date(2026, 2, 25)))
        desk.review(f"{ref}/F")
    (allowed,), (kept) = desk.prepare("C-1").send, desk.prepare("C-2").send
    assert desk.message(allowed).cc == ["buyer@c-1.example"]
    assert desk.send(allowed).outcome == "sent"
    assert desk.send(kept[0]).outcome == "withheld"
    (left,) = desk.asked()
    assert left.recipients == ("compta@c-1.example",)


def test_live_the_copy_goes_out_too(desk: Desk) -> None:
    desk.customer("C-1")
    desk.person("C-1", Role.BUYER, "buyer@c-1.example")
    desk.invoice("F-1", due=date(2026, 2, 20), last=("reminder_1", date(2026, 2, 25)))
    assert desk.send(desk.due()).outcome == "sent"
    (left,) = desk.asked()
    assert left.recipients == ("compta@c-1.example", "buyer@c-1.example")


def test_the_desk_stands_where_the_first_reminder_is_due() -> None:
    assert NOW.date() - DUE == timedelta(days=5)
