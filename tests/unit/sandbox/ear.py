"""Somebody who listens to webhooks, and answers as told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Heard:
    """One post, and how it was answered."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of SendGrid's post."""
        found = json.loads(self.body)
        assert isinstance(found, list)
        return found

    @property
    def form(self) -> dict[str, str]:
        """The form of Twilio's post."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


class Ear:
    """Keeps posts in order; `answer` says the status of the next one, from 0."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.answer: Callable[[int], int] = lambda _number: 200
        self.changed = threading.Condition()
        self.url = ""

    def wait(self, posts: int) -> list[Heard]:
        """All posts, once there are so many."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.heard) >= posts, 20), self.heard
            return list(self.heard)

    def events(self) -> list[dict[str, Any]]:
        """All events of the posts that were answered 200, in order of arrival."""
        return [event for post in self.heard if post.status == 200 for event in post.events]


@contextmanager
def ear() -> Iterator[Ear]:
    """An ear that listens on a free port."""
    it = Ear()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with it.changed:
                status = it.answer(len(it.heard))
                it.heard.append(Heard(self.path, dict(self.headers), body, status))
                it.changed.notify_all()
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        it.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield it
        finally:
            server.shutdown()
            thread.join()
