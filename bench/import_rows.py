"""Importing a portfolio into the ledger, in a process of its own, against raw COPY of the same file.

The baseline copies the file's bytes into one plain, logged table with the file's columns typed: no check,
no case, no key, no index. The import checks each row, assigns its policy, decides on its case and writes
customers, contacts, invoices, payments, cases and notes; it reads the file twice. What of that is the
database's own work shows in a second figure: COPY of the very rows that were entered, table by table,
into an empty ledger with all its keys and indexes.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from activities.store.engine import make_engine
from admin.portfolio.load import load_portfolio
from admin.stack.postgres import LocalPostgres
from bench.figures import Figure
from bench.harness import (
    MONDAY,
    found_company,
    new_ledger,
    peak_rss_mib,
    postgres,
    run_process,
    scratch,
    stopwatch,
)
from bench.samples import OPEN, write_open
from models.tables import metadata

SIZES: Final = (10_000, 100_000)
AIM: Final = 1 / 3
LIMIT_MIB: Final = 300.0

_ADDRESS = "RELANCE_DATABASE_URL"
_CHUNK = 1 << 16
_TYPES = {"issued_on": "date", "due_on": "date", "amount": "numeric(19,4)", "paid": "numeric(19,4)"}


def run(sizes: Sequence[int] = ()) -> list[Figure]:
    """Measure at each size (rows), on a server that forces its commits to disk and on one that does not."""
    figures = []
    with scratch() as folder:
        for durable, size in product((True, False), sizes or SIZES):
            path = folder / f"{size}.csv"
            if not path.exists():
                write_open(path, size)
            with postgres(folder, durable=durable) as server:
                figures.append(_measure(server, path, size, durable))
    return figures


def _measure(server: LocalPostgres, path: Path, size: int, durable: bool) -> Figure:
    copied_s = _copy(server, path, size)
    address = new_ledger(server)
    told = json.loads(run_process(["-m", "bench.import_rows", str(path)], {**os.environ, _ADDRESS: address}))
    assert told["inserted"] == size, told
    floor_s = _copy_ledger(address, new_ledger(server))
    rate, raw_rate = size / told["seconds"], size / copied_s
    return Figure(
        what=f"{size:,} rows, {'forced to disk' if durable else 'not forced to disk'}",
        figure=rate,
        baseline=raw_rate,
        unit="rows/s",
        against="raw COPY",
        aim=f"a third, within {LIMIT_MIB:g} MiB",
        met=rate / raw_rate >= AIM and told["peak_rss_mib"] <= LIMIT_MIB,
        peak_rss_mib=told["peak_rss_mib"],
        notes=(
            ("import, s", told["seconds"]),
            ("CPU of its process, s", told["cpu_seconds"]),
            ("ratio to COPY of the ledger's own rows", floor_s / told["seconds"]),
        ),
    )


def _copy(server: LocalPostgres, path: Path, size: int) -> float:
    """Seconds that COPY of the file takes, committed; the better of two."""
    laps = []
    for turn in range(2):
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            name = sql.Identifier(f"copied_{turn}")
            columns = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(_TYPES.get(column, "text")))
                for column in OPEN
            )
            connection.execute(sql.SQL("CREATE TABLE {} ({})").format(name, columns))
            with (
                stopwatch() as lap,
                path.open("rb") as file,
                connection.cursor().copy(
                    sql.SQL("COPY {} FROM STDIN (FORMAT csv, HEADER true)").format(name)
                ) as copy,
            ):
                while chunk := file.read(_CHUNK):
                    copy.write(chunk)
            found = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(name)).fetchone()
            assert found == (size,), found
        laps.append(lap.wall_s)
    return min(laps)


def _copy_ledger(source: str, target: str) -> float:
    """Seconds that COPY takes for every row of the ledger `source` into the empty ledger `target`."""
    with _connect(source) as held, _connect(target) as empty:
        blocks = {}
        for table in metadata.sorted_tables:
            with held.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table.name))) as copy:
                blocks[table.name] = [bytes(block) for block in copy]
        with stopwatch() as lap, empty.transaction():
            for name, rows in blocks.items():
                statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))
                with empty.cursor().copy(statement) as copy:
                    for block in rows:
                        copy.write(block)
    return lap.wall_s


def _connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    address = make_url(url).set(drivername="postgresql")
    return psycopg.connect(address.render_as_string(hide_password=False), autocommit=True)


def main(path: Path) -> None:
    """The process that is measured: import `path` into the ledger the environment names; tells JSON."""
    engine = make_engine(os.environ[_ADDRESS], pool_size=2, application_name="relance bench import")
    policies = found_company(engine, MONDAY)
    with stopwatch() as lap:
        report = load_portfolio(engine, path, now=MONDAY, policies=policies)
    engine.dispose()
    told = {
        "inserted": report.inserted,
        "seconds": lap.wall_s,
        "cpu_seconds": lap.cpu_s,
        "peak_rss_mib": peak_rss_mib(),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
