"""Why a fact or an outcome was not taken is said in French, at its field."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from admin.console.speech import Speech
from admin.console.words.refusals import french_refusal
from rules.calls import call_back_fault, promise_fault
from tests.console.texts import ROOT, english_left, filled, plain

SOURCES = (
    *sorted((ROOT / "activities/store/facts").glob("*.py")),
    ROOT / "activities/store/customers.py",
    ROOT / "activities/store/work.py",
    ROOT / "models/work.py",
    ROOT / "admin/console/completing.py",
)
RAISED = ("InvalidFact", "WrongState", "NotFound", "Conflict")
SAMPLES = {
    "amount": "12.00",
    "at.case.closing_reason": "Acme",
    "at.company.ref!r": "'acme'",
    "before.due_on": "2026-03-09",
    "beside": " and not in dispute",
    "chosen": "promise",
    "chosen!r": "'x'",
    "contact.status": "sent",
    "contact_id": "F-1",
    "currency": "USD",
    "chosen[0].currency": "EUR",
    "decimals": "2",
    "field": "amount",
    "field_name": "amount",
    "fact.amount": "12.00",
    "found.kind": "paused",
    "kind": "paused",
    "len(disputes)": "2",
    "len(holds)": "2",
    "len(kept)": "9",
    "len(line)": "99",
    "len(meant)": "2",
    "len(named)": "2",
    "len(standing)": "2",
    "limit": "10.00",
    "message.status": "sent",
    "name": "amount",
    "owed": "10.00",
    "owed[invoice.id]": "10.00",
    "place": "2",
    "promised": "12.00",
    "reason.value": "do_not_contact",
    "role.value": "buyer",
    "task.id": "F-1",
    "task.status": "done",
    "total": "10.00",
    "what": "Acme",
    "ADDRESS_LINES": "6",
    "ADDRESS_WIDTH": "38",
    "task_id": "F-1",
    "VETO_DAYS": "10",
    "latest": "2026-03-20",
    "contact": "F-1",
    "_numbers(people)": "no number",
    "credited": "12.00",
    "at.invoice.currency": "EUR",
    "invoice.currency": "EUR",
    "self.invoice.currency": "EUR",
    "wanted": "USD",
    "words": "a, b",
    "fact.task_id": "F-1",
}
DAYS = ("_on", "until", "today", "day", "since", ".date()", "_EARLIEST_DAY", "first", "value", "getattr")
NOT_OURS = (
    # Bugs of a program that tells facts, or texts of others that are put in.
    "is not a fact that can be recorded",
    " takes ",
    "no invoice F-1",
    "told as a fact of an invoice",
    "is about no invoice",
)


def _sample(name: str) -> str:
    if name in SAMPLES:
        return SAMPLES[name]
    if any(part in name for part in DAYS):
        return "2026-03-10"
    return "'F-1'" if name.endswith("!r") or name.startswith("', '.join") else "F-1"


def _refusals() -> Iterator[str]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call) or not node.exc.args:
                continue
            if getattr(node.exc.func, "id", "") not in RAISED:
                continue
            first = node.exc.args[0]
            if isinstance(first, ast.JoinedStr) and any(
                isinstance(part, ast.FormattedValue)
                and ast.unparse(part.value) in ("error", "wrong", "first['msg']")
                for part in first.values
            ):
                continue
            yield from (text for text in filled(first, _sample) if not any(part in text for part in NOT_OURS))


FAR = date(2026, 3, 10) + timedelta(days=1000)
OF_CALLS = {
    fault(day, date(2026, 3, 10))
    for fault in (promise_fault, call_back_fault)
    for day in (date(2026, 3, 1), FAR)
} - {None}


@pytest.mark.parametrize("text", sorted({*_refusals(), *map(str, OF_CALLS)}))
def test_every_refusal_is_said_in_french(text: str) -> None:
    told = french_refusal(text)
    assert told is not None, f"no French for {text!r}: add it to admin/console/words/refusals.py"
    assert not english_left(told)


def test_a_refusal_writes_days_the_french_way_and_escapes_what_was_typed() -> None:
    speech = Speech("fr", {})
    told = plain(speech.refused("paid_on: 2026-03-12 lies in the future (today is 2026-03-10)"))
    assert told == "Le 12/03/2026 est à venir (nous sommes le 10/03/2026)"
    assert plain(speech.refused("'<b>' is no amount")) == "« <b> » n’est pas un montant"
    assert speech.refused("something <new>") == '<span lang="en">something &lt;new&gt;</span>'
    assert Speech("en", {}).refused("required") == "required"
