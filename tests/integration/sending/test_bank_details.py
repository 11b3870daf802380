"""Bank details change: what waits is composed again, managers are told, and only then is it in force."""

from __future__ import annotations

from datetime import timedelta
from typing import cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from temporalio.exceptions import ApplicationError

from activities.doubts import Cleared
from activities.payment_details import (
    apply_change,
    approve_change,
    ask_change,
    cancel_change,
    due_changes,
    manager_named,
    managers,
)
from activities.store.engine import transaction
from admin.queries.proof import get_proof
from models.errors import Conflict, InvalidFact
from models.messages import NoticesNow, Prepared, SendInput
from models.tables import Communication, Company, OutboxNote, Staff
from tests.integration.sending.desk import Desk, settings_for
from tests.integration.sending.ear import Ear
from tests.integration.sending.turns import emails

pytestmark = pytest.mark.integration

OLD, NEW = "FR7630006000011234567890189", "DE89370400440532013000"
NADIA, HUGO = "nadia@acme.example", "hugo@acme.example"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """With two managers beside the one who signs, a collector, and a manager of another company."""
    with transaction(desk.engine) as session:
        other = Company(id=uuid4(), ref="other", name="Other", country="FR")
        session.add(other)
        session.flush()
        for email, role, company in (
            (NADIA, "credit_manager", desk.company_id),
            (HUGO, "credit_manager", None),
            ("claire@acme.example", "collector", desk.company_id),
            ("boss@other.example", "credit_manager", other.id),
        ):
            session.add(Staff(id=uuid4(), company_id=company, email=email, name=email, role=role))
    return desk


def ask(desk: Desk, who: str = NADIA, **after: str | None) -> UUID:
    with transaction(desk.engine) as session:
        company = session.get_one(Company, desk.company_id)
        return ask_change(session, company, after or {"iban": NEW}, desk.clock.at, who)[0].id


def approve(desk: Desk, change: UUID, who: str = HUGO) -> None:
    with transaction(desk.engine) as session:
        company = session.get_one(Company, desk.company_id)
        approve_change(session, company, change, desk.clock.at, who)


def sweep(desk: Desk) -> int:
    """What each round of a worker's sweeper does; how many changes took effect."""
    with transaction(desk.engine) as session:
        return sum(
            apply_change(session, change, desk.clock.at) for change in due_changes(session, desk.clock.at)
        )


def tell_managers(desk: Desk) -> list[str]:
    """One run of the company's notices; the outcomes."""
    waiting = cast(Prepared, desk.call(3, NoticesNow(company_id=desk.company_id)))
    return [desk.call(2, SendInput(communication_id=each)).outcome for each in waiting.send]


def test_until_it_is_in_force_messages_carry_the_old_and_then_the_new_with_a_word(desk: Desk) -> None:
    desk.invoice("F-1")
    approve(desk, ask(desk))
    before = desk.envelope(desk.due())
    assert "FR76 3000 6000 0112 3456 7890 189" in before.text
    assert "n’ont pas changé" in before.text
    desk.clock.at += timedelta(hours=24)
    assert sweep(desk) == 1
    assert sweep(desk) == 0
    desk.invoice("F-2", customer="C-2")
    after = desk.envelope(desk.due("C-2"))
    assert "DE89 3704 0044 0532 0130 00" in after.text
    assert "FR76" not in after.text
    assert "ont changé le 11 mars 2026" in " ".join(after.text.split())


def test_a_message_that_waits_for_its_turn_does_not_leave_with_the_old(desk: Desk) -> None:
    desk.settings = settings_for(desk.sandbox.url, email_per_second=0.001)
    first, second = emails(desk, 2)
    desk.send(first)
    approve(desk, ask(desk))
    with pytest.raises(ApplicationError):
        desk.send(second)
    with transaction(desk.engine) as session:
        # As if it had been asked for yesterday: its time comes while today's hours last.
        session.connection().execute(
            text(
                "UPDATE payment_details_change SET asked_at = asked_at - interval '1 day', "
                "effective_at = effective_at - interval '1 day'"
            )
        )
    assert sweep(desk) == 1
    assert desk.send(second).outcome == "stale"
    assert len(desk.asked()) == 1


def test_every_manager_is_told_at_each_step_and_nobody_else(desk: Desk) -> None:
    everybody = [HUGO, "manager@acme.example", NADIA]
    with transaction(desk.engine) as session:
        company = session.get_one(Company, desk.company_id)
        assert sorted(address for address, _ in managers(session, company)) == everybody
    change = ask(desk)
    assert tell_managers(desk) == ["sent"] * 3
    assert tell_managers(desk) == []
    approve(desk, change)
    assert tell_managers(desk) == ["sent"] * 3
    desk.clock.at += timedelta(hours=24)
    sweep(desk)
    assert tell_managers(desk) == ["sent"] * 3
    sent = desk.asked()
    assert sorted({message.to[0].address for message in sent}) == everybody
    subjects = [message.subject for message in sent[::3]]
    assert [subject.split()[0] for subject in subjects if subject] == ["À", "Changement", "Nouvelles"]
    # Whoever reads over a shoulder cannot pay there.
    assert not [message for message in sent if message.text and (NEW in message.text.replace(" ", ""))]
    with transaction(desk.engine) as session:
        notes = session.exec(select(OutboxNote.workflow).where(col(OutboxNote.key) == desk.company_id)).all()
    assert notes == ["notices"] * 3


def test_a_notice_nobody_is_sure_of_is_not_sent_again(desk: Desk) -> None:
    ask(desk)
    desk.sandbox.add_fault("accept_then_drop", times=1)
    assert sorted(tell_managers(desk)) == ["sent", "sent", "uncertain"]
    assert tell_managers(desk) == []
    assert desk.journal("message_uncertain") == 1
    assert len(desk.asked()) == 3


def test_what_proves_a_notice_counts_and_nobody_is_asked(ear: Ear, desk: Desk) -> None:
    ask(desk)
    desk.sandbox.add_fault("accept_then_drop", times=1)
    tell_managers(desk)
    doubted, sent = (
        next(message for message in desk.messages() if message.status == status).id
        for status in ("uncertain", "sent")
    )
    desk.clock.at += timedelta(hours=2)
    assert ear.sweep() == Cleared()
    ear.sendgrid([ear.event(doubted, "delivered"), ear.event(sent, "bounce")])
    assert [ear.kept(each) for each in (doubted, sent)] == [["delivered"], ["bounce"]]
    assert desk.message(doubted).status == "sent"
    assert desk.journal("message_proved") == 1
    assert desk.tasks() == []
    with transaction(desk.engine) as session:
        proof = get_proof(session, desk.company_id, doubted).proof
    assert (proof.customer, proof.status) == (None, "sent")
    assert {line.what for line in proof.journal} == {"message_uncertain", "message_proved"}


def test_one_person_is_not_two(desk: Desk) -> None:
    change = ask(desk)
    with pytest.raises(InvalidFact, match="whoever asked"):
        approve(desk, change, " NADIA@acme.example")
    with pytest.raises(IntegrityError, match="two_people"), transaction(desk.engine) as session:
        session.connection().execute(
            text("UPDATE payment_details_change SET approved_by = asked_by, approved_at = asked_at")
        )
    with transaction(desk.engine) as session:
        company = session.get_one(Company, desk.company_id)
        assert manager_named(session, company, "NADIA@acme.example") == NADIA
        for stranger in ("claire@acme.example", "boss@other.example", "x@y.example"):
            with pytest.raises(InvalidFact, match="no manager of acme"):
                manager_named(session, company, stranger)


def test_no_door_writes_it_before_its_day(desk: Desk) -> None:
    approve(desk, ask(desk))
    for sql in (
        "UPDATE payment_details_change SET effective_at = asked_at + interval '23 hours'",
        "UPDATE payment_details_change SET status = 'applied', applied_at = asked_at",
    ):
        with pytest.raises(IntegrityError), transaction(desk.engine) as session:
            session.connection().execute(text(sql))


def test_cancelled_at_the_last_moment_it_does_not_take_effect(desk: Desk) -> None:
    change = ask(desk)
    approve(desk, change)
    desk.clock.at += timedelta(hours=24)
    with transaction(desk.engine) as session:
        due = due_changes(session, desk.clock.at)
    with transaction(desk.engine) as session:
        company = session.get_one(Company, desk.company_id)
        cancel_change(session, company, change, desk.clock.at, "manager@acme.example")
    with transaction(desk.engine) as session:
        assert [apply_change(session, each, desk.clock.at) for each in due] == [False]
        assert session.get_one(Company, desk.company_id).iban == OLD
    ask(desk)


def test_one_change_at_a_time(desk: Desk) -> None:
    first = ask(desk)
    assert ask(desk, who=HUGO) == first, "asking for the same again asks for nothing more"
    with pytest.raises(Conflict, match="under way"):
        ask(desk, iban=None)


def test_a_notice_is_shown_by_its_id_and_belongs_to_no_customer(desk: Desk) -> None:
    ask(desk)
    with transaction(desk.engine) as session:
        told = session.exec(select(Communication).where(Communication.kind == "bank_details_change")).all()
    assert {message.customer_id for message in told} == {None}
    with (
        pytest.raises(IntegrityError, match="communication_customer_check"),
        transaction(desk.engine) as session,
    ):
        session.connection().execute(text("UPDATE communication SET audience = 'debtor'"))
