"""How fast a sender may use a provider: one allowance for all workers, and a provider that asks to wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from temporalio.exceptions import ApplicationError

from activities.settings import SettingInvalid, Settings
from activities.store.engine import make_engine
from activities.turns import LAST_CALL
from tests.integration.sending.desk import Desk, settings_for
from tests.integration.sending.turns import allowances, emails, grants, later, note_grants, ready, texts

pytestmark = pytest.mark.integration


def told_to_wait(desk: Desk, message: UUID) -> timedelta:
    """The message is not handed over; when it is tried again."""
    with pytest.raises(ApplicationError) as caught:
        desk.send(message)
    assert (caught.value.type, caught.value.non_retryable) == ("NotSent", False)
    assert caught.value.next_retry_delay is not None
    assert desk.message(message).status == "planned"
    return caught.value.next_retry_delay


def test_workers_together_never_exceed_the_rate_in_any_window(desk: Desk) -> None:
    rate, count = 20.0, 16
    desk.settings = settings_for(desk.sandbox.url, email_per_second=rate)
    messages = emails(desk, count)
    note_grants(desk)
    other = make_engine(desk.engine.url, 4)

    def until_sent(numbered: tuple[int, UUID]) -> int:
        """Try, as Temporal does, until it has left; how many attempts that took."""
        place, message = numbered
        for attempt in range(1, 200):
            with suppress(ApplicationError):
                assert desk.send(message, engine=other if place % 2 else desk.engine).outcome == "sent"
                return attempt
        raise AssertionError("its turn never came")

    with ThreadPoolExecutor(8) as pool:
        attempts = list(pool.map(until_sent, enumerate(messages)))
    other.dispose()
    apart = timedelta(seconds=1 / rate)
    granted = grants(desk, apart)
    assert len(granted) == count
    # So far apart, any window of W seconds holds W * rate + 1 of them at most.
    assert all(second - first >= apart for first, second in pairwise(granted))
    arrived = sorted(message.received_at for message in desk.asked())
    assert len(arrived) == count
    # None can be at the provider before it was granted, however they overtake each other on the way.
    assert all(there >= there_first for there, there_first in zip(arrived, granted, strict=True))
    # Each waits in its own attempt or has a place: nobody tries again and again.
    assert sum(attempts) <= 3 * count
    assert all(desk.message(message).attempts == 1 for message in messages)


def test_each_who_waits_has_a_place_and_nobody_passes_them(desk: Desk) -> None:
    desk.settings = settings_for(desk.sandbox.url, sms_per_second=0.1)
    first, second, third, late = texts(desk, 4)
    assert desk.send(first).outcome == "sent"
    waits = [told_to_wait(desk, second), told_to_wait(desk, third)]
    assert timedelta(seconds=9) < waits[0] <= timedelta(seconds=10)
    assert timedelta(seconds=19) < waits[1] <= timedelta(seconds=20)
    later(desk, 10)
    # The sender is free, but this one has only come now.
    assert told_to_wait(desk, late) > timedelta(seconds=19)
    assert desk.send(second).outcome == "sent"
    assert timedelta(0) < told_to_wait(desk, third) <= timedelta(seconds=10)
    later(desk, 10)
    assert desk.send(third).outcome == "sent"
    assert len(desk.asked()) == 3


def test_who_misses_their_place_by_long_queues_again(desk: Desk) -> None:
    """Else everybody who waited while the workers were away would come at once."""
    desk.settings = settings_for(desk.sandbox.url, sms_per_second=0.1)
    first, second, third = texts(desk, 3)
    desk.send(first)
    told_to_wait(desk, second)
    told_to_wait(desk, third)
    later(desk, 60)
    assert desk.send(third).outcome == "sent"
    assert told_to_wait(desk, second) > timedelta(seconds=9)


def test_email_and_sms_have_an_allowance_each(desk: Desk) -> None:
    desk.settings = settings_for(desk.sandbox.url, email_per_second=0.1, sms_per_second=0.1)
    (email,) = emails(desk, 1)
    sms = ready(desk, "C-sms", sms=True)
    assert desk.send(email).outcome == "sent"
    assert desk.send(sms).outcome == "sent"
    assert set(allowances(desk)) == {("sendgrid", "account"), ("twilio", "+33700000001")}


@pytest.mark.parametrize("unlimited", [True, False])
def test_a_provider_that_asks_to_wait_holds_every_worker_back(desk: Desk, unlimited: bool) -> None:
    rate = None if unlimited else 1000.0
    desk.settings = settings_for(desk.sandbox.url, email_per_second=rate)
    first, second = emails(desk, 2)
    # Longer than any activity may take.
    desk.sandbox.add_fault("status", status=429, retry_after=3600, times=1)
    assert told_to_wait(desk, first) == timedelta(hours=1)
    assert len(desk.asked()) == 1
    assert timedelta(minutes=59) < told_to_wait(desk, second) <= timedelta(hours=1)
    # Nobody asked again.
    assert len(desk.asked()) == 1
    desk.clock.at += timedelta(hours=1)
    later(desk, 3601)
    assert [desk.send(each).outcome for each in (first, second)] == ["sent", "sent"]


def test_a_wait_that_outlasts_the_hours_ends_with_them(desk: Desk) -> None:
    """What was composed today does not leave tomorrow: at the end of the hours it is taken back."""
    (message,) = emails(desk, 1)
    desk.sandbox.add_fault("status", status=429, retry_after=80_000, times=1)
    # 10:00 in Paris; e-mail hours end at 18:00.
    assert told_to_wait(desk, message) == timedelta(hours=8)
    assert told_to_wait(desk, message) == timedelta(hours=8)
    desk.clock.at += timedelta(hours=8)
    assert desk.send(message).outcome == "out_of_hours"
    assert desk.message(message).status == "withdrawn"


def test_no_place_is_given_out_beyond_the_hours(desk: Desk) -> None:
    desk.settings = settings_for(desk.sandbox.url, sms_per_second=0.001)
    first, second, third = texts(desk, 3)
    # 11:45 in Paris: SMS hours end at noon, and the next call is free in 1000 seconds.
    desk.clock.at = datetime(2026, 3, 10, 10, 45, tzinfo=UTC)
    desk.send(first)
    before = allowances(desk)["twilio", "+33700000001"].queue_until
    assert told_to_wait(desk, second) == told_to_wait(desk, third) == timedelta(minutes=15)
    assert allowances(desk)["twilio", "+33700000001"].queue_until == before


def test_without_a_limit_there_is_no_allowance(desk: Desk) -> None:
    desk.settings = settings_for(desk.sandbox.url, email_per_second=None, sms_per_second=None)
    assert desk.send(emails(desk, 1)[0]).outcome == "sent"
    assert allowances(desk) == {}


# ---------------------------------------------------------------------------------- an SMS and the night


@pytest.mark.parametrize(
    "closes", [datetime(2026, 3, 10, 11, tzinfo=UTC), datetime(2026, 3, 10, 17, tzinfo=UTC)]
)
@pytest.mark.parametrize("left", [31, 59, 61, 3600])
def test_an_sms_is_valid_until_its_hours_close_whatever_the_call_takes(
    desk: Desk, closes: datetime, left: int
) -> None:
    (message,) = texts(desk, 1)
    desk.clock.at = closes - timedelta(seconds=left)
    assert desk.send(message).outcome == "sent"
    (sent,) = desk.asked()
    assert sent.validity_period == left - 20


def test_just_before_the_hours_close_an_sms_is_not_handed_over_any_more(desk: Desk) -> None:
    (message,) = texts(desk, 1)
    closes = datetime(2026, 3, 10, 17, tzinfo=UTC)
    desk.clock.at = closes - LAST_CALL + timedelta(seconds=1)
    assert told_to_wait(desk, message) == LAST_CALL - timedelta(seconds=1)
    desk.clock.at = closes
    assert desk.send(message).outcome == "out_of_hours"
    assert desk.asked() == []


# ---------------------------------------------------------------------------------- the settings


def test_a_rate_is_a_number_or_unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELANCE_SMS_PER_SECOND", "0.5")
    monkeypatch.setenv("RELANCE_EMAIL_PER_SECOND", "Unlimited")
    found = Settings.load()
    assert (found.sms_per_second, found.email_per_second) == (0.5, None)
    for wrong in ("0", "-1", "fast"):
        monkeypatch.setenv("RELANCE_SMS_PER_SECOND", wrong)
        with pytest.raises(SettingInvalid, match="RELANCE_SMS_PER_SECOND"):
            Settings.load()
