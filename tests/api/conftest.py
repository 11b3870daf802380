"""The API over a real ledger, in this process; a courier that only notes stands for the way to the cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine

from activities.clock import Clock
from activities.outbox import Courier
from activities.settings import Settings
from activities.store.api_keys import create_key
from activities.store.engine import transaction
from admin.api.app import create_app
from admin.api.context import Api
from models.tables.words import ApiRole
from tests.fixtures.ledger import NOW, Book, make_book
from tests.fixtures.signing import PUBLIC, TOKEN, public_key


class StillClock(Clock):
    """A clock that stands until it is put on."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def wall(self) -> datetime:
        """Where it stands."""
        return self.at


@dataclass
class Noted:
    """Stands for the courier: which outbox notes it was asked to deliver."""

    notes: list[int] = field(default_factory=list)

    def deliver(self, ids: Sequence[int]) -> int:
        """Keep them."""
        self.notes += ids
        return len(ids)


@dataclass
class Door:
    """The API as its callers see it."""

    book: Book
    client: TestClient
    clock: StillClock
    courier: Noted
    keys: dict[str, str] = field(default_factory=dict)

    def key(
        self,
        role: str = "manager",
        companies: list[str] | None = None,
        expires_at: datetime | None = None,
        name: str | None = None,
    ) -> str:
        """A key's secret; all companies unless some are named."""
        with transaction(self.book.engine) as session:
            return create_key(
                session,
                name=name or f"{role}-{len(self.keys)}-{companies}",
                role=ApiRole(role),
                companies=companies,
                expires_at=expires_at,
                now=self.clock.now(),
                who="test",
            )

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        role: str = "manager",
        key: str | None = None,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
    ) -> Response:
        """One request, as a holder of a key of that role (or of `key`), with JSON or other content."""
        if key is None:
            key = self.keys.setdefault(role, "") or self.key(role, ["acme"], name=f"usual {role}")
            self.keys[role] = key
        given = {"Authorization": f"Bearer {key}", **(headers or {})}
        return self.client.request(method, path, json=body, content=content, headers=given)


@pytest.fixture
def door(engine: Engine) -> Iterator[Door]:
    """One company `acme`, its customer `C-1`, invoices F-1 and F-2 of 100.00 EUR, and the API before it."""
    book = make_book(engine)
    clock, courier = StillClock(NOW), Noted()
    settings = Settings.model_validate(
        {
            "RELANCE_SENDING": "live",
            "RELANCE_PUBLIC_URL": PUBLIC,
            "SENDGRID_WEBHOOK_PUBLIC_KEY": public_key(),
            "TWILIO_AUTH_TOKEN": TOKEN,
            "RELANCE_INBOUND_SECRET": "a-secret-of-the-tests-1",
        }
    )
    api = Api(engine, clock, cast(Courier, courier), settings)
    with TestClient(create_app(api), raise_server_exceptions=False) as client:
        yield Door(book, client, clock, courier)
