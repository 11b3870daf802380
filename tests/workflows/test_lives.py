"""Whole lives on a real Temporal server: each equals what the rules said it would be.

The lives happen side by side in one installation, one customer each, so that they also show that
customers do not touch one another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from activities.rendering import locale_for
from activities.store.engine import transaction
from admin.sandbox import SandboxMessage
from models.messages import CaseView
from models.tables import Communication, ContactItem, ContactMade, Customer, Task
from models.tables.words import Audience, ContactStatus, TaskKind, TaskStatus
from rules.calendar import Channel
from rules.facts import Role
from rules.simulate import Contacted
from tests.workflows.oracle import Debtor, foreseen, lines, live, on_the_minute, previewed
from tests.workflows.world import Person, World, world

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ISSUED, DUE, UNTIL = "2026-03-01", "2026-03-31", "2026-10-01"
LADDER = [
    "2026-03-30 09:30 never-paid pre_reminder email never-paid/1",
    "2026-04-07 09:30 never-paid reminder_1 email never-paid/1",
    "2026-04-15 09:30 never-paid reminder_2 email never-paid/1",
    "2026-04-30 09:30 never-paid reminder_3 sms never-paid/1",
    "2026-05-11 09:30 never-paid phone_call phone never-paid/1",
    "2026-06-01 09:30 never-paid formal_notice letter never-paid/1",
    "2026-06-15 09:30 never-paid handover decision never-paid/1",
]
STEPS = [(line.split()[0], line.split()[3]) for line in LADDER]


def one(ref: str, amount: str = "1200.00") -> Debtor:
    """A customer with one invoice of 1,200.00 EUR due on 31 March 2026."""
    return Debtor(ref).invoice(amount, DUE, issued=ISSUED)


def _paid_in_each_gap() -> list[Debtor]:
    """Paid the day after each step, and a minute before each."""
    found = []
    for day, step in STEPS:
        after = date.fromisoformat(day) + timedelta(days=1)
        found.append(one(f"paid-after-{step}").pays(f"{after} 11:00"))
        found.append(one(f"paid-just-before-{step}").pays(f"{day} 09:29"))
    return found


def _lives() -> list[Debtor]:
    english = Debtor(
        "english",
        country="GB",
        people=[
            Person(Role.ACCOUNTING, "Accounts Payable", "ap@english.example", "+447700900123"),
            Person(Role.BUYER, "Bea Buyer", "bea@english.example"),
            Person(Role.EXECUTIVE, "Ed Executive", "ed@english.example"),
        ],
    )
    no_mobile = Debtor(
        "no-mobile",
        people=[
            Person(Role.ACCOUNTING, "Compta", "compta@no-mobile.example", "+33145678999", mobile=False),
            Person(Role.BUYER, "Mr Buyer", "buyer@no-mobile.example", language="en"),
        ],
    )
    two_held = one("hold-pauses").invoice("800.00", "2026-04-15", issued="2026-03-16")
    return [
        one("never-paid"),
        english.invoice("1200.00", DUE, issued=ISSUED),
        no_mobile.invoice("1200.00", DUE, issued=ISSUED),
        one("paid-early").pays("2026-03-20 11:00"),
        *_paid_in_each_gap(),
        one("part-paid").pays("2026-04-10 11:00", "400.00"),
        one("paid-in-parts").pays("2026-04-10 11:00", "400.00").pays("2026-05-04 15:00", "800.00"),
        one("crumbs-left").pays("2026-04-10 11:00", "1195.00"),
        one("paid-too-much").pays("2026-04-10 11:00", "1300.00"),
        one("disputed-resumed").disputes("2026-04-09 10:00").resolves("2026-05-06 10:00"),
        one("disputed-credited").disputes("2026-04-09 10:00").resolves("2026-05-06 10:00", "1200.00"),
        one("disputed-part-credited").disputes("2026-04-09 10:00").resolves("2026-05-06 10:00", "500.00"),
        one("part-disputed-resumed").disputes("2026-04-09 10:00", "300.00").resolves("2026-05-06 10:00"),
        one("part-disputed-credited")
        .disputes("2026-04-09 10:00", "300.00")
        .resolves("2026-05-06 10:00", "300.00"),
        one("rest-paid-disputed")
        .disputes("2026-04-09 10:00", "300.00")
        .pays("2026-04-20 11:00", "900.00")
        .resolves("2026-05-06 10:00"),
        one("plan-kept")
        .promises("2026-04-10 10:00", ("2026-04-24", "600.00"), ("2026-05-22", "600.00"))
        .pays("2026-04-24 10:00", "600.00")
        .pays("2026-05-22 10:00", "600.00"),
        one("plan-broken")
        .promises("2026-04-10 10:00", ("2026-04-24", "600.00"), ("2026-05-22", "600.00"))
        .pays("2026-04-24 10:00", "600.00"),
        one("promise-kept").promises("2026-04-16 10:00", ("2026-05-05", "1200.00")).pays("2026-05-05 10:00"),
        one("promise-broken").promises("2026-04-16 10:00", ("2026-05-05", "1200.00")),
        one("claim-came").claims_paid("2026-04-08 10:00", "2026-04-07").pays("2026-04-10 07:00"),
        one("claim-did-not").claims_paid("2026-04-08 10:00", "2026-04-07"),
        two_held.hold("2026-04-02 10:00", "hold-pauses/1", pauses=True, lifted="2026-05-05 10:00").pays(
            "2026-05-05 10:00"
        ),
        one("hold-goes-on").hold("2026-04-02 10:00", pauses=False).pays("2026-05-05 10:00"),
        one("returned").pays("2026-04-10 11:00").payment_returns("2026-04-22 10:00"),
        one("returned-soon").pays("2026-03-20 11:00").payment_returns("2026-03-24 10:00"),
        one("replaced")
        .invoice("1100.00", "2026-05-31", issued="2026-04-20")
        .replaced("2026-04-20 10:00", "replaced/1", "replaced/2"),
        one("insolvent").invoice("800.00", "2026-04-15", issued="2026-03-16").insolvent("2026-04-20 10:00"),
    ]


LIVES = {debtor.ref: debtor for debtor in _lives()}
each_life = pytest.mark.parametrize("debtor", LIVES.values(), ids=LIVES)


@dataclass(frozen=True)
class Lived:
    """The world once every life has happened, with what left."""

    world: World
    made: dict[str, list[Contacted]]
    inbox: Sequence[SandboxMessage]

    def communications(self, debtor: Debtor) -> list[tuple[Communication, ContactMade | None]]:
        """The customer's messages, with their contacts."""
        with transaction(self.world.engine) as session:
            return list(
                session.exec(
                    select(Communication, ContactMade)
                    .join(ContactMade, col(ContactMade.id) == Communication.contact_id, isouter=True)
                    .where(Communication.customer_id == self.world.customers[debtor.ref])
                    .order_by(col(Communication.planned_at))
                )
            )

    def steps(self, number: str) -> list[str]:
        """The steps of an invoice that the ledger counts as done, in order."""
        with transaction(self.world.engine) as session:
            return list(
                session.exec(
                    select(ContactItem.step)
                    .where(ContactItem.invoice_id == self.world.invoices[number], col(ContactItem.concluded))
                    .order_by(col(ContactItem.concluded_at))
                )
            )

    def tasks(self, debtor: str, kind: TaskKind) -> list[Task]:
        """The customer's tasks of a kind."""
        return [t for t in self.world.tasks(kind) if t.customer_id == self.world.customers[debtor]]


@pytest.fixture(scope="module")
async def lived(shared_engine: Engine) -> AsyncIterator[Lived]:
    """Every life, lived to its end in one world."""
    async with world(shared_engine, datetime(2026, 2, 28, 22, 55, tzinfo=UTC)) as it:
        await live(it, LIVES.values(), UNTIL)
        made: dict[str, list[Contacted]] = {ref: [] for ref in LIVES}
        for contact in it.contacts():
            made[contact.customer].append(contact)
        yield Lived(it, made, it.sandbox.messages())


@each_life
async def test_every_contact_is_the_one_foreseen(lived: Lived, debtor: Debtor) -> None:
    expected = foreseen(debtor)
    made = on_the_minute(lived.made[debtor.ref], expected)
    assert lines(made, debtor.calendar) == lines(expected, debtor.calendar)


@each_life
async def test_ledger_and_inbox_hold_each_message_once(lived: Lived, debtor: Debtor) -> None:
    messages = lived.communications(debtor)
    arrived = {message.provider_id: message for message in lived.inbox if message.accepted}
    for contact in lived.made[debtor.ref]:
        if contact.channel not in (Channel.EMAIL, Channel.SMS):
            continue
        own = [
            message
            for message, made in messages
            if made is not None
            and made.step == contact.step
            and made.status == ContactStatus.SENT
            and made.concluded_at is not None
            and made.concluded_at.replace(second=0, microsecond=0) == contact.at
        ]
        assert [(message.status, message.audience) for message in own] == [("sent", Audience.DEBTOR)]
        (message,) = own
        made = next(made for found, made in messages if found.id == message.id and made is not None)
        reader = next(p for p in debtor.people if p.role == made.role and (p.email or p.phone))
        address = reader.phone if contact.channel is Channel.SMS else reader.email
        letter = arrived[message.provider_id or ""]
        assert [person.address for person in letter.to] == [address] == [message.to_address]
        language = locale_for(reader.language or ("fr" if debtor.country == "FR" else "en"))
        assert message.language == language
        words = ("sauf erreur", "relevé", "facture") if language == "fr" else ("invoice",)
        assert any(word in (letter.text or "").lower() for word in words)
        for number in contact.invoices:
            assert number in f"{letter.subject} {letter.text}"


async def test_nothing_else_reached_anybody(lived: Lived) -> None:
    with transaction(lived.world.engine) as session:
        messages = session.exec(select(Communication)).all()
        ours = {str(found) for found in session.exec(select(Customer.id))}
    sent = Counter(m.provider_id for m in messages if m.status == "sent" and m.channel != Channel.LETTER)
    assert Counter(message.provider_id for message in lived.inbox) == sent
    assert {m.custom_args.get("customer") for m in lived.inbox if m.channel == "email"} <= ours
    assert {m.status for m in messages} <= {"sent", "withdrawn"}


@each_life
async def test_the_status_query_equals_the_row(lived: Lived, debtor: Debtor) -> None:
    for number in debtor.numbers:
        view = await lived.world.handle(number).query("status", result_type=CaseView)
        row = lived.world.case(number)
        assert view is not None
        assert (view.state, view.stage, view.next_step, view.next_channel, view.next_at, view.why) == (
            row.state, row.stage, row.next_step, row.next_channel, row.next_at, row.next_why,
        )  # fmt: skip
        assert (view.outstanding, view.disputed, view.paused_by, view.closing_reason) == (
            row.outstanding, row.disputed, row.paused_by, row.closing_reason,
        )  # fmt: skip
        assert view.closed == (row.closed_at is not None)
        assert view.rejected == 0
        assert list(view.done) == lived.steps(number)
        made = [c for c in lived.made[debtor.ref] if number in (*c.invoices, *c.also)]
        assert len(view.done) == len(made)


async def test_a_life_without_facts_equals_its_preview(lived: Lived) -> None:
    for ref in ("never-paid", "english", "no-mobile"):
        debtor = LIVES[ref]
        expected = previewed(debtor)
        made = on_the_minute(lived.made[ref], expected)
        assert lines(made, debtor.calendar) == lines(expected, debtor.calendar)


async def test_the_whole_ladder_in_so_many_words(lived: Lived) -> None:
    assert lines(lived.made["never-paid"], LIVES["never-paid"].calendar) == LADDER
    assert [task.status for task in lived.tasks("never-paid", TaskKind.PHONE_CALL)] == [TaskStatus.OPEN]
    # The call of the ladder, and the one about the notice.
    assert len(lived.tasks("never-paid", TaskKind.CALL_OVERDUE)) == 2
    assert [task.outcome for task in lived.tasks("never-paid", TaskKind.APPROVAL)] == ["approved"]
    assert len(lived.tasks("never-paid", TaskKind.NOTICE_CALL)) == 1
    assert [task.status for task in lived.tasks("never-paid", TaskKind.DECISION)] == [TaskStatus.OPEN]


@pytest.mark.parametrize(("done", "coming"), list(pairwise(["", *[step for _, step in STEPS], ""])))
async def test_paid_between_two_steps_ends_the_ladder_there(lived: Lived, done: str, coming: str) -> None:
    reached = [step for _, step in STEPS]
    reached = reached[: reached.index(done) + 1] if done else []
    refs = [f"paid-after-{done}"] if done else ["paid-early"]
    refs += [f"paid-just-before-{coming}"] if coming else []
    for ref in refs:
        assert [contact.step for contact in lived.made[ref]] == reached
        assert lived.world.case(f"{ref}/1").closing_reason == "paid in full"
        thanked = [m for m, _ in lived.communications(LIVES[ref]) if m.kind == "thank_you"]
        # Who paid before any reminder is not thanked for it; a statement is none.
        assert [m.status for m in thanked] == (["sent"] if len(reached) > 1 else [])


async def test_a_part_paid_is_not_asked_for_again(lived: Lived) -> None:
    quoted = [
        next(iter(message.balance_quoted.values()))
        for message, made in lived.communications(LIVES["part-paid"])
        if made is not None and message.audience == Audience.DEBTOR
    ]
    # The statement before the due date asks for nothing; the call has no message of its own; the notice has
    # its copy.
    assert quoted == ["0", "1200.00", "800.00", "800.00", "800.00", "800.00"]
    assert lived.world.case("crumbs-left/1").state == "below_minimum"
    assert len(lived.tasks("paid-too-much", TaskKind.OVERPAYMENT)) == 1


async def test_disputes_have_an_owner_until_they_are_resolved(lived: Lived) -> None:
    for ref in (ref for ref in LIVES if "disputed" in ref):
        (task,) = lived.tasks(ref, TaskKind.DISPUTE)
        assert (task.status, task.assignee_email) == (TaskStatus.DONE, "claire@acme.example")
    assert lived.world.case("disputed-credited/1").closing_reason == "credited in full"


async def test_people_are_asked_about_what_did_not_come(lived: Lived) -> None:
    kinds = (TaskKind.BROKEN_PROMISE, TaskKind.CLAIM_NOT_FOUND)
    expected: dict[str, list[str]] = {
        "plan-kept": [],
        "plan-broken": ["broken_promise"],
        "promise-kept": [],
        "promise-broken": ["broken_promise"],
        "claim-came": [],
        "claim-did-not": ["claim_not_found"],
    }
    asked = {ref: [task.kind for kind in kinds for task in lived.tasks(ref, kind)] for ref in expected}
    assert asked == expected


async def test_a_returned_payment_reopens_its_case(lived: Lived) -> None:
    steps = [contact.step for contact in lived.made["returned"]]
    assert steps == [step for _, step in STEPS]
    assert lived.world.case("returned/1").closed_at is None


async def test_a_replacement_inherits_no_notice(lived: Lived) -> None:
    assert lived.world.case("replaced/1").closing_reason == "replaced by replaced/2"
    first = next(c for c in lived.made["replaced"] if "replaced/2" in (*c.invoices, *c.also))
    assert first.step == "pre_reminder"


async def test_insolvency_stops_every_contact_and_asks_for_the_claim(lived: Lived) -> None:
    debtor = LIVES["insolvent"]
    opened_at = debtor.moment("2026-04-20 10:00")
    assert lived.made["insolvent"]
    assert all(contact.at < opened_at for contact in lived.made["insolvent"])
    assert {lived.world.case(number).state for number in debtor.numbers} == {"stopped"}
    (task,) = lived.tasks("insolvent", TaskKind.CLAIM_FILING)
    assert (task.status, task.due_on) == (TaskStatus.OPEN, date(2026, 6, 20))
