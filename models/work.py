"""What people may answer to a task: one table, read by the ledger, the command line and the API.

A kind that is not listed takes any words (`done`, if left out). A field that an outcome neither requires
nor takes is refused, so that nobody believes an amount was recorded where none can be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from models.errors import InvalidFact
from models.messages import TaskCompleted
from models.tables.words import CallOutcome, TaskKind


@dataclass(frozen=True, slots=True)
class Outcome:
    """One answer: its word, what then happens, the fields it requires and those it may have.

    A `note` goes with any; a currency with any amount.
    """

    word: str
    means: str
    requires: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


FIELDS: Final = (
    "cause",
    "amount",
    "invoice",
    "promised_on",
    "paid_on",
    "call_back_on",
    "tracking_number",
    "posted_on",
    "received_on",
    "contact_id",
    "contact",
    "until",
)
"""Fields an outcome may require or take. `contact` is a person: it is told to the ledger only.

A `note` goes with any outcome; one may require it, too.
"""

_PROMISE: Final = Outcome(
    "promise",
    "each invoice pauses up to that day and three more; a smaller amount goes to the oldest first",
    ("promised_on",),
    ("amount", "cause"),
)
_CLAIMED: Final = Outcome(
    "claimed_paid",
    "they say it is paid (today, if no day is given): the bank is awaited for three business days",
    (),
    ("paid_on", "amount", "cause"),
)
_GO_ON: Final = Outcome("go_on", "nothing changes: the ladder goes on")
_DISPUTE: Final = Outcome(
    "dispute",
    "the amount (all of it, if none is given) leaves the chase, and a task asks who can clear it",
    ("cause",),
    ("amount", "invoice"),
)
_SEND_COPY: Final = Outcome(
    "send_copy", "a task asks the collector to send the invoices again", (), ("contact",)
)
_CHANGED: Final = Outcome(
    "contact_changed",
    "somebody else is in charge: added; who left (contact_id) is not used any more",
    ("contact",),
    ("contact_id",),
)
_OF_ONE: Final = ("amount", "cause", "invoice")

_CALL: Final = (
    _PROMISE,
    _CLAIMED,
    Outcome("paid", "as claimed_paid: only the bank shows that money is here", (), _CLAIMED.takes),
    _DISPUTE,
    Outcome("reached", "spoke to somebody, nothing agreed: the ladder goes on", (), ("cause",)),
    Outcome("no_answer", "tried again the next business day; after three times, the credit manager is asked"),
    Outcome("voicemail", "a message was left; as no_answer"),
    Outcome("call_back", "due again that day; the three business days count from it", ("call_back_on",)),
    Outcome("wrong_number", "that number is used no more: the call waits for another", (), ("contact_id",)),
    _SEND_COPY,
    _CHANGED,
)
_AFTER_A_BROKEN_WORD: Final = (
    Outcome("call_again", "a call is opened, due the next business day"),
    _PROMISE,
    _CLAIMED,
    _GO_ON,
)
_MENDED: Final = (
    Outcome("contact_changed", "somebody to write to or call is added", ("contact",), ("contact_id",)),
)

OUTCOMES: Final[Mapping[TaskKind, tuple[Outcome, ...]]] = MappingProxyType(
    {
        TaskKind.PHONE_CALL: _CALL,
        TaskKind.NOTICE_CALL: _CALL,
        TaskKind.APPROVAL: (
            Outcome("approved", "it leaves exactly as it was read"),
            Outcome("refused", "it is withdrawn, and its step waits ten business days"),
        ),
        TaskKind.UNCERTAIN_MESSAGE: (
            Outcome("sent", "it had left: its step is done"),
            Outcome("not_sent", "it had not: its step comes again"),
        ),
        TaskKind.DECISION: (
            _GO_ON,
            Outcome("mediator", "the case pauses until somebody resumes it"),
            Outcome("agency", "as mediator: a collection agency takes over"),
            Outcome("lawyer", "as mediator: a lawyer or the court takes over"),
            Outcome("insurance", "as mediator: the credit insurer is told"),
            Outcome("factor", "as mediator: the factor takes over"),
            Outcome("write_off", "the case is closed"),
        ),
        TaskKind.DISPUTE: (
            Outcome("not_justified", "the dispute is over: the amount is chased again"),
            Outcome("credited", "the dispute is over: this amount of it is credited", ("amount",)),
        ),
        TaskKind.BROKEN_PROMISE: _AFTER_A_BROKEN_WORD,
        TaskKind.CLAIM_NOT_FOUND: _AFTER_A_BROKEN_WORD,
        TaskKind.REGISTERED_LETTER: (
            Outcome("posted", "its receipt is awaited", ("tracking_number",), ("posted_on",)),
            Outcome("received", "the receipt came back signed", (), ("received_on",)),
            Outcome("refused", "it was refused at the door", (), ("received_on",)),
            Outcome("unclaimed", "it was not fetched: a task asks for the address", (), ("received_on",)),
            Outcome("returned", "it came back: a task asks for the address", (), ("received_on",)),
            Outcome("not_posted", "it never left: its step comes again"),
        ),
        TaskKind.REPLY: (
            Outcome("answered", "you answered, nothing else is agreed: the ladder goes on"),
            Outcome(_PROMISE.word, f"{_PROMISE.means}, or to the invoice named", _PROMISE.requires, _OF_ONE),
            Outcome(_CLAIMED.word, _CLAIMED.means, (), ("paid_on", *_OF_ONE)),
            _DISPUTE,
            Outcome(_SEND_COPY.word, _SEND_COPY.means, (), ("contact", "invoice")),
            _CHANGED,
            Outcome("call_again", "they are to be called: a call is opened, due the next business day"),
            _GO_ON,
        ),
        TaskKind.HOLD_PROPOSAL: (
            Outcome("place", "deliveries stop until these invoices are paid; sales and logistics are told"),
            Outcome("decline", "deliveries go on"),
        ),
        TaskKind.SALES_VETO: (
            Outcome("agree", "the step leaves on its day, as it would if nobody answered"),
            Outcome(
                "veto",
                "the step waits until that day, ten days at most; the manager is told why",
                ("until", "note"),
            ),
        ),
        TaskKind.SALES_VETOED: (
            Outcome("seen", "the step waits as the sales representative asked"),
            Outcome("overruled", "the veto ends: the step leaves on its day"),
        ),
    }
)
"""Kinds with fixed outcomes."""

ALSO: Final[Mapping[TaskKind, tuple[Outcome, ...]]] = MappingProxyType(
    {TaskKind.FIND_CONTACT: _MENDED, TaskKind.DELIVERY_FAILED: _MENDED}
)
"""Outcomes with a meaning of their own among kinds that otherwise take any words."""

CALL_KINDS: Final = (TaskKind.PHONE_CALL, TaskKind.NOTICE_CALL)
_NOTHING_AGREED: Final = ("done", "made")


def outcomes_of(kind: str) -> tuple[Outcome, ...]:
    """The outcomes a kind of task knows; empty where any words will do."""
    known = {str(each): rules for each, rules in (*OUTCOMES.items(), *ALSO.items())}
    return known.get(kind, ())


def given_fields(told: TaskCompleted) -> tuple[str, ...]:
    """Which of `FIELDS` came with a completed task, and whether a `note` did.

    A person is given by the id the ledger added it under.
    """
    given = [name for name in FIELDS if getattr(told, name, None) is not None]
    if told.added_contact_id is not None and "contact" not in given:
        given.append("contact")
    if told.note:
        given.append("note")
    return tuple(given)


def check_outcome(kind: str, word: str | None, given: Iterable[str]) -> str:
    """The outcome a person told, once it fits the kind of task.

    Args:
        kind: the task's.
        word: as told; `done` and `made` on a call mean `reached`.
        given: which of `FIELDS` came with it.

    Raises:
        InvalidFact: no such outcome of that kind, a field it requires is missing, or one it does not take.
    """
    if kind in CALL_KINDS and word in (None, *_NOTHING_AGREED):
        word = CallOutcome.REACHED
    chosen = word or "done"
    known = outcomes_of(kind)
    outcome = next((each for each in known if each.word == chosen), None)
    if outcome is None:
        if kind in OUTCOMES:
            words = ", ".join(each.word for each in known)
            raise InvalidFact(f"outcome: {chosen!r} is not one of {words}")
        outcome = Outcome(chosen, "")
    told = set(given)
    for name in outcome.requires:
        if name not in told:
            raise InvalidFact(f"{name}: required by {chosen}")
    for name in FIELDS:
        if name in told and name not in (*outcome.requires, *outcome.takes):
            raise InvalidFact(f"{name}: {chosen} takes none")
    return chosen
