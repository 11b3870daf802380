"""Balances, plans and claimed payments: the arithmetic under every decision."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from rules.calendar import business_calendar
from rules.facts import Bank, BankStatement, CaseFacts, Claim, CreditNote, Dispute, Instalment, Payment, Plan
from rules.ledger import balance, claim_state, instalment_states, plan_state, received

FR = business_calendar("FR")
NOON = datetime(2026, 9, 10, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def case(**facts: object) -> CaseFacts:
    """An invoice of 1,000 EUR due on 31 August 2026."""
    return CaseFacts("F-1", "EUR", Decimal(1000), date(2026, 8, 31), date(2026, 8, 1), **facts)  # type: ignore[arg-type]


def paid(amount: str, at: datetime = NOON, back: datetime | None = None) -> Payment:
    """A payment."""
    return Payment(Decimal(amount), at, back)


def moment(day: str, clock: str = "00:00") -> datetime:
    """A Paris wall clock time."""
    return FR.instant(date.fromisoformat(day), time.fromisoformat(clock))


def amounts(facts: CaseFacts, now: datetime = NOON) -> tuple[str, str, str, str]:
    """Outstanding, disputed, chaseable and credit."""
    owed = balance(facts, now)
    return str(owed.outstanding), str(owed.disputed), str(owed.chaseable), str(owed.credit)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, ("1000", "0", "1000", "0")),
        ({"payments": (paid("400.10"),)}, ("599.90", "0", "599.90", "0")),
        ({"payments": (paid("400"), paid("600"))}, ("0", "0", "0", "0")),
        ({"payments": (paid("1200"),)}, ("0", "0", "0", "200")),
        ({"payments": (paid("400", NOON + SECOND),)}, ("1000", "0", "1000", "0")),
        ({"payments": (paid("400", back=NOON),)}, ("1000", "0", "1000", "0")),
        ({"payments": (paid("400", back=NOON + SECOND),)}, ("600", "0", "600", "0")),
        ({"credit_notes": (CreditNote(Decimal(300), NOON),)}, ("700", "0", "700", "0")),
        ({"credit_notes": (CreditNote(Decimal(300), NOON + SECOND),)}, ("1000", "0", "1000", "0")),
        ({"disputes": (Dispute(NOON),)}, ("1000", "1000", "0", "0")),
        ({"disputes": (Dispute(NOON + SECOND),)}, ("1000", "0", "1000", "0")),
        ({"disputes": (Dispute(NOON, Decimal(250)),)}, ("1000", "250", "750", "0")),
        ({"disputes": (Dispute(NOON, Decimal(2500)),)}, ("1000", "1000", "0", "0")),
        (
            {"disputes": (Dispute(NOON, Decimal(250)), Dispute(NOON, Decimal(350)))},
            ("1000", "600", "400", "0"),
        ),
        ({"disputes": (Dispute(NOON - SECOND, None, NOON),)}, ("1000", "0", "1000", "0")),
        ({"disputes": (Dispute(NOON, None, NOON + SECOND),)}, ("1000", "1000", "0", "0")),
        (
            {"disputes": (Dispute(NOON, Decimal(250)),), "payments": (paid("900"),)},
            ("100", "100", "0", "0"),
        ),
    ],
)
def test_the_balance(facts: dict[str, object], expected: tuple[str, str, str, str]) -> None:
    assert amounts(case(**facts)) == expected


def test_received_since_counts_that_very_instant() -> None:
    facts = case(
        payments=(paid("100", NOON - SECOND), paid("20", NOON)), credit_notes=(CreditNote(Decimal(3), NOON),)
    )
    assert received(facts, NOON) == 123
    assert received(facts, NOON, since=NOON) == 23


def plan(*instalments: tuple[str, int], cancelled_at: datetime | None = None) -> Plan:
    """A plan agreed on 1 September."""
    promised = tuple(Instalment(date.fromisoformat(day), Decimal(amount)) for day, amount in instalments)
    return Plan("P", moment("2026-09-01"), promised, cancelled_at)


TWO = plan(("2026-09-15", 300), ("2026-10-15", 700))


def test_a_plan_waits_for_its_next_check() -> None:
    state = plan_state(case(), TWO, FR, moment("2026-09-18", "09:29"))
    assert (state.ended_at, state.broken) == (None, False)
    assert state.next_check_at == moment("2026-09-18", "09:30")
    assert state.why == "300 EUR promised for 2026-09-15, checked on 2026-09-18"


def test_a_plan_is_broken_at_the_check_not_a_minute_before() -> None:
    state = plan_state(case(), TWO, FR, moment("2026-09-18", "09:30"))
    assert (state.ended_at, state.broken) == (moment("2026-09-18", "09:30"), True)
    assert "did not come" in state.why


def test_a_plan_goes_on_to_the_next_instalment() -> None:
    facts = case(payments=(paid("300", moment("2026-09-17")),))
    state = plan_state(facts, TWO, FR, moment("2026-09-20"))
    assert (state.broken, state.next_check_at) == (False, moment("2026-10-18", "09:30"))


def test_a_broken_plan_stays_broken_when_the_money_comes_after_all() -> None:
    facts = case(payments=(paid("300", moment("2026-09-18", "09:31")),))
    assert plan_state(facts, TWO, FR, moment("2026-09-20")).broken


def test_a_payment_returned_after_the_check_does_not_break_it_in_the_past() -> None:
    back = moment("2026-09-25")
    facts = case(payments=(paid("300", moment("2026-09-15"), back),))
    assert not plan_state(facts, TWO, FR, moment("2026-09-26")).broken
    assert plan_state(facts, TWO, FR, moment("2026-10-18", "09:30")).broken


def test_a_kept_plan_ends_at_its_last_check() -> None:
    facts = case(payments=(paid("1000", moment("2026-09-02")),))
    state = plan_state(facts, TWO, FR, moment("2026-11-01"))
    assert (state.ended_at, state.broken) == (moment("2026-10-18", "09:30"), False)


def test_a_credit_note_counts_towards_an_instalment() -> None:
    facts = case(credit_notes=(CreditNote(Decimal(300), moment("2026-09-10")),))
    assert not plan_state(facts, TWO, FR, moment("2026-09-20")).broken


def test_a_plan_agreed_after_its_instalment_is_checked_at_once() -> None:
    late = Plan("P", moment("2026-09-20"), (Instalment(date(2026, 9, 1), Decimal(10)),))
    assert plan_state(case(), late, FR, moment("2026-09-20")).ended_at == moment("2026-09-20")


def test_a_cancelled_plan_ends_then() -> None:
    cancelled = plan(("2026-09-15", 300), cancelled_at=moment("2026-09-10"))
    assert plan_state(case(), cancelled, FR, moment("2026-09-09")).ended_at is None
    state = plan_state(case(), cancelled, FR, moment("2026-09-10"))
    assert (state.ended_at, state.broken) == (moment("2026-09-10"), False)


@pytest.mark.parametrize(
    ("paid_on", "claimed", "ends"),
    [
        ("2026-09-16", "2026-09-17", "2026-09-22"),  # Wednesday; Monday 21 is the third business day
        ("2026-09-18", "2026-09-18", "2026-09-24"),  # Friday; Wednesday 23
        ("2026-09-19", "2026-09-19", "2026-09-24"),  # Saturday; Wednesday 23
        ("2026-04-30", "2026-04-30", "2026-05-07"),  # Thursday; 1 May is closed: Wednesday 6
    ],
)
def test_a_claim_waits_three_business_days_and_the_morning_after(
    paid_on: str, claimed: str, ends: str
) -> None:
    claim = Claim("C", moment(claimed), date.fromisoformat(paid_on))
    state = claim_state(claim, FR, now=moment(claimed))
    assert (state.ends_at, state.withdrawn) == (moment(ends, "09:30"), False)


def test_a_claim_of_long_ago_ends_as_it_is_made() -> None:
    claim = Claim("C", moment("2026-09-17", "11:00"), date(2026, 8, 1))
    assert claim_state(claim, FR, now=moment("2026-09-17", "11:00")).ends_at == claim.claimed_at


def known(until: str, *stated: tuple[str, str]) -> Bank:
    """The bank known up to a day; `stated` are days, each with the moment at which it was said."""
    said = tuple(BankStatement(date.fromisoformat(day), moment(*at.split())) for day, at in stated)
    return Bank(date.fromisoformat(until), FR, said)


def test_a_claim_stays_open_while_the_bank_is_not_known() -> None:
    claim = Claim("C", moment("2026-09-17"), date(2026, 9, 16))
    old = known("2026-09-18")
    assert claim_state(claim, FR, moment("2026-09-21"), old).ends_at == moment("2026-09-22", "09:30")
    state = claim_state(claim, FR, moment("2026-09-22", "09:30"), old)
    assert (state.ends_at, state.awaits) == (None, date(2026, 9, 21))


def test_a_claim_ends_when_the_bank_becomes_known_not_at_its_former_slot() -> None:
    claim = Claim("C", moment("2026-09-17"), date(2026, 9, 16))
    bank = known("2026-10-01", ("2026-09-18", "2026-09-19"), ("2026-10-01", "2026-10-02 10:00"))
    assert claim_state(claim, FR, moment("2026-10-02", "09:59"), bank).ends_at is None
    assert claim_state(claim, FR, moment("2026-10-05"), bank).ends_at == moment("2026-10-02", "10:00")


def test_a_claim_of_before_the_bank_was_ever_named_ended_as_payments_came() -> None:
    claim = Claim("C", moment("2026-09-17"), date(2026, 9, 16))
    bank = known("2026-10-01", ("2026-10-01", "2026-10-02 10:00"))
    assert claim_state(claim, FR, moment("2026-10-05"), bank).ends_at == moment("2026-09-22", "09:30")


def test_no_instalment_is_broken_on_older_data() -> None:
    now = moment("2026-10-05")
    for until in ("2026-09-01", "2026-09-16"):
        state = plan_state(case(), TWO, FR, now, known(until))
        assert (state.ended_at, state.broken, state.awaits) == (None, False, date(2026, 9, 17))
        assert state.why == "300 EUR promised for 2026-09-15; the bank is awaited up to 2026-09-17"
        assert instalment_states(case(), TWO, FR, now, known(until)) == ("awaited", "awaited")


def test_an_instalment_is_looked_at_when_the_bank_becomes_known() -> None:
    bank = known("2026-09-25", ("2026-09-10", "2026-09-11"), ("2026-09-25", "2026-09-28 11:00"))
    paid_late = case(payments=(paid("300", moment("2026-09-28", "10:59")),))
    state = plan_state(case(), TWO, FR, moment("2026-10-05"), bank)
    assert (state.ended_at, state.broken) == (moment("2026-09-28", "11:00"), True)
    assert not plan_state(paid_late, TWO, FR, moment("2026-10-05"), bank).broken
    assert instalment_states(paid_late, TWO, FR, moment("2026-10-05"), bank) == ("kept", "awaited")


def test_a_withdrawn_claim_ends_then() -> None:
    claim = Claim("C", moment("2026-09-17"), date(2026, 9, 16), withdrawn_at=moment("2026-09-18"))
    state = claim_state(claim, FR, now=moment("2026-09-18"))
    assert (state.ends_at, state.withdrawn) == (moment("2026-09-18"), True)


@pytest.mark.parametrize(
    ("payments", "cancelled", "now", "expected"),
    [
        ((), None, "2026-09-12", "awaited awaited awaited"),
        # Looked at on the 18th at 09:30, three days after its date.
        ((), None, "2026-09-18 09:29", "awaited awaited awaited"),
        ((), None, "2026-09-18 09:30", "broken lapsed lapsed"),
        ((("300", "2026-09-16"),), None, "2026-09-17", "kept awaited awaited"),
        ((("300", "2026-09-16"),), None, "2026-10-18 09:30", "kept broken lapsed"),
        # What comes early covers what follows.
        ((("600", "2026-09-16"),), None, "2026-09-17", "kept kept awaited"),
        ((("600", "2026-09-16"), ("400", "2026-11-16")), None, "2026-11-30", "kept kept kept"),
        # Too late for the first: the plan had ended.
        ((("1000", "2026-09-18 09:31"),), None, "2026-11-30", "broken lapsed lapsed"),
        ((("300", "2026-09-16"),), "2026-09-20", "2026-11-30", "kept lapsed lapsed"),
        ((("300", "2026-09-16"),), "2026-09-20", "2026-09-19", "kept awaited awaited"),
        ((), "2026-09-19", "2026-11-30", "broken lapsed lapsed"),
    ],
)
def test_each_instalment_has_a_state(
    payments: tuple[tuple[str, str], ...], cancelled: str | None, now: str, expected: str
) -> None:
    """300 by 15 September, 300 by 15 October, 400 by 15 November, agreed on 10 September."""

    def at(text: str) -> datetime:
        day, _, clock = text.partition(" ")
        return moment(day, clock or "12:00")

    instalments = tuple(
        Instalment(date(2026, month, 15), Decimal(amount))
        for month, amount in ((9, 300), (10, 300), (11, 400))
    )
    plan = Plan("p", NOON, instalments, None if cancelled is None else at(cancelled))
    facts = case(plans=(plan,), payments=tuple(paid(amount, at(day)) for amount, day in payments))
    states = instalment_states(facts, plan, FR, at(now))
    assert " ".join(states) == expected
    state = plan_state(facts, plan, FR, at(now))
    # The plan's own verdict is that of its instalments, as long as nobody cancelled it.
    if cancelled is None:
        assert state.broken is ("broken" in states)
