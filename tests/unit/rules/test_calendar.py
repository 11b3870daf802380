"""Business days, local times across clock changes, and opening hours."""

from __future__ import annotations

import dataclasses
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.calendar import (
    SLOT,
    Channel,
    UnknownCountry,
    UnknownZone,
    business_calendar,
    default_zone,
    opening_hours,
)
from rules.countries import CAPITAL_ZONES

FR = business_calendar("FR")
ONE_DAY = timedelta(days=1)

# The first question about a country loads its holidays: how long that takes says nothing about the rule.
unhurried = settings(deadline=None)

# Clock changes by night, at midnight itself (Cairo, Havana, Santiago), by half an hour (Lord Howe), and none.
ZONES = [
    "Europe/Paris",
    "America/New_York",
    "America/Havana",
    "America/Santiago",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Atlantic/Azores",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
]

countries = st.sampled_from(sorted(CAPITAL_ZONES))
zones = st.sampled_from(ZONES)
days = st.dates(date(2020, 1, 1), date(2030, 12, 31))
instants = st.datetimes(datetime(2020, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def paris(text: str) -> datetime:
    """Read a Paris wall clock time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Paris"))


# Countries and zones


def test_every_country_of_the_holidays_package_has_a_capital_zone() -> None:
    supported = {code for code in holidays.list_supported_countries() if len(code) == 2}
    assert set(CAPITAL_ZONES) == supported


@pytest.mark.parametrize("country", sorted(CAPITAL_ZONES))
def test_every_capital_zone_loads(country: str) -> None:
    assert business_calendar(country).zone == ZoneInfo(default_zone(country))


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("FR", "Europe/Paris"),
        ("RE", "Indian/Reunion"),
        ("DE", "Europe/Berlin"),
        ("ES", "Europe/Madrid"),
        ("PT", "Europe/Lisbon"),
        ("GB", "Europe/London"),
        ("US", "America/New_York"),
        ("CA", "America/Toronto"),
        ("BR", "America/Sao_Paulo"),
        ("AU", "Australia/Sydney"),
        ("CN", "Asia/Shanghai"),
        ("RU", "Europe/Moscow"),
    ],
)
def test_a_country_keeps_the_time_of_its_capital(country: str, zone: str) -> None:
    assert default_zone(country) == zone


@pytest.mark.parametrize("country", ["", "fr", "FRA", "ZZ", "FR-public"])
def test_an_unknown_country_is_refused(country: str) -> None:
    with pytest.raises(UnknownCountry, match="alpha-2"):
        default_zone(country)
    with pytest.raises(UnknownCountry, match="alpha-2"):
        business_calendar(country, "Europe/Paris")


@pytest.mark.parametrize(
    "zone",
    ["", "Europe", "Europe/Pari", "/etc/passwd", "../Paris", "zone.tab", "localtime", "right/UTC", "a\0"],
)
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(UnknownZone, match="unknown time zone"):
        business_calendar("FR", zone)


def test_a_calendar_is_one_value_shared_by_all_who_ask() -> None:
    assert business_calendar("FR", None) is business_calendar("FR", None)
    assert business_calendar("FR", "Europe/Paris") == business_calendar("FR", None)
    assert len({business_calendar("FR", "Europe/Paris"), FR, business_calendar("BE")}) == 2
    assert pickle.loads(pickle.dumps(FR)) == FR
    with pytest.raises(dataclasses.FrozenInstanceError):
        FR.country = "BE"  # type: ignore[misc]


# Business days


@pytest.mark.parametrize(
    ("country", "day", "why"),
    [
        ("FR", date(2026, 4, 3), None),  # Good Friday is worked in France ...
        ("DE", date(2026, 4, 3), "Good Friday"),  # ... and not in Germany
        ("FR", date(2026, 4, 4), "Saturday"),
        ("FR", date(2026, 4, 5), "Sunday"),
        ("FR", date(2026, 4, 6), "Easter Monday"),
        ("FR", date(2026, 7, 14), "National Day"),
        ("FR", date(2026, 8, 15), "Saturday"),  # Assumption, on a Saturday
        ("GB", date(2027, 12, 27), "Christmas Day (observed)"),
        ("US", date(2026, 11, 26), "Thanksgiving Day"),
        ("SA", date(2026, 5, 8), "Friday"),
        ("SA", date(2026, 5, 10), None),  # a Sunday
        ("AE", date(2021, 12, 31), "Friday"),  # the weekend moved in 2022
        ("AE", date(2022, 1, 9), "Sunday"),
        ("CN", date(2026, 2, 14), None),  # a Saturday worked by decree
        ("NZ", date(2026, 2, 6), "Waitangi Day"),  # a country the package names in English only
    ],
)
def test_why_a_day_is_closed(country: str, day: date, why: str | None) -> None:
    calendar = business_calendar(country)
    assert calendar.why_closed(day) == why
    assert calendar.is_business_day(day) == (why is None)


def test_a_closed_day_is_named_in_english_whatever_the_machine_speaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANGUAGE", "fr")
    # A year no other test asks for, so that the answer is not a remembered one.
    assert FR.why_closed(date(2035, 3, 26)) == "Easter Monday"
    assert FR.why_closed(date(2035, 3, 25)) == "Sunday"


@pytest.mark.parametrize("country", ["FR", "CN", "AE", "US", "MY"])
def test_business_days_are_those_of_the_holidays_package(country: str) -> None:
    calendar = business_calendar(country)
    package = holidays.country_holidays(country, years=range(2024, 2029))
    day = date(2024, 1, 1)
    while day.year < 2029:
        assert calendar.is_business_day(day) == package.is_working_day(day), day
        day += ONE_DAY


def test_a_day_is_the_same_in_every_zone_of_the_country() -> None:
    reunion = business_calendar("FR", "Indian/Reunion")
    assert reunion.why_closed(date(2026, 7, 14)) == FR.why_closed(date(2026, 7, 14))
    assert reunion.slot(date(2026, 7, 15)) < FR.slot(date(2026, 7, 15))


@unhurried
@given(countries, days)
def test_the_first_business_day_is_the_nearest_at_or_after(country: str, day: date) -> None:
    calendar = business_calendar(country)
    first = calendar.first_business_day(day)
    assert first >= day
    assert calendar.is_business_day(first)
    assert not any(calendar.is_business_day(day + ONE_DAY * skipped) for skipped in range((first - day).days))


def test_three_business_days_from_the_eve_of_easter() -> None:
    eve = date(2026, 4, 2)  # Thursday: Friday is worked, Saturday to Monday are not
    assert [FR.add_business_days(eve, n) for n in range(4)] == [
        eve,
        date(2026, 4, 3),
        date(2026, 4, 7),
        date(2026, 4, 8),
    ]
    assert FR.add_business_days(date(2026, 4, 4), 0) == date(2026, 4, 7)
    assert FR.add_business_days(date(2026, 4, 4), 1) == date(2026, 4, 7)


@unhurried
@given(countries, days, st.integers(1, 30))
def test_adding_business_days_counts_them_all_strictly_after(country: str, day: date, n: int) -> None:
    calendar = business_calendar(country)
    reached = calendar.add_business_days(day, n)
    passed = [day + ONE_DAY * step for step in range(1, (reached - day).days + 1)]
    assert sum(calendar.is_business_day(each) for each in passed) == n
    assert calendar.is_business_day(reached)


@unhurried
@given(countries, days, st.integers(0, 20), st.integers(0, 20))
def test_adding_business_days_is_monotone(country: str, day: date, n: int, later: int) -> None:
    calendar = business_calendar(country)
    assert calendar.add_business_days(day, n) <= calendar.add_business_days(day, n + 1)
    assert calendar.add_business_days(day, n) <= calendar.add_business_days(day + ONE_DAY * later, n)


def test_business_days_are_not_taken_away() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        FR.add_business_days(date(2026, 4, 2), -1)


def test_threads_asking_at_once_get_one_answer() -> None:
    year = [date(2033, 1, 1) + ONE_DAY * step for step in range(365)]

    def closed(_: int) -> list[str | None]:
        return [business_calendar("FR").why_closed(day) for day in year]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(closed, range(16)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][year.index(date(2033, 7, 14))] == "National Day"


# Local times


@pytest.mark.parametrize("zone", ZONES)
def test_the_slot_is_half_past_nine_local_on_every_day_of_eleven_years(zone: str) -> None:
    calendar = business_calendar("FR", zone)
    day = date(2020, 1, 1)
    while day.year <= 2030:
        slot = calendar.slot(day)
        local = slot.astimezone(ZoneInfo(zone))
        assert (slot.tzinfo, local.date(), local.time()) == (UTC, day, SLOT)
        day += ONE_DAY


@given(zones, days)
def test_a_day_begins_with_its_first_instant(zone: str, day: date) -> None:
    calendar = business_calendar("FR", zone)
    start = calendar.start_of_day(day)
    assert calendar.local_day(start) == day
    assert calendar.local_day(start - timedelta(microseconds=1)) == day - ONE_DAY


def test_clock_changes_in_paris() -> None:
    assert FR.slot(date(2026, 3, 28)) == datetime(2026, 3, 28, 8, 30, tzinfo=UTC)
    assert FR.slot(date(2026, 3, 29)) == datetime(2026, 3, 29, 7, 30, tzinfo=UTC)
    # 02:30 is skipped in spring: it becomes 03:30.
    assert FR.instant(date(2026, 3, 29), time(2, 30)) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    # 02:30 comes twice in autumn: the first is meant, whatever the fold given.
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert FR.instant(date(2026, 10, 25), time(2, 30)) == first
    assert FR.instant(date(2026, 10, 25), time(2, 30, fold=1)) == first


def test_a_day_whose_midnight_is_skipped_begins_at_one() -> None:
    cairo = business_calendar("EG")
    start = cairo.start_of_day(date(2024, 4, 26)).astimezone(cairo.zone)
    assert (start.date(), start.time()) == (date(2024, 4, 26), time(1, 0))


def test_the_local_day_is_the_zone_s_and_not_the_caller_s() -> None:
    instant = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert FR.local_day(instant) == date(2027, 1, 1)
    assert FR.local_day(instant.astimezone(timezone(timedelta(hours=-8)))) == date(2027, 1, 1)
    assert business_calendar("US").local_day(instant) == date(2026, 12, 31)


def test_a_time_that_the_clocks_show_twice_keeps_the_day_of_each() -> None:
    first = datetime(2026, 11, 1, 0, 30, tzinfo=ZoneInfo("America/Havana"))
    second = first.replace(fold=1)
    assert first == second, "to Python, they are one"
    calendar = business_calendar("JM")
    assert calendar.local_day(first) == date(2026, 10, 31)
    assert calendar.local_day(second) == date(2026, 11, 1)


# Opening hours


def test_messages_have_office_hours_and_the_phone_rests_at_lunch() -> None:
    office = ((time(8, 30), time(18)),)
    phone = ((time(9, 30), time(12)), (time(14), time(18)))
    assert {channel: opening_hours(channel) for channel in Channel} == {
        Channel.EMAIL: office,
        Channel.SMS: phone,
        Channel.PHONE: phone,
        Channel.LETTER: office,
        Channel.DECISION: office,
    }


@pytest.mark.parametrize(
    ("channel", "at", "closes"),
    [
        (Channel.EMAIL, "08:29:59.999999", None),
        (Channel.EMAIL, "08:30", "18:00"),
        (Channel.EMAIL, "12:30", "18:00"),
        (Channel.EMAIL, "17:59:59.999999", "18:00"),
        (Channel.EMAIL, "18:00", None),
        (Channel.SMS, "09:29", None),
        (Channel.SMS, "09:30", "12:00"),
        (Channel.SMS, "12:00", None),
        (Channel.PHONE, "13:59", None),
        (Channel.PHONE, "14:00", "18:00"),
        (Channel.PHONE, "18:00", None),
        (Channel.LETTER, "08:30", "18:00"),
        (Channel.DECISION, "17:00", "18:00"),
    ],
)
def test_start_is_included_and_end_is_not(channel: Channel, at: str, closes: str | None) -> None:
    instant = paris(f"2026-04-07T{at}")
    assert FR.is_open(channel, instant) == (closes is not None)
    assert FR.closes_at(channel, instant) == (closes and paris(f"2026-04-07T{closes}"))


@pytest.mark.parametrize("day", ["2026-04-04", "2026-04-05", "2026-04-06"])
@pytest.mark.parametrize("channel", Channel)
def test_nothing_is_open_on_a_closed_day(channel: Channel, day: str) -> None:
    assert not FR.is_open(channel, paris(f"{day}T10:00"))
    assert FR.closes_at(channel, paris(f"{day}T10:00")) is None


@unhurried
@given(countries, st.sampled_from(Channel), days)
def test_every_channel_is_open_at_the_slot_of_a_business_day(
    country: str, channel: Channel, day: date
) -> None:
    calendar = business_calendar(country)
    assert calendar.is_open(channel, calendar.slot(calendar.first_business_day(day)))


@unhurried
@given(countries, st.sampled_from(Channel), instants)
def test_what_is_open_closes_later_the_same_day(country: str, channel: Channel, instant: datetime) -> None:
    calendar = business_calendar(country)
    closes = calendar.closes_at(channel, instant)
    assert (closes is not None) == calendar.is_open(channel, instant)
    if closes is not None:
        assert closes.tzinfo is UTC
        assert closes > instant
        assert calendar.local_day(closes) == calendar.local_day(instant)
        assert calendar.is_open(channel, closes - timedelta(microseconds=1))
        assert not calendar.is_open(channel, closes)


# Refusals


def test_naive_datetimes_are_refused() -> None:
    naive = datetime(2026, 4, 7, 10, 0)  # noqa: DTZ001 - what is refused here
    for ask in (
        lambda: FR.local_day(naive),
        lambda: FR.is_open(Channel.EMAIL, naive),
        lambda: FR.closes_at(Channel.EMAIL, naive),
    ):
        with pytest.raises(ValueError, match="naive datetime refused"):
            ask()


def test_an_instant_is_not_a_day() -> None:
    instant = datetime(2026, 4, 4, 10, 0, tzinfo=UTC)
    for ask in (
        FR.is_business_day,
        FR.why_closed,
        FR.first_business_day,
        FR.slot,
        FR.start_of_day,
        lambda day: FR.add_business_days(day, 1),
    ):
        with pytest.raises(ValueError, match="not an instant"):
            ask(instant)


def test_a_local_time_has_no_zone_of_its_own() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        FR.instant(date(2026, 4, 7), time(9, 30, tzinfo=UTC))
