"""How a process ends that has used Temporal's core: at once, leaving no interpreter for its threads to meet.

The core's threads (Rust, tokio) outlive the event loop and may ask for the interpreter while it is being torn
down, which crashes a process that has done all its work: status -11 or -6 instead of 0
(temporalio/sdk-python, issue 300). There is no call that stops them.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

_CORE: Final = "temporalio.bridge.temporal_sdk_bridge"


def run_to_end(main: Callable[[], int | None]) -> None:
    """Run `main` and end the process with the status it returns, or raises as `SystemExit`.

    Other threads are waited for and exit handlers registered later are run, as ever; then, if Temporal's core
    was loaded, what is left of the interpreter is not torn down but left to the system.
    """
    status = 1

    def leave() -> None:
        if _CORE in sys.modules:
            logging.shutdown()
            for stream in (sys.stdout, sys.stderr):
                # Whoever read it may be gone.
                with suppress(OSError, ValueError):
                    stream.flush()
            os._exit(status)

    # Handlers are called in the reverse of their order: this one is first here, so it is last there.
    atexit.register(leave)
    try:
        status = _status(main())
    except SystemExit as ending:
        status = _status(ending.code)
        raise
    except KeyboardInterrupt:
        status = 130
        raise
    sys.exit(status)


def _status(code: object) -> int:
    if code is None:
        return 0
    return code if isinstance(code, int) else 1
