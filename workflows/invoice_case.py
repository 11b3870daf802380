"""`InvoiceCase`: one invoice, from its start until it is paid or a person decides otherwise.

Each wake is one `review`, which reads the facts, decides, and is recorded; the workflow obeys. Signal
handlers only put a note in the inbox: a fact is recorded and weighed by the next review.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import (
    RawValue,
    SearchAttributeKey,
    SearchAttributeUpdate,
)

from workflows._ledger_call import call_ledger
from workflows.options import EVENTS_BEFORE_CONTINUING

with workflow.unsafe.imports_passed_through():
    from models.ids import CASE_WORKFLOW, SEARCH_ATTRIBUTE_TYPES, STATUS_QUERY, CaseSignal
    from models.messages import CaseInput, CaseView, ReviewInput, SignalNote
    from workflows.display import card, case_search_attributes, next_line
    from workflows.signal_help import SIGNAL_HELP as HELP

NOTHING = RawValue(Payload())
MAX_PAYLOAD = 16_384


@workflow.defn(name=CASE_WORKFLOW)
class InvoiceCase:
    """The life of one invoice's chase. Workflow id: `invoice/<company>/<number>`."""

    @workflow.init
    def __init__(self, start: CaseInput) -> None:
        # Signals may be handled before `run` begins, so all state is made here.
        self._inbox: list[SignalNote] = []
        self._view: CaseView | None = start.view
        self._shown: dict[str, object] = {}

    @workflow.run
    async def run(self, start: CaseInput) -> CaseView:
        """Review, show, wait; end when the review says closed and nothing is left unread."""
        while True:
            view = await self._review(start)
            self._show(view)
            if self._inbox:
                continue
            if view.closed:
                return view
            if self._history_is_long(start):
                workflow.continue_as_new(start.model_copy(update={"runs": start.runs + 1, "view": view}))
            await self._sleep(view)

    async def _review(self, start: CaseInput) -> CaseView:
        # Notes read here are gone from the inbox only once the review that recorded them has answered.
        notes = tuple(self._inbox)
        view = await call_ledger(
            "review",
            ReviewInput(
                company=start.company,
                number=start.number,
                invoice_id=start.invoice_id,
                now=workflow.now(),
                inbox=notes,
            ),
            CaseView,
            summary=", ".join(dict.fromkeys(note.signal for note in notes)) or "wake",
        )
        del self._inbox[: len(notes)]
        self._view = view
        return view

    async def _sleep(self, view: CaseView) -> None:
        """Wait for a signal, or for the recorded instant. Without one, only a signal wakes the case."""
        if view.wake_at is None:
            await workflow.wait_condition(lambda: bool(self._inbox))
            return
        # Whatever the clocks say, never spin: a wake in the past becomes a short wait.
        seconds = max((view.wake_at - workflow.now()).total_seconds(), 1.0)
        try:
            await workflow.wait_condition(
                lambda: bool(self._inbox),
                timeout=timedelta(seconds=seconds),
                timeout_summary=next_line(view),
            )
        except TimeoutError:
            return

    def _history_is_long(self, start: CaseInput) -> bool:
        info = workflow.info()
        limit = start.events_per_run or EVENTS_BEFORE_CONTINUING
        return info.is_continue_as_new_suggested() or info.get_current_history_length() >= limit

    def _show(self, view: CaseView) -> None:
        """Search attributes and the details card; attributes only where they changed (each costs events)."""
        wanted = case_search_attributes(view)
        changed = {name: value for name, value in wanted.items() if self._shown.get(name, ...) != value}
        if changed:
            workflow.upsert_search_attributes([_update(name, value) for name, value in changed.items()])
            self._shown.update(changed)
        workflow.set_current_details(card(view))

    def _told(self, signal: str, fact: object) -> None:
        """Append to the inbox, and nothing else: a handler must never raise."""
        self._inbox.append(SignalNote(signal=signal[:200], payload=_text(fact)))

    @workflow.query(name=STATUS_QUERY, description="Stage, what is owed, what happens next, when, and why.")
    def status(self) -> CaseView | None:
        """The last recorded decision; None before the first review."""
        return self._view

    @workflow.signal(dynamic=True)
    def unknown_signal(self, name: str, args: Sequence[RawValue]) -> None:
        """A name nobody knows becomes a rejected event that people see."""
        self._told(name, args[0] if args else NOTHING)

    @workflow.signal(name=CaseSignal.PAYMENT_RECEIVED, description=HELP[CaseSignal.PAYMENT_RECEIVED])
    def payment_received(self, fact: RawValue = NOTHING) -> None:
        """Money arrived for this invoice."""
        self._told(CaseSignal.PAYMENT_RECEIVED, fact)

    @workflow.signal(name=CaseSignal.PAYMENT_REVERSED, description=HELP[CaseSignal.PAYMENT_REVERSED])
    def payment_reversed(self, fact: RawValue = NOTHING) -> None:
        """A payment was returned or booked in error."""
        self._told(CaseSignal.PAYMENT_REVERSED, fact)

    @workflow.signal(name=CaseSignal.PAYMENT_CLAIMED, description=HELP[CaseSignal.PAYMENT_CLAIMED])
    def payment_claimed(self, fact: RawValue = NOTHING) -> None:
        """The customer says it has paid."""
        self._told(CaseSignal.PAYMENT_CLAIMED, fact)

    @workflow.signal(name=CaseSignal.CREDIT_NOTE_ISSUED, description=HELP[CaseSignal.CREDIT_NOTE_ISSUED])
    def credit_note_issued(self, fact: RawValue = NOTHING) -> None:
        """A credit on this invoice."""
        self._told(CaseSignal.CREDIT_NOTE_ISSUED, fact)

    @workflow.signal(name=CaseSignal.DISPUTE_OPENED, description=HELP[CaseSignal.DISPUTE_OPENED])
    def dispute_opened(self, fact: RawValue = NOTHING) -> None:
        """The customer contests an amount, or the whole invoice."""
        self._told(CaseSignal.DISPUTE_OPENED, fact)

    @workflow.signal(name=CaseSignal.DISPUTE_RESOLVED, description=HELP[CaseSignal.DISPUTE_RESOLVED])
    def dispute_resolved(self, fact: RawValue = NOTHING) -> None:
        """The dispute is over."""
        self._told(CaseSignal.DISPUTE_RESOLVED, fact)

    @workflow.signal(name=CaseSignal.PAYMENT_PLAN_AGREED, description=HELP[CaseSignal.PAYMENT_PLAN_AGREED])
    def payment_plan_agreed(self, fact: RawValue = NOTHING) -> None:
        """A plan, or a promise to pay, over all that is owed."""
        self._told(CaseSignal.PAYMENT_PLAN_AGREED, fact)

    @workflow.signal(
        name=CaseSignal.PAYMENT_PLAN_CANCELLED, description=HELP[CaseSignal.PAYMENT_PLAN_CANCELLED]
    )
    def payment_plan_cancelled(self, fact: RawValue = NOTHING) -> None:
        """The plan no longer holds."""
        self._told(CaseSignal.PAYMENT_PLAN_CANCELLED, fact)

    @workflow.signal(name=CaseSignal.DELIVERY_HOLD_PLACED, description=HELP[CaseSignal.DELIVERY_HOLD_PLACED])
    def delivery_hold_placed(self, fact: RawValue = NOTHING) -> None:
        """Deliveries stop until the named invoices are paid."""
        self._told(CaseSignal.DELIVERY_HOLD_PLACED, fact)

    @workflow.signal(
        name=CaseSignal.DELIVERY_HOLD_RELEASED, description=HELP[CaseSignal.DELIVERY_HOLD_RELEASED]
    )
    def delivery_hold_released(self, fact: RawValue = NOTHING) -> None:
        """Deliveries go on."""
        self._told(CaseSignal.DELIVERY_HOLD_RELEASED, fact)

    @workflow.signal(name=CaseSignal.PAUSED, description=HELP[CaseSignal.PAUSED])
    def paused(self, fact: RawValue = NOTHING) -> None:
        """No contact until a day, or until resumed."""
        self._told(CaseSignal.PAUSED, fact)

    @workflow.signal(name=CaseSignal.RESUMED, description=HELP[CaseSignal.RESUMED])
    def resumed(self, fact: RawValue = NOTHING) -> None:
        """The manual pause is over."""
        self._told(CaseSignal.RESUMED, fact)

    @workflow.signal(name=CaseSignal.INVOICE_CHANGED, description=HELP[CaseSignal.INVOICE_CHANGED])
    def invoice_changed(self, fact: RawValue = NOTHING) -> None:
        """New facts of the invoice, or its replacement."""
        self._told(CaseSignal.INVOICE_CHANGED, fact)

    @workflow.signal(name=CaseSignal.POLICY_CHANGED, description=HELP[CaseSignal.POLICY_CHANGED])
    def policy_changed(self, fact: RawValue = NOTHING) -> None:
        """Go on under another policy."""
        self._told(CaseSignal.POLICY_CHANGED, fact)

    @workflow.signal(name=CaseSignal.INSOLVENCY_OPENED, description=HELP[CaseSignal.INSOLVENCY_OPENED])
    def insolvency_opened(self, fact: RawValue = NOTHING) -> None:
        """Collective proceedings were opened."""
        self._told(CaseSignal.INSOLVENCY_OPENED, fact)

    @workflow.signal(name=CaseSignal.TASK_COMPLETED, description=HELP[CaseSignal.TASK_COMPLETED])
    def task_completed(self, fact: RawValue = NOTHING) -> None:
        """A person finished a task."""
        self._told(CaseSignal.TASK_COMPLETED, fact)

    @workflow.signal(name=CaseSignal.CONTACT_CONCLUDED, description=HELP[CaseSignal.CONTACT_CONCLUDED])
    def contact_concluded(self, fact: RawValue = NOTHING) -> None:
        """A contact was made, or the next day moved: look again."""
        self._told(CaseSignal.CONTACT_CONCLUDED, fact)

    @workflow.signal(name=CaseSignal.CLOSED, description=HELP[CaseSignal.CLOSED])
    def closed(self, fact: RawValue = NOTHING) -> None:
        """A person closes the case."""
        self._told(CaseSignal.CLOSED, fact)

    @workflow.signal(name=CaseSignal.FACT_WITHDRAWN, description=HELP[CaseSignal.FACT_WITHDRAWN])
    def fact_withdrawn(self, fact: RawValue = NOTHING) -> None:
        """What was told before was a mistake."""
        self._told(CaseSignal.FACT_WITHDRAWN, fact)


def _text(fact: object) -> str:
    """The JSON text of a payload; what is no JSON text, or too long, stays recognisably malformed."""
    if not isinstance(fact, RawValue):
        return "more than one argument"
    data = fact.payload.data
    if not fact.payload.metadata and not data:
        return "{}"
    encoding = fact.payload.metadata.get("encoding", b"").decode("ascii", "replace")
    if encoding == "binary/null":
        return "{}"
    if not encoding.startswith("json/"):
        return f"not JSON but {encoding[:40]}"
    text = data.decode("utf-8", "replace")
    return text if len(text) <= MAX_PAYLOAD else text[:MAX_PAYLOAD] + "… (too long)"


def _update(name: str, value: object) -> SearchAttributeUpdate[Any]:
    keys: dict[str, Callable[[str], SearchAttributeKey[Any]]] = {
        "Keyword": SearchAttributeKey.for_keyword,
        "Double": SearchAttributeKey.for_float,
        "Datetime": SearchAttributeKey.for_datetime,
    }
    key = keys[SEARCH_ATTRIBUTE_TYPES[name]](name)
    return key.value_unset() if value is None else key.value_set(value)
