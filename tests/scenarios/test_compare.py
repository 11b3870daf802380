"""A changed policy tried on running cases: what comes as things stand, and what would, told day by day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from decimal import Decimal

from rules.calendar import Channel, business_calendar
from rules.compare import Act, Compared, Difference, Pair, Running, compare
from rules.facts import CaseFacts, CustomerFacts, Draft, Reach, Role, StepDone, Tone
from rules.policy import Policy, Step
from tests.scenarios.story import BUILT_IN, EVERYBODY

FR = business_calendar("FR")
NOW = FR.instant(date(2026, 9, 14), time(8, 0))
"""A Monday, before the day's slot."""

STANDARD = BUILT_IN["standard"]


def changed(**steps: dict[str, object]) -> Policy:
    """The next edition of the standard policy: some steps altered."""
    altered = tuple(
        Step.model_validate(step.model_dump() | steps.get(step.key, {})) for step in STANDARD.steps
    )
    return Policy.model_validate(STANDARD.model_dump() | {"steps": altered, "version": 2})


def case(
    number: str = "F-1", due: str = "2026-09-01", *, amount: str = "1200.00", done: str = "", on: str = ""
) -> CaseFacts:
    """An open invoice known since August, with the last step of the standard policy that was done."""
    steps: tuple[StepDone, ...] = ()
    if done:
        step = STANDARD.step(done)
        steps = (StepDone(done, date.fromisoformat(on), step.offset_days, step.tone, step.channel),)
    return CaseFacts(number, "EUR", Decimal(amount), date.fromisoformat(due), date(2026, 8, 3), done=steps)


def told(candidate: Policy, *cases: CaseFacts, days: int = 30, **running: Policy) -> Compared:
    """One customer over `days`; `running` are the editions of some invoices, by number without its dash."""
    known = [Running(each, running.get(each.invoice.replace("-", ""), STANDARD)) for each in cases]
    return compare("C-1", CustomerFacts(FR, reach=EVERYBODY), known, candidate, NOW, days)


def lines(acts: tuple[Act, ...]) -> list[str]:
    """Day and step of each."""
    return [f"{act.on:%d.%m} {act.step}" for act in acts]


REMINDED = case(done="reminder_1", on="2026-09-07")


def test_a_step_that_comes_later_moves_what_follows_it_and_nothing_before() -> None:
    """Reminded once, on day 6. As things stand: day 15, 30, 40. With the second reminder on day 20:"""
    compared = told(changed(reminder_2={"offset_days": 20}), REMINDED)
    assert lines(compared.before) == ["16.09 reminder_2", "01.10 reminder_3", "12.10 phone_call"]
    assert lines(compared.after) == ["21.09 reminder_2", "01.10 reminder_3", "12.10 phone_call"]


def test_the_same_text_changes_nothing() -> None:
    compared = told(STANDARD, REMINDED, case("F-2", "2026-09-10"))
    assert compared.before == compared.after
    assert compared.before


def test_cases_of_every_edition_of_the_policy_are_moved_and_those_of_others_stay() -> None:
    earlier = changed(reminder_2={"offset_days": 25})
    strict = BUILT_IN["strict"]
    candidate = changed(reminder_2={"offset_days": 14})
    one = told(candidate, REMINDED, F1=earlier)
    assert lines(one.before)[0] == "28.09 reminder_2"
    assert lines(one.after)[0] == "15.09 reminder_2"
    other = told(candidate, REMINDED, F1=strict)
    assert other.before == other.after


def test_what_is_due_together_is_one_contact_in_both_lives() -> None:
    """F-2 follows another policy and stays; moved a day, F-1 takes it along or leaves it alone."""
    strict = BUILT_IN["strict"]
    other = case("F-2", "2026-09-13")
    compared = told(changed(reminder_2={"offset_days": 14}), REMINDED, other, days=10, F2=strict)
    assert [(act.on.day, act.step, act.invoices) for act in compared.before] == [
        (16, "call_1", 2),
        (21, "reminder_1", 1),
    ]
    assert [(act.on.day, act.step, act.invoices) for act in compared.after] == [
        (15, "reminder_2", 1),
        (21, "call_1", 1),
    ]


def test_the_last_day_is_the_last_of_so_many_today_included() -> None:
    assert lines(told(STANDARD, REMINDED, days=2).before) == []
    assert lines(told(STANDARD, REMINDED, days=3).before) == ["16.09 reminder_2"]


def test_a_waiting_letter_is_approved_at_once_and_that_of_a_moved_case_is_composed_again() -> None:
    called = case(due="2026-07-15", done="phone_call", on="2026-08-24")
    waiting = replace(called, drafts=(Draft("formal_notice", date(2026, 9, 14)),))
    compared = told(changed(formal_notice={"offset_days": 70}), waiting, days=14)
    assert [(act.step, act.on.day, act.approval, act.nobody) for act in compared.before] == [
        ("formal_notice", 14, True, False)
    ]
    assert [(act.step, act.on.day, act.approval) for act in compared.after] == [("formal_notice", 23, True)]


def test_who_is_newly_contacted_who_no_longer_and_what_people_are_asked() -> None:
    small = {"min_amount": {"EUR": Decimal("100.00")}}
    candidate = changed(reminder_2={"offset_days": 29}).model_copy(update=small)
    little = STANDARD.model_copy(update={"min_amount": {"EUR": Decimal(5000)}})
    # Reminded, but its next would come after the ten days; too small before; too small after.
    lives = (
        told(candidate, REMINDED, days=10),
        compare_one("C-2", candidate, case("F-2", "2026-09-10"), little),
        compare_one("C-3", candidate, case("F-3", "2026-09-10", amount="50.00"), STANDARD),
    )
    sums, parts = Difference(), Difference()
    for life in lives:
        sums.add(life)
        alone = Difference()
        alone.add(life)
        parts.merge(alone)
    assert parts == sums, "a portfolio looked at in parts adds up to the whole"
    assert sums.customers == 3
    assert [(first.customer, first.act.on.day) for first in sums.newly] == [("C-2", 15)]
    assert [first.customer for first in sums.no_longer] == ["C-1", "C-3"]
    assert sums.contacted == Pair(2, 1)
    assert sums.contacts == Pair(2, 1)
    assert sums.steps == {"reminder_2": Pair(1, 0), "reminder_1": Pair(1, 1)}
    assert {day.day: steps for day, steps in sums.days.items()} == {
        16: {"reminder_2": Pair(1, 0)},
        15: {"reminder_1": Pair(1, 1)},
    }


def compare_one(customer: str, candidate: Policy, only: CaseFacts, policy: Policy) -> Compared:
    """One customer with one invoice, over ten days."""
    facts = CustomerFacts(FR, reach=EVERYBODY)
    return compare(customer, facts, [Running(only, policy)], candidate, NOW, 10)


def test_a_decision_of_ours_and_a_message_without_an_address_are_told_apart() -> None:
    noticed = CaseFacts(
        "F-1",
        "EUR",
        Decimal("1200.00"),
        date(2026, 7, 1),
        date(2026, 6, 1),
        done=(StepDone("formal_notice", date(2026, 9, 1), 60, Tone.NOTICE, Channel.LETTER),),
    )
    reminded = case("F-2", done="reminder_1", on="2026-09-07")
    facts = CustomerFacts(FR, reach={Role.EXECUTIVE: Reach(email=True)})
    candidate = changed(reminder_2={"offset_days": 29})
    compared = compare(
        "C-1", facts, [Running(noticed, STANDARD), Running(reminded, STANDARD)], candidate, NOW, 10
    )
    sums = Difference()
    sums.add(compared)
    assert sums.decisions == Pair(1, 1)
    assert sums.addresses == Pair(1, 0)
    assert sums.contacts == Pair(1, 0)
