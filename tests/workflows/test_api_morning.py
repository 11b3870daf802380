"""A collector's morning over HTTP, on skipped time: each thing told, and what its case then did."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from temporalio.client import Client

from activities.clock import Clock
from activities.outbox import Courier
from activities.store.engine import transaction
from models.tables import OutboxNote, Task
from models.tables.words import TaskKind, TaskStatus
from tests.workflows.api_desk import ApiDesk, api_desk
from tests.workflows.world import World, world
from workflows.runtime import DATA_CONVERTER

pytestmark = [pytest.mark.integration]

DUE = "2026-05-28"
"""Five days before the morning: the first reminder goes out that day at 09:30."""

ALL = (
    "PAID", "PART", "CLAIM", "DISPUTE", "PROMISE", "PLAN", "PAUSE", "HOLD", "STOP", "CLOSE", "MOVED", "PLAIN",
)  # fmt: skip


async def test_a_collectors_morning(engine: Engine) -> None:
    async with world(engine, datetime(2026, 6, 1, 22, 0, tzinfo=UTC)) as it, api_desk(it) as desk:
        it.approve_at_once = False
        for number in ALL:
            await desk.invoice(number, DUE)
        await desk.invoice("CALL", "2026-05-30", policy="key_account")
        await desk.invoice(
            "NOTICE", "2026-05-13", policy="strict", last_step="reminder_2", last_contacted_on="2026-05-26"
        )
        await it.day("2026-06-02", 8, 30)
        await _before_the_post(desk)
        await it.day("2026-06-02", 9, 31)
        await _what_left_at_half_past_nine(desk)
        await _calls_and_approvals(it, desk)
        await _later(it, desk)


async def _before_the_post(desk: ApiDesk) -> None:
    """At half past eight: what the bank, the customers and the colleagues say."""
    full = {"amount": "100.00", "currency": "EUR"}
    assert (await desk.tell("PAID", "payments", **full, event_id="bank-1"))["state"] == "closed"
    assert (await desk.status("PAID")).closed
    assert (await desk.tell("PART", "payments", amount="40.00", currency="EUR"))["outstanding"] == "60.00"
    assert str((await desk.status("PART")).outstanding) == "60.00"
    assert (await desk.tell("CLAIM", "claims", paid_on="2026-06-01"))["paused_by"] == "claimed_paid"
    assert (await desk.status("CLAIM")).paused_by == "claimed_paid"
    assert (await desk.tell("DISPUTE", "disputes", cause="price", event_id="d-1"))["paused_by"] == "dispute"
    assert (await desk.status("DISPUTE")).paused_by == "dispute"
    assert (await desk.tell("PROMISE", "promises", promised_on="2026-06-05"))["paused_by"] == "promise"
    assert (await desk.status("PROMISE")).paused_by == "promise"
    halves = [{"due_on": day, "amount": "50.00"} for day in ("2026-06-12", "2026-07-12")]
    assert (await desk.tell("PLAN", "plans", instalments=halves, event_id="p-1"))["paused_by"] == "plan"
    assert (await desk.status("PLAN")).paused_by == "plan"
    assert (await desk.tell("PAUSE", "pauses", reason="audit"))["paused_by"] == "pause"
    assert (await desk.status("PAUSE")).paused_by == "pause"
    hold = await desk.ask("POST", "customers/C-HOLD/delivery-holds", {"invoices": ["HOLD"]})
    assert len(hold["customer"]["delivery_holds"]) == 1
    stop = {"reason": "represented_by_lawyer"}
    assert (await desk.ask("POST", "customers/C-STOP/contact-stops", stop))["lawyer_since"] == "2026-06-02"
    assert (await desk.status("STOP")).next_step is None
    assert (await desk.tell("CLOSE", "closing", reason="written off"))["state"] == "closed"
    assert (await desk.status("CLOSE")).closed
    moved = await desk.tell("MOVED", "policy", policy="small_amounts")
    assert (moved["next_step"], moved["next_on"]) == ("reminder_1", "2026-06-04")
    assert (await desk.status("MOVED")).policy.startswith("small_amounts@")


async def _what_left_at_half_past_nine(desk: ApiDesk) -> None:
    """One reminder each to those about whom nothing was told, with what was told of the others in it."""
    assert {number: len(desk.letters(number)) for number in ALL} == {
        **dict.fromkeys(ALL, 0),
        "PART": 1,
        "HOLD": 1,
        "PLAIN": 1,
    }
    by_address = {m.recipients[0]: m for m in desk.world.sandbox.messages()}
    assert "60,00" in (by_address["compta@part.example"].text or "")
    assert "100,00" in (by_address["compta@plain.example"].text or "")
    told = [m for m in desk.world.sandbox.messages() if "sam@acme.example" in m.recipients]
    assert any("HOLD" in (m.text or "") for m in told), "the sales representative is told of the hold"


async def _calls_and_approvals(it: World, desk: ApiDesk) -> None:
    (call,) = _open(it, TaskKind.PHONE_CALL)
    said = {"outcome": "promise", "promised_on": "2026-06-12", "note": "their payment run"}
    done = await desk.ask("POST", f"tasks/{call.id}/completion", said)
    assert done["task"]["status"] == "done"
    assert [case["paused_by"] for case in done["task"]["cases"]] == ["promise"]
    assert (await desk.status("CALL")).paused_by == "promise"
    (approval,) = _open(it, TaskKind.APPROVAL)
    assert desk.letters("NOTICE") == []
    await desk.ask("POST", f"approvals/{approval.id}/approval", {})
    await desk.status("NOTICE")
    (letter,) = [line for line in it.told() if "formal_notice" in line]
    assert letter.startswith("2026-06-02 09:3")
    assert letter.endswith("formal_notice letter NOTICE")
    await desk.ask("POST", f"approvals/{approval.id}/refusal", {"reason": "too late"}, 409)


async def _later(it: World, desk: ApiDesk) -> None:
    """What the day's second half and the days after bring about."""
    back = await desk.tell("PAID", "payments/bank-1/reversal")
    assert (back["state"], back["outstanding"]) == ("due", "100.00")
    assert not (await desk.status("PAID")).closed
    assert len(desk.letters("PAID")) == 1, "a returned payment reopens the case, and its reminder is due"
    over = await desk.tell("DISPUTE", "disputes/d-1/resolution", credited="20.00")
    assert (over["outstanding"], over["next_on"]) == ("80.00", "2026-06-08")
    resumed = await desk.tell("PAUSE", "resumption")
    assert resumed["next_on"] == "2026-06-08"
    cancelled = await desk.tell("PLAN", "plans/p-1/cancellation")
    assert cancelled["next_on"] == "2026-06-08"
    await it.day("2026-06-08", 9, 31)
    for number in ("DISPUTE", "PAUSE", "PLAN"):
        assert len(desk.letters(number)) == 1, number
    assert _open(it, TaskKind.CLAIM_NOT_FOUND), "the bank does not show it three business days later"
    await it.day("2026-06-10", 9, 31)
    assert _open(it, TaskKind.BROKEN_PROMISE)
    assert (await desk.status("PROMISE")).paused_by is None
    assert not desk.letters("STOP")
    assert not desk.letters("CLOSE")


def _open(it: World, kind: TaskKind) -> list[Task]:
    return it.tasks(kind, TaskStatus.OPEN)


class _AMinuteOn(Clock):
    """A machine's clock after any lease and any wait before the next try."""

    def wall(self) -> datetime:
        """A minute from now."""
        return super().wall() + timedelta(minutes=1)


def _waiting(engine: Engine) -> list[UUID]:
    """Whom the notes are for that were not delivered."""
    with transaction(engine) as session:
        return list(session.exec(select(OutboxNote.key)))


async def test_what_is_told_while_temporal_is_down_is_recorded_and_told_later(engine: Engine) -> None:
    async with world(engine, datetime(2026, 6, 1, 22, 0, tzinfo=UTC)) as it, api_desk(it) as desk:
        await desk.invoice("F-1", DUE)
        assert (await desk.status("F-1")).next_step == "reminder_1"
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            host, port = nobody.getsockname()
        # Nothing listens there any more: every call is refused.
        down = await Client.connect(f"{host}:{port}", lazy=True, data_converter=DATA_CONVERTER)
        desk.deliver_by(Courier(engine, down, asyncio.get_running_loop(), it.clock))
        began = asyncio.get_running_loop().time()
        paid = await desk.tell("F-1", "payments", amount="100.00", currency="EUR")
        assert asyncio.get_running_loop().time() - began < 30
        assert paid["state"] == "closed"
        assert _waiting(engine) == [it.invoices["F-1"]]
        assert not (await desk.status("F-1")).closed
        # A relay, once nobody else can have the note any more.
        relay = Courier(engine, it.env.client, asyncio.get_running_loop(), _AMinuteOn())
        assert await relay.sweep() == 1
        assert (await desk.status("F-1")).closed
        assert _waiting(engine) == []
