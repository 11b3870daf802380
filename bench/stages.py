"""Where the CPU of one contact goes: each stage without what it calls of the others.

The functions of a stage are wrapped for the time of a block, so the clock is read a few dozen times a
message: to be measured apart from what is compared with an aim.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from unittest.mock import patch

from activities import compose, decisions, prepare, sending
from activities.compose import Composer
from activities.contact_writer import ContactWriter
from bench.harness import Agreeing

OUTSIDE: Final = "rest"
"""What belongs to no stage: the transactions, the locks, the activities themselves."""

STAGES: Final[Mapping[str, tuple[tuple[Any, str], ...]]] = {
    "load": ((prepare, "load_to_write"), (decisions, "load_customer")),
    "decide": ((prepare, "decisions_of"), (decisions, "decisions_of"), (prepare, "contact_due")),
    "compose": ((Composer, "__init__"), (Composer, "contact_messages")),
    "render": ((compose, "render"), (compose, "render_sms")),
    "store": ((ContactWriter, "contact"), (ContactWriter, "store")),
    "take": ((sending.SendingActivities, "_take"),),
    "provider": ((Agreeing, "send"),),
    "settle": ((sending.SendingActivities, "_settle"),),
}
"""Stage to its functions, by where they are looked up."""


class Split:
    """Seconds of CPU by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys((*STAGES, OUTSIDE), 0.0)
        self._stack = [OUTSIDE]
        self._since = time.process_time()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measure what happens in the block."""
        with ExitStack() as wrapped:
            for stage, functions in STAGES.items():
                for owner, name in functions:
                    timed = self._timed(stage, getattr(owner, name))
                    wrapped.enter_context(patch.object(owner, name, timed))
            self._since = time.process_time()
            yield
            self._charge()

    def _timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            self._charge()
            self._stack.append(stage)
            try:
                return function(*args, **kwargs)
            finally:
                self._charge()
                self._stack.pop()

        return timed

    def _charge(self) -> None:
        now = time.process_time()
        self.seconds[self._stack[-1]] += now - self._since
        self._since = now
