"""Word to our own people: composed with its cause, sent by the company's own workflow or by the outreach."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from activities.payment_details import approve_change, ask_change
from activities.store.engine import transaction
from activities.store.policies import ensure_builtin
from activities.sweeper import Sweeper
from models.ids import CaseSignal, notices_id
from models.tables import Communication, Company, Staff
from policies import builtin_policy_texts
from tests.workflows.world import World, world

pytestmark = [pytest.mark.integration, pytest.mark.slow]

START = datetime(2026, 3, 20, 7, 0, tzinfo=UTC)


def ask(it: World, now: datetime) -> tuple[UUID, list[int]]:
    """Somebody asks for another IBAN; the change and the notes."""
    with transaction(it.engine) as session:
        company = session.get_one(Company, it.company_id)
        session.add(
            Staff(
                id=UUID(int=7),
                company_id=company.id,
                email="hugo@acme.example",
                name="Hugo",
                role="credit_manager",
            )
        )
        session.flush()
        change, notes = ask_change(
            session, company, {"iban": "DE89370400440532013000"}, now, "nadia@acme.example"
        )
        return change.id, notes


def statuses(it: World, kind: str = "bank_details_change") -> list[str]:
    with transaction(it.engine) as session:
        return list(
            session.exec(
                select(Communication.status)
                .where(Communication.kind == kind)
                .order_by(col(Communication.planned_at))
            )
        )


async def told(it: World) -> None:
    """Wait until nobody of the company is left to be told."""
    with it.env.auto_time_skipping_disabled():
        await it.env.client.get_workflow_handle(notices_id(it.company_id)).result()


async def test_managers_are_told_and_a_sweep_puts_the_change_in_force(engine: Engine) -> None:
    async with world(engine, START) as it:
        now = await it.now()
        change, notes = await asyncio.to_thread(ask, it, now)
        people = len(statuses(it))
        assert people >= 2
        await it.courier.deliver_async(notes)
        await told(it)
        assert statuses(it) == ["sent"] * people
        with transaction(engine) as session:
            company = session.get_one(Company, it.company_id)
            before = company.iban
            # Nobody delivers this note: the sweep does.
            approve_change(session, company, change, now, "hugo@acme.example")
        sweeper = Sweeper(engine, it.clock, it.courier)
        await sweeper.once()
        await told(it)
        with transaction(engine) as session:
            assert session.get_one(Company, it.company_id).iban == before
        await it.advance_to(START + timedelta(hours=25))
        await sweeper.once()
        await told(it)
        with transaction(engine) as session:
            assert session.get_one(Company, it.company_id).iban == "DE89370400440532013000"
        assert statuses(it) == ["sent"] * 3 * people


async def test_word_that_was_lost_with_temporal_goes_out_by_the_sweep(engine: Engine) -> None:
    async with world(engine, START) as it:
        await asyncio.to_thread(ask, it, await it.now())
        with transaction(engine) as session:
            session.connection().exec_driver_sql("DELETE FROM outbox_note")
        sweeper = Sweeper(engine, it.clock, it.courier)
        await sweeper.once()
        assert set(statuses(it)) == {"planned"}
        await it.advance_to(START + timedelta(minutes=20))
        await sweeper.once()
        await told(it)
        assert set(statuses(it)) == {"sent"}


async def test_a_sweep_on_monday_morning_sends_the_weeks_digest(engine: Engine) -> None:
    async with world(engine, START) as it:
        await it.invoice("F-1", "1200.00", "2026-01-30", "2026-03-15")
        sweeper = Sweeper(engine, it.clock, it.courier)
        await it.day("2026-03-22", 12)
        await sweeper.once()
        assert statuses(it, "weekly_digest") == []
        for hour in (9, 10):
            await it.day("2026-03-23", hour)
            await sweeper.once()
            await told(it)
        assert statuses(it, "weekly_digest") == ["sent"]


async def test_a_representative_is_asked_and_a_veto_holds_the_letter(engine: Engine) -> None:
    """By the clock of the case alone: it wakes to ask, and again when the veto ends."""
    texts = builtin_policy_texts()
    firm = 'key = "reminder_2"\n'
    texts["standard.toml"] = texts["standard.toml"].replace(firm, f"{firm}ask_sales_rep = 3\n")
    async with world(engine, START) as it:
        with transaction(engine) as session:
            it.versions = ensure_builtin(session, texts, START)
        await it.invoice("F-1", "1200.00", "2026-03-01", "2026-03-31")
        await it.invoice("G-1", "900.00", "2026-03-01", "2026-03-31", customer="C-2")
        await it.day("2026-04-10", 12)
        questions = it.tasks("sales_veto")
        assert [str(task.opened_on) for task in questions] == ["2026-04-10"] * 2
        assert statuses(it, "sales_rep_question") == ["sent"] * 2
        mine = next(task for task in questions if task.customer_id == it.customers["C-1"])
        await it.tell(
            CaseSignal.TASK_COMPLETED,
            "F-1",
            task_id=str(mine.id),
            outcome="veto",
            until="2026-04-20",
            note="we meet on Friday",
        )
        await it.day("2026-04-25")
        assert sorted(it.told()) == [
            "2026-03-30 09:30 pre_reminder email F-1",
            "2026-03-30 09:30 pre_reminder email G-1",
            "2026-04-07 09:30 reminder_1 email F-1",
            "2026-04-07 09:30 reminder_1 email G-1",
            "2026-04-15 09:30 reminder_2 email G-1",
            "2026-04-20 09:30 reminder_2 email F-1",
        ]
