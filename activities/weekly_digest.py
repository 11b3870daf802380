"""Once a week each sales representative hears what is late at their customers, and what comes next.

A week is written whole, in one transaction that also claims it: twice the same work is none the second time.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Final
from uuid import UUID

from sqlmodel import Session

from activities.company_mail import colleague, plan_mail, signatory_of
from activities.creditor import creditor_of
from activities.discreet import told
from activities.rendering import Debtor, Digest, LateCustomer, LateItem, Message, RenderError, Tone, added_up
from activities.store.digests import LateRow, claim_week, late_rows
from activities.store.outbox import add_note
from models.ids import NoticesSignal
from models.tables import AuditEvent, Company, WeeklyDigest
from models.tables.words import NoteTo
from rules.calendar import BusinessCalendar, business_calendar
from rules.money import round_money

log = logging.getLogger(__name__)

KIND: Final = "weekly_digest"

MOST_ITEMS: Final = 150
"""Late invoices in one e-mail: mail programs cut off what is longer."""


def write_digests(session: Session, company_id: UUID, week: date, now: datetime) -> int:
    """Write a week's digests of a company, unless they are; how many representatives hear of something.

    The note stays in the outbox, for the sweep that follows.
    """
    if not claim_week(session, company_id, week, now):
        return 0
    company = session.get_one(Company, company_id)
    calendar = business_calendar(company.country, company.zone)
    today = calendar.local_day(now)
    written = 0
    for rep, rows in groupby(late_rows(session, company_id, today), key=lambda row: row.rep):
        own = list(rows)
        message = Message(
            step_template=KIND,
            tone=Tone.STATEMENT,
            today=today,
            creditor=creditor_of(company, today),
            debtor=Debtor("", "", ()),
            recipient=colleague(company, rep, own[0].rep_name),
            signatory=signatory_of(company, rep),
            sections=(),
            payment_reference="",
            digest=digest_of(own, calendar, today),
        )
        try:
            plan_mail(session, company, message, rep, f"weekly-digest/{company.id}/{week}/{rep}", now)
        except RenderError as error:
            # One that cannot be written keeps none of the others back.
            log.warning("a weekly digest of %s cannot be written: %s", company.ref, told(error))
            _journal(session, company, now, "weekly_digest_failed", {"to": rep, "week": str(week)})
        else:
            written += 1
    if written:
        session.get_one(WeeklyDigest, (company_id, week)).sent_to = written
        _journal(session, company, now, "weekly_digest_written", {"week": str(week), "sent_to": written})
        session.flush()
        add_note(session, workflow=NoteTo.NOTICES, key=company.id, signal=NoticesSignal.NUDGED, now=now)
    return written


def digest_of(rows: Sequence[LateRow], calendar: BusinessCalendar, today: date) -> Digest:
    """What one representative reads: whole sums, and as many invoices as one e-mail takes."""
    items = [(row, _item(row, calendar, today)) for row in rows]
    shown = items[:MOST_ITEMS]
    customers = tuple(
        LateCustomer(name, ref, tuple(item for _, item in own))
        for (ref, name), own in groupby(shown, key=lambda each: (each[0].customer_ref, each[0].customer_name))
    )
    sums = added_up(item for _, item in items)
    return Digest(customers, sums, len(items), left_out=len(items) - len(shown))


def _item(row: LateRow, calendar: BusinessCalendar, today: date) -> LateItem:
    return LateItem(
        invoice=row.number,
        due_on=row.due_on,
        days_late=(today - row.due_on).days,
        outstanding=round_money(row.outstanding, row.currency),
        currency=row.currency,
        disputed=round_money(row.disputed, row.currency),
        state=row.state,
        held_by=row.paused_by,
        step=row.next_step,
        channel=row.next_channel,
        next_on=calendar.local_day(row.next_at) if row.next_at else None,
        broken=row.broken,
    )


def _journal(session: Session, company: Company, now: datetime, what: str, detail: dict[str, object]) -> None:
    session.add(AuditEvent(at=now, company_id=company.id, who="relance", what=what, detail=detail))
