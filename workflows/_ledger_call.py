"""One call of the ledger from a workflow: locally first, by the server when the ledger is slow."""

from __future__ import annotations

from typing import TypeVar, cast

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, FailureError

from workflows.options import LEDGER_RETRY, LEDGER_TIMEOUT, LOCAL_RETRY, LOCAL_TIMEOUT

with workflow.unsafe.imports_passed_through():
    from models.messages import Message

Result = TypeVar("Result", bound=Message)


async def call_ledger(name: str, argument: Message, result: type[Result], summary: str) -> Result:
    """Run the activity `name` with `argument`, which must be safe to run twice.

    Raises:
        FailureError: only for an error no retry can mend (`NotFound`).
    """
    try:
        return cast(
            "Result",
            await workflow.execute_local_activity(
                name,
                argument,
                result_type=result,
                schedule_to_close_timeout=LOCAL_TIMEOUT,
                retry_policy=LOCAL_RETRY,
                summary=summary,
            ),
        )
    except CancelledError:
        raise
    except FailureError as error:
        # A local activity that fails raises its own error here, not an ActivityError around it.
        cause = error.cause if isinstance(error, ActivityError) else error
        if isinstance(cause, ApplicationError) and cause.type == "NotFound":
            raise
        # No arguments: the SDK adds the workflow id to the text, and a `%2F` in it would be read as a format.
        workflow.logger.warning(f"{name} did not answer in time here; handed to the server")
    return cast(
        "Result",
        await workflow.execute_activity(
            name,
            argument,
            result_type=result,
            start_to_close_timeout=LEDGER_TIMEOUT,
            retry_policy=LEDGER_RETRY,
            summary=summary,
        ),
    )
