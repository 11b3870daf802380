"""Plain text that lines up, and paragraphs for both text and HTML from one source of prose."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

WIDTH: Final = 76
"""Columns of a plain-text message: what e-mail programs show without folding, quote marks included."""

_BLANK: Final = re.compile(r"\n[ \t]*\n")
_UNEVEN: Final = re.compile(r"[\t\n\v\f\r]|  |^ | $")
_MARGIN: Final = "  "


def blocks(prose: str) -> list[tuple[bool, list[str]]]:
    """Cut prose into paragraphs: `(is a list, lines)`.

    A blank line ends a paragraph. Lines that begin with `- ` make a list, one item each.
    """
    found: list[tuple[bool, list[str]]] = []
    for block in _BLANK.split(prose):
        lines = [line.strip(" \t") for line in block.strip().splitlines() if line.strip(" \t")]
        if not lines:
            continue
        if lines[0].startswith("- "):
            items: list[str] = []
            for line in lines:
                if line.startswith("- "):
                    items.append(line[2:])
                else:
                    items[-1] += " " + line
            found.append((True, items))
        else:
            found.append((False, [" ".join(lines)]))
    return found


def text_paragraphs(prose: str, width: int = WIDTH) -> str:
    """Fold prose to the width, paragraphs apart by one blank line."""
    parts = []
    for is_list, lines in blocks(prose):
        if is_list:
            parts.append("\n".join(_fold(line, width, "- ", "  ") for line in lines))
        else:
            parts.append(_fold(lines[0], width))
    return "\n\n".join(parts)


def html_paragraphs(prose: str) -> Markup:
    """Make `<p>` and `<ul>` of prose, escaping all of it."""
    parts = []
    for is_list, lines in blocks(prose):
        if is_list:
            items = "".join(f'<li style="margin:0 0 6px 0;">{escape(line)}</li>' for line in lines)
            parts.append(f'<ul style="margin:0 0 16px 0;padding:0 0 0 22px;">{items}</ul>')
        else:
            parts.append(f'<p style="margin:0 0 16px 0;">{escape(lines[0])}</p>')
    return Markup("\n".join(parts))  # noqa: S704 (each line is escaped above)


def text_table(
    header: Sequence[str],
    rows: Sequence[tuple[Sequence[str], Sequence[str]]],
    totals: Sequence[tuple[str, str]],
    *,
    numeric_from: int,
    width: int = WIDTH,
) -> str:
    """Set a table in columns; where it does not fit, one entry under the other.

    :param header: titles; columns that are empty in every row are left out.
    :param rows: `(cells, notes)`; each note stands on its own line under its row.
    :param totals: `(label, amount)` lines under the last column.
    :param numeric_from: index of the first column set to the right.
    :param width: columns at most.
    """
    kept = [index for index in range(len(header)) if any(cells[index] for cells, _ in rows)]
    widths = {index: max(len(header[index]), *(len(cells[index]) for cells, _ in rows)) for index in kept}
    if totals:
        widths[kept[-1]] = max(widths[kept[-1]], *(len(amount) for _, amount in totals))
    full = sum(widths.values()) + 2 * (len(kept) - 1)
    if full > width:
        return _stacked(header, rows, totals, kept)

    def row(cells: Sequence[str]) -> str:
        return "  ".join(
            cells[index].rjust(widths[index]) if index >= numeric_from else cells[index].ljust(widths[index])
            for index in kept
        ).rstrip()

    out = [row(header), "  ".join("-" * widths[index] for index in kept)]
    for cells, notes in rows:
        out.append(row(cells))
        out.extend(_fold(note, full, _MARGIN, _MARGIN) for note in notes)
    if totals:
        last = widths[kept[-1]]
        out.append(" " * (full - last) + "-" * last)
        labels = max(len(label) for label, _ in totals)
        for label, amount in totals:
            space = full - last - 2
            out.append(
                f"{label.rjust(space)}  {amount.rjust(last)}"
                if labels <= space
                else f"{label} {amount.rjust(max(full - len(label) - 1, len(amount)))}"
            )
    return "\n".join(out)


def pairs(rows: Sequence[tuple[str, str]]) -> str:
    """Set `label   value` lines with the values under each other."""
    widest = max(len(label) for label, _ in rows)
    return "\n".join(f"{label.ljust(widest)}  {value}" for label, value in rows)


def _stacked(
    header: Sequence[str],
    rows: Sequence[tuple[Sequence[str], Sequence[str]]],
    totals: Sequence[tuple[str, str]],
    kept: Sequence[int],
) -> str:
    out = []
    for cells, notes in rows:
        first, *others = kept
        out.append(f"{header[first]} {cells[first]}")
        out.append(_indented_pairs([(header[index], cells[index]) for index in others if cells[index]]))
        out.extend(_fold(note, WIDTH, _MARGIN, _MARGIN) for note in notes)
        out.append("")
    if totals:
        out.append(pairs(totals))
    return "\n".join(out).rstrip("\n")


def _indented_pairs(rows: Sequence[tuple[str, str]]) -> str:
    return textwrap.indent(pairs(rows), _MARGIN) if rows else ""


def _fold(text: str, width: int, first: str = "", rest: str = "") -> str:
    # Break at plain spaces only, so that no-break spaces keep amounts in one piece.
    if text and not _UNEVEN.search(text):
        return _filled(text.split(" "), width, first, rest)
    return textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _filled(words: list[str], width: int, first: str, rest: str) -> str:
    """What `textwrap.fill` makes of words apart by one space: it looks for much more."""
    lines = []
    line, length = first + words[0], len(first) + len(words[0])
    for word in words[1:]:
        length += 1 + len(word)
        if length <= width:
            line += " " + word
        else:
            lines.append(line)
            line, length = rest + word, len(rest) + len(word)
    lines.append(line)
    return "\n".join(lines)
