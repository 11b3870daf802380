"""Text out of what strangers send: any charset, any header, made safe to store and to show."""

from __future__ import annotations

import codecs
import re
from email.errors import HeaderParseError
from email.header import decode_header
from typing import Final

HEADER_CHARS: Final = 4000
"""What is read of one header's value."""

_KNOWN: Final = re.compile(
    r"(?:ascii|utf_?-?(?:8|16|32|7)\w*|iso8859_?-?\w+|cp\d+|koi8\w*|mac\w*|gb\w+|hz|big5\w*|euc\w+|shift\w+"
    r"|iso2022\w+|johab|tis_?-?620|latin\w*|windows\w+|ptcp154|kz1048)"
)
"""Codecs of texts. Python has others behind the same door (punycode, unicode_escape), some of them slow."""

# Control characters, and the marks that make a text read otherwise than it is written.
_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]"
)
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def decoded(raw: bytes, charset: str | None) -> str:
    """The text of `raw`, whatever it says of itself: never an error, at worst replacement characters."""
    for name in (charset, "utf-8", "cp1252"):
        codec = _codec(name)
        if codec is not None:
            try:
                return clean(raw.decode(codec))
            except UnicodeError:
                continue
    return clean(raw.decode("latin-1"))


def header(value: str) -> str:
    """A header's value as it reads: unfolded, its encoded words (RFC 2047) decoded, 8-bit bytes too.

    Args:
        value: as the standard library gives it, with surrogates for bytes above 127.
    """
    short = value[:HEADER_CHARS]
    if not short.isascii():
        short = decoded(short.encode("utf-8", "surrogateescape"), None)
    try:
        parts = decode_header(" ".join(short.split()))
    except (HeaderParseError, ValueError):
        return one_line(short)
    text = "".join(part if isinstance(part, str) else decoded(part, charset) for part, charset in parts)
    return one_line(text)


def clean(text: str) -> str:
    """A text PostgreSQL can hold and nobody is fooled by: plain line ends, no control or direction marks."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return _SURROGATES.sub("\ufffd", _UNSAFE.sub("", unified))


def one_line(text: str) -> str:
    """A text on one line."""
    return " ".join(clean(text).split())


def _codec(name: str | None) -> str | None:
    if not name or len(name) > 40 or not name.isascii():
        return None
    try:
        found = codecs.lookup(name.strip().strip("\"'")).name
    except (LookupError, ValueError):
        return None
    return found if _KNOWN.fullmatch(found.replace("-", "_")) else None
