"""One message under its customer's lock, and what may be asked of it and done to it there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session
from temporalio.exceptions import ApplicationError

from activities.conclude import BANK_TOO_OLD, SUSPENDED, conclude
from activities.store.closures import closures_of
from activities.store.events import Event, add_events
from activities.store.lookup import locked_customer, still_open
from activities.store.records import (
    ContactRecord,
    CreditorRecord,
    CustomerRecord,
    MessageRecord,
    columns,
    of_row,
)
from activities.store.sql import run
from activities.store.tasks import open_task, owner
from activities.turns import closes_in
from models.messages import SendInput
from models.tables import Company, ContactMade
from models.tables.words import Audience, CommunicationStatus, ContactStatus, TaskKind
from rules.bank import too_old
from rules.calendar import BusinessCalendar, Channel, business_calendar
from rules.facts import Bank

# What it says is read where it is to be handed over.
_MESSAGE: Final = f"""
    SELECT {columns(MessageRecord, "m")}, {columns(CreditorRecord, "c")}, {columns(ContactRecord, "k")},
           EXISTS (SELECT FROM suspension s
                    WHERE s.company_id = m.company_id AND s.ended_at IS NULL
                      AND (s.scope = 'company' OR s.customer_id = m.customer_id
                           OR s.scope = 'channel' AND s.target = m.channel
                           OR s.scope = 'policy'
                              AND EXISTS (SELECT FROM contact_item t
                                            JOIN dunning_case d ON d.invoice_id = t.invoice_id
                                           WHERE t.contact_id = m.contact_id AND d.policy_key = s.target))),
           (SELECT json_agg(json_build_array(x.first_day, x.last_day, x.yearly))
              FROM closure x
             WHERE x.company_id = m.company_id AND x.ended_at IS NULL
               AND (x.customer_id IS NULL OR x.customer_id = m.customer_id)),
           CASE WHEN %(whole)s THEN (SELECT t.body FROM content t WHERE t.hash = m.content_hash) END
      FROM communication m JOIN company c ON c.id = m.company_id
      LEFT JOIN contact_made k ON k.id = m.contact_id
     WHERE m.id = %(message)s
       FOR UPDATE OF m
"""  # noqa: S608 (our own column names)
_WIDTH: Final = len(MessageRecord._fields)
_CREDITOR: Final = _WIDTH + len(CreditorRecord._fields)


@dataclass(slots=True)
class MessageAt:
    """One message under its customer's lock, in one transaction; `notes` go out after the commit.

    Word about a company has no customer: its own row is the lock.
    """

    session: Session
    customer: CustomerRecord | None
    message: MessageRecord
    contact: ContactRecord | None
    creditor: CreditorRecord
    suspended: bool
    calendar: BusinessCalendar
    now: datetime
    fingerprint: str
    notes: list[int]
    body: bytes | None

    @property
    def whom(self) -> str:
        """Whom it concerns, for the title of a task."""
        return self.message.to_address if self.customer is None else self.customer.name

    @property
    def closes_in(self) -> timedelta | None:
        """How long its hours last; None where it knows none, or they are over."""
        return closes_in(self.message, self.calendar, self.now)

    def write(self, status: CommunicationStatus, **values: object) -> None:
        """Write the message's status, and other columns by their names."""
        named = {"status": status.value, **values}
        written = ", ".join(f"{name} = %({name})s" for name in named)
        sql = f"UPDATE communication SET {written} WHERE id = %(id)s"  # noqa: S608 (our own column names)
        run(self.session, sql, id=self.message.id, **named)
        self.message = self.message._replace(status=status.value)

    def conclude(self, status: ContactStatus, reason: str | None = None) -> None:
        """End the contact, if this message is the one that decides: while it is under way."""
        contact, customer = self.contact, self.customer
        if contact is not None and customer is not None and contact.status == ContactStatus.SENDING:
            self.notes += conclude(
                self.session,
                customer.id,
                contact.id,
                status,
                self.calendar,
                self.now,
                self.fingerprint,
                reason,
            )

    def log(self, what: str, why: str | None) -> None:
        """A line in the customer's journal."""
        line = Event(
            company_id=self.message.company_id,
            customer_id=self.customer.id if self.customer else None,
            at=self.now,
            who="relance",
            what=f"message_{what}",
            why=why,
            detail={
                "communication": str(self.message.id),
                "kind": self.message.kind,
                "channel": self.message.channel,
                "step": self.contact.step if self.contact else None,
            },
        )
        add_events(self.session, [line])

    def contact_row(self) -> ContactMade | None:
        """The contact's row, to be changed."""
        return None if self.contact is None else self.session.get_one(ContactMade, self.contact.id)

    def tell_of_copy(self, reason: str) -> bool:
        """Whether this is the e-mail copy of a letter that left: then a task says that it did not.

        The letter stands, so its contact stays done and nothing is composed again.
        """
        contact = self.contact
        if contact is None or contact.channel != Channel.LETTER or contact.status != ContactStatus.BY_HAND:
            return False
        if still_open(self.session, contact.id):
            self.ask(
                TaskKind.NOTICE_COPY,
                f"notice-copy/{self.message.id}",
                f"The e-mail copy of the notice to {self.whom} has not left",
                f"{reason}. The letter itself stands. Send the pages to {self.message.to_address} yourself, "
                "or leave it at that; then complete this task.",
            )
        return True

    def ask(self, kind: TaskKind, key: str, title: str, body: str) -> None:
        """Open a task about this message; word about a company has nobody's task, the journal has it."""
        if self.customer is None:
            return
        company = self.session.get_one(Company, self.message.company_id)
        open_task(
            self.session,
            key=key,
            kind=kind,
            company_id=company.id,
            customer_id=self.customer.id,
            contact_id=self.contact.id if self.contact else None,
            communication_id=self.message.id,
            step=self.contact.step if self.contact else None,
            title=title[:300],
            body=body,
            now=self.now,
            today=self.calendar.local_day(self.now),
            assignee_email=owner(self.customer, company),
        )


def lock_message(
    session: Session, what: SendInput, now: datetime, fingerprint: str, *, whole: bool
) -> MessageAt:
    """A message, its customer locked until the transaction ends; with `whole`, with the bytes it says.

    Raises:
        ApplicationError: of type `NotFound`, for good: the ledger has no such message.
    """
    customer = None if what.customer_id is None else locked_customer(session, what.customer_id)
    row = run(session, _MESSAGE, message=what.communication_id, whole=whole).one_or_none()
    if row is None:
        raise ApplicationError(
            f"no communication {what.communication_id}", type="NotFound", non_retryable=True
        )
    message = of_row(MessageRecord, row[:_WIDTH])
    creditor = of_row(CreditorRecord, row[_WIDTH:_CREDITOR])
    whose = customer or creditor
    return MessageAt(
        session=session,
        customer=customer,
        message=message,
        contact=of_row(ContactRecord, row[_CREDITOR:-3]) if message.contact_id else None,
        creditor=creditor,
        suspended=row[-3],
        calendar=business_calendar(whose.country, whose.zone).closed_on(closures_of(row[-2])),
        now=now,
        fingerprint=fingerprint,
        notes=[],
        body=row[-1],
    )


def refusal_of(at: MessageAt) -> str | None:
    """Why a planned message may not leave now: its facts moved, its contact is over or suspended, the hours
    are, or the bank data it asks for money on have grown too old."""
    if at.message.audience != Audience.DEBTOR or at.customer is None:
        return None
    if at.message.ledger_seq != at.customer.ledger_seq:
        return "stale"
    if at.contact is not None and at.contact.status in (ContactStatus.WITHDRAWN, ContactStatus.FAILED):
        return "stale"
    if at.suspended:
        return SUSPENDED
    if not at.calendar.is_open(Channel(at.message.channel), at.now):
        return "out_of_hours"
    return BANK_TOO_OLD if _bank_too_old(at) else None


def _bank_too_old(at: MessageAt) -> bool:
    """As `rules.decide` found when it was composed, at this moment: the day may have changed since."""
    creditor = at.creditor
    if creditor.bank_known_until is None or at.contact is None:
        return False
    bank = Bank(creditor.bank_known_until, business_calendar(creditor.country, creditor.zone))
    return too_old(bank, at.contact.bank_max_age_days, at.now) is not None
