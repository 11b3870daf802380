"""What holds in every life of every portfolio."""

from __future__ import annotations

import pickle
import random
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from rules.calendar import Channel
from rules.decide import State, decide
from rules.facts import TONES, CaseFacts, Tone
from rules.outreach import Ladder, outreach
from rules.policy import Policy
from rules.preview import preview
from rules.simulate import Life, Outcome, simulate
from tests.properties.portfolios import Portfolio, fact_instants, live, lives_of, portfolios

HOURS = {
    Channel.EMAIL: ((time(8, 30), time(18)),),
    Channel.LETTER: ((time(8, 30), time(18)),),
    Channel.DECISION: ((time(8, 30), time(18)),),
    Channel.SMS: ((time(9, 30), time(12)), (time(14), time(18))),
    Channel.PHONE: ((time(9, 30), time(12)), (time(14), time(18))),
}
ENDS = {State.CLOSED, State.BELOW_MINIMUM, State.PAUSED, State.LADDER_DONE}


def contacts(outcome: Outcome) -> list[tuple[datetime, str, tuple[str, ...], tuple[str, ...]]]:
    """The contacts of a simulation, as `Lived.contacts` tells them."""
    return [(c.at, c.step, c.invoices, c.also) for c in outcome.contacts]


def owed(case: CaseFacts, now: datetime) -> Decimal:
    """What may be asked for at `now`, reckoned the long way."""
    left = case.total
    for payment in case.payments:
        back = payment.reversed_at is not None and payment.reversed_at <= now
        if payment.received_at <= now and not back:
            left -= payment.amount
    left -= sum(note.amount for note in case.credit_notes if note.issued_at <= now)
    for dispute in case.disputes:
        if dispute.opened_at <= now and not (dispute.resolved_at and dispute.resolved_at <= now):
            left -= left if dispute.amount is None else dispute.amount
    return left


def floor(case: CaseFacts, policy: Policy) -> Decimal:
    """The least amount that is chased."""
    return policy.min_amount.get(case.currency, Decimal(0))


@lives_of
@given(portfolios())
def test_the_ladder_never_goes_down_and_no_two_steps_of_a_case_go_together(portfolio: Portfolio) -> None:
    for invoice, case in live(portfolio).cases.items():
        places = [portfolio.policies[invoice].position[done.step] for done in case.done]
        assert places == sorted(set(places))
        days = [done.on for done in case.done]
        assert days == sorted(set(days))


@lives_of
@given(portfolios())
def test_nothing_leaves_once_paid_nor_for_less_than_the_minimum(portfolio: Portfolio) -> None:
    for done, invoice, _ in live(portfolio).steps():
        asked = owed(done.cases[invoice], done.at)
        assert asked > 0
        assert asked >= floor(done.cases[invoice], portfolio.policies[invoice])


@lives_of
@given(portfolios())
def test_nothing_leaves_outside_the_hours_or_on_a_closed_day(portfolio: Portfolio) -> None:
    for done, _, step in live(portfolio).steps():
        calendar = done.customer.calendar
        clock = done.at.astimezone(calendar.zone).time()
        assert calendar.is_business_day(done.day)
        assert any(opens <= clock < closes for opens, closes in HOURS[step.channel])


@lives_of
@given(portfolios())
def test_nothing_leaves_before_its_planned_day_nor_a_pre_reminder_after_the_due_date(
    portfolio: Portfolio,
) -> None:
    for done, invoice, step in live(portfolio).steps():
        due = done.cases[invoice].due_on
        entry = not done.cases[invoice].done
        policy = portfolio.policies[invoice]
        capped = step.step == policy.entry_cap and entry
        assert capped or done.day >= due + timedelta(days=step.offset_days)
        assert step.offset_days >= 0 or done.day <= due


@lives_of
@given(portfolios())
def test_the_gaps_of_case_and_customer_are_kept(portfolio: Portfolio) -> None:
    last: dict[str, date] = {}
    for done, invoice, _ in live(portfolio).steps():
        before = done.cases[invoice].done
        if before:
            assert (done.day - before[-1].on).days >= portfolio.policies[invoice].min_gap_days
        if done.contact is not None:
            contacted = done.customer.last_contact_on
            assert contacted is None or (done.day - contacted).days >= done.customer.gap_days
            assert done.day >= last.get("customer", done.day)
            last["customer"] = done.day


@lives_of
@given(portfolios())
def test_nothing_leaves_during_a_pause_nor_in_the_gap_after_it(portfolio: Portfolio) -> None:
    for done, invoice, _ in live(portfolio).steps():
        calendar, policy = done.customer.calendar, portfolio.policies[invoice]
        for pause in done.cases[invoice].pauses:
            if pause.since > done.at:
                continue
            ends = [pause.ended_at] if pause.ended_at and pause.ended_at <= done.at else []
            ends += [calendar.start_of_day(pause.until)] if pause.until else []
            assert ends, f"{pause} is still open"
            assert min(ends) <= done.at
            gap = (done.day - calendar.local_day(min(ends))).days
            assert gap >= policy.resume_gap_days


@lives_of
@given(portfolios())
def test_after_a_contact_nothing_is_still_due(portfolio: Portfolio) -> None:
    lived = live(portfolio)
    for done in lived.done:
        cases = {
            invoice: replace(case, done=(*case.done, done.steps[invoice])) if invoice in done.steps else case
            for invoice, case in done.cases.items()
        }
        customer = done.customer
        if done.contact is None:
            continue
        customer = replace(customer, last_contact_on=done.day)
        found = outreach(customer, [Ladder(c, portfolio.policies[i]) for i, c in cases.items()], done.at)
        assert found.contact is None


@lives_of
@given(portfolios())
def test_what_is_due_together_leaves_together(portfolio: Portfolio) -> None:
    for done in live(portfolio).done:
        if done.contact is None:
            continue
        for invoice, case in done.cases.items():
            decision = decide(case, done.customer, portfolio.policies[invoice], done.at)
            contacted = decision.state is State.DUE and decision.next is not None
            assert (invoice in done.steps) is contacted


@lives_of
@given(portfolios())
def test_every_open_invoice_gets_all_its_steps(portfolio: Portfolio) -> None:
    lived = live(portfolio)
    for invoice, decision in lived.decisions.items():
        assert decision.state in ENDS
        if decision.state is State.PAUSED:
            assert decision.wake_at is None
        if decision.state is not State.LADDER_DONE:
            continue
        policy, case = portfolio.policies[invoice], lived.cases[invoice]
        places = [policy.position[done.step] for done in case.done]
        assert places, "the last step is never dropped"
        assert places == list(range(places[0], len(policy.steps)))


@lives_of
@given(portfolios())
def test_a_quiet_life_begins_at_the_latest_step_that_has_come_up_to_the_cap(portfolio: Portfolio) -> None:
    lived = live(portfolio)
    for life in portfolio.lives:
        done = lived.cases[life.case.invoice].done
        if life.case.done or not done:
            continue
        come = [
            step.key
            for step in life.policy.steps
            if life.case.due_on + timedelta(days=step.offset_days) <= life.case.opened_on
        ]
        position = life.policy.position
        latest = min(position[come[-1]] if come else 0, position[life.policy.entry_cap])
        dropped = life.policy.steps[latest].offset_days < 0 and position[done[0].step] == latest + 1
        assert position[done[0].step] == latest or dropped


@lives_of
@given(portfolios())
def test_no_item_meets_a_weaker_tone_than_its_last(portfolio: Portfolio) -> None:
    for done, invoice, step in live(portfolio).steps():
        before = [TONES.index(earlier.tone) for earlier in done.cases[invoice].done]
        own = TONES.index(portfolio.policies[invoice].step(step.step).tone)
        assert TONES.index(step.tone) >= max([own, *before])
        assert step.tone in Tone


@lives_of
@given(portfolios())
def test_the_contact_is_as_strong_as_its_strongest_item(portfolio: Portfolio) -> None:
    for done in live(portfolio).done:
        contact = done.contact
        if contact is None:
            continue
        assert contact.step.strength == max(item.step.strength for item in contact.items)
        assert all(
            i.step.strength < contact.step.strength or i.step.key != contact.step.key
            for i in contact.items
            if i.folded
        )
        assert all(i.step.strength == contact.step.strength for i in contact.items if not i.folded)
        mobile = contact.route.channel in (Channel.SMS, Channel.PHONE)
        assert contact.companion is (mobile and bool(contact.also))
        assert contact.invoices


@lives_of
@given(portfolios(), st.randoms(use_true_random=False))
def test_the_same_facts_give_the_same_decision_however_they_are_listed(
    portfolio: Portfolio, order: random.Random
) -> None:
    for life in portfolio.lives:
        for now in sorted({life.starts_at, *fact_instants(life.case)}):
            first = decide(life.case, portfolio.customer, life.policy, now)
            case, customer = pickle.loads(pickle.dumps((life.case, portfolio.customer)))
            assert decide(case, customer, life.policy, now) == first
            shuffled = _shuffled(life.case, order)
            other = decide(shuffled, portfolio.customer, life.policy, now)
            assert (other.state, other.next, other.wake_at, other.balance, set(other.tasks)) == (
                first.state,
                first.next,
                first.wake_at,
                first.balance,
                set(first.tasks),
            )


def _shuffled(case: CaseFacts, order: random.Random) -> CaseFacts:
    return replace(
        case,
        payments=tuple(order.sample(case.payments, len(case.payments))),
        disputes=tuple(order.sample(case.disputes, len(case.disputes))),
        pauses=tuple(order.sample(case.pauses, len(case.pauses))),
        credit_notes=tuple(order.sample(case.credit_notes, len(case.credit_notes))),
    )


@lives_of
@given(portfolios(), st.integers(1, 400))
def test_a_case_that_waits_may_be_woken_at_any_time(portfolio: Portfolio, hours: int) -> None:
    customer = portfolio.customer
    for life in portfolio.lives:
        facts = fact_instants(life.case)
        for now in sorted({life.starts_at, *facts}):
            first = decide(life.case, customer, life.policy, now)
            then = now + timedelta(hours=hours)
            if first.state not in (State.WAITING, State.PAUSED) or any(now < at <= then for at in facts):
                continue
            if first.wake_at is None or then < first.wake_at:
                again = decide(life.case, customer, life.policy, then)
                assert (again.state, again.next, again.wake_at) == (first.state, first.next, first.wake_at)


@lives_of
@given(portfolios(), st.lists(st.integers(0, 400 * 24), max_size=25))
def test_chance_wakes_change_nothing(portfolio: Portfolio, hours: list[int]) -> None:
    begin = min(life.starts_at for life in portfolio.lives)
    wakes = [begin + timedelta(hours=hour, minutes=17) for hour in hours]
    assert live(portfolio, wakes).contacts() == live(portfolio).contacts()


@lives_of
@given(portfolios())
def test_a_life_takes_few_looks(portfolio: Portfolio) -> None:
    facts = sum(len(fact_instants(life.case)) for life in portfolio.lives)
    plans = sum(len(plan.instalments) for life in portfolio.lives for plan in life.case.plans)
    steps = sum(len(life.policy.steps) for life in portfolio.lives)
    # Every step is looked at before and after, and postponed at most once by each contact of another case.
    assert live(portfolio).looks <= 10 + 3 * (facts + plans) + 3 * steps * (1 + len(portfolio.lives))


@lives_of
@given(portfolios())
def test_the_simulation_sees_what_is_lived(portfolio: Portfolio) -> None:
    lived = simulate("C", portfolio.customer, portfolio.lives)
    assert contacts(lived) == live(portfolio).contacts()


@lives_of
@given(portfolios(), st.randoms(use_true_random=False))
def test_the_simulation_does_not_depend_on_the_order_of_the_invoices(
    portfolio: Portfolio, order: random.Random
) -> None:
    mixed = order.sample(portfolio.lives, len(portfolio.lives))
    first = simulate("C", portfolio.customer, portfolio.lives)
    second = simulate("C", portfolio.customer, mixed)
    assert sorted(contacts(first)) == sorted(contacts(second))
    assert sorted(first.ended) == sorted(second.ended)


@lives_of
@given(portfolios(most=1, quiet=True))
def test_one_quiet_invoice_alone_lives_as_its_preview_said(portfolio: Portfolio) -> None:
    (life,) = portfolio.lives
    customer = portfolio.customer
    if life.case.done:
        customer = replace(customer, last_contact_on=life.case.done[-1].on)
    foreseen = [
        (row.at, row.step, row.channel) for row in preview(life.case, customer, life.policy, life.starts_at)
    ]
    simulated = simulate("C", portfolio.customer, [life]).contacts
    assert [(c.at, c.step, c.channel) for c in simulated] == foreseen
    planned = [row.planned for row in preview(life.case, customer, life.policy, life.starts_at)]
    assert planned == sorted(planned)


@lives_of
@given(portfolios(most=1, quiet=True), st.integers(0, 200))
def test_a_preview_made_later_tells_the_rest_of_the_same_life(portfolio: Portfolio, days: int) -> None:
    (life,) = portfolio.lives
    lived = live(portfolio)
    then = life.starts_at + timedelta(days=days)
    past = tuple(step for done, _, step in lived.steps() if done.at <= then)
    case = replace(life.case, done=(*life.case.done, *past))
    last = max((done.on for done in case.done), default=None)
    customer = replace(portfolio.customer, last_contact_on=last)
    rest = [(row.at, row.step) for row in preview(case, customer, life.policy, then)]
    assert rest == [(done.at, step.step) for done, _, step in lived.steps() if done.at > then]


@lives_of
@given(portfolios(most=3, quiet=True), st.integers(1, 200))
def test_after_an_outage_a_case_climbs_one_step_at_a_time(portfolio: Portfolio, days: int) -> None:
    wake = max(life.starts_at for life in portfolio.lives) + timedelta(days=days)
    down = Portfolio(
        portfolio.customer,
        tuple(Life(life.case, life.policy, wake) for life in portfolio.lives),
    )
    for done, invoice, step in live(down).steps():
        policy, before = portfolio.policies[invoice], done.cases[invoice].done
        if before:
            assert policy.position[step.step] == policy.position[before[-1].step] + 1
            assert (done.day - before[-1].on).days >= policy.min_gap_days
