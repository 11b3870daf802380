"""An approved notice goes to the registered-mail provider: the approved bytes, once; then its receipt."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from activities import registered_mail
from activities.channels import file_drop
from activities.channels.file_drop import FileDrop
from activities.channels.registered import Product
from activities.envelope import stored_bytes
from activities.registered_mail import Posted, RegisteredPost
from activities.settings import Sending
from activities.store.customers import customer_by_ref, set_address, stop_contact
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from activities.store.suspensions import resume
from admin.proof import archive
from admin.queries.proof import get_proof
from admin.sandbox import SandboxServer
from models.ids import CaseSignal
from models.tables import Company, LetterPosting, RegisteredMailRow, RegisteredReceipt, Task
from models.tables.words import TaskKind, TaskStatus
from rules.facts import StopReason
from rules.facts import SuspensionScope as Scope
from tests.integration.sending.desk import NOW, Desk, Notes, settings_for
from tests.integration.sending.test_letters import DUE, approved, drafted, letter_and_copy, pages
from tests.integration.sending.test_suspended import stop

pytestmark = pytest.mark.integration

NOTHING = Posted()
PROOF = b"%PDF-1.4 acknowledgement of receipt"


class Post:
    """The desk's letters, and the folder they go through."""

    def __init__(self, desk: Desk, root: Path) -> None:
        self.desk, self.root = desk, root
        desk.settings = settings_for(
            desk.sandbox.url,
            sending=desk.settings.sending,
            allowlist=desk.settings.allowlist,
            registered_drop=root,
        )
        with transaction(desk.engine) as session:
            session.get_one(Company, desk.company_id).address = "1 rue Haute\n69001 Lyon"

    def at(self, *lines: str) -> None:
        """Where the customer's letters go; told before its notice is composed."""
        if "C-1" not in self.desk.customers:
            self.desk.customer()
        with transaction(self.desk.engine) as session:
            row = customer_by_ref(session, "acme", "C-1")
            set_address(session, row, list(lines or ("ZI des Paluds", "13400 Aubagne")), NOW, "test")

    def once(self, **settings: Any) -> Posted:
        """One round of a worker."""
        mine = self.desk.settings.model_copy(update=settings)
        return RegisteredPost(self.desk.engine, self.desk.clock, Notes(), mine, FileDrop(self.root)).once()

    def outgoing(self) -> list[dict[str, Any]]:
        """The manifests in the provider's reach."""
        found = sorted((self.root / "outgoing").glob("*.json"))
        return [cast(dict[str, Any], json.loads(path.read_text("utf-8"))) for path in found]

    def take_away(self) -> dict[str, Any]:
        """The provider empties its folder; the one letter it found."""
        (manifest,) = self.outgoing()
        for path in (self.root / "outgoing").iterdir():
            path.unlink()
        return manifest

    def tell(self, name: str, **told: Any) -> None:
        """The provider puts a receipt there."""
        (self.root / "receipts" / name).write_text(json.dumps(told))

    def task(self) -> Task:
        """The task about the letter."""
        (task,) = self.desk.tasks(TaskKind.REGISTERED_LETTER)
        return task

    def mail(self) -> RegisteredMailRow:
        """What is noted of the one letter."""
        with transaction(self.desk.engine) as session:
            return session.exec(select(RegisteredMailRow)).one()

    def posting(self) -> LetterPosting:
        """What is recorded of its posting."""
        with transaction(self.desk.engine) as session:
            return session.exec(select(LetterPosting)).one()


@pytest.fixture
def post(desk: Desk, tmp_path: Path) -> Post:
    found = Post(desk, tmp_path)
    found.at()
    return found


def test_exactly_the_approved_pages_are_handed_over_with_where_they_go(post: Post, desk: Desk) -> None:
    drafted(desk, "F-1", "F-2")
    read = pages(desk, letter_and_copy(desk)[0].id)
    assert post.once() == NOTHING, "nobody has approved it"
    desk.done(desk.tasks(TaskKind.APPROVAL, TaskStatus.OPEN)[0], "approved")
    (copy,) = desk.prepare().send
    assert desk.send(copy).outcome == "sent"
    assert post.once() == Posted(handed=1)
    (manifest,) = post.outgoing()
    assert (post.root / "outgoing" / manifest["file"]).read_bytes() == read
    assert manifest["sha256"] == hashlib.sha256(read).hexdigest() == post.mail().pages_hash
    assert (manifest["product"], manifest["pages"], manifest["reference"]) == (
        "LRAR",
        2,
        "acme/C-1/2026-03-10",
    )
    assert manifest["sender"] == {
        "name": "Acme",
        "lines": ["1 rue Haute", "69001 Lyon"],
        "country": "FR",
        "email": "compta@acme.example",
        "phone": "+33145678901",
    }
    assert manifest["recipient"] == {
        "name": "Client C-1",
        "attention": "Comptabilité",
        "lines": ["ZI des Paluds", "13400 Aubagne"],
        "country": "FR",
    }
    task = post.task()
    assert (task.status, task.due_on) == (TaskStatus.OPEN, date(2026, 3, 13))
    assert "Await the deposit" in task.title
    assert manifest["id"] in task.body
    assert "Do not post it yourself" in task.body
    post.take_away()
    assert post.once() == NOTHING
    assert post.outgoing() == []
    assert desk.journal("registered_letter_handed") == 1


def test_its_number_its_receipt_and_the_proof_come_back(post: Post, desk: Desk) -> None:
    approved(desk, "F-1", "F-2")
    post.once()
    letter = post.take_away()["id"]
    post.tell("1.json", id=letter, number="1A 234 567", deposited_on="2026-03-10")
    assert post.once() == Posted(recorded=1)
    assert (post.posting().tracking_number, post.posting().posted_on) == ("1A 234 567", date(2026, 3, 10))
    assert post.posting().posted_by == "registered mail"
    assert "Await the receipt" in post.task().title
    desk.clock.at += timedelta(days=3)
    (post.root / "receipts" / "ar.pdf").write_bytes(PROOF)
    told = {"id": letter, "number": "1A 234 567", "deposited_on": "2026-03-10", "delivered_on": "2026-03-12"}
    post.tell("2.json", **told, receipt="ar.pdf")
    assert post.once() == Posted(recorded=1)
    assert (post.posting().outcome, post.posting().received_on) == ("delivered", date(2026, 3, 12))
    assert (post.task().status, post.task().outcome) == (TaskStatus.DONE, "received")
    # Told once more, nothing is added; every case of the letter heard of it.
    post.tell("3.json", **told)
    assert post.once() == Posted(recorded=1)
    assert desk.journal("task_completed") == 3, "approved, posted, received"
    with transaction(desk.engine) as session:
        receipt = session.exec(select(RegisteredReceipt)).one()
        assert (receipt.mail_id, receipt.name) == (post.mail().id, "ar.pdf")
        assert stored_bytes(session, receipt.content_hash) == PROOF
    assert {number for number, signal in desk.notes() if signal == "task_completed"} == {"F-1", "F-2"}


def test_the_proof_of_the_letter_has_its_number_its_days_and_its_receipt(post: Post, desk: Desk) -> None:
    approved(desk)
    post.once()
    letter = post.take_away()["id"]
    desk.clock.at += timedelta(days=3)
    (post.root / "receipts" / "ar.pdf").write_bytes(PROOF)
    told = {"id": letter, "number": "1A 234 567", "deposited_on": "2026-03-10", "delivered_on": "2026-03-12"}
    post.tell("r.json", **told, receipt="ar.pdf")
    post.once()
    message = letter_and_copy(desk)[0]
    with transaction(desk.engine) as session:
        evidence = get_proof(session, desk.company_id, message.id)
    (posting,) = evidence.proof.postings
    assert (posting.number, posting.product, posting.provider_letter) == ("1A 234 567", "LRAR", letter)
    assert (posting.posted_on, posting.outcome, posting.ended_on) == (
        date(2026, 3, 10),
        "delivered",
        date(2026, 3, 12),
    )
    assert [line.what for line in evidence.proof.journal] == ["registered_letter_handed"]
    with zipfile.ZipFile(io.BytesIO(archive(evidence))) as packed:
        assert packed.read("receipts/01-ar.pdf") == PROOF
        page = packed.read("summary.txt").decode()
    assert "- 1A 234 567, LRAR, déposé le 10 mars 2026, distribué le 12 mars 2026" in page


def test_one_that_came_back_asks_for_the_address(post: Post, desk: Desk) -> None:
    approved(desk)
    post.once()
    letter = post.take_away()["id"]
    desk.clock.at += timedelta(days=20)
    told = {"id": letter, "number": "RK1", "deposited_on": "2026-03-11", "returned_on": "2026-03-28"}
    post.tell("r.json", **told, reason="unclaimed")
    assert post.once() == Posted(recorded=1)
    assert post.posting().outcome == "unclaimed"
    assert len(desk.tasks(TaskKind.FIND_ADDRESS, TaskStatus.OPEN)) == 1


def test_a_crash_between_each_two_steps_neither_loses_nor_doubles_it(
    post: Post, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved(desk)

    def killed(*_: Any, **__: Any) -> None:
        raise OSError("killed")

    # Before it is noted; after, inside the hand-over; then after the hand-over, before that is noted.
    for step, staged in (("stage", 0), ("release", 1)):
        with monkeypatch.context() as patch:
            patch.setattr(file_drop.FileDrop, step, killed)
            assert post.once() == NOTHING
        with transaction(desk.engine) as session:
            assert len(session.exec(select(RegisteredMailRow)).all()) == staged
        assert post.outgoing() == []
    with monkeypatch.context() as patch:
        patch.setattr(RegisteredPost, "_handed", killed)
        assert post.once() == NOTHING
    assert post.mail().state == "staged"
    # The provider was quick: nothing is left in the folder that could tell.
    post.take_away()
    assert post.once() == Posted(handed=1)
    assert post.mail().state == "handed"
    assert post.outgoing() == []
    assert post.once() == NOTHING


def test_workers_that_sweep_at_once_hand_it_over_once(post: Post, desk: Desk) -> None:
    approved(desk)
    with ThreadPoolExecutor(4) as workers:
        done = [each.result() for each in [workers.submit(post.once) for _ in range(4)]]
    assert sum(each.handed for each in done) == 1
    assert len(post.outgoing()) == 1
    assert desk.journal("registered_letter_handed") == 1
    post.tell("r.json", id=post.take_away()["id"], number="RK1", deposited_on="2026-03-10")
    with ThreadPoolExecutor(4) as workers:
        done = [each.result() for each in [workers.submit(post.once) for _ in range(4)]]
    assert sum(each.refused for each in done) == 0
    assert desk.journal("task_completed") == 2, "approved, posted"


def test_a_receipt_recorded_before_a_crash_is_recorded_once(
    post: Post, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved(desk)
    post.once()
    post.tell("r.json", id=post.take_away()["id"], number="RK1", deposited_on="2026-03-10")

    def killed(*_: Any) -> None:
        raise OSError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(file_drop.FileDrop, "settle", killed)
        assert post.once() == NOTHING
    assert post.posting().tracking_number == "RK1"
    assert post.once() == Posted(recorded=1)
    assert desk.journal("task_completed") == 2, "approved, posted"
    assert list((post.root / "receipts").glob("*.json")) == []


def test_a_fact_after_the_approval_leaves_it_to_a_person(post: Post, desk: Desk) -> None:
    approved(desk)
    desk.pay("F-1", "200.00")
    assert post.once() == Posted(taken_back=1)
    assert post.outgoing() == []
    assert (post.mail().state, post.task().status) == ("taken_back", TaskStatus.OPEN)
    assert "what it quotes changed since it was approved" in post.task().body
    assert post.once() == NOTHING


@pytest.mark.parametrize("paid", ["200.00", "1200.00"])
def test_a_payment_between_staging_and_release_takes_it_back(
    post: Post, desk: Desk, monkeypatch: pytest.MonkeyPatch, paid: str
) -> None:
    approved(desk)

    def killed(*_: Any) -> None:
        raise OSError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(file_drop.FileDrop, "release", killed)
        post.once()
    desk.pay("F-1", paid)
    desk.review("F-1")
    assert post.once() == Posted(taken_back=1)
    assert (post.outgoing(), post.mail().state) == ([], "taken_back")


def test_posted_by_hand_it_is_not_handed_over(post: Post, desk: Desk) -> None:
    approved(desk)
    desk.tell(
        CaseSignal.TASK_COMPLETED, "F-1", task_id=post.task().id, outcome="posted", tracking_number="RK 1"
    )
    assert post.once() == NOTHING
    assert post.outgoing() == []


def test_a_stop_after_the_hand_over_leaves_the_task_to_await_its_receipt(post: Post, desk: Desk) -> None:
    approved(desk)
    post.once()
    with transaction(desk.engine) as session:
        stop_contact(session, customer_by_ref(session, "acme", "C-1"), StopReason.LAWYER, NOW, "test")
    assert post.task().status == TaskStatus.OPEN
    post.tell("r.json", id=post.take_away()["id"], number="RK1", deposited_on="2026-03-10")
    assert post.once() == Posted(recorded=1)
    assert post.posting().tracking_number == "RK1"


def test_paid_after_the_hand_over_its_proof_is_kept_though_nobody_waits(post: Post, desk: Desk) -> None:
    approved(desk)
    post.once()
    desk.pay("F-1", "1200.00")
    desk.review("F-1")
    assert post.task().status == TaskStatus.WITHDRAWN
    (post.root / "receipts" / "ar.pdf").write_bytes(PROOF)
    post.tell("r.json", id=post.take_away()["id"], number="RK1", deposited_on="2026-03-10", receipt="ar.pdf")
    assert post.once() == Posted(recorded=1)
    assert (post.mail().number, post.mail().deposited_on) == ("RK1", date(2026, 3, 10))
    with transaction(desk.engine) as session:
        assert session.exec(select(RegisteredReceipt.name)).one() == "ar.pdf"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"id": "f" * 32}, "no registered letter"),
        ({"deposited_on": "2026-03-09"}, "posted_on: 2026-03-09 lies before the day the letter left"),
        ({"deposited_on": "2026-03-13"}, "posted_on: 2026-03-13 lies in the future"),
        ({"delivered_on": "2026-03-01"}, "received_on"),
        ({"number": "RK;1"}, "tracking_number"),
    ],
)
def test_what_cannot_be_true_is_put_aside_with_its_reason_and_changes_nothing(
    post: Post, desk: Desk, told: dict[str, Any], reason: str
) -> None:
    approved(desk)
    post.once()
    letter = post.take_away()["id"]
    post.tell("a.json", **{"id": letter, "number": "RK1", "deposited_on": "2026-03-10"} | told)
    assert post.once() == Posted(refused=1)
    assert reason in (post.root / "receipts" / "refused" / "a.json.reason.txt").read_text()
    assert (post.mail().number, post.task().status) == (None, TaskStatus.OPEN)
    with transaction(desk.engine) as session:
        assert session.exec(select(LetterPosting)).all() == []


def test_another_number_for_a_letter_is_put_aside(post: Post, desk: Desk) -> None:
    approved(desk)
    post.once()
    letter = post.take_away()["id"]
    post.tell("1.json", id=letter, number="RK1", deposited_on="2026-03-10")
    post.tell("2.json", id=letter, number="RK2", deposited_on="2026-03-10")
    assert post.once() == Posted(recorded=1, refused=1)
    assert post.posting().tracking_number == "RK1"


# ------------------------------------------------------------------ what keeps it here


def test_without_an_address_it_is_a_persons_work(desk: Desk, tmp_path: Path) -> None:
    post = Post(desk, tmp_path)
    approved(desk)
    assert post.once() == NOTHING
    assert "No postal address is known here" in post.task().body
    # An electronic letter goes to the reader's own address.
    assert post.once(registered_product=Product.EIDAS) == Posted(handed=1)
    (manifest,) = post.outgoing()
    assert (manifest["product"], manifest["recipient"]["email"]) == ("eIDAS", "compta@c-1.example")


def test_switched_off_nothing_is_handed_over_and_switched_on_it_is(
    post: Post, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved(desk)
    assert post.once(sending=Sending.OFF) == NOTHING
    assert (post.outgoing(), list((post.root / "staged").iterdir())) == ([], [])

    def killed(*_: Any) -> None:
        raise OSError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(file_drop.FileDrop, "release", killed)
        post.once()
    # Staged while live; off, it stays where it is.
    assert post.once(sending=Sending.OFF) == NOTHING
    assert post.outgoing() == []
    assert post.once() == Posted(handed=1)


def test_suspended_it_waits_and_leaves_when_it_goes_on(post: Post, desk: Desk) -> None:
    approved(desk)
    number = stop(desk, Scope.CHANNEL, "letter")
    assert post.once() == NOTHING
    assert list((post.root / "staged").iterdir()) == []
    with transaction(desk.engine) as session:
        resume(session, company_by_ref(session, "acme"), number, NOW, "test")
    assert post.once() == Posted(handed=1)


def test_a_letter_that_waits_takes_no_others_place(
    post: Post, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registered_mail, "AT_ONCE", 1)
    approved(desk)
    stop(desk, Scope.CUSTOMER, customer_id=desk.customers["C-1"])
    desk.customer("C-2")
    with transaction(desk.engine) as session:
        set_address(
            session, customer_by_ref(session, "acme", "C-2"), ["2 rue B", "13001 Marseille"], NOW, "t"
        )
    desk.invoice("F-2", customer="C-2", due=DUE, last=("phone_call", date(2026, 2, 20)))
    desk.review("F-2")
    desk.prepare("C-2")
    desk.done(desk.tasks(TaskKind.APPROVAL, TaskStatus.OPEN)[-1], "approved")
    desk.prepare("C-2")
    assert post.once() == Posted(handed=1)
    assert post.outgoing()[0]["reference"] == "acme/C-2/2026-03-10"


def test_an_allowlist_hands_over_what_it_names(post: Post, desk: Desk) -> None:
    approved(desk)
    assert post.once(sending=Sending.ALLOWLIST, allowlist=("@other.example",)) == NOTHING
    assert post.once(sending=Sending.ALLOWLIST, allowlist=("@c-1.example",)) == Posted(handed=1)


def test_letters_approved_before_the_folder_was_set_stay_with_their_people(
    engine: Engine, sandbox: SandboxServer, tmp_path: Path
) -> None:
    desk = Desk(engine, sandbox, settings_for(sandbox.url))
    approved(desk)
    post = Post(desk, tmp_path)
    post.at()
    assert post.once() == Posted(taken_back=1)
    assert post.mail().state == "taken_back"
    assert post.task().status == TaskStatus.OPEN
