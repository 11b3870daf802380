"""Composing: from the ledger's rows and a contact to messages in their readers' languages, as bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlmodel import Session, col, select

from activities.call_facts import call_facts
from activities.channels.sendgrid_email import Attachment
from activities.copies import copies as copies_of
from activities.creditor import creditor_of
from activities.envelope import MAX_FILES_BYTES, Enclosure, Envelope
from activities.jurisdiction import FRENCH_SPEAKING, PUBLIC_SEGMENTS
from activities.late_charges import terms_of
from activities.rendering import (
    TEMPLATES,
    Debtor,
    HoldNotice,
    Kind,
    Message,
    PaidItem,
    Recipient,
    Rendered,
    Section,
    Signatory,
    SmsText,
    Tone,
    locale_for,
    render,
    render_call_sheet,
    render_sms,
)
from activities.statement import Statement, with_what_is_borne
from activities.store.absences import offer
from activities.store.load import LoadedToWrite
from activities.store.records import (
    InvoiceRecord,
    PersonRecord,
    StaffRecord,
)
from models.errors import RelanceError
from models.tables import HoldInvoiceRow, HoldRow, Invoice, Task
from models.tables.words import Audience
from rules import facts as rules_facts
from rules.calendar import Channel
from rules.decide import Decision
from rules.facts import Role
from rules.interest import Mode
from rules.outreach import Contact as DueContact
from rules.recipients import copies, first

_ROOM_FOR_PAGES: Final = 2 * 1024 * 1024
"""For the pages of a notice, whose copy brings them along: 300 items take half of it."""


@dataclass(frozen=True, slots=True)
class Composed:
    """One message ready to be stored: its envelope, and what the ledger keeps beside it."""

    kind: str
    audience: Audience
    channel: Channel
    language: str
    envelope: Envelope
    person: PersonRecord | None = None
    purpose_key: str | None = None
    files: tuple[Attachment, ...] = ()
    sms: SmsText | None = None


class Composer:
    """Everything about one customer that messages quote, as `load_to_write` found it."""

    def __init__(
        self, session: Session, loaded: LoadedToWrite, decisions: Sequence[Decision], now: datetime
    ) -> None:
        self._session = session
        self._loaded = loaded
        self._now = now
        self.today: date = loaded.customer.calendar.local_day(now)
        self._decisions = {case.facts.invoice: d for case, d in zip(loaded.cases, decisions, strict=True)}
        self._cases = {case.facts.invoice: case for case in loaded.cases}
        self._people = loaded.people
        self._staff = loaded.outreach.staff
        self._statement = Statement(loaded, loaded.outreach.credits, decisions, now)

    # ------------------------------------------------------------------ whom

    def person(self, role: Role, channel: Channel) -> PersonRecord | None:
        """The first of the role's people, in their order of preference, whom the channel reaches."""
        found = first(self._people, role, channel)
        if found is None and channel is Channel.PHONE:
            # Without a number, the caller is told at least whom to ask for.
            return first(self._people, role, Channel.LETTER)
        return found

    def language(self, person: PersonRecord | None) -> str:
        """The person's language, else the customer's, else that of its country."""
        customer = self._loaded.row
        chosen = (person.language if person else None) or customer.language
        return locale_for(chosen or ("fr" if customer.country in FRENCH_SPEAKING else "en"))

    def colleague(self, assignee: str) -> str | None:
        """E-mail address of the collector, the sales representative or the credit manager."""
        customer, company = self._loaded.row, self._loaded.company
        wanted = {
            "collector": customer.collector_email,
            "sales_rep": customer.sales_rep_email,
            "credit_manager": company.signatory_email,
        }.get(assignee)
        return wanted or customer.collector_email or company.signatory_email

    def caller(self, contact: DueContact) -> tuple[str | None, str | None]:
        """Who is asked to make a call, and whose it is once its day has passed, if it is only offered.

        See `absences.offer`: somebody may know whom to call.
        """
        usual = self.colleague(contact.step.assignee)
        person = self.person(contact.route.role, Channel.PHONE) if contact.route.role else None
        known_by = person.known_by if person else None
        due_on = self._loaded.customer.calendar.add_business_days(self.today, 1)
        return offer(self._session, known_by, usual, (self.today, due_on))

    def signatory(self) -> Signatory:
        """Who signs: the collector, else the credit manager, else the company's own address."""
        company = self._loaded.company
        staff = self._colleague_row(self._loaded.row.collector_email)
        if staff is not None:
            return Signatory(staff.name, staff.title or "", staff.email, staff.phone or company.phone or "")
        email = self._loaded.row.collector_email or company.signatory_email or company.email or ""
        return Signatory(
            company.signatory_name or company.name,
            "",
            email,
            company.signatory_phone or company.phone or "",
        )

    def _colleague_row(self, email: str | None) -> StaffRecord | None:
        return None if email is None else self._staff.get(email)

    # ------------------------------------------------------------------ what

    def why(self, contact: DueContact) -> str:
        """Why the contact is made now: the reason of its leading item, as the rules give it."""
        lead = next(item.invoice for item in contact.items if not item.folded)
        return self._decisions[lead].why

    def contact_messages(self, contact: DueContact) -> list[Composed]:
        """The messages of a contact, the one that decides it first.

        Raises:
            NoAddress: nobody of the wanted roles can be reached that way.
            RenderError: the message cannot be written.
        """
        channel, role = contact.route.channel, contact.route.role
        messages: list[Composed] = []
        if channel in (Channel.EMAIL, Channel.SMS):
            person = self.person(role, channel) if role else None
            if person is None:
                raise NoAddress(f"no {channel.value} address for {self._loaded.row.name}")
            messages.append(self._message(contact, contact.route.template, channel, person))
        if contact.companion:
            companion = self._companion(contact)
            if companion is not None:
                messages.append(companion)
        if channel is Channel.PHONE:
            messages += self._told(contact)
        return messages

    def letter(self, contact: DueContact) -> Composed:
        """The letter of a contact, to be approved and sent by hand."""
        person = self.person(contact.route.role, Channel.LETTER) if contact.route.role else None
        return self._message(contact, contact.route.template, Channel.LETTER, person)

    def draft(self, contact: DueContact) -> list[Composed]:
        """What waits for approval: the letter with its e-mail copy, or the messages."""
        if contact.route.channel is Channel.LETTER:
            letter = self.letter(contact)
            return [letter, *self._copies(contact, letter)]
        return self.contact_messages(contact)

    def _copies(self, contact: DueContact, letter: Composed) -> list[Composed]:
        """The e-mail that brings a notice's pages to those its step names in `cc`, accounting first."""
        roles = sorted(contact.step.cc, key=list(Role).index)
        found = (self.person(role, Channel.EMAIL) for role in roles)
        to = next((person for person in found if person is not None), None)
        if to is None or not letter.files:
            return []
        message = self._facts(contact, "notice_copy", to)
        return [replace(self._email(message, to, to.email or "", cc_roles=roles), files=letter.files)]

    def call_sheet(
        self, acted: set[str], template: str, tone: Tone, role: Role | None, task: Task | None = None
    ) -> Rendered:
        """The script and the numbers for a call about `acted`; `task` is the call, once it is open."""
        person = self.person(role, Channel.PHONE) if role else None
        facts = call_facts(self._session, self._loaded, self._now, role, task)
        message = self._base(template, tone, person, self._statement.sections(acted), acted=acted, call=facts)
        return render_call_sheet(message, language=self._loaded.company.language)

    def thank_you(self, paid: Sequence[tuple[InvoiceRecord, Decimal]], day: date) -> Composed | None:
        """One thank-you for what was paid, to accounting or whoever can be reached."""
        person = next(
            (found for role in Role if (found := self.person(role, Channel.EMAIL)) is not None), None
        )
        if person is None or person.email is None:
            return None
        items = tuple(
            PaidItem(invoice.number, invoice.order_ref, amount, invoice.currency) for invoice, amount in paid
        )
        message = self._base("thank_you", Tone.STATEMENT, person, (), paid=items)
        return self._email(
            message, person, person.email, purpose_key=f"thank-you/{self._loaded.row.id}/{day}"
        )

    def hold_notices(self, hold: HoldRow) -> list[Composed]:
        """Word to the sales representative and to logistics that deliveries stop, or go on."""
        company = self._loaded.company
        key = f"hold/{hold.id}/{'placed' if hold.released_at is None else 'released'}"
        wanted = (self._loaded.row.sales_rep_email, company.logistics_email, company.signatory_email)
        sections, notice = self.open_items(), self._notice_of(hold)
        return [
            self.to_colleague(email, "hold_notice", Tone.FIRM, f"{key}/{email}", sections, hold=notice)
            for email in dict.fromkeys(filter(None, wanted))
        ]

    def open_items(self) -> tuple[Section, ...]:
        """All that is open, for who is told about the customer as a whole."""
        return self._statement.sections(set())

    def to_colleague(
        self,
        email: str,
        template: str,
        tone: Tone,
        purpose_key: str | None,
        sections: tuple[Section, ...] = (),
        **facts: Any,
    ) -> Composed:
        """Word to one of our own people; `facts` are further fields of the `Message`.

        Raises:
            RenderError: it cannot be written.
        """
        message = self._base(template, tone, None, sections, recipient=self._internal(email), **facts)
        composed = self._email(message, None, email, purpose_key=purpose_key)
        return replace(composed, audience=Audience.INTERNAL)

    def _internal(self, email: str) -> Recipient:
        """A colleague, who reads the company's language."""
        row = self._colleague_row(email)
        language = locale_for(self._loaded.company.language)
        return Recipient(row.name if row else None, row.title if row else None, email, None, language)

    def quoted(self, contact: DueContact) -> dict[str, str]:
        """Currency to the sum asked, as the proof keeps it."""
        return {
            s.currency: str(s.asked)
            for s in self._statement.sections({item.invoice for item in contact.items})
        }

    def _message(
        self, contact: DueContact, template: str, channel: Channel, person: PersonRecord | None
    ) -> Composed:
        message = self._facts(contact, template, person)
        if TEMPLATES[template].demands and not any(section.asked > 0 for section in message.sections):
            # Credits cover all that is due: there is nothing to demand, and a statement shows it.
            message = self._facts(contact, "account_statement", person)
            template = "account_statement"
        if channel is Channel.SMS and TEMPLATES[template].kind is Kind.SMS:
            number = (person.phone if person else None) or ""
            sms = render_sms(message)
            envelope = Envelope(channel="sms", to_address=number, text=sms.text)
            language = self.language(person)
            return Composed(template, Audience.DEBTOR, channel, language, envelope, person, sms=sms)
        address = (person.email if person else None) or ""
        if channel is Channel.LETTER:
            rendered = render(message)
            envelope = Envelope(
                channel="letter",
                to_address=address,
                to_name=person.name if person else None,
                subject=rendered.subject,
                text=rendered.text,
                html=rendered.html,
            )
            return Composed(
                template,
                Audience.DEBTOR,
                channel,
                self.language(person),
                envelope,
                person,
                files=self._pages(rendered, self.language(person)),
            )
        return self._email(message, person, address, cc_roles=contact.step.cc)

    def _pages(self, rendered: Rendered, language: str) -> tuple[Attachment, ...]:
        """The PDF of a letter, under a name that says whose it is and of which day."""
        if rendered.pdf is None:
            return ()
        words = {"fr": "mise-en-demeure"}.get(language, "formal-notice")
        ref = re.sub(r"[^A-Za-z0-9]+", "-", self._loaded.row.ref).strip("-")
        return (Attachment(f"{words}-{ref}-{self.today}.pdf", "application/pdf", rendered.pdf),)

    def _companion(self, contact: DueContact) -> Composed | None:
        for role in (*contact.step.recipient, *Role):
            person = self.person(role, Channel.EMAIL)
            if person is not None and person.email:
                tone = Tone.SMS if contact.route.channel is Channel.SMS else Tone.CALL
                message = self._facts(contact, "statement_companion", person, tone)
                return self._email(message, person, person.email)
        return None

    def _told(self, contact: DueContact) -> list[Composed]:
        """Internal word to the colleagues a call step tells (the sales representative)."""
        messages = []
        for assignee in contact.step.tell:
            email = self.colleague(assignee)
            if email is None or email in (self.colleague(contact.step.assignee), self.caller(contact)[0]):
                continue
            recipient = self._internal(email)
            message = self._facts(contact, "sales_rep_call_notice", None, recipient=recipient)
            messages.append(replace(self._email(message, None, email), audience=Audience.INTERNAL))
        return messages

    def _email(
        self,
        message: Message,
        person: PersonRecord | None,
        address: str,
        cc_roles: Sequence[Role] = (),
        purpose_key: str | None = None,
    ) -> Composed:
        rendered = render(message)
        company, signatory = self._loaded.company, message.signatory
        envelope = Envelope(
            channel="email",
            to_address=address,
            to_name=message.recipient.name,
            # Sent from the creditor's own domain, which is the one set up for it; answers go to a person.
            from_address=company.email or signatory.email,
            from_name=f"{signatory.name} ({company.name})"
            if signatory.name != company.name
            else company.name,
            reply_to_address=signatory.email,
            reply_to_name=signatory.name,
            cc=copies(self._people, person, cc_roles) if person else (),
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            attachments=self._copies_with(message),
        )
        return Composed(
            message.step_template,
            Audience.DEBTOR,
            Channel.EMAIL,
            message.recipient.language,
            envelope,
            person,
            purpose_key,
        )

    def _copies_with(self, message: Message) -> tuple[Enclosure, ...]:
        """Copies of the invoices it asks to be paid; a notice's pages are left their room."""
        due = {line.invoice for section in message.sections for line in section.due}
        room = MAX_FILES_BYTES - (_ROOM_FOR_PAGES if message.step_template == "notice_copy" else 0)
        return copies_of(message.step_template, self._loaded.cases, due, room)

    def _facts(
        self,
        contact: DueContact,
        template: str,
        person: PersonRecord | None,
        tone: Tone | None = None,
        recipient: Recipient | None = None,
    ) -> Message:
        acted = {item.invoice for item in contact.items}
        deadline = None
        if contact.step.deadline_days is not None:
            deadline = self.today + timedelta(days=contact.step.deadline_days)
        return self._base(
            template,
            tone or Tone(contact.tone.value),
            person,
            with_what_is_borne(
                self._session, self._loaded, self._statement.sections(acted), template, self._now
            ),
            recipient=recipient,
            deadline=deadline,
            deadline_days=contact.step.deadline_days,
            acted=acted,
        )

    def _base(
        self,
        template: str,
        tone: Tone,
        person: PersonRecord | None,
        sections: tuple[Section, ...],
        acted: set[str] | None = None,
        **more: Any,
    ) -> Message:
        customer, company = self._loaded.row, self._loaded.company
        terms = terms_of(company, customer)
        law = None if terms.mode is Mode.SILENT else terms.law
        recipient = more.pop("recipient", None) or Recipient(
            person.name if person else None,
            person.function if person else None,
            person.email if person else None,
            person.phone if person else None,
            self.language(person),
        )
        return Message(
            step_template=template,
            tone=tone,
            today=self.today,
            creditor=creditor_of(company, self.today),
            debtor=Debtor(
                customer.name,
                customer.ref,
                tuple((customer.address or "").splitlines()),
                customer.country,
                customer.segment in PUBLIC_SEGMENTS,
                customer.registration,
            ),
            recipient=recipient,
            signatory=self.signatory(),
            sections=sections,
            payment_reference=self._reference(acted or set()),
            notice_sent_on=self._noticed(acted or set()),
            previous_contact_on=self._loaded.customer.last_contact_on,
            hold=more.pop("hold", None) or self._hold(),
            indemnity_per_invoice=law.one_sum if law else None,
            indemnity_currency=law.tiers_currency if law else "EUR",
            late_law=law.code if law else None,
            late_rate=terms.late_rate,
            charges=terms.mode.value,
            **more,
        )

    def _reference(self, acted: set[str]) -> str:
        """What to write on the transfer: the invoice when it is one, the customer's number when several."""
        listed = {line.invoice for s in self._statement.sections(acted) for line in s.due}
        return next(iter(listed)) if len(listed) == 1 else self._loaded.row.ref

    def _noticed(self, acted: set[str]) -> date | None:
        days = [
            done.on
            for number in acted
            for done in self._cases[number].facts.done
            if done.tone is rules_facts.Tone.NOTICE and done.channel is Channel.LETTER
        ]
        return max(days, default=None)

    def _hold(self) -> HoldNotice | None:
        if not self._loaded.on_hold:
            return None
        hold = self._session.exec(
            select(HoldRow)
            .where(HoldRow.customer_id == self._loaded.row.id, col(HoldRow.released_at).is_(None))
            .order_by(col(HoldRow.placed_at))
            .limit(1)
        ).one()
        return self._notice_of(hold)

    def _notice_of(self, hold: HoldRow) -> HoldNotice:
        numbers = self._session.exec(
            select(Invoice.number)
            .join(HoldInvoiceRow, col(HoldInvoiceRow.invoice_id) == Invoice.id)
            .where(HoldInvoiceRow.hold_id == hold.id)
            .order_by(Invoice.number)
        ).all()
        calendar = self._loaded.customer.calendar
        released_on = calendar.local_day(hold.released_at) if hold.released_at else None
        return HoldNotice(calendar.local_day(hold.placed_at), tuple(numbers), released_on)


class NoAddress(RelanceError):
    """Nobody of the wanted roles can be reached by the channel of a step."""
