"""`BankImport`: a bank file becomes lines of the ledger, all or none, and the lines find what they pay.

The file and its lines stay in the ledger; here is only how far it has come. A worker that dies in the middle
costs the chunk it was at: a line that is settled is not looked at again.
"""

from __future__ import annotations

from temporalio import workflow

from workflows.options import (
    BANK_HEARTBEAT,
    BANK_RETRY,
    BANK_STORE_TIMEOUT,
    BANK_TIMEOUT,
    EVENTS_BEFORE_CONTINUING,
)

with workflow.unsafe.imports_passed_through():
    from models.ids import BANK_IMPORT_WORKFLOW, STATUS_QUERY
    from models.messages import (
        BankChunk,
        BankFileNow,
        BankImported,
        BankImportInput,
        BankMatched,
        BankStored,
    )


@workflow.defn(name=BANK_IMPORT_WORKFLOW)
class BankImport:
    """Import one bank file. Workflow id: `bank-import/<company>/<SHA-256 of the file>`."""

    @workflow.init
    def __init__(self, start: BankImportInput) -> None:
        self._after = start.after

    @workflow.run
    async def run(self, start: BankImportInput) -> BankImported:
        """Store, match, conclude."""
        if not start.stored:
            stored = await workflow.execute_activity(
                "store_bank_lines",
                BankFileNow(file_id=start.file_id),
                result_type=BankStored,
                start_to_close_timeout=BANK_STORE_TIMEOUT,
                heartbeat_timeout=BANK_HEARTBEAT,
                retry_policy=BANK_RETRY,
                summary="store lines",
            )
            if stored.refused:
                workflow.set_current_details("Refused: the ledger has the reason.")
                return BankImported(file_id=start.file_id, refused=True)
            workflow.set_current_details(f"{stored.lines:,} lines are stored.")
        await self._match_all(start)
        done: BankImported = await workflow.execute_activity(
            "conclude_bank_file",
            BankFileNow(file_id=start.file_id),
            result_type=BankImported,
            start_to_close_timeout=BANK_TIMEOUT,
            retry_policy=BANK_RETRY,
            summary="conclude",
        )
        return done

    async def _match_all(self, start: BankImportInput) -> None:
        while True:
            matched = await workflow.execute_activity(
                "match_bank_lines",
                BankChunk(file_id=start.file_id, after=self._after),
                result_type=BankMatched,
                start_to_close_timeout=BANK_TIMEOUT,
                heartbeat_timeout=BANK_HEARTBEAT,
                retry_policy=BANK_RETRY,
                summary=f"lines after {self._after}",
            )
            self._after = matched.after
            workflow.set_current_details(f"Lines up to {self._after:,} are matched.")
            if matched.done:
                return
            if self._history_is_long(start):
                workflow.continue_as_new(start.model_copy(update={"stored": True, "after": self._after}))

    def _history_is_long(self, start: BankImportInput) -> bool:
        info = workflow.info()
        limit = start.events_per_run or EVENTS_BEFORE_CONTINUING
        return info.is_continue_as_new_suggested() or info.get_current_history_length() >= limit

    @workflow.query(name=STATUS_QUERY, description="The place of the last line that is matched.")
    def status(self) -> int:
        """How far the lines are matched."""
        return self._after
