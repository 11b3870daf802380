"""What banks write is read to the cent; what is wrong is refused with its line or path, and why."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest

from activities.bank_files import BadFile, Closed, Movement, Opened, read, text
from activities.bank_files import camt as reader
from tests.unit.bank_files.statements import ACCOUNT, Entry, camt, cfonb, notification

PAYER = "DE89370400440532013000"


def movements(content: bytes) -> list[Movement]:
    """The movements of a file, read to its end."""
    return [part for part in read(content, "file") if isinstance(part, Movement)]


def refusal(content: bytes) -> str:
    """Why a file is refused."""
    with pytest.raises(BadFile) as refused:
        movements(content)
    return str(refused.value)


@pytest.mark.parametrize("version", ["02", "04", "08", "12"])
def test_camt_of_any_version(version: str) -> None:
    entry = Entry("50.10", ref="R1", e2e="E1", text="FA 2026-0001", name="Dupont SA", iban=PAYER)
    parts = list(read(camt([entry], version=version), "file"))
    assert isinstance(parts[0], Opened)
    assert (parts[0].account, parts[0].opening) == (ACCOUNT, Decimal("100.00"))
    (line,) = movements(camt([entry], version=version))
    assert (line.amount, line.incoming, line.booked_on) == (Decimal("50.10"), True, date(2026, 3, 5))
    assert (line.bank_ref, line.end_to_end_id, line.text) == ("R1", "E1", "FA 2026-0001")
    assert (line.payer_name, line.payer_iban, line.is_return) == ("Dupont SA", PAYER, False)
    assert parts[-1] == Closed("statement 1", Decimal("150.10"), date(2026, 3, 5))


def test_camt_batch_is_split_and_its_charges_are_a_line_of_their_own() -> None:
    parts = "".join(
        f'<TxDtls><Refs><EndToEndId>E{n}</EndToEndId></Refs><Amt Ccy="EUR">{amount}</Amt>'
        f"<CdtDbtInd>CRDT</CdtDbtInd></TxDtls>"
        for n, amount in enumerate(("60.00", "40.00"))
    )
    charged = parts.replace("</TxDtls>", '<Chrgs><Amt Ccy="EUR">1.50</Amt></Chrgs></TxDtls>', 1)
    file = camt([Entry("98.50", ref="B1")])
    cut = file[file.index(b"<TxDtls>") : file.index(b"</NtryDtls>")]
    lines = movements(file.replace(cut, charged.encode()))
    told = [(line.amount, line.incoming, line.end_to_end_id, line.aside, line.batch) for line in lines]
    assert told == [
        (Decimal("60.00"), True, "E0", None, "B1"),
        (Decimal("40.00"), True, "E1", None, "B1"),
        (Decimal("1.50"), False, None, "bank charges", "B1"),
    ]
    # What does not add up is one movement: nobody knows what its parts are.
    (whole,) = movements(file.replace(cut, parts.encode()))
    assert (whole.amount, whole.is_batch) == (Decimal("98.50"), True)


def test_camt_return_names_who_had_paid() -> None:
    back = Entry("-50.00", e2e="E1", details="<RtrInf><Rsn><Cd>AM04</Cd></Rsn></RtrInf>", name="Dupont")
    (line,) = movements(camt([back]))
    assert (line.is_return, line.return_reason, line.payer_name) == (True, "AM04", "Dupont")


def test_camt_pending_entries_do_not_count() -> None:
    file = camt([Entry("50.00")], closing="100.00").replace(b"<Sts>BOOK", b"<Sts>PDNG")
    (line,) = movements(file)
    assert line.pending


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (
            camt([Entry("50.00")], closing="150.01"),
            "statement 1: .*make 150.00, the statement closes at 150.01",
        ),
        (camt([Entry("50.00", day="2026-02-30")]), "statement 1, entry 1: BookgDt: 30/02/2026 is no day"),
        (camt([Entry("50.00")])[:-40], "line 1, column [0-9]+: the XML is broken off"),
        (camt([Entry("50.00")]).replace(b"50.00</Amt>", b"5O.00</Amt>", 1), "is no amount"),
        (camt([Entry("50.001")]), "more decimals than EUR"),
        (camt([]).replace(b"BkToCstmrStmt", b"CstmrCdtTrfInitn"), "only CAMT.053 and CAMT.054"),
        (camt([]).replace(b"BkToCstmrStmt", b"BkToCstmrAcctRpt"), "CAMT.052"),
        (camt([]).replace(b"<GrpHdr>", b"<a>" * 5_000), "elements within elements"),
        (
            b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Document>&b;</Document>',
            "declares a document type or entities",
        ),
        (
            b'<?xml version="1.0"?><!DOCTYPE d SYSTEM "file:///etc/passwd"><Document/>',
            "declares a document type or entities",
        ),
        (camt([]).replace(b"UTF-8", b"utf-99"), "encoding|not well-formed"),
    ],
)
def test_bad_camt_is_refused_with_its_place(content: bytes, why: str) -> None:
    assert re.search(why, refusal(content))


def test_camt_whose_entry_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_MAX_ELEMENTS", 1_000)
    assert len(movements(camt([Entry("1.00")] * 100))) == 100
    swollen = camt([Entry("1.00", details="<a/>" * 1_000)])
    assert refusal(swollen) == "statement 1, entry 1: over 1,000 elements without an entry's end"


def test_text_of_more_lines_than_any_statement_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MAX_LINES", 1_000)
    assert refusal(account(CAME) + b"\n" * 1_000) == "line 1001: the file has over 1,000 lines"


def test_camt_054_has_no_balance_and_no_closing_day() -> None:
    parts = list(read(notification([Entry("50.00")]), "file"))
    assert parts[-1] == Closed("notification 1", None, None)


def account(*records: str, opening: str = "100.00", closing: str = "150.10") -> bytes:
    """A CFONB120 statement around these records."""
    first = cfonb("01", at_35="040326", amount=opening)
    last = cfonb("07", at_35="050326", amount=closing)
    return "\r\n".join([first, *records, last, ""]).encode("iso-8859-15")


CAME = cfonb("04", at_35="050326", at_43="050326", at_49="VIR SEPA RECU", amount="50.10")


def test_cfonb_with_its_complements() -> None:
    added = [
        cfonb("05", at_46="NPY", at_49="SOCIÉTÉ DUPONT".encode().decode()),
        cfonb("05", at_46="LCC", at_49="FACTURE 2026-0001"),
        cfonb("05", at_46="RCN", at_49="E1".ljust(35) + "NATURE"),
    ]
    (line,) = movements(account(CAME, *added))
    assert (line.amount, line.incoming) == (Decimal("50.10"), True)
    assert line.text == "VIR SEPA RECU FACTURE 2026-0001"
    assert (line.payer_name, line.end_to_end_id) == ("SOCIÉTÉ DUPONT", "E1")


def test_cfonb_names_the_account_by_its_iban() -> None:
    opened = next(iter(read(account(CAME), "file")))
    assert isinstance(opened, Opened)
    assert opened.account == "FR7630006000011234567890189"


def test_cfonb_reject_code_is_a_return() -> None:
    back = cfonb("04", at_35="050326", at_41="20", at_43="050326", at_49="PRLV IMPAYE", amount="-50.10")
    (line,) = movements(account(back, closing="49.90"))
    assert (line.is_return, line.return_reason, line.incoming) == (True, "20", False)


def test_a_debtors_own_words_make_no_return_of_a_payment() -> None:
    (line,) = movements(account(CAME.replace("VIR SEPA RECU", "VIR REJET 2A ")))
    assert (line.is_return, line.aside) == (False, None)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (account(CAME, closing="150.11"), "line 3: .*a movement is missing or wrong"),
        (account(CAME[:-1]), "line 2: a record of 119 characters"),
        (account(CAME.replace("050326", "300226")), "line 2: day: 30/02/2026 is no day"),
        (account(CAME.replace("EUR2", "EUR3")), "line 2: it gives EUR 3 decimals"),
        (
            account(CAME.replace("12345678901", "12345678902")),
            "line 2: a record of account 30006/00001/1234567890",
        ),
        (account(cfonb("05", at_46="LIB")), "line 2: a complement .05. without a movement"),
        (account(CAME)[:244], "line 1: the file ends in the middle"),
        (account(CAME) + b"x" * 2_000_000, "line 4: it has over 20,000 characters"),
        (account(CAME) + b"\x00" * 120, "line 4: it holds a NUL"),
    ],
)
def test_bad_cfonb_is_refused_with_its_line(content: bytes, why: str) -> None:
    assert re.search(why, refusal(content))


def mt940(*fields: str, closing: str = "C260305EUR150,10") -> bytes:
    """An MT940 statement around these fields."""
    return "\r\n".join(
        [":20:A", f":25:{ACCOUNT}", ":28C:1/1", ":60F:C260304EUR100,00", *fields, f":62F:{closing}", "-", ""]
    ).encode()


def test_mt940_with_german_details() -> None:
    told = (
        ":86:166?00GUTSCHRIFT?20EREF+E1?21SVWZ+Rechnung 2026-0?220001?30COBADEFFXXX?31DE8937040044053201300"
        "\n0?32MUELLER GMBH"
    )
    (line,) = movements(mt940(":61:2603050305CR50,10NTRFNONREF//B1", told))
    assert (line.text, line.end_to_end_id, line.bank_ref) == ("GUTSCHRIFT Rechnung 2026-00001", "E1", "B1")
    assert (line.payer_name, line.payer_iban) == ("MUELLER GMBH", PAYER)


def test_mt940_with_dutch_details() -> None:
    told = f":86:/TRTP/SEPA OVERBOEKING/IBAN/{PAYER}/BIC/COBADEFF/NAME/Jansen BV/REMI/Factuur 7/EREF/E1"
    (line,) = movements(mt940(":61:2603050305C50,10NTRFNONREF", told))
    assert (line.text, line.end_to_end_id) == ("Factuur 7 SEPA OVERBOEKING", "E1")
    assert (line.payer_name, line.payer_iban) == ("Jansen BV", PAYER)


@pytest.mark.parametrize(("mark", "code"), [("RC", "166"), ("D", "109")])
def test_mt940_return(mark: str, code: str) -> None:
    back = mt940(
        f":61:260305{mark}50,10NTRFNONREF", f":86:{code}?00RETOURE?20EREF+E1", closing="C260305EUR49,90"
    )
    (line,) = movements(back)
    assert (line.is_return, line.incoming, line.end_to_end_id) == (True, False, "E1")


def test_mt940_booking_day_near_the_end_of_the_year() -> None:
    (line,) = movements(mt940(":61:2601021231C50,10NTRFNONREF"))
    assert (line.value_on, line.booked_on) == (date(2026, 1, 2), date(2025, 12, 31))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (mt940(":61:2603050305C50,11NTRFNONREF"), "line 6: .*a movement is missing or wrong"),
        (mt940(":61:260230C50,10NTRFNONREF"), "line 5: value day: 30/02/2026 is no day"),
        (mt940(":61:2603050305C50,10NTRFR", ":86:" + "x\n" * 500), "line 407: field 86 of line 6 has over"),
        (mt940(":61:nothing"), "line 5: movement: 'nothing' is none"),
        (mt940(":61:2603050305C50,10NTRFNONREF")[:72], "the file ends in the middle"),
    ],
)
def test_bad_mt940_is_refused_with_its_line(content: bytes, why: str) -> None:
    assert re.search(why, refusal(content))


FRENCH = (
    f"Compte courant;{ACCOUNT}\n\nDate;Date de valeur;Libellé;Débit;Crédit;Solde\n"
    "05/03/2026;05/03/2026;VIR SEPA DUPONT;;1 050,10;1 150,10\n"
    "06/03/2026;06/03/2026;FRAIS BANCAIRES;-3,00;;1 147,10\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_french_csv_in_any_encoding(encoding: str) -> None:
    parts = list(read(FRENCH.encode(encoding), "file"))
    assert isinstance(parts[0], Opened)
    assert (parts[0].account, parts[0].opening) == (ACCOUNT, Decimal("100.00"))
    came, went = movements(FRENCH.encode(encoding))
    assert (came.amount, came.incoming, came.text) == (Decimal("1050.10"), True, "VIR SEPA DUPONT")
    assert (went.amount, went.incoming, went.aside) == (Decimal("3.00"), False, "bank charges")


def test_csv_with_the_latest_row_first() -> None:
    head, *rows = FRENCH.splitlines()[2:]
    assert len(movements("\n".join([head, *reversed(rows)]).encode())) == 2


def test_english_csv() -> None:
    file = 'Booking date,Description,Amount,Currency\n2026-03-05,"ACME, invoice 7","1,234.56",EUR\n'
    (line,) = movements(file.encode())
    assert (line.amount, line.currency, line.text) == (Decimal("1234.56"), "EUR", "ACME, invoice 7")


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (FRENCH.replace("1 147,10", "1 147,11"), "line [45]: its balance does not follow"),
        (FRENCH.replace("06/03/2026;06", "30/02/2026;06"), "line 5: day: 30/02/2026 is no day"),
        (FRENCH.replace("1 050,10;", "1.050;"), "line 4: credit: '1.050' may be thousands"),
        (FRENCH.replace("-3,00;;", "-3,00;4,00;"), "line 5: a debit and a credit in one row"),
        ("Nom;Ville\nDupont;Lyon\n", "no line of it is a header"),
        ("", "the file is empty"),
    ],
)
def test_bad_csv_is_refused_with_its_line(file: str, why: str) -> None:
    assert re.search(why, refusal(file.encode()))


@pytest.mark.parametrize("head", [b"%PDF-1.7", b"PK\x03\x04....", b"\x1f\x8b\x08"])
def test_what_is_no_statement_is_named(head: bytes) -> None:
    assert "export the statement as CAMT.053" in refusal(head)
