"""Reading a bank file whole: by the reader of its kind, with the sums of every statement checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from activities.bank_files import camt, cfonb, mt940, sheet
from activities.bank_files.parts import BadFile, Closed, Kind, Movement, Opened, Part
from activities.bank_files.recognise import recognise

READERS: Final[Mapping[Kind, Callable[[bytes], Iterator[Part]]]] = {
    Kind.CAMT: camt.read,
    Kind.CFONB: cfonb.read,
    Kind.MT940: mt940.read,
    Kind.CSV: sheet.read,
}

MAX_LINES: Final = 1_000_000


def read(content: bytes, name: str) -> Iterator[Part]:
    """What a file says, in its order. Whoever reads keeps nothing of it until the end is reached.

    Args:
        content: the file.
        name: as it was called: for the words of a refusal only.

    Raises:
        BadFile: it cannot be read, or its sums are wrong.
    """
    opened: Opened | None = None
    total = Decimal(0)
    statements = movements = 0
    for part in READERS[recognise(content[:65536], name)](content):
        if isinstance(part, Opened):
            opened, total = part, Decimal(0)
            statements += 1
        elif opened is None:
            raise BadFile(part.where, "a movement outside any statement")
        elif isinstance(part, Movement):
            movements += 1
            if movements > MAX_LINES:
                raise BadFile(part.where, f"the file has over {MAX_LINES:,} movements: send it in parts")
            _same_currency(opened, part)
            if not part.pending:
                total += part.amount if part.incoming else -part.amount
        else:
            _balances(opened, part, total)
            opened = None
        yield part
    if opened is not None:
        raise BadFile(opened.where, "the file ends in the middle of this statement: it was cut off")
    if not statements:
        raise BadFile("", "it holds no statement of any account")


def _same_currency(opened: Opened, part: Movement) -> None:
    if opened.currency and part.currency and part.currency != opened.currency:
        raise BadFile(part.where, f"an amount in {part.currency} on an account in {opened.currency}")


def _balances(opened: Opened, closed: Closed, total: Decimal) -> None:
    if opened.opening is None or closed.closing is None:
        return
    reached = opened.opening + total
    if reached != closed.closing:
        account = opened.account or "the account"
        raise BadFile(
            closed.where,
            f"{account}: {opened.opening:,.2f} and movements of {total:+,.2f} make {reached:,.2f}, "
            f"the statement closes at {closed.closing:,.2f}: a movement is missing or wrong",
        )
