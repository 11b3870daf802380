"""Small invented statements, as banks write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

ACCOUNT = "FR7630006000011234567890189"
_SIGNED = "{ABCDEFGHI"
_NEGATIVE = "}JKLMNOPQR"


@dataclass(frozen=True)
class Entry:
    """One movement; a negative amount went out."""

    amount: str
    day: str = "2026-03-05"
    ref: str | None = None
    e2e: str | None = None
    text: str = ""
    name: str | None = None
    iban: str | None = None
    more: str = ""
    """XML within the entry."""
    details: str = ""
    """XML within the transaction."""


def camt(
    entries: Sequence[Entry],
    *,
    opening: str = "100.00",
    closing: str | None = None,
    account: str = ACCOUNT,
    opened_on: str = "2026-03-04",
    closed_on: str = "2026-03-05",
    version: str = "02",
) -> bytes:
    """A CAMT.053 of one statement; it closes where it must, unless told otherwise."""
    total = sum((Decimal(entry.amount) for entry in entries), Decimal(opening))
    body = (
        f"<Stmt><Id>S</Id><Acct><Id><IBAN>{account}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        f"{_balance('OPBD', Decimal(opening), opened_on)}"
        f"{_balance('CLBD', total if closing is None else Decimal(closing), closed_on)}"
        f"{''.join(map(_entry, entries))}</Stmt>"
    )
    return _document("camt.053.001", version, "BkToCstmrStmt", body)


def notification(entries: Sequence[Entry], account: str = ACCOUNT) -> bytes:
    """A CAMT.054: the same entries, without balances."""
    told = "".join(map(_entry, entries))
    body = f"<Ntfctn><Id>N</Id><Acct><Id><IBAN>{account}</IBAN></Id></Acct>{told}</Ntfctn>"
    return _document("camt.054.001", "02", "BkToCstmrDbtCdtNtfctn", body)


def _document(name: str, version: str, root: str, body: str) -> bytes:
    space = f"urn:iso:std:iso:20022:tech:xsd:{name}.{version}"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{space}"><{root}><GrpHdr><MsgId>M</MsgId>'
        f"</GrpHdr>{body}</{root}></Document>"
    ).encode()


def _balance(code: str, amount: Decimal, day: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(amount)}<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _amount(amount: Decimal) -> str:
    return f'<Amt Ccy="EUR">{abs(amount)}</Amt><CdtDbtInd>{"DBIT" if amount < 0 else "CRDT"}</CdtDbtInd>'


def _entry(entry: Entry) -> str:
    amount = Decimal(entry.amount)
    who = "Cdtr" if amount < 0 else "Dbtr"
    name = f"<{who}><Nm>{entry.name}</Nm></{who}>" if entry.name else ""
    account = f"<{who}Acct><Id><IBAN>{entry.iban}</IBAN></Id></{who}Acct>" if entry.iban else ""
    transaction = (
        f"<TxDtls><Refs><EndToEndId>{entry.e2e or 'NOTPROVIDED'}</EndToEndId></Refs>"
        f"<RltdPties>{name}{account}</RltdPties><RmtInf><Ustrd>{entry.text}</Ustrd></RmtInf>{entry.details}</TxDtls>"
    )
    reference = f"<AcctSvcrRef>{entry.ref}</AcctSvcrRef>" if entry.ref else ""
    return (
        f"<Ntry>{_amount(amount)}<Sts>BOOK</Sts><BookgDt><Dt>{entry.day}</Dt></BookgDt>{reference}{entry.more}"
        f"<NtryDtls>{transaction}</NtryDtls></Ntry>"
    )


def cfonb(record: str, **places: object) -> str:
    """A record of 120 characters: `at_49` puts a text at its place, `amount` at 91-104."""
    text = list(f"{record}30006    00001EUR2 12345678901".ljust(120))
    for name, value in places.items():
        told = _overpunched(Decimal(str(value))) if name == "amount" else str(value)
        start = 90 if name == "amount" else int(name.removeprefix("at_")) - 1
        text[start : start + len(told)] = told
    return "".join(text)


def _overpunched(amount: Decimal) -> str:
    digits = f"{int(abs(amount) * 100):014}"
    return digits[:13] + (_NEGATIVE if amount < 0 else _SIGNED)[int(digits[13])]
