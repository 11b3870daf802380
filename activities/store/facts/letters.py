"""What people tell of a registered letter: posted under a number on a day, then received, or come back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final
from uuid import uuid4

from sqlmodel import select

from activities.store.facts.recording import Recording
from activities.store.planned import unconclude
from activities.store.postings import recall_letter
from activities.store.tasks import open_task, owner, withdraw_tasks
from models.errors import InvalidFact, NotFound, WrongState
from models.messages import TaskCompleted
from models.tables import ContactMade, LetterPosting, Task
from models.tables.words import LetterOutcome, TaskKind

RECEIPT_DAYS: Final = 15
"""A registered letter waits 15 days at the post office: by then its receipt, or the letter, is back."""

_ENDS: Final = {
    "received": LetterOutcome.DELIVERED,
    "refused": LetterOutcome.REFUSED,
    "unclaimed": LetterOutcome.UNCLAIMED,
    "returned": LetterOutcome.RETURNED,
}
_NUMBER: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ./-]{0,38}[A-Za-z0-9])?")


def outcome_of(word: str) -> LetterOutcome:
    """What became of a letter, by the word its task takes for it."""
    return _ENDS[word]


def told_of_letter(at: Recording, task: Task, outcome: str, fact: TaskCompleted) -> bool:
    """Record what became of a letter; whether the task is done by it (posted, it awaits the receipt).

    Raises:
        InvalidFact: a number or a day that cannot be; the text names the field.
        WrongState: told in the wrong order.
    """
    if task.contact_id is None:
        raise NotFound(f"task_id: the task {task.id} names no letter")
    letter = at.session.get_one(ContactMade, task.contact_id)
    posting = at.session.exec(
        select(LetterPosting).where(LetterPosting.task_id == task.id).with_for_update()
    ).one_or_none()
    if outcome == "posted":
        _posted(at, task, letter, posting, fact)
        return False
    if outcome == "not_posted":
        if posting is not None:
            raise WrongState(f"outcome: the letter is recorded as posted on {posting.posted_on}")
        why = f"not posted, said {fact.by or at.who}" + (f": {fact.note}" if fact.note else "")
        recall_letter(at.session, letter.id, why)
        unconclude(at.session, letter, why)
        about_it = (TaskKind.NOTICE_CALL, TaskKind.NOTICE_COPY)
        withdraw_tasks(at.session, now=at.now, why=why, contact_id=letter.id, kinds=about_it)
        return True
    if posting is None:
        raise WrongState("outcome: tell first that it was posted, with its number and day")
    day = at.past_day("received_on", fact.received_on)
    if day < posting.posted_on:
        raise InvalidFact(f"received_on: {day} lies before the day it was posted, {posting.posted_on}")
    posting.outcome, posting.received_on = _ENDS[outcome], day
    posting.settled_by, posting.settled_at = fact.by or at.who, at.now
    at.session.flush()
    if posting.outcome in (LetterOutcome.UNCLAIMED, LetterOutcome.RETURNED):
        _ask_for_address(at, task, posting)
    return True


def _posted(
    at: Recording, task: Task, letter: ContactMade, posting: LetterPosting | None, fact: TaskCompleted
) -> None:
    number = " ".join((fact.tracking_number or "").split())
    if not number:
        raise InvalidFact("tracking_number: required")
    if _NUMBER.fullmatch(number) is None:
        raise InvalidFact(
            f"tracking_number: {number[:60]!r} is not a number of the post (at most 40 letters, digits, "
            "spaces, dots, dashes or slashes)"
        )
    day = at.past_day("posted_on", fact.posted_on)
    if letter.on_day is not None and day < letter.on_day:
        raise InvalidFact(f"posted_on: {day} lies before the day the letter left, {letter.on_day}")
    if posting is None:
        posting = LetterPosting(
            id=uuid4(),
            contact_id=letter.id,
            task_id=task.id,
            tracking_number=number,
            posted_on=day,
            posted_by=fact.by or at.who,
            recorded_at=at.now,
        )
        at.session.add(posting)
    else:
        # Told again before the receipt: a slip of the pen is mended; the journal keeps both.
        posting.tracking_number, posting.posted_on = number, day
        posting.posted_by, posting.recorded_at = fact.by or at.who, at.now
    task.title = f"Await the receipt of the registered letter to {at.customer.name}"[:300]
    task.due_on = day + timedelta(days=RECEIPT_DAYS)
    at.session.flush()


def _ask_for_address(at: Recording, task: Task, posting: LetterPosting) -> None:
    """It did not reach anybody: someone finds where it should have gone."""
    at.session.flush()
    open_task(
        at.session,
        key=f"find-address/{posting.id}",
        kind=TaskKind.FIND_ADDRESS,
        company_id=at.company.id,
        customer_id=at.customer.id,
        invoice_id=task.invoice_id,
        contact_id=task.contact_id,
        step=task.step,
        title=f"Find the postal address of {at.customer.name}"[:300],
        body=f"The registered letter {posting.tracking_number}, posted on {posting.posted_on}, came back on "
        f"{posting.received_on}: {posting.outcome}. Look in the trade register, then record the address "
        "(relance address): the same letter is then to be posted again. Was the address right, complete this "
        "task: a letter nobody claimed has its effect all the same.",
        now=at.now,
        today=at.today,
        due_on=at.calendar.add_business_days(at.today, 3),
        assignee_email=owner(at.customer, at.company),
    )
