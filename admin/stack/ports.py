"""Which TCP ports the stack listens on: the usual ones when free, and the same ones at every start."""

import json
import random
import socket
import time
from pathlib import Path

from admin.stack.datafolder import read_json, write_private

LOOPBACK = "127.0.0.1"

_UNASKED = range(15_000, 32_000)
"""Ports no system hands out by itself: Linux begins at 32768, macOS and IANA at 49152. One taken from the
system's own range is soon the near end of somebody's connection, between our look and our server's start.
"""

_LINGERS_S = 5.0
"""How long what a killed server has left behind may take to go."""


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on `port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of the last run that linger in TIME_WAIT are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str = LOOPBACK) -> int:
    """A port that was free a moment ago, and that no outgoing connection takes.

    Raises OSError when none of the range is free.
    """
    # By lot, so that processes that look at the same moment (a test run has several) hardly meet.
    for port in random.sample(_UNASKED, len(_UNASKED)):
        if is_free(port, host):
            return port
    raise OSError(f"no port of {_UNASKED.start} to {_UNASKED.stop - 1} is free on {host}")


def _freed(port: int) -> None:
    """Wait until a port is free, for some seconds."""
    deadline = time.monotonic() + _LINGERS_S
    while not is_free(port) and time.monotonic() < deadline:
        time.sleep(0.05)


class PortBook:
    """The ports chosen for one data folder, kept in its file `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        kept = read_json(path) or {}
        self._chosen = {name: port for name, port in kept.items() if isinstance(port, int)}

    def choose(self, name: str, preferred: int) -> int:
        """The port for `name`: that of the last time, else `preferred`, else any; one that is free now.

        No port is given to two names of the same book. Call it while the server is not running. The processes
        of one that was killed may hold its port for a moment longer: that of the last time is waited for.
        """
        taken = {port for other, port in self._chosen.items() if other != name}
        last = self._chosen.get(name)
        if last is not None:
            _freed(last)
        for port in (last, preferred):
            if port is not None and port not in taken and is_free(port):
                break
        else:
            port = free_port()
            while port in taken:
                port = free_port()
        if self._chosen.get(name) != port:
            self._chosen[name] = port
            write_private(self.path, json.dumps(self._chosen, indent=1, sort_keys=True) + "\n")
        return port
