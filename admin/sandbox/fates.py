"""What becomes of a message once the provider has taken it: delivered, unless a rule says otherwise."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from admin.sandbox.models import Channel, fold


class Fate(StrEnum):
    """How a message ends.

    - ``delivered``: what happens without a rule.
    - ``silent``: nothing is ever told about it.
    - e-mail: ``deferred`` (then delivered), ``bounce`` (the mailbox does not exist), ``blocked`` (refused for
      now), ``dropped`` (not tried: suppressed before), ``spam`` and ``unsubscribe`` (delivered, then that).
    - SMS: ``undelivered`` (the carrier could not), ``failed`` (Twilio could not).
    """

    DELIVERED = "delivered"
    SILENT = "silent"
    DEFERRED = "deferred"
    BOUNCE = "bounce"
    BLOCKED = "blocked"
    DROPPED = "dropped"
    SPAM = "spam"
    UNSUBSCRIBE = "unsubscribe"
    UNDELIVERED = "undelivered"
    FAILED = "failed"


_ANY = frozenset({Fate.DELIVERED, Fate.SILENT})
_SMS = frozenset({Fate.UNDELIVERED, Fate.FAILED})
POSSIBLE = {Channel.SMS: _ANY | _SMS, Channel.EMAIL: frozenset(Fate) - _SMS}
"""Which fates a message of each channel can meet."""


class FateSpec(BaseModel):
    """A rule as a test or a person asks for it.

    ``match_to`` is a part of a recipient's address or number (``None``: everybody), ``code`` Twilio's error
    code, ``reason`` the words given for a failure, ``times`` how many recipients meet it (``None``: until
    cleared).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fate: Fate
    match_to: str | None = Field(default=None, min_length=1)
    code: int | None = Field(default=None, ge=10_000, le=99_999)
    reason: str | None = Field(default=None, min_length=1, max_length=500)
    times: int | None = Field(default=None, ge=1)


class FateRule(FateSpec):
    """A rule in force: its number, and how many recipients may still meet it."""

    id: int
    remaining: int | None


class FateBoard:
    """The rules in force, in the order they were added; the first that fits is met. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[FateRule] = []
        self._issued = 0

    def add(self, spec: FateSpec) -> FateRule:
        """Put a rule in force, behind the ones already there."""
        with self._lock:
            self._issued += 1
            rule = FateRule(**spec.model_dump(), id=self._issued, remaining=spec.times)
            self._rules.append(rule)
        return rule

    def rules(self) -> Sequence[FateRule]:
        """The rules still in force."""
        with self._lock:
            return tuple(self._rules)

    def take(self, channel: Channel, recipient: str) -> FateSpec:
        """What this recipient's message meets, its rule counted down by one."""
        with self._lock:
            for index, rule in enumerate(self._rules):
                if rule.fate not in POSSIBLE[channel]:
                    continue
                if rule.match_to is not None and fold(rule.match_to) not in fold(recipient):
                    continue
                if rule.remaining is not None:
                    counted = rule.model_copy(update={"remaining": rule.remaining - 1})
                    self._rules[index : index + 1] = [counted] if counted.remaining else []
                return rule
        return FateSpec(fate=Fate.DELIVERED)

    def clear(self, rule_id: int | None = None) -> int:
        """Lift one rule, or all; returns how many were lifted."""
        with self._lock:
            kept = [rule for rule in self._rules if rule_id is not None and rule.id != rule_id]
            lifted = len(self._rules) - len(kept)
            self._rules = kept
        return lifted
