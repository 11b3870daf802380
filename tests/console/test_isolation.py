"""The console's pages: another company's are not there; whatever is typed, no page fails.

Every route is walked, those to come too: a page whose address has a new kind of name needs a word here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import quote

import pytest

from admin.console.acts import cases, customers
from admin.console.acts.forms import Act
from admin.console.pages import ROUTES
from admin.console.portfolio import FILTERS
from admin.console.render import ROOT
from models.tables.words import ApiRole
from tests.api.odd import ODD_TEXTS, turns
from tests.api.rivals import Rivals, belongings, differs, nothing_is_kept, rivals
from tests.console.conftest import Browser, add

__all__ = ["rivals"]

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_IDS: Final = (
    "task_id",
    "message_id",
    "file_id",
    "line_id",
    "trial_id",
    "contact_id",
    "reply_id",
    "absence_id",
    "change_id",
)
_WHOSE: Final = {
    **{name: name for name in ("company", "customer", "number", "suspension_id", "closure_id", *_IDS)},
    **{"ref": "customer", "invoice": "number"},
}
"""What the names in addresses stand for, of what a company has."""
_NOBODYS: Final = {"index": "0", "key": "standard", "version": "1", "action": "pause", "form": "csv"}
"""Those that are no company's own."""
_SEARCHED: Final = ("name", "customer", "number", "staff", "email")
_LETTERS: Final = "approve_letter"
_OF: Final = {
    **dict.fromkeys(("correct", "invalid", "opt_out", "reinstate", "works"), "contact_id"),
    **{"go_on": "suspension_id", "lift": None},
}
"""What an act is about, where that is no earlier fact; None for what is no company's own."""

Address: TypeAlias = tuple[str, str]
"""Method and path."""


def pages() -> list[Address]:
    """Every page of a company, its path as a format."""
    return [
        (method, re.sub(r":\w+}", "}", path)) for method, path, _ in ROUTES if path.startswith("/{company}")
    ]


def names_in(path: str) -> list[str]:
    """The names in an address that stand for something of a company's."""
    found = re.findall(r"{(\w+)}", path)
    assert set(found) <= {*_WHOSE, *_NOBODYS}, f"{path}: say in _WHOSE or _NOBODYS what its names stand for"
    return [name for name in found if name in _WHOSE]


def fields_of(suffix: str, pattern: str) -> list[str]:
    """Names that the console's own files read or send."""
    files = sorted(Path(ROOT).rglob(f"*.{suffix}"))
    return sorted({name for file in files for name in re.findall(pattern, file.read_text("utf-8"))})


# The portfolio reads its own by their names.
ASKED: Final = sorted(
    {*fields_of("py", r'query_params\.get\("(\w+)"'), *FILTERS, "q", "sort", "on", "by", "bucket"}
)
TYPED: Final = fields_of("html", r'name="(\w+)"')


def address(rivals: Rivals, path: str, **other: str) -> str:
    """A page about what acme has, but for the `other` names."""
    operation = _LETTERS if "/approvals/" in path else ""
    mine = {**rivals.mine.names, **rivals.mine.own.get(operation, {})}
    known = {name: mine[_WHOSE[name]] for name in names_in(path)}
    return "/console" + path.format_map({**_NOBODYS, **known, **other})


def pairs(rivals: Rivals) -> Iterator[tuple[str, list[str], list[Address]]]:
    """Where it is asked, what for (nobody's, the rival's), and the two addresses."""
    for method, path in pages():
        operation = _LETTERS if "/approvals/" in path else ""
        names = names_in(path)
        for some in dict.fromkeys([*((name,) for name in names), tuple(names)]):
            both = [rivals.both(operation, _WHOSE[name]) for name in some]
            others = [dict(zip(some, turn, strict=True)) for turn in zip(*both, strict=True)]
            asks = [(method, address(rivals, path, **other)) for other in others]
            yield f"{method} {path} {some}", list(chain.from_iterable(both)), asks
        if method == "GET":
            for what in _SEARCHED:
                values = rivals.both("", what)
                # A cursor or a day that is none ends it: nothing else would be looked at.
                named = [name for name in ASKED if name not in ("after", "on")]
                searched = ["&".join(f"{name}={quote(value)}" for name in named) for value in values]
                asks = [(method, f"{address(rivals, path)}?{query}") for query in searched]
                yield f"GET {path} ?{what}", values, asks


def acts(rivals: Rivals) -> Iterator[tuple[Act, str, list[str]]]:
    """Each act about an earlier thing, its address, and what it may be said of (nobody's, the rival's)."""
    for pattern, known in (
        ("/{company}/cases/{number}/act/{action}", cases.ACTS),
        ("/{company}/customers/{ref}/act/{action}", customers.ACTS),
    ):
        for act in known.values():
            what = _OF.get(act.name, "event_id")
            if act.of and what is not None:
                yield act, address(rivals, pattern, action=act.name), rivals.both(act.operation, what)


@pytest.fixture
def manager(browser: Browser) -> Browser:
    """A manager of acme, signed in."""
    browser.sign_in(add(browser.door))
    browser.get("/console/acme/tasks")
    return browser


def test_another_companys_page_is_one_that_never_was(rivals: Rivals, manager: Browser) -> None:
    asked_for = list(pairs(rivals))
    assert len(asked_for) > 50
    form = {**manager.hidden(), "form": "0b1f6f0e-6a55-4c39-8f0c-2f1f9f3c6a10", "note": "as agreed"}
    wrong = []
    with nothing_is_kept(rivals.door.book.engine):
        for where, values, asks in asked_for:
            for outcome in ("approved", "done") if where.startswith("POST") else ("",):
                data = {**form, "outcome": outcome} if outcome else None
                answers = [manager.client.request(*ask, data=data, follow_redirects=False) for ask in asks]
                how = differs(rivals, answers, values)
                if how:
                    wrong.append(f"{where}\n{how}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", ApiRole)
def test_an_act_on_what_another_company_has_is_one_on_nothing(
    rivals: Rivals, browser: Browser, role: ApiRole
) -> None:
    browser.sign_in(add(browser.door, role.value))
    browser.get("/console/acme/tasks")
    form = {**browser.hidden(), "form": "0b1f6f0e-6a55-4c39-8f0c-2f1f9f3c6a10", "reason": "as agreed"}
    asked_for = list(acts(rivals))
    assert len(asked_for) > 10
    wrong, roles = [], list(ApiRole)
    with nothing_is_kept(rivals.door.book.engine):
        for act, path, values in asked_for:
            status = 404 if roles.index(role) >= roles.index(act.role) else 403
            for go in (None, "", "confirm"):
                answers = [
                    browser.client.get(path, params={"of": of})
                    if go is None
                    else browser.client.post(path, data={**form, "of": of, "go": go, "shown": "x"})
                    for of in values
                ]
                how = differs(rivals, answers, values)
                if how or answers[0].status_code != status:
                    wrong.append(f"{path} {go}\n{how or answers[0].status_code}")
    assert not wrong, "\n".join(wrong)


def test_nothing_of_another_company_changes(rivals: Rivals, manager: Browser) -> None:
    engine = rivals.door.book.engine
    before = belongings(engine, rivals.rival)
    form = {**manager.hidden(), "note": "as agreed", "outcome": "done"}
    for where, _, asks in pairs(rivals):
        if where.startswith("POST"):
            for outcome in ("approved", "done"):
                manager.client.request(*asks[1], data={**form, "outcome": outcome})
    assert belongings(engine, rivals.rival) == before


def test_no_page_fails_whatever_is_typed(rivals: Rivals, manager: Browser) -> None:
    assert {"q", "after"} <= set(ASKED)
    assert {"note", "amount"} <= set(TYPED)
    failed = []
    some = turns(ODD_TEXTS, 1)
    form = {**manager.hidden(), "note": "as agreed", "outcome": "done"}

    def tried(
        method: str, path: str, data: dict[str, str] | None = None, headers: dict[bytes, bytes] | None = None
    ) -> None:
        answer = manager.client.request(method, path, data=data, headers=headers, follow_redirects=False)
        if answer.status_code >= 500:
            failed.append(f"{method} {path} {data} {headers}: {answer.status_code}")

    with nothing_is_kept(rivals.door.book.engine):
        for method, path in [*pages(), ("POST", "/language"), ("POST", "/sign-out")]:
            good = address(rivals, path)
            for name in names_in(path):
                for odd in some():
                    if odd:
                        tried(method, address(rivals, path, **{name: _quoted(odd)}))
            if method == "GET":
                for name in ASKED:
                    for odd in some():
                        tried(method, f"{good}?{name}={_quoted(odd)}")
                continue
            for name in TYPED:
                for odd in some():
                    tried(method, good, {**form, name: odd.encode("utf-8", "replace").decode()})
            for origin in (b"null", b"http://[", b"[", b"\xff"):
                tried(method, good, form, {b"origin": origin})
    assert not failed, "\n".join(failed)


def _quoted(odd: str) -> str:
    return quote(odd.encode("utf-8", "surrogatepass"), safe="")
