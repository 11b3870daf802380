"""Works on what providers told: at once after it was kept, else by the sweep of whichever worker comes first.

A handler may be asked for the same post twice (a crash, a lease that ran out): what it does, it does once by
what the post says, never by being called once. It makes its own transactions, as small as it likes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from threading import Event, Lock
from types import MappingProxyType
from typing import Final, TypeAlias

from activities import watch
from activities.discreet import told
from activities.inbound import provider_events, replies
from activities.inbound.work import Unreadable, Work
from activities.store.engine import transaction
from activities.store.receipts import (
    MAX_ATTEMPTS,
    Receipt,
    claim_receipts,
    forget_receipts,
    read_receipt,
    receipt_done,
    receipt_failed,
)
from models.tables.words import ReceiptKind

log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[Work, Receipt], None]

HANDLERS: Final[Mapping[ReceiptKind, Handler]] = MappingProxyType(
    {
        ReceiptKind.EVENTS: provider_events.sendgrid_events,
        ReceiptKind.STATUS: provider_events.twilio_status,
        ReceiptKind.INBOUND_MAIL: replies.inbound_mail,
        ReceiptKind.INBOUND_SMS: replies.inbound_text,
    }
)
"""Who works on what."""

BATCH: Final = 20
"""Posts claimed at once. Their bodies are read one by one: memory holds one, however many wait."""


class Inbox:
    """The posts that wait, and the hands that work on them. Safe to use from any thread."""

    def __init__(self, work: Work, handlers: Mapping[ReceiptKind, Handler] = HANDLERS) -> None:
        self._work = work
        self._handlers = handlers
        self._asked = Event()
        self._busy = Lock()

    def kick(self) -> None:
        """Work on what waits, unless another thread of this process does: then that one looks once more.

        So a flood of posts has one thread working on it, not one each. Never raises: what fails waits for
        the sweeper.
        """
        self._asked.set()
        while self._asked.is_set() and self._busy.acquire(blocking=False):
            try:
                self._asked.clear()
                self.drain()
            except Exception as error:
                log.warning("posts of providers wait for the sweeper: %s", told(error))
                return
            finally:
                self._busy.release()

    def drain(self) -> int:
        """Work on every post that nobody has, earliest first; how many were settled."""
        settled = 0
        while True:
            with transaction(self._work.engine) as session:
                claimed = claim_receipts(session, BATCH, self._work.clock.wall())
            if not claimed:
                return settled
            for receipt_id in claimed:
                settled += self._one(receipt_id)

    def forget(self) -> int:
        """Delete what was settled long ago, a bounded part at a time; how many."""
        with transaction(self._work.engine) as session:
            return forget_receipts(session, self._work.clock.wall())

    def _one(self, receipt_id: int) -> bool:
        with transaction(self._work.engine) as session:
            receipt = read_receipt(session, receipt_id)
        if receipt is None:
            return False
        try:
            if receipt.attempts > MAX_ATTEMPTS:
                raise Unreadable("whoever worked on it died, every time")
            handler = self._handlers.get(receipt.kind)
            if handler is None:
                raise Unreadable(f"nothing here works on {receipt.kind}")
            handler(self._work, receipt)
        except Exception as error:
            self._fail(receipt, error)
            return False
        with transaction(self._work.engine) as session:
            receipt_done(session, receipt.id, self._work.clock.wall())
        watch.receipt_settled(receipt.provider, receipt.kind, "done")
        return True

    def _fail(self, receipt: Receipt, error: Exception) -> None:
        """One that fails never stops the others: it is tried again later, and refused in the end."""
        # The kind of the error alone: its text may quote an address.
        hopeless = isinstance(error, Unreadable)
        reason = str(error) if hopeless else told(error).partition("\n")[0]
        log.warning("post %s of %s: %s", receipt.id, receipt.provider, reason if hopeless else told(error))
        with transaction(self._work.engine) as session:
            refused = receipt_failed(session, receipt.id, reason, self._work.clock.wall(), for_good=hopeless)
        watch.receipt_settled(receipt.provider, receipt.kind, "refused" if refused else "failed")
