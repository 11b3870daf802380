"""A file that was cut off, anywhere, is refused: what is missing could be the payment itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import mt940 as library
import pytest

from activities.bank_files import BadFile, Movement, read
from tests.unit.bank_files.statements import Entry, camt, cfonb

STATEMENTS = {
    "camt": camt([Entry("50.10", text="é"), Entry("-7.00")]),
    "cfonb": "\n".join(
        [
            cfonb("01", at_35="040326", amount="100.00"),
            cfonb("04", at_35="050326", at_49="VIR", amount="50.10"),
            cfonb("05", at_46="LIB", at_49="FACTURE"),
            cfonb("07", at_35="050326", amount="150.10"),
        ]
    ).encode(),
    "mt940": b":20:A\n:25:1234567\n:28C:1\n:60F:C260304EUR100,00\n:61:2603050305C50,15NTRFR1\n:86:x\n"
    b":62F:C260305EUR150,15\n-\n",
}


def cuts(content: bytes) -> Iterator[bytes]:
    """Every beginning of a file that lacks more than blanks."""
    for end in range(1, len(content)):
        if content[end:].strip(b" \r\n-"):
            yield content[:end]


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_cut_is_refused(name: str) -> None:
    content = STATEMENTS[name]
    assert list(read(content, name))
    taken: list[object] = []
    for cut in cuts(content):
        with suppress(BadFile):
            taken.append(list(read(cut, name)))
    assert taken == []


def test_the_library_for_mt940_reads_the_same_movements() -> None:
    content = STATEMENTS["mt940"]
    theirs = [(one.data["amount"].amount, one.data["date"]) for one in library.parse(content.decode())]
    ours = [(part.amount, part.value_on) for part in read(content, "mt940") if isinstance(part, Movement)]
    assert ours == theirs
