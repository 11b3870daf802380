"""What a process keeps for life need not be looked through again and again."""

from __future__ import annotations

import gc


def keep_what_is_loaded() -> None:
    """Leave everything that lives now out of later garbage collections.

    To be called once a process has loaded what it serves with. Modules, schemas and templates are hundreds of
    thousands of objects that never go: a full collection over them takes longer than the largest answer, and
    whoever asks at that moment waits for it.
    """
    gc.collect()
    gc.freeze()
