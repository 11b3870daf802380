"""A FEC into the ledger, in a process of its own, against reading it as CSV and copying its lines.

The baseline reads the same file with the csv module and copies every line as text into one plain, logged
table: no date, no amount is looked at, no entry balanced. The import reads and checks each line, balances
each entry, groups what is open, gives it a due date by terms, assigns policies, decides on cases and writes
them. Beside open items the file has settled ones, lettered with their payment, as a year's books have.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from sqlmodel import Session

from activities.store.engine import make_engine, transaction
from admin.intake.booking import Import
from admin.intake.items import Source
from admin.intake.plan import Options
from admin.stack.postgres import LocalPostgres
from bench.figures import Figure
from bench.harness import (
    COMPANY,
    MONDAY,
    found_company,
    new_ledger,
    peak_rss_mib,
    postgres,
    run_process,
    scratch,
    stopwatch,
)

SIZES: Final = (10_000, 100_000)
LIMIT_S: Final = 60.0
LIMIT_MIB: Final = 500.0
_ADDRESS: Final = "RELANCE_DATABASE_URL"
_HEADER: Final = (
    *("JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum"),
    *("CompAuxLib", "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet"),
    *("ValidDate", "Montantdevise", "Idevise"),
)


def run(sizes: Sequence[int] = ()) -> list[Figure]:
    """Measure at each size (open items); the last one is compared with the first, line for line."""
    figures: list[Figure] = []
    pace: float | None = None
    with scratch() as folder, postgres(folder, durable=True) as server:
        for size in sizes or SIZES:
            path = folder / f"{size}.txt"
            lines = write_fec(path, size)
            figure, seconds = _measure(server, path, size, lines)
            if pace is not None:
                grown = ("time an item, against the first size", seconds / size / pace)
                figure = replace(figure, notes=(*figure.notes, grown))
            pace = pace or seconds / size
            figures.append(figure)
    return figures


def write_fec(path: Path, size: int) -> int:
    """Write a FEC of so many open items, half as many settled ones beside them; returns its lines."""
    lines = 0
    with path.open("w", encoding="iso8859-15", newline="") as file:
        file.write("\t".join(_HEADER) + "\r\n")
        for place in range(size + size // 2):
            for line in _entry(place, settled=place % 3 == 2):
                file.write("\t".join(line) + "\r\n")
                lines += 1
    return lines


def _entry(place: int, *, settled: bool) -> Iterator[list[str]]:
    day = f"{date(2026, 1, 2) + timedelta(days=place % 60):%Y%m%d}"
    customer, piece = f"C{place % 4999:05}", f"FA-{place:07}"
    net = 1_000 + place * 37 % 900_000
    vat = net // 5
    let = f"L{place}" if settled else ""
    sale = ("VE", "Ventes", f"V{place}")
    who = (customer, f"Société n° {place % 4999}")
    yield _line(sale, day, "411000", who, piece, net + vat, 0, let)
    yield _line(sale, day, "707000", ("", ""), piece, 0, net, "")
    yield _line(sale, day, "445710", ("", ""), piece, 0, vat, "")
    if settled:
        money = ("BQ", "Banque", f"B{place}")
        yield _line(money, day, "411000", who, piece, 0, net + vat, let)
        yield _line(money, day, "512000", ("", ""), piece, net + vat, 0, "")


def _line(
    entry: tuple[str, str, str],
    day: str,
    account: str,
    who: tuple[str, str],
    piece: str,
    debit: int,
    credit: int,
    let: str,
) -> list[str]:
    return [
        *(*entry, day, account, "Compte", *who, piece, day, f"Pièce {piece}"),
        *(_cents(debit), _cents(credit), let, day if let else "", day, "", ""),
    ]


def _cents(value: int) -> str:
    return f"{value // 100},{value % 100:02}"


def _measure(server: LocalPostgres, path: Path, size: int, lines: int) -> tuple[Figure, float]:
    copied_s = _copy(server, path, lines)
    told = json.loads(
        run_process(["-m", "bench.fec", str(path)], {**os.environ, _ADDRESS: new_ledger(server)})
    )
    assert told["new"] == size, told
    seconds = told["seconds"]
    figure = Figure(
        what=f"{size:,} open items in {lines:,} lines, forced to disk",
        figure=lines / seconds,
        baseline=lines / copied_s,
        unit="lines/s",
        against="csv reading and COPY of the lines",
        aim=f"100,000 items within {LIMIT_S:g} s and {LIMIT_MIB:g} MiB",
        met=seconds <= LIMIT_S and told["peak_rss_mib"] <= LIMIT_MIB,
        peak_rss_mib=told["peak_rss_mib"],
        notes=(
            ("import, s", seconds),
            ("CPU of its process, s", told["cpu_seconds"]),
            ("the same file again, s", told["again_seconds"]),
        ),
    )
    return figure, seconds


def _copy(server: LocalPostgres, path: Path, lines: int) -> float:
    """Seconds to read the file as CSV and to copy its lines, committed; the better of two."""
    laps = []
    for turn in range(2):
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            name = sql.Identifier(f"fec_{lines}_{turn}")
            columns = sql.SQL(", ").join(
                sql.SQL("{} text").format(sql.Identifier(column)) for column in _HEADER
            )
            connection.execute(sql.SQL("CREATE TABLE {} ({})").format(name, columns))
            with (
                stopwatch() as lap,
                path.open(encoding="iso8859-15", newline="") as file,
                connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(name)) as copy,
            ):
                rows = csv.reader(file, delimiter="\t")
                next(rows)
                for row in rows:
                    copy.write_row(row)
            found = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(name)).fetchone()
            assert found == (lines,), found
        laps.append(lap.wall_s)
    return min(laps)


def main(path: Path) -> None:
    """The process that is measured: import `path` twice into the ledger the environment names; tells JSON."""
    engine = make_engine(os.environ[_ADDRESS], pool_size=2, application_name="relance bench fec")
    found_company(engine, MONDAY)

    @contextmanager
    def begin() -> Iterator[Session]:
        with transaction(engine) as session:
            yield session

    laps = []
    news = []
    for _ in range(2):
        with stopwatch() as lap, path.open("rb") as file:
            source = Source(path.name, file, path.stat().st_size)
            options = Options(terms="45 jours fin de mois")
            news.append(Import(begin, COMPANY, source, now=MONDAY, who="bench", options=options).run().new)
        laps.append(lap)
    engine.dispose()
    assert news[1] == 0, news
    told = {
        "new": news[0],
        "seconds": laps[0].wall_s,
        "cpu_seconds": laps[0].cpu_s,
        "again_seconds": laps[1].wall_s,
        "peak_rss_mib": peak_rss_mib(),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
