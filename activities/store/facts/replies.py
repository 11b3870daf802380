"""What follows once somebody has read what a customer wrote."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import select

from activities.store.facts.calls import ask_for_copies, call_again, disputed, replace_contact
from activities.store.facts.commitments import claimed, promised
from activities.store.facts.recording import Recording
from activities.store.replies import end_reply_pauses
from models.errors import InvalidFact
from models.messages import TaskCompleted
from models.tables import ContactItem, Invoice, Task


def reply_read(
    at: Recording, task: Task, outcome: str, fact: TaskCompleted, about: Sequence[Invoice]
) -> None:
    """End the pause of the replies the task was about, and do what they ask for.

    What is told is about the invoices of the message they answer, unless one is named; of the customer's open
    ones, where that message is not known or its invoices are closed.

    Args:
        at: the fact, registered already.
        task: closed already.
        outcome: checked.
        fact: the fields that came with it, checked.
        about: every open invoice of the customer.

    Raises:
        InvalidFact: a dispute that could be about any of several invoices.
    """
    end_reply_pauses(at.session, task.id, at.now)
    meant = _meant(at, task, fact, about)
    if outcome == "promise":
        promised(at, fact, meant)
    elif outcome == "claimed_paid":
        claimed(at, fact, meant)
    elif outcome == "dispute":
        if fact.invoice is None and task.contact_id is None and len(meant) > 1:
            raise InvalidFact(f"invoice: required, the customer has {len(meant)} open invoices")
        disputed(at, fact, meant)
    elif outcome == "send_copy":
        ask_for_copies(at, task, fact, meant)
    elif outcome == "contact_changed":
        replace_contact(at, fact)
    elif outcome == "call_again":
        call_again(at, task, meant)


def _meant(at: Recording, task: Task, fact: TaskCompleted, about: Sequence[Invoice]) -> list[Invoice]:
    if fact.invoice is not None:
        return [invoice for invoice in about if invoice.number == fact.invoice]
    if task.contact_id is None:
        return list(about)
    acted = set(
        at.session.exec(select(ContactItem.invoice_id).where(ContactItem.contact_id == task.contact_id))
    )
    return [invoice for invoice in about if invoice.id in acted] or list(about)
