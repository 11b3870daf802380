"""What customers' data lack for the messages to come: one list instead of a task each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from sqlmodel import Session

from activities.store.marks import usable
from activities.store.policies import get_policy
from activities.store.records import PersonRecord, columns, instant, of_json
from activities.store.sql import run
from admin.api.paging import Page, cursor, position
from admin.queries.models import Answer
from admin.queries.reading import Paging
from models.tables.words import UnreachableCause
from rules.calendar import business_calendar
from rules.facts import CustomerFacts
from rules.gaps import Effect, GapKind, Standing, gaps
from rules.recipients import reach_of

ORDER: Final = "data-quality"
BATCH: Final = 500
"""Customers read at a time."""

BATCHES: Final = 10
"""Read for one page at most: a page of a tidy ledger is short, and says where to read on."""

_CUSTOMERS: Final = f"""
    SELECT debtor.ref, debtor.name, debtor.country, debtor.zone, debtor.language,
           debtor.address IS NOT NULL AS postal_address,
           k.standings, k.cases, k.next_at,
           (SELECT json_agg(json_build_array({columns(PersonRecord, "p")})
                            ORDER BY p.role, p.preference, p.email, p.id)
              FROM {usable("c.customer_id = debtor.id")} p) AS people,
           (SELECT json_agg(json_build_array(a.channel, a.address, a.cause, a.since, a.communication_id)
                            ORDER BY a.address, a.channel)
              FROM address_mark a
             WHERE a.customer_id = debtor.id AND a.cleared_at IS NULL
               AND EXISTS (SELECT FROM contact h
                            WHERE h.customer_id = debtor.id AND h.opted_out_at IS NULL
                              AND h.invalid_since IS NULL
                              AND (lower(h.email) = a.address OR h.phone = a.address))) AS marks
      FROM customer debtor
      JOIN LATERAL (SELECT json_agg(DISTINCT jsonb_build_array(policy_key, policy_version, next_step, stage)),
                           count(*), min(next_at)
                      FROM dunning_case
                     WHERE customer_id = debtor.id AND closed_at IS NULL) k (standings, cases, next_at)
           ON k.cases > 0
     WHERE debtor.company_id = %(company)s AND debtor.ref > %(after)s
       AND debtor.insolvency_on IS NULL AND debtor.do_not_contact_since IS NULL
       AND debtor.lawyer_since IS NULL
     ORDER BY debtor.ref
     LIMIT %(limit)s
"""


class QualityFilter(Paging):
    """Which findings of a company's customers."""

    kind: GapKind | None = None


class Finding(Answer):
    """One thing that is missing or cannot be used. `steps` are those to come that want it."""

    kind: GapKind
    effect: Annotated[Effect, Field(description="What comes of it if nobody mends it")]
    role: Annotated[str | None, Field(examples=["accounting"])] = None
    steps: list[str] = Field(default_factory=list, examples=[["reminder_3"]])
    channel: Annotated[str | None, Field(description="Of an address that is not used")] = None
    address: Annotated[str | None, Field(examples=["compta@client.example"])] = None
    cause: UnreachableCause | None = None
    since: datetime | None = None
    communication: Annotated[UUID | None, Field(description="The message that showed it")] = None


class QualityRow(Answer):
    """A customer with open cases whose data lack something."""

    customer: Annotated[str, Field(examples=["C-101"])]
    name: str
    open_cases: int
    next_at: Annotated[datetime | None, Field(description="When the next step of any of them is due")]
    findings: list[Finding]


def data_quality(session: Session, company_id: UUID, wanted: QualityFilter) -> Page[QualityRow]:
    """Customers whose data lack something for the steps to come, by reference.

    Customers that are not contacted at all are left out. A page may be short and yet have a next one.

    Raises:
        InvalidFact: `after` is no cursor of this list.
    """
    at = position(wanted.after, ORDER, 1)
    after = "" if at is None else str(at[0])
    items: list[QualityRow] = []
    for _ in range(BATCHES):
        rows = run(session, _CUSTOMERS, company=company_id, after=after, limit=BATCH).all()
        for row in rows:
            after = row.ref
            findings = [each for each in _findings(session, row) if wanted.kind in (None, each.kind)]
            if findings:
                items.append(_row(row, findings))
            if len(items) == wanted.limit:
                return Page(items=items, next=cursor(ORDER, (after,)))
        if len(rows) < BATCH:
            return Page(items=items)
    return Page(items=items, next=cursor(ORDER, (after,)))


def _row(row: Any, findings: Sequence[Finding]) -> QualityRow:
    return QualityRow(
        customer=row.ref, name=row.name, open_cases=row.cases, next_at=row.next_at, findings=list(findings)
    )


def _findings(session: Session, row: Any) -> Iterator[Finding]:
    people = [of_json(PersonRecord, person) for person in row.people or ()]
    standings = [
        Standing(get_policy(session, key, version), next_step, stage)
        for key, version, next_step, stage in row.standings
    ]
    facts = CustomerFacts(business_calendar(row.country, row.zone), reach=reach_of(people))
    for gap in gaps(standings, facts, postal_address=row.postal_address):
        yield Finding(kind=gap.kind, effect=gap.effect, role=gap.role, steps=list(gap.steps))
    if row.language is None and any(person.language is None for person in people):
        yield Finding(kind=GapKind.MISSING_LANGUAGE, effect=Effect.BY_COUNTRY)
    for channel, address, cause, since, communication in row.marks or ():
        yield Finding(
            kind=GapKind.UNUSABLE_ADDRESS,
            effect=Effect.NOT_USED,
            channel=channel,
            address=address,
            cause=UnreachableCause(cause),
            since=instant(since),
            communication=UUID(communication) if communication else None,
        )
