"""Bring a file of invoices into the ledger: read and judged as a whole first, then written in batches."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeAlias
from uuid import uuid4

from sqlmodel import Session, col, select

from activities.store.credits import NewCredit, end_credit, keep_credit
from activities.store.customers import customer_by_ref
from activities.store.facts import record
from activities.store.lookup import company_by_ref
from activities.store.policies import current_policies, ensure_builtin
from admin.intake.items import Credit, IntakeError, Kind, Reading, Source
from admin.intake.known import LISTED
from admin.intake.mappings import remember, remembered
from admin.intake.plan import Options, Plan, Settlement, make_plan
from admin.intake.readers import read_items
from admin.intake.recognise import recognised
from admin.intake.report import IntakeReport
from admin.portfolio.debtors import Debtor, DebtorKey, debtor_key
from admin.portfolio.ledger import debtors_of, known_numbers, raw
from admin.portfolio.load import BATCH, IMPORT_LOCK, open_rows
from admin.portfolio.opening import Decider
from admin.portfolio.parties import Parties
from admin.portfolio.row import Row
from models.errors import InvalidFact, RelanceError
from models.ids import CaseSignal
from models.messages import CreditNoteIssued, Fact, PaymentReceived
from models.tables import PaymentRow
from models.tables.words import NoteTo
from policies import builtin_assignment, builtin_policy_texts
from rules.calendar import BusinessCalendar, business_calendar
from rules.policy import Policy

FACTS: Final = 200
"""Facts of one transaction."""

Transactions: TypeAlias = Callable[[], AbstractContextManager[Session]]
"""Begins a transaction: one for each batch, or always the one that is under way."""

OnProgress: TypeAlias = Callable[[str, int, int], None]
"""Told the phase (`read` or `record`), and how much of how much of it is done."""


class Import:
    """One file on its way into the ledger of one company.

    Nothing is written before the whole file has been read, so that one that is refused half-way leaves
    nothing. Stopped while it writes, the batches committed stay, and the same file once more does the rest.
    """

    def __init__(
        self,
        begin: Transactions,
        company: str,
        source: Source,
        *,
        now: datetime,
        who: str,
        options: Options | None = None,
        mapping: Mapping[str, str] | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        """`mapping` is the header of the file by field, as a person chose; it is remembered."""
        self._begin = begin
        self._company = company
        self._source = source
        self._now = now
        self._who = who
        self._options = options or Options()
        self._mapping = mapping or {}
        self._on_progress = on_progress
        self.notes: list[int] = []
        self.plan = Plan()
        """What was, or with `dry_run` would be, done; the report counts it."""

    def run(self) -> IntakeReport:
        """Take the file.

        Raises:
            NotFound: no such company.
            IntakeError: the file cannot be taken; nothing was written.
            InvalidFact: the terms given are not understood.
        """
        kind = recognised(self._source)
        report = IntakeReport(self._source.name, kind, self._options.dry_run, self._options.settle)
        plan = self.plan = self._plan(kind, report)
        if not self._options.dry_run:
            self._enter(plan, report)
            self._tell(plan, report)
            self._keep(plan, report)
        return report

    def _progress(self, phase: str, done: int, total: int) -> None:
        if self._on_progress is not None:
            self._on_progress(phase, done, total)

    def _plan(self, kind: Kind, report: IntakeReport) -> Plan:
        with self._begin() as session:
            company = company_by_ref(session, self._company)
            reading = Reading(
                mapping=self._mapping,
                remembered=remembered(session, company.id),
                read=lambda done: self._progress("read", done, self._source.size),
            )
            items = read_items(kind, self._source, reading)
            ensure_builtin(session, builtin_policy_texts(), self._now)
            policies = current_policies(session)
            try:
                plan = make_plan(
                    session.connection(),
                    company,
                    self._source,
                    items,
                    self._options,
                    report,
                    policies,
                    self._today,
                )
            except IntakeError:
                raise
            except ValueError as error:
                raise InvalidFact(f"terms: {error}") from None
            report.columns = reading.columns
            if self._mapping and not self._options.dry_run and reading.fingerprint:
                remember(session, company.id, reading, self._mapping, self._now, self._who)
        return plan

    def _today(self, calendar: BusinessCalendar) -> date:
        return calendar.local_day(self._now)

    def _enter(self, plan: Plan, report: IntakeReport) -> None:
        """The new invoices, batch by batch."""
        if not plan.rows:
            return
        with self._begin() as session:
            policies = current_policies(session)
            company = company_by_ref(session, self._company)
            country = company.country
            debtors = self._survey(session, plan.rows, policies)
        parties = Parties(country)
        decider = Decider(policies, builtin_assignment(), self._now)
        for start in range(0, len(plan.rows), BATCH):
            rows = plan.rows[start : start + BATCH]
            with self._begin() as session:
                session.flush()
                connection = session.connection()
                raw(connection).execute("SELECT pg_advisory_xact_lock(%s)", (IMPORT_LOCK,))
                raw(connection).execute("SET LOCAL plan_cache_mode = force_custom_plan")
                taken = known_numbers(connection, rows)
                fresh = [row for row in rows if (row.company, row.invoice) not in taken]
                for _, number in taken:
                    report.new -= 1
                    report.refused.add(f"{number}: somebody entered it meanwhile: import the file once more")
                if fresh:
                    entries = open_rows(
                        *(
                            connection,
                            fresh,
                            debtors,
                            parties,
                            decider,
                            self._now,
                            self._source.name,
                            self._who,
                        )
                    )
                    self._register(session, plan, fresh)
                    self._note(session, [entry.opening.invoice_id for entry in entries])
                session.expire_all()
            parties.keep()
            self._progress("record", min(start + BATCH, len(plan.rows)), len(plan.rows))

    def _survey(
        self, session: Session, rows: Sequence[Row], policies: Mapping[str, Policy]
    ) -> dict[DebtorKey, Debtor]:
        """What each customer of new invoices owes in all: the policy of an invoice depends on it."""
        keys = {debtor_key(row) for row in rows}
        debtors = debtors_of(session.connection(), keys, self._today)
        for row in rows:
            key = debtor_key(row)
            debtor = debtors.get(key)
            if debtor is None:
                debtor = debtors[key] = Debtor(row.country, row.timezone, row.segment, row.risk)
            debtor.add(row, self._today(debtor.calendar), policies)
        return debtors

    def _register(self, session: Session, plan: Plan, rows: Sequence[Row]) -> None:
        """What no column of a portfolio has: numbers in registers, and of which invoice each part is."""
        parts = {row.invoice: plan.parts[row.invoice] for row in rows if row.invoice in plan.parts}
        if parts:
            raw(session.connection()).execute(
                """
                UPDATE invoice SET part_of = told.whole
                  FROM unnest(%s::text[], %s::text[]) AS told (number, whole), company
                 WHERE company.ref = %s AND invoice.company_id = company.id AND invoice.number = told.number
                """,
                (list(parts), list(parts.values()), self._company),
            )
        told = {
            row.customer: plan.registrations[row.customer]
            for row in rows
            if row.customer in plan.registrations
        }
        if told:
            raw(session.connection()).execute(
                """
                UPDATE customer SET registration = told.registration
                  FROM unnest(%s::text[], %s::text[]) AS told (ref, registration), company
                 WHERE company.ref = %s AND customer.company_id = company.id AND customer.ref = told.ref
                   AND customer.registration IS NULL
                """,
                (list(told), list(told.values()), self._company),
            )

    def _note(self, session: Session, invoices: Sequence[object]) -> None:
        """Keep the first notes, for whoever waits for the answer; the relay has them all."""
        if len(self.notes) < BATCH:
            found = raw(session.connection()).execute(
                "SELECT id FROM outbox_note WHERE workflow = %s AND key = ANY(%s) ORDER BY id",
                (NoteTo.CASE.value, list(invoices)),
            )
            self.notes += [row[0] for row in found]

    def _keep(self, plan: Plan, report: IntakeReport) -> None:
        """Customers' credit, one transaction a customer: as the plan found it, or not at all."""
        for place, each in enumerate(plan.kept):
            with self._begin() as session:
                customer = customer_by_ref(session, self._company, each.customer)
                standing = session.exec(
                    select(PaymentRow)
                    .where(
                        PaymentRow.customer_id == customer.id,
                        PaymentRow.currency == each.currency,
                        col(PaymentRow.invoice_id).is_(None),
                        col(PaymentRow.reversed_at).is_(None),
                    )
                    .with_for_update()
                ).all()
                if sum((payment.amount for payment in standing), Decimal(0)) != each.had:
                    report.refused.add(
                        f"{each.customer}: its credit changed meanwhile: import the file once more"
                    )
                    continue
                today = self._today(business_calendar(customer.country, customer.zone))
                for payment in standing:
                    if payment.id in each.ended:
                        self.notes += end_credit(
                            session, customer, payment, "credit_moved", today, self._now, self._who
                        )
                for number, day, amount in each.more:
                    credit = NewCredit(
                        event_id=f"{LISTED}{uuid4()}",
                        amount=amount,
                        currency=each.currency,
                        received_on=min(day, today),
                        reference=number[:100],
                    )
                    self.notes += keep_credit(
                        session, customer, credit, self._now, self._who, self._source.name
                    )
            self._progress("record", place + 1, len(plan.kept))

    def _tell(self, plan: Plan, report: IntakeReport) -> None:
        """Facts about invoices that the ledger had: each once, by its own event id or its content."""
        digest = _digest(self._source) if plan.settlements else ""
        told: list[tuple[str, CaseSignal, Fact]] = [
            *((each.number, CaseSignal.INVOICE_CHANGED, each.fact) for each in plan.changes),
            *(
                (each.number, CaseSignal.PAYMENT_RECEIVED, self._payment(each, digest))
                for each in plan.settlements
            ),
            *(
                (number, CaseSignal.CREDIT_NOTE_ISSUED, _credit_note(credit, number))
                for credit, number in plan.credits
            ),
        ]
        for start in range(0, len(told), FACTS):
            with self._begin() as session:
                for number, signal, fact in told[start : start + FACTS]:
                    try:
                        done = record(
                            session,
                            now=self._now,
                            invoice=(self._company, number),
                            fact=fact,
                            signal=signal,
                            who=self._who,
                        )
                    except RelanceError as error:
                        report.refused.add(f"{number}: {signal.value.replace('_', ' ')}: {error}")
                        continue
                    self.notes += done.notes
                    report.settled += signal is CaseSignal.PAYMENT_RECEIVED and not done.duplicate

    def _payment(self, settlement: Settlement, digest: str) -> PaymentReceived:
        return PaymentReceived(
            amount=settlement.amount,
            currency=settlement.currency,
            reference="open items",
            event_id=f"open-items:{digest[:24]}:{settlement.number}:{settlement.left}",
            note=f"{self._source.name}: {settlement.left} {settlement.currency} left of it",
        )


def _credit_note(credit: Credit, invoice: str) -> CreditNoteIssued:
    return CreditNoteIssued(
        amount=credit.amount,
        currency=credit.currency,
        number=credit.number,
        issued_on=credit.issued_on,
        event_id=f"credit-note:{credit.number}:{invoice}",
    )


def _digest(source: Source) -> str:
    found = hashlib.sha256()
    file = source.start()
    while chunk := file.read(1 << 20):
        found.update(chunk)
    return found.hexdigest()
