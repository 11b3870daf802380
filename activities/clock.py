"""The only place where the time is read.

Business time is Temporal's time plus one fixed offset of the installation: zero in production, set once
by the demonstration so that it can stand at 09:25 on a business day.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio import activity


class Clock:
    """Business time. Everything it returns is aware UTC."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def wall(self) -> datetime:
        """This machine's time: for leases and ages between our own processes, never for business."""
        return datetime.now(UTC)

    def temporal_now(self) -> datetime:
        """Temporal's time: the attempt's start as the server saw it, else this machine's."""
        if activity.in_activity() and not activity.info().is_local:
            return activity.info().started_time
        return self.wall()

    def now(self) -> datetime:
        """Business time, for callers whom no workflow tells the time."""
        return self.business(self.temporal_now())

    def business(self, temporal_time: datetime) -> datetime:
        """Business time of an instant of Temporal's time."""
        return temporal_time.astimezone(UTC) + self.offset

    def temporal(self, business_time: datetime) -> datetime:
        """Temporal's time of an instant of business time."""
        return business_time.astimezone(UTC) - self.offset
