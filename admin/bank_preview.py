"""What a bank file would bring, found out by bringing it, and undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from activities.bank_files import Movement
from activities.bank_files.check import read
from activities.store.bank_lines import keep_file, store_lines
from admin.queries.bank_files import BankFileTold, bank_files
from models.tables import Company


@dataclass(frozen=True, slots=True)
class BankPreview:
    """What a file says. `here`: it came before, and is what it became. `since` and `until`: its movements."""

    told: BankFileTold
    here: bool
    since: date | None = None
    until: date | None = None


def preview_bank_file(
    session: Session, company: Company, content: bytes, name: str, now: datetime, who: str
) -> BankPreview:
    """Look at a file as its import will see it: all of it is written.

    Args:
        session: a trial, which is undone.
        company: whose accounts it should be of.
        content: the file.
        name: as it is called.
        now: business time.
        who: who looks.

    Raises:
        BadFile: it would be refused.
        InvalidFact: it is too large.
    """
    file, notes = keep_file(session, company, content, name, now, who)
    if not notes:
        (told,) = bank_files(session, company.id, file.id)
        return BankPreview(told, here=True)
    days = [part.booked_on for part in read(content, name) if isinstance(part, Movement)]
    stored = store_lines(session, file, content, now)
    file.report, file.kind = stored.report(), stored.kind
    session.flush()
    (told,) = bank_files(session, company.id, file.id)
    return BankPreview(told, False, min(days, default=None), max(days, default=None))
