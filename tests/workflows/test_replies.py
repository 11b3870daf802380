"""An answer on skipped time: the running case sleeps on it, and wakes when it was read, or by itself."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from activities.inbound.inbox import Inbox
from activities.inbound.work import Work
from activities.store.engine import transaction
from activities.store.receipts import keep_receipt
from activities.store.work import Completion
from models.messages import CaseView
from models.tables.words import Provider, ReceiptKind, TaskKind, TaskStatus
from tests.fixtures.mails import CONTENT_TYPE, mail, raw_post
from tests.workflows.test_calls import complete
from tests.workflows.world import World, world

pytestmark = [pytest.mark.integration, pytest.mark.slow]


async def comes(it: World, subject: str, message_id: str) -> None:
    """A mail is brought, kept and worked on, as the API's process does it."""
    await it.now()

    def take() -> None:
        with transaction(it.engine) as session:
            keep_receipt(
                session,
                provider=Provider.SENDGRID,
                kind=ReceiptKind.INBOUND_MAIL,
                body=raw_post(mail("Nous regardons.", subject=subject, message_id=message_id)),
                received_at=it.clock.now(),
                arrived_at=it.clock.wall(),
                headers={"content-type": CONTENT_TYPE},
            )
        Inbox(Work(it.engine, it.clock, it.courier, it.needs.settings)).drain()

    await asyncio.to_thread(take)


async def test_an_answer_pauses_the_running_case_and_an_automatic_one_does_not(engine: Engine) -> None:
    async with world(engine, datetime(2026, 3, 14, 22, 55, tzinfo=UTC)) as it:
        await it.invoice("F-1", "1200.00", "2026-03-15", "2026-03-31")
        await it.day("2026-04-07", 10)
        await comes(it, "Réponse automatique : Facture F-1", "<1@c-1.example>")
        await it.settled()
        assert it.case("F-1").state == "waiting"
        assert it.tasks(TaskKind.REPLY) == []

        # Thursday the 9th; the second reminder would leave on the 15th, a Wednesday.
        await it.day("2026-04-09", 11)
        await comes(it, "RE: Facture F-1", "<2@c-1.example>")
        await it.settled()
        view: CaseView = await it.handle("F-1").query("status", result_type=CaseView)
        assert (view.state, view.paused_by) == ("paused", "reply")
        (task,) = it.tasks(TaskKind.REPLY, TaskStatus.OPEN)
        await it.day("2026-04-14", 15)
        await complete(it, task, Completion(outcome="answered"))
        await it.day("2026-04-20", 10)
        # Nobody reads the next one: it ends by itself on the 28th, and five days later is a Sunday.
        await it.day("2026-04-21", 11)
        await comes(it, "RE: RE: Facture F-1", "<3@c-1.example>")
        await it.day("2026-05-05")
        told = it.told()
    assert told == [
        "2026-03-30 09:30 pre_reminder email F-1",
        "2026-04-07 09:30 reminder_1 email F-1",
        # Read on the 14th: five days after that is a Sunday.
        "2026-04-20 09:30 reminder_2 email F-1",
        "2026-05-04 09:30 reminder_3 sms F-1",
    ]
