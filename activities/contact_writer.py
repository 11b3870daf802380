"""Writing a contact down: its row and items, its messages with their stored bytes, its tasks."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlmodel import Session

from activities.compose import Composed, Composer
from activities.envelope import MEDIA_TYPE, seal
from activities.logs import fields
from activities.rendering.render import SMS_PARTS
from activities.store.load import LoadedCase, LoadedCustomer, facts_hash
from activities.store.records import ContactRecord, CustomerRecord
from activities.store.sql import run
from activities.store.tasks import open_task
from models.ids import reply_address
from models.tables import Task
from models.tables.words import Audience, ContactStatus, TaskKind
from rules.bank import demands, strictest
from rules.calendar import business_calendar
from rules.outreach import Contact

_CONTACT: Final = """
    WITH contact AS (
        INSERT INTO contact_made (id, customer_id, step, channel, tone, status, composed_at, composed_on,
                                  ledger_seq, role, reason, facts_hash, bank_max_age_days)
        VALUES (%(id)s, %(customer_id)s, %(step)s, %(channel)s, %(tone)s, %(status)s, %(composed_at)s,
                %(composed_on)s, %(ledger_seq)s, %(role)s, %(reason)s, %(facts_hash)s, %(bank_max_age_days)s)
        RETURNING id, tone, channel
    )
    INSERT INTO contact_item (contact_id, invoice_id, step, offset_days, tone, channel, folded, concluded)
    SELECT contact.id, item.invoice_id, item.step, item.offset_days, contact.tone, contact.channel,
           item.folded, false
      FROM contact,
           jsonb_to_recordset(%(items)s::jsonb)
               AS item (invoice_id uuid, step text, offset_days integer, folded boolean)
"""
# The message that decides a contact names the person it is made with.
_MESSAGE: Final = """
    WITH named AS (
        UPDATE contact_made SET contact_person_id = %(recipient_contact_id)s
         WHERE id = %(contact_id)s AND %(leads)s),
    kept AS (
        INSERT INTO content (hash, media_type, body) VALUES (%(content_hash)s, %(media_type)s, %(body)s)
        ON CONFLICT (hash) DO NOTHING)
    INSERT INTO communication (id, contact_id, customer_id, company_id, kind, audience, channel,
                               recipient_contact_id, to_address, cc, language, subject, content_hash, status,
                               ledger_seq, balance_quoted, policy_key, policy_version, planned_at, attempts,
                               purpose_key, sms_encoding, sms_parts)
    VALUES (%(id)s, %(contact_id)s, %(customer_id)s, %(company_id)s, %(kind)s, %(audience)s, %(channel)s,
            %(recipient_contact_id)s, %(to_address)s, %(cc)s::jsonb, %(language)s, %(subject)s,
            %(content_hash)s, 'planned', %(ledger_seq)s, %(balance_quoted)s::jsonb, %(policy_key)s,
            %(policy_version)s, %(planned_at)s, 0, %(purpose_key)s, %(sms_encoding)s, %(sms_parts)s)
"""


log = logging.getLogger(__name__)


class ContactWriter:
    """Writes for one customer, in the transaction that holds its lock, at the business time `now`.

    With a `reply_domain`, answers to what the debtor gets go to an address there that names the message.
    """

    def __init__(
        self, session: Session, customer: CustomerRecord, now: datetime, reply_domain: str | None = None
    ) -> None:
        self._reply_domain = reply_domain
        self._session = session
        self._customer = customer
        self._now = now
        self._calendar = business_calendar(customer.country, customer.zone)

    def contact(
        self, contact: Contact, loaded: LoadedCustomer, composer: Composer, status: ContactStatus
    ) -> ContactRecord:
        """The contact's row with an item for each invoice it acts on, none concluded yet."""
        today = self._calendar.local_day(self._now)
        acted = {item.invoice for item in contact.items}
        by_number = {case.facts.invoice: case for case in loaded.cases}
        items = [
            {
                "invoice_id": str(by_number[item.invoice].invoice.id),
                "step": item.step.key,
                "offset_days": item.step.offset_days,
                "folded": item.folded,
            }
            for item in contact.items
        ]
        asks = demands(contact.step, contact.tone)
        max_age = strictest(by_number[number].policy for number in acted) if asks else None
        made = ContactRecord(uuid4(), contact.step.key, contact.route.channel.value, status.value, max_age)
        run(
            self._session,
            _CONTACT,
            id=made.id,
            customer_id=self._customer.id,
            step=made.step,
            channel=made.channel,
            tone=contact.tone.value,
            status=made.status,
            composed_at=self._now,
            composed_on=today,
            ledger_seq=self._customer.ledger_seq,
            role=contact.route.role.value if contact.route.role else None,
            reason=composer.why(contact),
            bank_max_age_days=max_age,
            facts_hash=facts_hash((case.facts for case in loaded.cases), acted, today, self._now),
            items=json.dumps(items),
        )
        return made

    def store(
        self,
        made: ContactRecord,
        contact: Contact,
        messages: Sequence[Composed],
        loaded: LoadedCustomer,
        composer: Composer,
    ) -> list[UUID]:
        """The messages of a contact, planned, in the order in which they go out; returns their ids."""
        lead = next(item.invoice for item in contact.items if not item.folded)
        case = next(case for case in loaded.cases if case.facts.invoice == lead)
        quoted = composer.quoted(contact)
        return [self.message(message, made, quoted, case, place) for place, message in enumerate(messages)]

    def message(
        self,
        message: Composed,
        made: ContactRecord | None,
        quoted: dict[str, str],
        case: LoadedCase | None,
        place: int = 0,
    ) -> UUID:
        """One planned message; its bytes are kept under their hash. `case` is the leading one, if any."""
        envelope = message.envelope
        message_id = uuid4()
        if (
            self._reply_domain is not None
            and envelope.reply_to_address
            and message.audience is Audience.DEBTOR
        ):
            to = reply_address(self._reply_domain, message_id)
            envelope = envelope.model_copy(update={"reply_to_address": to})
        digest, body = seal(self._session, envelope, message.files)
        run(
            self._session,
            _MESSAGE,
            id=message_id,
            contact_id=made.id if made else None,
            leads=place == 0 and message.person is not None,
            customer_id=self._customer.id,
            company_id=self._customer.company_id,
            kind=message.kind,
            audience=message.audience.value,
            channel=message.channel.value,
            recipient_contact_id=message.person.id if message.person else None,
            to_address=envelope.to_address,
            cc=json.dumps(envelope.cc),
            language=message.language,
            subject=envelope.subject,
            content_hash=digest,
            media_type=MEDIA_TYPE,
            body=body,
            ledger_seq=self._customer.ledger_seq,
            balance_quoted=json.dumps(quoted if message.audience is Audience.DEBTOR else {}),
            policy_key=case.case.policy_key if case else None,
            policy_version=case.case.policy_version if case else None,
            # The message that decides the contact goes first, also when another pass finds them left over.
            planned_at=self._now + timedelta(microseconds=place),
            purpose_key=message.purpose_key,
            sms_encoding=message.sms.encoding if message.sms else None,
            sms_parts=message.sms.parts if message.sms else None,
        )
        if message.sms is not None and message.sms.parts > SMS_PARTS:
            log.warning(
                "SMS of %d parts",
                message.sms.parts,
                extra=fields(communication=message_id, kind=message.kind),
            )
        return message_id

    def task(
        self,
        made: ContactRecord,
        contact: Contact,
        loaded: LoadedCustomer,
        kind: TaskKind,
        key: str,
        title: str,
        body: str,
        assignee: str | None,
        due_in: int = 1,
        falls_to: str | None = None,
    ) -> Task:
        """A task about a contact, due in so many business days; about its invoice, when it is one.

        After its day it is that of `falls_to`, where it is only offered to the `assignee`.
        """
        calendar = self._calendar
        today = calendar.local_day(self._now)
        single = len(contact.items) == 1
        by_number = {case.facts.invoice: case.invoice.id for case in loaded.cases}
        task, _ = open_task(
            self._session,
            key=key,
            kind=kind,
            company_id=loaded.company.id,
            customer_id=self._customer.id,
            invoice_id=by_number[contact.items[0].invoice] if single else None,
            contact_id=made.id,
            step=contact.step.key,
            title=title[:300],
            body=body,
            now=self._now,
            today=today,
            due_on=calendar.add_business_days(today, due_in),
            assignee_email=assignee,
            falls_to=falls_to,
        )
        return task
