"""What a pass of an outreach asks besides the facts: what is left over, who signs, the customer's credits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from activities.store.credits import UNALLOCATED, Unallocated, unallocated
from activities.store.late import LATE_PARTS, Late, late_of
from activities.store.records import StaffRecord, columns, of_json

OUTREACH_PARTS: Final[Mapping[str, str]] = {
    "left_over": """
        SELECT json_agg(m.id ORDER BY m.planned_at, m.id)
          FROM communication m LEFT JOIN contact_made k ON k.id = m.contact_id
         WHERE m.customer_id = (SELECT id FROM debtor)
           AND m.status IN ('planned', 'sending')
           AND (m.contact_id IS NULL OR k.status IN ('sending', 'sent', 'by_hand', 'uncertain'))
    """,
    "has_holds": """
        SELECT to_json(EXISTS (SELECT FROM delivery_hold h WHERE h.customer_id = (SELECT id FROM debtor)))
    """,
    # A question that nobody was written to about yet.
    "to_ask": """
        SELECT json_agg(json_build_array(k.id, k.step, k.answer_by, k.assignee_email)
                        ORDER BY k.opened_at, k.id)
          FROM task k
         WHERE k.customer_id = (SELECT id FROM debtor) AND k.status = 'open' AND k.kind = 'sales_veto'
           AND k.assignee_email IS NOT NULL
           AND NOT EXISTS (SELECT FROM communication m WHERE m.purpose_key = 'sales-veto/' || k.id)
    """,
    "staff": f"""
        SELECT json_agg(json_build_array({columns(StaffRecord, "s")}))
          FROM app_user s
         WHERE s.email = ANY (ARRAY(
                   SELECT unnest(ARRAY[d.collector_email, d.sales_rep_email,
                                       c.signatory_email, c.logistics_email])
                     FROM debtor d JOIN company c ON c.id = d.company_id))
    """,  # noqa: S608 (our own column names)
    "unallocated": UNALLOCATED,
    **LATE_PARTS,
}
"""Parts of the one statement in `load`: `debtor` is the customer, `wanted` are its open invoices."""


@dataclass(frozen=True, slots=True)
class ToAsk:
    """A sales representative is to be asked by e-mail, under the task that asks."""

    task: UUID
    step: str
    answer_by: date
    email: str

    @property
    def purpose_key(self) -> str:
        """The idempotency key of that e-mail."""
        return f"sales-veto/{self.task}"


@dataclass(frozen=True, slots=True)
class ForOutreach:
    """Found with a customer's facts, in the same state of the ledger.

    `left_over` are messages of an earlier pass that were not settled, in the order in which they go out: a
    message is left over when its worker stopped in between. `has_holds` says that a delivery hold was ever
    placed: there may be something to tell. `staff` are our own people about this customer, by address. `late`
    is what reckoning interest on its open invoices asks.
    """

    left_over: tuple[UUID, ...]
    has_holds: bool
    staff: Mapping[str, StaffRecord]
    credits: tuple[Unallocated, ...]
    late: Late
    to_ask: tuple[ToAsk, ...]


def for_outreach(parts: Mapping[str, Any]) -> ForOutreach:
    """What `OUTREACH_PARTS` found."""
    staff = (of_json(StaffRecord, row) for row in parts["staff"] or ())
    return ForOutreach(
        left_over=tuple(UUID(message) for message in parts["left_over"] or ()),
        has_holds=parts["has_holds"],
        staff={row.email: row for row in staff},
        credits=unallocated(parts["unallocated"]),
        late=late_of(parts),
        to_ask=tuple(
            ToAsk(UUID(task), step, date.fromisoformat(day), email)
            for task, step, day, email in parts["to_ask"] or ()
        ),
    )
