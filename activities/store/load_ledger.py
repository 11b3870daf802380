"""Money, disputes, promises and pauses of several invoices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from activities.store.records import instant
from rules.facts import Claim, CreditNote, Dispute, Instalment, Pause, Payment, Plan
from rules.money import round_money
from rules.replies import REPLY_PAUSE

MANUAL = "pause"
"""What a manual pause is called outside the ledger, whatever reason it was given."""

LEDGER_PARTS: Final[Mapping[str, str]] = {
    "payments": """
        SELECT json_agg(json_build_array(p.invoice_id, p.amount, p.currency, p.recorded_at, p.reversed_at)
                        ORDER BY p.recorded_at, p.id)
          FROM payment p
         WHERE p.invoice_id = ANY (ARRAY(SELECT id FROM wanted))
    """,
    "credit_notes": """
        SELECT json_agg(json_build_array(n.invoice_id, n.amount, n.currency, n.recorded_at)
                        ORDER BY n.recorded_at, n.id)
          FROM credit_note n
         WHERE n.invoice_id = ANY (ARRAY(SELECT id FROM wanted)) AND n.cancelled_at IS NULL
    """,
    "disputes": """
        SELECT json_agg(json_build_array(d.invoice_id, d.opened_at, d.amount, d.resolved_at)
                        ORDER BY d.opened_at, d.id)
          FROM dispute d
         WHERE d.invoice_id = ANY (ARRAY(SELECT id FROM wanted))
    """,
    "plans": """
        SELECT json_agg(json_build_array(
                   p.invoice_id, p.id, p.agreed_at, p.cancelled_at,
                   (SELECT json_agg(json_build_array(s.due_on, s.amount) ORDER BY s.place)
                      FROM instalment s
                     WHERE s.plan_id = p.id)
               ) ORDER BY p.agreed_at, p.id)
          FROM payment_plan p
         WHERE p.invoice_id = ANY (ARRAY(SELECT id FROM wanted))
    """,
    "claims": """
        SELECT json_agg(json_build_array(c.invoice_id, c.id, c.claimed_at, c.paid_on, c.withdrawn_at)
                        ORDER BY c.claimed_at, c.id)
          FROM payment_claim c
         WHERE c.invoice_id = ANY (ARRAY(SELECT id FROM wanted))
    """,
    "pauses": """
        SELECT json_agg(json_build_array(p.invoice_id, p.since, p.until, p.ended_at)
                        ORDER BY p.since, p.id)
          FROM pause p
         WHERE p.invoice_id = ANY (ARRAY(SELECT id FROM wanted))
    """,
    "holds": """
        SELECT json_agg(json_build_array(h.placed_at, h.released_at) ORDER BY h.placed_at)
          FROM delivery_hold h
         WHERE h.customer_id = (SELECT id FROM debtor) AND h.pauses_ladder
    """,
    "replies": """
        SELECT json_agg(json_build_array(r.received_at, r.pause_until, r.pause_ended_at)
                        ORDER BY r.received_at, r.id)
          FROM reply r
         WHERE r.customer_id = (SELECT id FROM debtor) AND r.pause_until IS NOT NULL
    """,
}
"""Parts of the one statement in `load`: `wanted` are the invoices, `debtor` is their customer."""


@dataclass(slots=True)
class Ledger:
    """Facts by invoice, its id as text; `of_customer` are pauses of every invoice of the customer."""

    payments: dict[str, list[Payment]] = field(default_factory=lambda: defaultdict(list))
    credit_notes: dict[str, list[CreditNote]] = field(default_factory=lambda: defaultdict(list))
    disputes: dict[str, list[Dispute]] = field(default_factory=lambda: defaultdict(list))
    plans: dict[str, list[Plan]] = field(default_factory=lambda: defaultdict(list))
    claims: dict[str, list[Claim]] = field(default_factory=lambda: defaultdict(list))
    pauses: dict[str, list[Pause]] = field(default_factory=lambda: defaultdict(list))
    of_customer: tuple[Pause, ...] = ()


def ledger_of(parts: Mapping[str, Any], currencies: Mapping[str, str], now: datetime) -> Ledger:
    """The facts that `LEDGER_PARTS` found, oldest first; `currencies` are those of the invoices."""
    found = Ledger()
    for invoice, amount, currency, recorded_at, reversed_at in parts["payments"] or ():
        found.payments[invoice].append(
            Payment(round_money(amount, currency), _known(recorded_at, now), _by(now, reversed_at))
        )
    for invoice, amount, currency, recorded_at in parts["credit_notes"] or ():
        found.credit_notes[invoice].append(
            CreditNote(round_money(amount, currency), _known(recorded_at, now))
        )
    for invoice, opened_at, amount, resolved_at in parts["disputes"] or ():
        found.disputes[invoice].append(
            Dispute(
                _known(opened_at, now),
                None if amount is None else round_money(amount, currencies[invoice]),
                _by(now, resolved_at),
            )
        )
    _promises(parts, currencies, now, found)
    for invoice, since, until, ended_at in parts["pauses"] or ():
        found.pauses[invoice].append(
            # The reason a person typed may name people; what is decided from here reaches Temporal.
            Pause(
                MANUAL,
                _known(since, now),
                None if until is None else date.fromisoformat(until),
                _by(now, ended_at),
            )
        )
    found.of_customer = (
        *(
            Pause("delivery hold", _known(placed_at, now), ended_at=_by(now, released_at))
            for placed_at, released_at in parts["holds"] or ()
        ),
        *(
            Pause(REPLY_PAUSE, _known(received_at, now), date.fromisoformat(until), _by(now, ended_at))
            for received_at, until, ended_at in parts["replies"] or ()
        ),
    )
    return found


def _promises(parts: Mapping[str, Any], currencies: Mapping[str, str], now: datetime, found: Ledger) -> None:
    for invoice, plan, agreed_at, cancelled_at, instalments in parts["plans"] or ():
        found.plans[invoice].append(
            Plan(
                plan,
                _known(agreed_at, now),
                tuple(
                    Instalment(date.fromisoformat(due_on), round_money(amount, currencies[invoice]))
                    for due_on, amount in instalments or ()
                ),
                _by(now, cancelled_at),
            )
        )
    for invoice, claim, claimed_at, paid_on, withdrawn_at in parts["claims"] or ():
        found.claims[invoice].append(
            Claim(claim, _known(claimed_at, now), date.fromisoformat(paid_on), _by(now, withdrawn_at))
        )


def _known(at: str, now: datetime) -> datetime:
    return min(instant(at), now)


def _by(now: datetime, at: str | None) -> datetime | None:
    return None if at is None else _known(at, now)
