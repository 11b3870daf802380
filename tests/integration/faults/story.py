"""The campaign's sixty customers, their weekly ladder, and the 500 contacts that the rules intend."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from admin.portfolio.foresee import simulate_file
from admin.portfolio.row import Reject
from rules.calendar import Channel
from rules.policy import Policy, parse_policy

COMPANY: Final = "quartz"
CUSTOMERS: Final = 60
ROUNDS: Final = 9
FIRST_DAY: Final = date(2026, 3, 3)
"""A Tuesday; the eight that follow are business days, or their next day is."""

DISPUTING: Final = 10
"""So many customers dispute what they owe on the day of round 6, and are left alone from then on."""

DISPUTED_IN: Final = 6
"""The round, from 1."""

_HEAD: Final = """
key = "weekly"
title = "Every week"
min_gap_days = 5
resume_gap_days = 5
entry_cap = "step_1"

[min_amount]
EUR = "10.00"
"""


def weekly() -> str:
    """A policy of nine steps, a week from one to the next: three courteous, three firm, three by SMS."""
    parts = [_HEAD]
    for number in range(1, ROUNDS + 1):
        channel, template, tone = (
            ("email", "courteous_reminder", "courteous"),
            ("email", "firm_reminder", "firm"),
            ("sms", "sms_reminder", "firm"),
        )[(number - 1) // 3]
        parts.append(
            f'[[steps]]\nkey = "step_{number}"\noffset_days = {7 * number}\nchannel = "{channel}"\n'
            f'template = "{template}"\ntone = "{tone}"\nrecipient = ["accounting"]\n'
        )
    return "\n".join(parts)


def policy() -> Policy:
    """`weekly`, read."""
    return parse_policy(weekly(), "weekly.toml")


@dataclass(frozen=True)
class Owing:
    """A customer with one invoice, or two a week apart: the younger one's steps are folded in."""

    number: int

    @property
    def ref(self) -> str:
        """Its reference."""
        return f"C-{self.number:02}"

    @property
    def email(self) -> str:
        """Its accounting's mailbox."""
        return f"compta@c{self.number:02}.example"

    @property
    def phone(self) -> str:
        """Its accounting's mobile."""
        return f"+3361234{self.number:04}"

    @property
    def disputes(self) -> bool:
        """Whether it disputes all it owes."""
        return self.number < DISPUTING

    def address(self, channel: str) -> str:
        """Where a message of that channel goes."""
        return self.phone if channel == Channel.SMS else self.email

    def invoices(self) -> dict[str, date]:
        """Due days by number."""
        due = FIRST_DAY - timedelta(days=7)
        found = {f"F-{self.number:02}-1": due}
        if self.number % 6 == 5:
            found[f"F-{self.number:02}-2"] = due + timedelta(days=7)
        return found


OWING: Final = tuple(Owing(number) for number in range(CUSTOMERS))


def write_portfolio(path: Path, disputed_on: date | None) -> Path:
    """Write the portfolio; with `disputed_on`, the customers who dispute what they owe do so on that day."""
    rows = [
        {
            "company": COMPANY,
            "invoice": number,
            "customer": it.ref,
            "customer_name": f"Client {it.number}",
            "issued_on": str(due - timedelta(days=14)),
            "due_on": str(due),
            "amount": f"{1000 + it.number}.00",
            "currency": "EUR",
            "country": "FR",
            "accounting_email": it.email,
            "accounting_phone": it.phone,
            "collector_email": "claire.morel@quartz.example",
            "policy": "weekly",
            "disputed_on": str(disputed_on) if disputed_on and it.disputes else "",
        }
        for it in OWING
        for number, due in it.invoices().items()
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@dataclass(frozen=True, order=True)
class Contact:
    """One contact: whom, on which local day, how, and which steps are done by it."""

    customer: str
    day: date
    channel: str
    step: str
    invoices: tuple[str, ...]
    also: tuple[str, ...]


@dataclass(frozen=True)
class Intended:
    """What the rules intend, from the portfolio alone: the days of the rounds, and every contact in them."""

    days: tuple[date, ...]
    contacts: tuple[Contact, ...]

    def on(self, day: date) -> Mapping[str, Contact]:
        """The contacts of a day, by customer."""
        return {contact.customer: contact for contact in self.contacts if contact.day == day}


def intended(folder: Path) -> Intended:
    """Live through the portfolio by `rules/` alone, up to the end of the last round."""

    def refuse(reject: Reject) -> None:
        raise AssertionError(f"the campaign's own portfolio was refused: {reject}")

    def lived(disputed_on: date | None) -> list[Contact]:
        file = write_portfolio(folder / "told.csv", disputed_on)
        return [
            Contact(
                customer=told.customer,
                day=calendar.local_day(told.at),
                channel=told.channel.value,
                step=told.step,
                invoices=told.invoices,
                also=told.also,
            )
            for told, calendar in simulate_file(file, policy=policy(), on_reject=refuse).contacts
        ]

    days = sorted(Counter(contact.day for contact in lived(None)))[:ROUNDS]
    kept = [contact for contact in lived(days[DISPUTED_IN - 1]) if contact.day <= days[-1]]
    return Intended(tuple(days), tuple(sorted(kept)))
