"""The ageing of receivables as at any day: by customer, segment, collector, lateness, invoice by invoice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, get_args

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from admin.console.completing import Problem
from admin.console.door import company_visit
from admin.console.render import url
from admin.console.words import word
from admin.queries.ageing import AgedRow, AgeingFilter, By, get_ageing
from admin.queries.cases import NONE
from admin.queries.places import company_calendar
from admin.queries.reading import snapshot
from rules.ageing import Bucket

_NAMES: Final = ("on", "by", "currency", "bucket", "customer", "segment", "collector")
_NARROWING: Final = ("bucket", "customer", "segment", "collector")


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of the ageing that is shown with some of its words changed, and of the lists behind it."""

    company: str
    words: Mapping[str, str]
    is_today: bool

    def link(self, **changes: str) -> str:
        """The ageing otherwise."""
        return url(self.company, "ageing", **{**self.words, **changes})

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

    def behind(self, row: AgedRow | None, bucket: str, currency: str) -> str:
        """The cases that a cell sums up; of a day that is past, its invoices as they stood then."""
        narrowed = {name: self.words.get(name, "") for name in _NARROWING}
        by = self.words.get("by", "customer")
        if row is not None and by in _NARROWING:
            narrowed[by] = row.key or NONE
        bucket = bucket or narrowed["bucket"]
        if self.is_today:
            del narrowed["bucket"]
            return url(self.company, "cases", late=bucket, currency=currency, **narrowed)
        return self.link(**{**narrowed, "by": "invoice", "bucket": bucket, "currency": currency})


def ageing_page(request: Request) -> Response:
    """Show what was owed at the end of a day."""
    at = company_visit(request)
    after = request.query_params.get("after") or None
    words = {name: value for name in _NAMES if (value := request.query_params.get(name, "").strip())}
    typed = words.get("on", "")
    problem = None
    try:
        wanted = AgeingFilter.model_validate({**words, "after": after})
    except ValidationError as error:
        wrong = {str(each["loc"][0]) for each in error.errors() if each["loc"]}
        words = {name: value for name, value in words.items() if name not in wrong}
        wanted = AgeingFilter.model_validate(words)
        problem = Problem("on", word(at.visit.user.language, "ageing.future")) if "on" in wrong else None
    now = at.api.clock.now()
    with snapshot(at.api.engine) as session:
        today = company_calendar(session, at.company_id).local_day(now)
        if wanted.on is not None and not date(1990, 1, 1) <= wanted.on <= today:
            wanted = wanted.model_copy(update={"on": None})
            problem = Problem("on", word(at.visit.user.language, "ageing.future"))
        found = get_ageing(session, at.company_id, wanted, now)
    if problem is not None:
        words.pop("on", None)
    links = Links(at.ref, words, found.on == today)
    return at.page.show(
        "ageing.html",
        422 if problem else 200,
        found=found,
        links=links,
        narrowed=links.narrowed,
        words=words,
        buckets=list(Bucket),
        ways=get_args(By),
        today=today,
        typed=typed if problem else found.on.isoformat(),
        problem=problem,
        after=after,
    )
