"""A workflow task that the time-skipping server lost for good, and time with it.

Where a timer fires while its workflow, woken by a signal, asks for it to be cancelled, the server refuses the
answer but takes the task for done: it is neither timed out nor given out again, and time stands still until
the test gives up (temporalio/sdk-java issue 3088). A real server has the task done again. Nothing in a world
can go on from there, so the test is lived again, once, in a new one (`tests/conftest.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import timedelta
from typing import TypeVar

from temporalio.api.enums.v1 import EventType
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

LOOKED_EVERY = 20.0
"""Real seconds without an answer, after which it is looked whether there can be one."""

_TIMED_OUT = timedelta(seconds=30)
"""A workflow task may take ten seconds: one begun so long ago, by the server's time, is in nobody's hands."""

_T = TypeVar("_T")


class LostTaskError(Exception):
    """The server lost a workflow's task."""


async def unless_lost(answer: Awaitable[_T], env: WorkflowEnvironment, workflows: Iterable[str]) -> _T:
    """Wait for an answer of the server, however long it takes, while it can still come.

    Raises:
        LostTaskError: it cannot, as one of the workflows has a task that is lost.
    """
    known = list(workflows)
    waiting = asyncio.ensure_future(answer)
    while not (await asyncio.wait({waiting}, timeout=LOOKED_EVERY))[0]:
        for workflow in known:
            if await _is_lost(env, workflow):
                waiting.cancel()
                raise LostTaskError(f"{workflow}: a workflow task begun long ago was never ended")
    return waiting.result()


async def _is_lost(env: WorkflowEnvironment, workflow: str) -> bool:
    try:
        history = await env.client.get_workflow_handle(workflow).fetch_history()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    tasks = [
        event
        for event in history.events
        if EventType.Name(event.event_type).startswith("EVENT_TYPE_WORKFLOW_TASK_")
    ]
    # Of a run that has ended, no task is awaited.
    ended = history.events[-1].event_type not in _WAITING
    if ended or not tasks or tasks[-1].event_type != EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED:
        return False
    begun = tasks[-1].event_time.ToDatetime(tzinfo=(now := await env.get_current_time()).tzinfo)
    return now - begun > _TIMED_OUT


_WAITING = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    }
)
"""What a history may end with while a task is in somebody's hands."""
