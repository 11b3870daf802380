"""The one door for every change: once per idempotency key, in one transaction with its audit line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy import delete, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from activities.outbox import BATCH
from activities.store.api_keys import KeyHolder
from activities.store.engine import transaction
from admin.api.context import Api, of_request
from admin.api.limits import BODY
from admin.api.problems import ProblemError
from admin.api.security import Access
from models.tables import AuditEvent, IdempotencyRecord

KEPT = timedelta(days=7)
"""How long an answer is given again under its key."""

_SWEPT_AT_ONCE = 100

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="The same key and request within 7 days get the same answer, and change nothing twice.",
    ),
]


@dataclass(slots=True)
class Work:
    """A change under way: everything it writes is one transaction."""

    session: Session
    now: datetime
    who: str
    key: str | None
    """The caller's `Idempotency-Key` made unique in the installation: an event id for a fact without one."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What was done: the answer, the notes to deliver after the commit, what the audit trail keeps.

    `status` replaces the operation's usual one.
    """

    body: BaseModel
    notes: Sequence[int] = ()
    audit: Mapping[str, Any] = field(default_factory=dict)
    status: int | None = None


class Changes:
    """Makes the change a request asks for."""

    def __init__(self, request: Request, idempotency_key: IdempotencyKey = None) -> None:
        self._api: Api = of_request(request)
        self._request = request
        # Named as no parameter of a path is: FastAPI would take it for that one.
        self._key = idempotency_key

    def make(self, by: Access | KeyHolder, work: Callable[[Work], Changed], status: int = 200) -> Response:
        """Do `work` once, write who did it, and answer with what it returns.

        Raises:
            ProblemError: 422, the idempotency key came before with another request.
            RelanceError: whatever `work` refuses; nothing was changed then.
        """
        holder, company_id = (by.holder, by.company_id) if isinstance(by, Access) else (by, None)
        who = f"api:{holder.name}"
        now = self._api.clock.now()
        with transaction(self._api.engine) as session:
            if self._key is not None:
                before = self._claim(session, holder, self._key, now)
                if before is not None:
                    return _answer(before.body, before.status, replayed=True)
            key = f"api:{holder.key_id}:{self._key}" if self._key else None
            changed = work(Work(session, now, who, key))
            text = changed.body.model_dump_json()
            status = changed.status or status
            operation = self._request.scope["route"].operation_id or self._request.scope["route"].name
            session.add(
                AuditEvent(
                    at=now,
                    company_id=company_id,
                    who=who,
                    what=operation,
                    detail={"key": str(holder.key_id), "path": self._request.url.path, **changed.audit},
                )
            )
            if self._key is not None:
                session.exec(
                    update(IdempotencyRecord)
                    .where(
                        col(IdempotencyRecord.api_key_id) == holder.key_id,
                        col(IdempotencyRecord.key) == self._key,
                    )
                    .values(status=status, body=text)
                )
        # A change may concern thousands of cases: whoever asked waits for the first, the relay has the rest.
        self._api.courier.deliver(changed.notes[:BATCH])
        return _answer(text, status)

    def _claim(
        self, session: Session, holder: KeyHolder, key: str, now: datetime
    ) -> IdempotencyRecord | None:
        """Take the key; the record of who had it before, if any. A request under way is waited for."""
        _forget_old(session, holder, now)
        fingerprint = self._fingerprint()
        taken = session.exec(
            insert(IdempotencyRecord)
            .values(
                api_key_id=holder.key_id, key=key, fingerprint=fingerprint, status=0, body="", created_at=now
            )
            .on_conflict_do_nothing()
            .returning(col(IdempotencyRecord.key))
        ).first()
        if taken is not None:
            return None
        before = session.exec(
            select(IdempotencyRecord).where(
                IdempotencyRecord.api_key_id == holder.key_id, IdempotencyRecord.key == key
            )
        ).one()
        if before.fingerprint != fingerprint:
            raise ProblemError(
                422, "idempotency-key-reused", "Idempotency-Key: it came before with another request"
            )
        return before

    def _fingerprint(self) -> str:
        scope = self._request.scope
        told = b"\n".join((scope["method"].encode(), scope.get("raw_path", b""), scope[BODY]))
        return hashlib.sha256(told).hexdigest()


def _forget_old(session: Session, holder: KeyHolder, now: datetime) -> None:
    old = (
        select(IdempotencyRecord.api_key_id, IdempotencyRecord.key)
        .where(IdempotencyRecord.api_key_id == holder.key_id, IdempotencyRecord.created_at < now - KEPT)
        .limit(_SWEPT_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    session.exec(
        delete(IdempotencyRecord).where(
            tuple_(col(IdempotencyRecord.api_key_id), col(IdempotencyRecord.key)).in_(old)
        )
    )


def _answer(text: str, status: int, *, replayed: bool = False) -> Response:
    headers = {"Idempotency-Replayed": "true"} if replayed else None
    return Response(text, status, headers=headers, media_type="application/json")


ChangesOf = Annotated[Changes, Depends()]
