"""How long payment terms may lawfully be between undertakings: a warning, never a refusal.

A due date that goes beyond the cap still binds as a date to chase from; it is the creditor who is told, since
the authority fines for it. What is said here is of the country of the contract's law, which is taken to be
the creditor's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from rules.terms import days_then_month_end, due_date, month_end_then_days


class Buyer(StrEnum):
    """Who pays, where the cap depends on it."""

    COMPANY = "company"
    PUBLIC = "public"
    PUBLIC_HEALTH = "public_health"
    PUBLIC_ENTERPRISE = "public_enterprise"


@dataclass(frozen=True, slots=True)
class Cap:
    """The longest term: `days` from the invoice's date, or `month_end_days` in either reading of them."""

    article: str
    days: int
    month_end_days: int | None = None
    unless_express: bool = False


_EU: Final = frozenset(
    (
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "GR", "HR", "HU", "IE", "IT"),
        *("LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    )
)
"""Member States other than France."""

_FR: Final = {
    Buyer.COMPANY: Cap("Code de commerce, art. L441-10 I", 60, month_end_days=45),
    Buyer.PUBLIC: Cap("Code de la commande publique, art. R2192-10", 30),
    Buyer.PUBLIC_HEALTH: Cap("Code de la commande publique, art. R2192-11", 50),
    Buyer.PUBLIC_ENTERPRISE: Cap("Code de la commande publique, art. R2192-11", 60),
}
_FR_PERIODIC: Final = Cap("Code de commerce, art. L441-10 I (periodic invoices)", 45)
_DIRECTIVE: Final = Cap("Directive 2011/7/EU, art. 3(5)", 60, unless_express=True)
_DIRECTIVE_PUBLIC: Final = Cap("Directive 2011/7/EU, art. 4(3)", 30)
_DIRECTIVE_PUBLIC_LONGER: Final = Cap("Directive 2011/7/EU, art. 4(4)", 60)


@dataclass(frozen=True, slots=True)
class TooLong:
    """A due date past the cap. `latest` is the last lawful one."""

    due_on: date
    latest: date
    cap: Cap

    def __str__(self) -> str:
        unless = " unless expressly agreed and fair" if self.cap.unless_express else ""
        return f"due on {self.due_on}: payable by {self.latest} at the latest{unless} ({self.cap.article})"


def cap_of(country: str, buyer: Buyer = Buyer.COMPANY, *, periodic: bool = False) -> Cap | None:
    """The cap of a country (ISO 3166-1 alpha-2); None where this version knows of none.

    :param periodic: the invoice sums up the deliveries of a period (at most a month).
    """
    if country == "FR":
        return _FR_PERIODIC if periodic and buyer is Buyer.COMPANY else _FR[buyer]
    if country not in _EU:
        return None
    match buyer:
        case Buyer.COMPANY:
            return _DIRECTIVE
        case Buyer.PUBLIC:
            return _DIRECTIVE_PUBLIC
        case Buyer.PUBLIC_HEALTH | Buyer.PUBLIC_ENTERPRISE:
            return _DIRECTIVE_PUBLIC_LONGER


def too_long(
    issued_on: date, due_on: date, country: str, buyer: Buyer = Buyer.COMPANY, *, periodic: bool = False
) -> TooLong | None:
    """Say by which article a due date is too late, or None.

    Where the law also allows so many days end of month, a date within the later of its two readings passes:
    the terms themselves are not on the invoice.
    """
    cap = cap_of(country, buyer, periodic=periodic)
    if cap is None:
        return None
    latest = issued_on + timedelta(days=cap.days)
    if cap.month_end_days is not None:
        readings = (days_then_month_end(cap.month_end_days), month_end_then_days(cap.month_end_days))
        latest = max(latest, *(due_date(issued_on, reading) for reading in readings))
    return TooLong(due_on, latest, cap) if due_on > latest else None
