"""Contacts made, drafts, obstacles and open calls of several invoices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from activities.store.records import instant
from models.tables.words import ContactStatus, TaskKind
from models.work import CALL_KINDS
from rules.calendar import Channel
from rules.facts import Blocked, Obstacle, OpenCall, StepDone, Tone

_OBSTACLES = {
    TaskKind.FIND_CONTACT.value: Obstacle.FIND_CONTACT,
    TaskKind.DELIVERY_FAILED.value: Obstacle.DELIVERY_FAILED,
}

# Steps done are many, and an enumeration takes long to be asked for a member by its value.
_TONES: Final = {each.value: each for each in Tone}
_CHANNELS: Final = {each.value: each for each in Channel}

CONTACT_PARTS: Final[Mapping[str, str]] = {
    "done": """
        SELECT json_agg(json_build_array(
                   t.invoice_id, t.step, t.on_day, t.offset_days, t.tone, t.channel,
                   -- The days of a letter run from its last posting.
                   CASE WHEN t.channel = 'letter' THEN
                       (SELECT max(l.posted_on) FROM letter_posting l WHERE l.contact_id = t.contact_id) END
               ) ORDER BY t.on_day, t.offset_days, t.step)
          FROM contact_item t
         WHERE t.invoice_id = ANY (ARRAY(SELECT id FROM wanted)) AND t.concluded
    """,
    # Composed or withheld contacts about any of the invoices, each with all its items.
    "unsettled": """
        SELECT json_agg(json_build_array(
                   k.step, k.status, k.composed_on, k.concluded_at, k.sending_fingerprint, k.facts_hash,
                   (SELECT json_agg(json_build_array(t.invoice_id, t.step, t.folded) ORDER BY t.invoice_id)
                      FROM contact_item t
                     WHERE t.contact_id = k.id)
               ) ORDER BY k.composed_at, k.id)
          FROM contact_made k
         WHERE k.customer_id = (SELECT id FROM debtor)
           AND k.status IN ('draft', 'approved', 'withheld')
           AND EXISTS (SELECT FROM contact_item t
                        WHERE t.contact_id = k.id
                          AND t.invoice_id = ANY (ARRAY(SELECT id FROM wanted)))
    """,
    # Open tasks that a step waits for, and calls not made yet: about an invoice, or about every invoice of a
    # contact.
    "tasks": """
        SELECT json_agg(json_build_array(
                   k.kind, k.invoice_id, k.step, k.opened_on, k.escalated_at IS NOT NULL, k.call_back_on,
                   (SELECT json_agg(json_build_array(t.invoice_id, t.step, t.folded) ORDER BY t.invoice_id)
                      FROM contact_item t
                     WHERE t.contact_id = k.contact_id)
               ) ORDER BY k.opened_at, k.id)
          FROM task k
         WHERE k.customer_id = (SELECT id FROM debtor)
           AND k.status = 'open'
           AND k.kind IN ('find_contact', 'delivery_failed', 'phone_call', 'notice_call')
           AND (k.invoice_id = ANY (ARRAY(SELECT id FROM wanted))
                OR k.invoice_id IS NULL
                   AND EXISTS (SELECT FROM contact_item t
                                WHERE t.contact_id = k.contact_id
                                  AND t.invoice_id = ANY (ARRAY(SELECT id FROM wanted))))
    """,
}
"""Parts of the one statement in `load`: `wanted` are the invoices, `debtor` is their customer."""


@dataclass(frozen=True, slots=True)
class WaitingItem:
    """One invoice of a contact that is not settled; another invoice's step can go out by itself if folded."""

    invoice_id: str
    step: str
    folded: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A composed contact that waits for a person, with all its items."""

    step: str
    approved: bool
    composed_on: date
    facts_hash: str
    items: tuple[WaitingItem, ...]


@dataclass(slots=True)
class Contacts:
    """Facts by invoice, its id as text: they are many, and as text they are found sooner.

    `waiting` are the composed contacts.
    """

    done: dict[str, list[StepDone]] = field(default_factory=lambda: defaultdict(list))
    blocked: dict[str, list[Blocked]] = field(default_factory=lambda: defaultdict(list))
    open_calls: dict[str, list[OpenCall]] = field(default_factory=lambda: defaultdict(list))
    waiting: list[Waiting] = field(default_factory=list)


def contacts_of(
    parts: Mapping[str, Any], today: date, sending_fingerprint: str | None, day_began: datetime
) -> Contacts:
    """The contacts that `CONTACT_PARTS` found.

    `today` is the customer's local day, `day_began` its first instant. A message withheld before it, or
    under another sending switch than `sending_fingerprint`, is no obstacle any more.
    """
    found = Contacts()
    for invoice, step, on_day, offset_days, tone, channel, posted in parts["done"] or ():
        found.done[invoice].append(
            StepDone(
                step,
                date.fromisoformat(on_day),
                offset_days,
                _TONES[tone],
                _CHANNELS[channel],
                date.fromisoformat(posted) if posted else None,
            )
        )
    for step, status, composed, concluded, fingerprint, facts_hash, rows in parts["unsettled"] or ():
        items = _items(rows)
        if status != ContactStatus.WITHHELD:
            approved = status == ContactStatus.APPROVED
            found.waiting.append(Waiting(step, approved, date.fromisoformat(composed), facts_hash, items))
        elif (
            # Not its composition: what waited for approval may be withheld days after it was written.
            concluded is not None and instant(concluded) >= day_began and fingerprint == sending_fingerprint
        ):
            until = today + timedelta(days=1)
            for item in items:
                found.blocked[item.invoice_id].append(Blocked(item.step, Obstacle.WITHHELD, today, until))
    for kind, invoice, step, opened_on, escalated, again_on, rows in parts["tasks"] or ():
        since = date.fromisoformat(opened_on)
        for invoice_id, of_step in _steps(kind, invoice, step, rows):
            if kind in CALL_KINDS:
                found.open_calls[invoice_id].append(
                    OpenCall(
                        of_step,
                        since,
                        escalated=escalated,
                        again_on=date.fromisoformat(again_on) if again_on else None,
                    )
                )
            else:
                found.blocked[invoice_id].append(Blocked(of_step, _OBSTACLES[kind], since))
    return found


def _items(rows: list[Any] | None) -> tuple[WaitingItem, ...]:
    return tuple(WaitingItem(invoice, step, folded) for invoice, step, folded in rows or ())


def _steps(kind: str, invoice: str | None, step: str | None, rows: list[Any] | None) -> list[tuple[str, str]]:
    if invoice is not None:
        return [(invoice, step)] if step is not None else []
    # A folded item has another step of its own: it can go out by itself while this one waits. Only a
    # message that failed took it along to the same address.
    return [
        (item.invoice_id, item.step)
        for item in _items(rows)
        if not item.folded or kind == TaskKind.DELIVERY_FAILED
    ]
