"""Companies, policies, the audit trail, the key itself, word lists; foreign ids; the OpenAPI document."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from activities.store.engine import transaction
from admin.queries.words import CAUSES, SENTENCES, in_words
from bench.statements import statements
from models.ids import CaseSignal
from models.tables.words import DisputeCause, TaskKind
from policies import builtin_policy_texts
from rules.decide import State
from rules.facts import StopReason
from tests.api.books import place
from tests.api.conftest import Door
from tests.api.pages import asked, got, reminded, sent
from tests.fixtures.ledger import TODAY, add_message

ROOT = Path(__file__).resolve().parents[2]

integration = pytest.mark.integration


@integration
def test_companies(door: Door) -> None:
    place(door, "other", "O-1")
    both = door.key(companies=None)
    assert [row["ref"] for row in got(door, "/v1/companies", key=both)["items"]] == ["acme", "other"]
    first = got(door, "/v1/companies?limit=1", key=both)
    rest = got(door, f"/v1/companies?after={first['next']}", key=both)
    assert [row["ref"] for row in first["items"] + rest["items"]] == ["acme", "other"]
    assert [row["ref"] for row in got(door, "/v1/companies")["items"]] == ["acme"]
    assert got(door, "/v1/companies/acme")["signatory_email"] == "credit@acme.example"


@integration
def test_policies(door: Door) -> None:
    editions = got(door, "/v1/policies")["items"]
    assert {edition["key"] for edition in editions} >= {"standard", "strict"}
    page = got(door, "/v1/policies/standard/versions/1")
    assert page["toml"] == builtin_policy_texts()["standard.toml"]
    assert [step["key"] for step in page["steps"]][:2] == ["pre_reminder", "reminder_1"]
    assert page["min_amount"]["EUR"] == "10.00"
    assert door.ask("GET", "/v1/policies/standard/versions/9").status_code == 404


@integration
def test_the_audit_trail_is_for_managers_newest_first(door: Door) -> None:
    for number in ("F-1", "F-2"):
        body = {"amount": "1.00", "currency": "EUR"}
        door.ask("POST", f"/v1/companies/acme/invoices/{number}/payments", body)
    rows = got(door, "/v1/companies/acme/audit")["items"]
    assert [(row["what"], row["detail"]["invoice"]) for row in rows] == [
        ("record_payment", "F-2"),
        ("record_payment", "F-1"),
    ]
    first = got(door, "/v1/companies/acme/audit?limit=1")
    assert got(door, f"/v1/companies/acme/audit?after={first['next']}")["items"] == rows[1:]
    assert door.ask("GET", "/v1/companies/acme/audit", role="collector").status_code == 403


@integration
def test_me_and_the_words_of_forms(door: Door) -> None:
    place(door, "other", "O-1")
    assert got(door, "/v1/me", role="viewer") == {
        "name": "usual viewer",
        "role": "viewer",
        "companies": ["acme"],
        "expires_at": None,
    }
    assert got(door, "/v1/me", key=door.key(companies=None))["companies"] is None
    causes = got(door, "/v1/causes")["items"]
    assert {cause["cause"] for cause in causes} == {cause.value for cause in DisputeCause}
    outcomes = {kind["kind"]: kind for kind in got(door, "/v1/outcomes")["items"]}
    assert set(outcomes) == {kind.value for kind in TaskKind}
    assert [rule["word"] for rule in outcomes["approval"]["outcomes"]] == ["approved", "refused"]
    assert (outcomes["approval"]["fixed"], outcomes["rejected_fact"]["fixed"]) == (True, False)


@integration
def test_a_foreign_id_answers_as_an_unknown_one(door: Door) -> None:
    """Whatever there is in `acme` is not there for a key of `other`, nor under `other` for one of both."""
    other = place(door, "other", "O-1")
    other.invoice("O-1", TODAY)
    contact = reminded(door)
    message = sent(door, contact)
    task = asked(door, TaskKind.PHONE_CALL, contact_id=contact.id)
    stranger, both = door.key(companies=["other"]), door.key(companies=["acme", "other"])
    mine = ("F-1", "C-1", str(task), str(message))
    nobodys = ("F-9", "C-9", str(uuid4()), str(uuid4()))
    for there, nowhere in zip(_paths("acme", *mine), _paths("nowhere", *mine), strict=True):
        assert door.ask("GET", there).status_code == 200, there
        foreign, unknown = (door.ask("GET", path, key=stranger) for path in (there, nowhere))
        assert (foreign.status_code, unknown.status_code) == (404, 404)
        assert foreign.text.replace("acme", "nowhere") == unknown.text
    for foreign_path, unknown_path in zip(_paths("other", *mine), _paths("other", *nobodys), strict=True):
        foreign, unknown = (door.ask("GET", path, key=both) for path in (foreign_path, unknown_path))
        if foreign_path == unknown_path:
            continue
        assert (foreign.status_code, unknown.status_code) == (404, 404), foreign_path
        told = foreign.text
        for name, stand_in in zip(mine, nobodys, strict=True):
            told = told.replace(name, stand_in)
        assert told == unknown.text


def _paths(company: str, number: str, customer: str, task: str, message: str) -> list[str]:
    at = f"/v1/companies/{company}"
    return [
        at,
        f"{at}/audit",
        f"{at}/approvals",
        f"{at}/customers",
        f"{at}/cases/{number}",
        f"{at}/cases/{number}/timeline",
        f"{at}/cases/{number}/preview",
        f"{at}/customers/{customer}",
        f"{at}/customers/{customer}/timeline",
        f"{at}/customers/{customer}/communications",
        f"{at}/tasks/{task}",
        f"{at}/communications/{message}",
        f"{at}/communications/{message}/content",
    ]


@integration
def test_content_that_was_altered_is_not_shown(door: Door) -> None:
    with transaction(door.book.engine) as session:
        message = add_message(session, door.book, None, "sent")
    answer = door.ask("GET", f"/v1/companies/acme/communications/{message.id}/content")
    assert answer.status_code == 404


@integration
def test_one_statement_tells_key_and_company(door: Door) -> None:
    got(door, "/v1/me")
    engine = door.client.app.state.api.engine  # type: ignore[attr-defined]
    with statements(engine) as said:
        got(door, "/v1/companies/acme")
    assert len([statement for statement in said if "api_key" in statement]) == 1
    assert len(said) == 2


# ------------------------------------------------------------------------------------------ OpenAPI


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


@integration
def test_the_openapi_document_is_whole(door: Door) -> None:
    document = json.loads(door.client.get("/openapi.json").text)
    assert re.fullmatch(r"3\.1\.\d", document["openapi"])
    seen: set[str] = set()
    for path, method, operation in _operations(document):
        where = f"{method} {path}"
        name = operation["operationId"]
        assert name not in seen, where
        seen.add(name)
        assert operation["summary"], where
        assert operation["tags"], where
        assert set(re.findall(r"{(\w+)}", path)) == {
            parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "path"
        }, where
        good = {code: answer for code, answer in operation["responses"].items() if code.startswith("2")}
        assert good, where
        for status, answer in good.items():
            assert answer["description"], where
            assert ("content" in answer) is (status != "204"), where
            for media in answer.get("content", {}).values():
                assert media["schema"], where
        if not path.startswith("/v1"):
            continue
        assert re.fullmatch(r"[a-z][a-z_]*", name), where
        assert operation["description"], where
        assert operation["security"], where
        assert {"401", "422", "503"} <= set(operation["responses"]), where
        if "requestBody" in operation:
            json_too = "application/json" in operation["requestBody"]["content"]
            assert {"413", *(["400"] if json_too else [])} <= set(operation["responses"]), where
        for status, answer in operation["responses"].items():
            if status >= "4":
                problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
                assert answer["content"] == {"application/problem+json": problem}, where
        for parameter in operation.get("parameters", []):
            assert parameter["schema"], where
    references = list(_references(document))
    assert references
    for reference in references:
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        assert target


# ------------------------------------------------------------------------------------------- words


def test_every_line_of_the_journal_has_its_sentence() -> None:
    assert set(_codes()) - set(SENTENCES) == set()


OF_MESSAGES = {"sending.py", "evidence.py", "returned.py"}
"""Where `at.log(…)` writes a line about a message."""


def _codes() -> Iterator[str]:
    """What the sources write into the journal, as far as it is written there; the rest by its enumeration."""
    yield from (signal.value for signal in CaseSignal if signal is not CaseSignal.CONTACT_CONCLUDED)
    yield from (f"case_{state.value}" for state in State)
    for stop in (StopReason.DO_NOT_CONTACT, StopReason.LAWYER):
        yield f"stopped_{stop.value}"
        yield f"lifted_{stop.value}"
    prefixes = {"case_", "task_", "stopped_", "lifted_", "message_"}
    for folder in ("activities", "admin/portfolio"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if (
                    isinstance(node, ast.Assign)
                    and ast.unparse(node.targets[0]) == "what"
                    and isinstance(node.value, ast.Constant)
                ):
                    yield str(node.value.value)
                if isinstance(node, ast.Call):
                    for written in _written(node):
                        if isinstance(written, ast.Constant) and isinstance(written.value, str):
                            of_message = path.name in OF_MESSAGES and written in node.args
                            yield f"message_{written.value}" if of_message else written.value
                        elif isinstance(written, ast.JoinedStr):
                            first = written.values[0]
                            assert isinstance(first, ast.Constant)
                            assert first.value in prefixes, f"{path}: {ast.unparse(written)}"
    for task in ("broken_promise", "claim_not_found", "call_overdue", "notice_call", "decision"):
        yield f"task_{task}"


def _written(call: ast.Call) -> Iterator[ast.expr]:
    """The `what` of a line: of `add_event(what=…)`, of `at.log(…)`, of `tell_change(…)`."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name == "add_event":
        yield from (keyword.value for keyword in call.keywords if keyword.arg == "what")
    elif name == "log" and call.args and ast.unparse(call.func) in ("at.log", "self.log"):
        yield call.args[0]
    elif name == "tell_change" and len(call.args) >= 5:
        yield call.args[4]


def test_a_line_without_a_sentence_is_readable_all_the_same() -> None:
    assert in_words("something_new", {}, "because") == "Something new: because"


@pytest.mark.parametrize("what", sorted(SENTENCES))
def test_a_sentence_holds_with_little_to_say(what: str) -> None:
    told = in_words(what, {}, None)
    assert told
    assert "{" not in told


def test_sentences() -> None:
    for what, detail, told in (
        (
            "payment_received",
            {"amount": "10.00", "currency": "EUR", "received_on": "2026-03-10"},
            "Payment of 10.00 EUR received on 2026-03-10",
        ),
        (
            "payment_plan_agreed",
            {"instalments": [{"due_on": "2026-04-01", "amount": "5"}]},
            "Promise to pay agreed: 5.00 EUR by 2026-04-01",
        ),
        ("paused", {"reason": "holidays", "until": "2026-04-01"}, "Paused until 2026-04-01: holidays"),
        ("case_waiting", {"next": "reminder_2"}, "Waits for its next step (reminder 2)"),
        ("invoice_changed", {"due_on": "2026-04-01"}, "Invoice corrected: due on 2026-04-01"),
    ):
        assert in_words(what, detail, None, "EUR") == told


def test_every_cause_has_its_words() -> None:
    assert set(CAUSES) == set(DisputeCause)
