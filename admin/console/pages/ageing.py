"""The ageing of receivables as at any day, shown and taken away: by customer, segment, collector, lateness,
invoice by invoice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final, NamedTuple, get_args

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from activities.rendering.formats import Formats
from admin.console.completing import Problem
from admin.console.door import CompanyVisit, company_visit
from admin.console.render import url
from admin.console.sheets import AT_ONCE, Row, send_sheet
from admin.console.words import word
from admin.queries.ageing import Aged, AgedRow, AgeingFilter, By, get_ageing
from admin.queries.cases import NONE
from admin.queries.places import company_calendar
from admin.queries.reading import snapshot
from rules.ageing import Bucket

_NAMES: Final = ("on", "by", "currency", "bucket", "customer", "segment", "collector")
_NARROWING: Final = ("bucket", "customer", "segment", "collector")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for: words that mean nothing are passed over, a day that cannot be is a problem.

    `typed` is that day as it was written; `words` are what is in force.
    """

    wanted: AgeingFilter
    words: Mapping[str, str]
    typed: str
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of the ageing that is shown with some of its words changed, and of the lists behind it."""

    company: str
    words: Mapping[str, str]
    is_today: bool

    def link(self, **changes: str) -> str:
        """The ageing otherwise."""
        return url(self.company, "ageing", **{**self.words, **changes})

    def export(self, form: str) -> str:
        """The same as a table, which is not of one currency."""
        return url(self.company, "ageing", "export", form, **{**self.words, "currency": ""})

    def within(self, row: AgedRow) -> str:
        """Only what a row sums up, by customer."""
        return self.link(**{self.words.get("by", "customer"): row.key or NONE, "by": ""})

    @property
    def narrowed(self) -> list[tuple[str, str, str]]:
        """What it is narrowed to: name and value, as the list's filters are called, and all without it."""
        return [
            ("late" if name == "bucket" else name, self.words[name], self.link(**{name: ""}))
            for name in _NARROWING
            if name in self.words
        ]

    def behind(self, row: AgedRow | None, currency: str) -> Callable[[str], str]:
        """By bucket: the cases that a cell of a row sums up; of a day that is past, its invoices as they
        stood then. Without a row, of all in that currency.
        """
        narrowed = {name: self.words.get(name, "") for name in _NARROWING}
        by = self.words.get("by", "customer")
        if row is not None and by in _NARROWING:
            narrowed[by] = row.key or NONE
        # One address for a whole row, to which each cell adds its bucket.
        del narrowed["bucket"]
        if self.is_today:
            return partial("{}&late={}".format, url(self.company, "cases", currency=currency, **narrowed))
        behind = self.link(**{**narrowed, "by": "invoice", "bucket": "", "currency": currency})
        return partial("{}&bucket={}".format, behind)


class Cell(NamedTuple):
    """A sum as it is written; `address` is empty where nothing is behind it, `amount` where none is owed."""

    head: str
    address: str
    amount: str


@dataclass(frozen=True, slots=True)
class Cells:
    """Writes what rows hold of each bucket: there are hundreds, and a template takes long over a cell."""

    links: Links
    formats: Formats
    heads: Mapping[Bucket, str]

    def of_all(self, total: Aged) -> list[Cell]:
        """Those of a currency, the empty ones too."""
        behind = self.links.behind(None, total.currency)
        return [self._cell(total, bucket, behind if total.ageing[bucket] else None) for bucket in self.heads]

    def of_row(self, row: AgedRow, by: By) -> list[Cell]:
        """Those of a row; a row that is itself a bucket has none."""
        if by == "bucket":
            return []
        behind = None if by == "invoice" else self.links.behind(row, row.currency)
        return [
            self._cell(row, bucket, behind) if row.ageing[bucket] else Cell(head, "", "")
            for bucket, head in self.heads.items()
        ]

    def _cell(self, row: Aged, bucket: Bucket, behind: Callable[[str], str] | None) -> Cell:
        amount = self.formats.money(row.ageing[bucket], row.currency)
        return Cell(self.heads[bucket], behind(bucket) if behind is not None else "", amount)


def ageing_page(request: Request) -> Response:
    """Show what was owed at the end of a day."""
    at = company_visit(request)
    now, language = at.api.clock.now(), at.visit.user.language
    with snapshot(at.api.engine) as session:
        today = company_calendar(session, at.company_id).local_day(now)
        asked = _asked(request, language, today)
        found = get_ageing(session, at.company_id, asked.wanted, now)
    links = Links(at.ref, asked.words, found.on == today)
    return at.page.show(
        "ageing.html",
        422 if asked.problem else 200,
        found=found,
        links=links,
        narrowed=links.narrowed,
        words=asked.words,
        cells=Cells(links, Formats(language), {each: word(language, f"bucket.{each}") for each in Bucket}),
        ways=get_args(By),
        today=today,
        typed=asked.typed if asked.problem else found.on.isoformat(),
        problem=asked.problem,
        after=asked.wanted.after,
    )


def _asked(request: Request, language: str, today: date) -> Asked:
    words = {name: value for name in _NAMES if (value := request.query_params.get(name, "").strip())}
    typed = words.get("on", "")
    impossible = False
    try:
        wanted = AgeingFilter.model_validate({**words, "after": request.query_params.get("after") or None})
    except ValidationError as error:
        wrong = {str(each["loc"][0]) for each in error.errors() if each["loc"]}
        words = {name: value for name, value in words.items() if name not in wrong}
        wanted = AgeingFilter.model_validate(words)
        impossible = "on" in wrong
    if wanted.on is not None and not date(1990, 1, 1) <= wanted.on <= today:
        wanted = wanted.model_copy(update={"on": None})
        impossible = True
    if not impossible:
        return Asked(wanted, words, typed, None)
    words.pop("on", None)
    return Asked(wanted, words, typed, Problem("on", word(language, "ageing.future")))


# ------------------------------------------------------------------------------------------------- export

_KEYS: Final[Mapping[By, tuple[str, ...]]] = {
    "customer": ("sheet.customer", "sheet.customer_name"),
    "segment": ("portfolio.segment",),
    "collector": ("sheet.collector",),
    "bucket": ("ageing.by.bucket",),
    "invoice": ("sheet.invoice", "sheet.customer", "sheet.customer_name", "sheet.due", "sheet.late"),
}
"""Heads of the columns that say what a row is of."""
_SUMS: Final = ("ageing.invoices", *(f"bucket.{each}" for each in Bucket), "ageing.overdue", "ageing.total")
_ONE_SUM: Final[Mapping[By, tuple[str, ...]]] = {
    "bucket": ("ageing.invoices", "ageing.total"),
    "invoice": ("sheet.outstanding",),
}
"""Heads of the sums of a row that is of one bucket."""


def ageing_export(request: Request) -> Response:
    """Hand out the ageing that is shown as a table: every row of every currency.

    Of a day that cannot be, the page is answered, whose form says so.
    """
    at = company_visit(request)
    language = at.visit.user.language
    with snapshot(at.api.engine) as session:
        today = company_calendar(session, at.company_id).local_day(at.api.clock.now())
    asked = _asked(request, language, today)
    if asked.problem is not None:
        return ageing_page(request)
    on = asked.wanted.on or today
    wanted = asked.wanted.model_copy(update={"on": on, "limit": AT_ONCE, "after": None})
    sums = _ONE_SUM.get(wanted.by, _SUMS)
    head = [word(language, key) for key in (*_KEYS[wanted.by], "sheet.currency", *sums)]
    name = f"{word(language, 'sheet.file.ageing')}-{at.ref}-{on}"
    return send_sheet(request.path_params["form"], name, language, head, _rows(at, wanted, on))


def _rows(at: CompanyVisit, wanted: AgeingFilter, on: date) -> Iterator[Row]:
    """Every row, as one snapshot has them: the currencies in turn, each in the page's order."""
    now, language = at.api.clock.now(), at.visit.user.language
    with snapshot(at.api.engine) as session:
        only_sums = wanted.model_copy(update={"by": "bucket"})
        for each in get_ageing(session, at.company_id, only_sums, now).totals:
            asked = wanted.model_copy(update={"currency": each.currency})
            while True:
                page = get_ageing(session, at.company_id, asked, now)
                for row in page.items:
                    yield (*_keys(row, wanted.by, on, language), row.currency, *_sums(row, wanted.by))
                if page.next is None:
                    break
                asked = asked.model_copy(update={"after": page.next})


def _keys(row: AgedRow, by: By, on: date, language: str) -> Row:
    if by == "customer":
        return row.key, row.name
    if by == "segment":
        return (row.key or word(language, "portfolio.nobody"),)
    if by == "collector":
        return (row.key or word(language, "nobody"),)
    if by == "bucket":
        return (word(language, f"bucket.{row.key}"),)
    return row.key, row.customer, row.name, row.due_on, (on - row.due_on).days if row.due_on else None


def _sums(row: AgedRow, by: By) -> Row:
    if by == "bucket":
        return row.invoices, row.open
    if by == "invoice":
        return (row.open,)
    return row.invoices, *(row.ageing[each] for each in Bucket), row.overdue, row.open
