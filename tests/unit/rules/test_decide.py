"""One decision at a time: states, routes, obstacles, calls and tasks, words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal

import pytest

import policies
from rules.calendar import Channel, business_calendar
from rules.decide import Decision, State, decide, quoted, resolve
from rules.facts import (
    Blocked,
    CaseFacts,
    CreditNote,
    CustomerFacts,
    Draft,
    Obstacle,
    OpenCall,
    Pause,
    Payment,
    Reach,
    Role,
    StepDone,
    StopReason,
    Tone,
)
from rules.policy import parse_policy

FR = business_calendar("FR")
TEXTS = policies.builtin_policy_texts()
STANDARD = parse_policy(TEXTS["standard.toml"], "standard.toml")
SMALL = parse_policy(TEXTS["small_amounts.toml"], "small_amounts.toml")
EVERYBODY = {
    Role.ACCOUNTING: Reach(email=True, mobile=True, phone=True),
    Role.BUYER: Reach(email=True),
    Role.EXECUTIVE: Reach(email=True),
}
CUSTOMER = CustomerFacts(FR, reach=EVERYBODY)
# Due on Monday 31 August 2026, in time.
CASE = CaseFacts("F-1", "EUR", Decimal("1200.00"), date(2026, 8, 31), date(2026, 8, 1))


def moment(text: str) -> datetime:
    """A Paris wall clock time."""
    day, _, clock = text.partition(" ")
    return FR.instant(date.fromisoformat(day), time.fromisoformat(clock or "00:00"))


def done(step: str, on: str, tone: Tone | None = None) -> StepDone:
    """A step of standard, done."""
    known = STANDARD.step(step)
    return StepDone(step, date.fromisoformat(on), known.offset_days, tone or known.tone, known.channel)


def at(text: str, case: CaseFacts = CASE, customer: CustomerFacts = CUSTOMER) -> Decision:
    """The decision under standard at a Paris time."""
    return decide(case, customer, STANDARD, moment(text))


def next_step(decision: Decision) -> tuple[str, bool]:
    """The next step's key, and whether it is due."""
    assert decision.next is not None
    return decision.next.step.key, decision.next.due


REMINDED = replace(CASE, done=(done("pre_reminder", "2026-08-28"), done("reminder_1", "2026-09-07")))


def test_waiting_tells_step_day_and_wake() -> None:
    decision = at("2026-08-10 12:00")
    assert decision.state is State.WAITING
    assert (decision.stage, decision.wake_at) == ("new", moment("2026-08-28 09:30"))
    assert decision.next is not None
    assert (decision.next.planned, decision.next.day) == (date(2026, 8, 28), date(2026, 8, 28))
    assert decision.next.at == decision.wake_at
    assert decision.why == "3 days before the due date"


def test_due_at_its_slot_and_not_a_second_before() -> None:
    before = decide(CASE, CUSTOMER, STANDARD, moment("2026-08-28 09:29"))
    assert (before.state, next_step(before)) == (State.WAITING, ("pre_reminder", False))
    due = at("2026-08-28 09:30")
    assert (due.state, next_step(due)) == (State.DUE, ("pre_reminder", True))


def test_the_stage_is_the_last_step_done() -> None:
    assert at("2026-09-08", REMINDED).stage == "reminder_1"


def test_closed_comes_before_everything() -> None:
    closed = replace(REMINDED, closed_by="written off", pauses=(Pause("x", moment("2026-09-01")),))
    stopped = replace(CUSTOMER, stopped_by=StopReason.INSOLVENCY)
    decision = at("2026-09-15 10:00", closed, stopped)
    assert (decision.state, decision.closing_reason, decision.wake_at) == (State.CLOSED, "written off", None)


def test_paid_comes_before_stopped_and_stopped_before_paused() -> None:
    stopped = replace(CUSTOMER, stopped_by=StopReason.LAWYER, stopped_on=date(2026, 9, 10))
    paused = replace(REMINDED, pauses=(Pause("x", moment("2026-09-01")),))
    decision = at("2026-09-15 10:00", paused, stopped)
    assert (decision.state, decision.paused_by) == (State.STOPPED, "represented_by_lawyer")
    assert decision.why == "all contact stopped: represented by lawyer since 2026-09-10"
    paid = replace(paused, payments=(Payment(Decimal(1200), moment("2026-09-12")),))
    assert at("2026-09-15 10:00", paid, stopped).closing_reason == "paid in full"


def test_a_future_payment_closes_nothing() -> None:
    paying = replace(REMINDED, payments=(Payment(Decimal(1200), moment("2026-09-16")),))
    assert at("2026-09-15 10:00", paying).state is State.DUE


@pytest.mark.parametrize(
    ("paid", "credited", "reason"),
    [(1200, 0, "paid in full"), (0, 1200, "credited in full"), (200, 1000, "paid in full")],
)
def test_closing_reasons(paid: int, credited: int, reason: str) -> None:
    case = replace(
        REMINDED,
        payments=(Payment(Decimal(paid), moment("2026-09-08")),) if paid else (),
        credit_notes=(CreditNote(Decimal(credited), moment("2026-09-08")),) if credited else (),
    )
    assert at("2026-09-09", case).closing_reason == reason


def test_a_pause_says_what_follows() -> None:
    paused = replace(REMINDED, pauses=(Pause("leniency", moment("2026-09-10"), date(2026, 10, 7)),))
    decision = at("2026-09-15 10:00", paused)
    assert (decision.state, decision.paused_by) == (State.PAUSED, "leniency")
    assert decision.wake_at == moment("2026-10-07")
    assert next_step(decision) == ("reminder_2", False)
    assert decision.next is not None
    assert decision.next.at == moment("2026-10-12 09:30")


def test_overlapping_pauses_foretell_the_step_after_the_last() -> None:
    short = Pause("leniency", moment("2026-09-10"), date(2026, 9, 21))
    long = Pause("holidays", moment("2026-09-11"), date(2026, 10, 7))
    decision = at("2026-09-15 10:00", replace(REMINDED, pauses=(short, long)))
    assert decision.wake_at == moment("2026-09-21")
    assert decision.next is not None
    assert decision.next.at == moment("2026-10-12 09:30")


def test_an_open_pause_foretells_nothing() -> None:
    paused = replace(REMINDED, pauses=(Pause("leniency", moment("2026-09-10")),))
    decision = at("2026-09-15 10:00", paused)
    assert (decision.next, decision.wake_at) == (None, None)


def test_the_ladder_done() -> None:
    case = replace(CASE, done=(done("handover", "2026-12-01"),))
    decision = at("2026-12-02", case)
    assert (decision.state, decision.next, decision.wake_at) == (State.LADDER_DONE, None, None)


def test_the_hand_over_is_a_task_of_its_own() -> None:
    case = replace(CASE, done=(done("formal_notice", "2026-10-30"),))
    decision = at("2026-11-16 09:30", case)
    assert (decision.state, next_step(decision)) == (State.DUE, ("handover", True))
    assert [(task.kind, "F-1" in task.key) for task in decision.tasks if task.kind != "notice_call"] == [
        ("decision", True)
    ]


# Reaching somebody

SMS = STANDARD.step("reminder_3")
EMAIL = STANDARD.step("reminder_1")
PHONE = STANDARD.step("phone_call")


@pytest.mark.parametrize(
    ("reach", "channel", "role", "fallback"),
    [
        (EVERYBODY, Channel.SMS, Role.ACCOUNTING, False),
        ({Role.BUYER: Reach(email=True, mobile=True)}, Channel.SMS, Role.BUYER, False),
        (
            {Role.ACCOUNTING: Reach(email=True), Role.BUYER: Reach(email=True)},
            Channel.EMAIL,
            Role.BUYER,
            True,
        ),
        ({Role.ACCOUNTING: Reach(email=True, phone=True)}, Channel.PHONE, Role.ACCOUNTING, True),
        ({Role.EXECUTIVE: Reach(mobile=True)}, Channel.PHONE, None, True),  # the collector finds the number
        ({}, Channel.PHONE, None, True),
    ],
)
def test_how_the_third_reminder_reaches_somebody(
    reach: dict[Role, Reach], channel: Channel, role: Role | None, fallback: bool
) -> None:
    route = resolve(SMS, replace(CUSTOMER, reach=reach))
    assert (route.channel, route.role, route.fallback) == (channel, role, fallback)


def test_a_fallback_brings_its_own_template() -> None:
    assert resolve(SMS, CUSTOMER).template == "sms_reminder"
    assert (
        resolve(SMS, replace(CUSTOMER, reach={Role.BUYER: Reach(email=True)})).template
        == "email_instead_of_sms"
    )
    assert resolve(SMS, replace(CUSTOMER, reach={})).template == "phone_call"


def test_an_email_goes_to_the_first_role_that_has_an_address_else_nobody() -> None:
    assert resolve(EMAIL, CUSTOMER).role is Role.ACCOUNTING
    assert resolve(EMAIL, replace(CUSTOMER, reach={Role.BUYER: Reach(email=True)})).role is Role.BUYER
    route = resolve(EMAIL, replace(CUSTOMER, reach={Role.ACCOUNTING: Reach(mobile=True, phone=True)}))
    assert (route.channel, route.role, route.fallback) == (Channel.EMAIL, None, False)


def test_a_call_needs_a_phone_number_of_the_role() -> None:
    assert resolve(PHONE, CUSTOMER).role is Role.ACCOUNTING
    assert resolve(PHONE, replace(CUSTOMER, reach={Role.EXECUTIVE: Reach(phone=True)})).role is Role.EXECUTIVE
    assert resolve(PHONE, replace(CUSTOMER, reach={})).role is None


def test_a_fallback_decides_the_hours() -> None:
    # An SMS would be closed at noon, the e-mail that replaces it is not.
    late = replace(CASE, done=(done("reminder_2", "2026-09-15"),))
    assert at("2026-10-01 12:30", late).state is State.WAITING
    assert at("2026-10-01 12:30", late).wake_at == moment("2026-10-01 14:00")
    by_email = replace(CUSTOMER, reach={Role.BUYER: Reach(email=True)})
    assert at("2026-10-01 12:30", late, by_email).state is State.DUE


# Obstacles


def blocked(obstacle: Obstacle, until: str | None = None) -> CaseFacts:
    """reminder_2, due on 15 September, could not leave."""
    last = None if until is None else date.fromisoformat(until)
    return replace(REMINDED, blocked=(Blocked("reminder_2", obstacle, date(2026, 9, 15), last),))


@pytest.mark.parametrize("obstacle", [Obstacle.FIND_CONTACT, Obstacle.DELIVERY_FAILED])
@pytest.mark.parametrize("now", ["2026-09-15 10:00", "2026-09-15 20:00", "2026-09-19 12:00"])
def test_a_step_that_waits_for_a_person_waits_without_a_clock(obstacle: Obstacle, now: str) -> None:
    decision = at(now, blocked(obstacle))
    assert (decision.state, decision.wake_at) == (State.AWAITING_PERSON, None)
    assert next_step(decision) == ("reminder_2", False)
    assert "a person was asked on 2026-09-15" in decision.why


@pytest.mark.parametrize("now", ["2026-09-15 10:00", "2026-09-15 20:00"])
def test_what_is_withheld_is_looked_at_again_on_its_day(now: str) -> None:
    decision = at(now, blocked(Obstacle.WITHHELD, until="2026-09-19"))
    assert (decision.state, decision.wake_at) == (State.WITHHELD, moment("2026-09-21 09:30"))  # a Saturday
    assert "sending is off" in decision.why
    assert at("2026-09-21 09:30", blocked(Obstacle.WITHHELD, until="2026-09-19")).state is State.DUE


def test_an_obstacle_of_another_step_does_not_matter() -> None:
    case = replace(REMINDED, blocked=(Blocked("reminder_1", Obstacle.FIND_CONTACT, date(2026, 9, 7)),))
    assert at("2026-09-15 10:00", case).state is State.DUE


# Drafts

CALLED = replace(CASE, done=(done("phone_call", "2026-10-12"),))
COMPOSED = date(2026, 10, 30)  # a Friday; ten business days on is Monday 16 November (11 November is closed)


def drafted(approved: bool = False, stale: bool = False, folded: bool = False) -> CaseFacts:
    """The notice composed on 30 October."""
    return replace(CALLED, drafts=(Draft("formal_notice", COMPOSED, folded, approved, stale),))


@pytest.mark.parametrize(
    "now", ["2026-10-30 09:30", "2026-11-13 17:00", "2026-11-13 20:00", "2026-11-14 12:00"]
)
def test_a_draft_waits_ten_business_days(now: str) -> None:
    decision = at(now, drafted())
    assert decision.state is State.AWAITING_APPROVAL
    assert decision.wake_at == moment("2026-11-16 09:30")


def test_a_draft_expires() -> None:
    decision = at("2026-11-16 09:30", drafted())
    assert decision.state is State.DUE
    assert decision.next is not None
    assert not decision.next.approved


def test_a_stale_draft_is_due_again_and_never_approved() -> None:
    for approved in (False, True):
        decision = at("2026-11-02 10:00", drafted(approved=approved, stale=True))
        assert decision.state is State.DUE
        assert decision.next is not None
        assert not decision.next.approved


def test_an_approved_draft_is_due() -> None:
    decision = at("2026-11-02 10:00", drafted(approved=True))
    assert decision.state is State.DUE
    assert decision.next is not None
    assert decision.next.approved


# Calls


@pytest.mark.parametrize(
    ("now", "tasks", "wake"),
    [
        ("2026-10-15 09:29", [], "2026-10-15 09:30"),
        ("2026-10-15 09:30", ["call_overdue"], "2026-10-30 09:30"),
    ],
)
def test_a_call_not_made_in_three_business_days_is_escalated(now: str, tasks: list[str], wake: str) -> None:
    case = replace(CALLED, open_calls=(OpenCall("phone_call", date(2026, 10, 12)),))
    decision = at(now, case)
    assert [task.kind for task in decision.tasks] == tasks
    assert decision.wake_at == moment(wake)
    assert "the call is not made yet" in decision.why


def test_a_call_is_escalated_even_while_paused() -> None:
    case = replace(
        CALLED,
        open_calls=(OpenCall("phone_call", date(2026, 10, 12)),),
        pauses=(Pause("leniency", moment("2026-10-13")),),
    )
    assert at("2026-10-14", case).wake_at == moment("2026-10-15 09:30")
    assert [task.kind for task in at("2026-10-16", case).tasks] == ["call_overdue"]


def test_a_call_put_off_is_late_three_business_days_after_the_day_agreed() -> None:
    call = OpenCall("phone_call", date(2026, 10, 12), again_on=date(2026, 10, 19))
    case = replace(CALLED, open_calls=(call,))
    assert at("2026-10-16", case).tasks == ()
    assert at("2026-10-16", case).wake_at == moment("2026-10-22 09:30")
    (task,) = at("2026-10-22 09:30", case).tasks
    assert (task.key, task.why) == (
        "call-overdue/F-1/phone_call/2026-10-19",
        "call of 2026-10-12 not made, to be made again on 2026-10-19",
    )


def test_an_escalated_call_is_not_escalated_again() -> None:
    case = replace(CALLED, open_calls=(OpenCall("phone_call", date(2026, 10, 12), escalated=True),))
    decision = at("2026-10-16", case)
    assert (decision.tasks, decision.wake_at) == ((), moment("2026-10-30 09:30"))


# Other ladders, tones, words


def test_a_step_of_another_policy_stands_where_its_day_stands() -> None:
    called = replace(CASE, done=(done("phone_call", "2026-10-12"),))
    decision = decide(called, CUSTOMER, SMALL, moment("2026-10-13"))
    assert next_step(decision)[0] == "reminder_3"  # +40 lies between +21 and +45
    early = replace(CASE, done=(done("pre_reminder", "2026-08-28"),))
    assert next_step(decide(early, CUSTOMER, SMALL, moment("2026-08-29")))[0] == "reminder_1"


def test_the_tone_is_never_weaker_than_the_last_met() -> None:
    folded = replace(CASE, done=(done("pre_reminder", "2026-08-28", Tone.FIRM),))
    decision = at("2026-09-01", folded)
    assert decision.next is not None
    assert (decision.next.step.key, decision.next.tone) == ("reminder_1", Tone.FIRM)
    assert "in the tone it last met (firm)" in decision.why


def test_the_reason_names_the_gap_that_binds() -> None:
    lately = replace(CUSTOMER, last_contact_on=date(2026, 9, 14))
    decision = at("2026-09-14 12:00", REMINDED, lately)
    assert decision.why == (
        "15 days after the due date; not before 2026-09-19, 5 days after the customer's last contact "
        "(2026-09-14); 2026-09-19 is Saturday: moved to 2026-09-21"
    )


def test_the_reason_names_a_missing_address_and_a_fallback() -> None:
    nobody = replace(CUSTOMER, reach={})
    assert "no address known yet: a person will be asked" in at("2026-09-10", REMINDED, nobody).why
    late = replace(CASE, done=(done("reminder_2", "2026-09-15"),))
    assert "no mobile number: by phone" in at("2026-09-20", late, nobody).why


def test_the_reason_says_late_and_past_the_hours() -> None:
    assert "late: its day was 2026-09-15" in at("2026-09-17 10:00", REMINDED).why
    assert "past the hours of that day: moved to 2026-09-18" in at("2026-09-17 18:00", REMINDED).why


def test_what_a_letter_quotes() -> None:
    before = quoted(REMINDED, moment("2026-09-10"))
    assert before == ("F-1", Decimal("1200.00"), Decimal(0), date(2026, 8, 31))
    paid = replace(REMINDED, payments=(Payment(Decimal(1), moment("2026-09-09")),))
    assert quoted(paid, moment("2026-09-10")) != before
    assert quoted(paid, moment("2026-09-08")) == before
