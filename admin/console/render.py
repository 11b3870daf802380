"""Pages from templates: words of the reader's language, amounts and days as she writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote
from uuid import uuid4

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from activities.rendering.formats import Formats, one_line
from admin.console.speech import Speech
from admin.console.words import CATALOGUES, kind, policy_title, word
from admin.queries.cases import CaseRow
from admin.queries.customer import OpenItemRow

ROOT: Final = Path(__file__).parent
PREFIX: Final = "/console"

_AS_IT_IS: Final = re.compile(r"[A-Za-z0-9_.~-]*")
"""What an address holds as it is written."""


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def version_of(name: str) -> str:
    """A mark that changes with a file's bytes, so that browsers may keep it for long."""
    return sha256((ROOT / "static" / name).read_bytes()).hexdigest()[:12]


def url(*segments: object, **query: object) -> str:
    """An address of the console; a `/` within a segment stays one segment."""
    path = "/".join([PREFIX, *(_quoted(str(segment)) for segment in segments or ("",))])
    asked = "&".join(f"{name}={_quoted(str(value))}" for name, value in query.items() if value)
    return f"{path}?{asked}" if asked else path


def _quoted(text: str) -> str:
    return text if _AS_IT_IS.fullmatch(text) else quote(text, safe="")


@dataclass(frozen=True, slots=True)
class Page:
    """Renders for one reader: `language` is theirs, `shared` what every template of theirs may use."""

    language: str
    shared: Mapping[str, Any]

    def show(
        self, template: str, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> HTMLResponse:
        """Answer with a template and its values."""
        formats = Formats(self.language)
        speech = Speech(self.language, self.shared.get("staff", {}))
        text = (
            _environment()
            .get_template(template)
            .render(
                **{
                    "lang": self.language,
                    "t": partial(word, self.language),
                    "kind": partial(kind, self.language),
                    "named": lambda group, name: f"{group}.{name}" in CATALOGUES[self.language],
                    "f": formats,
                    "colon": formats.colon,
                    "days": partial(_days, self.language),
                    "policy_title": partial(policy_title, self.language),
                    "late": partial(_late, self.language),
                    "moment": partial(_moment, formats),
                    "sums": partial(_sums, formats),
                    "items_written": partial(_items_written, formats),
                    "cases_written": partial(_cases_written, formats),
                    "line": one_line,
                    "person": partial(_person, self.language, self.shared.get("staff", {})),
                    "by": speech.by,
                    "said": speech.said,
                    # The same, where a page has a `said` of its own.
                    "reason": speech.said,
                    "told_of": speech.told,
                    "titled": speech.titled,
                    "bodied": speech.bodied,
                    "refused": speech.refused,
                    "ended": speech.ended,
                    "reported": speech.reported,
                    "marked": speech.marked,
                    "url": url,
                    "static": lambda name: f"{PREFIX}/static/{name}?v={version_of(name)}",
                    "form_id": lambda: str(uuid4()),
                    **self.shared,
                    **values,
                }
            )
        )
        return HTMLResponse(text, status, headers=dict(headers or {}))


def _days(language: str, number: int) -> str:
    return word(language, Formats(language).plural(number, "days.one", "days.many"), n=number)


def _late(language: str, number: int | None) -> str:
    if number is None:
        return ""
    if number < 0:
        return word(language, "not_due", n=-number)
    return word(language, "late.one" if number <= 1 else "late.many", n=number)


def _moment(formats: Formats, at: datetime, day: date | None = None) -> str:
    """An instant: its day at the place it is about, where that is known, else in universal time."""
    return formats.short_day(day) if day is not None else f"{formats.short_day(at.date())} {at:%H:%M} UTC"


def _person(language: str, staff: Mapping[str, str], email: str | None) -> str:
    """One of our own people, by name where it is known."""
    return word(language, "nobody") if email is None else staff.get(email, email)


class _ItemWritten(NamedTuple):
    """An open item's cells; `next` is empty where it stands still, in `state`."""

    address: str
    invoice: str
    order: str
    due: str
    is_late: bool
    lateness: str
    outstanding: str
    disputed: str
    next: str
    state: str


def _items_written(formats: Formats, rows: Iterable[OpenItemRow], company: str) -> Iterator[_ItemWritten]:
    """Open items as a table has them: a customer may have hundreds, and a template takes long over a cell."""
    language, cases = formats.language, url(company, "cases")
    for row in rows:
        coming = row.case.next if row.case.state in ("waiting", "due") else None
        yield _ItemWritten(
            f"{cases}/{_quoted(row.invoice)}",
            one_line(row.invoice),
            one_line(row.order_ref or ""),
            formats.short_day(row.due_on),
            row.days_late > 0,
            _late(language, row.days_late),
            formats.money(row.outstanding, row.currency),
            formats.money(row.disputed, row.currency) if row.disputed else "",
            f"{kind(language, 'step', coming.step)}, {formats.short_day(coming.on)}" if coming else "",
            kind(language, "state", row.case.state),
        )


class _CaseWritten(NamedTuple):
    """A case's cells; `next` is empty where nothing comes."""

    value: str
    invoice: str
    address: str
    customer: str
    customer_address: str
    due: str
    is_late: bool
    lateness: str
    outstanding: str
    state: str
    next: str


def _cases_written(formats: Formats, rows: Iterable[CaseRow], company: str) -> Iterator[_CaseWritten]:
    """Cases as the portfolio lists them."""
    language, cases, customers = formats.language, url(company, "cases"), url(company, "customers")
    for row in rows:
        coming = row.next_step if row.next_on else None
        yield _CaseWritten(
            row.invoice,
            one_line(row.invoice),
            f"{cases}/{_quoted(row.invoice)}",
            one_line(row.customer_name),
            f"{customers}/{_quoted(row.customer)}",
            formats.short_day(row.due_on),
            row.days_late is not None and row.days_late > 0,
            _late(language, row.days_late),
            formats.money(row.outstanding, row.currency),
            kind(language, "state", row.state),
            f"{kind(language, 'step', coming)}, {formats.short_day(row.next_on)}"
            if coming and row.next_on
            else "",
        )


def _sums(formats: Formats, amounts: tuple[tuple[Decimal, str], ...]) -> str:
    return formats.sums(amounts) if amounts else ""
