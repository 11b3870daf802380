"""What was told about an invoice: money, disputes, promises and claims, pauses, holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final

from pydantic import Field

from activities.store.load import LoadedCase
from admin.queries.models import Amount, Answer
from admin.queries.parts import exact, objects, of_model
from rules.ledger import instalment_states, plan_state


class PaymentTold(Answer):
    """Money received; `reversed_on` when it was returned."""

    event_id: str
    amount: Amount
    received_on: date
    reference: str | None
    recorded_at: datetime
    reversed_on: date | None


class CreditNoteTold(Answer):
    """A credit on the invoice; `cancelled_at` once the payment that had earned it went back."""

    number: str | None
    amount: Amount
    issued_on: date
    recorded_at: datetime
    cancelled_at: datetime | None


class DisputeTold(Answer):
    """An amount the customer contests; absent, the whole invoice."""

    event_id: str
    amount: Amount | None
    cause: str | None
    opened_at: datetime
    resolved_at: datetime | None
    resolution: str | None
    credited: Amount | None


class InstalmentTold(Answer):
    """One promised payment: `kept`, `broken`, `awaited`, or `lapsed` with its plan."""

    due_on: date
    amount: Amount
    state: Annotated[str, Field(examples=["kept"])]


class PromiseTold(Answer):
    """A promise to pay (one instalment) or a payment plan; while `in_force`, the case is paused."""

    kind: Annotated[str, Field(examples=["promise"])]
    agreed_at: datetime
    cancelled_at: datetime | None
    in_force: bool
    broken: bool
    why: str
    instalments: list[InstalmentTold]


class ClaimTold(Answer):
    """The customer says that it has paid."""

    paid_on: date
    claimed_at: datetime
    withdrawn_at: datetime | None


class PauseTold(Answer):
    """A pause by a person."""

    reason: str
    since: datetime
    until: date | None
    ended_at: datetime | None


class HoldTold(Answer):
    """Deliveries stopped until these invoices are paid."""

    placed_at: datetime
    released_at: datetime | None
    pauses_ladder: bool
    invoices: list[str]


def _of_invoice(model: type[Answer], table: str, order: str) -> str:
    return f"""
        SELECT json_agg({objects(of_model(model, "f"))} ORDER BY {order}, f.id)
          FROM {table} f
         WHERE f.invoice_id = (SELECT id FROM asked)
    """


_DISPUTE: Final = {**of_model(DisputeTold, "f"), "event_id": "told.event_id"}

_HOLD: Final = {
    **of_model(HoldTold, "h"),
    "invoices": """
        ARRAY(SELECT i.number FROM delivery_hold_invoice n JOIN invoice i ON i.id = n.invoice_id
               WHERE n.hold_id = h.id ORDER BY i.number)
    """,
}

HOLDS: Final = f"""
    SELECT json_agg({objects(_HOLD)} ORDER BY h.placed_at, h.id)
      FROM delivery_hold h
     WHERE h.customer_id = (SELECT id FROM debtor)
"""
"""Part of a page's one statement: the delivery holds of a customer, oldest first."""

TOLD_PARTS: Final[Mapping[str, str]] = {
    "told_payments": _of_invoice(PaymentTold, "payment", "f.recorded_at"),
    "told_credit_notes": _of_invoice(CreditNoteTold, "credit_note", "f.recorded_at"),
    "told_disputes": f"""
        SELECT json_agg({objects(_DISPUTE)} ORDER BY f.opened_at, f.id)
          FROM dispute f JOIN fact told ON told.id = f.fact_id
         WHERE f.invoice_id = (SELECT id FROM asked)
    """,
    "told_claims": _of_invoice(ClaimTold, "payment_claim", "f.claimed_at"),
    "told_pauses": _of_invoice(PauseTold, "pause", "f.since"),
    # Those that bear on the invoice.
    "told_holds": f"""
        {HOLDS}
           AND (h.pauses_ladder
                OR h.id IN (SELECT n.hold_id FROM delivery_hold_invoice n
                             WHERE n.invoice_id = (SELECT id FROM asked)))
    """,
}
"""Parts of a case page's one statement: what was told about the invoice, oldest first."""


@dataclass(frozen=True, slots=True)
class ToldOfInvoice:
    """What was told about one invoice, oldest first."""

    payments: list[PaymentTold]
    credit_notes: list[CreditNoteTold]
    disputes: list[DisputeTold]
    claims: list[ClaimTold]
    pauses: list[PauseTold]
    holds: list[HoldTold]


def told_of_invoice(parts: Mapping[str, Any], currency: str) -> ToldOfInvoice:
    """What `TOLD_PARTS` found; `currency` is the invoice's."""

    def rows(name: str, *amounts: str) -> list[dict[str, Any]]:
        return [exact(row, currency, *amounts) for row in parts[name] or ()]

    return ToldOfInvoice(
        payments=[PaymentTold(**row) for row in rows("told_payments", "amount")],
        credit_notes=[CreditNoteTold(**row) for row in rows("told_credit_notes", "amount")],
        disputes=[DisputeTold(**row) for row in rows("told_disputes", "amount", "credited")],
        claims=[ClaimTold(**row) for row in rows("told_claims")],
        pauses=[PauseTold(**row) for row in rows("told_pauses")],
        holds=holds_told(parts["told_holds"]),
    )


def holds_told(rows: Iterable[Mapping[str, Any]] | None) -> list[HoldTold]:
    """Delivery holds as they were read, as they are shown."""
    return [HoldTold(**row) for row in rows or ()]


def promises_told(loaded: LoadedCase, now: datetime) -> list[PromiseTold]:
    """Promises and plans of the invoice, oldest first, with what became of each instalment."""
    found = []
    calendar, bank = loaded.customer.calendar, loaded.customer.bank
    for plan in loaded.facts.plans:
        state = plan_state(loaded.facts, plan, calendar, now, bank)
        states = instalment_states(loaded.facts, plan, calendar, now, bank)
        found.append(
            PromiseTold(
                kind="promise" if len(plan.instalments) == 1 else "plan",
                agreed_at=plan.agreed_at,
                cancelled_at=plan.cancelled_at,
                in_force=state.ended_at is None or state.ended_at > now,
                broken=state.broken,
                why=state.why,
                instalments=[
                    InstalmentTold(due_on=part.due_on, amount=part.amount, state=told.value)
                    for part, told in zip(plan.instalments, states, strict=True)
                ],
            )
        )
    return found
