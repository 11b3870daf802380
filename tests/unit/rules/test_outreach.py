"""One contact out of many decisions, approved drafts, and who is thanked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal

import pytest

import policies
from rules.calendar import Channel, business_calendar
from rules.decide import Decision, State, decide
from rules.facts import (
    CaseFacts,
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
    Tone,
)
from rules.outreach import Contact, Ladder, next_contact, outreach, owes_thanks
from rules.policy import Policy, parse_policy
from rules.simulate import Life, simulate

FR = business_calendar("FR")
POLICIES = {
    name.removesuffix(".toml"): parse_policy(text, name)
    for name, text in policies.builtin_policy_texts().items()
}
STANDARD = POLICIES["standard"]
CUSTOMER = CustomerFacts(
    FR,
    reach={
        Role.ACCOUNTING: Reach(email=True, mobile=True, phone=True),
        Role.BUYER: Reach(email=True),
        Role.EXECUTIVE: Reach(email=True),
    },
)
NOW = FR.slot(date(2026, 9, 15))  # a Tuesday


def moment(text: str) -> datetime:
    """A Paris wall clock time."""
    day, _, clock = text.partition(" ")
    return FR.instant(date.fromisoformat(day), time.fromisoformat(clock or "00:00"))


def at_step(invoice: str, step: str, policy: Policy = STANDARD, tone: Tone | None = None) -> CaseFacts:
    """An invoice that is due at `step` on 15 September."""
    due = date.fromordinal(date(2026, 9, 15).toordinal() - policy.step(step).offset_days)
    case = CaseFacts(invoice, "EUR", Decimal(500), due, date(2026, 7, 1))
    place = policy.position[step]
    if place:
        last = policy.steps[place - 1]
        done = StepDone(last.key, date(2026, 9, 1), last.offset_days, tone or last.tone, last.channel)
        case = replace(case, done=(done,))
    return case


def contact(
    *cases: CaseFacts, policy: Policy = STANDARD, customer: CustomerFacts = CUSTOMER
) -> Contact | None:
    """The contact made now."""
    return outreach(customer, [Ladder(case, policy) for case in cases], NOW).contact


def test_nothing_due_no_contact() -> None:
    waiting = CaseFacts("F-1", "EUR", Decimal(500), date(2026, 12, 1), date(2026, 9, 1))
    assert contact(waiting) is None
    assert contact() is None


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ("pre_reminder", "reminder_1"),
        ("reminder_1", "reminder_2"),
        ("reminder_2", "reminder_3"),
        ("reminder_3", "phone_call"),
        ("phone_call", "formal_notice"),
        ("pre_reminder", "formal_notice"),
    ],
)
def test_the_strongest_step_leads_and_the_weaker_is_folded(weaker: str, stronger: str) -> None:
    for cases in (
        (at_step("A", weaker), at_step("B", stronger)),
        (at_step("B", stronger), at_step("A", weaker)),
    ):
        made = contact(*cases)
        assert made is not None
        assert (made.step.key, made.invoices, made.also) == (stronger, ("B",), ("A",))
        own = {item.invoice: item.step.key for item in made.items}
        assert own == {"A": weaker, "B": stronger}


def test_a_decision_of_our_own_is_no_contact() -> None:
    made = contact(at_step("A", "handover"), at_step("B", "reminder_1"))
    assert made is not None
    assert (made.step.key, made.invoices, made.also) == ("reminder_1", ("B",), ())
    assert contact(at_step("A", "handover")) is None


def test_the_tone_is_the_strongest_any_item_met() -> None:
    made = contact(at_step("A", "reminder_1", tone=Tone.FIRM), at_step("B", "reminder_1"))
    assert made is not None
    assert (made.step.tone, made.tone) == (Tone.COURTEOUS, Tone.FIRM)


@pytest.mark.parametrize(
    ("lead", "companion"),
    [("reminder_2", False), ("reminder_3", True), ("phone_call", True), ("formal_notice", False)],
)
def test_only_an_sms_or_a_call_takes_a_statement_along_for_what_it_folds(lead: str, companion: bool) -> None:
    made = contact(at_step("A", lead), at_step("B", "reminder_1"))
    assert made is not None
    assert made.companion is companion
    alone = contact(at_step("A", lead))
    assert alone is not None
    assert not alone.companion


def test_an_sms_that_became_an_email_needs_no_statement() -> None:
    by_email = replace(CUSTOMER, reach={Role.ACCOUNTING: Reach(email=True), Role.BUYER: Reach(email=True)})
    made = contact(at_step("A", "reminder_3"), at_step("B", "reminder_1"), customer=by_email)
    assert made is not None
    assert (made.route.channel, made.companion) == (Channel.EMAIL, False)


def test_only_the_leading_step_decides_on_approval() -> None:
    key_account = POLICIES["key_account"]
    letter = contact(at_step("A", "reminder_2", key_account), policy=key_account)
    assert letter is not None
    assert letter.needs_approval
    call = contact(
        at_step("A", "reminder_2", key_account), at_step("B", "call_2", key_account), policy=key_account
    )
    assert call is not None
    assert (call.step.key, call.also, call.needs_approval) == ("call_2", ("A",), False)


def test_same_key_in_two_policies_with_two_strengths() -> None:
    strict = POLICIES["strict"]
    ladders = [
        Ladder(at_step("A", "reminder_2"), STANDARD),
        Ladder(at_step("B", "reminder_2", strict), strict),
    ]
    made = outreach(CUSTOMER, ladders, NOW).contact
    assert made is not None
    assert (made.route.channel, made.invoices, made.also) == (Channel.SMS, ("B",), ("A",))
    assert made.companion


# Approved drafts


def drafted(
    case: CaseFacts, *, folded: bool = False, approved: bool = True, stale: bool = False
) -> CaseFacts:
    """The notice composed the day before."""
    draft = Draft("formal_notice", date(2026, 9, 14), folded, approved, stale)
    return replace(case, drafts=(draft,))


NOTICE = at_step("A", "formal_notice")


def test_an_approved_draft_leaves_without_asking_again() -> None:
    made = contact(drafted(NOTICE))
    assert made is not None
    assert not made.needs_approval


def test_a_stale_approved_draft_asks_again() -> None:
    made = contact(drafted(NOTICE, stale=True))
    assert made is not None
    assert made.needs_approval


def test_an_approved_draft_carries_what_it_was_approved_with() -> None:
    made = contact(drafted(NOTICE), drafted(at_step("B", "reminder_1"), folded=True))
    assert made is not None
    assert (made.invoices, made.also) == (("A",), ("B",))


@pytest.mark.parametrize("step", ["formal_notice", "phone_call", "reminder_1"])
def test_an_approved_draft_carries_nothing_else(step: str) -> None:
    made = contact(drafted(NOTICE), at_step("B", step))
    assert made is not None
    assert (made.invoices, made.also) == (("A",), ())


def test_an_approved_draft_leaves_an_item_out_whose_facts_have_changed() -> None:
    made = contact(drafted(NOTICE), drafted(at_step("B", "reminder_1"), folded=True, stale=True))
    assert made is not None
    assert (made.invoices, made.also) == (("A",), ())


def test_a_waiting_draft_does_not_lead() -> None:
    made = contact(drafted(NOTICE, approved=False), at_step("B", "reminder_1"))
    assert made is not None
    assert (made.step.key, made.invoices, made.also) == ("reminder_1", ("B",), ())


def test_what_is_approved_the_day_it_was_composed_leaves_that_day() -> None:
    today = date(2026, 9, 15)
    lead = replace(NOTICE, drafts=(Draft("formal_notice", today, approved=True),))
    carried = Draft("formal_notice", today, folded=True, approved=True)
    made = contact(lead, replace(at_step("B", "reminder_1"), drafts=(carried,)))
    assert made is not None
    assert (made.invoices, made.also) == (("A",), ("B",))


def test_what_a_waiting_draft_folds_waits_for_the_next_business_day() -> None:
    carried = Draft("formal_notice", date(2026, 9, 15), folded=True)
    case = replace(at_step("B", "reminder_1"), drafts=(carried,))
    assert contact(case) is None
    later = outreach(CUSTOMER, [Ladder(case, STANDARD)], moment("2026-09-16 09:30")).contact
    assert later is not None


# Thanks


def stands(case: CaseFacts, now: str = "2026-09-15 10:00") -> tuple[CaseFacts, Decision]:
    """A case with its decision under standard."""
    return case, decide(case, CUSTOMER, STANDARD, moment(now))


TODAY = date(2026, 9, 15)
PAYMENT = Payment(Decimal(500), moment("2026-09-15 08:00"))
REMINDED = replace(at_step("A", "reminder_2"), payments=(PAYMENT,))
PRE_REMINDED = replace(at_step("A", "reminder_1"), payments=(PAYMENT,))
LATE = at_step("B", "reminder_1")
NOT_DUE = CaseFacts("C", "EUR", Decimal(500), date(2026, 12, 1), date(2026, 9, 1))
TODAY_DUE = replace(NOT_DUE, due_on=TODAY)
TINY = replace(LATE, total=Decimal("9.99"))
DISPUTED = replace(LATE, disputes=(Dispute(moment("2026-09-01")),))
CREDITED = replace(
    REMINDED, payments=(), credit_notes=(CreditNote(Decimal(500), moment("2026-09-15 08:00")),)
)
BOUNCED = replace(CREDITED, payments=(replace(PAYMENT, reversed_at=moment("2026-09-15 09:00")),))


@pytest.mark.parametrize(
    ("paid", "others", "owed"),
    [
        pytest.param([REMINDED], [], True, id="a reminder had gone out"),
        pytest.param([PRE_REMINDED], [], False, id="a statement is no reminder"),
        pytest.param([replace(REMINDED, done=())], [], False, id="never contacted"),
        pytest.param([CREDITED], [], False, id="credited is not paid"),
        pytest.param([BOUNCED], [], False, id="the payment bounced, a credit note closed it"),
        pytest.param([PRE_REMINDED, REMINDED], [], True, id="one of two had been reminded"),
        pytest.param([REMINDED], [LATE], False, id="another is late"),
        pytest.param([REMINDED], [NOT_DUE], True, id="another is not due"),
        pytest.param([REMINDED], [TODAY_DUE], True, id="another is due today"),
        pytest.param([REMINDED], [TINY], True, id="another is too small to chase"),
        pytest.param([REMINDED], [DISPUTED], False, id="another is late, if disputed"),
        pytest.param([], [NOT_DUE], False, id="nothing was paid"),
    ],
)
def test_who_is_thanked(paid: Sequence[CaseFacts], others: Sequence[CaseFacts], owed: bool) -> None:
    assert owes_thanks([stands(case) for case in paid], [stands(case) for case in others], TODAY) is owed


def test_the_cases_of_the_thanks_stand_as_named() -> None:
    assert stands(REMINDED)[1].state is State.CLOSED
    assert stands(TINY)[1].state is State.BELOW_MINIMUM
    assert stands(DISPUTED)[1].state is State.PAUSED


def _in_days(invoice: str, days: int, **facts: object) -> CaseFacts:
    """An invoice due so many days from now, its case just opened."""
    due = date.fromordinal(date(2026, 9, 15).toordinal() + days)
    return CaseFacts(invoice, "EUR", Decimal(500), due, date(2026, 9, 15), **facts)  # type: ignore[arg-type]


PROMISED = Plan("p", NOW, (Instalment(date(2026, 9, 21), Decimal(500)),))


@pytest.mark.parametrize(
    "cases",
    [
        (_in_days("A", -5),),
        (_in_days("A", 30),),
        (_in_days("A", 10), _in_days("B", 4), _in_days("C", 4)),
        (_in_days("A", -5, plans=(PROMISED,)),),
        (_in_days("A", -5, plans=(PROMISED,)), _in_days("B", 12)),
        (_in_days("A", -15, pauses=(Pause("pause", NOW, date(2026, 9, 25)),)), _in_days("B", -15)),
        (at_step("A", "reminder_2"), at_step("B", "reminder_1"), _in_days("C", 1)),
        (at_step("A", "formal_notice"), _in_days("B", -1)),
        (_in_days("A", -5, disputes=(Dispute(NOW),)), _in_days("B", 9)),
    ],
)
def test_the_next_contact_is_the_first_the_simulation_makes(cases: tuple[CaseFacts, ...]) -> None:
    found = next_contact(CUSTOMER, [Ladder(case, STANDARD) for case in cases], NOW)
    first = simulate("c", CUSTOMER, [Life(case, STANDARD, NOW) for case in cases]).contacts[0]
    assert found is not None
    at, contact_found = found
    assert (at, contact_found.step.key, contact_found.invoices, contact_found.also) == (
        first.at,
        first.step,
        first.invoices,
        first.also,
    )


@pytest.mark.parametrize(
    "cases",
    [
        (),
        (_in_days("A", -5, pauses=(Pause("pause", NOW),)),),
        (_in_days("A", -5, disputes=(Dispute(NOW),)),),
        (_in_days("A", -5, closed_by="written off"),),
        (_in_days("A", -5, payments=(Payment(Decimal(495), NOW),)),),
    ],
)
def test_nothing_goes_out_by_itself(cases: tuple[CaseFacts, ...]) -> None:
    assert next_contact(CUSTOMER, [Ladder(case, STANDARD) for case in cases], NOW) is None
