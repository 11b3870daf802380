"""Whether a fault campaign kept the promise: the provider's book, the rules' intentions, and the ledger.

Pure: books in, verdict out, so that a test can show that each kind of broken promise is found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from admin.chaos.books import Asked, Message, Received
from admin.chaos.judge import matched
from models.tables.words import CommunicationStatus, TaskKind
from tests.integration.faults.story import Contact

_OPEN = (CommunicationStatus.PLANNED, CommunicationStatus.SENDING)
_LEFT = (CommunicationStatus.SENT, CommunicationStatus.UNCERTAIN)


@dataclass(frozen=True)
class Books:
    """What is compared.

    `contacts` are those of the ledger that count as done. `silenced` are the communications about which the
    provider was told to say nothing. `left_at` is when each sent message left, in business time, and whether
    its channel was open then.
    """

    contacts: tuple[Contact, ...]
    messages: tuple[Message, ...]
    tasks: tuple[Asked, ...]
    received: tuple[Received, ...]
    silenced: frozenset[UUID] = frozenset()
    left_at: Mapping[UUID, tuple[datetime, bool]] | None = None


@dataclass(frozen=True)
class Verdict:
    """The counts, and every fault in words."""

    intended: int
    concluded: int
    left: int
    sent: int
    uncertain: int
    doubled: int
    lost: int
    faults: tuple[str, ...]


def judge(wanted: Sequence[Contact], books: Books) -> Verdict:
    """Compare the books with what the rules intended."""
    known = matched(books.received, books.messages)
    doubled = tuple(_doubled(books, known))
    lost = tuple(_lost(wanted, books, known))
    faults = (
        *doubled,
        *lost,
        *_concluded(wanted, books.contacts),
        *_denied(books, known),
        *_doubts(books, known),
        *_asked(books),
        *(f"unfinished: {m.id} is {m.status}" for m in books.messages if m.status in _OPEN),
        *(f"outside hours: {id_} at {at}" for id_, (at, open_) in (books.left_at or {}).items() if not open_),
    )
    statuses = Counter(message.status for message in books.messages)
    return Verdict(
        intended=len(wanted),
        concluded=len(books.contacts),
        left=len(books.received),
        sent=statuses[CommunicationStatus.SENT],
        uncertain=statuses[CommunicationStatus.UNCERTAIN],
        doubled=len(doubled),
        lost=len(lost),
        faults=faults,
    )


def _concluded(wanted: Sequence[Contact], done: Sequence[Contact]) -> Iterator[str]:
    """Each contact is concluded once, as the rules intended it, and no other."""
    intended, counted = Counter(wanted), Counter(done)
    for contact in sorted(intended - counted):
        yield f"not concluded: {contact}"
    for contact in sorted(counted - intended):
        yield f"not intended, or concluded again: {contact}"


def _doubled(books: Books, known: Mapping[int, Message]) -> Iterator[str]:
    """A message that came twice, or a step that came twice by one channel to one reader."""
    seen: dict[object, int] = {}
    for received in books.received:
        message = known.get(received.number)
        keys: list[object] = [] if message is None else [message.id]
        if message is not None:
            keys += [(received.channel, received.to, *step) for step in sorted(message.steps)]
        repeated = [seen[key] for key in keys if key in seen]
        if repeated:
            yield f"doubled: no. {received.number} to {received.to} repeats no. {min(repeated)}"
        for key in keys:
            seen.setdefault(key, received.number)


def _lost(wanted: Sequence[Contact], books: Books, known: Mapping[int, Message]) -> Iterator[str]:
    """A message that the ledger calls sent and nobody got, or an intended contact without any message."""
    came = {message.id for message in known.values()}
    told: set[tuple[str, str]] = set()
    for message in books.messages:
        if message.status in _LEFT:
            told |= message.steps
        if message.status == CommunicationStatus.SENT and message.id not in came:
            yield f"lost: {message.id} to {message.to} is called sent; the provider has no such message"
    for contact in wanted:
        if any((invoice, contact.step) not in told for invoice in contact.invoices):
            yield f"lost: nothing left, or is in doubt, for {contact}"


def _denied(books: Books, known: Mapping[int, Message]) -> Iterator[str]:
    """What came and the ledger does not stand by."""
    for received in books.received:
        message = known.get(received.number)
        if message is None:
            yield f"unknown: the ledger knows nothing of no. {received.number} to {received.to}"
        elif message.status not in _LEFT:
            yield f"denied: no. {received.number} to {received.to} came; the ledger calls it {message.status}"


def _doubts(books: Books, known: Mapping[int, Message]) -> Iterator[str]:
    """Uncertain only where no evidence could exist: it never came, or the provider kept silent about it."""
    came = {message.id for message in known.values()}
    for message in books.messages:
        if message.status == CommunicationStatus.UNCERTAIN and message.id in came - books.silenced:
            yield f"needless doubt: {message.id} to {message.to} came, and the provider said so"


def _asked(books: Books) -> Iterator[str]:
    """Every doubt is on the worklist once, and nothing else is."""
    asked = Counter(task.message for task in books.tasks if task.kind == TaskKind.UNCERTAIN_MESSAGE)
    doubtful = {m.id for m in books.messages if m.status == CommunicationStatus.UNCERTAIN}
    for message in sorted(doubtful, key=str):
        if asked[message] != 1:
            yield f"nobody to answer: {message} is uncertain, and {asked[message]} tasks ask about it"
    for about in asked.keys() - doubtful:
        yield f"asked for nothing: a task about {about}"
