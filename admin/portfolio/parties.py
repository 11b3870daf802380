"""Companies, customers, their contacts and our own people, made when a portfolio names them first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from admin.portfolio.debtors import DebtorKey, debtor_key
from admin.portfolio.ledger import Database, raw
from admin.portfolio.row import Row
from rules.facts import Role

DEFAULT_LANGUAGE = "fr"
DEFAULT_GAP_DAYS = 5

_COLLEAGUES: Final = (
    ("collector", "collector_email"),
    ("sales_rep", "sales_rep_email"),
    *(("sales_rep", f"{role.value}_known_by") for role in Role),
)
"""What somebody is who is first named in a column."""


class Parties:
    """Makes what the ledger does not have yet.

    What it has is left as it is: a portfolio adds contacts to a known customer, and changes nothing else. An
    address that is marked there stays marked, whichever contact brings it again.
    A new company is called by its reference until `relance companies` tells more; a new customer is what
    its first row says. What was made or found before is remembered, once `keep` says that it was committed.
    """

    def __init__(self, default_country: str) -> None:
        """`default_country` is that of a new company."""
        self._default_country = default_country
        self._companies: dict[str, UUID] = {}
        self._customers: dict[DebtorKey, UUID] = {}
        self._staff: set[str] = set()
        self._contacts: set[int] = set()
        self.entered: list[UUID] = []
        """The contacts that the last `ensure` made."""
        self._made: list[Callable[[], None]] = []

    def keep(self) -> None:
        """The batch is committed: what it made stays."""
        for remember in self._made:
            remember()
        self._made.clear()

    def ensure(self, connection: Connection, rows: Sequence[Row]) -> dict[DebtorKey, UUID]:
        """See to everyone these rows name; return the ids of their customers."""
        self._made.clear()
        self.entered = []
        database = raw(connection)
        companies = self._ensure_companies(database, sorted({row.company for row in rows}))
        self._ensure_staff(database, rows, companies)
        customers = self._ensure_customers(database, rows, companies)
        self._ensure_contacts(database, rows, customers)
        return customers

    def _ensure_companies(self, database: Database, refs: Sequence[str]) -> dict[str, UUID]:
        missing = [ref for ref in refs if ref not in self._companies]
        found: dict[str, UUID] = {}
        if missing:
            database.execute(
                """
                INSERT INTO company (id, ref, name, country, language, gap_days)
                SELECT gen_random_uuid(), ref, ref, %s, %s, %s FROM unnest(%s::text[]) AS ref
                ON CONFLICT (ref) DO NOTHING
                """,
                (self._default_country, DEFAULT_LANGUAGE, DEFAULT_GAP_DAYS, missing),
            )
            found = dict(
                database.execute("SELECT ref, id FROM company WHERE ref = ANY(%s)", (missing,)).fetchall()
            )
            self._made.append(lambda: self._companies.update(found))
        return self._companies | found

    def _ensure_staff(self, database: Database, rows: Sequence[Row], companies: Mapping[str, UUID]) -> None:
        people: dict[str, tuple[str, UUID]] = {}
        for role, column in _COLLEAGUES:
            for row in rows:
                email = getattr(row, column)
                if email and email not in self._staff:
                    people.setdefault(email, (role, companies[row.company]))
        if not people:
            return
        emails = sorted(people)
        database.execute(
            """
            INSERT INTO app_user (id, company_id, email, name, role)
            SELECT gen_random_uuid(), company_id, email, split_part(email, '@', 1), role
            FROM unnest(%s::text[], %s::text[], %s::uuid[]) AS person (email, role, company_id)
            ON CONFLICT (email) DO NOTHING
            """,
            (emails, [people[email][0] for email in emails], [people[email][1] for email in emails]),
        )
        self._made.append(lambda: self._staff.update(emails))

    def _ensure_customers(
        self, database: Database, rows: Sequence[Row], companies: Mapping[str, UUID]
    ) -> dict[DebtorKey, UUID]:
        first: dict[DebtorKey, Row] = {}
        for row in rows:
            first.setdefault(debtor_key(row), row)
        keys = sorted(key for key in first if key not in self._customers)
        made: dict[DebtorKey, UUID] = {}
        if keys:
            company_ids = [companies[company] for company, _ in keys]
            refs = [customer for _, customer in keys]
            told = [
                [getattr(first[key], name) for key in keys]
                for name in (
                    "customer_name", "country", "timezone", "language", "segment", "risk", "collector_email",
                    "sales_rep_email",
                )
            ]  # fmt: skip
            database.execute(
                """
                INSERT INTO customer (id, company_id, ref, name, country, zone, language, segment, risk,
                    collector_email, sales_rep_email, ledger_seq)
                SELECT gen_random_uuid(), told.*, 0
                FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                    %s::text[], %s::text[], %s::text[], %s::text[]) AS told
                ON CONFLICT (company_id, ref) DO NOTHING
                """,
                (company_ids, refs, *told),
            )
            found = database.execute(
                """
                SELECT company.ref, customer.ref, customer.id
                FROM unnest(%s::uuid[], %s::text[]) AS wanted (company_id, ref)
                JOIN customer ON customer.company_id = wanted.company_id AND customer.ref = wanted.ref
                JOIN company ON company.id = customer.company_id
                """,
                (company_ids, refs),
            )
            made = {(company, customer): customer_id for company, customer, customer_id in found}
            self._made.append(lambda: self._customers.update(made))
        return {key: made.get(key) or self._customers[key] for key in first}

    def _ensure_contacts(
        self, database: Database, rows: Sequence[Row], customers: Mapping[DebtorKey, UUID]
    ) -> None:
        # Who knows a contact is said by the first row that names it.
        contacts: dict[tuple[object, ...], str | None] = {}
        for row in rows:
            for role, email, phone, known_by in row.contacts:
                if email or phone:
                    contact = (customers[debtor_key(row)], role.value, email, *(phone or (None, None)))
                    contacts.setdefault(contact, known_by)
        hashes = {hash(contact): (*contact, known_by) for contact, known_by in contacts.items()}
        new = [contact for mark, contact in hashes.items() if mark not in self._contacts]
        if not new:
            return
        made = database.execute(
            """
            INSERT INTO contact (id, customer_id, role, email, phone, phone_kind, known_by)
            SELECT gen_random_uuid(), told.*
            FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[]) AS told
            ON CONFLICT DO NOTHING
            RETURNING id
            """,
            [list(column) for column in zip(*new, strict=True)],
        )
        self.entered = [row[0] for row in made]
        self._made.append(lambda: self._contacts.update(hashes))
