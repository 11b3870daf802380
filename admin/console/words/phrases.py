"""Sentences of ours read back from their English: what varies is taken out of one and put into its French.

The ledger and Temporal keep their sentences in English, for good. A phrase is an English sentence with named
places, and the same in French; what a place holds is told by its name (`{day}`, `{day2}`: a day).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

from babel.numbers import format_decimal

from activities.rendering.formats import NBSP, Formats, typeset_french
from admin.console.words import CATALOGUES, kind, word
from rules.money import UnknownCurrency

Naming: TypeAlias = Callable[[str], str]
"""How somebody is called: `console:helene@…` by her name."""

FORMATS: Final = Formats("fr")
_PLACE: Final = re.compile(r"{([a-z]+)([0-9]*)}")


def day(text: str) -> str:
    """A day as the ledger writes it, the French way; anything else as it is."""
    try:
        return FORMATS.short_day(date.fromisoformat(text))
    except ValueError:
        return text


def money(text: str) -> str:
    """`4455.60 EUR`, the French way; anything else as it is."""
    number, _, currency = text.rpartition(" ")
    try:
        return FORMATS.money(Decimal(number.replace(",", "")), currency)
    except (InvalidOperation, UnknownCurrency, ValueError):
        # What was written is shown as it is, whatever it holds.
        return text


def count(number: int, one: str, many: str) -> str:
    """A number with its noun, kept on one line."""
    return f"{number}{NBSP}{FORMATS.plural(number, one, many)}"


def step(name: str) -> str:
    """What a step is called; those of other policies keep their own name."""
    return kind("fr", "step", name.replace(" ", "_"))


def known(group: str, name: str) -> str | None:
    """The name of one of our words; None where it is none of that group."""
    return CATALOGUES["fr"].get(f"{group}.{name.replace(' ', '_')}")


def capital(text: str) -> str:
    """With a capital letter first."""
    return text[:1].upper() + text[1:]


def _figure(text: str) -> str:
    try:
        written: str = format_decimal(Decimal(text.replace(",", "")), format="#,##0.00", locale="fr")
    except InvalidOperation:
        return text
    return written


def _days(text: str) -> str:
    return count(int(text.partition(" ")[0]), "jour", "jours")


def _until(text: str) -> str:
    return "jusqu’à reprise" if text == "resumed" else f"jusqu’au {day(text)}"


def _kept(text: str) -> str:
    return text


_DAY: Final = r"\d{4}-\d\d-\d\d"
_WORD: Final = r"[a-z][a-z0-9_]*"
_ANY: Final = r".+?"

_PLACES: Final[Mapping[str, tuple[str, Callable[[str], str | None]]]] = {
    "day": (_DAY, day),
    "days": (r"-?\d+ days", _days),
    "until": (rf"resumed|{_DAY}", _until),
    "sum": (r"-?[0-9.,]+(?:E[+-]?[0-9]+)? [A-Z]{3}", money),
    "figure": (r"[0-9.,]+", _figure),
    "n": (r"\d+", _kept),
    "step": (_WORD, step),
    "message": (_WORD, lambda name: kind("fr", "template", name)),
    "channel": (_WORD, lambda name: kind("fr", "channel", name)),
    "tone": (_WORD, lambda name: kind("fr", "tone", name)),
    "status": (_WORD, lambda name: kind("fr", "status", name)),
    "outcome": (_WORD, lambda name: kind("fr", "outcome", name)),
    "key": (_WORD, _kept),
    "code": (r"[0-9]{3}", _kept),
    "text": (_ANY, _kept),
    "rest": (r".+", _kept),
}
"""What a place of that name looks like in English, and how it is said in French (None: it is not one).

`text` is data and goes as far as what follows; `rest` is data up to the end. `who` is somebody.
"""


@dataclass(frozen=True, slots=True)
class Phrase:
    """An English sentence and its French."""

    english: re.Pattern[str]
    french: str
    places: tuple[tuple[str, Callable[[str], str | None] | None], ...]

    def said(self, found: re.Match[str], who: Naming) -> str | None:
        """The French of a match; None where a place holds what it cannot."""
        values: dict[str, str] = {}
        for name, say in self.places:
            told = (who if say is None else say)(found[name])
            if told is None:
                return None
            values[name] = told
        return self.french.format(**values)


Special: TypeAlias = Mapping[str, tuple[str, Callable[[str], str | None]]]


def phrases(pairs: Iterable[tuple[str, str]], special: Special | None = None) -> tuple[Phrase, ...]:
    """A table of phrases, in the order in which they are tried; `special` are places of its own."""
    places = {**_PLACES, **(special or {})}
    return tuple(_phrase(english, french, places) for english, french in pairs)


def _phrase(english: str, french: str, known_places: Special) -> Phrase:
    pattern, at, places = [], 0, []
    for place in _PLACE.finditer(english):
        pattern.append(re.escape(english[at : place.start()]))
        name, at = place[1] + place[2], place.end()
        looks, say = (_ANY, None) if place[1] == "who" else known_places[place[1]]
        pattern.append(f"(?P<{name}>{looks})")
        places.append((name, say))
    pattern.append(re.escape(english[at:]))
    return Phrase(re.compile("".join(pattern), re.DOTALL), typeset_french(french), tuple(places))


def whole(table: Iterable[Phrase], text: str, who: Naming) -> str | None:
    """The French of a text that one phrase says as a whole; None where none does."""
    for phrase in table:
        found = phrase.english.fullmatch(text)
        if found is not None and (said := phrase.said(found, who)) is not None:
            return said
    return None


def by_clause(table: Iterable[Phrase], text: str, who: Naming) -> str | None:
    """The French of a text whose clauses are set apart by semicolons; None where one of them is unknown."""
    clauses = _clauses(tuple(table), text, 0, who)
    return None if clauses is None else f"{_NARROW_SEMICOLON} ".join(clauses)


_NARROW_SEMICOLON: Final = typeset_french(" ;")


def _clauses(table: tuple[Phrase, ...], text: str, at: int, who: Naming) -> list[str] | None:
    # A clause may hold a semicolon itself (two holidays on one day), so the text is not cut beforehand.
    for phrase in table:
        found = phrase.english.match(text, at)
        # What a place takes by as little as it can is given more, until the clause ends where one may.
        if found is not None and not _ends(text, found.end()):
            found = _longer(phrase, text, at)
        if found is None or (said := phrase.said(found, who)) is None:
            continue
        if found.end() == len(text):
            return [said]
        rest = _clauses(table, text, found.end() + len(_BETWEEN), who)
        if rest is not None:
            return [said, *rest]
    return None


_BETWEEN: Final = "; "


def _ends(text: str, at: int) -> bool:
    return at == len(text) or text.startswith(_BETWEEN, at)


def _longer(phrase: Phrase, text: str, at: int) -> re.Match[str] | None:
    end = text.find(_BETWEEN, at)
    while end >= 0:
        found = phrase.english.fullmatch(text, at, end)
        if found is not None:
            return found
        end = text.find(_BETWEEN, end + 1)
    return phrase.english.fullmatch(text, at)


def called(who: str, staff: Mapping[str, str], language: str) -> str:
    """How somebody who did something is called: our people by name, programs of ours by what they are."""
    name = CATALOGUES[language].get(f"who.{who}")
    if name is not None:
        return name
    origin, _, rest = who.partition(":")
    if origin == "api" and rest:
        return word(language, "who.key", name=rest)
    email = rest if origin == "console" and rest else who
    return staff.get(email, email)
