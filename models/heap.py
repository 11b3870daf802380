"""What a process keeps for life need not be looked through again and again."""

from __future__ import annotations

import gc
from typing import Final


def keep_what_is_loaded() -> None:
    """Leave everything that lives now out of later garbage collections.

    To be called once a process has loaded what it serves with. Modules, schemas and templates are hundreds of
    thousands of objects that never go: a full collection over them takes longer than the largest answer, and
    whoever asks at that moment waits for it.
    """
    gc.collect()
    gc.freeze()


def keep_what_loads_with_use(collections: int = 10) -> None:
    """Leave out, too, what is loaded as a process is used: templates, locales, remembered days.

    To be called where what is served does not outlive its answer. After each of the next full collections all
    that lives is left alone from then on: without it, one in seventy pages waited forty milliseconds for one.

    Args:
        collections: how many; by then everything has been used.
    """
    left = collections

    def keep(phase: str, info: dict[str, int]) -> None:
        nonlocal left
        if phase != "stop" or info["generation"] != _FULL:
            return
        gc.freeze()
        left -= 1
        if left == 0:
            gc.callbacks.remove(keep)

    gc.callbacks.append(keep)


_FULL: Final = 2
"""The generation whose collection goes over everything."""
