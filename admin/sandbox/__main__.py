"""``python -m admin.sandbox --port 8025 --data-dir DIR``: the sandbox provider as a process."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from admin.sandbox.faults import FaultBoard
from admin.sandbox.postman import Manners
from admin.sandbox.server import SandboxUvicorn, bind, create_app
from admin.sandbox.signing import EventKey
from admin.sandbox.store import MessageStore
from admin.sandbox.voice import Voice

DEFAULT_PORT = 8025


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status (1 when the port is taken)."""
    parser = argparse.ArgumentParser(
        prog="python -m admin.sandbox",
        description="A provider that speaks SendGrid's and Twilio's HTTP, keeps what it gets and shows it.",
        epilog="It takes any credentials, unless SANDBOX_SENDGRID_KEY, SANDBOX_TWILIO_SID or"
        " SANDBOX_TWILIO_TOKEN are set: then only those.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free port")
    parser.add_argument("--data-dir", type=Path, help="where messages are kept; in memory when left out")
    parser.add_argument("--event-url", help="where to post SendGrid's events; without it nothing is told")
    parser.add_argument(
        "--event-key", type=Path, help="file with the private key (PEM, P-256) that signs them"
    )
    given = parser.parse_args(arguments)
    try:
        key = EventKey.read(given.event_key) if given.event_key else EventKey()
        voice = Voice(key, Manners(event_url=given.event_url))
    except (OSError, ValueError) as error:
        print(f"cannot post events: {error}", file=sys.stderr)
        return 1
    try:
        listener = bind(given.host, given.port)
    except OSError as error:
        print(f"cannot listen on {given.host}:{given.port}: {error.strerror}", file=sys.stderr)
        return 1

    store, faults = MessageStore(given.data_dir), FaultBoard()
    app = create_app(
        store,
        faults=faults,
        voice=voice,
        sendgrid_key=os.environ.get("SANDBOX_SENDGRID_KEY") or None,
        twilio_sid=os.environ.get("SANDBOX_TWILIO_SID") or None,
        twilio_token=os.environ.get("SANDBOX_TWILIO_TOKEN") or None,
    )
    server = SandboxUvicorn(app, faults)

    def leave(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    # uvicorn raises the signal again once it has stopped: with these handlers in place that ends in a
    # status of 0 instead of a death by signal.
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    print(f"sandbox provider on http://{given.host}:{listener.getsockname()[1]}", flush=True)
    voice.postman.start()
    try:
        with listener:
            asyncio.run(server.serve(sockets=[listener]))
    finally:
        voice.postman.stop()
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
