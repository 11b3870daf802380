"""Bringing a bank file of many lines into the ledger, in a process of its own, against COPY of its lines.

The baseline copies the lines that were stored into an empty ledger with all its keys and indexes: what of the
time is the database's own work. The import reads and checks the file, tells each line from those the ledger
has, and keeps the file's bytes. `again` is the same statement in another file: every line is known.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import UUID

import psycopg
from sqlalchemy import Engine, make_url
from sqlmodel import select

from activities.store.bank_lines import keep_file, store_lines
from activities.store.engine import make_engine, transaction
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
from models.tables import BankFile, Company, Content

SIZES: Final = (5_000, 50_000)
AIM_S: Final = 60.0
LIMIT_MIB: Final = 500.0
ACCOUNT: Final = "FR7630006000011234567890189"

_ADDRESS = "RELANCE_DATABASE_URL"
_DAY: Final = date(2026, 3, 5)
_TABLES: Final = ("company", "content", "bank_file", "bank_line")


def run(sizes: Sequence[int] = ()) -> list[Figure]:
    """Measure at each size (lines) of CAMT.053 and of CFONB120."""
    figures = []
    with scratch() as folder, postgres(folder, durable=True) as server:
        for size in sizes or SIZES:
            for kind, write in (("CAMT.053", write_camt), ("CFONB120", write_cfonb)):
                path = folder / f"{kind}-{size}"
                write(path, size)
                figures.append(_measure(server, path, size, kind))
    return figures


def _measure(server: LocalPostgres, path: Path, size: int, kind: str) -> Figure:
    address = new_ledger(server)
    told = json.loads(run_process(["-m", "bench.bank", str(path)], {**os.environ, _ADDRESS: address}))
    assert (told["new"], told["known"]) == (size, size), told
    floor_s = _copy_lines(address, new_ledger(server))
    return Figure(
        what=f"{size:,} lines of {kind}, {path.stat().st_size / (1 << 20):.1f} MiB",
        figure=size / told["seconds"],
        baseline=size / floor_s,
        unit="lines/s",
        against="COPY of its lines",
        aim=f"50,000 within {AIM_S:g} s and {LIMIT_MIB:g} MiB",
        met=50_000 * told["seconds"] / size <= AIM_S and told["peak_rss_mib"] <= LIMIT_MIB,
        peak_rss_mib=told["peak_rss_mib"],
        notes=(("import, s", told["seconds"]), ("the same again, s", told["again_seconds"])),
    )


def _copy_lines(source: str, target: str) -> float:
    """Seconds that COPY takes for the stored lines, and what they refer to, into an empty ledger."""
    with _connect(source) as held, _connect(target) as empty:
        blocks = {}
        for name in _TABLES:
            with held.cursor().copy(f"COPY {name} TO STDOUT".encode()) as copy:
                blocks[name] = [bytes(block) for block in copy]
        with stopwatch() as lap, empty.transaction():
            for name, rows in blocks.items():
                with empty.cursor().copy(f"COPY {name} FROM STDIN".encode()) as copy:
                    for block in rows:
                        copy.write(block)
    return lap.wall_s


def _connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    address = make_url(url).set(drivername="postgresql")
    return psycopg.connect(address.render_as_string(hide_password=False), autocommit=True)


def write_camt(path: Path, size: int) -> None:
    """A CAMT.053 of `size` payments, as a bank writes them."""
    total = sum((_amount(number) for number in range(size)), Decimal(0))
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
            f"<GrpHdr><MsgId>M</MsgId></GrpHdr><Stmt><Id>S</Id><Acct><Id><IBAN>{ACCOUNT}</IBAN></Id>"
            f"<Ccy>EUR</Ccy></Acct>{_balance('OPBD', Decimal(0))}{_balance('CLBD', total)}\n"
        )
        for number in range(size):
            file.write(
                f'<Ntry><NtryRef>{number}</NtryRef><Amt Ccy="EUR">{_amount(number)}</Amt>'
                "<CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
                f"<BookgDt><Dt>{_day(number)}</Dt></BookgDt><ValDt><Dt>{_day(number)}</Dt></ValDt>"
                f"<AcctSvcrRef>2026064{number:012}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly>"
                "<Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs>"
                f"<EndToEndId>E2E-{number:08}</EndToEndId></Refs><RltdPties><Dbtr><Pty>"
                f"<Nm>CLIENT {number % 997} SARL</Nm></Pty></Dbtr>"
                "<DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>"
                f"</RltdPties><RmtInf><Ustrd>VIREMENT FACTURE FA-2026-{number:06}</Ustrd></RmtInf></TxDtls>"
                "</NtryDtls></Ntry>\n"
            )
        file.write("</Stmt></BkToCstmrStmt></Document>\n")


def write_cfonb(path: Path, size: int) -> None:
    """A CFONB120 of `size` payments with two complements each."""
    total = sum((_amount(number) for number in range(size)), Decimal(0))
    account = "30006    00001EUR2 12345678901  "
    with path.open("w", encoding="iso-8859-15") as file:
        file.write(f"01{account}040326".ljust(90) + _signed(Decimal(0)).ljust(30) + "\n")
        for number in range(size):
            day = _day(number).strftime("%d%m%y")
            movement = f"04{account[:32]}{day}  {day}VIR SEPA RECU".ljust(90)
            file.write(movement + _signed(_amount(number)) + f"{number:016}\n")
            for complement in (f"NPYCLIENT {number % 997} SARL", f"LCCFACTURE FA-2026-{number:06}"):
                file.write(f"05{account[:32]}{day}     {complement}".ljust(120) + "\n")
        file.write(f"07{account}050326".ljust(90) + _signed(total).ljust(30) + "\n")


def _amount(number: int) -> Decimal:
    return Decimal(1_000 + number % 90_000) / 100


def _day(number: int) -> date:
    return _DAY - timedelta(days=number % 5)


def _signed(amount: Decimal) -> str:
    digits = f"{int(amount * 100):014}"
    return digits[:13] + "{ABCDEFGHI"[int(digits[13])]


def _balance(code: str, amount: Decimal) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount}</Amt>'
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{_DAY}</Dt></Dt></Bal>"
    )


def main(path: Path) -> None:
    """The process that is measured: bring `path` in, then the same statement in another file; tells JSON."""
    engine = make_engine(os.environ[_ADDRESS], pool_size=2, application_name="relance bench bank")
    found_company(engine, MONDAY)
    with transaction(engine) as session:
        company = session.exec(select(Company)).one()
        company.iban = ACCOUNT
    told: dict[str, float] = {}
    with stopwatch() as lap:
        told["new"] = _bring(engine, company, path.read_bytes())["new"]
    peak = peak_rss_mib()
    with stopwatch() as again:
        # A space more is another file with the same lines.
        told["known"] = _bring(engine, company, path.read_bytes() + b"\n")["known"]
    engine.dispose()
    told |= {"seconds": lap.wall_s, "again_seconds": again.wall_s, "peak_rss_mib": peak}
    sys.stdout.write(json.dumps(told))


def _bring(engine: Engine, company: Company, content: bytes) -> dict[str, int]:
    with transaction(engine) as session:
        file, _ = keep_file(session, company, content, "statement", MONDAY, "bench")
        file_id: UUID = file.id
    with transaction(engine) as session:
        row = session.get_one(BankFile, file_id)
        kept = session.get_one(Content, row.content_hash)
        stored = store_lines(session, row, kept.body, MONDAY)
        return {"new": stored.new, "known": stored.known}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
