"""What the steps to come will not find."""

from __future__ import annotations

from collections.abc import Mapping

from policies import builtin_policy_texts
from rules.calendar import business_calendar
from rules.facts import CustomerFacts, Reach, Role
from rules.gaps import Effect, Gap, GapKind, Standing, gaps
from rules.policy import parse_policy

STANDARD = parse_policy(builtin_policy_texts()["standard.toml"], "standard.toml")
FULL = {
    Role.ACCOUNTING: Reach(email=True, mobile=True, phone=True),
    Role.BUYER: Reach(email=True, mobile=True, phone=True),
    Role.EXECUTIVE: Reach(email=True, mobile=True, phone=True),
}


def found(
    reach: Mapping[Role, Reach],
    next_step: str | None = "pre_reminder",
    stage: str = "new",
    *,
    post: bool = True,
) -> tuple[Gap, ...]:
    facts = CustomerFacts(business_calendar("FR"), reach=reach)
    return gaps([Standing(STANDARD, next_step, stage)], facts, postal_address=post)


def test_nothing_is_missing_where_everybody_is_reached() -> None:
    assert found(FULL) == ()


def test_a_missing_mobile_is_said_once_with_what_comes_of_it() -> None:
    no_mobile = {role: Reach(email=True, phone=True) for role in Role}
    assert found(no_mobile) == (
        Gap(GapKind.MISSING_MOBILE, Role.ACCOUNTING, Effect.ANOTHER_CHANNEL, ("reminder_3",)),
    )


def test_a_mobile_of_the_buyer_takes_the_place_of_accounting_s() -> None:
    reach = FULL | {Role.ACCOUNTING: Reach(email=True, phone=True)}
    assert found(reach) == (
        Gap(GapKind.MISSING_MOBILE, Role.ACCOUNTING, Effect.ANOTHER_ROLE, ("reminder_3",)),
    )


def test_without_any_address_the_e_mails_wait() -> None:
    kinds = {(gap.kind, gap.role, gap.effect): gap.steps for gap in found({})}
    assert kinds[GapKind.MISSING_EMAIL, Role.ACCOUNTING, Effect.WAITS] == (
        "pre_reminder",
        "reminder_1",
        "reminder_2",
    )
    assert kinds[GapKind.MISSING_EMAIL, Role.BUYER, Effect.NO_COPY] == ("reminder_2",)


def test_what_is_behind_the_case_is_not_missed() -> None:
    no_mobile = {role: Reach(email=True, phone=True) for role in Role}
    assert found(no_mobile, "phone_call", "reminder_3") == ()
    # Paused without end it has no next step; its last one tells.
    assert found(no_mobile, None, "reminder_3") == ()
    assert [gap.steps for gap in found(no_mobile, None, "reminder_2")] == [("reminder_3",)]


def test_a_letter_wants_a_postal_address() -> None:
    assert found(FULL, post=False) == (
        Gap(GapKind.MISSING_POSTAL_ADDRESS, None, Effect.WAITS, ("formal_notice",)),
    )
