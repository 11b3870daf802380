"""Whatever the rules and the ledger can give as a reason is said in French, with its days and amounts."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import holidays
import pytest

import policies
from activities import registered_mail, returned, sending
from admin.console.words.holidays import HOLIDAYS, holiday
from admin.console.words.reasons import PHRASES, french_reason
from admin.console.words.said_words import FIELDS
from models.tables import Company, Customer
from rules.calendar import Channel, business_calendar
from rules.closures import Closure
from rules.decide import decide
from rules.facts import (
    Bank,
    Blocked,
    CaseFacts,
    Claim,
    CreditNote,
    CustomerFacts,
    Dispute,
    Draft,
    Instalment,
    Obstacle,
    OpenCall,
    Pause,
    Payment,
    Plan,
    Reach,
    Role,
    StepDone,
    StopReason,
    Suspension,
    SuspensionScope,
    Turn,
)
from rules.ledger import plan_state
from rules.policy import Policy, parse_policy
from tests.console.texts import ROOT, english_left, plain, texts_of, texts_of_matching

BUILT_IN = [parse_policy(text, name) for name, text in policies.builtin_policy_texts().items()]
ON_THE_DAY = BUILT_IN[0].model_copy(
    update={"steps": (BUILT_IN[0].steps[0].model_copy(update={"offset_days": 0}), *BUILT_IN[0].steps[1:])}
)
POLICIES = [*BUILT_IN, ON_THE_DAY]
REACHES: tuple[dict[Role, Reach], ...] = (
    {},
    {Role.BUYER: Reach(email=True)},
    {role: Reach(email=True, mobile=True, phone=True) for role in Role},
)
DUE = date(2026, 3, 31)
MANY = 6000


def said(text: str) -> str:
    told = french_reason(text, lambda who: who)
    assert told is not None, f"no French for {text!r}: add it to admin/console/words/said_of_*.py"
    return plain(told)


# --------------------------------------------------------------------------- what the rules say


@pytest.fixture(scope="module")
def reasons() -> set[str]:
    """Reasons of many situations, the same at every run."""
    chance = random.Random(7)
    found: set[str] = set()
    for _ in range(MANY):
        policy = chance.choice(POLICIES)
        customer, case, now = _situation(chance, policy)
        decision = decide(case, customer, policy, now)
        found |= {decision.why, *(task.why for task in decision.tasks)}
        # A plan that has ended pauses nothing, and gives its reason all the same.
        found |= {plan_state(case, plan, customer.calendar, now, customer.bank).why for plan in case.plans}
    return found


def _situation(chance: random.Random, policy: Policy) -> tuple[CustomerFacts, CaseFacts, datetime]:
    calendar = business_calendar(chance.choice(("FR", "DE", "GB", "US", "JP")))
    today = DUE + timedelta(days=chance.randint(-40, 130))
    now = calendar.slot(today) + timedelta(minutes=chance.choice((-300, 0, 30, 300, 600)))

    def day(least: int = -40, most: int = 20) -> date:
        return today + timedelta(days=chance.randint(least, most))

    def at(least: int = -40, most: int = 0) -> datetime:
        return calendar.slot(day(least, most))

    def some(share: float) -> bool:
        return chance.random() < share

    total = Decimal(chance.choice(("1200.00", "9.00", "84000.50")))
    steps = policy.steps[: chance.choice((0, 0, 1, 2, 3, len(policy.steps) - 1, len(policy.steps)))]
    done = tuple(
        StepDone(
            step.key,
            max(DUE + timedelta(days=step.offset_days), today - timedelta(days=chance.randint(0, 40))),
            step.offset_days,
            chance.choice((step.tone, policy.steps[-1].tone)),
            step.channel,
            day(-20, 2) if step.channel is Channel.LETTER and some(0.5) else None,
        )
        for step in steps
    )
    following = policy.steps[min(len(steps), len(policy.steps) - 1)].key
    drafts = (
        (
            Draft(
                chance.choice((following, policy.steps[-1].key)),
                day(-16, 0),
                folded=some(0.4),
                stale=some(0.2),
            ),
        )
        if some(0.3)
        else ()
    )
    blocked = (
        (Blocked(following, chance.choice(list(Obstacle)), day(-5, 0), chance.choice((None, day(1, 5)))),)
        if some(0.2)
        else ()
    )
    parts = tuple(Instalment(day(-20, 20), Decimal(600)) for _ in range(chance.choice((1, 2))))
    case = CaseFacts(
        "F-1",
        "EUR",
        total,
        DUE,
        day(-60, 0),
        payments=(Payment(chance.choice((total, Decimal(100))), at()),) if some(0.15) else (),
        credit_notes=(CreditNote(chance.choice((total, Decimal(50))), at()),) if some(0.1) else (),
        disputes=(Dispute(at(), chance.choice((None, Decimal(100)))),) if some(0.1) else (),
        plans=(
            Plan("p", at(), tuple(sorted(parts, key=lambda part: part.due_on)), at() if some(0.1) else None),
        )
        if some(0.15)
        else (),
        claims=(Claim("c", at(), day(-20, 0), at() if some(0.2) else None),) if some(0.15) else (),
        pauses=(
            Pause(
                chance.choice(("pause", "delivery hold", "reply", "letter refused", "waits; see (us)")),
                at(),
                chance.choice((None, day(-5, 20))),
            ),
        )
        if some(0.15)
        else (),
        done=done,
        drafts=drafts,
        blocked=blocked,
        open_calls=(OpenCall(following, day(-20, 0), again_on=chance.choice((None, day(-10, 5)))),)
        if some(0.2)
        else (),
        closed_by="write_off" if some(0.02) else None,
    )
    target = {SuspensionScope.CHANNEL: "email", SuspensionScope.POLICY: policy.key}
    scope = chance.choice(list(SuspensionScope))
    customer = CustomerFacts(
        calendar,
        last_contact_on=chance.choice((None, day(-10, 0))),
        stopped_by=chance.choice(list(StopReason)) if some(0.06) else None,
        stopped_on=chance.choice((None, day(-10, 0))),
        reach=chance.choice(REACHES),
        bank=Bank(day(-30, 0), calendar) if some(0.4) else None,
        suspensions=(Suspension(7, scope, target.get(scope), chance.choice((None, day(1, 30)))),)
        if some(0.15)
        else (),
        turn=Turn(day(0, 5), 7) if some(0.1) else None,
        closures=(Closure(day(-3, 3), day(4, 9)),) if some(0.15) else (),
    )
    return customer, case, now


def test_every_reason_of_the_rules_is_said_in_french(reasons: set[str]) -> None:
    assert len(reasons) > MANY / 10
    left = {reason: told for reason in reasons if english_left(told := said(reason))}
    assert dict(sorted(left.items())[:5]) == {}


def test_days_and_amounts_are_written_the_french_way(reasons: set[str]) -> None:
    for reason in reasons:
        told = said(reason)
        assert not re.search(r"\d{4}-\d\d-\d\d|\d\.\d\d|EUR", told), (reason, told)
        assert len(re.findall(r"\d{4}-\d\d-\d\d", reason)) == len(re.findall(r"\d\d/\d\d/\d{4}", told))


REASONS_OF_RULES = ("decide", "gates", "pauses", "ledger", "calls_due", "closures")


@pytest.mark.parametrize("module", REASONS_OF_RULES)
def test_the_situations_meet_every_text_of_the_rules(module: str, reasons: set[str]) -> None:
    """A text that somebody adds and that no situation meets fails here: then let `_situation` meet it."""
    everything = "\n".join(reasons)
    missed = [text for text in _fragments(ROOT / "rules" / f"{module}.py") if text not in everything]
    assert missed == []


def _fragments(path: Path) -> Iterator[str]:
    """What functions of the rules say, between the values they put in."""
    for function in ast.walk(ast.parse(path.read_text("utf-8"))):
        # What is wrong with a closure is said to whoever enters it.
        if not isinstance(function, ast.FunctionDef) or function.name == "fault":
            continue
        skipped = {
            id(inside)
            for node in ast.walk(function)
            if isinstance(node, ast.Raise)
            or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
            for inside in ast.walk(node)
        }
        for node in ast.walk(function):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
                text = node.value.strip("; ")
                if " " in text and re.search("[a-z]", text):
                    yield text


# --------------------------------------------------------------------------- what the ledger says


KEPT_ASIDE = (
    *returned._WAYS.values(),
    *sending._REFUSED.values(),
    registered_mail.CHANGED,
    registered_mail.BY_HAND,
    "RELANCE_SENDING=off",
    "it was taken back before it left",
    "the provider had told of it: it had left",
    "Twilio's list has it: it had left",
    "no SMS provider is set up (TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN)",
    "no connection to Twilio: Acme",
    "the number does not take it (21614)",
)
"""Texts that the sources keep in tables, or make elsewhere than where they are written down."""


@pytest.mark.parametrize("text", sorted({*texts_of("why"), *texts_of_matching(), *KEPT_ASIDE}))
def test_every_reason_the_ledger_writes_is_said_in_french(text: str) -> None:
    assert not english_left(said(text))


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("3 days before the due date", "3 jours avant l’échéance"),
        (
            "1 days after the due date; 2026-05-01 is Labor Day: moved to 2026-05-04",
            "1 jour après l’échéance ; le 01/05/2026 est férié (fête du Travail) : reportée au 04/05/2026",
        ),
        (
            "9 days after the due date; 2027-11-01 is All Saints' Day; National Unity Day: "
            "moved to 2027-11-02",
            "9 jours après l’échéance ; le 01/11/2027 est férié (Toussaint et jour de l’Unité nationale) : "
            "reportée au 02/11/2027",
        ),
        (
            "paused by promise (4455.60 EUR promised for 2026-12-01, checked on 2026-12-04), "
            "then reminder_2 14 days after the due date",
            "en pause, promesse de règlement (4 455,60 € promis pour le 01/12/2026, contrôle le "
            "04/12/2026). Ensuite, 2e relance, 14 jours après l’échéance",
        ),
        (
            "paused by off; (you; know) (until resumed); dispute (all that is owed is disputed)",
            "en pause, « off; (you; know) » (jusqu’à reprise) et litige (tout ce qui est dû est contesté)",
        ),
        ("refused by console:m@x: too soon; wait", "refusée par Martine : too soon; wait"),
        (
            "it names F-1; it is what it owes, to the cent",
            "le libellé cite F-1 ; c’est son montant au centime près",
        ),
        ("paid in full", "soldée"),
    ],
)
def test_sentences(english: str, french: str) -> None:
    told = french_reason(english, {"console:m@x": "Martine"}.get, capitalised=False)  # type: ignore[arg-type]
    assert told is not None
    assert plain(told) == french


@pytest.mark.parametrize(
    "text",
    ["", "anything at all", "3 days before the due date; and something new", "paused by", "paused by x (y)"],
)
def test_what_is_not_known_in_whole_is_left_alone(text: str) -> None:
    assert french_reason(text) is None


def test_a_reason_stays_quick_whatever_it_holds() -> None:
    for text in ("paused by " + " (until resumed" * 400, "it names a; " * 400, "paused by " + "a (" * 2000):
        french_reason(text)


@pytest.mark.parametrize(
    "country", ["FR", "BE", "LU", "MC", "CH", "DE", "AT", "IT", "ES", "PT", "NL", "GB", "IE"]
)
def test_holidays_near_france_have_french_names(country: str) -> None:
    years = range(DUE.year, DUE.year + 4)
    calendar = holidays.country_holidays(country, years=years)
    if "en_US" in calendar.supported_languages:
        calendar = holidays.country_holidays(country, years=years, language="en_US")
    names = {name for each in calendar.values() for name in each.split("; ")}
    assert {name for name in names if holiday(name) not in HOLIDAYS.values()} == set()


def test_every_field_that_may_change_has_its_french() -> None:
    never = {"id", "company_id", "ledger_seq", "insolvency_on", "do_not_contact_since", "lawyer_since"}
    fields = {*Company.model_fields, *Customer.model_fields} - never
    assert sorted(fields - FIELDS.keys()) == []


def test_no_phrase_is_said_twice() -> None:
    english = [phrase.english.pattern for phrase in PHRASES]
    assert sorted({each for each in english if english.count(each) > 1}) == []
