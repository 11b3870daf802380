"""Payment terms as people write them: `45 jours fin de mois`, `30 j FDM le 10`, `net 30`."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import Final

from rules.terms import Instalments, MonthEnd, PaymentTerms, Terms

_DAYS: Final = r"(?P<days>\d{1,3})\s*(?:jours?|jrs?|j|days?|d)?(?:\s+(?:nets?|calendaires?|calendar))?"
_MONTH_END: Final = r"(?:fin\s+(?:de|du)\s+mois|fin\s+mois|fdm|fm|end\s+of\s+(?:the\s+)?month|eom)"
_ON: Final = (
    r"(?:[\s,]+(?:then\s+)?(?:le|the|on\s+the|on\s+day|on)\s+(?P<on>\d{1,2})"
    r"(?:er|st|nd|rd|th)?(?:\s+(?:du\s+mois(?:\s+suivant)?|of\s+the\s+(?:next\s+|following\s+)?month))?)?"
)
_THEN: Final = r"(?:\s*[,+]?\s*(?:then|puis|\+|,)?\s*)"
_FROM: Final = (
    r"(?:\s+(?:(?:a\s+compter\s+de\s+la\s+)?date\s+(?:de\s+(?:la\s+)?)?facture|date\s+d'emission"
    r"|from\s+(?:the\s+)?invoice(?:\s+date)?))?"
)
_LEAD: Final = r"(?:net\s+|a\s+|paiement\s+a\s+|payable\s+(?:within\s+)?|within\s+|sous\s+)?"

_NET: Final = re.compile(_LEAD + _DAYS + _FROM + _ON)
_DAYS_FIRST: Final = re.compile(_LEAD + _DAYS + _FROM + _THEN + _MONTH_END + _ON)
_MONTH_FIRST: Final = re.compile(_LEAD + _MONTH_END + _THEN + _DAYS + _FROM + _ON)
_AT_ONCE: Final = re.compile(
    r"comptant|a\s+reception(?:\s+de\s+(?:la\s+)?facture)?|(?:due\s+)?(?:on|upon)\s+receipt|immediat|cash|cod"
)
_MONTH_END_ALONE: Final = re.compile(_LEAD + _MONTH_END + _ON)
_SHARE: Final = re.compile(
    r"(?P<share>\d{1,3}(?:[.,]\d{1,4})?)\s*%\s*(?P<rest>[^%]+?)\s*(?:[;,/+]|\bet\b|\band\b)?\s*"
)
_SHARES: Final = re.compile(
    r"\d{1,3}(?:[.,]\d{1,4})?\s*%[^%]+?(?=(?:[;,/+]|\bet\b|\band\b)?\s*\d{1,3}(?:[.,]\d{1,4})?\s*%|$)"
)

MAX_TEXT: Final = 200
"""Characters that terms may have."""


@lru_cache(maxsize=1024)
def parse_terms(text: str) -> Terms:
    """Read terms. "End of month" is read in the order of the words.

    `45 jours fin de mois` is 45 days, then the end of the month reached; `fin de mois 45 jours` is the end
    of the month of issue, then 45 days. Both are lawful readings (Code de commerce L441-10 I), and the words
    alone decide: whoever means the other one writes it in that order.

    Raises:
        ValueError: the text says no terms that are understood, or impossible ones.
    """
    plain = _plain(text)
    if not plain:
        raise ValueError("no payment terms given")
    if len(plain) > MAX_TEXT:
        raise ValueError(f"payment terms of {len(plain)} characters: at most {MAX_TEXT}")
    if "%" not in plain:
        return _single(plain, text)
    parts = []
    pieces = _SHARES.findall(plain)
    if "".join(pieces).count("%") != plain.count("%"):
        raise ValueError(_unreadable(text))
    for piece in pieces:
        share, _, rest = piece.partition("%")
        parts.append((Decimal(share.strip().replace(",", ".")), _single(rest.strip(" ;,/+"), text)))
    return Instalments(tuple(parts))


def payment_terms(text: str) -> str:
    """The text as it stands, once it is sure that it says terms.

    Raises:
        ValueError: it does not.
    """
    parse_terms(text)
    return text.strip()


def _single(plain: str, text: str) -> PaymentTerms:
    if _AT_ONCE.fullmatch(plain):
        return PaymentTerms(0, MonthEnd.NONE)
    for pattern, month_end in (
        (_NET, MonthEnd.NONE),
        (_DAYS_FIRST, MonthEnd.DAYS_THEN_MONTH_END),
        (_MONTH_FIRST, MonthEnd.MONTH_END_THEN_DAYS),
        (_MONTH_END_ALONE, MonthEnd.DAYS_THEN_MONTH_END),
    ):
        match = pattern.fullmatch(plain)
        if match is not None:
            groups = match.groupdict()
            on = groups.get("on")
            return PaymentTerms(int(groups.get("days") or 0), month_end, int(on) if on else None)
    raise ValueError(_unreadable(text))


def _plain(text: str) -> str:
    """Lower case, without accents, one space between words."""
    bare = unicodedata.normalize("NFKD", text.replace("\u2019", "'").lower())
    return re.sub(r"\s+", " ", "".join(c for c in bare if not unicodedata.combining(c))).strip(" .")


def _unreadable(text: str) -> str:
    return (
        f"payment terms not understood: {text[:60]!r}; write such as 'net 30', '45 jours fin de mois', "
        "'fin de mois 45 jours', '30 jours fin de mois le 10' or '50 % 30 jours; 50 % 60 jours'"
    )
