"""Two editions of a policy side by side: which steps and settings changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rules.policy import Policy, Step


class Change(StrEnum):
    """What became of a step."""

    KEPT = "kept"
    MOVED = "moved"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class StepChange:
    """One step in two editions; `fields` are those that differ, as the file names them."""

    key: str
    before: Step | None
    after: Step | None
    fields: tuple[str, ...] = ()

    @property
    def change(self) -> Change:
        """What became of it."""
        if self.before is None:
            return Change.ADDED
        if self.after is None:
            return Change.REMOVED
        return Change.MOVED if self.fields else Change.KEPT


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting of the whole policy that differs, as the file names it."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Changes:
    """The steps of both editions in the order of the later one, those that are gone last; and settings."""

    steps: tuple[StepChange, ...]
    settings: tuple[SettingChange, ...]


def changes_of(before: Policy, after: Policy) -> Changes:
    """Compare two editions of a policy."""
    keys = dict.fromkeys((*after.position, *before.position))
    steps = []
    for key in keys:
        old = before.step(key) if key in before.position else None
        new = after.step(key) if key in after.position else None
        fields: tuple[str, ...] = ()
        if old is not None and new is not None:
            fields = tuple(name for name in Step.model_fields if getattr(old, name) != getattr(new, name))
        steps.append(StepChange(key, old, new, fields))
    settings = tuple(
        SettingChange(name, _told(getattr(before, name)), _told(getattr(after, name)))
        for name in Policy.model_fields
        if name not in ("steps", "version") and getattr(before, name) != getattr(after, name)
    )
    return Changes(tuple(steps), settings)


def _told(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{amount} {currency}" for currency, amount in sorted(value.items()))
    return str(value)
