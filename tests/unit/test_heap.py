"""What is loaded before a process serves is not collected over again."""

from __future__ import annotations

import gc
import weakref

from models.heap import keep_what_is_loaded, keep_what_loads_with_use


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


def test_what_loads_with_use_is_left_alone_after_the_next_full_collections() -> None:
    callbacks = list(gc.callbacks)
    try:
        keep_what_loads_with_use(2)
        for _ in range(2):
            loaded = _Ring()
            assert any(each is loaded for each in gc.get_objects())
            gc.collect(1)
            assert any(each is loaded for each in gc.get_objects()), "only a full one"
            gc.collect()
            assert not any(each is loaded for each in gc.get_objects())
        later = _Ring()
        gc.collect()
        assert any(each is later for each in gc.get_objects()), "by then it is what is served"
        assert gc.callbacks == callbacks
    finally:
        gc.unfreeze()
