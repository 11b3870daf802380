"""What `relance doctor` finds of registered letters: their folder, and what waits in it for a person."""

from __future__ import annotations

from collections.abc import Iterator

from sqlmodel import Session

from activities.providers import SettingMissing, registered_mail
from activities.settings import Settings
from activities.store.registered import without_address
from admin.findings import Finding, Mark, counted


def look_at_registered_mail(session: Session, settings: Settings) -> Iterator[Finding]:
    """Nothing where people post letters themselves."""
    if settings.registered_drop is None:
        return
    try:
        provider = registered_mail(settings)
    except SettingMissing as error:
        yield Finding(Mark.BAD, "registered mail", str(error), "let the workers write there")
        return
    if provider is None:
        return
    yield counted(
        "registered mail",
        provider.put_aside(),
        "receipts were put aside",
        f"{settings.registered_drop}/receipts/refused has each with its reason: put it back, or delete both",
    )
    lacking = without_address(session)
    if lacking:
        yield Finding(
            Mark.NOTE,
            "letters",
            f"{lacking} registered letters wait for a person, for want of a postal address",
            "record the customer's (`relance address`), or the company's",
        )
