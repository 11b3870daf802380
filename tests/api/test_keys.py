"""Keys: made once, shown once, limited to companies, refused when revoked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from activities.store.api_keys import create_key, list_keys, recognise, revoke_key
from activities.store.engine import transaction
from models.errors import Conflict, InvalidFact, NotFound, WrongState
from models.tables import ApiKey, AuditEvent
from models.tables.words import ApiRole
from tests.api.conftest import Door
from tests.fixtures.ledger import NOW

pytestmark = pytest.mark.integration


def test_only_a_hash_is_kept(door: Door) -> None:
    secret = door.key("viewer", ["acme"], name="erp")
    with transaction(door.book.engine) as session:
        kept = session.exec(select(ApiKey)).one()
        audit = session.exec(select(AuditEvent)).one()
        assert secret not in f"{kept.model_dump()}{audit.model_dump()}"
        [(listed, companies)] = list_keys(session)
        assert (listed.name, companies) == ("erp", ["acme"])
        holder = recognise(session, secret, NOW)
        assert holder is not None
        assert holder.opens(door.book.company_id)
        assert not holder.opens(door.book.customer_id)


def test_what_a_key_needs(door: Door) -> None:
    door.key("viewer", name="erp")
    usual = {"role": ApiRole.VIEWER, "expires_at": None, "now": NOW, "who": "test"}
    with transaction(door.book.engine) as session:
        with pytest.raises(Conflict, match="name: there is a key 'erp'"):
            create_key(session, name="erp", companies=None, **usual)  # type: ignore[arg-type]
        with pytest.raises(InvalidFact, match="companies: name one"):
            create_key(session, name="b", companies=[], **usual)  # type: ignore[arg-type]
        with pytest.raises(NotFound, match="no company 'ghost'"):
            create_key(session, name="c", companies=["ghost"], **usual)  # type: ignore[arg-type]
        with pytest.raises(InvalidFact, match="expires_at"):
            create_key(session, name="d", companies=None, **usual | {"expires_at": NOW - timedelta(1)})  # type: ignore[arg-type]


def test_revoked_is_refused_at_once(door: Door) -> None:
    secret = door.key("manager", name="left")
    with transaction(door.book.engine) as session:
        revoke_key(session, "left", NOW, "test")
        assert recognise(session, secret, NOW) is None
        with pytest.raises(WrongState, match="was revoked"):
            revoke_key(session, "left", NOW, "test")
        with pytest.raises(NotFound, match="no API key"):
            revoke_key(session, "nobody", NOW, "test")
