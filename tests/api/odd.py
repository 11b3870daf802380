"""Values that no schema thinks of, and the places of a request they can be put at."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from itertools import chain, cycle
from typing import Any, Final, TypeAlias

ODD_TEXTS: Final = (
    *("\x00", "a\x00b", "\ud800", "x\udfff", "", " ", "\n\r\t", "\x1b", "\x85", "\ufffe", "\u202e\u200b"),
    *("9" * 400, "é" * 3000, "😀" * 50, "'; --", "{{7*7}}", "<script>", "[", "http://["),
    *("NaN", "1e999", "-0", "-1", "²", "٣", "2147483648", "9223372036854775808", "1" * 30),
    *("0001-01-01", "9999-12-31", "10000-01-01", "2026-02-30", "2026-03-10T23:59:60Z", "0" * 36),
)
ODD_VALUES: Final[tuple[Any, ...]] = (
    *ODD_TEXTS,
    *(10**30, -(10**30), 2**31, 2**63, -1, 0, 1.5, 1e308, -1e-320, float("nan"), float("inf")),
    *(True, None, [], {}, [[]], ["\x00"], {"\x00": 1}),
)
ODD_FILES: Final = (
    *(b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"PK\x03\x04", b"%PDF-1.7", b"a;b\n\x00;1\n", b"\n" * 500),
    *(b"<a/>", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b":20:\n:25:\n:60F:C\n"),
)

Place: TypeAlias = tuple[str | int, ...]


def places(body: object, properties: Sequence[str]) -> list[Place]:
    """Every place in a JSON body that takes a value: itself, each value in it, each known property."""
    found = dict.fromkeys(chain(_within(body), ((name,) for name in properties)))
    return list(found)


def _within(value: object, at: Place = ()) -> Iterator[Place]:
    yield at
    inside: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(value, dict):
        inside = iter(value.items())
    elif isinstance(value, list):
        inside = iter(enumerate(value))
    for key, each in inside:
        yield from _within(each, (*at, key))


def put(body: object, at: Place, value: object) -> bytes:
    """The body with another value at a place, as JSON."""
    if not at:
        return json.dumps(value).encode()
    changed: Any = deepcopy(body)
    inner = changed
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = value
    return json.dumps(changed).encode()


def turns(values: Sequence[Any], each: int | None) -> Callable[[], Sequence[Any]]:
    """Gives `each` of the values at every call, going on where it stopped; all of them, without a number."""
    if each is None or each >= len(values):
        return lambda: values
    round_and_round = cycle(values)
    return lambda: [next(round_and_round) for _ in range(each)]
