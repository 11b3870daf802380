"""Laws on late payment between professionals, as data: rate, margin, from when, and the fixed sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from rules.interest.rates import Series


class Mode(StrEnum):
    """What a customer hears of interest and of the fixed sum.

    - ``silent``: nothing, in no message.
    - ``announced``: reminders say that they are due; the formal notice reckons and demands them.
    - ``claimed``: firm reminders give their sum to the day, too.
    """

    SILENT = "silent"
    ANNOUNCED = "announced"
    CLAIMED = "claimed"


class LawCode(StrEnum):
    """Laws on late payment between professionals that are known here."""

    FR = "FR"
    FR_PUBLIC = "FR-public"
    EU = "EU"
    DE = "DE"
    BE = "BE"
    ES = "ES"
    IT = "IT"
    NL = "NL"
    IE = "IE"
    UK = "UK"


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """One law.

    :param code: ``FR``, ``FR-public``, ``EU`` (the directive's own minimum), ``DE`` and so on.
    :param title: the law, as an English text names it.
    :param series: the reference rate; its value on the first day of a half-year serves that half-year.
    :param margin: percentage points on top of it.
    :param round_up_to: the sum is rounded up to a multiple of this many points; None: as it is.
    :param frozen: the rate of the half-year in which interest began serves until the end.
    :param tiers: fixed sum from so much principal on, ascending; the last that fits holds.
    :param tiers_currency: the currency of both columns of ``tiers``.
    :param fixed_rate: no other rate can be agreed.
    :param floor_series: a contractual rate may not be under three times this one; None: no such floor.
    :param source: where the law says so.
    """

    code: str
    title: str
    series: Series
    margin: Decimal
    tiers: tuple[tuple[Decimal, Decimal], ...]
    tiers_currency: str
    source: str
    round_up_to: Decimal | None = None
    frozen: bool = False
    fixed_rate: bool = False
    floor_series: Series | None = None

    @property
    def one_sum(self) -> Decimal | None:
        """The fixed sum where it is the same for every invoice."""
        return self.tiers[0][1] if len(self.tiers) == 1 else None


_FORTY: Final = ((Decimal(0), Decimal(40)),)
_EIGHT: Final = Decimal(8)


def _directive(code: str, title: str, source: str) -> Jurisdiction:
    return Jurisdiction(code, title, Series.ECB, _EIGHT, _FORTY, "EUR", source)


_ALL: Final = (
    Jurisdiction(
        code="FR",
        title="French law between businesses",
        series=Series.ECB,
        margin=Decimal(10),
        tiers=_FORTY,
        tiers_currency="EUR",
        floor_series=Series.FR_LEGAL,
        source="Code de commerce L441-10 II, D441-5",
    ),
    Jurisdiction(
        code="FR-public",
        title="French public procurement",
        series=Series.ECB,
        margin=_EIGHT,
        frozen=True,
        fixed_rate=True,
        tiers=_FORTY,
        tiers_currency="EUR",
        source="Code de la commande publique L2192-13, R2192-31 to R2192-36, D2192-35",
    ),
    _directive("EU", "Directive 2011/7/EU", "Directive 2011/7/EU art. 2 (6), 3 and 6"),
    Jurisdiction(
        code="DE",
        title="German law",
        series=Series.DE_BASE,
        margin=Decimal(9),
        tiers=_FORTY,
        tiers_currency="EUR",
        source="BGB sections 247, 288 (2) and (5)",
    ),
    Jurisdiction(
        code="BE",
        title="Belgian law",
        series=Series.ECB,
        margin=_EIGHT,
        round_up_to=Decimal("0.5"),
        tiers=_FORTY,
        tiers_currency="EUR",
        source="Law of 2 August 2002, art. 5 and 6",
    ),
    _directive("ES", "Spanish law", "Ley 3/2004, art. 7 and 8"),
    _directive("IT", "Italian law", "Decreto legislativo 231/2002, art. 2, 5 and 6"),
    _directive("NL", "Dutch law", "Burgerlijk Wetboek 6:119a, 6:120 and 6:96 (4)"),
    _directive("IE", "Irish law", "S.I. No. 580/2012, reg. 5 and 9"),
    Jurisdiction(
        code="UK",
        title="Law of the United Kingdom",
        series=Series.BOE,
        margin=_EIGHT,
        frozen=True,
        tiers=(
            (Decimal(0), Decimal(40)),
            (Decimal(1_000), Decimal(70)),
            (Decimal(10_000), Decimal(100)),
        ),
        tiers_currency="GBP",
        source="Late Payment of Commercial Debts (Interest) Act 1998, s. 5A and 6; SI 2002/1675",
    ),
)

JURISDICTIONS: Final[Mapping[str, Jurisdiction]] = MappingProxyType({law.code: law for law in _ALL})
"""Every law known here, by its code."""

_OWN_LAW: Final = {
    "FR": "FR",
    "DE": "DE",
    "BE": "BE",
    "ES": "ES",
    "IT": "IT",
    "NL": "NL",
    "IE": "IE",
    "GB": "UK",
}

_UNDER_DIRECTIVE: Final = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)
"""The Union's countries: each has the directive's minimum in its law, whatever else it has."""


def jurisdiction(code: str) -> Jurisdiction:
    """A law by its code.

    :raises KeyError: none is known by it; the message lists those that are.
    """
    try:
        return JURISDICTIONS[code]
    except KeyError:
        raise KeyError(
            f"no law {code!r} on late payment: expected one of {', '.join(JURISDICTIONS)}"
        ) from None


def jurisdiction_for(
    creditor: str, debtor: str, *, public: bool, agreed: str | None = None
) -> Jurisdiction | None:
    """The law whose sums may be demanded without asking a lawyer first; None when there is none.

    Both in one country: its own law, where it is known here. Both in the Union: the directive's minimum,
    which holds under the law of either. Anything else depends on the contract.

    :param creditor: ISO 3166 country of who is owed.
    :param debtor: of who owes.
    :param public: the debtor is a public buyer.
    :param agreed: code of the law that the contract names, in the place of all that.
    """
    if agreed is not None:
        return jurisdiction(agreed)
    if creditor == debtor and creditor in _OWN_LAW:
        code = _OWN_LAW[creditor]
        return JURISDICTIONS["FR-public" if public and code == "FR" else code]
    if creditor in _UNDER_DIRECTIVE and debtor in _UNDER_DIRECTIVE:
        return JURISDICTIONS["EU"]
    return None
