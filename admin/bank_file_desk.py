"""The desk's part about bank files: bring one, see what it says first, wait until it is imported."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select
from temporalio.client import WorkflowFailureError
from temporalio.service import RPCError

from activities.bank_files import Opened
from activities.bank_files.check import read
from activities.installation import who_runs
from activities.store.bank_lines import (
    MAX_FILE,
    accounts_of,
    add_account,
    keep_file,
    same_account,
)
from activities.store.engine import transaction, trial
from activities.store.lookup import company_by_ref
from admin.bank_preview import preview_bank_file
from admin.cli.output import remark
from admin.desk import Desk
from admin.queries.bank_files import BankFileTold, bank_accounts, bank_files
from models.errors import InvalidFact, NotFound, RelanceError
from models.ids import STATUS_QUERY, bank_import_id
from models.messages import BankImported
from models.tables import AuditEvent, Company
from rules.bank_accounts import account_number
from workflows.runtime import connect

_LOOK_S: Final = 2.0
"""Seconds between two looks at how far an import is."""


class BankFileDesk(Desk):
    """One installation, as the commands about bank files see it."""

    def bank_file(self, path: Path, company: str | None, *, dry_run: bool, wait: bool) -> tuple[str, bool]:
        """Import a file, or say what it says; the words, and whether it was taken.

        Raises:
            RelanceError: it cannot be read, is refused, or nobody knows whose it is.
        """
        content = _content(path)
        if dry_run:
            return self._tried(path, content, company), True
        with transaction(self._engine) as session:
            row = _company(session, company, content, path.name)
            file, notes = keep_file(session, row, content, path.name, self._clock.now(), who_runs())
            workflow, file_id, company_id = bank_import_id(row.ref, file.content_hash), file.id, row.id
        self.deliver(notes)
        if wait:
            asyncio.run(_wait(workflow))
        told = self._file(company_id, file_id)
        return _words(told), told.refusal is None

    def bank_account(self, company: str, account: str | None) -> str:
        """The accounts whose statements a company reads; with `account`, another one."""
        with transaction(self._engine) as session:
            row = company_by_ref(session, company)
            if account is not None:
                number = account_number(account)
                add_account(session, row, number, self._clock.now(), who_runs())
                session.add(
                    AuditEvent(
                        at=self._clock.now(),
                        company_id=row.id,
                        who=who_runs(),
                        what="add_bank_account",
                        detail={"account": number},
                    )
                )
                session.flush()
            accounts = bank_accounts(session, row.id)
        if not accounts:
            return f"{company} has no account yet: relance bank-account {company} IBAN"
        return "\n".join(
            f"{told.account}  known up to {told.known_until or '-'}"
            + (f", closing at {told.closing:,.2f}" if told.closing is not None else "")
            for told in accounts
        )

    def _tried(self, path: Path, content: bytes, company: str | None) -> str:
        """What an import would find: all of it is done, and undone."""
        with trial(self._engine) as session:
            row = _company(session, company, content, path.name)
            seen = preview_bank_file(session, row, content, path.name, self._clock.now(), who_runs())
        if seen.here:
            how = "here already: a worker imports it" if seen.told.state == "received" else "imported already"
            return f"{path.name} is {how}; nothing is written"
        return f"{_words(seen.told)}\nA dry run: nothing is written."

    def _file(self, company_id: UUID, file_id: UUID) -> BankFileTold:
        with transaction(self._engine) as session:
            (told,) = bank_files(session, company_id, file_id)
        return told


async def _wait(workflow: str) -> BankImported | None:
    """The end of an import; None where Temporal does not know it (it is told later)."""
    client = await connect()
    handle = client.get_workflow_handle(workflow, result_type=BankImported)
    ended = asyncio.create_task(handle.result())
    seen = 0
    try:
        while not (await asyncio.wait({ended}, timeout=_LOOK_S))[0]:
            matched = await handle.query(STATUS_QUERY, result_type=int)
            if matched > seen:
                remark(f"{matched:,} lines are matched")
            seen = matched
        done: BankImported = ended.result()
        return done
    except WorkflowFailureError as error:
        raise RelanceError(f"the import stopped: {error.cause}") from None
    except RPCError:
        return None
    finally:
        ended.cancel()


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE:
            raise InvalidFact(f"{path}: it has {size:,} bytes, at most {MAX_FILE:,} are taken")
        return path.read_bytes()
    except OSError as error:
        raise NotFound(f"{path}: cannot be read ({error.strerror})") from None


def _company(session: Session, ref: str | None, content: bytes, name: str) -> Company:
    """The company given, else the only one that the first account of the file is of."""
    if ref is not None:
        return company_by_ref(session, ref)
    first = next(part for part in read(content, name) if isinstance(part, Opened))
    companies = session.exec(select(Company).order_by(col(Company.ref))).all()
    owners = [
        company
        for company in companies
        if first.account and any(same_account(ours, first.account) for ours in accounts_of(session, company))
    ]
    if len(owners) == 1:
        return owners[0]
    if not owners:
        raise NotFound(
            f"account {first.account or '(not named)'}: no company reads it; name yours with --company"
        )
    raise InvalidFact(f"account {first.account}: {len(owners)} companies read it; name yours with --company")


def _words(told: BankFileTold) -> str:
    if told.refusal is not None:
        return f"{told.name}: refused. {told.refusal}"
    lines = [
        f"{told.name} ({told.kind}): {told.lines:,} movements, {told.known:,} known before, "
        f"{told.pending:,} not booked yet"
    ]
    for statement in told.statements[:20]:
        lines.append(
            f"  {statement.account} {statement.currency or ''}: {_sum(statement.opening)} -> "
            f"{_sum(statement.closing)}"
            + (f" on {statement.closed_on}" if statement.closed_on else "")
            + f", {statement.lines:,} lines, {_sum(statement.received)} in, {_sum(statement.paid)} out"
        )
    if len(told.statements) > 20:
        lines.append(f"  and {len(told.statements) - 20:,} statements more")
    lines.append(
        f"  {told.booked:,} booked, {told.proposed:,} proposed, {told.unallocated:,} unallocated, "
        f"{told.ignored:,} set aside, {told.returned:,} returned, {told.waiting:,} not matched yet"
    )
    if told.state in ("received", "stored"):
        lines.append(f"  {told.state}: a worker imports it")
    return "\n".join([*lines, *(f"  ! {warning}" for warning in told.warnings)])


def _sum(amount: Decimal | None) -> str:
    return "?" if amount is None else f"{amount:,.2f}"
