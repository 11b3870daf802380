"""CSV as accounting programs write it: any usual separator, encoding and line ending, in bounded memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final

from admin.intake.items import Item, Reading, Source
from admin.intake.table import TableRow, read_table
from admin.intake.text import Utf8, encoding_of, separator_of
from admin.portfolio.lines import Lines, Record, records

_SAMPLE: Final = 64 * 1024


def read_csv(source: Source, reading: Reading) -> Iterator[Item]:
    """The items of a CSV file.

    Raises:
        IntakeError: its encoding or its headers are not understood.
    """
    return read_table(source, reading, _rows(source, reading))


def _rows(source: Source, reading: Reading) -> Iterator[TableRow]:
    encoding = encoding_of(source)
    for record in text_records(source, encoding, separator_of(sample_of(source, encoding)), reading):
        yield TableRow(f"line {record.line}", list(record.cells), record.fault)


def sample_of(source: Source, encoding: str) -> str:
    """The beginning of a text."""
    return Utf8(source, encoding).read(_SAMPLE).decode("utf-8", "replace")


def text_records(source: Source, encoding: str, separator: str, reading: Reading) -> Iterator[Record]:
    """The records of a text, telling `reading` how far into the file they come."""
    stream = Utf8(source, encoding)
    lines = Lines(io.BufferedReader(stream, 1 << 16))
    for count, record in enumerate(records(lines, None, separator)):
        if count % 1000 == 0:
            reading.read(stream.taken)
        yield record
    reading.read(stream.taken)
