"""Preview and simulation of files: what the facts of a row mean on a day; golden outputs of the sample.

When a rule changes on purpose, record the outputs again and read the difference:
`relance preview samples/portfolio.csv --today 2026-03-02 --format json > golden/preview.jsonl` and
`relance simulate samples/portfolio.csv --policy standard --format json > golden/simulate.jsonl`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from admin.portfolio.debtors import Debtor, survey
from admin.portfolio.facts import assigned, case_at, life
from admin.portfolio.foresee import Lived, Told, preview_file, simulate_file
from admin.portfolio.ladders import named_policy
from admin.portfolio.row import Reject
from policies import builtin_assignment, builtin_policies
from rules.policy import PolicyError
from tests.unit.portfolio.files import TODAY, read, write

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "samples" / "portfolio.csv"
GOLDEN = Path(__file__).with_name("golden")
RECEIVABLES = ROOT.parent / "shared" / "data" / "receivables-2012-2013.csv"
STANDARD = builtin_policies()["standard"]


def refuse(reject: Reject) -> None:
    raise AssertionError(str(reject))


def foreseen(path: Path, policy: str | None = None, today: date = TODAY) -> list[Told]:
    ladder = None if policy is None else named_policy(policy)
    return list(preview_file(path, policy=ladder, today=lambda _: today, on_reject=refuse))


def steps(told: list[Told]) -> list[str]:
    return [f"{t.step.step} {t.step.at.astimezone(t.calendar.zone):%m-%d %H:%M}" for t in told]


def lived(path: Path, policy: str = "standard") -> Lived:
    return simulate_file(path, policy=named_policy(policy), on_reject=refuse)


def contacts(told: Lived) -> list[str]:
    return [
        f"{c.customer} {c.step} {c.at.astimezone(calendar.zone):%Y-%m-%d} {'+'.join(c.invoices)}"
        + (f" ({'+'.join(c.also)})" if c.also else "")
        for c, calendar in told.contacts
    ]


def test_a_case_starts_at_the_start_of_the_day(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", [{"accounting_email": "a@b.fr", "accounting_phone": "0612345678"}])
    assert steps(foreseen(path, today=date(2026, 2, 1))) == [
        "pre_reminder 02-11 09:30",
        "reminder_1 02-19 09:30",
        "reminder_2 03-02 09:30",
        "reminder_3 03-16 09:30",
        "phone_call 03-26 09:30",
        "formal_notice 04-15 09:30",
        "handover 04-30 09:30",
    ]


def test_the_instant_is_that_of_the_customers_zone(tmp_path: Path) -> None:
    rows = [{"country": "US"}, {"invoice": "F-2", "country": "FR", "timezone": "Indian/Reunion"}]
    told = foreseen(write(tmp_path / "p.csv", rows), "standard")
    offsets = {t.step.invoice: _at(t)[10:] for t in told}
    assert offsets == {"F-1": "T09:30:00-04:00", "F-2": "T09:30:00+04:00"}


def test_what_has_not_happened_by_the_day_is_not_known(tmp_path: Path) -> None:
    rows = [
        {"invoice": "PAID", "settled_on": "2026-03-02"},
        {"invoice": "LATER", "settled_on": "2026-03-03"},
        {"invoice": "DISPUTED", "disputed_on": "2026-03-01", "resolved_on": "2026-03-03"},
        {"invoice": "RESOLVED", "disputed_on": "2026-02-20", "resolved_on": "2026-03-02"},
        {"invoice": "WILL", "disputed_on": "2026-03-03"},
        {"invoice": "OPENING", "paid": "1200.00"},
    ]
    told = foreseen(write(tmp_path / "p.csv", rows), "standard")
    assert list(dict.fromkeys(t.step.invoice for t in told)) == ["LATER", "RESOLVED", "WILL"]
    first = next(t for t in told if t.step.invoice == "RESOLVED")
    assert "after the end of the pause (2026-03-02)" in first.step.why


def test_a_case_brought_over_goes_on_from_its_step(tmp_path: Path) -> None:
    row = {"last_step": "reminder_2", "last_contacted_on": "2026-02-27"}
    told = foreseen(write(tmp_path / "p.csv", [row]), "standard")
    assert steps(told)[0] == "reminder_3 03-16 09:30"


def test_a_promise_pauses_until_it_is_broken_and_the_ladder_goes_on(tmp_path: Path) -> None:
    brought = {"last_step": "reminder_1", "last_contacted_on": "2026-02-20"}
    rows = [
        {"invoice": "SOON", "promised_on": "2026-03-10"} | brought,
        # What was paid before is no part of the promise.
        {"invoice": "PART", "promised_on": "2026-03-10", "paid": "600.00"} | brought,
        {"invoice": "LESS", "promised_on": "2026-03-10", "promised_amount": "600.00", "paid": "600.00"}
        | brought,
        {"invoice": "BROKEN", "promised_on": "2026-02-25"} | brought,
        {"invoice": "LONG_AGO", "promised_on": "2026-02-19"} | brought,
        {"invoice": "NONE"} | brought,
    ]
    told = foreseen(write(tmp_path / "p.csv", rows), "standard")
    first = {t.step.invoice: t for t in reversed(told)}
    # Broken on 03-13 at 09:30, then five days; on 02-28, then five days; before that, it changes nothing.
    assert {invoice: steps([t])[0] for invoice, t in first.items()} == {
        "SOON": "reminder_2 03-18 09:30",
        "PART": "reminder_2 03-18 09:30",
        "LESS": "reminder_2 03-18 09:30",
        "BROKEN": "reminder_2 03-05 09:30",
        "LONG_AGO": "reminder_2 03-02 09:30",
        "NONE": "reminder_2 03-02 09:30",
    }
    assert "after the end of the pause (2026-02-28)" in first["BROKEN"].step.why


def test_a_simulated_promise_is_known_from_the_start(tmp_path: Path) -> None:
    brought = {"last_step": "reminder_1", "last_contacted_on": "2026-02-20", "promised_on": "2026-03-02"}
    told = contacts(lived(write(tmp_path / "p.csv", [brought | {"settled_on": "2026-03-12"}])))
    assert told == ["C-1 reminder_2 2026-03-10 F-1"]


def test_a_step_that_the_assigned_policy_does_not_have_is_refused_with_those_it_has(tmp_path: Path) -> None:
    told = {"segment": "public", "last_step": "reminder_3", "last_contacted_on": "2026-02-20"}
    path = write(tmp_path / "p.csv", [told, {"invoice": "F-2"}])
    rejects: list[Reject] = []
    rows = preview_file(path, policy=None, today=lambda _: TODAY, on_reject=rejects.append)
    assert {t.step.invoice for t in rows} == {"F-2"}
    assert [str(reject) for reject in rejects] == [
        "line 2: last_step: no such step in policy public_sector, which the assignment rules give it; "
        "public_sector has pre_reminder, call_1, reminder_1, reminder_2, call_2, formal_notice, handover "
        "(reminder_3)"
    ]
    # Trying one policy on all, a step of another keeps its place.
    assert {t.step.invoice for t in foreseen(path, "public_sector")} == {"F-1", "F-2"}


def test_a_step_of_another_policy_keeps_its_offset(tmp_path: Path) -> None:
    row = {"last_step": "call_1", "last_contacted_on": "2026-02-20"}
    rows, _ = read(write(tmp_path / "p.csv", [row]))
    debtor = Debtor("FR", None, None, None)
    case = case_at(rows[0], debtor, STANDARD, builtin_policies(), debtor.calendar.start_of_day(TODAY))
    assert [(done.step, done.offset_days) for done in case.done] == [("call_1", 3)]


def test_policies_are_assigned_by_what_the_customer_owes_in_all(tmp_path: Path) -> None:
    rows = [
        {"invoice": "SMALL", "customer": "C-1", "amount": "30.00"},
        {"invoice": "A", "customer": "C-2", "amount": "30.00"},
        {"invoice": "B", "customer": "C-2", "amount": "30.00"},
        {"invoice": "PAID", "customer": "C-1", "amount": "500.00", "settled_on": "2026-02-01"},
        {"invoice": "NAMED", "customer": "C-3", "policy": "strict"},
        {"invoice": "PUBLIC", "customer": "C-4", "segment": "public"},
        {"invoice": "RISK", "customer": "C-5", "risk": "high"},
    ]
    found, _ = read(write(tmp_path / "p.csv", rows))
    debtors = survey(found, lambda _: TODAY, builtin_policies())
    names = {
        row.invoice: assigned(
            row, debtors[row.company, row.customer], builtin_policies(), builtin_assignment()
        ).key
        for row in found
    }
    assert names == {
        "SMALL": "small_amounts",
        "A": "standard",
        "B": "standard",
        "PAID": "small_amounts",
        "NAMED": "strict",
        "PUBLIC": "public_sector",
        "RISK": "strict",
    }


def test_asking_for_a_policy_goes_before_everything(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", [{"policy": "strict", "segment": "public"}])
    assert [t.step.step for t in foreseen(path, "small_amounts")] == [
        "reminder_1",
        "reminder_2",
        "reminder_3",
        "handover",
    ]


def test_in_a_preview_each_row_stands_alone_in_a_simulation_a_customer_is_one(tmp_path: Path) -> None:
    rows = [
        {"accounting_phone": "0612345678"},
        {"invoice": "F-2", "country": "US", "last_step": "reminder_2", "last_contacted_on": "2026-02-27"},
    ]
    path = write(tmp_path / "p.csv", rows)
    told = foreseen(path, "standard")
    assert [t.step.channel.value for t in told if t.step.step == "reminder_3"] == ["sms", "phone"]
    assert {t.step.invoice: t.calendar.country for t in told} == {"F-1": "FR", "F-2": "US"}
    simulated = lived(path)
    assert {calendar.country for _, calendar in simulated.contacts} == {"FR"}
    assert {c.channel.value for c, _ in simulated.contacts if c.step == "reminder_3"} == {"sms"}


def test_in_a_simulation_a_settlement_pays_and_ends_a_dispute(tmp_path: Path) -> None:
    rows = [
        {"invoice": "A", "customer": "C-1", "settled_on": "2026-02-25"},
        {"invoice": "B", "customer": "C-2", "disputed_on": "2026-02-15", "settled_on": "2026-06-01"},
        {"invoice": "C", "customer": "C-3", "disputed_on": "2026-02-15"},
    ]
    told = contacts(lived(write(tmp_path / "p.csv", rows)))
    assert told == [
        "C-1 pre_reminder 2026-02-11 A",
        "C-2 pre_reminder 2026-02-11 B",
        "C-3 pre_reminder 2026-02-11 C",
        "C-1 reminder_1 2026-02-19 A",
    ]


def test_a_simulated_case_starts_on_its_issue_date_or_its_last_contact(tmp_path: Path) -> None:
    rows = [{}, {"invoice": "F-2", "last_step": "reminder_1", "last_contacted_on": "2026-02-19"}]
    found, _ = read(write(tmp_path / "p.csv", rows), today=None)
    debtor = Debtor("FR", None, None, None)
    starts = [
        life(row, debtor, STANDARD, builtin_policies()).starts_at.astimezone(debtor.calendar.zone)
        for row in found
    ]
    assert [start.date() for start in starts] == [date(2026, 1, 15), date(2026, 2, 19)]
    assert all(start.hour == 0 for start in starts)


def test_contacts_are_grouped_by_customer_of_one_company(tmp_path: Path) -> None:
    rows = [{"invoice": "A"}, {"invoice": "B"}, {"invoice": "A", "company": "OTHER"}]
    told = contacts(lived(write(tmp_path / "p.csv", rows)))
    assert told[:2] == ["C-1 pre_reminder 2026-02-11 A+B", "C-1 pre_reminder 2026-02-11 A"]


def as_json(path: Path) -> Iterator[dict[str, object]]:
    for line in path.read_text("utf-8").splitlines():
        yield json.loads(line)


def test_the_sample_previews_as_recorded() -> None:
    told = [
        [t.step.invoice, t.step.step, t.step.channel.value, t.step.planned.isoformat(), _at(t), t.step.why]
        for t in foreseen(SAMPLE)
    ]
    recorded = [list(row.values()) for row in as_json(GOLDEN / "preview.jsonl")]
    assert told == recorded


def _at(told: Told) -> str:
    at: datetime = told.step.at.astimezone(told.calendar.zone)
    return at.isoformat()


def test_the_sample_simulates_as_recorded() -> None:
    told = [
        [
            c.customer,
            c.at.astimezone(calendar.zone).isoformat(),
            c.channel.value,
            c.step,
            list(c.invoices),
            list(c.also),
        ]
        for c, calendar in lived(SAMPLE).contacts
    ]
    recorded = [list(row.values()) for row in as_json(GOLDEN / "simulate.jsonl")]
    assert told == recorded


def test_policies_are_named_or_read_from_files(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no policy 'standrd' \\(did you mean 'standard'\\?\\)"):
        named_policy("standrd")
    with pytest.raises(PolicyError, match=r"no\.toml: No such file"):
        named_policy(str(tmp_path / "no.toml"))
    mine = tmp_path / "mine.toml"
    mine.write_text('key = "mine"\ntitle = "Mine"\nentry_cap = "x"\nsteps = []\n', "utf-8")
    with pytest.raises(PolicyError, match=r"mine\.toml: steps: "):
        named_policy(str(mine))


@pytest.mark.skipif(
    not RECEIVABLES.exists(), reason="the receivables data set lies beside the project, not here"
)
def test_two_years_of_real_receivables(tmp_path: Path) -> None:
    """2,466 invoices of 100 customers; a disputed one is disputed on its due date until it is settled."""
    told = lived(receivables(tmp_path / "p.csv"))
    assert told.summary.invoices == 2466
    assert told.summary.customers == 100
    assert told.summary.still_open == 0
    assert sum(told.summary.contacts.values()) + told.summary.decisions == len(told.contacts)
    assert sum(told.summary.paid_after.values()) == 2466
    ordered = [(c.at, c.customer) for c, _ in told.contacts]
    assert ordered == sorted(ordered)


def receivables(path: Path) -> Path:
    """The data set, its columns mapped to those of a portfolio."""

    def day(text: str) -> str:
        return datetime.strptime(text, "%m/%d/%Y").date().isoformat()  # noqa: DTZ007 - a day has no zone

    rows = []
    with RECEIVABLES.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            disputed = row["Disputed"] == "Yes"
            rows.append(
                {
                    "invoice": row["invoiceNumber"],
                    "customer": row["customerID"],
                    "customer_name": row["customerID"],
                    "issued_on": day(row["InvoiceDate"]),
                    "due_on": day(row["DueDate"]),
                    "amount": row["InvoiceAmount"],
                    "settled_on": day(row["SettledDate"]),
                    "disputed_on": day(row["DueDate"]) if disputed else "",
                    "resolved_on": day(row["SettledDate"]) if disputed else "",
                }
            )
    return write(path, rows)
