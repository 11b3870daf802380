"""The faults a sandbox provider plays: which rule meets which request, and who is being kept waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Literal

from admin.sandbox.models import FaultRule, FaultSpec, Provider, fold

Operation = Literal["send", "read"]


class FaultBoard:
    """The rules in force, in the order they were added. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[FaultRule] = []
        self._issued = 0
        self._waiting: dict[asyncio.Event, tuple[int, asyncio.AbstractEventLoop]] = {}
        self._lifted: set[int] = set()
        self._stopping = False

    def add(self, spec: FaultSpec) -> FaultRule:
        """Put a rule in force, behind the ones already there."""
        with self._lock:
            self._issued += 1
            rule = FaultRule(**spec.model_dump(), id=self._issued, remaining=spec.times)
            self._rules.append(rule)
        return rule

    def rules(self) -> tuple[FaultRule, ...]:
        """The rules still in force."""
        with self._lock:
            return tuple(self._rules)

    def take(self, provider: Provider, on: Operation, recipients: Sequence[str]) -> FaultRule | None:
        """The first rule that concerns this request, counted down by one; ``None`` when all is well."""
        with self._lock:
            for index, rule in enumerate(self._rules):
                if not _concerns(rule, provider, on, recipients):
                    continue
                if rule.remaining is None:
                    return rule
                counted = rule.model_copy(update={"remaining": rule.remaining - 1})
                self._rules[index : index + 1] = [counted] if counted.remaining else []
                return counted
        return None

    def clear(self, rule_id: int | None = None) -> int:
        """Lift one rule, or all; what they keep waiting goes on at once. Returns how many were lifted."""
        with self._lock:
            kept = [rule for rule in self._rules if rule_id is not None and rule.id != rule_id]
            lifted = len(self._rules) - len(kept)
            self._rules = kept
            # A request that met the rule but does not wait yet must find it lifted, used up or not.
            self._lifted.update(range(1, self._issued + 1) if rule_id is None else [rule_id])
            self._wake(rule_id)
        return lifted

    def stop(self) -> None:
        """Let every waiting request go, now and from now on: the server is stopping."""
        with self._lock:
            self._stopping = True
            self._wake(None)

    async def hold(self, rule: FaultRule, seconds: float) -> None:
        """Wait ``seconds``, or until the rule is lifted or the server stops."""
        event = asyncio.Event()
        with self._lock:
            if self._stopping or rule.id in self._lifted:
                return
            self._waiting[event] = (rule.id, asyncio.get_running_loop())
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return
        finally:
            with self._lock:
                del self._waiting[event]

    def _wake(self, rule_id: int | None) -> None:
        for event, (held_by, loop) in self._waiting.items():
            if rule_id is None or held_by == rule_id:
                loop.call_soon_threadsafe(event.set)


def _concerns(rule: FaultRule, provider: Provider, on: Operation, recipients: Sequence[str]) -> bool:
    if rule.on != on or rule.provider not in ("any", provider):
        return False
    wanted = rule.match_to
    return wanted is None or any(fold(wanted) in fold(recipient) for recipient in recipients)
