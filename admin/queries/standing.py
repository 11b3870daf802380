"""What was told of a case, the latest first: what of it still stands, and whether a message left since."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field
from sqlmodel import Session

from admin.queries.case import CaseFound
from admin.queries.models import Answer
from admin.queries.reading import Told, rows_of
from models.ids import CaseSignal
from rules.calendar import BusinessCalendar

SHOWN: Final = 50
"""How many facts of a case are shown; the timeline has every one."""


_HOLD_ON: Final = frozenset(
    {
        CaseSignal.PAYMENT_RECEIVED,
        CaseSignal.CREDIT_NOTE_ISSUED,
        CaseSignal.PAYMENT_PLAN_AGREED,
        CaseSignal.PAYMENT_CLAIMED,
        CaseSignal.DISPUTE_OPENED,
        CaseSignal.PAUSED,
        CaseSignal.DELIVERY_HOLD_PLACED,
        CaseSignal.POLICY_CHANGED,
        CaseSignal.INVOICE_CHANGED,
        CaseSignal.INSOLVENCY_OPENED,
        CaseSignal.CLOSED,
    }
)
_AMOUNTS: Final = ("amount", "credited", "total")
_DAYS: Final = ("received_on", "paid_on", "issued_on", "reversed_on", "opened_on", "promised_on")


class Part(Answer):
    """One payment of a promise or a plan."""

    due_on: date
    amount: Decimal


class FactStanding(Answer):
    """A fact about a case. `left_at`: a message that it bears on left after it, so it is known outside.

    `former` is the policy that the case had before another one was chosen. `covered`: a later one of its kind
    has to be withdrawn before it.
    """

    event_id: str
    kind: Annotated[str, Field(examples=["payment_received"])]
    amount: Decimal | None
    day: date | None
    until: date | None
    instalments: list[Part]
    cause: str | None
    policy: str | None
    reason: str | None
    invoices: list[str]
    note: str | None
    on: date
    recorded_at: datetime
    recorded_by: str
    standing: bool
    covered: bool
    left_at: datetime | None
    former: str | None

    @property
    def ended(self) -> bool:
        """It did hold, and does no more."""
        return self.kind in _HOLD_ON and not self.standing


# What a message to the debtor about the case says rests on all that was told of it; a thank-you and word of a
# hold belong to no contact.
_SINCE: Final = """
    SELECT min(coalesce(m.sending_at, m.sent_at))
      FROM communication m
     WHERE m.customer_id = %(customer)s
       AND m.status IN ('sending', 'sent', 'uncertain')
       AND coalesce(m.sending_at, m.sent_at) >= f.recorded_at
       AND CASE WHEN f.kind = 'delivery_hold_placed' THEN m.kind = 'hold_notice'
                ELSE m.kind = 'thank_you'
                     OR m.audience = 'debtor' AND m.contact_id IN (
                            SELECT t.contact_id FROM contact_item t WHERE t.invoice_id = %(invoice)s)
           END
"""
_WITHDRAWN: Final = """
    EXISTS (SELECT FROM fact w
             WHERE w.customer_id = %(customer)s AND w.kind = 'fact_withdrawn'
               AND w.payload ->> 'fact_event_id' = {fact}.event_id)
"""
_LATER: Final = f"""
    EXISTS (SELECT FROM fact later
             WHERE later.invoice_id = f.invoice_id AND later.kind = f.kind
               AND later.recorded_at > f.recorded_at AND NOT {_WITHDRAWN.format(fact="later")})
"""
_STANDING: Final = f"""
    CASE f.kind
      WHEN 'payment_received' THEN EXISTS (
           SELECT FROM payment x WHERE x.invoice_id = f.invoice_id AND x.event_id = f.event_id
              AND x.reversed_at IS NULL)
      WHEN 'credit_note_issued' THEN EXISTS (
           SELECT FROM credit_note x WHERE x.fact_id = f.id AND x.cancelled_at IS NULL)
      WHEN 'payment_plan_agreed' THEN EXISTS (
           SELECT FROM payment_plan x WHERE x.fact_id = f.id AND x.cancelled_at IS NULL)
      WHEN 'payment_claimed' THEN EXISTS (
           SELECT FROM payment_claim x WHERE x.fact_id = f.id AND x.withdrawn_at IS NULL)
      WHEN 'dispute_opened' THEN EXISTS (
           SELECT FROM dispute x WHERE x.fact_id = f.id AND x.resolved_at IS NULL)
      WHEN 'paused' THEN EXISTS (
           SELECT FROM pause x WHERE x.fact_id = f.id AND x.ended_at IS NULL
              AND (x.until IS NULL OR x.until > %(today)s))
      WHEN 'delivery_hold_placed' THEN EXISTS (
           SELECT FROM delivery_hold x WHERE x.fact_id = f.id AND x.released_at IS NULL)
      WHEN 'policy_changed' THEN EXISTS (
           SELECT FROM dunning_case x WHERE x.invoice_id = f.invoice_id
              AND x.policy_key = f.payload ->> 'policy')
           AND NOT EXISTS (
           SELECT FROM fact x WHERE x.invoice_id = f.invoice_id AND x.kind = f.kind
              AND x.recorded_at > f.recorded_at)
      WHEN 'invoice_changed' THEN NOT {_WITHDRAWN.format(fact="f")}
      WHEN 'insolvency_opened' THEN NOT {_WITHDRAWN.format(fact="f")} AND EXISTS (
           SELECT FROM customer x WHERE x.id = f.customer_id AND x.insolvency_on IS NOT NULL)
      WHEN 'closed' THEN NOT {_WITHDRAWN.format(fact="f")} AND NOT {_LATER} AND EXISTS (
           SELECT FROM dunning_case x WHERE x.invoice_id = f.invoice_id AND x.closed_by_person IS NOT NULL)
      ELSE FALSE
    END
"""
# Found by their ids: to meet one condition or the other, the server would read every fact of the ledger, and
# hold every payment and case against them.
_FACTS: Final = f"""
    SELECT f.event_id, f.kind, f.payload::text AS payload, f.recorded_at, f.recorded_by,
           {_STANDING} AS standing,
           f.kind = 'invoice_changed' AND {_LATER} AS covered,
           ({_SINCE}) AS left_at,
           (SELECT e.detail ->> 'from' FROM case_event e
             WHERE f.kind = 'policy_changed' AND e.invoice_id = f.invoice_id AND e.what = 'policy'
               AND e.at = f.recorded_at AND split_part(e.detail ->> 'to', '@', 1) = f.payload ->> 'policy'
             ORDER BY e.id DESC LIMIT 1) AS former
      FROM fact f
     WHERE f.id = ANY (ARRAY(
               SELECT x.id FROM fact x WHERE x.invoice_id = %(invoice)s
                UNION
               SELECT h.fact_id FROM delivery_hold h
                WHERE h.customer_id = %(customer)s
                  AND (h.pauses_ladder OR h.id IN (SELECT n.hold_id FROM delivery_hold_invoice n
                                                    WHERE n.invoice_id = %(invoice)s))))
     ORDER BY f.recorded_at DESC, f.id
     LIMIT {SHOWN}
"""


def facts_standing(session: Session, case: CaseFound, now: datetime) -> list[FactStanding]:
    """What was told of a case, and of holds that bear on it."""
    rows = rows_of(
        session,
        _FACTS,
        invoice=case.invoice_id,
        customer=case.customer_id,
        today=case.calendar.local_day(now),
    )
    return [_fact(row, case.calendar) for row in rows]


def _fact(row: Told, calendar: BusinessCalendar) -> FactStanding:
    payload = json.loads(row.pop("payload"))
    shown = {name: payload.get(name) for name in ("until", "cause", "policy", "reason", "note")}
    return FactStanding(
        **row,
        **shown,
        amount=next((payload[name] for name in _AMOUNTS if payload.get(name)), None),
        day=next((payload[name] for name in _DAYS if payload.get(name)), None),
        instalments=payload.get("instalments") or [],
        invoices=payload.get("invoices") or [],
        on=calendar.local_day(row["recorded_at"]),
    )


class HoldInForce(Answer):
    """A delivery hold that stands, by the event that placed it."""

    event_id: str
    on: date
    pauses_ladder: bool
    invoices: list[str]


_HOLDS: Final = """
    SELECT f.event_id, h.placed_at, h.pauses_ladder,
           ARRAY(SELECT i.number FROM delivery_hold_invoice n JOIN invoice i ON i.id = n.invoice_id
                  WHERE n.hold_id = h.id ORDER BY i.number) AS invoices
      FROM delivery_hold h JOIN fact f ON f.id = h.fact_id
     WHERE h.customer_id = %(customer)s AND h.released_at IS NULL
     ORDER BY h.placed_at, h.id
"""


def holds_in_force(session: Session, customer_id: UUID, calendar: BusinessCalendar) -> list[HoldInForce]:
    """The delivery holds of a customer that stand, oldest first."""
    rows = rows_of(session, _HOLDS, customer=customer_id)
    return [HoldInForce(on=calendar.local_day(row.pop("placed_at")), **row) for row in rows]
