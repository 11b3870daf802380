"""What of the portfolio somebody looks at: kept in the address alone, so that every page can link to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import parse_qsl, urlencode

from pydantic import ValidationError

from admin.console.render import url
from admin.queries.cases import NONE, CaseFilter
from admin.queries.cases_counted import Counts
from admin.queries.search import SHORTEST
from rules.ageing import Bucket, due_between
from rules.decide import State

PAGE: Final = 50
USUAL: Final = "-outstanding"
"""The order of a list that asks for none: the largest first."""

FILTERS: Final = (
    *("late", "state", "step", "stage", "paused_by", "collector", "segment", "currency", "disputed"),
    *("customer", "open"),
)
"""Names of filters in an address, in the order they are shown."""

_NAMES: Final = ("q", *FILTERS, "sort")
_FIELDS: Final = {"step": "next_step"}
"""The field of `CaseFilter`, where it has another name."""

_ORDERS: Final = {
    "due": ("due_on", "-due_on"),
    "late": ("-days_late", "days_late"),
    "outstanding": ("-outstanding", "outstanding"),
    "next": ("next_at", "-next_at"),
}
"""By column: the order a first click asks for, and the one of the second."""


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a filter: the list with it, or without it where it is chosen. `count` may be unknown."""

    value: str
    count: int | None
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A column to sort by: where its header leads, and what `aria-sort` says of it now."""

    href: str
    sorted: str | None


@dataclass(frozen=True, slots=True)
class Selection:
    """A list of the portfolio: what is searched for, filters and order, as the address names them."""

    company: str
    words: Mapping[str, str]

    def filter(self, today: date, after: str | None = None) -> CaseFilter:
        """The query it stands for; how late a case is depends on the company's day."""
        told: dict[str, object] = {
            _FIELDS.get(name, name): value for name, value in self.words.items() if name != "late"
        }
        if "late" in self.words:
            told["due_from"], told["due_to"] = due_between(Bucket(self.words["late"]), today)
        told.setdefault("sort", USUAL)
        return CaseFilter.model_validate({**told, "company": self.company, "limit": PAGE, "after": after})

    @property
    def chosen(self) -> list[tuple[str, str, str]]:
        """Filters in force: name, value, and the list without it."""
        return [(name, self.words[name], self.link(**{name: ""})) for name in FILTERS if name in self.words]

    @property
    def query(self) -> str:
        """As an address has it."""
        return urlencode(self.words)

    def link(self, *segments: str, **changes: str) -> str:
        """The address of the list (or of something else about it) with some of its words changed."""
        return url(self.company, *(segments or ("cases",)), **{**self.words, **changes})

    def column(self, name: str) -> Column:
        """How the list is sorted by a column, and the address that sorts by it."""
        first, second = _ORDERS[name]
        now = self.words.get("sort", USUAL)
        following = second if now == first else first
        href = self.link(sort="" if following == USUAL else following)
        if now not in (first, second):
            return Column(href, None)
        return Column(href, "descending" if now.startswith("-") else "ascending")

    def options(
        self, name: str, values: Iterable[str], counts: Mapping[str, int] | None = None
    ) -> list[Option]:
        """The values a filter can have."""
        now = self.words.get(name)
        return [
            Option(
                value,
                None if counts is None else counts.get(value, 0),
                self.link(**{name: "" if value == now else value}),
                value == now,
            )
            for value in values
        ]

    def facets(
        self, counts: Counts | None, collectors: Iterable[str], segments: Iterable[str]
    ) -> list[tuple[str, list[Option]]]:
        """What the list can be narrowed to, by filter: what it holds none of is left out."""
        found: list[tuple[str, list[Option]]] = []
        for name in ("late", "state", "step", "currency", "disputed") if counts is not None else ():
            there = counts.by[name] if counts is not None else {}
            order = _USUAL_ORDER.get(name) or sorted(there, key=there.__getitem__, reverse=True)
            found.append((name, self.options(name, [each for each in order if there.get(each)], there)))
        for name, known in (("collector", list(collectors)), ("segment", list(segments))):
            found.append((name, self.options(name, [*known, NONE] if known else [])))
        # One value alone narrows nothing, unless the others have none.
        return [
            (name, options)
            for name, options in found
            if len(options) > 1 or (options and (name in self.words or name == "disputed"))
        ]


_USUAL_ORDER: Final[Mapping[str, Sequence[str]]] = {
    "late": list(Bucket),
    "state": list(State),
    "disputed": ["true"],
}


def selection_of(company: str, asked: Mapping[str, str]) -> Selection:
    """What an address asks for. Words that mean nothing are passed over: the page shows what is in force."""
    words = {name: asked[name].strip()[:320] for name in _NAMES if asked.get(name, "").strip()}
    words["q"] = words.get("q", "")[:100]
    if len(words["q"]) < SHORTEST:
        del words["q"]
    if words.get("late") not in list(Bucket):
        words.pop("late", None)
    try:
        Selection(company, words).filter(date(2000, 1, 1))
    except ValidationError as error:
        wrong = {str(each["loc"][0]) for each in error.errors() if each["loc"]}
        words = {name: value for name, value in words.items() if _FIELDS.get(name, name) not in wrong}
    return Selection(company, words)


def selection_again(company: str, query: str) -> Selection:
    """The list that a form was sent from, by its `Selection.query`."""
    return selection_of(company, dict(parse_qsl(query[:4000])))
