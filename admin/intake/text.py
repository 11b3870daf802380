"""A text file in any usual encoding and with any line ending, as UTF-8 lines for `admin.portfolio.lines`."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from typing import BinaryIO, Final

from admin.intake.items import Source

_CHUNK: Final = 1 << 18
SEPARATORS: Final = (";", "\t", "|", ",")

_C1: Final = bytes(range(0x80, 0xA0))
_NO_CP1252: Final = b"\x81\x8d\x8f\x90\x9d"


def encoding_of(source: Source) -> str:
    """How a text is encoded: by its mark, else UTF-8 where all of it is, else a western single-byte set.

    Of those, Windows-1252 where it uses characters that only that one has; ISO 8859-15 where it writes a euro
    sign as that does; else Windows-1252, which has the same letters.

    Raises:
        IntakeError: it fits none.
    """
    file = source.start()
    head = file.read(4)
    if head.startswith(codecs.BOM_UTF8):
        return _checked_utf8(source, "utf-8-sig")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) >= 2 and head[1] == 0 and head[0]:
        return "utf-16-le"
    if len(head) >= 2 and head[0] == 0 and head[1]:
        return "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    seen: Counter[int] = Counter()
    is_utf8 = True
    while chunk := file.read(_CHUNK):
        if is_utf8:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                is_utf8 = False
                file.seek(0)
                continue
        else:
            seen.update(chunk.translate(None, bytes(range(0x80))))
    if is_utf8:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise source.refused("truncated: the file ends in the middle of a character") from None
        return "utf-8"
    odd = next((byte for byte in _NO_CP1252 if seen[byte]), None)
    if odd is not None:
        raise source.refused(
            f"its encoding is not known: byte 0x{odd:02X} is neither UTF-8, Windows-1252 nor ISO 8859-15; "
            "save it as UTF-8"
        )
    if any(seen[byte] for byte in _C1):
        return "cp1252"
    return "iso8859-15" if seen[0xA4] else "cp1252"


def _checked_utf8(source: Source, codec: str) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    file = source.start()
    offset = 0
    while chunk := file.read(_CHUNK):
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise source.refused(
                f"marked as UTF-8, but the bytes about byte {offset + error.start + 1} are not"
            ) from None
        offset += len(chunk)
    return codec


class Utf8(io.RawIOBase):
    """The bytes of a text, in UTF-8, each line ending with a line feed; read in chunks."""

    def __init__(self, source: Source, encoding: str) -> None:
        """`encoding` as `encoding_of` said."""
        self._source = source
        self._encoding = encoding
        self._file: BinaryIO = source.start()
        self._decoder = io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder(encoding)("strict"), translate=True
        )
        self._left = b""
        self._ended = False
        self.taken = 0

    def readable(self) -> bool:
        """It is only read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # wider in typeshed
        """Fill the buffer with what comes next.

        Raises:
            IntakeError: the file ends in the middle of a character.
        """
        while not self._left and not self._ended:
            chunk = self._file.read(_CHUNK)
            self.taken += len(chunk)
            self._ended = not chunk
            try:
                self._left = self._decoder.decode(chunk, final=self._ended).encode("utf-8", "replace")
            except UnicodeDecodeError:
                place = "at its end" if self._ended else f"near byte {self.taken:,}"
                raise self._source.refused(f"damaged or truncated: not {self._encoding} {place}") from None
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def separator_of(sample: str) -> str:
    """What separates the cells: the mark that the most lines of the sample have the same number of times."""
    lines = [line for line in sample.splitlines()[:200] if line.strip()]
    best, score = ",", (0, 0)
    for mark in SEPARATORS:
        counts = Counter(_cells(line, mark) for line in lines)
        counts.pop(1, None)
        if counts:
            cells, times = counts.most_common(1)[0]
            score, best = max((score, best), ((times * min(cells, 4), cells), mark))
    return best


def _cells(line: str, mark: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=mark)))
    except (csv.Error, StopIteration):
        return 1
