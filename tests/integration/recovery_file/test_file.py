"""The file for an agency, a lawyer or a court: it adds up, holds what was sent, and is the same each time."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from datetime import date, timedelta
from decimal import Decimal

import pytest
from pypdf import PdfReader, PdfWriter, Transformation
from pypdf.generic import DecodedStreamObject, NameObject, RectangleObject
from sqlalchemy import Engine
from sqlmodel import select

from activities.copies import copy_name
from activities.envelope import fetch_files, store_bytes
from activities.store.engine import transaction
from activities.store.facts import record
from activities.store.lookup import company_by_ref
from admin.queries.reading import snapshot
from admin.recovery_file import RecoveryFile, archive, bind, collect
from admin.recovery_file.taken import taken
from admin.recovery_file.words import WORDS
from models.errors import NotFound
from models.ids import CaseSignal
from models.messages import DisputeOpened, PaymentPlanAgreed, PlanInstalment
from models.tables import AuditEvent, Communication, Customer, Invoice
from rules.delivery import Delivery
from tests.integration.sending.conftest import running_sandbox, sandbox
from tests.integration.sending.desk import Desk, settings_for
from tests.unit.intake.documents import pdf

pytestmark = pytest.mark.integration

__all__ = ["running_sandbox", "sandbox"]

LATE = date(2026, 1, 9)


@pytest.fixture
def desk(engine: Engine, sandbox: object) -> Desk:
    """A desk with F-1 (reminded, partly paid), F-2 (contested in part) and the copy of F-1."""
    made = Desk(engine, sandbox, settings_for(sandbox.url))  # type: ignore[attr-defined, arg-type]
    for number in ("F-1", "F-2"):
        made.invoice(number, due=LATE, last=("reminder_1", date(2026, 2, 20)))
        made.review(number)
    for message in made.prepare().send:
        assert made.send(message).outcome == "sent"
    made.clock.at += timedelta(minutes=5)
    made.pay("F-1", "200.00")
    with transaction(engine) as session:
        row = session.get_one(Invoice, made.invoices["F-1"])
        content = pdf()
        row.copy_hash = store_bytes(session, "application/pdf", content)
        row.copy_name, row.copy_size = copy_name("F-1", "pdf"), len(content)
        customer = session.get_one(Customer, made.customers["C-1"])
        customer.name, customer.registration = "Élec’ & Fils Müller", "SIREN 552 100 554"
        for number, signal, fact in (
            (
                "F-2",
                CaseSignal.DISPUTE_OPENED,
                DisputeOpened(event_id="d", amount=Decimal("150.00"), cause="price"),
            ),
            (
                "F-1",
                CaseSignal.PAYMENT_PLAN_AGREED,
                PaymentPlanAgreed(
                    event_id="p",
                    instalments=(PlanInstalment(due_on=date(2026, 3, 31), amount=Decimal("1000.00")),),
                ),
            ),
        ):
            record(session, now=made.clock.at, invoice=("acme", number), fact=fact, signal=signal, who="test")
    return made


def gathered(desk: Desk, **what: str | None) -> RecoveryFile:
    """The file of C-1, or of what is named."""
    wanted: dict[str, str | None] = {"number": None, "customer_ref": "C-1", "language": "fr"} | what
    with snapshot(desk.engine) as session:
        return collect(
            session,
            company_by_ref(session, "acme"),
            number=wanted["number"],
            customer_ref=wanted["customer_ref"],
            settings=desk.settings,
            now=desk.clock.at,
            who="claire@acme.example",
            language=wanted["language"],
        )


def text_of(content: bytes) -> str:
    """All that its pages say, spaces run together."""
    pages = PdfReader(io.BytesIO(content)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text().replace("\u200b", "") for page in pages))


def test_its_pages_add_up_and_name_every_exhibit(desk: Desk) -> None:
    file = gathered(desk)
    text = text_of(bind(file))
    # 1,200.00 less 200.00, and 1,200.00 less the 150.00 contested; 60 days at 12.15 % on what was owed.
    assert "Principal 2 050,00 €" in text
    assert "Intérêts de retard 44,94 €" in text
    assert "Indemnités forfaitaires de recouvrement 80,00 €" in text
    assert "Total 2 174,94 €" in text
    assert "Élec’ & Fils Müller SIREN 552 100 554" in text
    assert "Code de commerce L441-10 II, D441-5" in text
    assert re.search(r"F-1 10/12/2025 09/01/2026 60 j 1 200,00 € 200,00 € 0,00 € 1 000,00 €", text)
    assert "dont 150,00 € contestés" in text
    assert "Règlement du 10 mars 2026 : 200,00 €" in text
    assert "10/01/2026 10/03/2026 60 1 200,00 € 12,15 % 23,9671" in text
    assert "F-2 : contestation du 10 mars 2026, 150,00 €, non résolue" in text
    assert "1 000,00 € au 31 mars 2026, à venir" in text
    assert "1 10/12/2025 Facture F-1 1" in text
    assert "2 10/03/2026 Courriel : " in text
    assert "Factures dont la copie est à joindre : F-2." in text
    assert "Pièce n° 1 – page 1/1" in text
    assert "Pièce n° 2 – page 1/" in text
    assert [exhibit.kind for exhibit in file.exhibits] == ["invoice", "message"]


def test_english_says_the_same(desk: Desk) -> None:
    text = text_of(bind(gathered(desk, language="en")))
    for words in ("Recovery file", "Total €2,174.94", "List of exhibits", "Exhibit 1 – page 1/1", "E-mail: "):
        assert words in text, words


def test_the_archive_holds_what_was_sent_and_its_hashes_hold(desk: Desk) -> None:
    file = gathered(desk)
    content, whole = archive(file)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        names = packed.namelist()
        manifest = json.loads(packed.read("manifest.json"))
        for each in manifest["files"]:
            assert hashlib.sha256(packed.read(each["name"])).hexdigest() == each["sha256"]
        assert {each["name"] for each in manifest["files"]} == set(names) - {"manifest.json"}
        assert hashlib.sha256(packed.read(names[0])).hexdigest() == whole
        rows = list(csv.reader(io.StringIO(packed.read("exhibits.csv").decode("utf-8-sig"))))
        assert [row[0] for row in rows] == ["no", "1", "2"]
        for row in rows[1:]:
            assert hashlib.sha256(packed.read(row[3])).hexdigest() == row[4]
        proofs = [name for name in names if name.endswith(".proof.zip")]
        assert len(proofs) == 1
        with zipfile.ZipFile(io.BytesIO(packed.read(proofs[0]))) as proof:
            assert "summary.txt" in proof.namelist()
    assert all(re.fullmatch(r"[\w.()-]+", name) for name in names), names


def test_every_news_of_a_message_has_its_words() -> None:
    for words in WORDS.values():
        assert set(words["deliveries"]) == set(Delivery)


def test_the_same_ledger_makes_the_same_bytes_all_day(desk: Desk) -> None:
    first = archive(gathered(desk))
    desk.clock.at += timedelta(hours=1)
    assert archive(gathered(desk)) == first


def test_a_notice_is_in_it_byte_for_byte_with_its_posting(desk: Desk) -> None:
    desk.customer("C-2")
    desk.invoice("F-9", customer="C-2", due=LATE, last=("phone_call", date(2026, 2, 20)))
    desk.review("F-9")
    desk.prepare("C-2")
    (task,) = [each for each in desk.tasks() if each.kind == "approval"]
    desk.done(task, "approved")
    desk.prepare("C-2")
    (post,) = [each for each in desk.tasks() if each.kind == "registered_letter"]
    desk.tell(
        CaseSignal.TASK_COMPLETED,
        "F-9",
        task_id=post.id,
        outcome="posted",
        tracking_number="1A 234 567 8901 2",
        posted_on=desk.clock.at.date(),
    )
    file = gathered(desk, customer_ref="C-2")
    (notice,) = [exhibit for exhibit in file.exhibits if exhibit.kind == "notice"]
    with transaction(desk.engine) as session:
        letter = session.exec(
            select(Communication).where(
                Communication.channel == "letter", Communication.customer_id == desk.customers["C-2"]
            )
        ).one()
        (kept,) = fetch_files(session, desk.envelope(letter.id))
    assert notice.body == kept.content
    with zipfile.ZipFile(io.BytesIO(archive(file)[0])) as packed:
        assert any(packed.read(name) == kept.content for name in packed.namelist())
    text = text_of(bind(file))
    assert "Recommandé n° 1A 234 567 8901 2, déposé le 10 mars 2026" in text
    assert "nous vous mettons en demeure" in text


def test_one_case_alone_and_what_is_unknown(desk: Desk) -> None:
    file = gathered(desk, number="F-2", customer_ref=None)
    assert [item.case.invoice for item in file.items] == ["F-2"]
    with pytest.raises(NotFound, match="no invoice 'X'"):
        gathered(desk, number="X", customer_ref=None)
    with pytest.raises(NotFound, match="no open invoice of customer 'X'"):
        gathered(desk, customer_ref="X")


def copied(desk: Desk, content: bytes) -> None:
    """Make it the copy of F-1."""
    with transaction(desk.engine) as session:
        session.get_one(Invoice, desk.invoices["F-1"]).copy_hash = store_bytes(
            session, "application/pdf", content
        )


def test_an_invoice_contested_whole_claims_nothing_and_one_paid_late_its_fixed_sum(desk: Desk) -> None:
    with transaction(desk.engine) as session:
        whole = DisputeOpened(event_id="all", cause="quality")
        record(
            session,
            now=desk.clock.at,
            invoice=("acme", "F-2"),
            fact=whole,
            signal=CaseSignal.DISPUTE_OPENED,
            who="test",
        )
    text = text_of(bind(gathered(desk)))
    assert "Principal 1 000,00 €" in text
    assert "Indemnités forfaitaires de recouvrement 40,00 €" in text
    desk.pay("F-1", "1000.00")
    text = text_of(bind(gathered(desk, number="F-1", customer_ref=None)))
    assert "Créance au 10 mars 2026 Intérêts de retard 23,97 €" in text
    assert "Indemnités forfaitaires de recouvrement 40,00 € Total 63,97 €" in text
    assert "continuent de courir" not in text


def test_a_mark_stands_upright_in_the_corner_that_is_seen(desk: Desk) -> None:
    scans = PdfWriter()
    for turned in (0, 90, 180, 270):
        page = scans.add_blank_page(700, 1000)
        page.mediabox = RectangleObject((100, 200, 800, 1200))
        page.cropbox = RectangleObject((150, 300, 650, 1100))
        page.rotate(turned)
    written = io.BytesIO()
    scans.write(written)
    copied(desk, written.getvalue())
    marks: list[tuple[int, int, float, float]] = []

    def note(text: str, cm: list[float], tm: list[float], *_: object) -> None:
        if text.strip().startswith("Pièce n° 1"):
            placed = Transformation((tm[0], tm[1], tm[2], tm[3], tm[4], tm[5])).transform(
                Transformation((cm[0], cm[1], cm[2], cm[3], cm[4], cm[5]))
            )
            (x, y), (after, above) = placed.apply_on((0, 0)), placed.apply_on((1, 0))
            marks.append((round(after - x), round(above - y), x, y))

    for page in PdfReader(io.BytesIO(bind(gathered(desk)))).pages:
        page.extract_text(visitor_text=note)
    # Within 20 mm of the edge that is on top to the reader, and in the half to the right.
    corners = (
        ((1, 0), (400, 650), (1043, 1100)),
        ((0, 1), (150, 207), (700, 1100)),
        ((-1, 0), (150, 400), (300, 357)),
        ((0, -1), (593, 650), (300, 700)),
    )
    for (across, up, x, y), (reads, (left, right), (bottom, top)) in zip(marks, corners, strict=True):
        assert (across, up) == reads
        assert left < x < right
        assert bottom < y < top


def test_damage_that_shows_late_takes_no_other_page_along(desk: Desk) -> None:
    """A stream that nobody can decode is found when its page is written, not when the file is opened."""
    odd = PdfWriter()
    stream = DecodedStreamObject()
    stream.set_data(b"what is this")
    stream[NameObject("/Filter")] = NameObject("/Unheard")
    odd.add_blank_page(595, 842)[NameObject("/Contents")] = odd._add_object(stream)
    written = io.BytesIO()
    odd.write(written)
    copied(desk, written.getvalue())
    text = text_of(bind(gathered(desk)))
    assert "fichier joint à part" in text
    assert "Pièce n° 1 –" not in text
    assert "Pièce n° 2 – page 1/" in text


def test_a_damaged_copy_goes_apart_and_nothing_of_ours_gets_out(desk: Desk) -> None:
    copied(desk, b"%PDF-1.7 broken")
    with transaction(desk.engine) as session:
        customer = session.get_one(Customer, desk.customers["C-1"])
        customer.risk = "SECRET-RISK"
    text = text_of(bind(gathered(desk)))
    assert "fichier joint à part" in text
    assert "SECRET-RISK" not in text


def test_taking_it_is_written_down(desk: Desk) -> None:
    file = gathered(desk)
    with transaction(desk.engine) as session:
        taken(session, file, b"x", "zip", desk.clock.at, "test")
    with transaction(desk.engine) as session:
        event = session.exec(select(AuditEvent).where(AuditEvent.what == "recovery_file_taken")).one()
    assert event.detail["invoices"] == ["F-1", "F-2"]
    assert event.detail["sha256"] == hashlib.sha256(b"x").hexdigest()
