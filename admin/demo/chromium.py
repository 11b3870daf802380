"""A headless Chromium driven over its debugging pipe, as far as taking pictures of pages needs it.

The pipe (descriptors 3 and 4 of the browser, messages ended by a zero byte) needs no port and no library.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from select import select
from typing import Any, Final

from admin.stack.errors import StackError

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_OPTIONS: Final = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-component-update",
    "--disable-background-networking",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--lang=en-GB",
)
_ANSWER_WITHIN_S: Final = 30.0
_POLL_S: Final = 0.25
_SETTLE_S: Final = 1.5


def find_chromium() -> str:
    """The path of a Chromium.

    Raises:
        StackError: none of `NAMES` is on the PATH.
    """
    found = next((path for name in NAMES if (path := shutil.which(name)) is not None), None)
    if found is None:
        raise StackError(f"no headless browser: none of {', '.join(NAMES)} is on the PATH. Install Chromium")
    return found


@contextmanager
def chromium() -> Iterator[Chromium]:
    """A running browser with a profile of its own; both are gone at the end of the block.

    Raises:
        StackError: there is no Chromium, or it does not answer.
    """
    program = find_chromium()
    with tempfile.TemporaryDirectory(prefix="relance-shots-", ignore_cleanup_errors=True) as profile:
        # As root Chromium has no sandbox; the pages are our own, on this machine.
        rootly = ["--no-sandbox"] if os.geteuid() == 0 else []
        arguments = [program, *_OPTIONS, *rootly, f"--user-data-dir={profile}", "about:blank"]
        their_in, our_out = os.pipe()
        our_in, their_out = os.pipe()
        # Out of the way of 3 and 4, which the browser reads and writes.
        reads, writes = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (their_in, their_out))
        quiet = (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)
        actions = [(os.POSIX_SPAWN_DUP2, reads, 3), (os.POSIX_SPAWN_DUP2, writes, 4), quiet]
        pid = os.posix_spawn(program, arguments, dict(os.environ), file_actions=actions, setpgroup=0)
        for descriptor in (their_in, their_out, reads, writes):
            os.close(descriptor)
        try:
            yield Chromium(our_in, our_out)
        finally:
            os.close(our_out)
            os.close(our_in)
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


class Chromium:
    """One page of a browser, by the DevTools protocol."""

    def __init__(self, reads: int, writes: int) -> None:
        self._reads, self._writes = reads, writes
        self._left = b""
        self._number = 0
        self._session: str | None = None
        target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
        attached = self._call("Target.attachToTarget", {"targetId": target, "flatten": True})
        self._session = str(attached["sessionId"])

    def open(self, url: str, width: int, height: int) -> None:
        """Load `url` in a window of `width` by `height` pixels."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", metrics)
        self._call("Page.navigate", {"url": url})

    def script(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self._call("Runtime.evaluate", {"expression": expression, "returnByValue": True})
        return answer["result"].get("value")

    def wait_for(self, expression: str, *, within: float = 30.0) -> None:
        """Wait until a JavaScript expression is true in the page.

        Raises:
            StackError: it is not, after `within` seconds.
        """
        deadline = time.monotonic() + within
        while not self.script(expression):
            if time.monotonic() > deadline:
                raise StackError(f"a page never showed {expression}")
            time.sleep(_POLL_S)

    def wait_for_text(self, *texts: str, within: float = 30.0) -> None:
        """Wait until the page shows every one of `texts`."""
        for text in texts:
            self.wait_for(f"document.body.innerText.includes({json.dumps(text)})", within=within)

    def settle(self) -> None:
        """Give frames and fonts, which no expression of the page itself shows, time to be drawn."""
        time.sleep(_SETTLE_S)

    def picture(self, path: Path) -> None:
        """Write what the window shows as PNG."""
        taken = self._call("Page.captureScreenshot", {"format": "png"})
        path.write_bytes(base64.b64decode(taken["data"]))

    def _call(self, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": dict(parameters)}
        if self._session is not None:
            message["sessionId"] = self._session
        try:
            os.write(self._writes, json.dumps(message).encode() + b"\0")
        except BrokenPipeError:
            raise StackError("Chromium has stopped") from None
        deadline = time.monotonic() + _ANSWER_WITHIN_S
        while True:
            answer = self._message(deadline)
            if answer.get("id") != number:
                continue
            if "error" in answer:
                raise StackError(f"Chromium refused {method}: {answer['error'].get('message')}")
            result: dict[str, Any] = answer["result"]
            return result

    def _message(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._left:
            ready, _, _ = select([self._reads], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise StackError(f"Chromium did not answer in {_ANSWER_WITHIN_S:.0f} s")
            part = os.read(self._reads, 1 << 16)
            if not part:
                raise StackError("Chromium has stopped")
            self._left += part
        line, _, self._left = self._left.partition(b"\0")
        found: dict[str, Any] = json.loads(line)
        return found
