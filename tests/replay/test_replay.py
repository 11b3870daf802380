"""Runs that began under older code go on under today's: committed histories replay."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from models.ids import CASE_WORKFLOW, OUTREACH_WORKFLOW
from models.messages import CaseInput, CaseView, OutreachInput
from tests.replay.commands import COMMANDS, commands
from tests.replay.record import HISTORIES
from workflows.customer_outreach import CustomerOutreach
from workflows.invoice_case import InvoiceCase
from workflows.runtime import DATA_CONVERTER, WORKFLOWS, OneArgument, workflow_runner

NAMES = sorted(path.stem for path in HISTORIES.glob("*.json"))

WHAT_TO_DO = """
The commands of a workflow changed. Runs that are out there were started by the code before, and are
replayed with this code at their next wake: a command more, one less or in another order stops them for good.
  1. Put the new way behind a patch, and keep the old way beside it:
         if workflow.patched("what-changed"): ... (new) ... else: ... (old) ...
     A change of what is *decided* needs none of this: it belongs in an activity, whose answer is recorded.
  2. See that every history in tests/replay/histories still replays. Never record one again, never delete one.
  3. Tell the new way as a life of its own in tests/replay/lives.py, and record it beside the old ones:
         python -m tests.replay.record
  4. Only then write the fingerprint down anew:
         python -m tests.replay.record --fingerprints
"""


def load(name: str) -> WorkflowHistory:
    """A committed history."""
    text = (HISTORIES / f"{name}.json").read_text(encoding="utf-8")
    return WorkflowHistory.from_json(json.loads(text)["workflowId"], text)


def replayer(classes: Sequence[type[Any]] = WORKFLOWS) -> Replayer:
    """Set up as every worker is."""
    return Replayer(
        workflows=classes,
        data_converter=DATA_CONVERTER,
        workflow_runner=workflow_runner(),
        interceptors=[OneArgument()],
    )


async def failure(name: str, classes: Sequence[type[Any]] = WORKFLOWS) -> BaseException | None:
    """Why a history does not replay; None when it does."""
    result = await replayer(classes).replay_workflow(load(name), raise_on_replay_failure=False)
    return result.replay_failure


@pytest.mark.parametrize("name", NAMES)
async def test_a_committed_history_replays(name: str) -> None:
    reason = await failure(name)
    assert reason is None, f"{name}: {reason}\n{WHAT_TO_DO}"


def test_the_commands_of_the_workflows_are_those_written_down() -> None:
    written = COMMANDS.read_text(encoding="utf-8")
    now = json.dumps(commands(), indent=2, ensure_ascii=False) + "\n"
    moved = "".join(
        difflib.unified_diff(written.splitlines(True), now.splitlines(True), "written down", "now")
    )
    assert now == written, f"{moved}\n{WHAT_TO_DO}"


# ------------------------------------------------------------------ what the histories are about

TOLD_BY = {
    "never-paid": ["marker:core_local_activity", "timer_fired", "signal:contact_concluded"],
    "paid-early": ["signal:payment_received", "completed"],
    "part-paid": ["signal:payment_received", "completed"],
    "disputed": ["signal:dispute_opened", "signal:dispute_resolved"],
    "plan-broken": ["signal:payment_plan_agreed", "signal:payment_received", "timer_fired"],
    "claim": ["signal:payment_claimed", "timer_fired"],
    "hold": ["signal:delivery_hold_placed", "signal:payment_received", "completed"],
    "insolvent": ["signal:insolvency_opened"],
    "reopened-first-run": ["signal:payment_received", "completed"],
    "reopened-second-run": ["signal:payment_reversed", "timer_fired"],
    "continued-first-run": ["continued_as_new"],
    "continued-last-run": ["timer_started"],
    "rejected-signals": ["signal:payment_recieved", "signal:closed", "signal:paused"],
    "slow-ledger": ["activity:review"],
    "outreach-sent": ["signal:nudged", "activity:send_communication", "completed"],
    "outreach-stale-composed-again": ["activity:send_communication", "activity:send_communication"],
    "outreach-thank-you-waited": ["timer_fired", "activity:send_communication", "completed"],
    "outreach-approval": ["marker:core_local_activity", "completed"],
    "policy-trial-first-run": ["activity:try_policy", "continued_as_new"],
    "policy-trial-last-run": ["activity:try_policy", "completed"],
    "notices-sent": ["signal:nudged", "activity:send_communication", "completed"],
}


def events(name: str) -> list[str]:
    """A history as the words the table above is made of."""
    found = []
    for event in load(name).events:
        kind = event.WhichOneof("attributes") or ""
        words = {
            "workflow_execution_signaled_event_attributes": lambda e: f"signal:{e.signal_name}",
            "activity_task_scheduled_event_attributes": lambda e: f"activity:{e.activity_type.name}",
            "marker_recorded_event_attributes": lambda e: f"marker:{e.marker_name}",
        }
        short = kind.removesuffix("_event_attributes").removeprefix("workflow_execution_")
        found.append(words[kind](getattr(event, kind)) if kind in words else short)
    return found


@pytest.mark.parametrize("name", sorted(TOLD_BY))
def test_the_history_holds_what_its_name_says(name: str) -> None:
    rest = iter(events(name))
    assert all(any(word == seen for seen in rest) for word in TOLD_BY[name]), events(name)


def test_every_way_through_the_workflows_is_recorded() -> None:
    together = {event for name in NAMES for event in events(name)}
    assert {"continued_as_new", "completed", "activity:review", "timer_canceled"} <= together
    assert len({name.removesuffix("-run") for name in NAMES}) >= 8


def test_the_histories_tell_nothing_of_who_recorded_them() -> None:
    for path in HISTORIES.glob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert '"identity"' not in text, path.name
        assert "@" not in re.sub(r"(standard|strict)@\d+", "", text), f"{path.name}: an address?"
        assert "site-packages" not in text, f"{path.name}: a path of the recording machine"


# ------------------------------------------------------------------ that a change is noticed


@workflow.defn(name=CASE_WORKFLOW, sandboxed=False)
class ShowsLate(InvoiceCase):
    """Search attributes are written after the timer instead of before it."""

    @workflow.init
    def __init__(self, start: CaseInput) -> None:
        super().__init__(start)
        self._late: CaseView | None = None

    @workflow.run
    async def run(self, start: CaseInput) -> CaseView:
        """As today, in another order."""
        return await super().run(start)

    def _show(self, view: CaseView) -> None:
        self._late = view

    async def _sleep(self, view: CaseView) -> None:
        await super()._sleep(view)
        super()._show(view)


@workflow.defn(name=CASE_WORKFLOW, sandboxed=False)
class LooksTwice(InvoiceCase):
    """One more activity at each wake."""

    @workflow.init
    def __init__(self, start: CaseInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseInput) -> CaseView:
        """As today, and once more."""
        return await super().run(start)

    async def _review(self, start: CaseInput) -> CaseView:
        await super()._review(start)
        return await super()._review(start)


@workflow.defn(name=CASE_WORKFLOW, sandboxed=False)
class NeverShows(InvoiceCase):
    """One command less."""

    @workflow.init
    def __init__(self, start: CaseInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseInput) -> CaseView:
        """As today, without a word."""
        return await super().run(start)

    def _show(self, view: CaseView) -> None:
        return


@workflow.defn(name=OUTREACH_WORKFLOW, sandboxed=False)
class WaitsFirst(CustomerOutreach):
    """A timer before the first look."""

    @workflow.init
    def __init__(self, start: OutreachInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: OutreachInput) -> None:
        """As today, a minute later."""
        await workflow.sleep(timedelta(minutes=1))
        await super().run(start)


@pytest.mark.parametrize("mutant", [ShowsLate, LooksTwice, NeverShows])
@pytest.mark.parametrize("name", ["never-paid", "part-paid", "plan-broken", "reopened-second-run"])
async def test_a_case_with_other_commands_does_not_replay(mutant: type[InvoiceCase], name: str) -> None:
    assert isinstance(await failure(name, [mutant, CustomerOutreach]), workflow.NondeterminismError)


@pytest.mark.parametrize("name", ["outreach-sent", "outreach-approval"])
async def test_an_outreach_with_other_commands_does_not_replay(name: str) -> None:
    assert isinstance(await failure(name, [InvoiceCase, WaitsFirst]), workflow.NondeterminismError)
