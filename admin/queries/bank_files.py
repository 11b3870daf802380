"""Bank files as people see them: what they say, and what became of their lines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from sqlmodel import Session

from activities.store.bank_lines import accounts_of
from admin.queries.models import Amount, Answer
from admin.queries.reading import rows_of
from models.errors import NotFound
from models.tables import Company

SHOWN: Final = 20
"""How many files are listed, the latest first."""

_FILES: Final = """
    SELECT f.id, f.name, f.size, f.kind, f.state, f.received_at, f.received_by, f.finished_at, f.refusal,
           f.report, coalesce(c.states, '{}'::jsonb) AS states
      FROM bank_file f
      LEFT JOIN LATERAL (
           SELECT jsonb_object_agg(s.state, s.lines) AS states
             FROM (SELECT state, count(*) AS lines FROM bank_line WHERE file_id = f.id GROUP BY state) s) c
        ON true
     WHERE f.company_id = %(company)s AND (%(file)s::uuid IS NULL OR f.id = %(file)s)
     ORDER BY f.received_at DESC, f.id
     LIMIT %(limit)s
"""
_ACCOUNTS: Final = """
    SELECT account, known_until, closing FROM bank_account WHERE company_id = %(company)s
"""


class BankStatementSum(Answer):
    """One statement of a file, its sums checked; balances are absent where the format has none."""

    account: str
    currency: str | None
    number: str | None
    opening: Amount | None
    closing: Amount | None
    closed_on: date | None
    lines: int
    received: Amount
    paid: Amount


class BankFileTold(Answer):
    """A bank file. A refused one has no line; its `refusal` names the line or the path, and the reason."""

    id: UUID
    name: str
    size: Annotated[int, Field(description="Bytes")]
    kind: Annotated[str | None, Field(description="camt, cfonb120, mt940 or csv", examples=["camt"])]
    state: Annotated[str, Field(description="received, stored, done or refused", examples=["done"])]
    received_at: datetime
    received_by: str
    finished_at: datetime | None
    refusal: str | None
    lines: Annotated[int, Field(description="Movements in the file")]
    known: Annotated[int, Field(description="Lines that another file had brought before")]
    pending: Annotated[int, Field(description="Movements the bank has not booked yet: they come again")]
    booked: int
    proposed: Annotated[int, Field(description="Lines a person is asked about")]
    unallocated: int
    ignored: Annotated[int, Field(description="Charges, and money that we paid")]
    returned: Annotated[int, Field(description="Returns, and the payments they took back")]
    waiting: Annotated[int, Field(description="Lines not matched yet")]
    warnings: list[str]
    statements: list[BankStatementSum]


class BankAccountTold(Answer):
    """An account whose statements are read, and how far they go."""

    account: str
    known_until: date | None
    closing: Amount | None


def bank_files(session: Session, company_id: UUID, file_id: UUID | None = None) -> list[BankFileTold]:
    """The files of a company, the latest first, or one of them.

    Raises:
        NotFound: it has no file of that id.
    """
    rows = rows_of(session, _FILES, company=company_id, file=file_id, limit=SHOWN)
    if file_id is not None and not rows:
        raise NotFound(f"no bank file {file_id}")
    return [_told(row) for row in rows]


def bank_accounts(session: Session, company_id: UUID) -> list[BankAccountTold]:
    """The accounts of a company: those named, and the one its invoices name."""
    known = {row["account"]: row for row in rows_of(session, _ACCOUNTS, company=company_id)}
    company = session.get_one(Company, company_id)
    return [
        BankAccountTold(
            account=account,
            known_until=known.get(account, {}).get("known_until"),
            closing=known.get(account, {}).get("closing"),
        )
        for account in sorted(accounts_of(session, company))
    ]


def _told(row: Mapping[str, Any]) -> BankFileTold:
    report, states = row["report"], row["states"]
    return BankFileTold(
        **{name: row[name] for name in _OWN},
        lines=report.get("lines", 0),
        known=report.get("known", 0),
        pending=report.get("pending", 0),
        booked=states.get("booked", 0),
        proposed=states.get("proposed", 0),
        unallocated=states.get("unallocated", 0),
        ignored=states.get("ignored", 0),
        returned=states.get("returned", 0),
        waiting=states.get("new", 0),
        warnings=report.get("warnings", []),
        statements=[BankStatementSum.model_validate(told) for told in report.get("statements", [])],
    )


_OWN: Final = (
    *("id", "name", "size", "kind", "state", "received_at", "received_by", "finished_at", "refusal"),
)
