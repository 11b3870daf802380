"""The console over a real ledger, in this process; people of each role who sign in to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine

from activities.store import users
from activities.store.engine import transaction
from activities.store.users import add_user
from models.tables.words import ApiRole
from tests.api.conftest import Door, door

__all__ = ["door"]

PASSWORD = "un mot de passe assez long"


@pytest.fixture(autouse=True)
def quick_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign in without the slow hash, whose slowness is for `test_sign_in` alone."""
    monkeypatch.setattr(users, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@dataclass
class Browser:
    """Somebody at the console: cookies are kept, forms are sent with what they carry."""

    door: Door
    client: TestClient
    seen: list[str] = field(default_factory=list)

    def get(self, path: str) -> Response:
        """A page, redirects followed."""
        return self._kept(self.client.get(path, headers={"Accept-Language": "fr"}))

    def send(self, path: str, **fields: str) -> Response:
        """A form of the last page, with its hidden fields; redirects followed."""
        return self._kept(self.client.post(path, data={**self.hidden(), **fields}))

    def read(self, path: str) -> str:
        """What a page says, with plain spaces."""
        return self.get(path).text.replace("\u00a0", " ").replace("\u202f", " ")

    def hidden(self) -> dict[str, str]:
        """What the forms of the last page carry: the session's token, and the id of the first one."""
        page = self.seen[-1] if self.seen else ""
        found: dict[str, str] = {}
        for name, value in re.findall(r'<input type="hidden" name="(csrf|form)" value="([^"]*)"', page):
            found.setdefault(name, value)
        return found

    def sign_in(self, email: str, password: str = PASSWORD) -> Response:
        """Sign in."""
        return self._kept(self.client.post("/console/sign-in", data={"email": email, "password": password}))

    def _kept(self, answer: Response) -> Response:
        self.seen.append(answer.text)
        return answer


def add(
    door: Door, role: str = "manager", companies: tuple[str, ...] = ("acme",), language: str = "fr"
) -> str:
    """A user of that role; their e-mail."""
    email = f"{role}-{'-'.join(companies)}@acme.example"
    with transaction(door.book.engine) as session:
        add_user(
            session,
            email=email,
            name=role.title(),
            password=PASSWORD,
            role=ApiRole(role),
            companies=list(companies),
            language=language,
            now=door.clock.now(),
            who="test",
        )
    return email


@pytest.fixture
def browser(door: Door, engine: Engine) -> Iterator[Browser]:
    """Nobody is signed in yet."""
    with TestClient(door.client.app, base_url="https://testserver", raise_server_exceptions=False) as client:
        yield Browser(door, client)
