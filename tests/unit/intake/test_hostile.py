"""Files made to hurt: each refused within bounded time and memory, with its reason."""

from __future__ import annotations

import io
import tracemalloc
import zipfile

import pytest

from admin.intake import xlsx
from admin.intake.items import IntakeError, Reading, Refused, Source
from admin.intake.readers import read_items
from admin.intake.recognise import recognised
from tests.unit.intake.files import read, workbook

ROWS: list[list[object]] = [["N° facture", "Code client", "Date", "Solde"], ["F-1", "C-1", "15/01/2026", 10]]


def repacked(replaced: dict[str, bytes], content: bytes | None = None) -> bytes:
    """A workbook with some of its parts in other words."""
    kept = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content or workbook(ROWS))) as archive,
        zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as other,
    ):
        for part in archive.infolist():
            other.writestr(part.filename, replaced.get(part.filename, archive.read(part)))
    return kept.getvalue()


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = repacked({"xl/worksheets/sheet1.xml": b"<" + b" " * 30_000_000})
    tracemalloc.start()
    with pytest.raises(IntakeError, match=r"xl/worksheets/sheet1.xml unpacks [\d,]+ times, at most 200"):
        read(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000


def test_a_directory_that_lies_of_a_parts_size_gains_nothing() -> None:
    bomb = bytearray(repacked({"xl/worksheets/sheet1.xml": b"<" + b" " * 30_000_000}))
    declared = (30_000_001).to_bytes(4, "little")
    while (place := bomb.find(declared)) >= 0:
        bomb[place : place + 4] = (4_000).to_bytes(4, "little")
    with pytest.raises(IntakeError, match="damaged or truncated"):
        read(bytes(bomb))


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"])
def test_entities_in_a_workbook_are_refused(part: str) -> None:
    with zipfile.ZipFile(io.BytesIO(workbook(ROWS))) as archive:
        text = archive.read(part).decode()
    root = text.find("<", text.find("?>") if text.startswith("<?xml") else 0)
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    with pytest.raises(IntakeError, match=r"entities|document type"):
        read(repacked({part: (text[:root] + bomb + text[root:]).encode()}))


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_a_truncated_workbook_is_refused(cut: float) -> None:
    content = workbook(ROWS)
    with pytest.raises(IntakeError, match="damaged or truncated"):
        read(content[: int(len(content) * cut)])


def test_a_sheet_with_too_many_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MAX_CELLS", 20)
    with pytest.raises(IntakeError, match="more than 20 cells"):
        read(workbook([*ROWS, *[["F", "C", "15/01/2026", 1]] * 10]))


class Endless(io.RawIOBase):
    """A file of one line of 100 MB, which is nowhere as a whole."""

    head = "N° facture;Code client;Date;Solde\nF-1;C-1;15/01/2026;".encode()
    tail = b"\nF-2;C-1;15/01/2026;10,00\n"
    length = 100_000_000

    def __init__(self) -> None:
        self.place = 0
        self.size = len(self.head) + self.length + len(self.tail)

    def seek(self, place: int, whence: int = 0) -> int:
        assert whence == 0
        self.place = place
        return place

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        begin, end = self.place, min(self.size, self.place + size)
        assert size >= 0
        middle = max(0, min(end, len(self.head) + self.length) - max(begin, len(self.head)))
        after = len(self.head) + self.length
        found = self.head[begin:end] + b"9" * middle + self.tail[max(0, begin - after) : max(0, end - after)]
        self.place = end
        return found


def test_a_line_of_100_megabytes_costs_itself_alone() -> None:
    file = Endless()
    source = Source("long.csv", file, file.size)  # type: ignore[arg-type]  # as much of a file as is read
    tracemalloc.start()
    refused, sound = read_items(recognised(source), source, Reading())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(refused, Refused)
    assert "too long: a line of 100,000," in refused.reason
    assert sound[1] == "F-2"
    assert peak < 8_000_000
