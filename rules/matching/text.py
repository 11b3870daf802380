"""Numbers and names as banks write them: `FA-2024-0123` is `fact 2024/123`, `FA20240123`, `FA 2024 0123`.

A number is known by its runs of digits without leading zeros, by all its digits, or by its letters and
digits run together. What a text says is looked up by the same keys; whether it names a number is seen after.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

MOST_RUNS: Final = 4
"""Runs of digits a number may be made of; more are not looked at together."""
SAFE_DIGITS: Final = 4
"""A number of fewer digits is only named by its letters as well: `101` alone may be anything."""
MOST_KEYS: Final = 200
"""Keys looked up for one line; a text of more is a list no one reads."""

_RUN: Final = re.compile(r"[0-9]+|[A-Z]+")
_APART: Final = re.compile(r"[^A-Z0-9]+")
_INITIALS: Final = re.compile(r"(?<=\b[A-Z])\.(?=[A-Z]\b)")
"""The dots of `F.A. 20`: it is `FA 20`."""
_RF: Final = re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}")
_OGM: Final = re.compile(r"(?<![0-9])([0-9]{3})/?([0-9]{4})/?([0-9]{5})(?![0-9])")
_MONTH: Final = r"(?:0?[1-9]|1[0-2])"
_DAY: Final = r"(?:0?[1-9]|[12][0-9]|3[01])"
_YEAR: Final = r"(?:19|20)[0-9]{2}"
_NO_NUMBER: Final = re.compile(
    rf"""(?<![0-9])(?:
        {_YEAR}[-./ ]{_MONTH}[-./ ]{_DAY}                       # 2026-03-31
      | {_DAY}[-./ ]{_MONTH}[-./ ](?:{_YEAR}|[0-9]{{2}})        # 31/03/2026
      | {_YEAR}[-./](?:0[1-9]|1[0-2])(?![-./ ]?[0-9])           # 2026-03
      | {_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])      # 20260331
      | (?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2]){_YEAR}      # 31032026
      | [0-9]{{1,3}}(?:[ .,'][0-9]{{3}})+[.,][0-9]{{2}}         # 1 234,56
      | [0-9]+[.,][0-9]{{2}}                                    # 1234,56
      | [0-9]{{1,3}}(?:[ .,'][0-9]{{3}})+(?=\ ?(?:EUR|€))      # 1 234 EUR
      | [0-9]+(?=\ ?(?:EUR|€))                                 # 1234 EUR
      | (?:SIREN|SIRET|TVA|VAT)[ :]*(?:[A-Z]{{2}}\ ?)?[0-9][0-9 ]*
    )(?![0-9])""",
    re.VERBOSE,
)
"""Days, amounts of money and registrations: figures that name no invoice, unless its letters stand before."""
_YEAR_ALONE: Final = re.compile(rf"{_YEAR}")
_JOINTS: Final = frozenset(["A", "AU", "ET", "TO", "AND", "BIS", "UND"])
"""What stands between the numbers of a list or a range."""
_LEGAL_FORMS: Final = """
    SA SAS SASU SARL EURL SCI SNC SCOP GMBH AG KG BV NV SRL SPRL SPA LTD LIMITED PLC LLC INC LLP ETS STE
    SOCIETE CIE COMPANY THE ET AND FILS GROUPE GROUP FRANCE
"""
_LEGAL: Final = frozenset(_LEGAL_FORMS.split())


@dataclass(frozen=True, slots=True)
class Keys:
    """What a text may name, or a number is known by.

    :param runs: runs of digits without leading zeros, joined by dots: `2024.123`.
    :param digits: all digits without leading zeros: `20240123`.
    :param whole: letters and digits run together: `FA20240123`.
    """

    runs: frozenset[str]
    digits: frozenset[str]
    whole: frozenset[str]


def plain(text: str) -> str:
    """In capitals, without accents."""
    apart = unicodedata.normalize("NFKD", text.upper())
    return "".join(char for char in apart if not unicodedata.combining(char))


def compact(text: str) -> str:
    """Letters and digits run together, in capitals."""
    return _APART.sub("", plain(text))


def keys_of_number(number: str) -> Keys:
    """The keys a number is known by; as the ledger's columns make them."""
    digits = re.findall(r"[0-9]+", number)
    return Keys(
        frozenset([".".join(_bare(run) for run in digits)] if digits else []),
        frozenset([_bare("".join(digits))] if digits else []),
        frozenset([compact(number)]),
    )


def keys_of_text(*texts: str | None) -> Keys:
    """Everything a text may name: each window of neighbouring runs, by each kind of key."""
    runs: set[str] = set()
    digits: set[str] = set()
    whole: set[str] = set()
    for text in texts:
        if not text:
            continue
        tokens = _tokens(text)
        for first in range(len(tokens)):
            numbers: list[str] = []
            letters = ""
            for token in tokens[first : first + 2 * MOST_RUNS]:
                letters += token
                if token.isdigit():
                    numbers.append(token)
                    if len(numbers) > MOST_RUNS:
                        break
                    if tokens[first].isdigit():
                        runs.add(".".join(_bare(run) for run in numbers))
                        digits.add(_bare("".join(numbers)))
                    if len(letters) >= 2:
                        whole.add(letters)
        if len(runs) + len(whole) > MOST_KEYS:
            break
    return Keys(frozenset(runs), frozenset(digits), frozenset(whole))


def named(number: str, *texts: str | None, by_letters: bool = False) -> bool:
    """Whether a text names a number, for certain as far as writing goes.

    Its digits must stand together, in their order, and not within longer ones. A number of few digits must
    stand with its own letters, and so must one that may as well be a day, a year or an amount of money.

    :param by_letters: its digits alone tell nothing: they are what was paid, say.
    """
    runs = re.findall(r"[0-9]+", number)
    letters = compact(number)
    if not runs:
        return any(letters == token for text in texts if text for token in _words(text)) and len(letters) >= 5
    few = by_letters or sum(len(run.lstrip("0")) for run in runs) < SAFE_DIGITS or _is_year(runs)
    for text in texts:
        if not text:
            continue
        tokens = _tokens(text)
        if any(_letters_from(tokens, first, letters) for first in range(len(tokens))):
            return True
        tokens = () if few else _figures_alone(text)
        if any(_digits_from(tokens, first, runs) for first, token in enumerate(tokens) if token.isdigit()):
            return True
    return False


def goes_on(number: str, others: Iterable[str], text: str) -> bool:
    """Whether a text may mean more than the number that it names: a list, a range, or a number cut off.

    :param others: what else the payer may mean.
    """
    runs = re.findall(r"[0-9]+", number)
    tokens = _figures_alone(text)
    figures = [token for token in tokens if token not in _JOINTS]
    for one, other in pairwise(figures):
        if one.isdigit() and other.isdigit() and not _within(one, other, runs):
            return True
    head = next(iter(_tokens(number)), "")
    if head.isalpha() and len({other for one, other in pairwise(tokens) if one == head}) > 1:
        return True
    longer = ["".join(re.findall(r"[0-9]+", other)) for other in others if other != number]
    for first in range(len(tokens)):
        end = tokens[first:]
        if all(token.isdigit() for token in end) and _digits_from(end, 0, runs):
            written = "".join(end)
            return any(each.startswith(written) and each != written for each in longer)
    return False


def invoice_like(numbers: list[str], *texts: str | None) -> list[str]:
    """Words of a text that look like one of these numbers and are none: another's, or a slip of the pen.

    :param numbers: some of the company's, for their looks.
    """
    shapes = {_shape(number) for number in numbers}
    heads = {tokens[0] for number in numbers if len(tokens := _tokens(number)) > 1 and tokens[0].isalpha()}
    known = {compact(number) for number in numbers}
    found = []
    for text in texts:
        for word in _words(text or ""):
            if word not in known and _shape(word) in shapes:
                found.append(word)
        # A series' own letters before a figure: a number that was cut off, or broken.
        tokens = _tokens(text or "")
        for one, other in pairwise(tokens):
            if one in heads and other.isdigit():
                found.append(f"{one} {other}")
    return found


def rf(text: str) -> list[str]:
    """Creditor references in a text whose check digits are right (ISO 11649), without `RF` and the digits."""
    found = []
    for each in _RF.findall(compact(text)):
        for end in range(len(each), 4, -1):
            part = each[:end]
            turned = part[4:] + part[:4]
            if int("".join(str(int(char, 36)) for char in turned)) % 97 == 1:
                found.append(part[4:])
                break
    return found


def ogm(text: str) -> list[str]:
    """Belgian structured communications in a text whose check is right: their ten digits."""
    found = []
    for parts in _OGM.findall(text.replace("+", " ").replace("*", " ")):
        digits = "".join(parts)
        rest = int(digits[:10]) % 97 or 97
        if int(digits[10:]) == rest:
            found.append(digits[:10])
    return found


def name_key(name: str) -> str:
    """A name by which a payer is known again: without legal forms, order kept."""
    return " ".join(word for word in _APART.split(plain(name)) if word and word not in _LEGAL)


def names_agree(one: str | None, other: str | None) -> bool:
    """Whether two names are one party's: every word of the shorter is in the other, or it is cut off.

    One word in common is not enough: a town has ten bakeries.
    """
    first, second = sorted((name_key(one or ""), name_key(other or "")), key=len)
    if len(first.replace(" ", "")) < 5:
        return False
    if " " not in first and " " in second:
        # MARTIN is not Boulangerie Martin; BOULANGERIEMARTIN is, with its words run together.
        return len(first) > len(second.split()[0]) and second.replace(" ", "").startswith(first)
    *whole, last = first.split()
    words = second.split()
    if all(word in words for word in whole) and any(word.startswith(last) for word in words):
        return True
    return second.replace(" ", "").startswith(first.replace(" ", ""))


# A line's text is held against every number that it may name: it is taken apart once.
@lru_cache(maxsize=4096)
def _tokens(text: str) -> tuple[str, ...]:
    return tuple(_RUN.findall(_INITIALS.sub("", plain(text))))


@lru_cache(maxsize=1024)
def _figures_alone(text: str) -> tuple[str, ...]:
    """The tokens, with an `X` in place of days, amounts and registrations."""
    return _tokens(_NO_NUMBER.sub(" X ", plain(text)))


def _words(text: str) -> list[str]:
    """Words with their joints taken out: `FA-2024-0123` is one."""
    return [compact(word) for word in plain(text).split() if compact(word)]


def _bare(run: str) -> str:
    return run.lstrip("0") or "0"


def _digits_from(tokens: Sequence[str], first: int, runs: list[str]) -> bool:
    """Whether the digits of a number stand here: run by run, or all in one piece, and end where it ends."""
    wanted = [_bare(run) for run in runs]
    found: list[str] = []
    raw = ""
    for token in tokens[first:]:
        if not token.isdigit():
            break
        found.append(_bare(token))
        raw += token
        if found == wanted or raw == "".join(runs):
            return True
        if len(found) >= len(wanted) and len(raw) >= len("".join(runs)):
            break
    return False


def _is_year(runs: list[str]) -> bool:
    return len(runs) == 1 and _YEAR_ALONE.fullmatch(_bare(runs[0])) is not None


def _within(one: str, other: str, runs: list[str]) -> bool:
    """Whether these figures are neighbours in one number, `2026` and `0123` of `2026-0123`."""
    return one + other in "".join(runs) or (_bare(one), _bare(other)) in pairwise(_bare(run) for run in runs)


def _letters_from(tokens: Sequence[str], first: int, letters: str) -> bool:
    made = ""
    for token in tokens[first:]:
        made += token
        if made == letters:
            return any(char.isdigit() for char in letters) and any(char.isalpha() for char in letters)
        if not letters.startswith(made):
            return False
    return False


def _shape(word: str) -> str:
    """Letters as they are, each digit as a nine: what numbers of one series have in common."""
    return re.sub(r"[0-9]", "9", compact(word))
