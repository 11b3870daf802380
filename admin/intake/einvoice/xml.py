"""XML of a stranger: without entities or a document type, of a bounded size and depth, by local names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from io import BytesIO
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from admin.intake.einvoice.document import Refused
from rules.money import MAX_INTEGER_DIGITS

MAX_BYTES: Final = 10 * 1024 * 1024
"""Of one document's XML; a thousand lines take one megabyte."""
MAX_DEPTH: Final = 64
_LONGEST: Final = 2_000
"""Characters of a text that is kept."""


class Node:
    """An element and the path to it, read by local names: versions and prefixes are of no account."""

    __slots__ = ("element", "path")

    def __init__(self, element: Element, path: str) -> None:
        self.element = element
        self.path = path

    @property
    def name(self) -> str:
        """Its local name."""
        return local(self.element.tag)

    def all(self, path: str) -> Iterator[Node]:
        """Descendants by a path of local names, in the document's order."""
        head, _, rest = path.partition("/")
        for child in self.element:
            if local(str(child.tag)) == head:
                node = Node(child, f"{self.path}/{head}")
                yield from node.all(rest) if rest else (node,)

    def first(self, *paths: str) -> Node | None:
        """The first descendant of the first path that has one."""
        return next((node for path in paths for node in self.all(path)), None)

    def text(self, *paths: str) -> str | None:
        """The text there, spaces run together; None where there is none."""
        for path in paths:
            for node in self.all(path):
                value = " ".join((node.element.text or "").split())
                if value:
                    if len(value) > _LONGEST:
                        raise Refused(node.path, f"{len(value):,} characters, at most {_LONGEST:,} are read")
                    return value
        return None

    def needed(self, term: str, *paths: str) -> str:
        """As `text`; refused where there is none."""
        found = self.text(*paths)
        if found is None:
            raise Refused(f"{self.path}/{paths[0]}", f"{term} is missing")
        return found

    def amount(self, term: str, currency: str, *paths: str) -> Decimal | None:
        """An amount there, in `currency` where it names one; None where there is none.

        :raises Refused: it is not a number, or one no ledger holds.
        """
        for path in paths:
            for node in self.all(path):
                told = node.element.get("currencyID")
                if told is not None and told != currency:
                    continue
                return _amount(node, term)
        return None

    def day(self, term: str, *paths: str) -> date | None:
        """A day there: `2026-01-31`, or `20260131`.

        :raises Refused: there is no such day.
        """
        node = self.first(*paths)
        text = " ".join((node.element.text or "").split()) if node else ""
        if node is None or not text:
            return None
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            raise Refused(node.path, f"{term}: {text!r} is not a day") from None


def parse(content: bytes, where: str) -> Node:
    """The root of a document.

    :param content: its bytes; the encoding is the document's own word.
    :param where: how a person knows it.
    :raises Refused: too large or deep, not well formed, with a document type or entities.
    """
    if len(content) > MAX_BYTES:
        raise Refused(where, f"{len(content) / 2**20:.0f} MB of XML, at most {MAX_BYTES // 2**20} are read")
    depth = 0
    root: Element | None = None
    try:
        events: Any = iterparse(BytesIO(content), events=("start", "end"), forbid_dtd=True)
        for event, element in events:
            if event == "start":
                root = element if root is None else root
                depth += 1
                if depth > MAX_DEPTH:
                    raise Refused(where, f"elements nested more than {MAX_DEPTH} deep")
            else:
                depth -= 1
    except DefusedXmlException:
        raise Refused(where, "it has a document type or entities: refused, whatever they are for") from None
    except ParseError as error:
        raise Refused(where, f"not well-formed XML: {error}") from None
    except (LookupError, ValueError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(where, f"not readable in the encoding it names: {error}") from None
    if root is None:
        raise Refused(where, "empty")
    return Node(root, local(root.tag))


def local(tag: str) -> str:
    """A name without its namespace."""
    return tag.rpartition("}")[2]


def _amount(node: Node, term: str) -> Decimal:
    text = (node.element.text or "").strip()
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Refused(node.path, f"{term}: {text[:40]!r} is not an amount") from None
    if not value.is_finite() or abs(value) >= Decimal(10) ** MAX_INTEGER_DIGITS:
        raise Refused(node.path, f"{term}: {text[:40]} is no amount a ledger holds")
    return value
