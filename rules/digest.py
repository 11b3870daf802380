"""When sales representatives get the week's digest: in the morning of one business day of the creditor's."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from rules.calendar import BusinessCalendar, Channel

MONDAY: Final = 1
OFF: Final = 0

_WEEK: Final = timedelta(days=7)


def digest_week(calendar: BusinessCalendar, weekday: int | None, now: datetime) -> date | None:
    """The week whose digest is due at `now`, by its Monday; None where none is.

    It is due in the e-mail hours of the first business day at or after the weekday, and of the next one for
    who was down that day; later, it would be told of as news that are old. A whole week is closed: the next
    one's digest stands for it.

    :param weekday: 1 (Monday) to 7, 0 for no digest, None for Monday.
    """
    day = MONDAY if weekday is None else weekday
    if day == OFF or not calendar.is_open(Channel.EMAIL, now):
        return None
    today = calendar.local_day(now)
    monday = today - timedelta(days=today.isoweekday() - 1)
    for week in (monday, monday - _WEEK):
        first = calendar.first_business_day(week + timedelta(days=day - 1))
        if first <= today:
            return week if today <= calendar.add_business_days(first, 1) else None
    return None
