"""Files of invoices that came lately, as the audit trail has them."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session

from admin.queries.models import Answer
from admin.queries.reading import rows_of

SHOWN: Final = 20
_LOOKED_AT: Final = 5_000
"""Of a company's latest acts: its trail has an index, but none by what was done."""

_IMPORTS: Final = """
    SELECT at, who, what, detail
      FROM (SELECT id, at, who, what, detail FROM audit_event
             WHERE company_id = %(company)s ORDER BY id DESC LIMIT %(looked_at)s) AS latest
     WHERE what IN ('import_invoices', 'take_invoice_statuses')
       AND detail ->> 'dry_run' IS DISTINCT FROM 'true'
     ORDER BY id DESC
     LIMIT %(shown)s
"""


class ImportTold(Answer):
    """A file of invoices, or of their statuses, and what became of its lines."""

    at: datetime
    who: str
    file: str
    kind: str
    new: int
    changed: int
    refused: int


def invoice_imports(session: Session, company_id: UUID) -> list[ImportTold]:
    """The files of a company that came by the API or the console, the latest first."""
    rows = rows_of(session, _IMPORTS, company=company_id, looked_at=_LOOKED_AT, shown=SHOWN)
    return [
        ImportTold(
            at=row["at"],
            who=row["who"],
            file=row["detail"].get("file", ""),
            kind=row["detail"].get("kind", ""),
            **{name: row["detail"].get(name, 0) for name in ("new", "changed", "refused")},
        )
        for row in rows
    ]
