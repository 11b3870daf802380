"""Who took a file, when, and which: it leaves the house."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlmodel import Session

from admin.recovery_file.collect import RecoveryFile
from models.tables import AuditEvent


def taken(
    session: Session, file: RecoveryFile, content: bytes, extension: str, now: datetime, who: str
) -> None:
    """Write into the audit trail that somebody took this file.

    Args:
        session: the transaction.
        file: what it holds.
        content: its bytes.
        extension: `pdf` or `zip`.
        now: business time.
        who: who took it.
    """
    session.add(
        AuditEvent(
            company_id=file.company.id,
            at=now,
            who=who,
            what="recovery_file_taken",
            detail={
                "customer": file.customer.ref,
                "invoices": [item.case.invoice for item in file.items],
                "exhibits": len(file.exhibits),
                "format": extension,
                "sha256": hashlib.sha256(content).hexdigest(),
            },
        )
    )
