"""Business days and opening hours in a customer's country and time zone.

Weekends and national holidays are exactly those of the pinned ``holidays`` package, including weekends
worked by decree and holidays observed on another day; another version may tell even the past
differently. Beyond the years the package covers, only weekends are closed.

Days are plain dates in the customer's zone; instants are aware datetimes, returned in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from rules.closures import Closure
from rules.countries import CAPITAL_ZONES

SLOT: Final = time(9, 30)
"""Local time at which a planned contact is made."""

OpeningHours: TypeAlias = tuple[tuple[time, time], ...]
"""Local times a channel is open: start included, end excluded, in order."""

_ONE_DAY: Final = timedelta(days=1)
_TOO_LONG: Final = timedelta(days=800)
_MIDNIGHT: Final = time(0, 0)
# Not strftime("%A"): that one speaks the process's locale.
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# Files that lie beside the real zones: counting leap seconds, or saying what this machine is set to.
_NOT_A_PLACE: Final = frozenset({"right", "posix", "posixrules", "localtime", "Factory"})


class UnknownCountry(ValueError):
    """The code is not an upper-case ISO 3166-1 alpha-2 code with a known calendar."""


class UnknownZone(ValueError):
    """The name is not a zone of the IANA time zone database."""


class Channel(StrEnum):
    """How a contact is made. DECISION asks one of our own people, not the customer."""

    EMAIL = "email"
    SMS = "sms"
    PHONE = "phone"
    LETTER = "letter"
    DECISION = "decision"


_OFFICE_HOURS: Final[OpeningHours] = ((time(8, 30), time(18, 0)),)
# A ringing phone is more of an intrusion than a letter: not before the slot, not during lunch.
_PHONE_HOURS: Final[OpeningHours] = ((time(9, 30), time(12, 0)), (time(14, 0), time(18, 0)))

_OPENING_HOURS: Final[Mapping[Channel, OpeningHours]] = {
    Channel.EMAIL: _OFFICE_HOURS,
    Channel.SMS: _PHONE_HOURS,
    Channel.PHONE: _PHONE_HOURS,
    Channel.LETTER: _OFFICE_HOURS,
    Channel.DECISION: _OFFICE_HOURS,
}


def opening_hours(channel: Channel) -> OpeningHours:
    """Return the local hours of a business day in which a channel may be used."""
    return _OPENING_HOURS[channel]


def default_zone(country: str) -> str:
    """Return the IANA zone of a country's capital.

    :param country: ISO 3166-1 alpha-2 code, upper case.
    :raises UnknownCountry: when the code is not one.
    """
    try:
        return CAPITAL_ZONES[country]
    except KeyError:
        raise UnknownCountry(f"unknown country {country!r}: expected an ISO 3166-1 alpha-2 code") from None


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """The days and hours of one country and one zone. Made by `business_calendar`.

    `closures` close further days: see `closed_on`.
    """

    country: str
    zone: ZoneInfo
    closures: tuple[Closure, ...] = ()

    def closed_on(self, closures: tuple[Closure, ...]) -> BusinessCalendar:
        """Return the same calendar with these closures: its business days are those of contact."""
        return replace(self, closures=closures) if closures else self

    def local_day(self, instant: datetime) -> date:
        """Return the day it is in the zone at an instant.

        :raises ValueError: when the instant is naive.
        """
        # In another zone, a time that the clocks show twice is equal to itself: it could not be remembered.
        if instant.tzinfo is UTC:
            return _day_there(self.zone, instant)
        return self._local(instant).date()

    def is_business_day(self, day: date) -> bool:
        """Tell whether people work on a day."""
        return self.why_closed(day) is None

    def why_closed(self, day: date) -> str | None:
        """Name what closes a day in English (``Saturday``, ``Easter Monday``), or None on a business day.

        A holiday that falls on a weekend is named by the weekday: the day would be closed without it.

        :raises ValueError: when given an instant instead of a day.
        """
        _refuse_instant(day)
        usual = _closed_days(self.country, day.year).get(day)
        if usual is not None or not self.closures:
            return usual
        return next((why for closure in self.closures if (why := closure.why(day)) is not None), None)

    def first_business_day(self, day: date) -> date:
        """Return the first business day at or after a day.

        Closures that together leave none for years are passed over: see `closures.fault`.
        """
        _refuse_instant(day)
        if not self.closures:
            return _first_working_day(self.country, day)
        wanted = day
        while self.why_closed(day) is not None:
            day += _ONE_DAY
            if day - wanted > _TOO_LONG:
                return _first_working_day(self.country, wanted)
        return day

    def add_business_days(self, day: date, n: int) -> date:
        """Return the n-th business day strictly after a day; for 0, the first at or after it.

        :param n: number of business days, not negative.
        :raises ValueError: when n is negative.
        """
        if n < 0:
            raise ValueError(f"cannot add {n} business days: expected 0 or more")
        if n == 0:
            return self.first_business_day(day)
        for _ in range(n):
            day = self.first_business_day(day + _ONE_DAY)
        return day

    def business_days_before(self, day: date, n: int) -> date:
        """Return the n-th business day strictly before a day.

        :param n: number of business days, 1 or more.
        :raises ValueError: when n is less.
        """
        if n < 1:
            raise ValueError(f"cannot go back {n} business days: expected 1 or more")
        for _ in range(n):
            day -= _ONE_DAY
            while self.why_closed(day) is not None:
                day -= _ONE_DAY
        return day

    def instant(self, day: date, at: time) -> datetime:
        """Return the UTC instant of a local time on a day.

        A time that the clocks skip moves forward by what they skip; of one they show twice, the first.

        :param at: local time, without a zone of its own.
        :raises ValueError: when given an instant instead of a day, or a time with a zone.
        """
        _refuse_instant(day)
        if at.tzinfo is not None:
            raise ValueError(f"expected a local time without a zone: {at.isoformat()}")
        return _instant_there(self.zone, day, at)

    def start_of_day(self, day: date) -> datetime:
        """Return the UTC instant at which a local day begins (not always 00:00: clocks may skip it)."""
        return self.instant(day, _MIDNIGHT)

    def slot(self, day: date) -> datetime:
        """Return the UTC instant of the contact slot on a day, be it a business day or not."""
        return self.instant(day, SLOT)

    def is_open(self, channel: Channel, instant: datetime) -> bool:
        """Tell whether a channel may be used at an instant: a business day, inside the hours.

        :raises ValueError: when the instant is naive.
        """
        return self._interval(channel, self._local(instant)) is not None

    def closes_at(self, channel: Channel, instant: datetime) -> datetime | None:
        """Return the UTC instant at which a channel open at an instant closes (for lunch or the night).

        :returns: None when the channel is closed at the instant.
        :raises ValueError: when the instant is naive.
        """
        local = self._local(instant)
        interval = self._interval(channel, local)
        return None if interval is None else self.instant(local.date(), interval[1])

    def _local(self, instant: datetime) -> datetime:
        if instant.utcoffset() is None:
            raise ValueError(f"naive datetime refused: {instant.isoformat()} has no zone")
        return instant.astimezone(self.zone)

    def _interval(self, channel: Channel, local: datetime) -> tuple[time, time] | None:
        clock = local.time()
        for start, end in _OPENING_HOURS[channel]:
            if start <= clock < end:
                return (start, end) if self.is_business_day(local.date()) else None
        return None


@lru_cache(maxsize=4096)
def business_calendar(country: str, zone: str | None = None) -> BusinessCalendar:
    """Return the calendar of a country, in a zone or else in its capital's.

    :param country: ISO 3166-1 alpha-2 code, upper case.
    :param zone: IANA zone name (``Europe/Paris``), or None for the capital's.
    :raises UnknownCountry: when the code is not one.
    :raises UnknownZone: when there is no such zone.
    """
    capital = default_zone(country)
    return BusinessCalendar(country, _load_zone(capital if zone is None else zone))


def _load_zone(name: str) -> ZoneInfo:
    refusal = f"unknown time zone {name!r}: expected an IANA name such as 'Europe/Paris'"
    if name.partition("/")[0] in _NOT_A_PLACE:
        raise UnknownZone(refusal)
    try:
        return ZoneInfo(name)
    # A name is looked up as a file: one of a folder or a stray file fails in other ways than "not found".
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownZone(refusal) from None


# The cases of a customer, as those of a portfolio, ask for the same few days and instants again and again.
# The answers never change; `_MANY` bounds what is remembered.
_MANY: Final = 8192


@lru_cache(maxsize=_MANY)
def _day_there(zone: ZoneInfo, instant: datetime) -> date:
    return instant.astimezone(zone).date()


@lru_cache(maxsize=_MANY)
def _instant_there(zone: ZoneInfo, day: date, at: time) -> datetime:
    # With fold=0 (PEP 495) a skipped time is reckoned with the offset before the change, which is
    # the same as moving forward by the gap, and an ambiguous one is the first.
    return datetime.combine(day, at.replace(fold=0), tzinfo=zone).astimezone(UTC)


@lru_cache(maxsize=_MANY)
def _first_working_day(country: str, day: date) -> date:
    while day in _closed_days(country, day.year):
        day += _ONE_DAY
    return day


def _refuse_instant(day: date) -> None:
    # A datetime is a date to Python, but never equals one: it would silently pass for a business day.
    if isinstance(day, datetime):
        raise ValueError(f"expected a day, not an instant: {day.isoformat()}; use local_day() first")


@lru_cache(maxsize=_MANY)
def _closed_days(country: str, year: int) -> Mapping[date, str]:
    """Return the closed days of a year and what closes each.

    The year is asked for whole, of an object used only here: the package fills its own lazily, which is
    neither safe between threads nor right for a worked weekend of a year not yet filled.
    """
    # Asked of the country's own class: the package's list of languages imports every country there is.
    calendar = holidays.country_holidays(country, years=year)
    if "en_US" in calendar.supported_languages:
        calendar = holidays.country_holidays(country, years=year, language="en_US")
    closed: dict[date, str] = {}
    for ordinal in range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1):
        day = date.fromordinal(ordinal)
        if not calendar.is_working_day(day):
            closed[day] = _WEEKDAYS[day.weekday()] if calendar.is_weekend(day) else calendar[day]
    return MappingProxyType(closed)
