"""What a case shows in the Temporal UI: search attributes, one-line summaries, a Markdown card.

Display copies only, and no personal data: ids, amounts, dates.
"""

from __future__ import annotations

from datetime import UTC, datetime, time

from models.ids import SearchAttribute
from models.messages import CaseView

STATE_WORDS = {
    "waiting": "waiting for its day",
    "due": "due now",
    "awaiting_approval": "waits for approval",
    "awaiting_person": "waits for a person",
    "awaiting_bank": "waits for a bank file",
    "suspended": "suspended",
    "withheld": "withheld: sending is off",
    "paused": "paused",
    "stopped": "all contact stopped",
    "below_minimum": "below the minimum",
    "ladder_done": "every step done",
    "closed": "closed",
}


def money(amount: object, currency: str) -> str:
    """An amount as the card shows it: `1,234.50 EUR`."""
    return f"{amount:,} {currency}"


def case_search_attributes(view: CaseView) -> dict[str, object]:
    """Search attribute name to value; None unsets it."""
    return {
        SearchAttribute.CASE_STAGE: view.stage,
        SearchAttribute.COMPANY_REF: view.company,
        SearchAttribute.CUSTOMER_REF: str(view.customer),
        SearchAttribute.CURRENCY: view.currency,
        SearchAttribute.OUTSTANDING: float(view.outstanding),
        SearchAttribute.DUE_DATE: datetime.combine(view.due_on, time(0), UTC),
        SearchAttribute.NEXT_ACTION_AT: view.next_at,
        SearchAttribute.PAUSED_BY: view.paused_by,
        SearchAttribute.POLICY: view.policy,
    }


def next_line(view: CaseView) -> str:
    """One line for the timer: what the case waits for."""
    if view.next_step is None or view.next_at is None or view.paused_by is not None:
        return f"{STATE_WORDS.get(view.state, view.state)}: {view.why}"[:200]
    return f"{view.next_step} by {view.next_channel} on {view.next_at:%Y-%m-%d %H:%M} UTC"


def card(view: CaseView) -> str:
    """The current details of a case, in Markdown."""
    state = STATE_WORDS.get(view.state, view.state)
    lines = [
        f"### {view.number}: {state}",
        "",
        f"**Owed** {money(view.outstanding, view.currency)} of {money(view.total, view.currency)}, "
        f"due {view.due_on}",
    ]
    if view.disputed:
        lines.append(f"**Disputed** {money(view.disputed, view.currency)}")
    if view.closing_reason:
        lines.append(f"**Closed** {view.closing_reason}")
    if view.next_step and view.next_at:
        lines.append(f"**Next** {view.next_step} by {view.next_channel}, {view.next_at:%Y-%m-%d %H:%M} UTC")
    lines.append(f"**Why** {view.why}")
    if view.paused_by:
        lines.append(f"**Paused by** {view.paused_by}")
    lines.append(f"**Done** {', '.join(view.done) if view.done else 'nothing yet'}")
    if view.rejected:
        lines.append(f"**Rejected facts** {view.rejected}: see the case's events")
    lines.append(f"**Policy** {view.policy}")
    return "\n\n".join(lines)
