"""A policy may have the sales representative asked before a step: told day by day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from rules.asking import ASKED, STANDS_DAYS
from rules.calendar import business_calendar
from rules.decide import State, decide
from rules.facts import CaseFacts, CustomerFacts, RepAsked
from rules.policy import Policy, PolicyError, parse_policy
from rules.preview import preview
from tests.scenarios.story import BUILT_IN, EVERYBODY, Story, story


def asking(days: int = 3, step: str = "reminder_2", policy: str = "standard") -> Policy:
    """A built-in policy that has the representative asked before a step."""
    steps = tuple(
        each.model_copy(update={"ask_sales_rep": days}) if each.key == step else each
        for each in BUILT_IN[policy].steps
    )
    return BUILT_IN[policy].model_copy(update={"steps": steps})


def asked(days: int = 3) -> Story:
    return story(steps=asking(days).steps).has_sales_rep()


def test_asked_three_business_days_before_and_silence_lets_it_leave_on_its_day() -> None:
    (
        asked()
        .invoice("F-1", "1200.00", due="2026-03-02")
        .day("2026-02-27", "pre_reminder by e-mail")
        .day("2026-03-09", "reminder_1 by e-mail")
        .status("2026-03-11", State.WAITING, why="15 days after the due date")
        # Tuesday 17 March is its day: Thursday, Friday, Monday to answer.
        .day("2026-03-12", "task sales_veto")
        .nothing_until("2026-03-17")
        .day("2026-03-17", "reminder_2 by e-mail")
        .nothing_until("2026-04-01")
        .day("2026-04-01", "reminder_3 by SMS")
    )


def test_the_simulation_lives_the_same_life() -> None:
    (
        asked()
        .invoice("F-1", "1200.00", due="2026-03-02")
        .day("2026-02-27", "pre_reminder by e-mail")
        .day("2026-03-09", "reminder_1 by e-mail")
        .day("2026-03-12", "task sales_veto")
        .day("2026-03-17", "reminder_2 by e-mail")
        .pays("2026-03-20", "1200.00")
        .day("2026-03-20", "closed: paid in full")
        .nothing_more()
    )


def test_the_simulation_of_who_enters_late_lives_the_same_life() -> None:
    (
        asked()
        .invoice("F-1", "1200.00", due="2026-02-02", entered="2026-03-10")
        .invoice("F-2", "500.00", due="2026-02-20", entered="2026-03-11")
        .day("2026-03-10", "task sales_veto for F-1")
        .day("2026-03-13", "reminder_2 by e-mail for F-1, F-2")
        .pays("2026-03-16", "1200.00", "F-1")
        .pays("2026-03-16", "500.00", "F-2")
        .day("2026-03-16", "closed: paid in full for F-1", "closed: paid in full for F-2")
        .nothing_more()
    )


def test_a_veto_holds_the_step_until_its_end_and_the_rest_goes_on_from_there() -> None:
    (
        asked()
        .invoice("F-1", "1200.00", due="2026-03-02")
        .day("2026-02-27", "pre_reminder by e-mail")
        .day("2026-03-09", "reminder_1 by e-mail")
        .day("2026-03-12", "task sales_veto")
        .vetoes("2026-03-13 11:00", until="2026-03-23")
        .status("2026-03-18", State.WAITING, why="asked to wait until 2026-03-23")
        .nothing_until("2026-03-23")
        .day("2026-03-23", "reminder_2 by e-mail")
    )


def test_a_veto_that_ends_before_the_day_changes_nothing() -> None:
    (
        asked()
        .invoice("F-1", "1200.00", due="2026-03-02")
        .day("2026-02-27", "pre_reminder by e-mail")
        .day("2026-03-09", "reminder_1 by e-mail")
        .day("2026-03-12", "task sales_veto")
        .vetoes("2026-03-13 11:00", until="2026-03-16")
        .day("2026-03-17", "reminder_2 by e-mail")
    )


def test_who_enters_late_is_asked_first_and_leaves_time_to_answer() -> None:
    """Its day has long come; nobody's first letter is a firm one that its representative did not hear of."""
    (
        asked()
        .invoice("F-1", "1200.00", due="2026-02-02", entered="2026-03-10 11:00")
        .day("2026-03-10", "task sales_veto at 11:00")
        .nothing_until("2026-03-13")
        .day("2026-03-13", "reminder_2 by e-mail")
        .day("2026-03-18", "reminder_3 by SMS")
    )


def test_one_question_is_for_every_invoice_of_the_customer_and_stands_for_a_month() -> None:
    today = date(2026, 3, 20)
    calendar = business_calendar("FR")
    case = CaseFacts("F-1", "EUR", Decimal(1200), date(2026, 3, 2), today)

    def tasks(*before: RepAsked) -> list[str]:
        customer = CustomerFacts(calendar, reach=EVERYBODY, has_sales_rep=True, reps_asked=before)
        return [task.kind for task in decide(case, customer, asking(), calendar.slot(today)).tasks]

    assert tasks() == [ASKED]
    before = today - timedelta(days=STANDS_DAYS)
    assert tasks(RepAsked("reminder_2", before, before)) == []
    assert tasks(RepAsked("reminder_2", before - timedelta(days=1), before)) == [ASKED]
    assert tasks(RepAsked("formal_notice", today, today)) == [ASKED], "another step is another question"


def test_without_a_representative_or_where_the_policy_does_not_say_so_nobody_is_asked() -> None:
    for told in (story(steps=asking().steps), story().has_sales_rep()):
        (
            told.invoice("F-1", "1200.00", due="2026-03-02")
            .day("2026-02-27", "pre_reminder by e-mail")
            .day("2026-03-09", "reminder_1 by e-mail")
            .day("2026-03-17", "reminder_2 by e-mail")
        )
    assert all(step.ask_sales_rep is None for policy in BUILT_IN.values() for step in policy.steps)


def test_nobody_is_asked_in_a_pause_or_a_suspension() -> None:
    (
        asked()
        .invoice("F-1", "1200.00", due="2026-03-02")
        .day("2026-02-27", "pre_reminder by e-mail")
        .day("2026-03-09", "reminder_1 by e-mail")
        .suspend("2026-03-10")
        .nothing_until("2026-03-26")
        .status("2026-03-26", State.SUSPENDED)
        .resume_all("2026-03-26 08:00")
        .day("2026-03-26", "task sales_veto at 08:00")
        .nothing_until("2026-03-31")
        .day("2026-03-31", "reminder_2 by e-mail")
    )


def test_days_of_closure_are_no_days_to_answer_in() -> None:
    (
        asked()
        .closed("2026-03-13", "2026-03-16")
        .invoice("F-1", "1200.00", due="2026-03-02")
        .day("2026-02-27", "pre_reminder by e-mail")
        .day("2026-03-09", "reminder_1 by e-mail")
        .day("2026-03-10", "task sales_veto")
        .day("2026-03-17", "reminder_2 by e-mail")
    )


@pytest.mark.parametrize("opened", ["2026-01-05", "2026-03-10", "2026-03-14", "2026-05-01", "2026-07-13"])
@pytest.mark.parametrize("days", [1, 3, 10])
def test_a_preview_leaves_every_step_as_time_to_answer_allows(opened: str, days: int) -> None:
    policy = asking(days)
    told = (
        story(steps=policy.steps).has_sales_rep().invoice("F-1", "1200.00", due="2026-02-02", entered=opened)
    )
    case = told.told["F-1"].case
    calendar = told.customer.calendar
    start = calendar.start_of_day(date.fromisoformat(opened))
    with_question = list(preview(case, told.customer, policy, start))
    without = list(preview(case, CustomerFacts(calendar, reach=EVERYBODY), policy, start))
    assert [each.step for each in with_question] == [each.step for each in without]
    firm = next(each for each in with_question if each.step == "reminder_2")
    plain = next(each for each in without if each.step == "reminder_2")
    natural, day = calendar.local_day(plain.at), date.fromisoformat(opened)
    late = natural < calendar.add_business_days(day, 1)
    assert calendar.local_day(firm.at) == (calendar.add_business_days(day, days) if late else natural)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("ask_sales_rep = 0", "step s: ask_sales_rep: "),
        ("ask_sales_rep = 11", "step s: ask_sales_rep: "),
        ("ask_sales_rep = true", "step s: ask_sales_rep: "),
    ],
)
def test_a_policy_says_how_many_days(written: str, text: str) -> None:
    file = (
        'key = "p"\ntitle = "P"\nentry_cap = "s"\n[[steps]]\nkey = "s"\noffset_days = 5\nchannel = "email"\n'
        f'template = "firm_reminder"\ntone = "firm"\nrecipient = ["accounting"]\n{written}\n'
    )
    with pytest.raises(PolicyError, match=text):
        parse_policy(file, "p.toml")
    decision = file.replace('"email"', '"decision"').replace(written, "ask_sales_rep = 2")
    with pytest.raises(PolicyError, match="a decision is our own"):
        parse_policy(decision, "p.toml")
