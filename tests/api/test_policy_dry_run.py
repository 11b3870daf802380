"""A changed policy tried over HTTP: on the running cases, with nothing written, and never without end."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from admin.api.masters import policy_dry_run
from admin.queries import dry_run as module
from admin.queries.dry_run import Bounds, Busy, DryRun, dry_run
from policies import builtin_policy_texts
from rules.policy import parse_policy
from tests.api.books import customer
from tests.api.conftest import Door
from tests.fixtures.ledger import NOW, everything

pytestmark = pytest.mark.integration

STANDARD = builtin_policy_texts()["standard.toml"]
LATER = STANDARD.replace("offset_days = 15", "offset_days = 20")
PATH = "/v1/companies/acme/policies/standard/dry-run"


def tried(door: Door, text: str, days: int = 7) -> dict[str, Any]:
    answer = door.ask("POST", PATH, {"toml": text, "days": days})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def looked(door: Door, bounds: Bounds, seconds: Any = None) -> DryRun:
    candidate = parse_policy(LATER, "later.toml")
    return dry_run(
        door.book.engine, door.book.company_id, candidate, 7, NOW, None, bounds, seconds or (lambda: 0.0)
    )


def test_contacts_by_day_and_step_before_and_after_and_nothing_is_written(door: Door) -> None:
    assert tried(door, STANDARD)["portfolio"]["whole"]
    before = everything(door.book.engine)
    found = tried(door, LATER)
    assert found["by_day"] == [
        {
            "on": "2026-03-10",
            "before": 1,
            "after": 1,
            "steps": [{"step": "reminder_1", "before": 1, "after": 1}],
        },
        {
            "on": "2026-03-16",
            "before": 1,
            "after": 0,
            "steps": [{"step": "reminder_2", "before": 1, "after": 0}],
        },
    ]
    assert found["contacts"] == {"before": 2, "after": 1}
    assert found["contacted"] == {"before": 1, "after": 1}
    assert found["portfolio"] == {
        "customers": 1,
        "cases": 2,
        "looked_customers": 1,
        "looked_cases": 2,
        "too_large": 0,
        "suspended": 0,
        "whole": True,
    }
    assert tried(door, LATER, 30)["by_step"][1] == {"step": "reminder_2", "before": 1, "after": 1}
    assert everything(door.book.engine) == before


def test_who_is_newly_contacted_and_who_no_longer_is(door: Door) -> None:
    customer(door, "C-2", "5.00")
    customer(door, "C-3", "60.00", policy="strict")
    bolder = tried(door, STANDARD.replace('EUR = "10.00"', 'EUR = "1.00"'))
    assert [(each["customer"], each["name"], each["on"]) for each in bolder["newly"]] == [
        ("C-2", "C-2 & Cie", "2026-03-10")
    ]
    assert (bolder["no_longer"], bolder["no_longer_count"]) == ([], 0)
    milder = tried(door, STANDARD.replace('EUR = "10.00"', 'EUR = "500.00"'))
    assert [each["customer"] for each in milder["no_longer"]] == ["C-1"], "the strict one is not moved"
    assert (milder["newly"], milder["newly_count"]) == ([], 0)


def test_only_the_companys_own_cases_are_looked_at(door: Door) -> None:
    customer(door, "X-1", "100.00", company="other")
    assert tried(door, LATER)["portfolio"]["customers"] == 1
    assert door.ask("POST", PATH.replace("acme", "other"), {"toml": LATER}).status_code == 404


def test_a_text_that_cannot_be_is_refused_with_its_line(door: Door) -> None:
    answer = door.ask("POST", PATH, {"toml": STANDARD.replace("firm_reminder", "firm_remainder", 1)})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    line = STANDARD[: STANDARD.index("firm_reminder")].count("\n") + 1
    assert error["rule"].startswith(f"line {line}: step reminder_2: template: ")
    assert door.ask("POST", PATH, {"toml": LATER, "days": 31}).status_code == 422


def test_a_portfolio_too_large_is_sampled_and_says_so(door: Door) -> None:
    for place in range(2, 6):
        customer(door, f"C-{place}", "50.00")
    some = looked(door, Bounds(customers=3)).portfolio
    assert (some.customers, some.cases, some.looked_customers, some.whole) == (5, 6, 3, False)
    assert looked(door, Bounds(customers=3)) == looked(door, Bounds(customers=3)), "the same ones each time"
    clock = count()
    late = looked(door, Bounds(seconds=1.5), lambda: float(next(clock))).portfolio
    assert (late.looked_customers, late.whole) == (2, False), "it ends when its time is over"
    small = looked(door, Bounds(invoices=1)).portfolio
    assert (small.looked_customers, small.too_large, small.whole) == (4, 1, False)


def test_who_is_under_a_suspension_is_counted(door: Door) -> None:
    told = {"scope": "company", "reason": "audit"}
    assert door.ask("POST", "/v1/companies/acme/suspensions", told).status_code == 201
    assert tried(door, LATER)["portfolio"]["suspended"] == 1


def test_one_at_a_time(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    with module._ONE, pytest.raises(Busy):
        looked(door, Bounds(patience=0.0))
    assert looked(door, Bounds()).portfolio.whole

    def busy(*_: object) -> None:
        raise Busy

    monkeypatch.setattr(policy_dry_run, "dry_run", busy)
    answer = door.ask("POST", PATH, {"toml": LATER})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
