"""A formal notice from its draft to the postman: the bytes approved are the bytes that leave, once."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader
from sqlalchemy import Engine
from sqlmodel import select

import activities.letters
from activities.channels.outcomes import Outcome, Uncertain
from activities.channels.sendgrid_email import Attachment, Email
from activities.envelope import MAX_FILES_BYTES, Envelope, TooLarge, fetch, fetch_files, keep
from activities.providers import Providers
from activities.settings import Sending
from activities.store.customers import customer_by_ref, set_address, stop_contact
from activities.store.engine import transaction
from activities.store.rates import enter_rate
from admin.sandbox import SandboxServer
from models.ids import CaseSignal
from models.messages import Prepared
from models.tables import Communication, ContactMade, Content, LetterPosting, Task
from models.tables.words import TaskKind, TaskStatus
from rules.facts import Role, StopReason
from rules.interest import Series
from tests.integration.sending.desk import NOW, Desk, settings_for

pytestmark = pytest.mark.integration

DUE = date(2026, 1, 9)
"""Sixty days before: its formal notice is due."""


def drafted(desk: Desk, *numbers: str) -> Task:
    """A notice about these invoices (F-1, if none is named) that waits for approval; the task."""
    for number in numbers or ("F-1",):
        desk.invoice(number, due=DUE, last=("phone_call", date(2026, 2, 20)))
    return compose(desk)


def compose(desk: Desk) -> Task:
    """One pass: what it opens."""
    for number in desk.invoices:
        desk.review(number)
    assert desk.prepare().send == ()
    return desk.tasks(TaskKind.APPROVAL, TaskStatus.OPEN)[-1]


def approved(desk: Desk, *numbers: str) -> Prepared:
    """A notice that was approved, and the pass that lets it leave."""
    desk.done(drafted(desk, *numbers), "approved")
    return desk.prepare()


def letter_and_copy(desk: Desk) -> tuple[Communication, Communication]:
    """The last letter and its copy."""
    *_, letter, copy = desk.messages()
    assert (letter.channel, copy.channel, copy.kind) == ("letter", "email", "notice_copy")
    return letter, copy


def pages(desk: Desk, message: UUID) -> bytes:
    """The stored PDF of a message."""
    with transaction(desk.engine) as session:
        (file,) = fetch_files(session, fetch(session, session.get_one(Communication, message).content_hash))
        return file.content


def made(desk: Desk) -> ContactMade:
    """The last contact composed."""
    return desk.contact(letter_and_copy(desk)[0].id)


# ------------------------------------------------------------------ draft and approval


def test_a_draft_keeps_the_pages_and_the_copy_and_nothing_leaves(desk: Desk) -> None:
    task = drafted(desk, "F-1", "F-2")
    letter, copy = letter_and_copy(desk)
    assert {letter.status, copy.status} == {"planned"}
    assert (copy.to_address, copy.cc) == ("compta@c-1.example", [])
    stored = desk.envelope(letter.id).attachments
    assert stored == desk.envelope(copy.id).attachments
    (file,) = stored
    assert (file.name, file.media_type) == ("mise-en-demeure-C-1-2026-03-10.pdf", "application/pdf")
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pages(desk, letter.id))).pages)
    assert "F-1" in text
    assert "F-2" in text
    assert "10 mars 2026" in text
    assert "(2 × 40,00" in re.sub(r"\s", " ", text)
    assert (task.status, made(desk).status) == ("open", "draft")
    assert desk.tasks(TaskKind.REGISTERED_LETTER) == []
    assert desk.asked() == []
    assert desk.prepare() == Prepared()


def test_approved_the_letter_is_done_and_exactly_the_approved_copy_leaves(desk: Desk) -> None:
    task = drafted(desk, "F-1", "F-2")
    letter, copy = letter_and_copy(desk)
    read, bytes_read = desk.envelope(copy.id), pages(desk, letter.id)
    desk.clock.at += timedelta(days=2, hours=1)
    desk.done(task, "approved")
    prepared = desk.prepare()
    assert (prepared.send, prepared.again, prepared.step) == ((copy.id,), True, "formal_notice")
    # The letter left when it was approved, whatever becomes of its copy.
    assert (made(desk).status, made(desk).on_day) == ("by_hand", date(2026, 3, 12))
    assert desk.items(letter.id) == {"F-1": True, "F-2": True}
    assert desk.send(copy.id).outcome == "sent"
    (left,) = desk.asked()
    assert (left.subject, left.text, left.html) == (read.subject, read.text, read.html)
    (attachment,) = left.attachments
    found = desk.sandbox.store.attachment(left.id, attachment.position)
    assert found is not None
    assert (found[0].filename, found[0].content_type) == (
        "mise-en-demeure-C-1-2026-03-10.pdf",
        "application/pdf",
    )
    assert found[1] == bytes_read == pages(desk, copy.id)
    assert desk.prepare() == Prepared()
    assert len(desk.asked()) == 1


def test_one_task_asks_the_collector_to_post_it_and_says_how(desk: Desk) -> None:
    approved(desk, "F-1", "F-2")
    desk.prepare()
    (task,) = desk.tasks(TaskKind.REGISTERED_LETTER)
    assert (task.status, task.assignee_email) == ("open", "claire@acme.example")
    assert (task.opened_on, task.due_on) == (NOW.date(), date(2026, 3, 11))
    name = str(task.id)[:8]
    for words in (
        f"relance task {name} --save letter.pdf",
        f"relance done {name} posted --number",
        "No postal address is known here",
        "An e-mail copy with the pages goes to compta@c-1.example.",
    ):
        assert words in task.body, words


def test_without_anybody_to_copy_only_the_letter_leaves_and_the_task_says_so(desk: Desk) -> None:
    desk.customer(email=None)
    desk.person("C-1", Role.EXECUTIVE, "direction@c-1.example")
    prepared = approved(desk)
    assert prepared.send == ()
    (letter,) = desk.messages()
    assert (letter.status, letter.to_address) == ("sent", "direction@c-1.example")
    (task,) = desk.tasks(TaskKind.REGISTERED_LETTER)
    assert "No e-mail copy goes out" in task.body


def test_a_payment_withdraws_it_and_its_pages_are_written_anew(desk: Desk) -> None:
    first = drafted(desk)
    before = pages(desk, letter_and_copy(desk)[0].id)
    desk.clock.at += timedelta(minutes=1)
    desk.pay("F-1", "200.00")
    second = compose(desk)
    assert second.id != first.id
    assert [m.status for m in desk.messages()] == ["withdrawn", "withdrawn", "planned", "planned"]
    after = pages(desk, letter_and_copy(desk)[0].id)
    text = re.sub(r"\s", " ", "".join(p.extract_text() for p in PdfReader(io.BytesIO(after)).pages))
    assert after != before
    # 60 days at 12.15 % on 1,200.00: what came today lessens the interest from tomorrow on.
    assert "Principal 1 000,00 € Pénalités de retard arrêtées au 10 mars 2026 23,97 €" in text
    assert "Total réclamé 1 063,97 €" in text
    assert "1 263,97" not in text


def test_without_a_rate_the_letter_leaves_without_the_sum_and_the_rate_is_asked_for_once(desk: Desk) -> None:
    desk.clock.at = datetime(2030, 3, 12, 9, 0, tzinfo=UTC)
    drafted(desk, "F-1", "F-2")
    text = "".join(
        page.extract_text() for page in PdfReader(io.BytesIO(pages(desk, letter_and_copy(desk)[0].id))).pages
    )
    assert "décomptées séparément" in re.sub(r"\s+", " ", text)
    (task,) = desk.tasks(TaskKind.REFERENCE_RATE)
    assert "relance rates add ecb 2027-1 PERCENT" in task.body
    with transaction(desk.engine) as session:
        enter_rate(session, Series.ECB, date(2027, 1, 1), Decimal("2.00"), "the ECB", desk.clock.at, "test")
    (task,) = desk.tasks(TaskKind.REFERENCE_RATE)
    assert task.status == "done"


def test_an_address_recorded_meanwhile_is_on_the_pages_composed_again(desk: Desk) -> None:
    drafted(desk)
    desk.clock.at += timedelta(minutes=1)
    with transaction(desk.engine) as session:
        row = customer_by_ref(session, "acme", "C-1")
        set_address(session, row, ["ZI des Paluds", " ", "13400  Aubagne"], NOW, "test")
    compose(desk)
    text = PdfReader(io.BytesIO(pages(desk, letter_and_copy(desk)[0].id))).pages[0].extract_text()
    assert "ZI des Paluds\n13400 Aubagne" in text
    desk.done(desk.tasks(TaskKind.APPROVAL, TaskStatus.OPEN)[0], "approved")
    desk.prepare()
    (task,) = desk.tasks(TaskKind.REGISTERED_LETTER)
    assert "To: Client C-1, ZI des Paluds, 13400 Aubagne." in task.body


# ------------------------------------------------------------------ the copy that cannot leave


def copy_task(desk: Desk) -> Task:
    """What asks about the copy; the letter itself stands."""
    assert made(desk).status == "by_hand"
    assert all(desk.items(letter_and_copy(desk)[0].id).values())
    (task,) = desk.tasks(TaskKind.NOTICE_COPY)
    assert "The letter itself stands" in task.body
    assert desk.tasks(TaskKind.DELIVERY_FAILED) == []
    assert desk.prepare() == Prepared()
    return task


def test_a_fact_before_the_copy_leaves_holds_it_back(desk: Desk) -> None:
    (copy,) = approved(desk).send
    desk.pay("F-1", "200.00")
    assert desk.send(copy).outcome == "stale"
    assert desk.message(copy).status == "withdrawn"
    assert "a fact it quotes changed" in copy_task(desk).body
    assert desk.asked() == []


def test_paid_in_full_before_the_copy_leaves_nobody_is_asked_anything(desk: Desk) -> None:
    (copy,) = approved(desk).send
    desk.pay("F-1")
    desk.review("F-1")
    assert desk.send(copy).outcome == "stale"
    assert desk.tasks(TaskKind.NOTICE_COPY) == []
    # Nor is the letter to be posted any more.
    assert [t.status for t in desk.tasks(TaskKind.REGISTERED_LETTER)] == ["withdrawn"]
    assert desk.asked() == []


def test_past_the_hours_the_copy_stays_here(desk: Desk) -> None:
    (copy,) = approved(desk).send
    desk.clock.at = NOW.replace(hour=17, minute=30)
    assert desk.send(copy).outcome == "out_of_hours"
    assert "the hours closed" in copy_task(desk).body


def test_a_refused_copy_leaves_the_letter_as_it_is(desk: Desk) -> None:
    (copy,) = approved(desk).send
    desk.sandbox.add_fault("status", status=400, times=1)
    assert desk.send(copy).outcome == "failed"
    copy_task(desk)


def test_a_copy_nobody_is_sure_of_is_asked_about_and_never_sent_again(desk: Desk) -> None:
    (copy,) = approved(desk).send

    class Broken:
        def send(self, email: Email) -> Outcome:
            return Uncertain("no answer")

    assert desk.send(copy, providers=Providers(email=Broken())).outcome == "uncertain"
    (task,) = desk.tasks(TaskKind.UNCERTAIN_MESSAGE)
    desk.done(task, "not_sent")
    assert made(desk).status == "by_hand"
    assert all(desk.items(letter_and_copy(desk)[0].id).values())
    assert desk.prepare() == Prepared()
    assert desk.asked() == []


# ------------------------------------------------------------------ crashes


def test_a_worker_that_dies_while_concluding_leaves_nothing_half_done(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.done(drafted(desk), "approved")

    def dies(*_: Any, **__: Any) -> list[int]:
        raise OSError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(activities.letters, "conclude", dies)
        with pytest.raises(OSError, match="killed"):
            desk.prepare()
    assert {m.status for m in desk.messages()} == {"planned"}
    assert desk.tasks(TaskKind.REGISTERED_LETTER) == []
    (copy,) = desk.prepare().send
    assert desk.send(copy).outcome == "sent"
    assert len(desk.tasks(TaskKind.REGISTERED_LETTER)) == 1


def test_a_worker_that_dies_after_concluding_leaves_a_copy_the_next_pass_sends_once(desk: Desk) -> None:
    (copy,) = approved(desk).send
    # Its answer was lost: Temporal asks again, perhaps another worker, perhaps twice.
    for _ in range(2):
        again = desk.prepare()
        assert (again.send, again.again) == ((copy,), True)
    assert len(desk.tasks(TaskKind.REGISTERED_LETTER)) == 1
    assert desk.send(copy).outcome == "sent"
    assert desk.send(copy).outcome == "sent"
    assert len(desk.asked()) == 1
    assert desk.prepare() == Prepared()


def test_a_worker_that_dies_in_the_call_leaves_it_uncertain(desk: Desk) -> None:
    (copy,) = approved(desk).send

    class Dies:
        def send(self, email: Email) -> Outcome:
            raise OSError("killed")

    with pytest.raises(OSError, match="killed"):
        desk.send(copy, providers=Providers(email=Dies()))
    assert desk.message(copy).status == "sending"
    assert desk.prepare().send == (copy,)
    assert desk.send(copy).outcome == "uncertain"
    assert len(desk.tasks(TaskKind.UNCERTAIN_MESSAGE)) == 1
    assert made(desk).status == "by_hand"
    assert desk.asked() == []


# ------------------------------------------------------------------ the sending switch


def test_off_an_approved_letter_would_have_left_and_counts_as_nothing(
    engine: Engine, sandbox: SandboxServer
) -> None:
    desk = Desk(engine, sandbox, settings_for(sandbox.url, sending=Sending.OFF))
    task = drafted(desk)
    desk.clock.at += timedelta(days=2)
    desk.done(task, "approved")
    prepared = desk.prepare()
    letter, copy = letter_and_copy(desk)
    assert prepared.send == ()
    assert (letter.status, letter.error) == ("withheld", "RELANCE_SENDING=off")
    assert (copy.status, made(desk).status) == ("withdrawn", "withheld")
    assert desk.items(letter.id) == {"F-1": False}
    assert desk.tasks(TaskKind.REGISTERED_LETTER) == []
    # Like every withheld message it waits for the next day, although it was composed two days before.
    view = desk.review("F-1")
    assert (view.state, view.next_step) == ("withheld", "formal_notice")
    assert desk.prepare() == Prepared()
    assert len(desk.messages()) == 2
    # Live, it is composed and asked for anew: what was withheld may be old.
    desk.settings = settings_for(sandbox.url)
    second = compose(desk)
    desk.done(second, "approved")
    (copy_id,) = desk.prepare().send
    assert desk.send(copy_id).outcome == "sent"
    assert desk.contact(copy_id).status == "by_hand"


def test_an_allowlist_withholds_a_copy_whose_reader_it_does_not_name(
    engine: Engine, sandbox: SandboxServer
) -> None:
    listed = settings_for(sandbox.url, sending=Sending.ALLOWLIST, allowlist=("direction@c-1.example",))
    desk = Desk(engine, sandbox, listed)
    desk.invoice("F-1", due=DUE, last=("phone_call", date(2026, 2, 20)))
    desk.person("C-1", Role.EXECUTIVE, "direction@c-1.example")
    desk.done(compose(desk), "approved")
    (copy,) = desk.prepare().send
    assert desk.send(copy).outcome == "withheld"
    assert "RELANCE_SENDING=allowlist" in copy_task(desk).body
    assert desk.asked() == []


# ------------------------------------------------------------------ stops, and what files weigh


def test_contact_that_stops_takes_back_a_letter_not_yet_posted(desk: Desk) -> None:
    approved(desk)
    with transaction(desk.engine) as session:
        row = customer_by_ref(session, "acme", "C-1")
        stop_contact(session, row, StopReason.LAWYER, NOW, "test")
    (task,) = desk.tasks(TaskKind.REGISTERED_LETTER)
    assert (task.status, task.outcome) == ("withdrawn", "represented_by_lawyer")


def test_insolvency_leaves_the_task_of_a_letter_already_posted(desk: Desk) -> None:
    approved(desk)
    (task,) = desk.tasks(TaskKind.REGISTERED_LETTER)
    posted = {"outcome": "posted", "tracking_number": "RK 1"}
    desk.tell(CaseSignal.TASK_COMPLETED, "F-1", task_id=task.id, **posted)
    desk.tell(CaseSignal.INSOLVENCY_OPENED, "F-1")
    assert [t.status for t in desk.tasks(TaskKind.REGISTERED_LETTER)] == ["open"]
    with transaction(desk.engine) as session:
        assert session.exec(select(LetterPosting.tracking_number)).all() == ["RK 1"]


def test_files_of_a_message_are_kept_once_and_weigh_ten_megabytes_at_most(desk: Desk) -> None:
    envelope = Envelope(channel="email", to_address="a@b.example", text="x")
    small = Attachment("a.pdf", "application/pdf", b"%PDF")
    half = Attachment("b.bin", "application/octet-stream", b"\0" * (MAX_FILES_BYTES // 2))
    with transaction(desk.engine) as session:
        digest = keep(session, envelope, (small, replace(small, name="b.pdf")))
        assert keep(session, envelope, (small, replace(small, name="b.pdf"))) == digest
        stored = fetch(session, digest)
        assert [file.name for file in stored.attachments] == ["a.pdf", "b.pdf"]
        assert {file.hash for file in stored.attachments} == {stored.attachments[0].hash}
        assert [file.content for file in fetch_files(session, stored)] == [b"%PDF", b"%PDF"]
        assert len(session.exec(select(Content)).all()) == 2
        keep(session, envelope, (half, replace(half, name="c.bin")))
        with pytest.raises(TooLarge, match=r"attachments: 10\.0 MB together.*at most 10 MB"):
            keep(session, envelope, (half, replace(half, name="c.bin"), small))


def test_envelopes_written_before_files_existed_are_read(desk: Desk) -> None:
    body = b'{"channel":"email","to_address":"a@b.example","cc":[],"text":"x"}'
    digest = hashlib.sha256(body).hexdigest()
    with transaction(desk.engine) as session:
        session.add(Content(hash=digest, media_type="application/vnd.relance.message+json", body=body))
        session.flush()
        found = fetch(session, digest)
        assert (found.text, found.attachments, fetch_files(session, found)) == ("x", (), ())
