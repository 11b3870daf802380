"""What a visitor sees of a campaign: a live table, or plain lines without a terminal, and the report."""

from __future__ import annotations

import threading
import time
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from admin.chaos.books import Blow
from admin.chaos.campaign import Report, Tally
from admin.chaos.judge import SERVERS, Verdict

_EVERY_S: Final = 2.0
"""How often a plain line is written, at most."""

_MANY: Final = 20
"""How many faults are written out."""


class Screen:
    """Shows a campaign on a console; use it as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=4) if console.is_terminal else None
        self._lock = threading.Lock()
        self._written_at = 0.0
        self._written: Tally | None = None

    def __enter__(self) -> Screen:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, text: str) -> None:
        """One line about what happens, above the table."""
        self._console.print(f"[dim]{escape(text)}[/]", soft_wrap=True)

    def show(self, tally: Tally) -> None:
        """The counts as they are now."""
        if self._live is not None:
            self._live.update(_table(tally))
            return
        with self._lock:
            now = time.monotonic()
            if tally == self._written or now - self._written_at < _EVERY_S:
                return
            self._written, self._written_at = tally, now
        self._console.print(_line(tally), soft_wrap=True, markup=False)


def _line(tally: Tally) -> str:
    down = f"  {tally.dead} is dead" if tally.dead else ""
    return (
        f"{tally.seconds:4.0f} s  intended {tally.intended}  sent {tally.sent}  in flight {tally.in_flight}  "
        f"uncertain {tally.uncertain}  doubled {tally.doubled}  lost {tally.lost}  {tally.phase}{down}"
    )


def _table(tally: Tally) -> Group:
    counts = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("intended", "sent", "in flight", "uncertain", "doubled", "lost"):
        counts.add_column(name, justify="right")
    bad = [f"[bold red]{count}[/]" if count else "[green]0[/]" for count in (tally.doubled, tally.lost)]
    counts.add_row(
        str(tally.intended),
        f"[b]{tally.sent}[/]",
        str(tally.in_flight),
        f"[yellow]{tally.uncertain}[/]",
        *bad,
    )
    servers = "   ".join(
        f"[bold red]✗ {name} is dead[/]" if name == tally.dead else f"[green]●[/] {name}" for name in SERVERS
    )
    return Group(
        "",
        counts,
        Text.from_markup(servers),
        Text(f"{tally.seconds:4.0f} s  {tally.phase}", style="dim"),
    )


def report(found: Report, out: Console) -> None:
    """The final words: what was killed, what became of the messages, and whether the promise held."""
    out.print(_kills(found.blows))
    out.print(_verdicts(found))
    left, stayed = found.answered
    if left or stayed:
        out.print(
            f"\nUncertain messages, looked up at the provider: {left} had left; {stayed} had not, "
            f"and left once when a person had said so."
        )
    faults = (*found.after_kills.faults, *found.final.faults)
    for fault in faults[:_MANY]:
        out.print(f"[red]✗[/] {escape(fault)}", soft_wrap=True)
    if len(faults) > _MANY:
        out.print(f"[red]… and {len(faults) - _MANY} more[/]")
    if not faults and found.final.doubts:
        out.print(f"[red]✗[/] {len(found.final.doubts)} messages are still uncertain after all were answered")
    words = "[bold green]The promise held.[/]" if found.held else "[bold red]The promise did not hold.[/]"
    out.print(f"\n{words} {found.seconds:.0f} s from the first case to the last check.", soft_wrap=True)


def _kills(blows: tuple[Blow, ...]) -> Table:
    table = Table(title="\nkill -9", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in ("server", "processes", "after", "in flight", "unanswered", "back after"):
        table.add_column(column, justify="left" if column == "server" else "right", header_style="bold")
    for blow in blows:
        table.add_row(
            blow.server,
            str(len(blow.processes)),
            f"{blow.received} messages",
            str(len(blow.sending)),
            str(blow.unanswered),
            f"{blow.dead_s:.1f} s",
        )
    return table


def _verdicts(found: Report) -> Table:
    table = Table(title="\nMessages", title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("")
    for column in ("after the kills", "after the answers"):
        table.add_column(column, justify="right", header_style="bold")

    def row(name: str, first: object, last: object) -> None:
        table.add_row(name, str(first), str(last))

    one, two = found.after_kills, found.final
    row("intended by the rules", one.intended, two.intended)
    row("  with so many invoices' steps", one.steps, two.steps)
    row("received by the provider", one.received, two.received)
    row("sent, says the ledger", one.sent, two.sent)
    row("uncertain, each with a task", one.uncertain, two.uncertain)
    row("  of these, received", _received(one), _received(two))
    row("in flight at the kills", one.in_flight, "")
    row("doubled", one.doubled, two.doubled)
    row("lost", one.lost, two.lost)
    row("cases where they should be", _placed(one), _placed(two))
    return table


def _received(verdict: Verdict) -> int:
    return sum(doubt.received for doubt in verdict.doubts)


def _placed(verdict: Verdict) -> str:
    return f"{verdict.cases - verdict.misplaced} of {verdict.cases}"
