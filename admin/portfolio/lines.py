"""Records of a CSV file, read in bounded memory whatever the file holds.

The csv module alone would take a quote left open on line 5 for the start of a cell that runs to the end
of the file, and a cell of a gigabyte into memory. Here a line has a length limit, a record a number of
lines; whatever breaks them costs one record, and reading goes on with the next line.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

MAX_LINE: Final = 64 * 1024
"""Bytes of a line: a cell may have no more, and no sound row comes near."""

MAX_RECORD_LINES: Final = 50
"""Lines over which a quoted cell may run before its quote counts as never closed."""

BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """A physical line, without its end. `fault` says why it cannot be read; `text` is then for show."""

    number: int
    text: str
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one record, which starts on line `line`. With a `fault`, as far as they could be told."""

    line: int
    cells: list[str]
    fault: str | None = None


class _OutOfBounds(Exception):
    """The record being read does not end within its bounds."""


class _BadLine(Exception):
    """The next line cannot be read."""

    def __init__(self, line: Line) -> None:
        super().__init__(line.fault)
        self.line = line


class Lines:
    """The lines of a binary file, with a way back; what the csv module reads from.

    `bytes_read` is how far into the file reading has come.
    """

    def __init__(self, file: BinaryIO) -> None:
        """`file` stands at its start; a byte order mark is passed over."""
        self._file = file
        self._number = 0
        self._returned: deque[Line] = deque()
        self._size = 0
        self.taken: list[Line] = []
        self.bytes_read = 0

    def begin(self) -> None:
        """A new record begins with the next line."""
        self.taken.clear()
        self._size = 0

    def give_back(self, start: int) -> None:
        """Read the lines of this record from place `start` on once more, as records of their own."""
        self._returned.extendleft(reversed(self.taken[start:]))
        del self.taken[start:]

    def __iter__(self) -> Iterator[str]:
        """The lines themselves."""
        return self

    def __next__(self) -> str:
        """The next line of the record, with a line end.

        Raises:
            StopIteration: at the end of the file.
            _BadLine: the first line of the record cannot be read.
            _OutOfBounds: the record runs too far, or into a line that cannot be read.
        """
        line = self._returned.popleft() if self._returned else self._read()
        if line is None:
            raise StopIteration
        if line.fault is not None:
            if self.taken:
                self._returned.appendleft(line)
                raise _OutOfBounds
            raise _BadLine(line)
        self.taken.append(line)
        self._size += len(line.text)
        if len(self.taken) > MAX_RECORD_LINES or self._size > MAX_LINE:
            raise _OutOfBounds
        return line.text + "\n"

    def _read(self) -> Line | None:
        data = self._file.readline(MAX_LINE + 2)
        if not data:
            return None
        self._number += 1
        self.bytes_read += len(data)
        if self._number == 1:
            data = data.removeprefix(BOM)
        if not data.endswith(b"\n") and len(data) >= MAX_LINE:
            length = len(data) + self._skip_line()
            shown = data[:MAX_LINE].decode("utf-8", "replace").replace("\x00", "\ufffd")
            return Line(self._number, shown, f"too long: a line of {length:,} bytes, at most {MAX_LINE:,}")
        data = data.removesuffix(b"\n").removesuffix(b"\r")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            reason = f"not UTF-8: byte 0x{data[error.start]:02X} at byte {error.start + 1} of the line"
            return Line(self._number, data.decode("utf-8", "backslashreplace").replace("\x00", ""), reason)
        if "\x00" in text:
            reason = f"NUL character at position {text.index(chr(0)) + 1} of the line"
            return Line(self._number, text.replace("\x00", ""), reason)
        return Line(self._number, text)

    def _skip_line(self) -> int:
        skipped = 0
        while chunk := self._file.readline(MAX_LINE):
            skipped += len(chunk)
            if chunk.endswith(b"\n"):
                break
        self.bytes_read += skipped
        return skipped


def records(lines: Lines, width: int | None = None, delimiter: str = ",") -> Iterator[Record]:
    """The records of a file; blank lines are passed over. `delimiter` separates the cells.

    A record over several lines holds together only when it has `width` cells: otherwise its first line
    has a quote too many, and the others are records of their own.
    """
    reader = csv.reader(lines, strict=True, delimiter=delimiter)
    while True:
        lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _BadLine as bad:
            yield Record(bad.line.number, _as_far_as_told(bad.line.text), bad.line.fault)
            continue
        except (_OutOfBounds, csv.Error) as error:
            yield _badly_quoted(lines, error)
            continue
        if len(lines.taken) > 1 and width is not None and len(cells) != width:
            yield _badly_quoted(lines, None)
        elif cells:
            yield Record(lines.taken[0].number, cells)


def _badly_quoted(lines: Lines, error: Exception | None) -> Record:
    """The first line of the record is at fault; the lines read beyond it get another chance."""
    first = lines.taken[0]
    lines.give_back(1)
    if "\r" in first.text:
        reason = "carriage return inside the line: end each line with a line feed"
    elif isinstance(error, csv.Error) and "unexpected end" not in str(error):
        reason = "bad quoting: a quote inside a quoted cell must be doubled"
    else:
        reason = "bad quoting: the quote opened on this line is not closed"
    return Record(first.number, _as_far_as_told(first.text), reason)


def _as_far_as_told(text: str) -> list[str]:
    """The cells of a line that is not sound, read leniently, for show."""
    return next(csv.reader([text.replace("\r", " ")]), [])
