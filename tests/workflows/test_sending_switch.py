"""`RELANCE_SENDING`: off, nothing leaves; on an allowlist, only to whom it names; going live is audited."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from activities.envelope import fetch
from activities.installation import record_sending
from activities.settings import Sending, Settings
from activities.store.engine import transaction
from models.messages import CaseView
from models.tables import AuditEvent, Communication, ContactItem
from tests.workflows.oracle import Debtor, live
from tests.workflows.world import World, world

pytestmark = [pytest.mark.integration, pytest.mark.slow]

START = datetime(2026, 2, 28, 22, 55, tzinfo=UTC)


def _one(ref: str) -> Debtor:
    return Debtor(ref).invoice("1200.00", "2026-03-31", issued="2026-03-01")


async def _switch(it: World, sending: Sending) -> None:
    """Move the switch as a worker does that starts with other settings; the relay delivers its notes.

    The worker is the same one: the skipped clock would wait for the task queue of one that has gone.
    """
    it.needs.settings.sending = sending
    assert record_sending(it.engine, it.needs.settings, await it.now())
    while await it.courier.sweep():
        pass


def _statuses(it: World, ref: str) -> list[str]:
    with transaction(it.engine) as session:
        return list(
            session.exec(
                select(Communication.status)
                .where(Communication.customer_id == it.customers[ref])
                .order_by(col(Communication.planned_at))
            )
        )


async def test_off_withholds_and_live_lets_it_leave(engine: Engine) -> None:
    debtor = _one("C-1")
    async with world(engine, START, sending=Sending.OFF) as it:
        record_sending(engine, it.needs.settings, START)
        await live(it, [debtor], "2026-03-31")

        # What would have left is there to be read; it counts as nothing.
        assert it.sandbox.messages() == []
        assert it.contacts() == []
        assert _statuses(it, "C-1") == ["withheld"]
        with transaction(engine) as session:
            withheld = session.exec(select(Communication)).one()
            assert "C-1/1" in fetch(session, withheld.content_hash).text
            assert not session.exec(select(ContactItem).where(col(ContactItem.concluded))).all()
        view = await it.handle("C-1/1").query("status", result_type=CaseView)
        assert view is not None
        assert (view.state, view.next_step, view.done) == ("withheld", "pre_reminder", ())

        await it.day("2026-03-31", 11)
        assert _statuses(it, "C-1") == ["withheld", "withheld"]
        await _switch(it, Sending.LIVE)
        # A minute later all that was told has been dealt with.
        await it.day("2026-03-31", 11, 1)
        assert it.told() == ["2026-03-31 11:00 pre_reminder email C-1/1"]
        assert [message.recipients for message in it.sandbox.messages()] == [("compta@c-1.example",)]
        with transaction(engine) as session:
            switched = session.exec(select(AuditEvent).order_by(col(AuditEvent.id))).all()
        assert [event.detail["to"] for event in switched] == ["off", "live"]


async def test_an_allowlist_lets_only_named_addresses_through(engine: Engine) -> None:
    def listed(settings: Settings) -> Settings:
        allowlist = ("compta@named.example", "@domain.example")
        return settings.model_copy(update={"sending": Sending.ALLOWLIST, "allowlist": allowlist})

    debtors = [_one("named"), _one("domain"), _one("stranger")]
    async with world(engine, START, tweak=listed) as it:
        await live(it, debtors, "2026-04-01")
        assert {address for m in it.sandbox.messages() for address in m.recipients} == {
            "compta@named.example",
            "compta@domain.example",
        }
        assert {contact.customer for contact in it.contacts()} == {"named", "domain"}
        assert set(_statuses(it, "stranger")) == {"withheld"}
        assert it.case("stranger/1").stage == "new"
