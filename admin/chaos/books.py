"""What is compared in the end: what the rules want, what the provider got, what ledger and Temporal say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

Step: TypeAlias = tuple[str, str]
"""One invoice's part in a message: the invoice's number, and the key of its step."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a case is. `next_at` is an aware UTC instant of business time."""

    state: str
    stage: str
    next_step: str | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """The one message a customer is due: how, whereto, and about which invoices' steps."""

    channel: str
    to: str
    steps: frozenset[Step]


@dataclass(frozen=True, slots=True)
class Expected:
    """What the rules make of the portfolio file alone: messages by customer, and cases after them."""

    messages: Mapping[str, Wanted]
    cases: Mapping[str, Stand]


@dataclass(frozen=True, slots=True)
class Received:
    """One message that the provider took. `communication` is our id where the channel carries one."""

    number: int
    provider_id: str
    channel: str
    to: str
    text: str
    communication: UUID | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the ledger, with the steps its contact takes."""

    id: UUID
    customer: str
    channel: str
    to: str
    text: str
    status: str
    provider_id: str | None
    steps: frozenset[Step]


@dataclass(frozen=True, slots=True)
class Asked:
    """One open task, with the message it is about."""

    id: UUID
    kind: str
    message: UUID | None


@dataclass(frozen=True, slots=True)
class LedgerBook:
    """What PostgreSQL says. Cases are by invoice number; `notes` wait in the outbox; `rejected` are facts."""

    messages: tuple[Message, ...]
    tasks: tuple[Asked, ...]
    cases: Mapping[str, Stand]
    notes: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What Temporal shows of a running case."""

    stage: str | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class TemporalBook:
    """What Temporal says: running cases by workflow id, ids that ended badly, outreaches still at work."""

    cases: Mapping[str, Shown]
    failed: tuple[str, ...]
    outreaches: int


@dataclass(frozen=True, slots=True)
class Blow:
    """One kill -9, and what was under way at that instant (the worker held still while it was counted).

    `received` messages had come to the provider, which owed `unanswered` requests an answer; `sending` are
    the ledger's messages handed to a provider whose outcome was not written yet; `dead_s` seconds passed
    until the server was ready again.
    """

    server: str
    processes: tuple[int, ...]
    received: int
    unanswered: int
    sending: frozenset[UUID]
    dead_s: float
