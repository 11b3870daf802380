"""A case and an outreach that only give Temporal's commands: what a life costs without Relance in it.

A script is read off the history of a real case: the same local activities, upserts, timers and awaited
signals in the same order, with activities that do nothing but what the real ones ask of Temporal.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel
from temporalio import activity, workflow
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle
from temporalio.common import SearchAttributeKey, WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError

from models.ids import SEARCH_ATTRIBUTE_TYPES

CASE, OUTREACH = "BareCase", "BareOutreach"
REVIEW, PREPARE, SEND = "bare_review", "bare_prepare", "bare_send"
TIMEOUT = timedelta(seconds=60)

_INSTANT = datetime(2026, 1, 1, tzinfo=UTC)


class Nudge(BaseModel):
    """What the bare activities are told: for which case, whether to wake its outreach, and to be answered."""

    case: str
    wakes: bool = False
    answered: bool = False


class Step(BaseModel):
    """One command of a case: `review`, `upsert` or `wait`. A wait ends by its timer or by a signal."""

    do: str
    seconds: float | None = None
    by_signal: bool = False
    wakes: bool = False
    answered: bool = False
    names: list[str] = []


class Script(BaseModel):
    """The commands of one case's life, in order."""

    case: str
    steps: list[Step]


def read_script(events: Iterable[HistoryEvent]) -> list[Step]:
    """The commands of a closed case, from its history.

    Raises:
        ValueError: a review ran as a regular activity, which the bare case does not imitate.
    """
    steps: list[Step] = []
    waiting: Step | None = None
    for event in events:
        kind = event.event_type
        if kind == EventType.EVENT_TYPE_MARKER_RECORDED:
            steps.append(Step(do="review"))
            waiting = None
        elif kind == EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
            found = event.upsert_workflow_search_attributes_event_attributes.search_attributes
            steps.append(Step(do="upsert", names=sorted(found.indexed_fields)))
        elif kind == EventType.EVENT_TYPE_TIMER_STARTED:
            began = event.timer_started_event_attributes.start_to_fire_timeout
            waiting = Step(do="wait", seconds=began.ToTimedelta().total_seconds())
            steps.append(waiting)
        elif kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            if waiting is None:
                waiting = Step(do="wait")
                steps.append(waiting)
            waiting.by_signal = True
        elif kind == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            raise ValueError("a review took too long to run locally: fewer lives side by side, please")
    for place, step in enumerate(steps):
        following = next((later for later in steps[place + 1 :] if later.do != "upsert"), None)
        if step.do == "review":
            # Waiting for a signal and no timer: it has asked its outreach to act. The last review asks for
            # the thank-you, which nobody waits for.
            step.answered = following is not None and following.do == "wait" and following.seconds is None
            step.wakes = step.answered or following is None
    return steps


@workflow.defn(name=CASE)
class BareCase:
    """Follows its script."""

    @workflow.init
    def __init__(self, script: Script) -> None:
        self._case = script.case
        self._told = False

    @workflow.run
    async def run(self, script: Script) -> None:
        """One command after another."""
        for step in script.steps:
            if step.do == "review":
                nudge = Nudge(case=self._case, wakes=step.wakes, answered=step.answered)
                await workflow.execute_local_activity(REVIEW, nudge, schedule_to_close_timeout=TIMEOUT)
            elif step.do == "upsert":
                workflow.upsert_search_attributes([_update(name) for name in step.names])
            else:
                await self._wait(step)

    async def _wait(self, step: Step) -> None:
        timeout = None if step.seconds is None else timedelta(seconds=step.seconds)
        try:
            await workflow.wait_condition(lambda: self._told, timeout=timeout)
        except TimeoutError as error:
            if step.by_signal:
                raise ApplicationError("the signal the script awaits did not come") from error
        self._told = False

    @workflow.signal
    def told(self) -> None:
        """Something happened."""
        self._told = True


def _update(name: str) -> Any:
    """Any value of the attribute's type."""
    match SEARCH_ATTRIBUTE_TYPES[name]:
        case "Double":
            return SearchAttributeKey.for_float(name).value_set(1.0)
        case "Datetime":
            return SearchAttributeKey.for_datetime(name).value_set(_INSTANT)
    return SearchAttributeKey.for_keyword(name).value_set("bare")


@workflow.defn(name=OUTREACH)
class BareOutreach:
    """One pass: look, send, end."""

    @workflow.run
    async def run(self, nudge: Nudge) -> None:
        """A local activity and a regular one, as one contact takes."""
        await workflow.execute_local_activity(PREPARE, nudge, schedule_to_close_timeout=TIMEOUT)
        await workflow.execute_activity(SEND, nudge, start_to_close_timeout=TIMEOUT)

    @workflow.signal
    def nudged(self) -> None:
        """Look again: the bare one has nothing to look at."""


class BareActivities:
    """Activities that do nothing but tell the other workflow, as the real ones do."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue

    @activity.defn(name=REVIEW)
    async def review(self, nudge: Nudge) -> None:
        """Wake the outreach, where the script says so."""
        if nudge.wakes:
            await self._client.start_workflow(
                OUTREACH,
                nudge,
                id=outreach_id(nudge.case),
                task_queue=self._task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal="nudged",
            )

    @activity.defn(name=PREPARE)
    async def prepare(self, nudge: Nudge) -> None:
        """Nothing."""

    @activity.defn(name=SEND)
    async def send(self, nudge: Nudge) -> None:
        """Tell the case that its contact was made."""
        if nudge.answered:
            await self.handle(nudge.case).signal(BareCase.told)

    def handle(self, case: str) -> WorkflowHandle[BareCase, None]:
        """A bare case."""
        return self._client.get_workflow_handle_for(BareCase.run, case)


def outreach_id(case: str) -> str:
    """Workflow id of the outreach that serves a bare case."""
    return f"outreach/{case}"
