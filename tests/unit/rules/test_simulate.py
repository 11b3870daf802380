"""Previews, simulations and their summary."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

import policies
from rules.calendar import Channel, business_calendar
from rules.facts import (
    CaseFacts,
    Claim,
    CreditNote,
    CustomerFacts,
    Dispute,
    Draft,
    Instalment,
    Pause,
    Payment,
    Plan,
    Reach,
    Role,
    StepDone,
)
from rules.policy import parse_policy
from rules.preview import preview
from rules.simulate import Contacted, Life, Outcome, simulate, summarise

FR = business_calendar("FR")
STANDARD = parse_policy(policies.builtin_policy_texts()["standard.toml"], "standard.toml")
CUSTOMER = CustomerFacts(FR)
CASE = CaseFacts("F-1", "EUR", Decimal("1200.00"), date(2026, 8, 31), date(2026, 8, 1))
START = FR.start_of_day(date(2026, 8, 1))


SEPTEMBER = {day: FR.start_of_day(date(2026, 9, day)) for day in range(1, 31)}
FAR = (Instalment(date(2027, 6, 1), Decimal(1200)),)


def paid(case: CaseFacts, on: str) -> CaseFacts:
    """Paid in full on that day."""
    return replace(case, payments=(Payment(case.total, FR.start_of_day(date.fromisoformat(on))),))


def test_a_preview_has_one_row_a_step_with_its_planned_day() -> None:
    rows = list(preview(CASE, CUSTOMER, STANDARD, START))
    assert [row.step for row in rows] == [step.key for step in STANDARD.steps]
    assert [str(row.planned) for row in rows][:3] == ["2026-08-28", "2026-09-05", "2026-09-15"]
    assert [str(FR.local_day(row.at)) for row in rows][:3] == ["2026-08-28", "2026-09-07", "2026-09-15"]
    assert all(row.why for row in rows)


def test_without_people_letters_and_missing_addresses_wait_and_begin_no_gap() -> None:
    """A notice waits for its approval, so the second invoice's reminder goes by itself the next day."""
    reach = {Role.ACCOUNTING: Reach(email=True)}
    called = (StepDone("phone_call", date(2026, 8, 3), 40, STANDARD.step("phone_call").tone, Channel.PHONE),)
    notice = replace(CASE, invoice="F-1", due_on=date(2026, 6, 1), done=called)
    late = replace(CASE, invoice="F-2", due_on=date(2026, 8, 20))
    start, until = FR.start_of_day(date(2026, 8, 25)), FR.start_of_day(date(2026, 9, 5))
    lives = [Life(case, STANDARD, start) for case in (notice, late)]

    alone = simulate("C", replace(CUSTOMER, reach=reach), lives, until=until, people=False)
    assert [(c.step, c.invoices, str(FR.local_day(c.at))) for c in alone.contacts] == [
        ("reminder_1", ("F-2",), "2026-08-26"),
        ("reminder_2", ("F-2",), "2026-09-04"),
    ]
    ((letter, unreachable),) = [(asked.contact, asked.unreachable) for asked in alone.asked]
    assert (letter.step, letter.invoices, letter.also) == ("formal_notice", ("F-1",), ("F-2",))
    assert not unreachable
    # In the gap after the reminder neither could leave.
    assert [d.state.value for d in alone.decisions if d] == ["waiting", "waiting"]

    nobody = simulate("C", CUSTOMER, lives[1:], until=until, people=False)
    assert nobody.contacts == ()
    assert [(asked.contact.step, asked.unreachable) for asked in nobody.asked] == [("reminder_1", True)]
    assert [d.state.value for d in nobody.decisions if d] == ["awaiting_person"]

    with pytest.raises(ValueError, match="until when"):
        simulate("C", CUSTOMER, lives, people=False)


def test_a_preview_of_a_paid_or_tiny_invoice_is_empty() -> None:
    assert list(preview(paid(CASE, "2026-08-01"), CUSTOMER, STANDARD, START)) == []
    assert list(preview(replace(CASE, total=Decimal("9.99")), CUSTOMER, STANDARD, START)) == []


def test_a_preview_begins_where_the_case_stands() -> None:
    done = (StepDone("phone_call", date(2026, 10, 12), 40, STANDARD.step("phone_call").tone, Channel.PHONE),)
    rows = preview(replace(CASE, done=done), CUSTOMER, STANDARD, FR.start_of_day(date(2026, 10, 13)))
    assert [row.step for row in rows] == ["formal_notice", "handover"]


def test_a_preview_takes_a_waiting_draft_for_approved_at_the_latest_when_it_expires() -> None:
    done = (StepDone("phone_call", date(2026, 10, 12), 40, STANDARD.step("phone_call").tone, Channel.PHONE),)
    waiting = replace(CASE, done=done, drafts=(Draft("formal_notice", date(2026, 10, 30)),))
    rows = list(preview(waiting, CUSTOMER, STANDARD, FR.start_of_day(date(2026, 11, 2))))
    assert [row.step for row in rows] == ["formal_notice", "handover"]


def test_a_simulation_ends_each_invoice_with_its_last_step_and_reason() -> None:
    lives = [
        Life(paid(CASE, "2026-09-10"), STANDARD, START),
        Life(paid(replace(CASE, invoice="F-2"), "2026-08-02"), STANDARD, START),
        Life(replace(CASE, invoice="F-3"), STANDARD, START),
    ]
    outcome = simulate("C", CUSTOMER, lives)
    assert outcome.ended == (
        ("F-1", "reminder_1", "paid in full"),
        ("F-2", "none", "paid in full"),
        ("F-3", "handover", None),
    )
    assert outcome.contacts[0].invoices == ("F-1", "F-3")
    assert {contact.customer for contact in outcome.contacts} == {"C"}


def test_a_simulation_of_nothing() -> None:
    assert simulate("C", CUSTOMER, []) == Outcome("C", (), ())


def test_another_tools_contact_counts_from_the_start_of_its_case() -> None:
    brought = replace(
        CASE,
        invoice="F-2",
        opened_on=date(2026, 9, 6),
        done=(StepDone("reminder_1", date(2026, 9, 5), 5, STANDARD.step("reminder_1").tone, Channel.EMAIL),),
    )
    lives = [
        Life(CASE, STANDARD, START),
        Life(brought, STANDARD, FR.start_of_day(date(2026, 9, 6))),
    ]
    days = [str(FR.local_day(contact.at)) for contact in simulate("C", CUSTOMER, lives).contacts]
    assert days[:2] == ["2026-08-28", "2026-09-10"]  # not 7 September: five days after the other tool's


def test_a_case_that_starts_in_the_instant_of_a_contact_is_known_to_it_in_any_order() -> None:
    slot = FR.slot(date(2026, 9, 7))
    tone = STANDARD.step("reminder_1").tone
    brought = replace(
        CASE,
        invoice="F-2",
        opened_on=date(2026, 9, 7),
        done=(StepDone("reminder_1", date(2026, 9, 4), 5, tone, Channel.EMAIL),),
    )
    lives = [Life(CASE, STANDARD, START), Life(brought, STANDARD, slot)]
    seen = [
        [(c.at, c.step, c.invoices) for c in simulate("C", CUSTOMER, order).contacts]
        for order in (lives, lives[::-1])
    ]
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("facts", "second_reminder"),
    [
        pytest.param({}, "2026-09-15", id="nothing happens"),
        pytest.param({"payments": (Payment(Decimal(1200), SEPTEMBER[8]),)}, None, id="paid"),
        pytest.param(
            {"payments": (Payment(Decimal(1200), SEPTEMBER[8], SEPTEMBER[20]),)},
            "2026-09-21",
            id="payment returned",
        ),
        pytest.param({"credit_notes": (CreditNote(Decimal(1200), SEPTEMBER[8]),)}, None, id="credited"),
        pytest.param({"disputes": (Dispute(SEPTEMBER[8]),)}, None, id="disputed"),
        pytest.param(
            {"disputes": (Dispute(SEPTEMBER[8], None, SEPTEMBER[16]),)}, "2026-09-21", id="resolved"
        ),
        pytest.param({"plans": (Plan("P", SEPTEMBER[8], FAR),)}, None, id="a plan not yet broken"),
        pytest.param(
            {"plans": (Plan("P", SEPTEMBER[8], FAR, SEPTEMBER[16]),)}, "2026-09-21", id="plan cancelled"
        ),
        pytest.param({"claims": (Claim("C", SEPTEMBER[14], date(2026, 9, 14)),)}, "2026-09-23", id="claimed"),
        pytest.param(
            {"claims": (Claim("C", SEPTEMBER[14], date(2026, 9, 18), SEPTEMBER[15]),)},
            "2026-09-21",
            id="withdrawn",
        ),
        pytest.param({"pauses": (Pause("x", SEPTEMBER[8]),)}, None, id="paused"),
        pytest.param(
            {"pauses": (Pause("x", SEPTEMBER[8], date(2026, 9, 16)),)}, "2026-09-21", id="pause with a date"
        ),
        pytest.param(
            {"pauses": (Pause("x", SEPTEMBER[8], None, SEPTEMBER[16]),)}, "2026-09-21", id="resumed"
        ),
    ],
)
def test_a_simulation_is_woken_by_every_fact(facts: dict[str, Any], second_reminder: str | None) -> None:
    contacts = simulate("C", CUSTOMER, [Life(replace(CASE, **facts), STANDARD, START)]).contacts
    days = {c.step: str(FR.local_day(c.at)) for c in contacts if FR.local_day(c.at) < date(2027, 1, 1)}
    assert days.get("reminder_1") == "2026-09-07"
    assert days.get("reminder_2") == second_reminder


def test_the_summary() -> None:
    at = FR.slot(date(2026, 9, 7))
    later = FR.slot(date(2026, 11, 16))
    outcomes = [
        Outcome(
            "C",
            (
                Contacted("C", at, Channel.EMAIL, "reminder_1", ("F-1", "F-2"), ("F-3",)),
                Contacted("C", later, Channel.DECISION, "handover", ("F-1",)),
            ),
            (
                ("F-1", "handover", None),
                ("F-2", "reminder_1", "paid in full"),
                ("F-3", "pre_reminder", "paid in full"),
            ),
        ),
        Outcome("D", (), (("F-4", "none", "paid in full"),)),
        Outcome(
            "E",
            (Contacted("E", later, Channel.DECISION, "handover", ("F-5",)),),
            (("F-5", "handover", None),),
        ),
    ]
    summary = summarise(outcomes, STANDARD)
    assert (summary.invoices, summary.customers, summary.customers_contacted) == (5, 3, 1)
    assert summary.contacts == {"reminder_1": 1}
    assert (summary.channels, summary.decisions) == ({"email": 1}, 2)
    assert summary.paid_after == {"none": 1, "pre_reminder": 1, "reminder_1": 1}
    assert (summary.still_open, summary.saved_by_grouping) == (2, 2)
    assert (summary.first_at, summary.last_at) == (at, at)


def test_the_summary_of_nothing() -> None:
    summary = summarise([], STANDARD)
    assert (summary.invoices, summary.first_at, summary.contacts) == (0, None, {})
