"""Bank files in the ledger: their bytes kept once, their lines stored all or none, each line once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

from psycopg import sql
from sqlmodel import Session, select

from activities.bank_files import BadFile, Closed, Movement, Opened, Part, read, recognise
from activities.envelope import store_bytes
from activities.store.bank_identity import Group, Known, Shown, identity, shown
from activities.store.outbox import add_note
from activities.store.sql import driver, run
from models.errors import InvalidFact
from models.ids import START_NOTE
from models.tables import BankAccount, BankFile, Company
from models.tables.words import BankDirection, BankFileState, BankLineState, NoteTo

MAX_FILE: Final = 128 * 1024 * 1024
"""Bytes: 100,000 lines of CAMT.053 take about this much."""
CHUNK: Final = 2_000

_COLUMNS: Final = (
    "id", "company_id", "file_id", "place", "line_key", "identity", "account_iban", "booked_on", "value_on",
    "amount", "direction", "currency", "bank_ref", "end_to_end_id", "structured_ref", "text", "payer_name",
    "payer_iban", "is_return", "return_reason", "batch", "is_batch", "state", "reason", "settled_at",
)  # fmt: skip
_COPY: Final = sql.SQL("COPY bank_line ({}) FROM STDIN").format(
    sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
)
_KNOWN: Final = """
    SELECT identity, id, bank_ref, end_to_end_id, text
      FROM bank_line
     WHERE company_id = %(company)s AND identity = ANY (%(identities)s) AND file_id <> %(file)s
"""
# One file may give the sum of a batch, another its parts: the money came once.
_PARTS_KNOWN: Final = """
    UPDATE bank_line whole
       SET state = 'ignored', reason = %(reason)s, settled_at = %(now)s
     WHERE whole.company_id = %(company)s AND whole.is_batch AND whole.batch = ANY (%(batches)s)
       AND whole.state IN ('new', 'proposed', 'unallocated')
       AND whole.amount = (SELECT sum(part.amount)
                             FROM bank_line part
                            WHERE part.company_id = whole.company_id AND part.batch = whole.batch
                              AND NOT part.is_batch AND part.account_iban = whole.account_iban
                              AND part.direction = whole.direction)
"""
_WHOLE_BOOKED: Final = """
    UPDATE bank_line part
       SET state = 'ignored', reason = %(reason)s, settled_at = %(now)s
      FROM bank_line whole
     WHERE part.file_id = %(file)s AND NOT part.is_batch AND part.state = 'new'
       AND part.batch = ANY (%(batches)s)
       AND whole.company_id = part.company_id AND whole.is_batch AND whole.batch = part.batch
       AND whole.account_iban = part.account_iban AND whole.direction = part.direction
       AND whole.state IN ('booked', 'returned')
"""


@dataclass(slots=True)
class _Statement:
    """One statement, for the report."""

    account: str
    currency: str
    opening: Decimal | None
    lines: int = 0
    received: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)


@dataclass(slots=True)
class Stored:
    """What storing a file found: its report as it is kept."""

    kind: str
    statements: list[dict[str, Any]] = field(default_factory=list)
    lines: int = 0
    new: int = 0
    known: int = 0
    pending: int = 0

    def report(self) -> dict[str, Any]:
        """As JSON: amounts and days are texts."""
        return {
            "statements": self.statements,
            "lines": self.lines,
            "new": self.new,
            "known": self.known,
            "pending": self.pending,
            "warnings": [],
        }


def keep_file(
    session: Session, company: Company, content: bytes, name: str, now: datetime, who: str
) -> tuple[BankFile, list[int]]:
    """Keep a file's bytes and have it imported; the same bytes once more are the same file.

    Args:
        session: the transaction.
        company: whose accounts it should be of.
        content: the file.
        name: as it is called where it comes from.
        now: business time.
        who: who brings it.

    Returns:
        Its row, and the notes to deliver after the commit (none for a file that came before).

    Raises:
        InvalidFact: it is too large, or no bank file at all by its first bytes.
    """
    if len(content) > MAX_FILE:
        raise InvalidFact(
            f"file: it has {len(content):,} bytes, at most {MAX_FILE:,} are taken: send it in parts"
        )
    digest = hashlib.sha256(content).hexdigest()
    # Two requests with one file: the second waits here, then finds the first one's row.
    run(session, "SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", key=f"{company.id}/{digest}")
    before = session.exec(
        select(BankFile).where(BankFile.company_id == company.id, BankFile.content_hash == digest)
    ).one_or_none()
    if before is not None and before.state != BankFileState.REFUSED:
        return before, []
    kind = recognise(content[:65536], name)
    if before is not None:
        # It was refused: what stood in its way (an account not named yet) may be mended.
        before.state, before.refusal, before.finished_at, before.report = (
            BankFileState.RECEIVED,
            None,
            None,
            {},
        )
        row = before
    else:
        store_bytes(session, "application/octet-stream", content)
        row = BankFile(
            id=uuid4(),
            company_id=company.id,
            content_hash=digest,
            name=name[:200],
            size=len(content),
            kind=kind,
            received_at=now,
            received_by=who,
        )
        session.add(row)
    session.flush()
    note = add_note(session, workflow=NoteTo.BANK_IMPORT, key=row.id, signal=START_NOTE, now=now)
    return row, [note]


def add_account(session: Session, company: Company, account: str, now: datetime, who: str) -> BankAccount:
    """Have a company read the statements of an account; its row, which may be there already."""
    found = session.get(BankAccount, (company.id, account))
    if found is None:
        found = BankAccount(company_id=company.id, account=account, added_at=now, added_by=who)
        session.add(found)
        session.flush()
    return found


def store_lines(
    session: Session,
    file: BankFile,
    content: bytes,
    now: datetime,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Stored:
    """Write every line of a file that the ledger does not have yet. The caller commits: all, or none.

    Args:
        session: the transaction; no other file of the company is stored until it ends.
        file: its row.
        content: its bytes.
        now: business time.
        on_progress: told how many lines were read, chunk by chunk.

    Raises:
        BadFile: the file is refused; nothing of it may be committed.
    """
    run(session, "SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", key=f"bank/{file.company_id}")
    return _Store(session, file, now).all(read(content, file.name), str(file.kind), on_progress)


class _Store:
    """One file on its way into the ledger."""

    def __init__(self, session: Session, file: BankFile, now: datetime) -> None:
        self._session = session
        self._file = file
        self._now = now
        self._company = session.get_one(Company, file.company_id)
        self._accounts = accounts_of(session, self._company)
        self._groups: dict[str, Group] = {}
        self._batches: set[str] = set()

    def all(self, parts: Iterable[Part], kind: str, on_progress: Callable[[int], None]) -> Stored:
        stored = Stored(kind)
        for chunk in _chunks(self._lines(parts, stored), CHUNK):
            self._write(chunk, stored)
            on_progress(stored.lines)
        if self._batches:
            told = {"company": self._company.id, "batches": list(self._batches), "now": self._now}
            run(
                self._session,
                _WHOLE_BOOKED,
                reason="the sum of its batch is booked already",
                file=self._file.id,
                batches=told["batches"],
                now=self._now,
            )
            run(self._session, _PARTS_KNOWN, reason="its parts are lines of their own", **told)
        return stored

    def _lines(self, parts: Iterable[Part], stored: Stored) -> Iterator[tuple[_Statement, Movement]]:
        statement: _Statement | None = None
        opened: Opened | None = None
        for part in parts:
            if isinstance(part, Opened):
                opened = part
                statement = _Statement(self._account(part), part.currency or "", part.opening)
            elif isinstance(part, Movement):
                assert statement is not None  # noqa: S101 (`read` checks it)
                stored.lines += 1
                if part.pending:
                    stored.pending += 1
                    continue
                statement.lines += 1
                if part.incoming:
                    statement.received += part.amount
                else:
                    statement.paid += part.amount
                yield statement, part
            else:
                assert statement is not None and opened is not None  # noqa: S101, PT018 (`read` checks it)
                self._conclude(statement, opened, part, stored)

    def _conclude(self, statement: _Statement, opened: Opened, closed: Closed, stored: Stored) -> None:
        stored.statements.append(
            {
                "account": statement.account,
                "currency": statement.currency or None,
                "number": opened.number,
                "opening": _text(statement.opening),
                "closing": _text(closed.closing),
                "closed_on": None if closed.closed_on is None else str(closed.closed_on),
                "lines": statement.lines,
                "received": _text(statement.received),
                "paid": _text(statement.paid),
            }
        )

    def _account(self, opened: Opened) -> str:
        """The company's account the statement is of.

        Raises:
            BadFile: it is none of the company's.
        """
        known = sorted(self._accounts)
        if opened.account is None:
            if len(known) == 1:
                return known[0]
            raise BadFile(
                opened.where,
                f"it names no account, and {self._company.ref} has {len(known)}: write it above the header",
            )
        found = next((account for account in known if same_account(account, opened.account)), None)
        if found is None:
            raise BadFile(
                opened.where,
                f"account {opened.account} is none of {self._company.ref}'s: name it with "
                f"`relance bank-account {self._company.ref} {opened.account}` if it is",
            )
        return found

    def _write(self, chunk: list[tuple[_Statement, Movement]], stored: Stored) -> None:
        named = []
        for statement, movement in chunk:
            currency = movement.currency or statement.currency or "EUR"
            named.append((statement, movement, currency, identity(statement.account, movement, currency)))
        self._learn({key for *_, key in named} - self._groups.keys())
        with driver(self._session).cursor() as cursor, cursor.copy(_COPY) as copy:
            for place, (statement, movement, currency, key) in enumerate(
                named, start=stored.new + stored.known
            ):
                group = self._groups[key]
                if group.answers(shown(movement)):
                    stored.known += 1
                    continue
                group.total += 1
                stored.new += 1
                copy.write_row(self._row(statement, movement, currency, key, group.total, place + 1))

    def _learn(self, identities: set[str]) -> None:
        """Read the ledger's lines that those of the chunk may be."""
        for key in identities:
            self._groups[key] = Group()
        found: dict[str, list[Known]] = {}
        rows = run(
            self._session,
            _KNOWN,
            company=self._company.id,
            identities=list(identities),
            file=self._file.id,
        )
        for key, line, *told in rows:
            found.setdefault(key, []).append(Known(line, Shown(*told)))
        for key, lines in found.items():
            self._groups[key].know(lines)

    def _row(
        self, statement: _Statement, movement: Movement, currency: str, key: str, number: int, place: int
    ) -> tuple[object, ...]:
        state, reason = self._first_state(movement)
        if movement.batch:
            self._batches.add(movement.batch)
        return (
            uuid4(),
            self._company.id,
            self._file.id,
            place,
            f"{key}-{number}",
            key,
            statement.account,
            movement.booked_on,
            movement.value_on,
            movement.amount,
            (BankDirection.IN if movement.incoming else BankDirection.OUT).value,
            currency,
            movement.bank_ref,
            movement.end_to_end_id,
            movement.structured_ref,
            movement.text,
            movement.payer_name,
            movement.payer_iban,
            movement.is_return,
            movement.return_reason,
            movement.batch,
            movement.is_batch,
            state.value,
            reason,
            None if state is BankLineState.NEW else self._now,
        )

    def _first_state(self, movement: Movement) -> tuple[BankLineState, str | None]:
        """What can be nothing a debtor paid is set aside at once, with why."""
        if movement.aside is not None:
            return BankLineState.IGNORED, movement.aside
        if movement.payer_iban is not None and movement.payer_iban in self._accounts:
            return BankLineState.IGNORED, "between accounts of our own"
        if movement.incoming and movement.is_return:
            return BankLineState.IGNORED, "a payment of ours that came back"
        if not movement.incoming and not movement.is_return:
            return BankLineState.IGNORED, "money that we paid"
        return BankLineState.NEW, None


def accounts_of(session: Session, company: Company) -> frozenset[str]:
    """The accounts whose statements a company reads: those named, and the one its invoices name."""
    named = session.exec(select(BankAccount.account).where(BankAccount.company_id == company.id)).all()
    return frozenset(named) | ({company.iban} if company.iban else frozenset())


def counts(session: Session, file_id: UUID) -> dict[str, int]:
    """Lines of a file by what became of them."""
    rows = run(
        session,
        "SELECT state, count(*) FROM bank_line WHERE file_id = %(file)s GROUP BY state",
        file=file_id,
    )
    found = dict.fromkeys((state.value for state in BankLineState), 0)
    found.update((state, number) for state, number in rows)
    return found


def same_account(ours: str, theirs: str) -> bool:
    """Whether a bank's way of writing an account is ours: the same, or code and number within the IBAN."""
    if ours == theirs:
        return True
    bank, slash, number = theirs.partition("/")
    # Germany: an IBAN is its bank code of eight digits, and the number padded to ten.
    return bool(slash) and ours[4:] == f"{bank}{number:0>10}" and ours.startswith("DE")


def _chunks(
    lines: Iterator[tuple[_Statement, Movement]], size: int
) -> Iterator[list[tuple[_Statement, Movement]]]:
    chunk: list[tuple[_Statement, Movement]] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")
