"""What a call sheet shows beside its prose: whom to call, what was said before, what was promised."""

from __future__ import annotations

from typing import Any

from activities.rendering.context import Message
from activities.rendering.formats import NBSP, Formats, one_line


def call_rows(message: Message, words: Any, formats: Formats) -> list[tuple[str, str]]:
    """List what the collector needs under the eyes before dialling."""
    recipient = message.recipient
    who = recipient.name or str(words.nobody())
    rows: list[tuple[str, str]] = [
        (words.customer_label, f"{message.debtor.name} ({message.debtor.reference})"),
        (words.contact_label, f"{who}, {recipient.function}" if recipient.function else who),
        *_numbers(message, words, formats),
    ]
    if recipient.email:
        rows.append((words.email_label, recipient.email))
    if message.previous_contact_on is not None:
        rows.append((words.last_label, formats.day(message.previous_contact_on)))
    if message.notice_sent_on is not None:
        rows.append((words.notice_label, str(words.notice_on())))
    if message.hold is not None and message.hold.released_on is None:
        rows.append((words.hold_label, str(words.on_hold())))
    return rows


def _numbers(message: Message, words: Any, formats: Formats) -> list[tuple[str, str]]:
    """Each number with its kind, whose it is when there are several, and when to call."""
    people = message.call.people if message.call else ()
    if not people:
        phone = message.recipient.phone
        return [(words.phone_label, formats.phone(phone) if phone else words.no_phone)]
    rows: list[tuple[str, str]] = []
    for person in people:
        number = formats.phone(person.phone)
        if person.kind in words.kinds:
            number += f" ({words.kinds[person.kind]})"
        whose = [person.name, person.function, words.roles.get(person.role)]
        if len(people) > 1 or person.name != message.recipient.name:
            number = ", ".join([number, *(part for part in whose if part)])
        rows.append((words.phone_label, number))
        if person.hours:
            rows.append((words.hours_label, person.hours))
    return rows


def call_history(message: Message, words: Any, formats: Formats) -> str:
    """The latest contacts as list items, the most recent first; empty when there are none."""
    lines = []
    for past in message.call.contacts if message.call else ():
        parts = [f"{formats.short_day(past.on)}{_colon(formats)}{words.happened.get(past.what, past.what)}"]
        if past.about:
            parts[0] += f" ({words.steps.get(past.about, past.about.replace('_', ' '))})"
        parts += [words.causes_known.get(past.cause, past.cause)] if past.cause else []
        parts += [past.note] if past.note else []
        parts += [past.by] if past.by else []
        lines.append("- " + one_line(", ".join(str(part) for part in parts)))
    return "\n".join(lines)


def call_promises(message: Message, words: Any, formats: Formats) -> str:
    """What was promised, and whether it came, as list items; empty when nothing was."""
    states = {True: words.kept, False: words.broken, None: words.promised}
    return "\n".join(
        f"- {formats.short_day(promise.due_on)}{_colon(formats)}"
        f"{formats.money(promise.amount, promise.currency)} ({promise.invoice}), {states[promise.kept]}"
        for promise in (message.call.promises if message.call else ())
    )


def _colon(formats: Formats) -> str:
    return f"{NBSP}: " if formats.language == "fr" else ": "
