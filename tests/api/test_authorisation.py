"""The authorisation matrix: every operation of the OpenAPI document, as everybody who might try."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from httpx2 import Response
from sqlmodel import col, select

from activities.store.api_keys import revoke_key
from activities.store.engine import transaction
from models.tables import AuditEvent
from models.tables.words import ApiRole
from tests.api.conftest import Door
from tests.api.document import DOCUMENT
from tests.api.matrix import OPERATIONS, Furnished, Reach, furnish
from tests.fixtures.ledger import NOW, everything

pytestmark = pytest.mark.integration

ROLES = list(ApiRole)


def operations() -> dict[str, tuple[str, str]]:
    """Method and path of each operation the application has."""
    return {
        operation["operationId"]: (method.upper(), path)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    }


FOUND = operations()


def test_every_operation_has_a_line_and_every_line_an_operation() -> None:
    assert set(FOUND) == set(OPERATIONS)


@dataclass
class Callers:
    """Everybody who might ask: keys by role, for every company or `acme` alone, and keys that are no good."""

    door: Door
    everywhere: dict[ApiRole, str] = field(default_factory=dict)
    at_acme: dict[ApiRole, str] = field(default_factory=dict)
    refused: list[str | None] = field(default_factory=lambda: [None, "", "relance_nobody"])
    elsewhere: str = ""

    def status(self, operation: str, path: str, key: str | None) -> int:
        """What an operation answers to a key."""
        return self.ask(operation, path, key).status_code

    def ask(self, operation: str, path: str, key: str | None) -> Response:
        """The whole answer."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        method = FOUND[operation][0]
        body = OPERATIONS[operation].body
        if isinstance(body, bytes):
            return self.door.client.request(method, path, content=body, headers=headers)
        return self.door.client.request(method, path, json=body, headers=headers)


@pytest.fixture
def found(door: Door) -> Furnished:
    """What there is to ask about."""
    return furnish(door.book)


@pytest.fixture
def callers(door: Door, found: Furnished) -> Callers:
    """Keys of every kind, at an hour when one of them has expired."""
    made = Callers(door)
    for role in ROLES:
        made.everywhere[role] = door.key(role, None, name=f"all {role}")
        made.at_acme[role] = door.key(role, ["acme"], name=f"acme {role}")
    made.elsewhere = door.key("manager", ["other"], name="other manager")
    made.refused.append(door.key("manager", None, expires_at=NOW + timedelta(hours=1), name="expired"))
    made.refused.append(door.key("manager", None, name="revoked"))
    with transaction(door.book.engine) as session:
        revoke_key(session, "revoked", NOW, "test")
    door.clock.at = NOW + timedelta(hours=2)
    return made


def test_whoever_may_not_is_refused_and_changes_nothing(
    door: Door, found: Furnished, callers: Callers
) -> None:
    before = everything(door.book.engine)
    for operation, line in OPERATIONS.items():
        path = found.path(operation, FOUND[operation][1])
        if line.reach is Reach.OPEN:
            continue
        if line.reach is Reach.SIGNED:
            anybody = [*callers.refused, *callers.everywhere.values(), *callers.at_acme.values()]
            assert {callers.status(operation, path, key) for key in anybody} == {401}, operation
            continue
        tried = [callers.status(operation, path, key) for key in callers.refused]
        assert tried == [401] * len(tried), operation
        for role in ROLES[: ROLES.index(line.role)]:
            for keys in (callers.everywhere, callers.at_acme):
                assert callers.status(operation, path, keys[role]) == 403, (operation, role)
        if line.reach is Reach.EVERYWHERE:
            assert callers.status(operation, path, callers.at_acme[line.role]) == 403, operation
        elif line.reach is Reach.COMPANY:
            _is_not_there(callers, found, operation)
        else:
            answer = callers.ask(operation, path, callers.elsewhere)
            assert answer.status_code == 200, operation
            assert "acme" not in answer.text, operation
    assert everything(door.book.engine) == before


def test_the_weakest_who_may_does_and_it_is_written_who_did(
    door: Door, found: Furnished, callers: Callers
) -> None:
    for operation, line in OPERATIONS.items():
        path = found.path(operation, FOUND[operation][1])
        if line.reach is Reach.OPEN:
            assert callers.status(operation, path, None) == 200
            continue
        if line.reach is Reach.SIGNED:
            # tests/api/test_webhooks.py signs.
            continue
        weakest = callers.everywhere if line.reach is Reach.EVERYWHERE else callers.at_acme
        answer = callers.ask(operation, path, weakest[line.role])
        assert 200 <= answer.status_code < 300, (operation, answer.text)
        if FOUND[operation][0] != "GET" and not line.asks:
            where = "all" if line.reach is Reach.EVERYWHERE else "acme"
            with transaction(door.book.engine) as session:
                last = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc())).first()
            assert last is not None
            assert (last.what, last.who) == (operation, f"api:{where} {line.role}")
            assert (last.company_id is None) == (line.reach is not Reach.COMPANY)
        for role in ROLES[ROLES.index(line.role) :]:
            assert callers.status(operation, path, callers.everywhere[role]) not in (401, 403), operation


def _is_not_there(callers: Callers, found: Furnished, operation: str) -> None:
    """To another company's manager it is one never heard of; nor are its ids known in their own."""
    template = FOUND[operation][1]
    answers = [
        callers.ask(operation, found.path(operation, template, company=ref), callers.elsewhere)
        for ref in ("acme", "unheard-of")
    ]
    assert [answer.status_code for answer in answers] == [404, 404], operation
    assert answers[0].text.replace("acme", "unheard-of") == answers[1].text
    if re.search(r"\{(task_id|contact_id|event_id|absence_id|message_id)\}", template):
        own = callers.ask(operation, found.path(operation, template, company="other"), callers.elsewhere)
        assert own.status_code == 404, operation
        assert "acme" not in own.text
