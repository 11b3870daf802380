"""Letters that wait for a person: stored, withdrawn when their facts change, sent as they were approved."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from activities.envelope import Envelope, fetch
from activities.store.engine import transaction
from models.ids import CaseSignal
from models.tables import Communication, ContactItem, ContactMade, Task
from models.tables.words import TaskKind, TaskStatus
from tests.workflows.oracle import Act, Debtor, live
from tests.workflows.world import World, world

pytestmark = [pytest.mark.integration, pytest.mark.slow]

DUE = "2026-03-31"
COMPOSED = "2026-04-20"
"""The formal notice of `strict`, 20 days after the due date."""


def _strict(ref: str) -> Debtor:
    return Debtor(ref, policy="strict").invoice("1200.00", DUE, issued="2026-03-15")


CUSTOMERS = {
    debtor.ref: debtor
    for debtor in (
        _strict("waits"),
        _strict("changes").pays("2026-04-22 11:00", "200.00"),
        _strict("refused"),
        _strict("approved"),
        _strict("too-late").pays("2026-04-22 21:00", "200.00"),
        _strict("others").invoice("300.00", "2026-04-20", issued="2026-03-21"),
        Debtor("by-mail", policy="key_account").invoice("1200.00", DUE, issued="2026-03-15"),
    )
}


@dataclass(frozen=True)
class Drafts:
    """The world at the end; the ledger remembers every draft."""

    world: World

    def of(self, ref: str, step: str = "formal_notice") -> list[tuple[str, str]]:
        """Each composition of a step: its local day and what became of it."""
        return [(str(made.composed_on), made.status) for made in self.rows(ref, step)]

    def rows(self, ref: str, step: str = "formal_notice") -> list[ContactMade]:
        """The same, whole."""
        with transaction(self.world.engine) as session:
            return list(
                session.exec(
                    select(ContactMade)
                    .where(ContactMade.customer_id == self.world.customers[ref], ContactMade.step == step)
                    .order_by(col(ContactMade.composed_at))
                )
            )

    def approvals(self, ref: str) -> list[Task]:
        """The approvals asked for about a customer."""
        return [
            task
            for task in self.world.tasks(TaskKind.APPROVAL)
            if task.customer_id == self.world.customers[ref]
        ]

    def message(self, made: ContactMade) -> tuple[Communication, Envelope]:
        """The message that decides a contact and its stored bytes."""
        with transaction(self.world.engine) as session:
            message = session.exec(
                select(Communication).where(
                    Communication.contact_id == made.id, Communication.channel == made.channel
                )
            ).one()
            return message, fetch(session, message.content_hash)

    def told(self, ref: str) -> list[str]:
        """The contacts with a customer."""
        return _told(self.world, CUSTOMERS[ref])


def _told(it: World, debtor: Debtor) -> list[str]:
    """Contacts as lines: `2026-04-20 09:30 formal_notice others/1`."""
    return [
        f"{c.at.astimezone(debtor.calendar.zone):%Y-%m-%d %H:%M} {c.step} {','.join((*c.invoices, *c.also))}"
        for c in it.contacts()
        if c.customer == debtor.ref
    ]


async def _answer(it: World, ref: str, outcome: str) -> None:
    """A manager answers the approval that waits about a customer."""
    (task,) = [
        task for task in it.tasks(TaskKind.APPROVAL, TaskStatus.OPEN) if task.customer_id == it.customers[ref]
    ]
    await it.tell(CaseSignal.TASK_COMPLETED, f"{ref}/1", task_id=str(task.id), outcome=outcome)


@pytest.fixture(scope="module")
async def drafts(shared_engine: Engine) -> AsyncIterator[Drafts]:
    """All the letters, up to the middle of May."""
    async with world(shared_engine, datetime(2026, 3, 14, 22, 55, tzinfo=UTC)) as it:
        it.approve_at_once = False

        def act(ref: str, outcome: str) -> Act:
            return partial(_answer, it, ref, outcome)

        moment = CUSTOMERS["waits"].moment
        acts = {
            moment("2026-04-21 11:00"): act("refused", "refused"),
            moment("2026-04-22 11:30"): act("approved", "approved"),
            moment("2026-04-22 20:00"): act("too-late", "approved"),
            moment("2026-05-04 11:00"): act("by-mail", "approved"),
        }
        await live(it, CUSTOMERS.values(), "2026-05-16", acts)
        yield Drafts(it)


async def test_a_draft_waits_and_is_composed_again_after_ten_business_days(drafts: Drafts) -> None:
    # 1 May is a holiday: the tenth business day after 20 April is 5 May.
    assert drafts.of("waits") == [(COMPOSED, "withdrawn"), ("2026-05-05", "draft")]
    assert [task.status for task in drafts.approvals("waits")] == [TaskStatus.WITHDRAWN, TaskStatus.OPEN]
    assert not [line for line in drafts.told("waits") if "formal_notice" in line]
    assert drafts.world.case("waits/1").state == "awaiting_approval"


async def test_changed_facts_withdraw_a_draft_and_ask_anew(drafts: Drafts) -> None:
    first, second = drafts.rows("changes")[:2]
    assert (first.status, str(first.composed_on)) == ("withdrawn", COMPOSED)
    assert str(second.composed_on) == "2026-04-22"
    assert drafts.message(first)[0].balance_quoted == {"EUR": "1200.00"}
    assert drafts.message(second)[0].balance_quoted == {"EUR": "1000.00"}
    asked = drafts.approvals("changes")
    # Each composition asks anew: the second one ran out ten business days later.
    assert [task.status for task in asked] == [TaskStatus.WITHDRAWN, TaskStatus.WITHDRAWN, TaskStatus.OPEN]
    assert {task.id for task in asked} == {made.approval_task_id for made in drafts.rows("changes")}


async def test_a_refused_letter_waits_ten_business_days_and_is_written_anew(drafts: Drafts) -> None:
    # Refused on 21 April: paused until 6 May, then five days after the end of a pause.
    assert drafts.of("refused") == [(COMPOSED, "withdrawn"), ("2026-05-11", "draft")]
    first, _ = drafts.approvals("refused")
    assert (first.status, first.outcome) == (TaskStatus.DONE, "refused")
    assert not [line for line in drafts.told("refused") if "formal_notice" in line]


async def test_an_approved_letter_goes_as_it_was_stored(drafts: Drafts) -> None:
    (letter,) = drafts.rows("approved")
    assert letter.status == "by_hand"
    assert "2026-04-22 11:30 formal_notice approved/1" in drafts.told("approved")
    message, stored = drafts.message(letter)
    assert (message.status, message.provider_id) == ("sent", None)
    assert "1\N{NARROW NO-BREAK SPACE}200,00" in stored.text
    # Composed on the 20th, it still bears that day.
    assert "20 avril 2026" in stored.text
    # Its copy left with it, with the same pages, and one task asks for it to be posted.
    (copy,) = [m for m in drafts.world.sandbox.messages(to="compta@approved.example") if m.attachments]
    found = drafts.world.sandbox.store.attachment(copy.id, copy.attachments[0].position)
    assert found is not None
    assert hashlib.sha256(found[1]).hexdigest() == stored.attachments[0].hash
    tasks = drafts.world.tasks(TaskKind.REGISTERED_LETTER)
    assert [task.contact_id for task in tasks] == [letter.id]


async def test_no_copy_of_a_letter_that_has_not_left(drafts: Drafts) -> None:
    copied = [m.to[0].address for m in drafts.world.sandbox.messages() if m.attachments]
    assert copied == ["compta@approved.example"]


async def test_exactly_the_stored_bytes_leave_by_mail(drafts: Drafts) -> None:
    (made,) = drafts.rows("by-mail", "reminder_2")
    assert (str(made.composed_on), made.status) == ("2026-04-30", "sent")
    assert "2026-05-04 11:00 reminder_2 by-mail/1" in drafts.told("by-mail")
    message, stored = drafts.message(made)
    (left,) = [m for m in drafts.world.sandbox.messages() if m.provider_id == message.provider_id]
    assert (left.subject, left.text, left.html) == (stored.subject, stored.text, stored.html)
    assert [person.address for person in left.to] == [stored.to_address]


async def test_facts_that_change_after_the_approval_withdraw_it(drafts: Drafts) -> None:
    first, second = drafts.rows("too-late")[:2]
    assert first.status == "withdrawn"
    assert (str(second.composed_on), drafts.message(second)[0].balance_quoted) == (
        "2026-04-23",
        {"EUR": "1000.00"},
    )
    assert not [line for line in drafts.told("too-late") if "formal_notice" in line]


async def test_a_waiting_draft_blocks_no_other_contact_and_starts_no_gap(drafts: Drafts) -> None:
    own = [line for line in drafts.told("others") if line > COMPOSED]
    # Three days after the draft was composed: no gap; the letter itself has not left.
    assert own[:2] == ["2026-04-23 09:30 call_1 others/2", "2026-04-28 09:30 reminder_1 others/2"]
    assert drafts.of("others")[0][0] == COMPOSED


async def test_what_a_draft_carried_and_went_out_by_itself_does_not_advance_twice(engine: Engine) -> None:
    carried = _strict("carried").invoice("300.00", "2026-04-15", issued="2026-03-16")
    async with world(engine, datetime(2026, 3, 14, 22, 55, tzinfo=UTC)) as it:
        it.approve_at_once = False
        approval = partial(_answer, it, "carried", "approved")
        await live(it, [carried], "2026-05-02", {carried.moment("2026-04-23 11:00"): approval})
        own = [line for line in _told(it, carried) if line > COMPOSED]
        assert own[0] == "2026-04-21 09:30 call_1 carried/2"
        # Approved on the 23rd; the customer's gap after the call ends on Sunday the 26th.
        assert own[1] == "2026-04-27 09:30 formal_notice carried/1"
        with transaction(it.engine) as session:
            steps = session.exec(
                select(ContactItem.step).where(
                    ContactItem.invoice_id == it.invoices["carried/2"], col(ContactItem.concluded)
                )
            ).all()
        assert sorted(steps) == ["call_1", "pre_reminder"]
