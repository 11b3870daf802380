"""A month of a company: books in, an electronic invoice in, reminders, the bank in, a notice, the file.

Over HTTP, on skipped time, with a real ledger and real clients; what is told, and what the cases do.
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import Engine
from sqlmodel import select

from activities.store.engine import transaction
from models.ids import bank_import_id
from models.tables import BankFile, Communication, Invoice
from models.tables.words import TaskKind, TaskStatus
from tests.unit.bank_files.statements import Entry, camt
from tests.unit.intake.documents import CII, pdf
from tests.unit.intake.files import fec, sale
from tests.workflows.api_desk import ApiDesk, api_desk
from tests.workflows.world import World, world

pytestmark = [pytest.mark.integration]

LATE, VECTOR = "20260705", "20251031"
"""Net 30 days: due on 4 August, six days late; and on 30 November, the day of the interest vector."""

SALES = (
    ("C-EXACT", "FA-2026-101", "1000,00", LATE),
    ("C-PART", "FA-2026-102", "600,00", LATE),
    ("C-GROUP", "FA-2026-103", "300,00", LATE),
    ("C-GROUP", "FA-2026-104", "450,00", LATE),
    ("C-MISSPELT", "FA-2026-105", "820,00", LATE),
    ("C-RETURN", "FA-2026-106", "700,00", LATE),
    ("C-NOTICE", "FA-2025-990", "1234,56", VECTOR),
)
IBANS = {
    ref: f"FR76300060000112345678901{place:02}" for place, ref in enumerate({sale[0]: 0 for sale in SALES})
}


async def test_a_month(engine: Engine) -> None:
    async with world(engine, datetime(2026, 8, 9, 22, 0, tzinfo=UTC)) as it, api_desk(it) as desk:
        it.approve_at_once = False
        await _books_in(it, desk)
        await it.day("2026-08-10", 9, 31)
        _reminders_leave(it)
        await _the_bank_comes(it, desk)
        await _one_payment_goes_back(it, desk)
        await _the_notice_of_the_last_one(it, desk)
        await _the_file(desk)


async def _books_in(it: World, desk: ApiDesk) -> None:
    """A FEC, and a Factur-X; then the people at the customers', whom neither names."""
    lines = [
        line
        for number, (ref, piece, gross, day) in enumerate(SALES, start=1)
        for line in sale(number, ref, piece, gross, gross, "0,00", day=day)
    ]
    report = await _raw(desk, "invoice-imports?name=FEC.txt&terms=net%2030", fec(lines).encode())
    assert (report["kind"], report["new"], report["refused"]["count"]) == ("fec", 7, 0)
    report = await _raw(
        desk, "invoice-imports?name=FA-2.pdf&terms=net%2030", pdf(("factur-x.xml", CII)), status=200
    )
    assert report["new"] == 1
    with transaction(it.engine) as session:
        for row in session.exec(select(Invoice)):
            it.invoices[row.number] = row.id
    for ref in ("C-EXACT", "C-PART", "C-GROUP", "C-MISSPELT", "C-RETURN", "C-NOTICE", "C-9"):
        people = [{"role": "accounting", "email": _mail(ref), "phone": "+33612345678"}]
        if ref == "C-NOTICE":
            people.append(
                {"role": "executive", "name": "Anne Roy", "email": f"direction@{ref.lower()}.example"}
            )
        for person in people:
            await desk.ask("POST", f"customers/{ref}/contacts", person)
    await desk.ask("PUT", "customers/C-NOTICE/address", {"lines": ["ZI Nord", "59000 Lille"]}, 200)


def _reminders_leave(it: World) -> None:
    """Each customer hears once; the oldest debt enters at the firm reminder, no higher."""
    told = [line for line in it.told() if line.startswith("2026-08-10 09:3")]
    assert sorted(line.split(" ", 2)[2] for line in told) == [
        "reminder_1 email FA-2026-101",
        "reminder_1 email FA-2026-102",
        "reminder_1 email FA-2026-103,FA-2026-104",
        "reminder_1 email FA-2026-105",
        "reminder_1 email FA-2026-106",
        "reminder_2 email FA-2",
        "reminder_2 email FA-2025-990",
    ]
    (with_copy,) = [m for m in it.sandbox.messages() if _mail("C-9") in m.recipients]
    assert [file.filename for file in with_copy.attachments] == ["FA-2.pdf"], (
        "its copy goes with the reminder"
    )


async def _the_bank_comes(it: World, desk: ApiDesk) -> None:
    """Exact, in part, several in one, misspelt, and from nobody known."""
    await it.day("2026-08-13", 8, 0)
    report = await _statement(
        it,
        desk,
        camt(
            [
                _entry("C-EXACT", "1000.00", "VIR FACTURE FA-2026-101"),
                _entry("C-PART", "250.00", "ACOMPTE FA 2026 102"),
                _entry("C-GROUP", "750.00", "FA2026103 + FA2026104"),
                _entry("C-MISSPELT", "820.00", "FA-2026-150"),
                _entry("C-RETURN", "700.00", "FACT 2026/106", e2e="E2E-106"),
                Entry("77.00", "2026-08-12", text="LOYER", name="INCONNU", iban="DE89370400440532013000"),
            ],
            opened_on="2026-08-11",
            closed_on="2026-08-12",
        ),
    )
    assert (report["booked"], report["unallocated"] + report["proposed"]) == (4, 2)
    assert (await desk.ask("GET", "bank-known", status=200))["bank_known_until"] == "2026-08-12"
    for number in ("FA-2026-101", "FA-2026-103", "FA-2026-104", "FA-2026-106"):
        assert (await desk.status(number)).closed, number
    part = await desk.status("FA-2026-102")
    assert (part.closed, part.outstanding) == (False, Decimal("350.00"))
    lines = (await desk.ask("GET", "bank-lines", status=200))["items"]
    (misspelt,) = [line for line in lines if line["text"] == "FA-2026-150"]
    assert misspelt["state"] in ("proposed", "unallocated")
    put = {"parts": [{"invoice": "FA-2026-105", "amount": "820.00"}]}
    told = await desk.ask("POST", f"bank-lines/{misspelt['id']}/allocation", put, 200)
    assert (told["state"], told["customer"]) == ("booked", "C-MISSPELT")
    assert (await desk.status("FA-2026-105")).closed
    # The rest of the part payment is asked for on its day, as long as the bank is known well enough.
    await it.day("2026-08-18", 8, 0)
    await _statement(it, desk, _quiet("3697.00", "2026-08-13", "2026-08-17"))
    await it.day("2026-08-19", 9, 31)
    (reminded,) = [line for line in it.told() if line.startswith("2026-08-19") and "FA-2026-102" in line]
    assert "reminder_2" in reminded
    *_, message = [m for m in it.sandbox.messages() if _mail("C-PART") in m.recipients]
    assert "350,00" in (message.text or "")


async def _one_payment_goes_back(it: World, desk: ApiDesk) -> None:
    await it.day("2026-08-21", 8, 0)
    back = Entry("-700.00", "2026-08-20", e2e="E2E-106", details="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>")
    report = await _statement(
        it, desk, camt([back], opening="3698.00", opened_on="2026-08-18", closed_on="2026-08-20")
    )
    assert report["returned"] == 1
    reopened = await desk.status("FA-2026-106")
    assert (reopened.closed, reopened.outstanding) == (False, Decimal("700.00"))


async def _the_notice_of_the_last_one(it: World, desk: ApiDesk) -> None:
    """By SMS and telephone up to the notice, whose sums are those of the vector: 113.13 on 31 August."""
    await it.day("2026-08-28", 8, 0)
    await _statement(it, desk, _quiet("2998.00", "2026-08-21", "2026-08-27"))
    await it.day("2026-08-31", 9, 31)
    (approval,) = [
        task
        for task in it.tasks(TaskKind.APPROVAL, TaskStatus.OPEN)
        if task.title.endswith("Client C-NOTICE")
    ]
    steps = [line.split(" ")[2] for line in it.told() if "FA-2025-990" in line]
    assert steps == ["reminder_2", "reminder_3", "phone_call"]
    await desk.ask("POST", f"approvals/{approval.id}/approval", {})
    await desk.status("FA-2025-990")
    with transaction(it.engine) as session:
        letter = session.exec(
            select(Communication).where(
                Communication.channel == "letter", Communication.contact_id == approval.contact_id
            )
        ).one()
    assert letter.status == "sent"
    content = await _bytes(desk, f"communications/{letter.id}/attachments/0")
    text = _text(content)
    for words in (
        "Pénalités de retard arrêtées au 31 août 2026 113,13 €",
        "Indemnité forfaitaire de recouvrement (1 × 40,00 €) 40,00 €",
        "Total réclamé 1 387,69 €",
        "Virement de 1 387,69 € par QR code",
        "59000 Lille",
    ):
        assert words in text, words


async def _the_file(desk: ApiDesk) -> None:
    """For the lawyer: the same sums, the letter byte for byte, every message."""
    content = await _bytes(desk, "customers/C-NOTICE/file?format=zip")
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        names = packed.namelist()
        text = _text(packed.read(names[0]))
    for words in ("Intérêts de retard 113,13 €", "Total 1 387,69 €"):
        assert words in text, words
    assert "01/12/2025 31/12/2025 31 1 234,56 €" in text
    assert "01/07/2026 31/08/2026 62 1 234,56 €" in text
    assert sum(name.endswith(".proof.zip") for name in names) >= 4


# ------------------------------------------------------------------------------------------- hands


def _mail(ref: str) -> str:
    return f"compta@{ref.lower()}.example"


def _entry(ref: str, amount: str, text: str, e2e: str | None = None) -> Entry:
    return Entry(amount, "2026-08-12", e2e=e2e, text=text, name=f"CLIENT {ref}", iban=IBANS[ref])


def _quiet(opening: str, opened_on: str, closed_on: str) -> bytes:
    """A statement in which next to nothing happened."""
    little = Entry("1.00", closed_on, text="INTERETS CREDITEURS", name="BANQUE")
    return camt([little], opening=opening, opened_on=opened_on, closed_on=closed_on)


async def _raw(desk: ApiDesk, path: str, content: bytes, status: int = 200) -> dict[str, Any]:
    await desk.world.now()
    answer = await desk.http.post(f"/v1/companies/acme/{path}", content=content)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _bytes(desk: ApiDesk, path: str) -> bytes:
    answer = await desk.http.get(f"/v1/companies/acme/{path}")
    assert answer.status_code == 200, answer.text
    return answer.content


async def _statement(it: World, desk: ApiDesk, content: bytes) -> dict[str, Any]:
    """Bring a file and wait until its workflow has ended; what became of its lines."""
    told = await _raw(desk, "bank-files?name=camt053.xml", content, 202)
    with transaction(it.engine) as session:
        file = session.exec(select(BankFile).where(BankFile.id == told["id"])).one()
    handle = it.env.client.get_workflow_handle(bank_import_id("acme", file.content_hash))
    with it.env.auto_time_skipping_disabled():
        await handle.result()
    found: dict[str, Any] = await desk.ask("GET", f"bank-files/{told['id']}", status=200)
    assert found["state"] == "done", found
    return found


def _text(content: bytes) -> str:
    pages = PdfReader(io.BytesIO(content)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text().replace("\u200b", "") for page in pages))
