"""The campaign: weekly rounds in which workers die and the provider misbehaves, and the books after them.

Business time moves between the rounds as the installation's offset does; the workers are new then, and their
sweep finds the cases that have become overdue. Within a round everything is real: processes and their death,
HTTP in both directions, time-outs.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from activities.store.engine import transaction
from activities.store.facts import record
from activities.store.outbox import LEASE
from activities.store.policies import ensure_builtin
from activities.store.work import Completion, complete_task
from admin.chaos.judge import matched
from admin.chaos.readers import Inbox, ledger_book
from admin.stack.ports import free_port
from models.ids import CaseSignal
from models.messages import DisputeOpened
from policies import builtin_policy_texts
from rules.calendar import Channel
from tests.fixtures.local_stack import FRANCE, environment, expire_lost_sends, until
from tests.fixtures.nursery import Hatched
from tests.integration.cli.place import Installation
from tests.integration.faults.story import (
    COMPANY,
    DISPUTED_IN,
    OWING,
    Contact,
    Intended,
    intended,
    weekly,
    write_portfolio,
)
from tests.integration.faults.verdict import Books

AFTER_THE_SLOT: Final = timedelta(minutes=70)
"""Rounds begin at 10:40: cases due at 09:30 are then over the hour late after which a sweep wakes them."""

ANSWER_S, TIMEOUT_S = 0.2, 1.0
"""How long the provider takes as a rule, and how long it is waited for."""

LOOK_S: Final = 1.0
"""How often sends of dead workers are looked for."""

NOT_TAKEN: Final = ("hang", "drop_before", "status")
TAKEN: Final = ("late", "accept_then_status", "accept_then_drop")
FAULTS: Final[Mapping[str, int]] = {
    "hang": 2,
    "drop_before": 2,
    "status": 1,
    "late": 3,
    "accept_then_status": 4,
    "accept_then_drop": 3,
    "busy": 4,
}
"""To how many customers of a round each happens; `busy` is a 429."""


@dataclass
class Campaign:
    """What happens, and what is written down of it."""

    place: Installation
    api: str
    dice: random.Random
    intended: Intended
    workers: list[Hatched] = field(default_factory=list)
    server: Hatched | None = None
    faults: dict[str, int] = field(default_factory=dict)
    silenced: list[tuple[str, date]] = field(default_factory=list)
    kills: int = 0
    killed_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    lost_sends: int = 0

    # ------------------------------------------------------------ processes

    def hatch(self) -> Hatched:
        """One more worker, at work."""
        worker = self.place.nursery.hatch(
            "worker", variables=environment(**self.place.variables), log=self.place.worker_log
        )
        worker.until("worker ready")
        self.workers.append(worker)
        return worker

    def at(self, now: datetime) -> None:
        """Stop everything, put business time at `now`, and let API and workers begin again."""
        self.leave()
        offset = now - datetime.now(UTC)
        self.place.offset = offset
        # No code of ours moves a clock that is set.
        self.place.ledger.change(
            "UPDATE installation SET value = :value WHERE key = 'clock_offset_seconds'",
            value=str(offset.total_seconds()),
        )
        self.server = self.place.nursery.hatch(
            *("relance", "serve", "--port", self.api.rpartition(":")[2]),
            variables=environment(**self.place.variables),
            log=self.place.folder / "api.log",
        )

    def leave(self) -> None:
        """Everybody stops, as asked."""
        leaving = [*self.workers, *([self.server] if self.server else [])]
        for process in leaving:
            process.tell(signal.SIGTERM)
        for process in leaving:
            process.wait()
        self.workers, self.server = [], None

    def kill(self) -> None:
        """One of the workers dies; its successor is at work by then."""
        victim = self.workers.pop(self.dice.randrange(len(self.workers)))
        self.hatch()
        assert victim.running, victim.text
        victim.kill()
        self.killed_at = datetime.now(UTC)
        self.kills += 1

    # ------------------------------------------------------------ rounds

    def begin(self) -> None:
        """The portfolio goes in; its cases start with the first workers."""
        place = self.place
        self.at(self._moment(self.intended.days[0]))
        with transaction(place.ledger.engine) as session:
            ensure_builtin(session, {**builtin_policy_texts(), "weekly.toml": weekly()}, place.now)
        file = write_portfolio(place.folder / "portfolio.csv", None)
        told = place.here("import", str(file), "--companies", str(place.companies), "--no-start")
        assert told.status == 0, told

    def round(self, number: int, day: date, kills: int) -> None:
        """One week's contacts: misbehaviour, deaths, and then quiet."""
        if number > 1:
            self.at(self._moment(day))
        if number == DISPUTED_IN:
            self._dispute()
        contacts = self.intended.on(day)
        self._misbehave(contacts)
        before = self.place.sandbox.store.count()
        self.hatch()
        # So many requests have come to the provider when each dies.
        for due in sorted(self.dice.sample(range(2, len(contacts) - 8), kills)):
            self._requests(before + due)
            self.kill()
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is due or under way, and the provider has told all it had to tell."""

        looked = time.monotonic()

        def quiet() -> bool:
            nonlocal looked
            if self.place.ledger.unfinished(self.place.now) == 0:
                return True
            if time.monotonic() - looked > LOOK_S:
                self._bring_forward()
                looked = time.monotonic()
            return False

        until(quiet, f"settled ({self.place.ledger.messages()})", 120, every=0.25)
        self.place.sandbox.voice.postman.wait_idle(60)
        self.place.sandbox.clear_faults()
        # A worker may have died before its message came to meet its fate: it is not the next week's.
        self.place.sandbox.voice.fates.clear()

    def _bring_forward(self) -> None:
        """What dead workers had in hand would be theirs for a while: sends for 90 seconds, notes for 30."""
        self.lost_sends += expire_lost_sends(self.place.address, {worker.pid for worker in self.workers})
        self.place.ledger.change(
            "UPDATE outbox_note SET claimed_until = NULL WHERE claimed_until <= :before",
            before=self.killed_at + LEASE,
        )

    def aftermath(self) -> None:
        """Forty-five minutes later the time for evidence is over: people hear of what is still in doubt."""
        self.at(self._moment(self.intended.days[-1]) + timedelta(minutes=45))
        self.hatch()
        ledger = self.place.ledger
        # What dead workers had in hand is theirs for two minutes more.
        ledger.change("UPDATE webhook_receipt SET claimed_until = NULL WHERE state = 'new'")

        def cleared() -> bool:
            return not ledger.value(
                """
                SELECT (SELECT count(*) FROM webhook_receipt WHERE state = 'new')
                     + (SELECT count(*) FROM communication m
                         WHERE m.status = 'uncertain'
                           AND (NOT EXISTS (SELECT FROM task t WHERE t.communication_id = m.id)
                                OR EXISTS (SELECT FROM communication_event e
                                            WHERE e.communication_id = m.id)))
                """
            )

        until(cleared, "the doubts that are left are on the worklist")
        self.settle()

    def answer(self, found: Books) -> dict[str, int]:
        """A person looks up the last day's doubts at the provider; how many had left, and had not.

        `again`: how many of the latter come again. A contact stands by any part of it that left: of an SMS
        and the statement that went with it, one alone is not made again.
        """
        came = {message.id for message in matched(found.received, found.messages).values()}
        today = {
            id_
            for (id_,) in self.place.ledger.rows(
                "SELECT m.id FROM communication m JOIN contact_made k ON k.id = m.contact_id"
                " WHERE m.status = 'uncertain' AND k.on_day = :day",
                day=self.intended.days[-1],
            )
        }
        answers = {"sent": 0, "not_sent": 0, "again": 0}
        before = len(found.received)
        for task in found.tasks:
            if task.message not in today:
                continue
            outcome = "sent" if task.message in came else "not_sent"
            answers[outcome] += 1
            with transaction(self.place.ledger.engine) as session:
                complete_task(
                    session,
                    task_id=task.id,
                    completion=Completion(outcome=outcome),
                    now=self.place.now,
                    who="claire.morel@quartz.example",
                )
        answers["again"] = self.place.ledger.value(
            """
            SELECT count(*)
              FROM communication m JOIN contact_made k ON k.id = m.contact_id
             WHERE m.audience = 'debtor' AND m.error = 'a person found that it was not sent'
               AND k.status = 'failed'
            """
        )
        # Whoever still waits for an activity of a worker that was killed hears of its end after 90 seconds.
        self.place.sandbox.wait_for(before + answers["again"], 180)
        self.settle()
        return answers

    def _moment(self, day: date) -> datetime:
        return FRANCE.slot(day) + AFTER_THE_SLOT

    def _requests(self, count: int) -> None:
        """Wait until so many requests have come, taken or not."""
        until(lambda: self.place.sandbox.store.count() >= count, f"{count} requests to send")

    def _dispute(self) -> None:
        for it in OWING:
            for number in it.invoices() if it.disputes else ():
                # The workers to come find the notes in the outbox.
                with transaction(self.place.ledger.engine) as session:
                    record(
                        session,
                        now=self.place.now,
                        invoice=(COMPANY, number),
                        fact=DisputeOpened(event_id=f"dispute/{number}"),
                        signal=CaseSignal.DISPUTE_OPENED,
                        who="test",
                    )

    def _misbehave(self, contacts: Mapping[str, Contact]) -> None:
        """Decide to whom what happens this time; everybody else is answered, and takes a moment."""
        sandbox = self.place.sandbox
        concerned = [it for it in OWING if it.ref in contacts]
        self.dice.shuffle(concerned)
        silent = 0
        for mode, count in FAULTS.items():
            for _ in range(count):
                it = concerned.pop()
                channel = contacts[it.ref].channel
                self._fault(mode, it.address(channel))
                # About some e-mails that were taken the provider never says a word.
                if channel == Channel.EMAIL and mode in TAKEN and silent < 2:
                    sandbox.add_fate("silent", match_to=it.email, times=1)
                    self.silenced.append((it.email, contacts[it.ref].day))
                    silent += 1
        sandbox.add_fault("late", delay=ANSWER_S)

    def _fault(self, mode: str, to: str) -> None:
        self.faults[mode] = self.faults.get(mode, 0) + 1
        sandbox = self.place.sandbox
        if mode == "busy":
            sandbox.add_fault("status", status=429, retry_after=1, match_to=to, times=1)
        elif mode == "late":
            sandbox.add_fault("late", delay=2 * TIMEOUT_S, match_to=to, times=1)
        else:
            sandbox.add_fault(mode, match_to=to, times=1, status=503 if mode == "status" else 500)


@contextmanager
def campaign(place: Installation, seed: int) -> Iterator[Campaign]:
    """A campaign on an installation without workers; nothing of it is left at the end."""
    api = f"http://127.0.0.1:{free_port()}"
    place.variables |= {
        "RELANCE_PUBLIC_URL": api,
        "SENDGRID_WEBHOOK_PUBLIC_KEY": place.sandbox.voice.postman.key.public,
        "SENDGRID_TIMEOUT": str(TIMEOUT_S),
        "TWILIO_TIMEOUT": str(TIMEOUT_S),
        "RELANCE_WORKER_SLOTS": "10",
        # The sender's turn is tried elsewhere; a second for each SMS would only be waited for here.
        "RELANCE_EMAIL_PER_SECOND": "unlimited",
        "RELANCE_SMS_PER_SECOND": "unlimited",
        # Each sweep wakes what is overdue and not looked at yet: not again before there was time for it.
        "RELANCE_SWEEP_SECONDS": "6",
    }
    place.sandbox.voice.behave(
        event_url=f"{api}/webhooks/sendgrid", doubled=0.5, delay=1.0, shuffled=True, seed=seed
    )
    it = Campaign(place, api, random.Random(seed), intended(place.folder))
    try:
        yield it
    finally:
        it.leave()


def books(it: Campaign) -> Books:
    """What provider and ledger say."""
    ledger = ledger_book(it.place.ledger.engine)
    return Books(
        contacts=tuple(_contacts(it)),
        messages=ledger.messages,
        tasks=ledger.tasks,
        received=tuple(Inbox(it.place.sandbox.url).read()),
        silenced=frozenset(_silenced(it)),
        left_at={
            UUID(str(id_)): (at, FRANCE.is_open(Channel(channel), at))
            for id_, channel, at in it.place.ledger.rows(
                "SELECT id, channel, sending_at FROM communication WHERE status IN ('sent', 'uncertain')"
            )
        },
    )


def _silenced(it: Campaign) -> Iterator[UUID]:
    """Messages about which the provider was told to keep silent."""
    for to, day in it.silenced:
        rows = it.place.ledger.rows(
            "SELECT m.id FROM communication m JOIN contact_made k ON k.id = m.contact_id"
            " WHERE m.to_address = :to AND k.on_day = :day",
            to=to,
            day=day,
        )
        yield from (id_ for (id_,) in rows)


def _contacts(it: Campaign) -> Iterator[Contact]:
    """Contacts that count as done."""
    rows = it.place.ledger.rows(
        """
        SELECT c.ref, k.on_day, k.channel, k.step,
               coalesce(array_agg(i.number ORDER BY i.number) FILTER (WHERE NOT t.folded), '{}'),
               coalesce(array_agg(i.number ORDER BY i.number) FILTER (WHERE t.folded), '{}')
          FROM contact_made k
          JOIN customer c ON c.id = k.customer_id
          JOIN contact_item t ON t.contact_id = k.id AND t.concluded
          JOIN invoice i ON i.id = t.invoice_id
         WHERE k.status IN ('sent', 'uncertain', 'by_hand')
         GROUP BY k.id, c.ref
        """
    )
    for ref, day, channel, step, own, folded in rows:
        yield Contact(ref, day, channel, step, tuple(own), tuple(folded))
