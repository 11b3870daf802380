"""Whether the promise held: what the provider got against what the rules wanted and the ledger says.

Pure: books in, verdict out, so that tests can show that each kind of broken promise is found.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from admin.chaos.books import Blow, Expected, LedgerBook, Message, Received, Stand, TemporalBook
from models.ids import case_id
from models.tables.words import CommunicationStatus, TaskKind

SERVERS: Final = ("worker", "temporal", "postgres")
"""Who is killed, in that order."""

_LEFT: Final = (CommunicationStatus.SENT, CommunicationStatus.UNCERTAIN)
_UNDER_WAY: Final = (CommunicationStatus.PLANNED, CommunicationStatus.SENDING)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One message nobody could know about: what the provider knows of it, and whom the kill hit."""

    message: UUID
    customer: str
    channel: str
    received: bool
    task: UUID | None
    killed: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The counts, in messages, and every fault in words. The promise held when there is none."""

    intended: int
    steps: int
    received: int
    sent: int
    doubts: tuple[Doubt, ...]
    doubled: int
    lost: int
    cases: int
    misplaced: int
    in_flight: int
    faults: tuple[str, ...]

    @property
    def uncertain(self) -> int:
        """How many messages are uncertain."""
        return len(self.doubts)

    @property
    def held(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


def is_over(company: str, contacts: int, ledger: LedgerBook, temporal: TemporalBook) -> bool:
    """Whether nothing is under way by these books, so that they can be judged.

    That is: each of the `contacts` messages has left or is in doubt, no note waits, no outreach runs, and
    Temporal shows every case as the ledger has it. A message that a person found not sent comes again only
    once its case has been reviewed; until then the ledger shows nothing of it but that it is missing.
    """
    statuses = [message.status for message in ledger.messages]
    if any(status in _UNDER_WAY for status in statuses) or ledger.notes or temporal.outreaches:
        return False
    if sum(status in _LEFT for status in statuses) < contacts:
        return False
    return all(
        (shown := temporal.cases.get(case_id(company, number))) is not None
        and (shown.stage, shown.next_at) == (stand.stage, stand.next_at)
        for number, stand in ledger.cases.items()
    )


def judge(
    company: str,
    expected: Expected,
    inbox: Sequence[Received],
    ledger: LedgerBook,
    temporal: TemporalBook,
    blows: Sequence[Blow],
) -> Verdict:
    """Compare the books.

    Args:
        company: the creditor's reference, of which workflow ids are made.
        expected: what the rules want of the portfolio.
        inbox: what the provider took, in order.
        ledger: what PostgreSQL says.
        temporal: what Temporal says.
        blows: the kills, with what was in flight at each.
    """
    known = matched(inbox, ledger.messages)
    doubled = tuple(_doubled(inbox, known))
    lost = tuple(_lost(expected, inbox, ledger))
    misplaced = tuple(_misplaced(company, expected, ledger, temporal))
    doubts = tuple(_doubts(ledger, set(known.values()), blows))
    in_flight = set().union(*(blow.sending for blow in blows))
    faults = (
        *doubled,
        *lost,
        *_unintended(expected, inbox, known),
        *_asked(ledger, doubts),
        *_bounded(doubts, len(in_flight)),
        *misplaced,
        *_unfinished(ledger, temporal),
        *_kills(blows),
    )
    return Verdict(
        intended=len(expected.messages),
        steps=sum(len(wanted.steps) for wanted in expected.messages.values()),
        received=len(inbox),
        sent=sum(message.status == CommunicationStatus.SENT for message in ledger.messages),
        doubts=doubts,
        doubled=len(doubled),
        lost=len(lost),
        cases=len(expected.cases),
        misplaced=len(misplaced),
        in_flight=len(in_flight),
        faults=faults,
    )


def matched(inbox: Sequence[Received], messages: Sequence[Message]) -> dict[int, Message]:
    """The ledger's message behind each one received, by the provider's number.

    An e-mail carries our id. An SMS carries none: the provider's own id tells, where its answer reached us;
    else the same words to the same number, of which the ledger knows no provider's id.
    """
    by_id = {message.id: message for message in messages}
    by_provider = {message.provider_id: message for message in messages if message.provider_id}
    unanswered: dict[tuple[str, str, str], Message] = {}
    for message in messages:
        if message.provider_id is None:
            unanswered.setdefault((message.channel, message.to, message.text), message)
    found = {}
    for received in inbox:
        key = (received.channel, received.to, received.text)
        if received.communication is not None:
            behind = by_id.get(received.communication)
        else:
            behind = by_provider.get(received.provider_id) or unanswered.get(key)
        if behind is not None:
            found[received.number] = behind
    return found


def _doubled(inbox: Sequence[Received], known: Mapping[int, Message]) -> Iterator[str]:
    """Messages that repeat one before: the same one, the same invoice's step, or the same reader.

    Each customer of the campaign is due one message and has addresses of its own.
    """
    seen: dict[object, int] = {}
    for received in inbox:
        keys: list[tuple[object, str]] = [(("to", received.to), f"reader {received.to}")]
        message = known.get(received.number)
        if message is not None:
            keys.append((("message", message.id), f"message {message.id}"))
            keys += [(("step", *step), f"{step[1]} of {step[0]}") for step in sorted(message.steps)]
        repeated = [(seen[key], words) for key, words in keys if key in seen]
        if repeated:
            first = min(number for number, _ in repeated)
            what = ", ".join(words for _, words in repeated)
            yield f"doubled: no. {received.number} at the provider repeats no. {first} ({what})"
        for key, _ in keys:
            seen.setdefault(key, received.number)


def _lost(expected: Expected, inbox: Sequence[Received], ledger: LedgerBook) -> Iterator[str]:
    """Intended messages that the provider never got and nobody is in doubt about."""
    reached = {received.to for received in inbox}
    by_customer: dict[str, list[Message]] = defaultdict(list)
    for message in ledger.messages:
        by_customer[message.customer].append(message)
    for customer, wanted in expected.messages.items():
        if wanted.to in reached:
            continue
        statuses = [message.status for message in by_customer[customer]]
        if CommunicationStatus.UNCERTAIN not in statuses:
            says = ", ".join(statuses) or "nothing of it"
            yield f"lost: {customer} was due an {wanted.channel} to {wanted.to}; the ledger says {says}"


def _unintended(expected: Expected, inbox: Sequence[Received], known: Mapping[int, Message]) -> Iterator[str]:
    """Messages that left otherwise than the rules wanted, or that the ledger does not stand by."""
    for received in inbox:
        message = known.get(received.number)
        if message is None:
            yield f"unknown: the ledger knows nothing of no. {received.number} to {received.to}"
            continue
        if message.status not in _LEFT:
            yield f"denied: no. {received.number} to {received.to} came; the ledger calls it {message.status}"
        wanted = expected.messages.get(message.customer)
        if wanted is None:
            yield f"unintended: {message.customer} was due nothing and got no. {received.number}"
            continue
        if (received.channel, received.to, message.steps) != (wanted.channel, wanted.to, wanted.steps):
            yield (
                f"otherwise than intended: {message.customer} got an {received.channel} to {received.to} "
                f"about {_steps(message.steps)}, due was an {wanted.channel} to {wanted.to} about "
                f"{_steps(wanted.steps)}"
            )
        missing = [invoice for invoice, _ in sorted(wanted.steps) if invoice not in received.text]
        if received.channel == "email" and missing:
            yield f"otherwise than intended: no. {received.number} does not name {', '.join(missing)}"


def _steps(steps: frozenset[tuple[str, str]]) -> str:
    return ", ".join(f"{invoice} ({step})" for invoice, step in sorted(steps)) or "nothing"


def _doubts(ledger: LedgerBook, received: set[Message], blows: Sequence[Blow]) -> Iterator[Doubt]:
    tasks = {task.message: task.id for task in ledger.tasks if task.kind == TaskKind.UNCERTAIN_MESSAGE}
    for message in ledger.messages:
        if message.status == CommunicationStatus.UNCERTAIN:
            yield Doubt(
                message.id,
                message.customer,
                message.channel,
                message in received,
                tasks.get(message.id),
                next((blow.server for blow in blows if message.id in blow.sending), None),
            )


def _asked(ledger: LedgerBook, doubts: Sequence[Doubt]) -> Iterator[str]:
    """A person is asked once about each doubt, and about nothing else."""
    asked = Counter(task.message for task in ledger.tasks if task.kind == TaskKind.UNCERTAIN_MESSAGE)
    for doubt in doubts:
        if asked[doubt.message] != 1:
            yield f"nobody to answer: uncertain message {doubt.message} has {asked[doubt.message]} open tasks"
    doubtful = {doubt.message for doubt in doubts}
    for task in ledger.tasks:
        if task.kind != TaskKind.UNCERTAIN_MESSAGE or task.message not in doubtful:
            yield f"asked for nothing: open task {task.id} ({task.kind})"


def _bounded(doubts: Sequence[Doubt], in_flight: int) -> Iterator[str]:
    """Only what was in flight at a kill may be uncertain."""
    if len(doubts) > in_flight:
        yield f"too many doubts: {len(doubts)} messages uncertain, {in_flight} were in flight at the kills"
    for doubt in doubts:
        if doubt.killed is None:
            yield f"needless doubt: message {doubt.message} is uncertain and was in flight at no kill"


def _misplaced(company: str, expected: Expected, ledger: LedgerBook, temporal: TemporalBook) -> Iterator[str]:
    """Cases that are not where the rules put them, in the ledger or in Temporal; at most one line a case."""
    for invoice, wanted in expected.cases.items():
        stand, shown = ledger.cases.get(invoice), temporal.cases.get(case_id(company, invoice))
        if stand is None:
            yield f"misplaced: {invoice} has no case"
        elif stand != wanted:
            yield f"misplaced: {invoice} is {_stand(stand)}, should be {_stand(wanted)}"
        elif shown is None:
            yield f"misplaced: no workflow runs for {invoice}"
        elif (shown.stage, shown.next_at) != (wanted.stage, wanted.next_at):
            yield f"misplaced: Temporal has {invoice} at {shown.stage}, {shown.next_at}, not {_stand(wanted)}"
    for invoice in sorted(ledger.cases.keys() - expected.cases.keys()):
        yield f"misplaced: a case for {invoice}, which is not in the portfolio"


def _stand(stand: Stand) -> str:
    return f"{stand.state} at {stand.stage}, next {stand.next_step} at {stand.next_at}"


def _unfinished(ledger: LedgerBook, temporal: TemporalBook) -> Iterator[str]:
    """What should be over and is not, and what went wrong on the way."""
    for message in ledger.messages:
        if message.status in _UNDER_WAY:
            yield f"unfinished: message {message.id} is still {message.status}"
    if ledger.notes:
        yield f"unfinished: {ledger.notes} notes wait in the outbox"
    if ledger.rejected:
        yield f"rejected: {ledger.rejected} facts could not be recorded"
    if temporal.outreaches:
        yield f"unfinished: {temporal.outreaches} outreaches still run"
    for workflow in temporal.failed:
        yield f"failed: workflow {workflow}"


def _kills(blows: Sequence[Blow]) -> Iterator[str]:
    """A kill with nothing in flight shows nothing."""
    killed = tuple(blow.server for blow in blows)
    if killed != SERVERS:
        yield f"no proof: killed were {', '.join(killed) or 'none'}, not {', '.join(SERVERS)}"
    for blow in blows:
        if not blow.sending:
            yield f"no proof: nothing was in flight when {blow.server} was killed"
