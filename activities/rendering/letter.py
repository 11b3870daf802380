"""The pages of a letter, as a PDF: the same facts and the same prose as its text, set by Typst.

Everything reaches Typst as data (one JSON value among its inputs) and is shown as text: nothing a debtor's
name holds is ever read as markup. Only the fonts inside the wheel are used, and the creation date is the
letter's own day, so the same facts make the same bytes on every machine. PDF/A-2a, the archive's format, is
asked for: it also refuses a character no font has, rather than print an empty box.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import typst

from activities.rendering.context import Line, Message, Section
from activities.rendering.epc import epc_code
from activities.rendering.formats import NBSP, Formats, one_line
from activities.rendering.layout import blocks
from activities.rendering.view import NoticeSums, fixed_of, line_notes

_FOLDER: Final = Path(__file__).parent / "templates" / "letter"
_STANDARD: Final = "a-2a"

Rows = list[tuple[str, str]]

_CARRIED_FROM: Final = 15
"""A table of so many rows may run over a page: then it carries its running total there."""


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
        "debtor": debtor.registration or "",
        "date": _line(labels.letter_date()),
        "subject_label": labels.subject_label + _colon(formats),
        "account": f"{labels.account_label}{_colon(formats)} {debtor.reference}",
        "greeting": labels.greeting_letter,
        "before": _prose(words.before()),
        "sections": [
            _section(section, message, names, formats, titled=_several(message))
            for section in _shown(message)
        ],
        "sums_title": labels.sums_title,
        "sums": [_sums(each, names, formats, titled=len(names["sums"]) > 1) for each in names["sums"]],
        "demand": _prose(words.demand()) + (_prose(labels.held_note()) if names["held"] else []),
        "pay_title": labels.pay_title,
        "payment": _payment(names, labels),
        "code": _code(names, formats),
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


def _section(
    section: Section, message: Message, names: dict[str, Any], formats: Formats, *, titled: bool
) -> dict[str, Any]:
    labels, currency = names["labels"], section.currency
    return {
        "key": currency,
        "title": _line(labels.in_currency(currency)) if titled else "",
        "due": _due(section, message, labels, formats),
        "disputed": _table(
            labels.disputed_title,
            [labels.invoice, labels.issued, labels.due_on, labels.disputed_amount],
            [
                _Row(line, [formats.money(line.disputed, currency)], _order(line, labels))
                for line in section.disputed
            ],
            [labels.total_disputed, formats.money(section.total_disputed, currency)],
            formats,
        ),
    }


def _due(section: Section, message: Message, labels: Any, formats: Formats) -> dict[str, Any] | None:
    """What is demanded, item by item; with interest and fixed sum where they are reckoned."""
    currency = section.currency
    money = partial(formats.money, currency=currency)
    header = [labels.invoice, labels.issued, labels.due_on, labels.late, labels.principal]
    reckoned = all(line.interest is not None for line in section.due)
    fixed = [fixed_of(line, currency, message) for line in section.due]
    with_fixed = reckoned and any(fixed)
    header += [labels.interest_short] * reckoned + [labels.fixed_short] * with_fixed
    header += [labels.line_total] * reckoned
    rows, running = [], Decimal(0)
    columns = [Decimal(0)] * (1 + reckoned + with_fixed + reckoned)
    for line, sum_fixed in zip(section.due, fixed, strict=True):
        amounts = [line.chaseable]
        if reckoned:
            amounts += [line.interest or Decimal(0), *([sum_fixed or Decimal(0)] if with_fixed else [])]
            amounts.append(sum(amounts, Decimal(0)))
        columns = [total + amount for total, amount in zip(columns, amounts, strict=True)]
        running += amounts[-1]
        rows.append(
            _Row(
                line,
                [_line(labels.days(line.days_late)), *map(money, amounts)],
                _order(line, labels) + line_notes(line, currency, labels, formats),
                running=money(running),
            )
        )
    total = [labels.total_due, *map(money, columns)]
    return _table(
        labels.due_title, header, rows, total, formats, labels if len(rows) > _CARRIED_FROM else None
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """An item: its cells after the number and the dates, the notes under its number, the total up to it."""

    line: Line
    cells: list[str]
    notes: list[str]
    running: str = ""


def _order(line: Line, labels: Any) -> list[str]:
    return [f"{labels.order} {line.order_ref}"] if line.order_ref else []


def _table(
    title: str, header: list[str], rows: list[_Row], total: list[str], formats: Formats, carried: Any = None
) -> dict[str, Any] | None:
    """A table as the template takes it; `carried` are the labels of its running total, if it has one."""
    if not rows:
        return None
    return {
        "title": title,
        "header": header,
        "rows": [
            {
                "cells": [
                    row.line.invoice,
                    formats.short_day(row.line.issued_on),
                    formats.short_day(row.line.due_on),
                    *row.cells,
                ],
                "notes": row.notes,
                "running": row.running,
            }
            for row in rows
        ],
        "total": total,
        "carried": None if carried is None else [carried.brought_forward, carried.carried_forward],
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
    if sums.interest is not None:
        rows.append((_line(labels.interest_line()), formats.money(sums.interest, currency)))
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


def _code(names: dict[str, Any], formats: Formats) -> dict[str, str] | None:
    """The QR code that fills in a SEPA transfer of what is demanded in euros; None where none can be."""
    creditor, labels = names["creditor"], names["labels"]
    euros = next((each.total for each in names["sums"] if each.section.currency == "EUR"), None)
    if not creditor.iban or not euros:
        return None
    svg = epc_code(creditor.payee, creditor.iban, creditor.bic, euros, names["reference"])
    if svg is None:
        return None
    sum_told = formats.money(euros, "EUR")
    return {"svg": svg, "title": _line(labels.qr_title(sum_told)), "alt": _line(labels.qr_alt(sum_told))}
