"""What the command line does with customers' people, one method a command."""

from __future__ import annotations

from collections.abc import Iterator

from activities.installation import who_runs
from activities.store.customers import customer_by_ref, enter_contact
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from activities.store.marks import holders, open_marks
from activities.store.reachability import clear_mark
from admin.desk import Desk
from admin.portfolio import cells
from admin.queries.customer import Person, people_of
from admin.queries.quality import QualityFilter, QualityRow, data_quality
from admin.queries.reading import snapshot
from models.errors import NotFound, WrongState
from models.tables.words import PhoneKind
from rules.calendar import Channel
from rules.facts import Role
from rules.gaps import GapKind


class ContactDesk(Desk):
    """One installation, as the commands about customers' people see it."""

    def add_contact(
        self,
        company: str,
        customer: str,
        role: Role,
        *,
        email: str | None = None,
        phone: str | None = None,
        name: str | None = None,
        language: str | None = None,
        preference: int | None = None,
        in_copy: bool = False,
        known_by: str | None = None,
    ) -> str:
        """Add someone to write to; addresses are checked as an import checks them."""
        with transaction(self.engine) as session:
            row = customer_by_ref(session, company, customer)
            number = cells.phone(phone, row.country) if phone else None
            _, notes = enter_contact(
                session,
                row,
                role,
                self.clock.now(),
                who_runs(),
                name=name,
                email=cells.email(email) if email else None,
                phone=number.number if number else None,
                phone_kind=PhoneKind(number.kind) if number else None,
                language=cells.language(language) if language else None,
                preference=preference,
                in_copy=in_copy,
                known_by=cells.email(known_by) if known_by else None,
            )
        self.deliver(notes)
        return f"{customer}: {role.value} contact added"

    def contacts(self, company: str, customer: str) -> list[Person]:
        """Who is known at a customer's, and what is marked of their addresses."""
        with transaction(self.engine) as session:
            return people_of(session, customer_by_ref(session, company, customer).id)

    def clear_marks(self, company: str, customer: str, address: str, why: str) -> str:
        """Say that an address works after all: every mark on it is cleared, and what waited goes on.

        Raises:
            NotFound: nobody there has that address.
            WrongState: nothing is marked of it, or who has it is out of use.
        """
        with transaction(self.engine) as session:
            row = customer_by_ref(session, company, customer)
            written = address if "@" in address else cells.phone(address, row.country).number
            people = holders(session, row.id, written)
            if not people:
                raise NotFound(f"address: nobody at {customer} has it")
            holder = min(people, key=lambda each: bool(each.opted_out_at or each.invalid_since))
            marks = open_marks(session, row.id, (written,))
            if not marks:
                raise WrongState(f"address: nothing is marked of it at {customer}")
            notes: list[int] = []
            for mark in marks:
                notes += clear_mark(
                    session, row, holder.id, Channel(mark.channel), self.clock.now(), who_runs(), why
                )
        self.deliver(notes)
        causes = ", ".join(mark.cause.replace("_", " ") for mark in marks)
        return f"{customer}: the address is used again (it was marked: {causes})"

    def data_quality(self, company: str, kind: GapKind | None) -> Iterator[QualityRow]:
        """Customers whose data lack something for the steps to come, one after another."""
        after: str | None = None
        while True:
            with snapshot(self.engine) as session:
                wanted = QualityFilter(limit=200, after=after, kind=kind)
                page = data_quality(session, company_by_ref(session, company).id, wanted)
            yield from page.items
            after = page.next
            if after is None:
                return
