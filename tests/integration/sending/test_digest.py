"""Once a week a sales representative hears what is late, from the sweep to the provider, and once only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import cast
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from activities.settings import Sending
from activities.store.digests import digests_due
from activities.store.engine import transaction
from activities.weekly_digest import write_digests
from admin.queries.proof import get_proof
from models.ids import CaseSignal
from models.messages import NoticesNow, Prepared, SendInput
from models.tables import AuditEvent, Communication, Company, Customer, Staff
from tests.integration.sending.desk import Desk, settings_for

pytestmark = pytest.mark.integration

MONDAY = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
"""09:00 in Paris."""

SAM, ZOE = "sam@acme.example", "zoe@acme.example"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """On a Monday morning: Sam follows C-1 and C-2, Zoé C-3, nobody C-4."""
    desk.clock.at = MONDAY
    with transaction(desk.engine) as session:
        session.add(
            Staff(id=uuid4(), company_id=desk.company_id, email=SAM, name="Sam Rep", role="sales_rep")
        )
    for ref, rep in (("C-1", SAM), ("C-2", "Sam@Acme.example"), ("C-3", ZOE), ("C-4", None)):
        desk.customer(ref)
        with transaction(desk.engine) as session:
            session.get_one(Customer, desk.customers[ref]).sales_rep_email = rep
    return desk


def sweep(desk: Desk) -> int:
    """What each round of a worker's sweeper does; how many digests it wrote."""
    with transaction(desk.engine) as session:
        due = digests_due(session, desk.clock.at)
    return sum(written(desk, company, week) for company, week in due)


def written(desk: Desk, company: UUID, week: date) -> int:
    with transaction(desk.engine) as session:
        return write_digests(session, company, week, desk.clock.at)


def told(desk: Desk) -> list[str]:
    """One run of the company's notices; the outcomes."""
    waiting = cast(Prepared, desk.call(3, NoticesNow(company_id=desk.company_id)))
    return [desk.call(2, SendInput(communication_id=each)).outcome for each in waiting.send]


def digests(desk: Desk) -> dict[str, str]:
    """The text of each digest by its reader; the latest of each."""
    found = {}
    for message in desk.messages():
        if message.kind == "weekly_digest":
            found[message.to_address] = " ".join(desk.envelope(message.id).text.split())
    return found


def test_each_hears_of_their_own_customers_once_a_week(desk: Desk) -> None:
    desk.invoice("F-1")
    desk.invoice("F-2", customer="C-2", due=date(2026, 1, 30), total="80.50")
    desk.invoice("F-3", customer="C-2", due=date(2026, 3, 9))
    desk.invoice("F-4", customer="C-4")
    for number in desk.invoices:
        desk.review(number)
    assert sweep(desk) == 1
    assert sweep(desk) == 0
    assert told(desk) == ["sent"]
    assert told(desk) == []
    text = digests(desk)[SAM]
    assert "2 factures de vos clients sont en retard, pour 1 280,50 €" in text.replace("\u202f", " ")
    assert "F-1, échue le 05/03/2026 (4 jours de retard)" in text
    assert "Suite : 1re relance" in text
    assert text.index("F-2") < text.index("F-1"), "the oldest first"
    assert "F-3" not in text, "due today is not late"
    assert "F-4" not in text
    (asked,) = desk.asked()
    assert [(to.address, to.name) for to in asked.to] == [(SAM, "Sam Rep")]
    desk.clock.at += timedelta(days=1)
    assert sweep(desk) == 0, "the same week"
    desk.clock.at += timedelta(days=6)
    assert sweep(desk) == 1
    assert [m.purpose_key for m in desk.messages() if m.kind == "weekly_digest"] == [
        f"weekly-digest/{desk.company_id}/{week}/{SAM}" for week in ("2026-03-09", "2026-03-16")
    ]


def test_two_workers_write_one(desk: Desk) -> None:
    desk.invoice("F-1")
    desk.review("F-1")
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: written(desk, desk.company_id, date(2026, 3, 9)), range(4))) == 1
    assert len(digests(desk)) == 1


def test_nothing_late_is_nothing_to_read(desk: Desk) -> None:
    desk.invoice("F-1", due=date(2026, 3, 20))
    desk.invoice("F-2", customer="C-3")
    desk.invoice("F-3", customer="C-3", total="9.00")
    for number in desk.invoices:
        desk.review(number)
    desk.pay("F-2")
    desk.review("F-2")
    assert sweep(desk) == 0
    assert digests(desk) == {}
    desk.invoice("F-9", due=date(2026, 3, 1))
    desk.review("F-9")
    assert sweep(desk) == 0, "the week is done, whatever comes"


def test_it_says_what_is_known_and_what_follows(desk: Desk) -> None:
    desk.invoice("F-1", due=date(2026, 2, 2))
    desk.invoice("F-2")
    desk.invoice("F-3")
    plan = [{"due_on": "2026-02-10", "amount": "1200.00"}]
    desk.clock.at = datetime(2026, 2, 5, 9, 0, tzinfo=UTC)
    desk.tell(CaseSignal.PAYMENT_PLAN_AGREED, "F-1", instalments=plan)
    desk.clock.at = MONDAY
    desk.tell(CaseSignal.DISPUTE_OPENED, "F-2", cause="price")
    desk.tell(CaseSignal.DISPUTE_OPENED, "F-3", cause="price", amount="200.00")
    for number in desk.invoices:
        desk.review(number)
    assert sweep(desk) == 1
    text = digests(desk)[SAM].replace("\u202f", " ").replace("\xa0", " ")
    assert "1 promesse non tenue." in text
    assert "F-2, échue le 05/03/2026 (4 jours de retard) : 1 200,00 €, dont 1 200,00 € contestés" in text
    assert "Suite : litige à régler." in text
    assert "F-3, échue le 05/03/2026 (4 jours de retard) : 1 200,00 €, dont 200,00 € contestés" in text


def test_the_company_chooses_the_day_and_the_language_or_none(desk: Desk) -> None:
    desk.invoice("F-1")
    desk.review("F-1")

    def setting(day: int | None, language: str = "fr") -> None:
        with transaction(desk.engine) as session:
            company = session.get_one(Company, desk.company_id)
            company.digest_day, company.language = day, language

    setting(0)
    assert sweep(desk) == 0
    setting(3, "en")
    assert sweep(desk) == 0
    desk.clock.at += timedelta(days=2)
    assert sweep(desk) == 1
    assert "F-1, due on 5 Mar 2026 (6 days overdue): €1,200.00" in digests(desk)[SAM].replace("\xa0", " ")
    setting(4)
    desk.clock.at += timedelta(days=1)
    assert sweep(desk) == 0, "another day, but the same week"


def test_one_that_cannot_be_written_keeps_no_other_back(desk: Desk) -> None:
    """A customer's name that holds somebody's IBAN is shown to nobody."""
    desk.invoice("F-1")
    desk.invoice("F-2", customer="C-3")
    for number in desk.invoices:
        desk.review(number)
    with transaction(desk.engine) as session:
        session.get_one(Customer, desk.customers["C-1"]).name = "DE89 3704 0044 0532 0130 00"
    assert sweep(desk) == 1
    assert list(digests(desk)) == [ZOE]
    with transaction(desk.engine) as session:
        (failed,) = session.exec(select(AuditEvent).where(AuditEvent.what == "weekly_digest_failed")).all()
        assert failed.detail == {"to": SAM, "week": "2026-03-09"}


def test_with_sending_off_it_is_shown_and_counts_as_told(desk: Desk) -> None:
    desk.settings = settings_for(desk.sandbox.url, sending=Sending.OFF)
    desk.invoice("F-1")
    desk.review("F-1")
    assert sweep(desk) == 1
    assert told(desk) == ["withheld"]
    assert sweep(desk) == 0
    assert desk.asked() == []


def test_a_long_list_is_cut_and_its_sums_are_not(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.weekly_digest.MOST_ITEMS", 2)
    for place in range(5):
        desk.invoice(f"F-{place}")
        desk.review(f"F-{place}")
    assert sweep(desk) == 1
    text = digests(desk)[SAM].replace("\u202f", " ").replace("\xa0", " ")
    assert "5 factures de vos clients sont en retard, pour 6 000,00 €" in text
    assert "3 autres factures sont en retard : demandez la liste complète à Margot Manager." in text
    assert "F-2" not in text


def test_what_was_said_is_kept_as_proof(desk: Desk) -> None:
    desk.invoice("F-1")
    desk.review("F-1")
    assert sweep(desk) == 1
    told(desk)
    with transaction(desk.engine) as session:
        (message,) = session.exec(select(Communication).where(Communication.kind == "weekly_digest")).all()
        assert (message.audience, message.customer_id, message.status) == ("internal", None, "sent")
        proof = get_proof(session, desk.company_id, message.id).proof
    assert proof.audience == "internal"
