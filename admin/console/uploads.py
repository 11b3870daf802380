"""A form with a file, as browsers send it (`multipart/form-data`): read within bounds, of our own page only.

The body is in memory already, within the bound of `admin.api.limits`: what is bounded here is what it may be
made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from admin.api.limits import BODY
from admin.console.door import Forbidden, from_our_page, of_session

MOST_PARTS: Final = 30
MAX_FIELD: Final = 4_096
"""Bytes of a field that is no file."""
MAX_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """What a form brought: its fields, and its one file. Without a file `name` and `content` are empty."""

    fields: Mapping[str, str]
    name: str
    content: bytes


@dataclass(slots=True)
class _Reader:
    """Callbacks of the parser, and what they found."""

    fields: dict[str, str] = field(default_factory=dict)
    name: str = ""
    content: bytes = b""
    parts: int = 0
    ended: bool = False
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _header: bytes = b""
    _value: bytes = b""
    _data: list[bytes] = field(default_factory=list)
    _size: int = 0
    _is_file: bool = False

    def on_part_begin(self) -> None:
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise FormParserError("too many parts")
        self._headers, self._data, self._size, self._is_file = {}, [], 0, False

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def on_headers_finished(self) -> None:
        told = parse_options_header(self._headers.get(b"content-disposition"))[1]
        self._is_file = b"filename" in told
        self._headers = told

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if not self._is_file and self._size > MAX_FIELD:
            raise FormParserError("a field is too long")
        self._data.append(data[start:end])

    def on_part_end(self) -> None:
        content = b"".join(self._data)
        name = self._headers.get(b"name", b"").decode()
        if not self._is_file:
            self.fields[name] = content.decode()
        elif content or not self.name:
            self.name, self.content = _base_name(self._headers[b"filename"].decode()), content

    def on_end(self) -> None:
        self.ended = True


def upload_of(request: Request, token: str) -> Upload:
    """The fields and the file of a form that comes from our own page.

    Args:
        request: the POST.
        token: the session's.

    Raises:
        Forbidden: it comes from elsewhere, is of another session, or no such form.
    """
    from_our_page(request)
    kind, told = parse_options_header(request.headers.get("content-type"))
    reader = _Reader()
    try:
        if kind != b"multipart/form-data" or not told.get(b"boundary"):
            raise FormParserError("no form with a file")
        parser = MultipartParser(
            told[b"boundary"],
            {
                "on_part_begin": reader.on_part_begin,
                "on_header_field": reader.on_header_field,
                "on_header_value": reader.on_header_value,
                "on_header_end": reader.on_header_end,
                "on_headers_finished": reader.on_headers_finished,
                "on_part_data": reader.on_part_data,
                "on_part_end": reader.on_part_end,
                "on_end": reader.on_end,
            },
        )
        parser.write(request.scope[BODY])
        parser.finalize()
    except (FormParserError, UnicodeDecodeError):
        raise Forbidden("error.csrf") from None
    # A body that was cut off may lack the end of its file, and with it its last invoices.
    if not reader.ended:
        raise Forbidden("error.csrf")
    of_session(reader.fields, token)
    return Upload(reader.fields, reader.name, reader.content)


def _base_name(told: str) -> str:
    """The name alone, as it may be shown: some browsers send a path."""
    name = told.replace("\\", "/").rpartition("/")[2]
    return "".join(char for char in name if char.isprintable())[:MAX_NAME].strip()
