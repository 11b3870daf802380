"""Writing a contact down: its row and items, its messages with their stored bytes, its tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlmodel import Session

from activities.compose import Composed, Composer
from activities.envelope import keep
from activities.store.load import LoadedCase, LoadedCustomer, facts_hash
from activities.store.tasks import open_task
from models.tables import Communication, ContactItem, ContactMade, Customer, Task
from models.tables.words import Audience, CommunicationStatus, ContactStatus, TaskKind
from rules.calendar import business_calendar
from rules.decide import decide
from rules.outreach import Contact


class ContactWriter:
    """Writes for one customer, in the transaction that holds its lock, at the business time `now`."""

    def __init__(self, session: Session, customer: Customer, now: datetime) -> None:
        self._session = session
        self._customer = customer
        self._now = now
        self._calendar = business_calendar(customer.country, customer.zone)

    def contact(self, contact: Contact, loaded: LoadedCustomer, status: ContactStatus) -> ContactMade:
        """The contact's row with an item for each invoice it acts on, none concluded yet."""
        today = self._calendar.local_day(self._now)
        acted = {item.invoice for item in contact.items}
        made = ContactMade(
            id=uuid4(),
            customer_id=self._customer.id,
            step=contact.step.key,
            channel=contact.route.channel.value,
            tone=contact.tone.value,
            status=status,
            composed_at=self._now,
            composed_on=today,
            ledger_seq=self._customer.ledger_seq,
            role=contact.route.role.value if contact.route.role else None,
            reason=self._why(contact, loaded),
            facts_hash=facts_hash((case.facts for case in loaded.cases), acted, today, self._now),
        )
        self._session.add(made)
        self._session.flush()
        by_number = {case.facts.invoice: case for case in loaded.cases}
        for item in contact.items:
            self._session.add(
                ContactItem(
                    contact_id=made.id,
                    invoice_id=by_number[item.invoice].invoice.id,
                    step=item.step.key,
                    offset_days=item.step.offset_days,
                    tone=contact.tone.value,
                    channel=contact.route.channel.value,
                    folded=item.folded,
                )
            )
        self._session.flush()
        return made

    def _why(self, contact: Contact, loaded: LoadedCustomer) -> str:
        """Why the contact is made now: the reason of its leading item, as the rules give it."""
        lead = next(item.invoice for item in contact.items if not item.folded)
        case = next(case for case in loaded.cases if case.facts.invoice == lead)
        return decide(case.facts, case.customer, case.policy, self._now).why

    def store(
        self,
        made: ContactMade,
        contact: Contact,
        messages: Sequence[Composed],
        loaded: LoadedCustomer,
        composer: Composer,
    ) -> list[UUID]:
        """The messages of a contact, planned, in the order in which they go out; returns their ids."""
        lead = next(item.invoice for item in contact.items if not item.folded)
        case = next(case for case in loaded.cases if case.facts.invoice == lead)
        if messages and messages[0].person is not None:
            made.contact_person_id = messages[0].person.id
        quoted = composer.quoted(contact)
        return [self.message(message, made, quoted, case, place) for place, message in enumerate(messages)]

    def message(
        self,
        message: Composed,
        made: ContactMade | None,
        quoted: dict[str, str],
        case: LoadedCase | None,
        place: int = 0,
    ) -> UUID:
        """One planned message; its bytes are kept under their hash. `case` is the leading one, if any."""
        envelope = message.envelope
        row = Communication(
            id=uuid4(),
            contact_id=made.id if made else None,
            customer_id=self._customer.id,
            company_id=self._customer.company_id,
            kind=message.kind,
            audience=message.audience,
            channel=message.channel.value,
            recipient_contact_id=message.person.id if message.person else None,
            to_address=envelope.to_address,
            cc=list(envelope.cc),
            language=message.language,
            subject=envelope.subject,
            content_hash=keep(self._session, envelope, message.files),
            status=CommunicationStatus.PLANNED,
            ledger_seq=self._customer.ledger_seq,
            balance_quoted=quoted if message.audience is Audience.DEBTOR else {},
            policy_key=case.case.policy_key if case else None,
            policy_version=case.case.policy_version if case else None,
            # The message that decides the contact goes first, also when another pass finds them left over.
            planned_at=self._now + timedelta(microseconds=place),
            purpose_key=message.purpose_key,
        )
        self._session.add(row)
        self._session.flush()
        return row.id

    def task(
        self,
        made: ContactMade,
        contact: Contact,
        loaded: LoadedCustomer,
        kind: TaskKind,
        key: str,
        title: str,
        body: str,
        assignee: str | None,
        due_in: int = 1,
    ) -> Task:
        """A task about a contact, due in so many business days; about its invoice, when it is one."""
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
        )
        return task
