"""What the installation keeps of itself: its clock's offset, and the sending switch with its audit."""

from __future__ import annotations

import getpass
import socket
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from activities.settings import Settings
from activities.store.engine import transaction
from activities.store.outbox import add_notes
from models.errors import Conflict
from models.ids import CaseSignal
from models.tables import AuditEvent, DunningCase, Installation
from models.tables.words import NoteTo

OFFSET = "clock_offset_seconds"
SENDING = "sending"


def read_offset(engine: Engine) -> timedelta:
    """The fixed difference between business time and Temporal's time; zero unless it was set."""
    with transaction(engine) as session:
        row = session.get(Installation, OFFSET)
        return timedelta(seconds=float(row.value)) if row else timedelta(0)


def set_offset(engine: Engine, offset: timedelta) -> None:
    """Fix the offset of a new installation (the demonstration's); it can be set once.

    Raises:
        Conflict: another offset is in force: changing it would tear every case's history.
    """
    with transaction(engine) as session:
        row = session.get(Installation, OFFSET)
        if row is None:
            session.add(Installation(key=OFFSET, value=str(offset.total_seconds())))
        elif float(row.value) != offset.total_seconds():
            raise Conflict(f"the clock's offset is fixed at {row.value} s")


def who_runs() -> str:
    """The account and machine this process runs under, for the audit trail."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def record_sending(engine: Engine, settings: Settings, now: datetime) -> bool:
    """Write the sending switch's position when it moved since the last start; whether it did.

    Cases that were withheld under the former position are told to look again.
    """
    position = settings.sending_fingerprint
    with transaction(engine) as session:
        row = session.get(Installation, SENDING, with_for_update=True)
        before = row.value if row else None
        if before == position:
            return False
        if row is None:
            session.add(Installation(key=SENDING, value=position))
        else:
            row.value = position
        session.add(
            AuditEvent(
                at=now,
                who=who_runs(),
                what="sending_switch",
                detail={
                    "from": before.split(":")[0] if before else None,
                    "to": settings.sending.value,
                    "allowlist": list(settings.allowlist),
                },
            )
        )
        withheld = _withheld(session)
        add_notes(session, withheld, NoteTo.CASE, CaseSignal.CONTACT_CONCLUDED, now, {"recorded": True})
        return True


def _withheld(session: Session) -> list[UUID]:
    return list(
        session.exec(
            select(DunningCase.invoice_id).where(
                DunningCase.state == "withheld", col(DunningCase.closed_at).is_(None)
            )
        )
    )
