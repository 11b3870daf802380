"""Dunning policies: data, read from TOML, checked so that a mistake names file, step and field."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
    model_validator,
)

from rules.calendar import Channel, UnknownCountry, default_zone
from rules.facts import TONES, Role, Tone
from rules.money import UnknownCurrency, minor_units

Assignee = Literal["collector", "sales_rep", "credit_manager"]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class PolicyError(ValueError):
    """A policy or assignment file that cannot be used; the text names file, place and reason."""


def _exact(value: object) -> object:
    if isinstance(value, float):
        raise ValueError('write amounts as text, e.g. "10.00": a float is not exact')
    return value


Amount = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fallback(_Strict):
    """Another way for a step whose channel reaches nobody; a phone fallback needs no recipient."""

    channel: Channel
    recipient: tuple[Role, ...] = ()
    template: Key


class Step(_Strict):
    """One rung of the ladder.

    `offset_days` counts calendar days from the due date; `recipient` lists roles in order of
    preference; `deadline_days` is the term a formal notice gives the debtor. `ask_sales_rep` business days
    before its day, the customer's sales representative is asked whether it may leave.
    """

    key: Key
    offset_days: Annotated[StrictInt, Field(ge=-180, le=1825)]
    channel: Channel
    template: Key
    tone: Tone
    recipient: tuple[Role, ...] = ()
    cc: tuple[Role, ...] = ()
    approval: StrictBool = False
    fallback: tuple[Fallback, ...] = ()
    assignee: Assignee = "collector"
    tell: tuple[Assignee, ...] = ()
    propose_hold: StrictBool = False
    deadline_days: Annotated[StrictInt, Field(ge=1, le=90)] | None = None
    ask_sales_rep: Annotated[StrictInt, Field(ge=1, le=10)] | None = None

    @cached_property
    def strength(self) -> int:
        """Rank in a contact: statement < courteous < firm < SMS < call < notice. A decision has none."""
        return {Channel.SMS: 4, Channel.PHONE: 5, Channel.LETTER: 6, Channel.DECISION: 0}.get(
            self.channel, 1 + TONES.index(self.tone)
        )

    @property
    def is_contact(self) -> bool:
        """Whether the debtor hears of it: a decision task is between ourselves."""
        return self.channel is not Channel.DECISION

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.channel in (Channel.EMAIL, Channel.SMS) and not self.recipient:
            raise ValueError(f"recipient: an {self.channel} step needs at least one role")
        if self.channel is Channel.EMAIL and self.tone is Tone.NOTICE:
            raise ValueError("tone: a formal notice is a letter, not an e-mail")
        if self.channel is Channel.LETTER and not self.approval:
            raise ValueError("approval: a letter is always approved by a person before it leaves")
        if self.channel is Channel.LETTER and self.tone is Tone.NOTICE and self.deadline_days is None:
            raise ValueError("deadline_days: a formal notice gives the debtor a deadline (8 or 15 days)")
        if self.ask_sales_rep is not None and not self.is_contact:
            raise ValueError("ask_sales_rep: a decision is our own: nobody is asked before it")
        return self


class Policy(_Strict):
    """An ordered ladder with its gaps and thresholds. Immutable once used; `version` counts editions.

    `bank_max_age_days`: nobody is asked for money on bank data older than so many business days of the
    creditor, where it says how far its bank is known; None asks whatever their age.
    """

    key: Key
    version: Annotated[StrictInt, Field(ge=1)] = 1
    title: str
    min_gap_days: Annotated[StrictInt, Field(ge=1, le=60)] = 5
    resume_gap_days: Annotated[StrictInt, Field(ge=0, le=60)] = 5
    bank_max_age_days: Annotated[StrictInt, Field(ge=1, le=30)] | None = None
    entry_cap: Key
    min_amount: dict[str, Amount] = Field(default_factory=dict)
    steps: tuple[Step, ...] = Field(min_length=1)

    @cached_property
    def position(self) -> dict[str, int]:
        """Place of each step on the ladder, from 0."""
        return {step.key: place for place, step in enumerate(self.steps)}

    def step(self, key: str) -> Step:
        """The step of that key; raises KeyError when the policy has none."""
        return self.steps[self.position[key]]

    def threshold(self, currency: str) -> Decimal:
        """Amounts below this are not chased; 0 where the policy names no threshold for the currency."""
        return self.min_amount.get(currency, Decimal(0))

    @model_validator(mode="after")
    def _ladder(self) -> Self:
        for currency in self.min_amount:
            try:
                minor_units(currency)
            except UnknownCurrency as error:
                raise ValueError(f"min_amount: {error}") from None
        keys = [step.key for step in self.steps]
        for before, step in zip(self.steps, self.steps[1:], strict=False):
            if keys.count(step.key) > 1:
                raise ValueError(f"step {step.key}: key: used twice")
            if step.offset_days <= before.offset_days:
                raise ValueError(
                    f"step {step.key}: offset_days: {step.offset_days} does not come after "
                    f"{before.offset_days} of step {before.key}"
                )
            if TONES.index(step.tone) < TONES.index(before.tone):
                raise ValueError(
                    f"step {step.key}: tone: {step.tone} is weaker than {before.tone} of step {before.key}; "
                    "a ladder never goes down"
                )
        if self.entry_cap not in keys:
            raise ValueError(f"entry_cap: no step {self.entry_cap!r}")
        return self


class AssignmentRule(_Strict):
    """Picks `policy` when every condition given holds. Amounts are by currency.

    `invoice_from` and `invoice_below` bear on the invoice's total, `overdue_from` and `overdue_below` on
    the customer's overdue total, `open_below` on all it owes, due or not.
    """

    policy: Key
    segment: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    risk: tuple[str, ...] = ()
    invoice_from: dict[str, Amount] = Field(default_factory=dict)
    invoice_below: dict[str, Amount] = Field(default_factory=dict)
    overdue_from: dict[str, Amount] = Field(default_factory=dict)
    overdue_below: dict[str, Amount] = Field(default_factory=dict)
    open_below: dict[str, Amount] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> Self:
        limits = ("invoice_from", "invoice_below", "overdue_from", "overdue_below", "open_below")
        for name in limits:
            for currency in getattr(self, name):
                try:
                    minor_units(currency)
                except UnknownCurrency as error:
                    raise ValueError(f"{name}: {error}") from None
        for country in self.country:
            if country == "UK":
                raise ValueError("country: the code of the United Kingdom is GB")
            try:
                default_zone(country)
            except UnknownCountry as error:
                raise ValueError(f"country: {error}") from None
        return self


class Candidate(_Strict):
    """What an assignment looks at; `overdue` and `open_total` are the customer's, in `currency`."""

    currency: str
    amount: Decimal
    overdue: Decimal = Decimal(0)
    open_total: Decimal = Decimal(0)
    segment: str | None = None
    country: str | None = None
    risk: str | None = None

    def matches(self, rule: AssignmentRule) -> bool:
        """Whether every condition of `rule` holds."""
        # Asked for each rule and invoice of a portfolio: the first condition that fails ends it.
        if (
            (rule.segment and self.segment not in rule.segment)
            or (rule.country and self.country not in rule.country)
            or (rule.risk and self.risk not in rule.risk)
        ):
            return False
        return (
            self._at_least(rule.invoice_from, self.amount)
            and self._at_least(rule.overdue_from, self.overdue)
            and self._below(rule.invoice_below, self.amount)
            and self._below(rule.overdue_below, self.overdue)
            and self._below(rule.open_below, self.open_total)
        )

    def _at_least(self, limits: dict[str, Decimal], value: Decimal) -> bool:
        return not limits or (self.currency in limits and value >= limits[self.currency])

    def _below(self, limits: dict[str, Decimal], value: Decimal) -> bool:
        return not limits or (self.currency in limits and value < limits[self.currency])


class Assignment(_Strict):
    """Rules in order, first match wins, and the policy for everything else."""

    default: Key
    rule: tuple[AssignmentRule, ...] = ()

    def pick(self, candidate: Candidate) -> str:
        """Key of the policy for this invoice."""
        return next((rule.policy for rule in self.rule if candidate.matches(rule)), self.default)


def parse_policy(text: str, file: str) -> Policy:
    """Read a policy from TOML `text`; `file` names it in errors.

    Raises:
        PolicyError: not TOML, an unknown field, a wrong value or a ladder that goes down; one line a fault.
    """
    data = _toml(text, file)
    try:
        return Policy.model_validate(data)
    except ValidationError as error:
        raise PolicyError(_faults(error, data, file)) from None


def parse_assignment(text: str, file: str, policies: frozenset[str]) -> Assignment:
    """Read the assignment rules; every policy they name must be among `policies`.

    Raises:
        PolicyError: as `parse_policy`, or a rule that names an unknown policy.
    """
    data = _toml(text, file)
    try:
        assignment = Assignment.model_validate(data)
    except ValidationError as error:
        raise PolicyError(_faults(error, data, file)) from None
    named = {"default": assignment.default} | {
        f"rule {place}": rule.policy for place, rule in enumerate(assignment.rule, start=1)
    }
    for place, key in named.items():
        if key not in policies:
            raise PolicyError(f"{file}: {place}: policy: no policy {key!r}; there are {sorted(policies)}")
    return assignment


def _toml(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    # A number of thousands of digits is a plain ValueError.
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"{file}: not valid TOML: {error}") from None


def _faults(error: ValidationError, data: dict[str, Any], file: str) -> str:
    lines = []
    for fault in error.errors():
        words: list[str] = []
        where: Any = data
        for part in fault["loc"]:
            if isinstance(part, int):
                item = where[part] if isinstance(where, list) and part < len(where) else None
                name = item.get("key") if isinstance(item, dict) else None
                singular = words.pop().removesuffix("s") if words else "item"
                words.append(f"{singular} {name or part + 1}")
                where = item
            else:
                words.append(str(part))
                where = where.get(part) if isinstance(where, dict) else None
        message = fault["msg"].removeprefix("Value error, ")
        lines.append(": ".join([file, *words, message]))
    return "\n".join(lines)
