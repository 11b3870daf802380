"""`CustomerOutreach`: the one voice that speaks to a customer.

Cases do not send; they nudge it. Awake, it makes one contact for all that is due on the customer's
open invoices, then ends. Nothing is remembered here: the ledger knows what was done.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

from workflows._ledger_call import call_ledger
from workflows.options import SEND_RETRY, SEND_TIMEOUT

with workflow.unsafe.imports_passed_through():
    from models.ids import OUTREACH_WORKFLOW, OutreachSignal
    from models.messages import OutreachInput, OutreachNow, Prepared, SendInput, SendResult


@workflow.defn(name=OUTREACH_WORKFLOW)
class CustomerOutreach:
    """One pass or a few over one customer. Workflow id: `outreach/<customer>`."""

    @workflow.init
    def __init__(self, start: OutreachInput) -> None:
        self._customer = start.customer_id
        self._nudged = False

    @workflow.run
    async def run(self, start: OutreachInput) -> None:  # noqa: ARG002 - `init` and `run` take the same
        """Prepare and send until nothing is due and nobody has nudged meanwhile."""
        while True:
            self._nudged = False
            prepared = await call_ledger(
                "prepare_contact",
                OutreachNow(customer_id=self._customer, now=workflow.now()),
                Prepared,
                summary="what is due",
            )
            again = prepared.again
            for communication in prepared.send:
                result = await workflow.execute_activity(
                    "send_communication",
                    SendInput(communication_id=communication, customer_id=self._customer),
                    result_type=SendResult,
                    start_to_close_timeout=SEND_TIMEOUT,
                    retry_policy=SEND_RETRY,
                    summary=prepared.step or "message",
                )
                workflow.logger.info(f"communication {communication}: {result.outcome}")
                again = again or result.outcome == "stale"
            if again or self._nudged:
                continue
            if prepared.wake_at is None:
                return
            await self._sleep((prepared.wake_at - workflow.now()).total_seconds())

    async def _sleep(self, seconds: float) -> None:
        try:
            await workflow.wait_condition(
                lambda: self._nudged,
                timeout=timedelta(seconds=max(seconds, 1.0)),
                timeout_summary="until the hours open",
            )
        except TimeoutError:
            return

    @workflow.signal(
        name=OutreachSignal.NUDGED, description="Something may be due: look at everything again."
    )
    def nudged(self) -> None:
        """Only a flag: what is due is read from the ledger."""
        self._nudged = True
