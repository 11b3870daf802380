"""When two bank lines are one: the identity of a line, whatever file shows it (docs/decisions/0064)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

from activities.bank_files import Movement

_NOT_TOLD: Final = re.compile(r"[^0-9a-z]+")


class Shown(NamedTuple):
    """A line as far as it can be told from others of its day and amount."""

    bank_ref: str | None
    end_to_end_id: str | None
    text: str


class Known(NamedTuple):
    """A line that the ledger has."""

    id: UUID
    shown: Shown


def identity(account: str, movement: Movement, currency: str) -> str:
    """Names the lines that could be this one: of the same account, booking day, direction and amount."""
    told = "|".join(
        (
            account,
            movement.booked_on.isoformat(),
            "in" if movement.incoming else "out",
            format(movement.amount.quantize(Decimal("0.0001")), "f"),
            currency,
        )
    )
    return hashlib.sha256(told.encode()).hexdigest()[:40]


def shown(movement: Movement) -> Shown:
    """What tells a movement from others of its day and amount."""
    return Shown(movement.bank_ref, movement.end_to_end_id, movement.text)


@dataclass(slots=True)
class Group:
    """The ledger's lines of one identity, and which of them the file under way has shown already.

    A file shows no line twice: what it writes twice are two movements. So each of the ledger's lines answers
    for one line of a file, and what no line answers for is new.
    """

    total: int = 0
    """Lines of this identity, those of the file included: the next one is numbered by it."""
    _left: dict[UUID, Shown] = field(default_factory=dict)
    _without_ref: set[UUID] = field(default_factory=set)
    _by: dict[tuple[str, str], list[UUID]] = field(default_factory=dict)

    def know(self, lines: Iterable[Known]) -> None:
        """Take in the ledger's lines."""
        for line in lines:
            self.total += 1
            self._left[line.id] = line.shown
            if not line.shown.bank_ref:
                self._without_ref.add(line.id)
            for key in _keys(line.shown):
                self._by.setdefault(key, []).append(line.id)

    def answers(self, seen: Shown) -> bool:
        """Whether one of the ledger's lines, not answered for yet, is this one; it is taken off."""
        for key in _keys(seen):
            for line in self._by.get(key, ()):
                if line in self._left and _same(self._left[line], seen):
                    del self._left[line]
                    return True
        # Neither wrote anything that the other has: the day and the amount are all there is.
        for line in self._left if not seen.bank_ref else self._without_ref & self._left.keys():
            if _same(self._left[line], seen):
                del self._left[line]
                return True
        return False


def _keys(line: Shown) -> list[tuple[str, str]]:
    """What a line may be found by, the surest first."""
    told = (("ref", line.bank_ref), ("e2e", line.end_to_end_id), ("text", _bare(line.text)))
    return [(what, value) for what, value in told if value]


def _same(one: Shown, other: Shown) -> bool:
    """Whether nothing the bank wrote tells them apart: the first word that both have decides."""
    if one.end_to_end_id and other.end_to_end_id and one.end_to_end_id != other.end_to_end_id:
        return False
    if one.bank_ref and other.bank_ref:
        return one.bank_ref == other.bank_ref
    if one.end_to_end_id and other.end_to_end_id:
        return True
    first, second = _bare(one.text), _bare(other.text)
    # Formats cut texts at different lengths, and put other words around them.
    return not first or not second or first in second or second in first


def _bare(text: str) -> str:
    return _NOT_TOLD.sub("", text.lower())
