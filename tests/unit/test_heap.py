"""What is loaded before a process serves is not collected over again."""

from __future__ import annotations

import gc
import weakref

from models.heap import keep_what_is_loaded


class _Ring:
    def __init__(self) -> None:
        self.itself = self


def test_what_is_loaded_is_left_alone_and_what_comes_after_is_not() -> None:
    dead = weakref.ref(_Ring())
    kept = _Ring()
    try:
        keep_what_is_loaded()
        assert dead() is None, "garbage is not kept with it"
        assert gc.get_freeze_count() > 0
        watched = gc.get_objects()
        assert not any(each is kept for each in watched)
        later = weakref.ref(_Ring())
        gc.collect()
        assert later() is None
    finally:
        gc.unfreeze()
