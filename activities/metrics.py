"""What a worker counts, for Prometheus. No label is a customer, an invoice or an address.

Temporal's SDK serves its own metrics (slots, latencies, failures by activity) on an address of its own. What
the ledger knows is counted from the ledger, once for the installation: `admin/metrics.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    start_http_server,
)

from activities.settings import split_address
from models.errors import RelanceError

REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

WORKER: Final = Gauge(
    "relance_worker",
    "1 while a worker takes tasks from its queue.",
    ("version", "queue", "sending"),
    registry=REGISTRY,
)
MESSAGES: Final = Counter(
    "relance_messages",
    "Messages handed over, by channel and by what became of them.",
    ("channel", "outcome"),
    registry=REGISTRY,
)
CONTACTS: Final = Counter(
    "relance_contacts",
    "Contacts concluded, by channel and status.",
    ("channel", "status"),
    registry=REGISTRY,
)
CONTACT_SECONDS: Final = Histogram(
    "relance_contact_seconds",
    "From composing a contact that needs no approval to the attempt that concluded it.",
    ("channel",),
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
    registry=REGISTRY,
)
PROVIDER_SECONDS: Final = Histogram(
    "relance_provider_call_seconds",
    "Calls of SendGrid and Twilio, by what they came to.",
    ("provider", "outcome"),
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60),
    registry=REGISTRY,
)
TURNS: Final = Counter(
    "relance_turns_awaited",
    "Messages told to come back later: their sender may not call its provider yet.",
    ("channel",),
    registry=REGISTRY,
)
REVIEWS: Final = Counter(
    "relance_reviews", "Reviews of cases, by what was decided.", ("state",), registry=REGISTRY
)
NOTES: Final = Counter(
    "relance_notes", "Outbox notes, by whether they reached their workflow.", ("outcome",), registry=REGISTRY
)
SWEEPS: Final = Counter("relance_sweeps", "Rounds of the sweeper.", ("outcome",), registry=REGISTRY)
SWEPT: Final = Counter(
    "relance_swept",
    "What the sweeper found: notes, overdue cases, customers with an unsettled message, cases let go.",
    ("what",),
    registry=REGISTRY,
)
RECEIPTS: Final = Counter(
    "relance_webhook_receipts_worked",
    "Posts of providers that were worked on, by what came of it; `failed` is tried again.",
    ("provider", "kind", "result"),
    registry=REGISTRY,
)
DOUBTS: Final = Counter(
    "relance_doubts_cleared",
    "Uncertain messages: told of by the provider, found in its list, or put to a person.",
    ("how",),
    registry=REGISTRY,
)
REGISTERED: Final = Counter(
    "relance_registered_mail",
    "Registered letters handed to their provider or kept back, receipts of theirs recorded or put aside.",
    ("what",),
    registry=REGISTRY,
)
EVENTS: Final = Counter(
    "relance_provider_events",
    "Events of messages, as providers told them: kept, told before, or of a message nobody knows.",
    ("provider", "result"),
    registry=REGISTRY,
)
REPLIES: Final = Counter(
    "relance_replies",
    "What came in from customers: by kind, and how it was known whose it is (nobody: it was not).",
    ("channel", "kind", "by"),
    registry=REGISTRY,
)
REJECTED: Final = Counter(
    "relance_facts_rejected",
    "Facts told as signals that the ledger refused.",
    ("signal",),
    registry=REGISTRY,
)
POST_REGISTRY: Final = CollectorRegistry()
POSTS: Final = Counter(
    "relance_webhook_posts",
    "Posts that came to the webhooks of this process: stored, told before, or refused and why.",
    ("provider", "kind", "result"),
    registry=POST_REGISTRY,
)
"""Counted where the posts come in, and served with the API's own page: a refused one is nowhere else."""


@contextmanager
def served(address: str | None) -> Iterator[None]:
    """Serve these metrics at `http://address/metrics` while in the block; without an address, nowhere.

    Raises:
        RelanceError: nothing can listen there.
    """
    if address is None:
        yield
        return
    host, port = split_address(address)
    try:
        server, thread = start_http_server(port, host, REGISTRY)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise RelanceError(f"RELANCE_METRICS_ADDRESS: cannot listen on {address}: {reason}") from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
