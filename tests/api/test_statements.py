"""What a read costs in SQL statements: most of its time, so it must not creep up with what belongs to it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bench.statements import statements
from models.ids import CaseSignal
from models.tables.words import TaskKind
from tests.api.books import Place, place
from tests.api.conftest import Door
from tests.api.pages import CASE, CUSTOMER, asked, got, reminded, sent
from tests.fixtures.ledger import NOW, TODAY

pytestmark = pytest.mark.integration

KEY = 1
"""Every request asks whose key it brings, and which company its path names."""
PAGE = KEY + 1
"""Of a page: all that is known of a case or a customer comes in one."""
LIST = KEY + 2
"""Of a list: how to plan, and the rows."""


def taken(door: Door, path: str, role: str = "viewer") -> list[str]:
    """The statements of one request, once the process has seen its policies."""
    got(door, path, role=role)
    with statements(door.book.engine) as seen:
        got(door, path, role=role)
    return seen


def lived(door: Door) -> None:
    """Give F-1 all that a case may have: money, disputes, promises, messages, tasks, a letter that waits."""
    tell = door.book.tell
    for turn in range(3):
        tell(CaseSignal.PAYMENT_RECEIVED, amount="5.00", currency="EUR", event_id=f"bank-{turn}")
    tell(CaseSignal.CREDIT_NOTE_ISSUED, amount="5.00", currency="EUR", number="AV-1")
    tell(CaseSignal.DISPUTE_OPENED, amount="10.00", cause="price", event_id="quarrel")
    tell(CaseSignal.PAYMENT_CLAIMED, paid_on=str(TODAY))
    tell(CaseSignal.DELIVERY_HOLD_PLACED, invoices=["F-1", "F-2"])
    tell(CaseSignal.PAUSED, until=str(TODAY + timedelta(days=5)))
    promised = [{"due_on": str(TODAY + timedelta(days=8)), "amount": "80.00"}]
    tell(CaseSignal.PAYMENT_PLAN_AGREED, instalments=promised)
    sent(door, reminded(door))
    waiting = reminded(door, "draft", days_ago=1)
    sent(door, waiting, "planned")
    asked(door, TaskKind.APPROVAL, contact_id=waiting.id, step="reminder_1", due_on=TODAY)


def test_a_case_takes_as_many_whatever_belongs_to_it(door: Door) -> None:
    before = taken(door, CASE)
    assert len(before) == PAGE, before
    lived(door)
    after = taken(door, CASE)
    assert len(after) == PAGE, after
    case = got(door, CASE)
    for part in ("payments", "credit_notes", "disputes", "promises", "claims", "pauses", "holds"):
        assert case[part], part
    for part in ("contacts", "messages", "tasks", "approvals"):
        assert case[part], part


@pytest.mark.parametrize("others", [0, 12])
def test_a_customer_takes_as_many_whatever_the_number_of_its_invoices(door: Door, others: int) -> None:
    lived(door)
    there = Place(door, door.book.company_id, door.book.customer_id)
    for count in range(others):
        there.invoice(f"H-{count}", TODAY - timedelta(days=count))
    seen = taken(door, CUSTOMER)
    assert len(seen) == PAGE, seen
    page = got(door, CUSTOMER)
    assert len(page["items"]) == 2 + others
    assert page["tasks"]
    assert page["holds"]


MOST = {
    "/v1/cases?sort=due_on": LIST,
    # Rows without a next step come last, from their own end of the index.
    "/v1/cases": LIST + 1,
    "/v1/cases?sort=due_on&q=F-1": LIST,
    # The company's reference is looked up, and refused if the key does not open it.
    "/v1/cases?sort=due_on&company=acme": LIST + 1,
    "/v1/tasks?sort=opened_at": LIST,
    "/v1/tasks?overdue=true": LIST + 1,
    # What each owes comes apart.
    "/v1/companies/acme/customers?sort=ref": LIST + 1,
    "/v1/companies/acme/customers": LIST + 2,
    # So do the invoices and the messages of letters that wait.
    "/v1/companies/acme/approvals": LIST + 3,
    "/v1/companies/acme/customers/C-1/communications": LIST + 1,
    "/v1/companies/acme/customers/C-1/timeline": LIST + 1,
    f"{CASE}/timeline": LIST + 1,
    f"{CASE}/preview": PAGE,
    "/v1/companies/acme": PAGE,
    "/v1/me": PAGE,
    "/v1/causes": KEY,
}


def test_a_list_takes_as_many_whatever_the_number_of_its_rows(door: Door) -> None:
    for path, most in MOST.items():
        seen = taken(door, path)
        assert len(seen) <= most, (path, seen)
    lived(door)
    there = place(door)
    for count in range(8):
        there.invoice(f"F-1{count}", TODAY, next_at=NOW)
    for path, most in MOST.items():
        seen = taken(door, path)
        assert len(seen) <= most, (path, seen)
