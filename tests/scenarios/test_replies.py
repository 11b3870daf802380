"""A customer writes back: the ladder waits for a person to read it, and goes on by itself if nobody does."""

from __future__ import annotations

from datetime import date

import pytest

from rules.calendar import business_calendar
from rules.decide import State
from rules.replies import (
    EFFECTS,
    PAUSE_DAYS,
    REPLY_PAUSE,
    ReplyKind,
    Traits,
    mail_kind,
    paused_until,
    text_kind,
)
from tests.scenarios.story import Story, story


def reminded(*others: str) -> Story:
    """An invoice due on Monday 31 August, reminded once."""
    told = story().invoice("F-1", "1200.00", issued="2026-08-01", due="2026-08-31")
    for number in others:
        told = told.invoice(number, "300.00", issued="2026-08-01", due="2026-08-31")
    return told.day("2026-08-28", *_together("pre_reminder by e-mail", others)).day(
        "2026-09-07", *_together("reminder_1 by e-mail", others)
    )


def _together(step: str, others: tuple[str, ...]) -> list[str]:
    return [f"{step} for {', '.join(('F-1', *others))}"] if others else [step]


def comes(told: Story, at: str, kind: ReplyKind) -> Story:
    """What came pauses every invoice of the customer, if it is of a kind that does."""
    if EFFECTS[kind].pauses:
        until = paused_until(date.fromisoformat(at[:10]), PAUSE_DAYS, business_calendar("FR"))
        for number in told.told:
            told = told.pause(at, REPLY_PAUSE, until.isoformat(), invoice=number)
    return told


def answers(told: Story, at: str, subject: str = "RE: Facture F-1", **headers: str) -> Story:
    """A mail comes."""
    traits = Traits({name.replace("_", "-"): value for name, value in headers.items()}, subject)
    return comes(told, at, mail_kind(traits).kind)


def read(told: Story, at: str) -> Story:
    """A person has read it, and completes the task: nothing else is agreed."""
    for number in told.told:
        told = told.resume(at, invoice=number)
    return told


def test_the_ladder_waits_until_somebody_has_read_the_answer() -> None:
    told = answers(reminded(), "2026-09-14 11:00")
    told.status(
        "2026-09-14 11:01", State.PAUSED, why="paused by reply (until 2026-09-21), then reminder_2"
    ).nothing_until("2026-09-16")
    (
        read(told, "2026-09-16 15:00")
        .nothing_until("2026-09-21")
        .day("2026-09-21", "reminder_2 by e-mail")  # five days after it was read
    )


def test_nobody_reads_it_and_the_ladder_goes_on_by_itself() -> None:
    (
        answers(reminded(), "2026-09-14 11:00")
        .status("2026-09-20 12:00", State.PAUSED)
        .status("2026-09-21 00:01", State.WAITING)
        .nothing_until("2026-09-28")
        .day("2026-09-28", "reminder_2 by e-mail")  # five days after the 21st is a Saturday
    )


@pytest.mark.parametrize(
    ("subject", "headers"),
    [
        ("Réponse automatique : Facture F-1", {}),
        ("Absence du bureau Re: Facture F-1", {}),
        ("Automatic reply: Invoice F-1", {"x_auto_response_suppress": "All"}),
        ("Abwesenheitsnotiz: Rechnung F-1", {}),
        ("RE: Facture F-1", {"auto_submitted": "auto-replied"}),
        ("[Ticket 4711] Facture F-1", {"precedence": "bulk"}),
    ],
)
def test_an_automatic_answer_changes_nothing(subject: str, headers: dict[str, str]) -> None:
    (
        answers(reminded(), "2026-09-14 11:00", subject, **headers)
        .status("2026-09-14 11:01", State.WAITING)
        .nothing_until("2026-09-15")
        .day("2026-09-15", "reminder_2 by e-mail")
    )


def test_an_answer_about_one_invoice_pauses_them_all() -> None:
    told = answers(reminded("F-2"), "2026-09-14 11:00")
    told.status("2026-09-15 12:00", State.PAUSED, invoice="F-2").nothing_until("2026-09-16")
    read(told, "2026-09-16 15:00").nothing_until("2026-09-21").day(
        "2026-09-21", "reminder_2 by e-mail for F-1, F-2"
    )


def test_a_second_answer_makes_the_pause_longer() -> None:
    (
        answers(answers(reminded(), "2026-09-14 11:00"), "2026-09-18 09:00")
        .status("2026-09-22 12:00", State.PAUSED, why="until 2026-09-25")
        .nothing_until("2026-09-30")
        .day("2026-09-30", "reminder_2 by e-mail")
    )


def test_an_answer_that_is_a_promise_pauses_for_as_long_as_that() -> None:
    told = answers(reminded(), "2026-09-14 11:00").plan("2026-09-16 15:00", ("2026-10-01", "1200.00"))
    (
        read(told, "2026-09-16 15:00")
        .status("2026-09-17 12:00", State.PAUSED, why="1200.00 EUR promised for 2026-10-01")
        .pays("2026-10-02", "1200.00")
        .day("2026-10-02", "closed: paid in full")
        .nothing_more()
    )


def test_stop_by_text_message_pauses_nothing() -> None:
    assert text_kind("STOP").kind is ReplyKind.OPT_OUT
    comes(reminded(), "2026-09-14 11:00", text_kind("STOP").kind).day("2026-09-15", "reminder_2 by e-mail")
