"""What an act brings about, in sentences: what leaves, what is withdrawn, who is asked, which cases move."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from admin.console.acts.forms import Act
from admin.console.acts.trying import Outcome, Standing
from admin.queries.customer import OpenItemRow
from rules.decide import State

_TELL_SALES: Final = ("hold", "release")
_AT_REST: Final = (State.CLOSED, State.BELOW_MINIMUM)
_ASKS: Final = ("phone", "decision")


@dataclass(frozen=True, slots=True)
class Effect:
    """One sentence: the word's key, and what its places hold. `leaves`: something goes out at once."""

    key: str
    step: str = ""
    channel: str = ""
    task: str = ""
    invoices: str = ""
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """An open case that is decided otherwise than before."""

    before: OpenItemRow | None
    after: OpenItemRow | None

    @property
    def invoice(self) -> str:
        """Its number."""
        row = self.after or self.before
        return "" if row is None else row.invoice


def effects(act: Act, outcome: Outcome, now: datetime) -> list[Effect]:
    """What an act brings about besides what the case itself shows, what leaves at once first."""
    before, after = outcome.before, outcome.after
    found = [*_at_once(after, now)]
    if _thanks(before, after):
        found.append(Effect("act.effect.thanks", leaves=True))
    if act.name in _TELL_SALES:
        found.append(Effect("act.effect.sales", leaves=True))
    if act.name in ("promise", "plan") and before.case and any(p.in_force for p in before.case.promises):
        found.append(Effect("act.effect.former_plan"))
    known, left = ({task.id: task for task in each.customer.tasks} for each in (before, after))
    for task_id, task in known.items():
        if task_id not in left:
            key = "act.effect.withdrawn" if task.kind == "approval" else "act.effect.done"
            found.append(Effect(key, task=task.kind))
    found += [
        Effect("act.effect.asked", task=task.kind) for task_id, task in left.items() if task_id not in known
    ]
    return found


def _at_once(after: Standing, now: datetime) -> list[Effect]:
    """What the outreach does as soon as it is told: the contact that is due by then."""
    coming = after.customer.next_contact
    if coming is None or coming.at > now:
        return []
    invoices = ", ".join(dict.fromkeys((*coming.invoices, *coming.also)))
    if coming.needs_approval:
        return [Effect("act.effect.composed", coming.step, coming.channel, invoices=invoices)]
    if coming.channel in _ASKS:
        return [Effect("act.effect.opens", coming.step, coming.channel, invoices=invoices)]
    return [Effect("act.effect.leaves", coming.step, coming.channel, invoices=invoices, leaves=True)]


def _thanks(before: Standing, after: Standing) -> bool:
    """Whether a thank-you follows: it is paid now, after a reminder, and nothing else is late."""
    if before.case is None or after.case is None or before.case.decision.state == State.CLOSED:
        return False
    reminded = any(contact.tone != "statement" for contact in after.case.contacts)
    late = any(item.days_late > 0 and item.case.state not in _AT_REST for item in after.customer.items)
    stopped = any(item.case.state == State.STOPPED for item in before.customer.items)
    return after.case.decision.closing_reason == "paid in full" and reminded and not late and not stopped


def moved(outcome: Outcome) -> list[Moved]:
    """The customer's cases that are decided otherwise after, the one in question left out."""
    own = None if outcome.after.case is None else outcome.after.case.invoice
    before, after = (
        {item.invoice: item for item in each.customer.items} for each in (outcome.before, outcome.after)
    )
    pairs = [Moved(before.get(number), after.get(number)) for number in dict.fromkeys((*before, *after))]
    return [pair for pair in pairs if pair.invoice != own and _decided(pair.before) != _decided(pair.after)]


def _decided(item: OpenItemRow | None) -> object:
    if item is None:
        return None
    coming = item.case.next
    return (item.case.state, item.outstanding, coming and (coming.step, coming.channel, coming.on))
