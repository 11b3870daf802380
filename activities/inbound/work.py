"""What every handler of a provider's post works with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Engine

from activities.clock import Clock
from activities.settings import Settings
from models.errors import RelanceError


class Unreadable(RelanceError):
    """A post that no later attempt could read: it is refused at once. The text quotes nothing of it."""


class Delivers(Protocol):
    """Takes notes to their workflows: the courier."""

    def deliver(self, ids: Sequence[int]) -> int:
        """Deliver what was just committed; from a thread other than the event loop's."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """The world, as handlers see it."""

    engine: Engine
    clock: Clock
    courier: Delivers
    settings: Settings
