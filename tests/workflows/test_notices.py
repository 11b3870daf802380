"""Word to a company's own people: composed with its cause, sent by a workflow of the company's own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from activities.payment_details import approve_change, ask_change
from activities.store.engine import transaction
from activities.sweeper import Sweeper
from models.ids import notices_id
from models.tables import Communication, Company, Staff
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


def statuses(it: World) -> list[str]:
    with transaction(it.engine) as session:
        return list(
            session.exec(
                select(Communication.status)
                .where(Communication.kind == "bank_details_change")
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
