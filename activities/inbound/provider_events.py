"""Reading what SendGrid and Twilio say of messages. One event that cannot be read never stops the others."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from activities.channels import presentable
from activities.inbound.events import take
from activities.inbound.places import COMMUNICATION
from activities.inbound.work import Unreadable, Work
from activities.store.message_events import Told
from activities.store.receipts import Receipt
from models.tables.words import Provider

UNTRACKED: Final = frozenset({"open", "click"})
"""Who reads what and when is nobody's business here, should tracking be on in the account."""

MALFORMED: Final = "malformed"

_WORD: Final = re.compile(r"[a-z][a-z_]{0,39}")
_LONGEST_ID: Final = 200
# A clock that is ahead, or an event of years ago, is no time to order by.
_AHEAD, _BEHIND = timedelta(days=1), timedelta(days=60)

_KEPT_OF_SENDGRID: Final = ("type", "status", "reason", "response", "attempt", "bounce_classification")
_KEPT_OF_TWILIO: Final = (("ErrorCode", "code"), ("ErrorMessage", "reason"))


def sendgrid_events(work: Work, receipt: Receipt) -> None:
    """Keep the events of one post of SendGrid's, and do what follows from them.

    Raises:
        Unreadable: the body is no JSON array.
    """
    try:
        items = json.loads(receipt.body)
    except (ValueError, RecursionError):
        raise Unreadable("the body is no JSON") from None
    if not isinstance(items, list):
        raise Unreadable("the body is no JSON array")
    take(work, Provider.SENDGRID, list(_of_sendgrid(work, receipt, items)), receipt.received_at)


def twilio_status(work: Work, receipt: Receipt) -> None:
    """Keep one status of an SMS, and do what follows from it.

    Raises:
        Unreadable: it names no message or no status.
    """
    form = dict(parse_qsl(receipt.body.decode("utf-8", "replace"), keep_blank_values=True))
    sid, word = form.get("MessageSid") or form.get("SmsSid"), form.get("MessageStatus", "").lower()
    if not sid or not _WORD.fullmatch(word):
        raise Unreadable("no MessageSid, or no MessageStatus")
    number = form.get("To", "")
    detail = {name: presentable(form[field], (number,)) for field, name in _KEPT_OF_TWILIO if form.get(field)}
    query = dict(parse_qsl(receipt.query))
    told = Told(
        event_id=f"twilio/{_text(sid)}/{word}",
        word=word,
        # Twilio tells no time: one status after the other, as they come.
        at=receipt.received_at,
        communication=_text(query.get(COMMUNICATION)),
        provider_id=_text(sid),
        candidates=(_text(sid) or "",),
        recipient=number or None,
        detail=detail,
    )
    take(work, Provider.TWILIO, [told], receipt.received_at)


def candidates_of(sg_message_id: str | None) -> tuple[str, ...]:
    """What the id of an e-mail may have been: an event's `sg_message_id` begins with it, then come dots."""
    if not sg_message_id:
        return ()
    parts = sg_message_id.split(".")[:6]
    return tuple(".".join(parts[: place + 1]) for place in range(len(parts)))


def _of_sendgrid(work: Work, receipt: Receipt, items: list[Any]) -> Iterator[Told]:
    for item in items:
        word = item.get("event") if isinstance(item, dict) else None
        if not isinstance(word, str) or not _WORD.fullmatch(word):
            # Kept among the unknown, where somebody looks.
            yield Told(f"{MALFORMED}/{_hash(item)}", MALFORMED, receipt.received_at)
        elif word not in UNTRACKED:
            yield _event(work, receipt, word, item)


def _event(work: Work, receipt: Receipt, word: str, item: Mapping[str, Any]) -> Told:
    recipient = _text(item.get("email"))
    candidates = candidates_of(_text(item.get("sg_message_id")))
    detail = {
        name: presentable(_text(item[name]), (recipient or "",))
        for name in _KEPT_OF_SENDGRID
        if item.get(name) not in (None, "")
    }
    return Told(
        event_id=f"sendgrid/{_text(item.get('sg_event_id')) or _hash(item)}",
        word=word,
        at=_instant(work, receipt, item.get("timestamp")),
        communication=_text(item.get(COMMUNICATION)),
        provider_id=next(iter(candidates), None),
        candidates=candidates,
        recipient=recipient,
        detail=detail,
    )


def _instant(work: Work, receipt: Receipt, told: object) -> datetime:
    """When it happened, in business time; when it was told, where that cannot be."""
    if not isinstance(told, int | float) or isinstance(told, bool):
        return receipt.received_at
    try:
        real = datetime.fromtimestamp(told, UTC)
    except (ValueError, OverflowError, OSError):
        return receipt.received_at
    if not receipt.arrived_at - _BEHIND <= real <= receipt.arrived_at + _AHEAD:
        return receipt.received_at
    return work.clock.business(real)


def _text(value: object) -> str | None:
    """Text the ledger can hold: no NUL, no half of a surrogate pair, not endless."""
    if not isinstance(value, str | int | float) or isinstance(value, bool) or value == "":
        return None
    shown = str(value).replace("\x00", "").encode("utf-8", "replace").decode()
    return shown[:_LONGEST_ID]


def _hash(item: object) -> str:
    return hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest()
