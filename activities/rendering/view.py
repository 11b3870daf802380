"""What the templates may name: the message's facts, the counts and sums drawn from them, the text table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from babel.numbers import get_currency_name

from activities.rendering.context import Line, Message, Section, Signatory, Tone
from activities.rendering.formats import NBSP, Formats, dialled, iban_groups
from activities.rendering.layout import WIDTH, pairs, text_table
from rules.interest import Mode

Row = tuple[list[str], list[str]]
"""Cells of a table's row, and the notes under it."""

LETTER_WIDTH: Final = 88
"""Columns of a letter's plain text, which is printed rather than quoted."""


@dataclass(frozen=True, slots=True)
class NoticeSums:
    """What a formal notice demands in one currency, sum by sum.

    :param indemnities: fixed recovery sums, one per late invoice; None when not in this currency.
    :param interest: of all late invoices up to the day of the letter; None: announced without its sum.
    :param total: principal less credits, plus interest and indemnities.
    """

    section: Section
    principal: Decimal
    credits: Decimal
    count: int
    indemnities: Decimal | None
    interest: Decimal | None
    total: Decimal


def notice_sums(message: Message) -> list[NoticeSums]:
    """List the sums of a formal notice, currency by currency.

    Fixed sums owed in a currency in which nothing is late are demanded by no total: the letter then
    announces them beside it.
    """
    found = []
    for section in message.sections:
        if not section.due:
            continue
        fixed = [fixed_of(line, section.currency, message) for line in section.due]
        borne = [line.interest for line in section.due]
        indemnities = sum((each for each in fixed if each is not None), Decimal(0)) if any(fixed) else None
        interest = None if None in borne else sum((each for each in borne if each is not None), Decimal(0))
        found.append(
            NoticeSums(
                section,
                section.total_due,
                min(section.total_credits, section.total_due),
                len(section.due),
                indemnities,
                interest,
                section.asked + (indemnities or Decimal(0)) + (interest or Decimal(0)),
            )
        )
    return found


def fixed_of(line: Line, currency: str, message: Message) -> Decimal | None:
    """The fixed sum of one invoice, where it is in the invoice's own currency."""
    if line.fixed_sum is not None:
        return line.fixed_sum
    return message.indemnity_per_invoice if currency == message.indemnity_currency else None


def variables(message: Message, formats: Formats) -> dict[str, Any]:
    """Return the names a template sees. Anything else is undefined, and undefined raises."""
    due = [(line, section.currency) for section in message.sections for line in section.due]
    coming = [(line, section.currency) for section in message.sections for line in section.coming]
    acted_coming = [each for each in coming if each[0].acted] or coming
    asked = [(section.asked, section.currency) for section in message.sections if section.asked]
    owed = [(section.total_due, section.currency) for section in message.sections if section.due]
    sums = notice_sums(message)
    hold = message.hold
    deadline = message.deadline
    if deadline is not None and deadline < message.today:
        deadline = None
    call_person: Signatory = message.call_person or message.signatory
    return {
        "m": message,
        "today": message.today,
        "creditor": message.creditor,
        "debtor": message.debtor,
        "recipient": message.recipient,
        "signatory": message.signatory,
        "call": call_person,
        "sections": [section for section in message.sections if not section.is_empty],
        "reference": message.payment_reference,
        "deadline": deadline,
        "deadline_days": message.deadline_days,
        "notice_sent_on": message.notice_sent_on,
        "previous_contact_on": message.previous_contact_on,
        "hold": hold,
        "change": message.change,
        "held": hold if hold is not None and hold.released_on is None else None,
        "indemnity": (
            None
            if message.indemnity_per_invoice is None
            else formats.money(message.indemnity_per_invoice, message.indemnity_currency)
        ),
        "indemnity_currency": message.indemnity_currency,
        "law": message.law,
        "late_law": message.late_law,
        "late_rate": None if message.late_rate is None else formats.percent(message.late_rate),
        "silent": message.charges == Mode.SILENT,
        "reckoned": bool(sums) and all(each.interest is not None for each in sums),
        "accrued": _listed(formats, [(each.interest, each.section.currency) for each in sums]),
        "accrued_fixed": _listed(formats, [(each.indemnities, each.section.currency) for each in sums]),
        "raised": message.tone.rank >= Tone.FIRM.rank,
        "tone": message.tone.value,
        "paid": message.paid,
        "reply": message.reply,
        "question": message.question,
        "digest": message.digest,
        "n_due": len(due),
        "n_acted": sum(1 for line, _ in due if line.acted),
        "n_coming": len(acted_coming),
        "n_disputed": sum(len(section.disputed) for section in message.sections),
        "has_credits": any(section.credits and section.due for section in message.sections),
        "worst_late": max((line.days_late for line, _ in due), default=0),
        "single": due[0][0] if len(due) == 1 else None,
        "single_coming": acted_coming[0][0] if len(acted_coming) == 1 else None,
        "asks": bool(asked),
        "sum_asked": formats.sums(asked or owed),
        "sums": sums,
        "sum_demanded": formats.sums((each.total, each.section.currency) for each in sums if each.total),
        # Shown apart when the fixed sum's currency is not the section's: two currencies do not add up.
        "foreign_indemnities": (
            message.indemnity_per_invoice is not None and any(each.indemnities is None for each in sums)
        ),
    }


def _listed(formats: Formats, amounts: Sequence[tuple[Decimal | None, str]]) -> str | None:
    """The sums that are known, as a sentence lists them; None when there is nothing to tell."""
    return formats.sums((amount, currency) for amount, currency in amounts if amount) or None


def functions(formats: Formats) -> dict[str, Any]:
    """Return the functions a template may call, in the reader's language."""

    def currency_name(code: str) -> str:
        return get_currency_name(code, count=2, locale=formats.locale)

    return {
        "money": formats.money,
        "amounts": formats.sums,
        "day": formats.day,
        "short_day": formats.short_day,
        "pl": formats.plural,
        "count": formats.count,
        "listed": formats.listed,
        "phone": formats.phone,
        "iban_groups": iban_groups,
        "dialled": dialled,
        "currency_name": currency_name,
        "pairs": pairs,
        "lang": formats.language,
        "colon": NBSP + ":" if formats.language == "fr" else ":",
        "indent": " " * 36,
    }


def payment_rows(
    message: Message, names: dict[str, Any], labels: Any, formats: Formats
) -> list[tuple[str, str]]:
    """List what the debtor copies into the bank's form. With nothing due yet, no amount is named.

    :param names: of the same message, from :func:`variables`.
    """
    demanded = message.step_template in {"formal_notice", "notice_copy"}
    rows: list[tuple[str, str]] = []
    if names["n_due"]:
        rows.append((labels.pay_amount, names["sum_demanded"] if demanded else names["sum_asked"]))
        if demanded:
            rows.append((labels.pay_within, str(labels.within(message.deadline_days))))
        elif names["deadline"] is not None:
            rows.append((labels.pay_before, formats.day(names["deadline"])))
    rows.append((labels.payee, message.creditor.payee))
    if message.creditor.iban:
        rows.append((labels.iban, iban_groups(message.creditor.iban)))
        if message.creditor.bic:
            rows.append((labels.bic, message.creditor.bic))
    rows.append((labels.reference, message.payment_reference))
    return rows


def sums_text(sums: NoticeSums, labels: Any, indemnity: str | None, *, formats: Formats) -> str:
    """Set the sums of a formal notice one under the other, with their total."""
    currency = sums.section.currency
    rows = [(str(labels.principal), formats.money(sums.principal, currency))]
    if sums.credits:
        rows.append((str(labels.credits_deducted), formats.money(-sums.credits, currency)))
    if sums.interest is not None:
        rows.append((str(labels.interest_line()), formats.money(sums.interest, currency)))
    if sums.indemnities is not None:
        rows.append(
            (str(labels.indemnity_line(sums.count, indemnity)), formats.money(sums.indemnities, currency))
        )
    total = (str(labels.total_demanded), formats.money(sums.total, currency))
    label_width = max(len(label) for label, _ in (*rows, total))
    amount_width = max(len(amount) for _, amount in (*rows, total))
    lines = [f"{label.ljust(label_width)}  {amount.rjust(amount_width)}" for label, amount in (*rows, total)]
    lines.insert(-1, "-" * (label_width + 2 + amount_width))
    return "\n".join(lines)


def line_notes(line: Line, currency: str, labels: Any, formats: Formats) -> list[str]:
    """Say under a line what its amount leaves out, and whether it was reminded before."""
    notes = []
    if line.disputed:
        notes.append(labels.part_disputed(formats.money(line.disputed, currency)))
    if line.total != line.outstanding:
        notes.append(labels.out_of(formats.money(line.total, currency)))
    if line.already_reminded and line.reminded_on is not None:
        notes.append(labels.reminded(formats.day(line.reminded_on)))
    return [str(note).strip() for note in notes]


def statement_text(section: Section, labels: Any, formats: Formats, *, letter: bool = False) -> str:
    """Set the open items of a section as plain-text tables.

    :param letter: a formal notice: wider, with issue dates, and without what is not demanded.
    """
    parts = []
    if section.due:
        totals: list[tuple[str, Decimal]] = []
        if section.credits or not letter:
            totals.append((labels.total_due, section.total_due))
        if section.credits and not letter:
            totals += [
                (labels.credit_line(each.reference, formats.short_day(each.dated)), -each.amount)
                for each in section.credits
            ]
            totals.append((labels.asked, section.asked))
        parts.append(_due_table(section, labels, formats, totals, letter=letter))
    elif section.credits:
        parts.append(_credits_table(section, labels, formats))
    if section.coming and not letter:
        parts.append(_coming_table(section, labels, formats))
    if section.disputed and not letter:
        header = [labels.invoice, labels.order, labels.due_on, labels.disputed_amount]
        rows: list[Row] = [
            (
                [
                    line.invoice,
                    line.order_ref or "",
                    formats.short_day(line.due_on),
                    formats.money(line.disputed, section.currency),
                ],
                [],
            )
            for line in section.disputed
        ]
        parts.append(_titled(labels.disputed_title, text_table(header, rows, [], numeric_from=3)))
    return "\n\n".join(parts)


def _due_table(
    section: Section,
    labels: Any,
    formats: Formats,
    totals: list[tuple[str, Decimal]],
    *,
    letter: bool,
) -> str:
    header = [labels.invoice, labels.order, labels.issued, labels.due_on, labels.late, labels.amount_due]
    rows: list[Row] = [
        (
            [
                line.invoice,
                line.order_ref or "",
                formats.short_day(line.issued_on) if letter else "",
                formats.short_day(line.due_on),
                labels.days(line.days_late) if line.days_late > 0 else "",
                formats.money(line.chaseable, section.currency),
            ],
            line_notes(line, section.currency, labels, formats),
        )
        for line in section.due
    ]
    written = [(label, formats.money(amount, section.currency)) for label, amount in totals]
    width = LETTER_WIDTH if letter else WIDTH
    return _titled(labels.due_title, text_table(header, rows, written, numeric_from=4, width=width))


def _coming_table(section: Section, labels: Any, formats: Formats) -> str:
    header = [labels.invoice, labels.order, labels.due_on, labels.amount]
    rows: list[Row] = [
        (
            [
                line.invoice,
                line.order_ref or "",
                formats.short_day(line.due_on),
                formats.money(line.chaseable, section.currency),
            ],
            line_notes(line, section.currency, labels, formats),
        )
        for line in section.coming
    ]
    totals = []
    if len(section.coming) > 1:
        totals.append((labels.total_coming, formats.money(section.total_coming, section.currency)))
    return _titled(labels.coming_title, text_table(header, rows, totals, numeric_from=3))


def _credits_table(section: Section, labels: Any, formats: Formats) -> str:
    rows: list[Row] = [
        ([each.reference, formats.short_day(each.dated), formats.money(each.amount, section.currency)], [])
        for each in section.credits
    ]
    table = text_table([labels.credit, labels.dated, labels.amount], rows, [], numeric_from=2)
    return _titled(labels.credits_title, table)


def _titled(title: str, table: str) -> str:
    return f"{title.upper()}\n\n{table}"
