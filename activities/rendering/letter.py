"""The pages of a letter, as a PDF: the same facts and the same prose as its text, set by Typst.

Everything reaches Typst as data (one JSON value among its inputs) and is shown as text: nothing a debtor's
name holds is ever read as markup. Only the fonts inside the wheel are used, and the creation date is the
letter's own day, so the same facts make the same bytes on every machine. PDF/A-2a, the archive's format, is
asked for: it also refuses a character no font has, rather than print an empty box.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import typst

from activities.rendering.context import Message, Section
from activities.rendering.formats import NBSP, Formats, one_line
from activities.rendering.layout import blocks
from activities.rendering.view import NoticeSums, line_notes

_FOLDER: Final = Path(__file__).parent / "templates" / "letter"
_STANDARD: Final = "a-2a"

Rows = list[tuple[str, str]]


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False)


@lru_cache(maxsize=1)
def _template() -> bytes:
    return (_FOLDER / "letter.typ").read_bytes()


def letter_pdf(names: dict[str, Any], formats: Formats) -> bytes:
    """Set a letter.

    :param names: what its text was written from: the facts, labels and words of its language.
    :raises typst.TypstError: it cannot be set, for want of a character in the fonts for instance.
    """
    made = typst.compile(
        _template(),
        format="pdf",
        sys_inputs={"letter": json.dumps(pages_of(names, formats), ensure_ascii=False, sort_keys=True)},
        font_paths=_fonts(),
        ignore_system_fonts=True,
        pdf_standards=[_STANDARD],
        timestamp=datetime.combine(names["today"], time(), UTC),
    )
    if not isinstance(made, bytes):
        raise TypeError(f"one PDF was asked for, not {type(made).__name__}")
    return made


def pages_of(names: dict[str, Any], formats: Formats) -> dict[str, Any]:
    """Everything on the pages, as texts in their reader's language, for the template to place."""
    message: Message = names["m"]
    labels, words = names["labels"], names["words"]
    creditor, debtor, signatory = names["creditor"], names["debtor"], names["signatory"]
    identity = [creditor.legal_name, creditor.registration]
    return {
        "lang": formats.language,
        "subject": names["subject"],
        "author": creditor.legal_name,
        "letterhead": {
            "name": creditor.legal_name,
            "lines": [
                *creditor.address_lines,
                *filter(None, [creditor.registration]),
                f"{labels.phone_label} {formats.phone(creditor.phone)}" if creditor.phone else "",
                creditor.email,
            ],
        },
        "registered": labels.registered,
        "addressee": {"name": debtor.name, "lines": [_line(labels.attention()), *debtor.address_lines]},
        "date": _line(labels.letter_date()),
        "subject_label": labels.subject_label + _colon(formats),
        "account": f"{labels.account_label}{_colon(formats)} {debtor.reference}",
        "greeting": labels.greeting_letter,
        "before": _prose(words.before()),
        "sections": [
            _section(section, labels, formats, titled=_several(message)) for section in _shown(message)
        ],
        "sums_title": labels.sums_title,
        "sums": [_sums(each, names, formats, titled=len(names["sums"]) > 1) for each in names["sums"]],
        "demand": _prose(words.demand()) + (_prose(labels.held_note()) if names["held"] else []),
        "pay_title": labels.pay_title,
        "payment": _payment(names, labels),
        "no_iban": "" if creditor.iban else _line(labels.no_iban()),
        "bank_word": _line(labels.bank_word()),
        "after": _prose(words.after()),
        "closing": labels.closing_letter,
        "signature": [
            signatory.name,
            ", ".join(filter(None, [signatory.title, creditor.name])),
            f"{labels.phone_label} {formats.phone(signatory.phone)}" if signatory.phone else "",
            signatory.email,
        ],
        "footer": " – ".join(filter(None, identity)),
    }


def _colon(formats: Formats) -> str:
    return f"{NBSP}:" if formats.language == "fr" else ":"


def _line(text: Any) -> str:
    """What a macro wrote, on one line."""
    return one_line(str(text))


def _prose(text: Any) -> list[dict[str, Any]]:
    return [{"list": is_list, "lines": lines} for is_list, lines in blocks(str(text))]


def _shown(message: Message) -> list[Section]:
    """Sections with something to demand, or something contested that is told apart."""
    return [section for section in message.sections if section.due or section.disputed]


def _several(message: Message) -> bool:
    return len(_shown(message)) > 1


def _section(section: Section, labels: Any, formats: Formats, *, titled: bool) -> dict[str, Any]:
    currency = section.currency
    due = [
        [
            line.invoice,
            line.order_ref or "",
            formats.short_day(line.issued_on),
            formats.short_day(line.due_on),
            _line(labels.days(line.days_late)),
            formats.money(line.chaseable, currency),
        ]
        for line in section.due
    ]
    disputed = [
        [
            line.invoice,
            line.order_ref or "",
            formats.short_day(line.issued_on),
            formats.short_day(line.due_on),
            formats.money(line.disputed, currency),
        ]
        for line in section.disputed
    ]
    dates = [labels.issued, labels.due_on]
    return {
        "title": _line(labels.in_currency(currency)) if titled else "",
        "due": _table(
            labels.due_title,
            [labels.invoice, labels.order, *dates, labels.late, labels.principal],
            due,
            [line_notes(line, currency, labels, formats) for line in section.due],
            (labels.total_due, formats.money(section.total_due, currency)),
        ),
        "disputed": _table(
            labels.disputed_title,
            [labels.invoice, labels.order, *dates, labels.disputed_amount],
            disputed,
            [[] for _ in disputed],
            (labels.total_disputed, formats.money(section.total_disputed, currency)),
        ),
    }


def _table(
    title: str, header: list[str], rows: list[list[str]], notes: list[list[str]], total: tuple[str, str]
) -> dict[str, Any] | None:
    """A table as the template takes it, without its column of order references when nobody has one."""
    if not rows:
        return None
    kept = [index for index in range(len(header)) if index != 1 or any(row[1] for row in rows)]
    return {
        "title": title,
        "header": [header[index] for index in kept],
        "orders": len(kept) == len(header),
        "rows": [
            {"cells": [row[index] for index in kept], "notes": note}
            for row, note in zip(rows, notes, strict=True)
        ],
        "total": list(total),
    }


def _sums(sums: NoticeSums, names: dict[str, Any], formats: Formats, *, titled: bool) -> dict[str, Any]:
    """What is demanded in one currency, sum by sum: principal, credits deducted, fixed indemnities."""
    labels, section, currency = names["labels"], sums.section, sums.section.currency
    rows: Rows = [(labels.principal, formats.money(sums.principal, currency))]
    if section.total_credits <= sums.principal:
        rows += [
            (
                _line(labels.credit_line(each.reference, formats.short_day(each.dated))),
                formats.money(-each.amount, currency),
            )
            for each in section.credits
        ]
    else:
        rows.append((labels.credits_deducted, formats.money(-sums.credits, currency)))
    if sums.indemnities is not None:
        label = _line(labels.indemnity_line(sums.count, names["indemnity"]))
        rows.append((label, formats.money(sums.indemnities, currency)))
    return {
        "title": _line(labels.in_currency(currency)) if titled else "",
        "rows": [list(row) for row in rows],
        "total": [labels.total_demanded, formats.money(sums.total, currency)],
    }


def _payment(names: dict[str, Any], labels: Any) -> list[list[str]]:
    rows: Rows = [*names["payment"]]
    if names["creditor"].payment_link:
        rows.append((labels.link, names["creditor"].payment_link))
    return [[label, value] for label, value in rows]
