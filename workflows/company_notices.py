"""`CompanyNotices`: word to a company's own people about the company itself.

What is to be told is composed with its cause, in the ledger; here it is sent. Nothing is remembered: the
ledger knows what was told.
"""

from __future__ import annotations

from temporalio import workflow

from workflows._ledger_call import call_ledger
from workflows.options import SEND_RETRY, SEND_TIMEOUT

with workflow.unsafe.imports_passed_through():
    from models.ids import NOTICES_WORKFLOW, NoticesSignal
    from models.messages import NoticesInput, NoticesNow, Prepared, SendInput, SendResult


@workflow.defn(name=NOTICES_WORKFLOW)
class CompanyNotices:
    """Send what waits. Workflow id: `notices/<company>`."""

    @workflow.init
    def __init__(self, start: NoticesInput) -> None:
        self._company = start.company_id
        self._nudged = False

    @workflow.run
    async def run(self, start: NoticesInput) -> None:  # noqa: ARG002 - `init` and `run` take the same
        """Send until nothing waits and nobody has nudged meanwhile."""
        while True:
            self._nudged = False
            waiting = await call_ledger(
                "waiting_notices", NoticesNow(company_id=self._company), Prepared, summary="whom to tell"
            )
            for communication in waiting.send:
                result = await workflow.execute_activity(
                    "send_communication",
                    SendInput(communication_id=communication),
                    result_type=SendResult,
                    start_to_close_timeout=SEND_TIMEOUT,
                    retry_policy=SEND_RETRY,
                    summary="notice",
                )
                workflow.logger.info(f"communication {communication}: {result.outcome}")
            if not waiting.send and not self._nudged:
                return

    @workflow.signal(name=NoticesSignal.NUDGED, description="Somebody is to be told: look again.")
    def nudged(self) -> None:
        """Only a flag: what is to be told is read from the ledger."""
        self._nudged = True
