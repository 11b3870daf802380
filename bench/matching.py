"""Bank lines matched against open invoices: lines a second, and memory.

Measured: candidates looked up and the rules asked, in chunks as an import has them, by a process of its own;
nothing is booked. Half of the lines name their invoice in one of several writings, a quarter name two, the
rest name none. The baseline is one look-up of an exact number by its index for each line, in the same
chunks. Booking is measured besides, on a few chunks: it is the ledger's recording of facts, one by one.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, text
from sqlmodel import Session

from activities.bank_import import CHUNK
from activities.matching import match_lines
from activities.matching.candidates import candidates_for
from activities.store.engine import make_engine, transaction
from admin.stack.postgres import LocalPostgres
from bench.api_ledger import COMPANIES, fill
from bench.figures import Figure
from bench.harness import (
    MONDAY,
    ledger,
    peak_rss_mib,
    postgres,
    run_process,
    scratch,
    stopwatch,
)
from rules.matching import Line, Verdict, match

LINES: Final = 50_000
INVOICES_A_LINE: Final = 2
BOOKED: Final = 500
AIM_S: Final = 60.0
LIMIT_MIB: Final = 500.0
_ADDRESS: Final = "RELANCE_DATABASE_URL"


def run(sizes: Sequence[int] = ()) -> list[Figure]:
    """Measure with each number of lines, against twice as many invoices; first with a tenth."""
    figures = []
    with scratch() as folder, postgres(folder) as server:
        for size in sizes or (LINES // 10, LINES):
            with ledger(server) as engine:
                # A third of the filled cases are of one company, a fifth are closed.
                fill(engine, size * INVOICES_A_LINE)
                figures.append(_measure(server, engine, size))
    return figures


def _measure(server: LocalPostgres, engine: Engine, size: int) -> Figure:  # noqa: ARG001 (kept up by the caller)
    url = engine.url.render_as_string(hide_password=False)
    told = json.loads(run_process(["-m", "bench.matching", str(size)], {**os.environ, _ADDRESS: url}))
    return Figure(
        what=f"{size:,} lines against {size * INVOICES_A_LINE:,} invoices",
        figure=size / told["seconds"],
        baseline=size / told["bare_seconds"],
        unit="lines/s",
        against="a look-up by exact number",
        aim=f"{LINES:,} lines within {AIM_S:g} s and {LIMIT_MIB:g} MiB",
        met=told["seconds"] * LINES / size <= AIM_S and told["peak_rss_mib"] <= LIMIT_MIB,
        peak_rss_mib=told["peak_rss_mib"],
        notes=(
            ("seconds", told["seconds"]),
            ("CPU of its process, s", told["cpu_seconds"]),
            ("sure", told["sure"]),
            ("booked, lines/s", told["booked"]),
        ),
    )


def lines_of(session: Session, company: UUID, count: int) -> list[Line]:
    """Lines as debtors and banks write them, the same ones every time."""
    random = Random(11)
    rows = session.connection().execute(
        text(
            "SELECT i.number, i.total, c.name FROM invoice i JOIN customer c ON c.id = i.customer_id"
            " WHERE i.company_id = :company AND i.currency = 'EUR' ORDER BY i.number"
        ),
        {"company": company},
    )
    known = rows.all()
    made = []
    for _ in range(count):
        number, total, name = random.choice(known)
        other = random.choice(known)
        way = random.random()
        words = f"FACT {int(number[3:])}" if way < 0.2 else number.replace("-", " " if way < 0.4 else "")
        amount = total
        if way < 0.25:
            words, amount = f"{words} + {other[0]}", total + other[1]
        if way > 0.75:
            words = "VIREMENT SEPA"
        made.append(
            Line(
                amount=Decimal(amount).quantize(Decimal("0.01")),
                currency="EUR",
                booked_on=date(2026, 3, 2),
                text=words,
                payer_name=name.upper(),
                payer_iban=f"FR76{random.randrange(10**6):023}",
            )
        )
    return made


def main(size: int) -> None:
    """The process that is measured; tells JSON."""
    engine = make_engine(os.environ[_ADDRESS], pool_size=2, application_name="relance bench matching")
    with transaction(engine) as session:
        company = UUID(
            str(
                session.connection()
                .execute(text("SELECT id FROM company WHERE ref = :ref"), {"ref": COMPANIES[0]})
                .scalar_one()
            )
        )
        lines = lines_of(session, company, size)
    chunks = [lines[at : at + CHUNK] for at in range(0, len(lines), CHUNK)]
    sure = 0
    with stopwatch() as lap:
        for chunk in chunks:
            with transaction(engine) as session:
                found = candidates_for(session, company, chunk)
                for line in chunk:
                    items, payers = found.of(line)
                    sure += match(line, items, payers).verdict is Verdict.SURE
    with stopwatch() as bare:
        for chunk in chunks:
            with transaction(engine) as session:
                for line in chunk:
                    session.connection().execute(
                        text("SELECT id FROM invoice WHERE company_id = :company AND number = :number"),
                        {"company": company, "number": line.text},
                    ).all()
    peak = peak_rss_mib()
    told: dict[str, Any] = {
        "seconds": lap.wall_s,
        "cpu_seconds": lap.cpu_s,
        "bare_seconds": bare.wall_s,
        "sure": sure,
        "peak_rss_mib": peak,
        "booked": _booked(engine, company, lines[:BOOKED]),
    }
    engine.dispose()
    sys.stdout.write(json.dumps(told))


def _booked(engine: Engine, company: UUID, lines: Sequence[Line]) -> float:
    """Lines a second, matched and booked as an import does."""
    ids = _stored(engine, company, lines)
    with stopwatch() as lap:
        for at in range(0, len(ids), CHUNK):
            with transaction(engine) as session:
                match_lines(session, company, ids[at : at + CHUNK], MONDAY)
    return len(ids) / lap.wall_s


def _stored(engine: Engine, company: UUID, lines: Sequence[Line]) -> list[UUID]:
    with transaction(engine) as session:
        connection = session.connection()
        connection.execute(
            text("INSERT INTO content (hash, media_type, body) VALUES ('bench-bank', 'text/plain', 'x')")
        )
        file = connection.execute(
            text(
                "INSERT INTO bank_file (id, company_id, content_hash, name, size, state, received_at,"
                " received_by, report) VALUES (gen_random_uuid(), :company, 'bench-bank', 'f', 1, 'stored',"
                " :now, 'bench', '{}') RETURNING id"
            ),
            {"company": company, "now": MONDAY},
        ).scalar_one()
        found = []
        for place, line in enumerate(lines, start=1):
            row = connection.execute(
                text(
                    "INSERT INTO bank_line (id, company_id, file_id, place, line_key, identity, account_iban,"
                    " booked_on, amount, direction, currency, text, payer_name, payer_iban, is_return,"
                    " is_batch, state) VALUES (gen_random_uuid(), :company, :file, :place, :key, :key, 'A',"
                    " :day, :amount, 'in', 'EUR', :text, :name, :iban, false, false, 'new') RETURNING id"
                ),
                {
                    "company": company,
                    "file": file,
                    "place": place,
                    "key": f"line-{place}",
                    "day": line.booked_on,
                    "amount": line.amount,
                    "text": line.text,
                    "name": line.payer_name,
                    "iban": line.payer_iban,
                },
            ).scalar_one()
            found.append(UUID(str(row)))
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]))
