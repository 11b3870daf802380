"""`PolicyTrial`: a changed policy is lived through on every customer of a company, some at a time.

What was found stays in the ledger, with the last customer that was looked at; here is only how far it has
come. A worker that dies in the middle costs the customers it was at.
"""

from __future__ import annotations

from temporalio import workflow

from workflows.options import EVENTS_BEFORE_CONTINUING, LEDGER_RETRY, TRIAL_HEARTBEAT, TRIAL_TIMEOUT

with workflow.unsafe.imports_passed_through():
    from models.ids import POLICY_TRIAL_WORKFLOW, STATUS_QUERY
    from models.messages import PolicyTrialInput, PolicyTrialNow, PolicyTried


@workflow.defn(name=POLICY_TRIAL_WORKFLOW)
class PolicyTrial:
    """Try one text on one portfolio. Workflow id: `policy-trial/<trial>`."""

    @workflow.init
    def __init__(self, start: PolicyTrialInput) -> None:  # noqa: ARG002 - `init` and `run` take the same
        self._looked = 0

    @workflow.run
    async def run(self, start: PolicyTrialInput) -> PolicyTried:
        """Look at the next customers until there are none, or somebody stops it."""
        while True:
            tried: PolicyTried = await workflow.execute_activity(
                "try_policy",
                PolicyTrialNow(trial_id=start.trial_id),
                result_type=PolicyTried,
                start_to_close_timeout=TRIAL_TIMEOUT,
                heartbeat_timeout=TRIAL_HEARTBEAT,
                retry_policy=LEDGER_RETRY,
                summary=f"customers after {self._looked}",
            )
            self._looked = tried.looked
            workflow.set_current_details(f"{tried.looked:,} of {tried.customers:,} customers are looked at.")
            if tried.done:
                return tried
            if self._history_is_long(start):
                workflow.continue_as_new(start)

    def _history_is_long(self, start: PolicyTrialInput) -> bool:
        info = workflow.info()
        limit = start.events_per_run or EVENTS_BEFORE_CONTINUING
        return info.is_continue_as_new_suggested() or info.get_current_history_length() >= limit

    @workflow.query(name=STATUS_QUERY, description="How many customers are looked at.")
    def status(self) -> int:
        """How many customers this run knows to be looked at."""
        return self._looked
