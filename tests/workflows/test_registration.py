"""What workflows call by name exists; what people and other services call by name is answered."""

from __future__ import annotations

import ast
import inspect
import json
from pathlib import Path
from types import ModuleType
from typing import Any, cast
from urllib.parse import unquote
from uuid import UUID

import pytest
from temporalio import activity, workflow
from temporalio.common import RawValue, VersioningBehavior

import workflows
from activities.registry import Needs, activities
from activities.store.facts.record import HANDLERS
from models.ids import (
    BANK_IMPORT_WORKFLOW,
    CASE_WORKFLOW,
    NOTICES_WORKFLOW,
    OUTREACH_WORKFLOW,
    POLICY_TRIAL_WORKFLOW,
    SEARCH_ATTRIBUTE_TYPES,
    CaseSignal,
    NoticesSignal,
    OutreachSignal,
    SearchAttribute,
    case_id,
    notices_id,
    outreach_id,
)
from models.messages import FACTS, Fact, Message
from workflows import options
from workflows.company_notices import CompanyNotices
from workflows.customer_outreach import CustomerOutreach
from workflows.invoice_case import InvoiceCase
from workflows.runtime import WORKFLOWS
from workflows.signal_help import SIGNAL_HELP

CALLS = (
    "call_ledger",
    "execute_activity",
    "execute_local_activity",
    "start_activity",
    "start_local_activity",
)


def definition(cls: type[Any]) -> workflow._Definition:
    return workflow._Definition.must_from_class(cls)


def calls() -> list[tuple[str, ast.Call]]:
    """Each call in the workflows' sources that names an activity, with where it stands."""
    found = []
    for path in sorted(Path(workflows.__path__[0]).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in CALLS:
                found.append((f"{path.name}:{node.lineno}", node))
    return found


def registered() -> dict[str, Any]:
    """The activities of a worker by name. Building them needs nothing of the world."""
    nothing = cast(Any, ModuleType("nothing"))
    offered = activities(Needs(nothing, nothing, nothing, nothing, nothing))
    return {str(activity._Definition.must_from_callable(found).name): found for found in offered}


def test_every_activity_that_a_workflow_calls_is_registered() -> None:
    literal = {
        call.args[0].value
        for _, call in calls()
        if isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    }
    assert literal == set(registered()), "a worker offers what workflows call, and nothing else"
    passed_on = [where for where, call in calls() if not isinstance(call.args[0], ast.Constant)]
    assert all(where.startswith("_ledger_call.py") for where in passed_on), "names are literals elsewhere"


def test_every_activity_call_is_bounded_and_has_a_retry_policy_and_a_summary() -> None:
    for where, call in calls():
        if getattr(call.func, "id", "") == "call_ledger":
            continue
        given = {keyword.arg for keyword in call.keywords}
        assert given & {"start_to_close_timeout", "schedule_to_close_timeout"}, where
        assert {"retry_policy", "summary", "result_type"} <= given, where


def test_a_provider_that_is_slow_is_an_outcome_and_no_lost_attempt() -> None:
    from activities.settings import Settings

    longest = max(
        bound.le
        for name in ("sendgrid_timeout", "twilio_timeout")
        for bound in Settings.model_fields[name].metadata
        if hasattr(bound, "le")
    )
    assert options.SEND_TIMEOUT.total_seconds() > longest


def test_what_crosses_temporal_is_one_message_in_and_one_out() -> None:
    for name, found in registered().items():
        kind = activity._Definition.must_from_callable(found)
        assert kind.arg_types is not None, name
        assert len(kind.arg_types) == 1, name
        assert issubclass(kind.arg_types[0], Message), name
        assert kind.ret_type is not None, name
        assert issubclass(kind.ret_type, Message), name


def test_every_signal_has_a_handler_that_takes_whatever_comes() -> None:
    handlers = definition(InvoiceCase).signals
    assert set(handlers) == {*CaseSignal, None}
    for signal in CaseSignal:
        handler = handlers[signal]
        assert handler.description, signal
        assert handler.arg_types == [RawValue], f"{signal}: a typed handler never sees what does not decode"
        assert not inspect.iscoroutinefunction(handler.fn), f"{signal}: handlers only append"
    assert set(definition(CustomerOutreach).signals) == set(OutreachSignal)
    assert set(definition(CompanyNotices).signals) == set(NoticesSignal)


@pytest.mark.parametrize("signal", list(CaseSignal))
def test_the_temporal_ui_offers_an_example_that_holds(signal: CaseSignal) -> None:
    """Whoever copies the example from the signal's description sends a valid fact."""
    handler = definition(InvoiceCase).signals[signal]
    assert handler.description == SIGNAL_HELP[signal]
    _, _, example = SIGNAL_HELP[signal].partition("Example: ")
    payload = json.loads(example.replace('"…"', f'"{UUID(int=1)}"'))
    fact = FACTS[signal].model_validate(payload)
    assert set(payload) <= set(FACTS[signal].model_fields), "a field nobody reads"
    assert isinstance(fact, Fact)


def test_every_fact_can_be_recorded() -> None:
    assert set(FACTS) == set(CaseSignal)
    assert set(HANDLERS) == set(CaseSignal) - {CaseSignal.CONTACT_CONCLUDED}


def test_the_workflows_have_their_names_and_go_on_with_new_code() -> None:
    names = {definition(cls).name: definition(cls) for cls in WORKFLOWS}
    assert set(names) == {
        *(CASE_WORKFLOW, OUTREACH_WORKFLOW, NOTICES_WORKFLOW),
        *(BANK_IMPORT_WORKFLOW, POLICY_TRIAL_WORKFLOW),
    }
    for found in names.values():
        # Year-long cases take up new code: patches and replay guard them, never a pinned version.
        assert found.versioning_behavior != VersioningBehavior.PINNED


def test_the_search_attributes_are_those_of_the_design() -> None:
    assert set(SEARCH_ATTRIBUTE_TYPES) == set(SearchAttribute)
    assert {name: SEARCH_ATTRIBUTE_TYPES[name] for name in SearchAttribute} == {
        "CaseStage": "Keyword",
        "CompanyRef": "Keyword",
        "CustomerRef": "Keyword",
        "Currency": "Keyword",
        "Outstanding": "Double",
        "DueDate": "Datetime",
        "NextActionAt": "Datetime",
        "PausedBy": "Keyword",
        "Policy": "Keyword",
    }


@pytest.mark.parametrize(
    ("company", "number", "expected"),
    [
        ("acme", "F-1", "invoice/acme/F-1"),
        ("acme", "a/b", "invoice/acme/a%2Fb"),
        ("é", "2026 001", "invoice/%C3%A9/2026%20001"),
        ("a%2Fb", "100%", "invoice/a%252Fb/100%25"),
        ("..", "?#&+", "invoice/../%3F%23%26%2B"),
    ],
)
def test_workflow_ids_keep_their_parts_apart(company: str, number: str, expected: str) -> None:
    made = case_id(company, number)
    assert made == expected
    assert made.isascii()
    kind, *parts = made.split("/")
    assert (kind, [unquote(part) for part in parts]) == ("invoice", [company, number])


def test_two_invoices_never_share_a_workflow() -> None:
    awkward = ["a", "a/b", "b", "a%2Fb", "a b", "a+b", "é", "e\u0301", ""]
    ids = {case_id(company, number) for company in awkward for number in awkward}
    assert len(ids) == len(awkward) ** 2
    assert notices_id(UUID(int=7)) == "notices/00000000-0000-0000-0000-000000000007"
    assert outreach_id(UUID(int=7)) == "outreach/00000000-0000-0000-0000-000000000007"
