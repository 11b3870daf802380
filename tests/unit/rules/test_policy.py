"""Policy files: the built-in ones, the faults of others named by file, step and field, the assignment."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

import policies
from rules.calendar import Channel
from rules.facts import Role
from rules.policy import Candidate, PolicyError, parse_assignment, parse_policy

BUILT_IN = {
    name.removesuffix(".toml"): parse_policy(text, name)
    for name, text in policies.builtin_policy_texts().items()
}
KEYS = frozenset(BUILT_IN)

GOOD = """\
key = "house"
title = "House"
entry_cap = "reminder_1"
min_gap_days = 5

[min_amount]
EUR = "10.00"

[[steps]]
key = "pre_reminder"
offset_days = -3
channel = "email"
template = "account_statement"
tone = "statement"
recipient = ["accounting"]

[[steps]]
key = "reminder_1"
offset_days = 5
channel = "email"
template = "firm_reminder"
tone = "firm"
recipient = ["accounting"]
approval = false
fallback = [{ channel = "phone", template = "phone_call" }]

[[steps]]
key = "formal_notice"
offset_days = 60
channel = "letter"
template = "formal_notice"
tone = "notice"
recipient = ["executive"]
approval = true
deadline_days = 8
"""


def refused(text: str) -> str:
    """What the refusal of `text`, read from house.toml, says."""
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "house.toml")
    return str(caught.value)


def edited(before: str, after: str) -> str:
    """The good policy with its only `before` replaced."""
    assert GOOD.count(before) == 1, before
    return GOOD.replace(before, after)


def in_reminder(before: str, after: str) -> str:
    """The good policy with `before` replaced inside reminder_1 alone."""
    head, mark, rest = GOOD.partition('key = "reminder_1"\n')
    step, end, tail = rest.partition("[[steps]]")
    assert before in step
    return head + mark + step.replace(before, after, 1) + end + tail


# The built-in policies


@pytest.mark.parametrize(
    ("policy", "ladder"),
    [
        (
            "standard",
            "pre_reminder -3 email, reminder_1 +5 email, reminder_2 +15 email, reminder_3 +30 sms, "
            "phone_call +40 phone, formal_notice +60 letter, handover +75 decision",
        ),
        (
            "key_account",
            "pre_reminder -10 email, call_1 +3 phone, reminder_1 +10 email, sales_call +20 phone, "
            "reminder_2 +30 email, call_2 +40 phone, formal_notice +60 letter, handover +75 decision",
        ),
        (
            "small_amounts",
            "reminder_1 +7 email, reminder_2 +21 email, reminder_3 +45 email, handover +90 decision",
        ),
        (
            "strict",
            "pre_reminder -7 email, call_1 +3 phone, reminder_1 +8 email, reminder_2 +13 sms, "
            "formal_notice +20 letter, handover +35 decision",
        ),
        (
            "public_sector",
            "pre_reminder -10 email, call_1 +5 phone, reminder_1 +15 email, reminder_2 +30 email, "
            "call_2 +40 phone, formal_notice +60 letter, handover +90 decision",
        ),
    ],
)
def test_the_five_built_in_ladders_are_those_of_the_design(policy: str, ladder: str) -> None:
    steps = BUILT_IN[policy].steps
    assert ", ".join(f"{s.key} {s.offset_days:+d} {s.channel}" for s in steps) == ladder


def test_there_are_five() -> None:
    assert set(BUILT_IN) == {"standard", "key_account", "small_amounts", "strict", "public_sector"}


@pytest.mark.parametrize("policy", sorted(BUILT_IN))
def test_the_defaults_of_every_built_in_policy(policy: str) -> None:
    found = BUILT_IN[policy]
    assert found.key == policy
    assert (found.min_gap_days, found.resume_gap_days, found.entry_cap) == (5, 5, "reminder_2")
    assert found.min_amount == {currency: Decimal("10.00") for currency in ("EUR", "USD", "GBP")}


def test_who_is_addressed_under_standard() -> None:
    standard = BUILT_IN["standard"]
    assert standard.step("pre_reminder").recipient[0] is Role.ACCOUNTING
    assert standard.step("reminder_2").cc == (Role.BUYER,)
    assert standard.step("reminder_3").recipient == (Role.ACCOUNTING, Role.BUYER)
    email, call = standard.step("reminder_3").fallback
    assert (email.channel, email.recipient) == (Channel.EMAIL, (Role.BUYER,))
    assert call.channel is Channel.PHONE
    assert standard.step("phone_call").assignee == "collector"
    assert standard.step("phone_call").tell == ("sales_rep",)
    assert standard.step("formal_notice").recipient[0] is Role.EXECUTIVE
    assert standard.step("formal_notice").cc == (Role.ACCOUNTING,)
    assert standard.step("handover").assignee == "credit_manager"
    assert [s.key for s in standard.steps if s.approval] == ["formal_notice"]


def test_who_is_asked_under_the_others() -> None:
    key_account = BUILT_IN["key_account"]
    assert key_account.step("sales_call").assignee == "sales_rep"
    assert key_account.step("call_2").recipient[0] is Role.EXECUTIVE
    assert [s.key for s in key_account.steps if s.approval] == ["reminder_2", "formal_notice"]
    assert [s.key for s in BUILT_IN["strict"].steps if s.propose_hold] == ["reminder_1"]
    assert not any(s.approval for s in BUILT_IN["small_amounts"].steps)


def test_strength_is_a_fixed_rank() -> None:
    steps = BUILT_IN["standard"].steps
    assert [(s.key, s.strength) for s in steps] == [
        ("pre_reminder", 1),
        ("reminder_1", 2),
        ("reminder_2", 3),
        ("reminder_3", 4),
        ("phone_call", 5),
        ("formal_notice", 6),
        ("handover", 0),
    ]
    assert [s.key for s in steps if not s.is_contact] == ["handover"]


def test_thresholds_by_currency() -> None:
    policy = parse_policy(edited('EUR = "10.00"', 'EUR = "10.00"\nJPY = 1500\nTND = "10.500"'), "house.toml")
    assert policy.threshold("EUR") == Decimal("10.00")
    assert policy.threshold("JPY") == 1500
    assert policy.threshold("TND") == Decimal("10.500")
    assert policy.threshold("CHF") == 0


def test_a_good_policy_is_read() -> None:
    policy = parse_policy(GOOD, "house.toml")
    assert [step.key for step in policy.steps] == ["pre_reminder", "reminder_1", "formal_notice"]
    assert policy.resume_gap_days == 5
    assert policy.version == 1
    with pytest.raises(ValidationError):
        policy.min_gap_days = 3  # type: ignore[misc]


# Faults


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        pytest.param(
            edited('title = "House"', 'titel = "House"'), "titel", "Extra inputs", id="unknown field"
        ),
        pytest.param(edited('title = "House"\n', ""), "title", "required", id="missing field"),
        pytest.param(
            edited('entry_cap = "reminder_1"', 'entry_cap = "reminder_9"'),
            "entry_cap",
            "no step 'reminder_9'",
            id="entry_cap unknown",
        ),
        pytest.param(edited('EUR = "10.00"', "EUR = 10.00"), "min_amount: EUR", "float", id="float amount"),
        pytest.param(
            edited('EUR = "10.00"', 'EUR = "ten"'), "min_amount: EUR", "decimal", id="not an amount"
        ),
        pytest.param(
            edited('EUR = "10.00"', 'EUR = "-1"'), "min_amount: EUR", "greater", id="negative amount"
        ),
        pytest.param(edited('EUR = "10.00"', 'EUR = "NaN"'), "min_amount: EUR", "finite", id="NaN amount"),
        pytest.param(
            edited('EUR = "10.00"', "EUR = true"), "min_amount: EUR", "Decimal", id="boolean amount"
        ),
        pytest.param(edited("EUR =", "EURO ="), "min_amount", "EURO", id="unknown currency"),
        pytest.param(edited("EUR =", "eur ="), "min_amount", "'eur'", id="currency in lower case"),
        pytest.param(edited("min_gap_days = 5", "min_gap_days = 0"), "min_gap_days", "greater", id="no gap"),
        pytest.param(
            edited("min_gap_days = 5", "min_gap_days = 5.5"), "min_gap_days", "integer", id="half days"
        ),
        pytest.param(
            edited("min_gap_days = 5", "min_gap_days = true"), "min_gap_days", "integer", id="gap yes"
        ),
        pytest.param(
            edited("min_gap_days = 5", 'min_gap_days = "5"'), "min_gap_days", "integer", id="gap text"
        ),
        pytest.param(edited('key = "house"', 'key = "The House"'), "key", "pattern", id="bad key"),
        pytest.param(GOOD.partition("[[steps]]")[0], "steps", "required", id="no steps"),
        pytest.param(
            "steps = []\n" + GOOD.partition("[[steps]]")[0], "steps", "at least 1", id="empty steps"
        ),
        pytest.param("steps = 3\n" + GOOD.partition("[[steps]]")[0], "steps", "tuple", id="steps not a list"),
        pytest.param(
            "steps = [3]\n" + GOOD.partition("[[steps]]")[0], "step 1", "dictionary", id="step not a table"
        ),
    ],
)
def test_a_fault_of_the_policy_names_file_and_field(text: str, place: str, reason: str) -> None:
    lines = refused(text).splitlines()
    assert any(line.startswith(f"house.toml: {place}: ") and reason in line for line in lines), lines


@pytest.mark.parametrize(
    ("before", "after", "field", "reason"),
    [
        pytest.param(
            'tone = "firm"', 'tone = "firm"\nchanel = "sms"', "chanel", "Extra inputs", id="unknown"
        ),
        pytest.param(
            "offset_days = 5", 'offset_days = "five"', "offset_days", "integer", id="offset in words"
        ),
        pytest.param("offset_days = 5", 'offset_days = "5"', "offset_days", "integer", id="offset as text"),
        pytest.param("offset_days = 5", "offset_days = 5.0", "offset_days", "integer", id="offset as float"),
        pytest.param("offset_days = 5", "offset_days = true", "offset_days", "integer", id="offset yes"),
        pytest.param("offset_days = 5", "offset_days = 99999", "offset_days", "less", id="huge offset"),
        pytest.param("offset_days = 5", f"offset_days = {10**40}", "offset_days", "", id="absurd offset"),
        pytest.param("offset_days = 5", "offset_days = -500", "offset_days", "greater", id="too early"),
        pytest.param(
            "offset_days = 5", "offset_days = -3", "offset_days", "does not come after -3", id="same day"
        ),
        pytest.param(
            "offset_days = 5", "offset_days = -4", "offset_days", "does not come after", id="earlier day"
        ),
        pytest.param("offset_days = 5\n", "", "offset_days", "required", id="no offset"),
        pytest.param('channel = "email"', 'channel = "fax"', "channel", "'email'", id="unknown channel"),
        pytest.param('tone = "firm"', 'tone = "rude"', "tone", "'statement'", id="unknown tone"),
        pytest.param('tone = "firm"', 'tone = "notice"', "tone", "is a letter", id="notice by e-mail"),
        pytest.param(
            'recipient = ["accounting"]', 'recipient = ["boss"]', "recipient 1", "'accounting'", id="role"
        ),
        pytest.param(
            'recipient = ["accounting"]', 'recipient = "accounting"', "recipient", "tuple", id="bare role"
        ),
        pytest.param(
            'recipient = ["accounting"]', "recipient = []", "recipient", "at least one", id="nobody"
        ),
        pytest.param('recipient = ["accounting"]\n', "", "recipient", "at least one", id="no recipient"),
        pytest.param("approval = false", 'approval = "maybe"', "approval", "boolean", id="approval in words"),
        pytest.param("approval = false", 'approval = "yes"', "approval", "boolean", id="approval as text"),
        pytest.param("approval = false", "approval = 1", "approval", "boolean", id="approval as number"),
        pytest.param("approval = false", 'assignee = "me"', "assignee", "'collector'", id="assignee"),
        pytest.param('template = "firm_reminder"', "template = 7", "template", "string", id="template"),
        pytest.param('template = "firm_reminder"', 'template = "../x"', "template", "pattern", id="path"),
        pytest.param(
            'channel = "phone"', 'channel = "fax"', "fallback 1: channel", "'email'", id="fallback channel"
        ),
        pytest.param(
            ', template = "phone_call"', "", "fallback 1: template", "required", id="fallback template"
        ),
    ],
)
def test_a_fault_of_a_step_names_file_step_and_field(
    before: str, after: str, field: str, reason: str
) -> None:
    lines = refused(in_reminder(before, after)).splitlines()
    wanted = f"house.toml: step reminder_1: {field}: "
    assert any(line.startswith(wanted) and reason in line for line in lines), lines


def test_a_ladder_never_goes_down() -> None:
    down = edited('tone = "statement"', 'tone = "firm"')
    down = down.replace('template = "firm_reminder"\ntone = "firm"', 'template = "x"\ntone = "courteous"')
    assert refused(down) == (
        "house.toml: step reminder_1: tone: courteous is weaker than firm of step pre_reminder; "
        "a ladder never goes down"
    )


@pytest.mark.parametrize("twice", ["pre_reminder", "formal_notice"])
def test_a_key_used_twice(twice: str) -> None:
    text = edited('key = "reminder_1"', f'key = "{twice}"').replace(
        'entry_cap = "reminder_1"', f'entry_cap = "{twice}"'
    )
    assert refused(text) == f"house.toml: step {twice}: key: used twice"


def test_a_notice_gives_a_deadline() -> None:
    line = refused(edited("deadline_days = 8\n", ""))
    assert line.startswith("house.toml: step formal_notice: deadline_days: ")


@pytest.mark.parametrize("approval", ["", "approval = false\n"])
def test_a_letter_is_always_approved(approval: str) -> None:
    line = refused(edited("approval = true\n", approval))
    assert line.startswith("house.toml: step formal_notice: approval: ")


def test_a_step_without_key_is_named_by_its_place() -> None:
    assert "house.toml: step 2: key: " in refused(edited('key = "reminder_1"\noffset', "offset"))


def test_every_fault_has_its_line() -> None:
    lines = refused(in_reminder("offset_days = 5", "offset_days = 1e9").replace("EUR", "XYZ")).splitlines()
    assert len(lines) == 1 or all(line.startswith("house.toml: ") for line in lines)
    both = in_reminder('tone = "firm"', 'tone = "rude"').replace('title = "House"', "title = 3")
    assert len(refused(both).splitlines()) == 2


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("key: house", id="YAML"),
        pytest.param("key = 'house", id="open quote"),
        pytest.param('key = "a"\nkey = "b"', id="same field twice"),
        pytest.param("\x00", id="zero byte"),
        pytest.param("x = " + "[" * 5000, id="thousands of brackets"),
        pytest.param("x = " + "1" * 5000, id="thousands of digits"),
    ],
)
def test_what_is_not_toml(text: str) -> None:
    assert refused(text).startswith("house.toml: not valid TOML: ")


def test_an_empty_file_names_every_missing_field() -> None:
    assert {line.split(": ")[1] for line in refused("").splitlines()} == {
        "key",
        "title",
        "entry_cap",
        "steps",
    }


# The assignment


def built_in_pick(**facts: object) -> str:
    """The built-in rules' choice for an invoice of 1,000 EUR unless said otherwise."""
    rules = parse_assignment(policies.assignment_text(), "assignment.toml", KEYS)
    known: dict[str, object] = {"currency": "EUR", "amount": Decimal(1000), "open_total": Decimal(1000)}
    return rules.pick(Candidate.model_validate(known | facts))


@pytest.mark.parametrize(
    ("facts", "policy"),
    [
        ({}, "standard"),
        ({"segment": "public"}, "public_sector"),
        ({"segment": "key_account"}, "key_account"),
        ({"risk": "high"}, "strict"),
        ({"segment": "key_account", "risk": "high"}, "key_account"),  # first match wins
        ({"open_total": Decimal("49.99")}, "small_amounts"),
        ({"open_total": Decimal("50.00")}, "standard"),
        ({"open_total": Decimal(20), "risk": "high"}, "strict"),
        # By the customer's total, not the invoice's; and only in a currency that has a threshold.
        ({"amount": Decimal(20), "open_total": Decimal(5000)}, "standard"),
        ({"open_total": Decimal(20), "currency": "JPY"}, "standard"),
        ({"segment": "unheard of"}, "standard"),
    ],
)
def test_the_built_in_assignment(facts: dict[str, object], policy: str) -> None:
    assert built_in_pick(**facts) == policy


@pytest.mark.parametrize(
    ("rule", "facts", "matches"),
    [
        ('country = ["DE", "AT"]', {"country": "AT"}, True),
        ('country = ["DE", "AT"]', {"country": "FR"}, False),
        ('country = ["DE"]', {}, False),
        ('invoice_from = { EUR = "1000" }', {"amount": Decimal("1000.00")}, True),
        ('invoice_from = { EUR = "1000" }', {"amount": Decimal("999.99")}, False),
        ('invoice_below = { EUR = "1000" }', {"amount": Decimal("1000.00")}, False),
        ('invoice_below = { EUR = "1000" }', {"amount": Decimal("999.99")}, True),
        ('overdue_from = { EUR = "1000" }', {"overdue": Decimal(1000)}, True),
        ('overdue_from = { EUR = "1000" }', {"overdue": Decimal(999), "amount": Decimal(5000)}, False),
        ('overdue_below = { EUR = "1000" }', {"overdue": Decimal(999)}, True),
        ('overdue_below = { EUR = "1000" }', {"overdue": Decimal(1000)}, False),
        ('invoice_from = { USD = "1" }', {"amount": Decimal(5000)}, False),
        ('country = ["DE"]\nrisk = ["high"]', {"country": "DE", "risk": "high"}, True),
        ('country = ["DE"]\nrisk = ["high"]', {"country": "DE", "risk": "low"}, False),
    ],
)
def test_every_condition_given_must_hold(rule: str, facts: dict[str, object], matches: bool) -> None:
    text = f'default = "standard"\n[[rule]]\npolicy = "strict"\n{rule}\n'
    known: dict[str, object] = {"currency": "EUR", "amount": Decimal(10)}
    picked = parse_assignment(text, "a.toml", KEYS).pick(Candidate.model_validate(known | facts))
    assert picked == ("strict" if matches else "standard")


@pytest.mark.parametrize(
    ("text", "start", "reason"),
    [
        ('default = "lax"', "a.toml: default: policy: ", "no policy 'lax'"),
        ('default = "standard"\n[[rule]]\npolicy = "lax"', "a.toml: rule 1: policy: ", "no policy 'lax'"),
        (
            'default = "standard"\n[[rule]]\npolicy = "strict"\ncolour = ["red"]',
            "a.toml: rule 1: colour: ",
            "Extra",
        ),
        ('default = "standard"\n[[rule]]\nrisk = ["high"]', "a.toml: rule 1: policy: ", "required"),
        (
            'default = "standard"\n[[rule]]\npolicy = "strict"\ninvoice_from = { EUR = 5.0 }',
            "a.toml: rule 1: invoice_from: EUR: ",
            "float",
        ),
        (
            'default = "standard"\n[[rule]]\npolicy = "strict"\ninvoice_from = { EURO = "5" }',
            "a.toml: rule 1: invoice_from: ",
            "EURO",
        ),
        (
            'default = "standard"\n[[rule]]\npolicy = "strict"\ncountry = ["XX"]',
            "a.toml: rule 1: country",
            "XX",
        ),
        ("", "a.toml: default: ", "required"),
        ("default =", "a.toml: not valid TOML: ", ""),
    ],
)
def test_a_fault_of_the_assignment_names_file_rule_and_field(text: str, start: str, reason: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_assignment(text, "a.toml", KEYS)
    lines = str(caught.value).splitlines()
    assert any(line.startswith(start) and reason in line for line in lines), lines
