"""Who carries what a provider tells: in batches, signed, tried again, and as badly as he is told to.

One thread; what waits is bounded. Like the real ones: SendGrid posts several events at once and tries again
until it is answered 2xx; Twilio posts one form a status, and tries again only when no connection could be
made, once, unless the address asks for more (its "connection overrides": ``#rc=3&rp=5xx,ct``).
"""

from __future__ import annotations

import heapq
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qs, urldefrag, urlencode

from pydantic import BaseModel, ConfigDict, Field
from urllib3 import PoolManager, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from admin.sandbox.signing import (
    SENDGRID_SIGNATURE,
    SENDGRID_TIMESTAMP,
    TWILIO_SIGNATURE,
    EventKey,
    twilio_signature,
)

MOST_WAITING: Final = 20_000
"""Events and statuses that may wait; what comes on top is counted, and told to nobody."""

_ANSWER_S: Final = 5.0
_LONGEST_PAUSE_S: Final = 60.0
_STOP_S: Final = 2 * _ANSWER_S


class Manners(BaseModel):
    """How posts are carried. Times are seconds.

    ``event_url`` is where SendGrid's events go; without it nothing at all is told, to Twilio's addresses
    neither. ``automatic``: what becomes of a message is told as soon as it is taken. ``batch`` is the most
    events of one post.

    Faults: ``delay``, at most, one draw for each message; ``shuffled``, one draw for each of its events, and
    those that are due together in any order; ``doubled``, the part of events that is told twice;
    ``withheld``, nothing is posted until this is taken back. ``seed`` decides the draws.

    A post not answered 2xx is tried again ``retries`` times, first after ``pause``, then after twice as long.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    event_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+")
    automatic: bool = True
    batch: int = Field(default=100, ge=1, le=1000)
    delay: float = Field(default=0.0, ge=0, le=3600)
    shuffled: bool = False
    doubled: float = Field(default=0.0, ge=0, le=1)
    withheld: bool = False
    retries: int = Field(default=10, ge=0, le=50)
    pause: float = Field(default=0.5, gt=0, le=60)
    seed: int = 1


class Carried(BaseModel):
    """The postman's counts. Events and statuses are counted one by one, ``posts`` by the request.

    ``made`` without repetitions; ``doubled`` were told twice on purpose; ``taken`` were answered 2xx;
    ``refused`` are posts with another answer, ``unanswered`` posts without one; ``given_up`` were told to
    nobody, ``overflowed`` found too many waiting before them.
    """

    made: int = 0
    doubled: int = 0
    waiting: int = 0
    posts: int = 0
    taken: int = 0
    refused: int = 0
    unanswered: int = 0
    given_up: int = 0
    overflowed: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """One status callback: where to, what, and the token it is signed with."""

    url: str
    form: dict[str, str]
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Post:
    """What goes together: events to one place, or one status. `attempt` counts from 1 once it was tried."""

    events: tuple[dict[str, Any], ...] = ()
    status: Status | None = None
    attempt: int = 0

    @property
    def size(self) -> int:
        return len(self.events) or 1


class Postman:
    """Carries posts; `start` before, `stop` after. Everything else may be called from any thread."""

    def __init__(self, key: EventKey, manners: Manners | None = None) -> None:
        self.key = key
        self._manners = manners or Manners()
        self._dice = random.Random(self._manners.seed)  # noqa: S311 - faults need a seed, not secrecy
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, _Post]] = []
        self._number = 0
        self._under_way = 0
        self._counts = Carried()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._http = PoolManager(timeout=Timeout(_ANSWER_S), retries=False, maxsize=1)

    @property
    def manners(self) -> Manners:
        """How posts are carried now."""
        return self._manners

    def behave(self, manners: Manners) -> None:
        """Carry posts otherwise from now on; what waits already keeps its time, unless it was withheld."""
        with self._changed:
            if manners.seed != self._manners.seed:
                self._dice = random.Random(manners.seed)  # noqa: S311 - as above
            self._manners = manners
            self._changed.notify_all()

    def counts(self) -> Carried:
        """What was carried so far."""
        with self._changed:
            return self._counts.model_copy(update={"waiting": self._waiting()})

    def tell(self, told: Sequence[dict[str, Any]] | Sequence[Status]) -> None:
        """Carry what is told of one message, in this order unless the manners are bad."""
        with self._changed:
            manners = self._manners
            now = time.monotonic()
            late = self._dice.uniform(0, manners.delay)
            for one in told:
                if manners.shuffled:
                    late = self._dice.uniform(0, manners.delay)
                self._count(made=1)
                post = _Post(status=one) if isinstance(one, Status) else _Post(events=(one,))
                self._put(now + late, post)
                if self._dice.random() < manners.doubled:
                    self._count(doubled=1)
                    self._put(now + self._dice.uniform(0, manners.delay), post)
            self._changed.notify_all()

    def wait_idle(self, timeout: float = 30.0) -> Carried:
        """Wait until nothing waits or is under way. Raises ``TimeoutError`` after ``timeout`` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._waiting(), timeout):
                raise TimeoutError(f"{self._waiting()} events are still to be told after {timeout:g} s")
        return self.counts()

    def clear(self) -> int:
        """Forget what waits, and every count; returns how many events it were."""
        with self._changed:
            forgotten = sum(post.size for _, _, post in self._due)
            self._due.clear()
            self._counts = Carried()
            self._changed.notify_all()
        return forgotten

    def start(self) -> None:
        """Begin to carry."""
        self._thread = threading.Thread(target=self._run, name="sandbox-postman", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop; a post under way is waited for, what waits is not told. Stopping twice does nothing.

        Raises:
            RuntimeError: it does not stop.
        """
        thread, self._thread = self._thread, None
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
        if thread is not None:
            thread.join(_STOP_S)
            if thread.is_alive():
                raise RuntimeError(f"the postman did not stop within {_STOP_S:g} s")
        self._http.clear()

    # ------------------------------------------------------------ under the lock

    def _waiting(self) -> int:
        return self._under_way + sum(post.size for _, _, post in self._due)

    def _count(self, **more: int) -> None:
        known = self._counts
        self._counts = known.model_copy(update={name: getattr(known, name) + n for name, n in more.items()})

    def _put(self, at: float, post: _Post) -> None:
        if len(self._due) >= MOST_WAITING:
            self._count(overflowed=post.size)
            return
        # The number keeps what is due at the same instant in order, and the heap from comparing posts.
        self._number += 1
        heapq.heappush(self._due, (at, self._number, post))

    def _take(self) -> list[_Post]:
        """What is due, events gathered into batches; new posts and those tried before apart."""
        now = time.monotonic()
        due: list[_Post] = []
        while self._due and self._due[0][0] <= now:
            due.append(heapq.heappop(self._due)[2])
        if self._manners.shuffled:
            self._dice.shuffle(due)
        events = [event for post in due if post.attempt == 0 for event in post.events]
        size = self._manners.batch
        batches = [_Post(tuple(events[at : at + size])) for at in range(0, len(events), size)]
        taken = batches + [post for post in due if post.status is not None or post.attempt]
        self._under_way = sum(post.size for post in taken)
        return taken

    def _until_due(self) -> float | None:
        if self._manners.withheld or not self._due:
            return None
        return max(0.0, self._due[0][0] - time.monotonic())

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        while True:
            with self._changed:
                while (pause := self._until_due()) != 0 and not self._stopping.is_set():
                    self._changed.wait(pause)
                if self._stopping.is_set():
                    return
                posts = self._take()
            for post in posts:
                again = self._carry(post)
                with self._changed:
                    self._under_way -= post.size
                    if again is not None and not self._stopping.is_set():
                        self._put(time.monotonic() + again, replace(post, attempt=post.attempt + 1))
                    self._changed.notify_all()
                    if self._stopping.is_set():
                        return

    def _carry(self, post: _Post) -> float | None:
        """Post it once; seconds until the next try, if there is to be one."""
        status, connected = self._request(post)
        taken = status is not None and 200 <= status < 300
        manners = self._manners
        if taken:
            again = None
        elif post.status is None:
            again = min(manners.pause * 2.0**post.attempt, _LONGEST_PAUSE_S)
            again = again if post.attempt < manners.retries else None
        else:
            most, policies = _overrides(post.status.url)
            why = {f"{status // 100}xx"} if status is not None else {"rt" if connected else "ct"}
            again = manners.pause if post.attempt < most and policies & {*why, "all"} else None
        with self._changed:
            self._count(
                posts=1,
                taken=post.size if taken else 0,
                refused=int(status is not None and not taken),
                unanswered=int(status is None),
                given_up=0 if taken or again is not None else post.size,
            )
        return again

    def _request(self, post: _Post) -> tuple[int | None, bool]:
        """The answer's status, if one came; and whether a connection was made."""
        if post.status is not None:
            # What stands behind the # is for Twilio itself: it is not sent, and not signed.
            url = urldefrag(post.status.url).url
            body = urlencode(post.status.form).encode("ascii")
            headers = {
                "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
                "User-Agent": "TwilioProxy/1.1",
                TWILIO_SIGNATURE: twilio_signature(post.status.token, url, post.status.form),
            }
        else:
            url = self._manners.event_url or ""
            body = json.dumps(post.events).encode("utf-8")
            # Each try is signed anew, with the time of the try.
            timestamp = str(int(time.time()))
            headers = {
                "Content-Type": "application/json;charset=utf-8",
                "User-Agent": "SendGrid Event API",
                SENDGRID_TIMESTAMP: timestamp,
                SENDGRID_SIGNATURE: self.key.sign(timestamp, body),
            }
        try:
            return self._http.request("POST", url, body=body, headers=headers, redirect=False).status, True
        except (NewConnectionError, ConnectTimeoutError):
            return None, False
        except HTTPError:
            return None, True


def _overrides(url: str) -> tuple[int, frozenset[str]]:
    """How often Twilio tries again, and after what: ``rc`` and ``rp`` of the address; else once, ``ct``."""
    given = parse_qs(urldefrag(url).fragment)
    count = given.get("rc", ["1"])[0]
    most = min(int(count), 5) if count.isdigit() else 1
    return most, frozenset(given.get("rp", ["ct"])[0].split(","))
