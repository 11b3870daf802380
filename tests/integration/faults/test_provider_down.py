"""The provider is down for an hour: nothing leaves twice or outside its hours, and nothing is lost."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from activities.settings import Settings
from activities.store.engine import transaction
from admin.sandbox import SandboxServer
from models.ids import CaseSignal
from models.tables import Communication
from rules.calendar import Channel
from tests.fixtures.counts import tell
from tests.fixtures.local_stack import deliveries
from tests.integration.sending.desk import Desk
from tests.workflows.world import World, world

pytestmark = pytest.mark.integration

DAY = date(2026, 3, 10)
"""A Tuesday. Paris is an hour ahead of UTC."""

BY_EMAIL, BY_SMS, IN_THE_EVENING = 20, 10, 10


def business(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of March 2026, by the clock of Paris."""
    return datetime(2026, 3, day, hour - 1, minute, tzinfo=UTC)


def sent_between(it: World, begin: datetime, end: datetime) -> list[Communication]:
    """Messages that left in a span of business time."""
    with transaction(it.engine) as session:
        return list(
            session.exec(
                select(Communication)
                .where(col(Communication.sent_at) >= begin, col(Communication.sent_at) < end)
                .order_by(col(Communication.sent_at))
            )
        )


def inside_hours(it: World, messages: list[Communication]) -> bool:
    """Whether each left while its channel was open."""
    return all(
        message.sent_at is not None and it.calendar.is_open(Channel(message.channel), message.sent_at)
        for message in messages
    )


async def pass_by(it: World, until: datetime) -> None:
    """Let time pass without waiting for outreaches, which cannot end while their provider is down."""
    await it.let_pass(max(until - await it.now(), timedelta(0)))


@pytest.mark.slow
async def test_the_provider_is_down_for_an_hour(engine: Engine, tmp_path: Path) -> None:
    provider = SandboxServer(data_dir=tmp_path).start()
    address = provider.url
    port = int(address.rsplit(":", 1)[1])

    def aimed(settings: Settings) -> Settings:
        return settings.model_copy(update={"sendgrid_host": address, "twilio_base_url": address})

    try:
        async with world(engine, business(2, 8), tweak=aimed) as it:
            # Their second reminder leaves as they come in; the third is an SMS, on the day.
            for number in range(BY_SMS):
                await it.invoice(
                    f"S-{number}", "900.00", "2026-01-08", DAY - timedelta(days=30), customer=f"S-{number}"
                )
            for number in range(BY_EMAIL):
                await it.invoice(
                    f"E-{number}", "900.00", "2026-02-03", DAY - timedelta(days=5), customer=f"E-{number}"
                )
            await it.advance_to(business(10, 9))
            before = len(provider.messages())
            assert before == len(sent_between(it, business(2, 8), business(10, 9))) > 0

            # 09:30: thirty messages are due, and there is nobody to take them.
            provider.stop()
            await pass_by(it, business(10, 10, 30))
            assert sent_between(it, business(10, 9), business(10, 10, 30)) == []
            provider = SandboxServer(port=port, data_dir=tmp_path).start()
            await it.advance_to(business(10, 12))
            morning = sent_between(it, business(10, 9), business(10, 12))
            assert len(morning) == BY_EMAIL + BY_SMS
            # Tried again every five minutes at the latest.
            assert max(m.sent_at for m in morning if m.sent_at) < business(10, 10, 37)
            assert inside_hours(it, morning)
            assert min(message.attempts for message in morning) > 5

            # In the evening the hours close before it is back: the next business day's slot is kept to.
            await it.advance_to(business(10, 17, 15))
            provider.stop()
            for number in range(IN_THE_EVENING):
                await it.invoice(
                    f"L-{number}", "900.00", "2026-02-03", DAY - timedelta(days=6), customer=f"L-{number}"
                )
            await pass_by(it, business(10, 18, 15))
            provider = SandboxServer(port=port, data_dir=tmp_path).start()
            await it.advance_to(business(11, 9))
            assert sent_between(it, business(10, 12), business(11, 9)) == []
            await it.advance_to(business(11, 12))
            next_day = sent_between(it, business(11, 9), business(11, 12))
            assert len(next_day) == IN_THE_EVENING
            assert inside_hours(it, next_day)

            # The provider's book against ours: each message taken is one that the ledger knows as sent.
            came = [message.provider_id for message in provider.messages()[before:]]
            known = {message.provider_id for message in morning + next_day}
            tell(
                "the provider down for an hour",
                due=BY_EMAIL + BY_SMS + IN_THE_EVENING,
                left_meanwhile=0,
                attempts=sum(message.attempts for message in morning),
                left_after_it=len(morning),
                left_the_next_morning=len(next_day),
                outside_hours=sum(not inside_hours(it, [message]) for message in morning + next_day),
                doubled=len(came) - len(known),
                lost=BY_EMAIL + BY_SMS + IN_THE_EVENING - len(known & set(came)),
            )
            assert len(came) == len(known) == BY_EMAIL + BY_SMS + IN_THE_EVENING
            assert set(came) == known
            assert it.tasks(status="open") == []
    finally:
        provider.stop()


def test_a_provider_that_answers_503_for_an_hour_is_asked_once_a_message(
    desk: Desk, sandbox: SandboxServer
) -> None:
    """Behind a 503 the message may have been taken: nobody sends it again blindly, a person is asked."""
    count = 10
    messages = {}
    for number in range(count):
        desk.invoice(f"F-{number}", customer=f"C-{number}")
        desk.review(f"F-{number}")
        (messages[f"C-{number}"],) = desk.prepare(f"C-{number}").send
    sandbox.add_fault("status", status=503)
    for _quarter in range(4):
        assert {desk.send(message).outcome for message in messages.values()} == {"uncertain"}
        desk.clock.at += timedelta(minutes=15)
    asked = desk.tasks("uncertain_message", "open")
    requests = len(desk.asked())
    assert (len(asked), requests, len(sandbox.messages())) == (count, count, 0)

    # The provider is back, and its log has none of them.
    sandbox.clear_faults()
    for task in asked:
        ref = next(ref for ref, message in messages.items() if message == task.communication_id)
        invoice = ref.replace("C-", "F-")
        desk.tell(CaseSignal.TASK_COMPLETED, invoice, task_id=task.id, outcome="not_sent")
        desk.review(invoice)
        (again,) = desk.prepare(ref).send
        assert desk.send(again).outcome == "sent"
    taken = deliveries(sandbox.messages())
    assert (len(taken), set(taken.values())) == (count, {1})
    tell(
        "503 for an hour",
        due=count,
        requests_meanwhile=requests,
        left_meanwhile=0,
        people_asked=len(asked),
        left_once_answered=len(taken),
        doubled=sum(taken.values()) - len(taken),
        lost=count - len(taken),
    )
