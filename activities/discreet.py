"""Errors of activities, told without what they hold.

A database error quotes the row it stumbled over: addresses, names. What an activity raises goes into
Temporal's history and into logs, where no personal data belong; so both get the kind of the error and
the place in the code, and nothing of its text.
"""

from __future__ import annotations

import logging
import traceback
from typing import Any

from temporalio import activity
from temporalio.exceptions import FailureError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

log = logging.getLogger(__name__)


class DiscreetErrors(Interceptor):
    """For every worker: unexpected errors of activities become an `ActivityFault` without their text."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Wrap each activity."""
        return _Discreet(next)


class ActivityFault(Exception):
    """An activity failed; the worker's log says where."""


class _Discreet(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        try:
            return await super().execute_activity(input)
        except FailureError:
            # Raised on purpose, in words of our own.
            raise
        except Exception as error:
            name = activity.info().activity_type
            log.warning("%s failed: %s", name, told(error))
            fault = ActivityFault(f"{type(error).__name__} in {name}: see the worker's log")
        raise fault


def told(error: BaseException) -> str:
    """What a log may say of an error: its kind, and the lines of code it passed through, without values."""
    code = getattr(getattr(error, "orig", None), "sqlstate", None)
    where = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    return f"{type(error).__name__}{f' ({code})' if code else ''}\n{where}"
