"""What the Temporal UI shows: enough to follow a case, and not one word about a person."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlmodel import select
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.store.engine import transaction
from models.ids import CaseSignal, SearchAttribute, case_id
from models.messages import CaseView
from models.tables import Company, Contact, Customer, Staff
from rules.decide import State
from rules.facts import Role
from tests.workflows.by_hand import view
from tests.workflows.world import Person, World, world
from workflows.display import STATE_WORDS, card, case_search_attributes, next_line

pytestmark = pytest.mark.integration

START = datetime(2026, 3, 20, 7, 0, tzinfo=UTC)
PEOPLE = (
    Person(Role.ACCOUNTING, "Zoé Kowalczyk-Œuvrard", "zoe.kowalczyk@brasserie.example", "+33698765432"),
    Person(Role.BUYER, "Bartholomé N'Diaye", "b.ndiaye@brasserie.example", "+33187654321", mobile=False),
    Person(Role.EXECUTIVE, "Ségolène d'Arcy", "direction@brasserie.example"),
)
NAME = "Brasserie Kowalczyk & Fils"

VIEW = CaseView(
    state="waiting",
    stage="reminder_1",
    company="acme",
    number="F-1",
    customer=UUID(int=7),
    currency="EUR",
    total=Decimal("12345.60"),
    outstanding=Decimal("11345.60"),
    disputed=Decimal("50.00"),
    due_on=datetime(2026, 3, 31, tzinfo=UTC).date(),
    policy="standard@1",
    next_step="reminder_2",
    next_channel="email",
    next_at=datetime(2026, 4, 15, 7, 30, tzinfo=UTC),
    why="15 days after the due date",
    done=("pre_reminder", "reminder_1"),
)


def test_every_state_has_words() -> None:
    assert set(STATE_WORDS) == set(State)


def test_a_case_that_waits_for_the_bank_says_so_in_its_timer_and_its_attributes() -> None:
    why = "the bank is known up to 2026-04-08 only; reminder_2 waits for a bank file of 2026-04-10 or later"
    held = VIEW.model_copy(update={"state": "awaiting_bank", "paused_by": "bank_data", "why": why})
    assert next_line(held) == f"waits for a bank file: {why}"
    assert case_search_attributes(held)[SearchAttribute.PAUSED_BY] == "bank_data"
    assert "**Paused by** bank_data" in card(held).split("\n\n")


def test_the_card_of_a_waiting_case() -> None:
    assert card(VIEW).split("\n\n") == [
        "### F-1: waiting for its day",
        "",
        "**Owed** 11,345.60 EUR of 12,345.60 EUR, due 2026-03-31",
        "**Disputed** 50.00 EUR",
        "**Next** reminder_2 by email, 2026-04-15 07:30 UTC",
        "**Why** 15 days after the due date",
        "**Done** pre_reminder, reminder_1",
        "**Policy** standard@1",
    ]


def test_the_card_of_a_case_that_is_paused_closed_or_was_told_nonsense() -> None:
    paused = card(VIEW.model_copy(update={"state": "paused", "paused_by": "plan", "why": "paused by plan"}))
    assert "### F-1: paused" in paused
    assert "**Paused by** plan" in paused
    closed = VIEW.model_copy(
        update={
            "state": "closed",
            "closed": True,
            "closing_reason": "paid in full",
            "next_step": None,
            "next_at": None,
            "outstanding": Decimal("0.00"),
            "rejected": 2,
            "done": (),
        }
    )
    told = card(closed)
    assert "### F-1: closed" in told
    assert "**Closed** paid in full" in told
    assert "**Next**" not in told
    assert "**Done** nothing yet" in told
    assert "**Rejected facts** 2" in told


def test_the_timer_says_what_it_waits_for() -> None:
    assert next_line(VIEW) == "reminder_2 by email on 2026-04-15 07:30 UTC"
    paused = VIEW.model_copy(update={"state": "paused", "paused_by": "plan", "why": "w" * 500})
    assert next_line(paused).startswith("paused: w")
    assert len(next_line(paused)) <= 200, "the server keeps no longer summary"


def test_search_attributes_are_ids_amounts_and_dates() -> None:
    found = case_search_attributes(VIEW)
    assert set(found) == set(SearchAttribute)
    assert found["CustomerRef"] == str(UUID(int=7)), "opaque: a customer's own number may hold its name"
    assert found["Outstanding"] == 11345.6
    assert found["DueDate"] == datetime(2026, 3, 31, tzinfo=UTC)
    assert found["PausedBy"] is None


class Runs(Interceptor):
    """Notes every run that ever called an activity."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], None] = {}

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Stand before every activity."""
        return _Runs(next, self)


class _Runs(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, runs: Runs) -> None:
        super().__init__(next)
        self._runs = runs

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        self._runs.seen[info.workflow_id or "", info.workflow_run_id or ""] = None
        return await super().execute_activity(input)


def personal(engine: Engine) -> set[str]:
    """Every name, address and number of a person, and every customer's name, in the ledger."""
    with transaction(engine) as session:
        found: set[str | None] = set()
        for customer in session.exec(select(Customer)):
            found |= {customer.name, customer.collector_email, customer.sales_rep_email}
        for contact in session.exec(select(Contact)):
            found |= {contact.name, contact.email, contact.phone}
        for staff in session.exec(select(Staff)):
            found |= {staff.name, staff.email, staff.phone}
        for company in session.exec(select(Company)):
            found |= {company.signatory_name, company.signatory_email, company.signatory_phone, company.iban}
    return {told for told in found if told}


async def leaks(it: World, runs: Runs) -> list[str]:
    """Where the exported histories hold anything of that, however it is written."""
    secrets = personal(it.engine)
    assert {NAME, PEOPLE[0].email, PEOPLE[0].phone} <= secrets
    found = []
    for workflow_id, run_id in runs.seen:
        handle = it.env.client.get_workflow_handle(workflow_id, run_id=run_id)
        for event in (await handle.fetch_history()).events:
            written = event.SerializeToString().decode("utf-8", "replace").casefold()
            for secret in secrets:
                forms = {secret, json.dumps(secret)[1:-1], secret.replace("@", "%40"), secret.lstrip("+")}
                found += [
                    f"{workflow_id} event {event.event_id} ({event.WhichOneof('attributes')}): {secret}"
                    for form in forms
                    if form.casefold() in written
                ]
    return sorted(set(found))


async def rich_customer(it: World) -> None:
    it.customer("brasserie", people=PEOPLE)
    with transaction(it.engine) as session:
        row = session.get_one(Customer, it.customers["brasserie"])
        row.name = NAME


@pytest.mark.slow
async def test_no_history_holds_a_word_about_a_person(engine: Engine) -> None:
    """A life with all that can go wrong: refusals that quote the address, waits, calls, letters, notes."""
    runs = Runs()
    async with world(engine, START, interceptors=[runs]) as it:
        await rich_customer(it)
        for number, due in (("F-1", "2026-03-31"), ("F-2", "2026-04-10"), ("F-3", "2026-05-05")):
            await it.invoice(number, "1200.00", "2026-03-01", due, customer="brasserie")
        # In real seconds, as the provider counts: skipped time would try again thousands of times a minute.
        it.sandbox.add_fault("status", status=429, retry_after=1, times=1)
        await it.day("2026-03-31")
        it.sandbox.add_fault("status", status=400, times=1)
        await it.tell(CaseSignal.DISPUTE_OPENED, "F-2", amount="50.00", note=f"says {PEOPLE[1].name}")
        await it.day("2026-04-08")
        for task in it.tasks("delivery_failed", "open"):
            await it.tell(
                CaseSignal.TASK_COMPLETED, "F-1", task_id=task.id, outcome="done",
                by="claire@acme.example", note=f"{PEOPLE[0].email} corrected",
            )  # fmt: skip
        it.sandbox.add_fault("accept_then_drop", times=1)
        await it.tell(
            CaseSignal.PAUSED,
            "F-3",
            reason=f"{PEOPLE[2].name} en congé",
            until="2026-05-20",
            by="sam@acme.example",
        )
        await it.day("2026-06-20")
        await it.tell(
            CaseSignal.CLOSED, "F-3", reason=f"promis à {PEOPLE[2].name}", by="manager@acme.example"
        )
        await it.pay("F-1", "1200.00", reference=NAME)
        await it.tell(CaseSignal.DISPUTE_RESOLVED, "F-2", credited="50.00", note=f"by {PEOPLE[1].email}")
        await it.pay("F-2", "1150.00")
        await it.day("2026-06-25")
        steps = {contact.step for contact in it.contacts()}
        assert {"reminder_2", "phone_call", "formal_notice"} <= steps
        kinds = {task.kind for task in it.tasks()}
        assert {"delivery_failed", "uncertain_message", "phone_call", "approval", "dispute"} <= kinds
        assert await leaks(it, runs) == []


@pytest.mark.slow
async def test_an_error_of_the_ledger_tells_temporal_nothing_about_a_person(engine: Engine) -> None:
    """A database error quotes the row it refused, with addresses and names; Temporal must not keep it."""
    runs = Runs()
    async with world(engine, START, interceptors=[runs]) as it:
        await rich_customer(it)
        await it.invoice("F-1", "1200.00", "2026-03-01", "2026-03-31", customer="brasserie")
        await view(it, "F-1")
        refuse = "ALTER TABLE communication ADD CONSTRAINT refused CHECK (to_address IS NULL)"
        allow = "ALTER TABLE communication DROP CONSTRAINT refused"
        with engine.begin() as connection:
            connection.execute(text(refuse))
        slot = datetime(2026, 3, 30, 7, 30, tzinfo=UTC)
        await it.let_pass(slot + timedelta(minutes=2) - await it.now())
        with engine.begin() as connection:
            connection.execute(text(allow))
        await it.day("2026-03-31", 12)
        (told,) = it.told()
        assert told.startswith("2026-03-30 09:3")
        assert it.sandbox.messages()
        outreach = [key for key in runs.seen if key[0].startswith("outreach/")]
        events = (await it.env.client.get_workflow_handle(outreach[0][0]).fetch_history()).events
        assert any(e.marker_recorded_event_attributes.HasField("failure") for e in events), "it did fail"
        assert await leaks(it, runs) == []


@pytest.mark.slow
async def test_the_temporal_ui_reads_the_case_without_the_database(engine: Engine) -> None:
    async with world(engine, START) as it:
        await rich_customer(it)
        await it.invoice("F-1", "1200.00", "2026-03-01", "2026-03-31", customer="brasserie")
        now = await view(it, "F-1")
        handle = it.env.client.get_workflow_handle(case_id("acme", "F-1"))
        described = await handle.describe()
        assert await described.static_summary() == "acme F-1: 1,200.00 EUR, due 2026-03-31"
        shown = {pair.key.name: pair.value for pair in described.typed_search_attributes}
        assert shown == {k: v for k, v in case_search_attributes(now).items() if v is not None}
        metadata = await handle.query("__temporal_workflow_metadata")
        assert metadata.current_details == card(now)
        assert metadata.definition.type == "InvoiceCase"
        offered = {signal.name: signal.description for signal in metadata.definition.signal_definitions}
        assert {signal.value for signal in CaseSignal} <= set(offered)
        assert all(offered[signal.value] for signal in CaseSignal)
        timers = [
            event.user_metadata.summary.data.decode()
            for event in (await handle.fetch_history()).events
            if event.HasField("timer_started_event_attributes")
        ]
        assert timers[-1] == '"pre_reminder by email on 2026-03-30 07:30 UTC"'
        await it.pay("F-1", "1200.00")
        closed = await view(it, "F-1")
        assert (await handle.query("__temporal_workflow_metadata")).current_details == card(closed)
        assert "### F-1: closed" in card(closed)
