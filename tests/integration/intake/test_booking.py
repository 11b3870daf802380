"""A file of invoices into a real ledger: new, known, corrected, missing; once, however often it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from activities.store.credits import NewCredit, keep_credit
from activities.store.customers import customer_by_ref
from activities.store.engine import transaction
from admin.intake import booking
from admin.intake.booking import Import
from admin.intake.items import IntakeError
from admin.intake.plan import Options
from admin.intake.recognise import source_of
from admin.intake.report import IntakeReport
from admin.portfolio import load
from models.errors import InvalidFact
from tests.fixtures.ledger import everything
from tests.unit.intake.files import BALANCE, fec, line, sale

pytestmark = pytest.mark.integration

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
"""A Monday, 08:00 in Paris."""

LIST = """\
Code client;Raison sociale;N° facture;Date facture;Échéance;Montant TTC;Solde;N° commande
C-1;Hôtel de la Gare;F-1;15/01/2026;14/02/2026;1 200,00;1 200,00;BC-7
C-1;Hôtel de la Gare;F-2;20/01/2026;19/02/2026;600,00;400,00;
C-2;Café du Port;F-3;21/01/2026;20/02/2026;80,00;80,00;
"""


@pytest.fixture
def take(engine: Engine) -> Callable[..., IntakeReport]:
    """Imports a file for the company `brunet`."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO company (id, ref, name, country, language, gap_days) "
                "VALUES (gen_random_uuid(), 'brunet', 'Brunet', 'FR', 'fr', 5)"
            )
        )

    @contextmanager
    def begin() -> Iterator[Session]:
        with transaction(engine) as session:
            yield session

    def run(content: str | bytes, mapping: dict[str, str] | None = None, **options: Any) -> IntakeReport:
        given = content.encode() if isinstance(content, str) else content
        source = source_of("march.csv", given)
        return Import(
            begin, "brunet", source, now=NOW, who="test", options=Options(**options), mapping=mapping
        ).run()

    return run


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def signals(engine: Engine) -> list[str]:
    return [row[0] for row in rows(engine, "SELECT signal FROM outbox_note ORDER BY id")]


def invoices(engine: Engine) -> list[tuple[str, str, str, str, str]]:
    return [
        tuple(str(value) for value in row)  # type: ignore[misc]  # five of them
        for row in rows(
            engine,
            "SELECT i.number, i.due_on, trim_scale(i.total), trim_scale(d.outstanding), i.order_ref "
            "FROM invoice i JOIN dunning_case d ON d.invoice_id = i.id ORDER BY 1",
        )
    ]


def test_new_invoices_open_cases_and_the_same_file_again_changes_nothing(
    engine: Engine, take: Callable[..., IntakeReport]
) -> None:
    report = take(LIST)
    assert (report.items, report.new, report.refused.count) == (3, 3, 0)
    assert invoices(engine) == [
        ("F-1", "2026-02-14", "1200", "1200", "BC-7"),
        ("F-2", "2026-02-19", "600", "400", "None"),
        ("F-3", "2026-02-20", "80", "80", "None"),
    ]
    before = everything(engine)
    again = take(LIST, full=True, settle=True)
    assert (again.new, again.unchanged, again.changed.count, again.lower.count) == (0, 3, 0, 0)
    assert everything(engine) == before


def test_a_dry_run_says_what_would_be_and_writes_nothing(
    engine: Engine, take: Callable[..., IntakeReport]
) -> None:
    take("N° facture;Code client;Date;Échéance;Solde\nF-0;C-0;15/01/2026;14/02/2026;1,00\n")
    before = everything(engine)
    report = take(LIST, dry_run=True, full=True, mapping={"order_ref": ""})
    assert (report.new, report.missing.count) == (3, 1)
    assert everything(engine) == before


def test_what_changed_is_corrected_and_its_case_is_told(
    engine: Engine, take: Callable[..., IntakeReport]
) -> None:
    take(LIST)
    told = len(signals(engine))
    report = take(
        LIST.replace("14/02/2026;1 200,00;1 200,00;BC-7", "16/03/2026;1 000,00;1 000,00;BC-8").replace(
            "C-2;Café du Port;F-3", "C-9;Autre;F-3"
        )
    )
    assert report.changed.lines == [
        "F-1: due_on 2026-02-14 -> 2026-03-16; total 1200.00 -> 1000.00; order_ref BC-7 -> BC-8"
    ]
    assert report.refused.lines == ["line 4: customer: conflict: F-3 is of C-2 in the ledger, C-9 here"]
    assert (report.lower.count, report.higher.count, report.unchanged) == (0, 0, 1)
    assert invoices(engine)[0][:3] == ("F-1", "2026-03-16", "1000")
    assert invoices(engine)[0][4] == "BC-8"
    assert signals(engine)[told:] == ["invoice_changed"]


def test_less_open_is_reported_and_recorded_as_money_only_when_asked(
    engine: Engine, take: Callable[..., IntakeReport]
) -> None:
    take(LIST)
    paid = LIST.replace("1 200,00;1 200,00", "1 200,00;900,00")
    report = take(paid)
    assert report.lower.lines == ["F-1: 900.00 open in the file, 1200.00 here"]
    assert rows(engine, "SELECT count(*) FROM payment WHERE reference = 'open items'") == [(0,)]
    report = take(paid, settle=True)
    assert report.settled == 1
    found = "SELECT trim_scale(amount)::text, received_on::text FROM payment WHERE reference = 'open items'"
    assert rows(engine, found) == [("300", "2026-03-02")]
    assert signals(engine)[-1] == "payment_received"
    assert take(paid, settle=True).settled == 0
    report = take(LIST)
    assert report.higher.lines == ["F-1: 1200.00 open in the file, 900.00 here"]
    assert len(rows(engine, found)) == 1


def test_what_a_full_export_lacks_is_reported_and_left_open(
    engine: Engine, take: Callable[..., IntakeReport]
) -> None:
    take(LIST)
    shorter = "".join(row for row in LIST.splitlines(keepends=True) if "F-2" not in row)
    assert take(shorter).missing.count == 0
    report = take(shorter, full=True)
    assert report.missing.lines == ["F-2 of C-1: 400.00 EUR open here"]
    assert rows(engine, "SELECT count(*) FROM dunning_case WHERE closed_at IS NULL") == [(3,)]


def test_a_french_balance_is_booked_but_for_the_day_that_never_was(
    engine: Engine, take: Callable[..., IntakeReport]
) -> None:
    report = take(BALANCE.encode("cp1252"))
    assert (report.new, report.refused.count, report.credits.count) == (2, 1, 1)
    assert report.credits.lines == [
        "line 7: credit or payment AV-7 of C-102: 50.00 EUR, set against no invoice"
    ]
    assert rows(engine, "SELECT name FROM customer") == [("Boulangerie Lefèvre",)]


def test_the_columns_people_choose_are_remembered_for_files_of_the_same_headers(
    engine: Engine, take: Callable[..., IntakeReport]
) -> None:
    odd = "Ref A;Code client;Date;Échéance;Solde;Reste\nF-1;C-1;15/01/2026;14/02/2026;9,00;5,00\n"
    with pytest.raises(IntakeError, match="no column found for number"):
        take(odd)
    report = take(odd, mapping={"number": "Ref A", "open": "Reste"})
    assert (report.new, report.columns["open"]) == (1, "Reste")
    again = take(odd.replace("F-1", "F-2"))
    assert (again.new, again.columns["number"]) == (1, "Ref A")
    assert rows(engine, "SELECT chosen_by, columns FROM intake_mapping") == [
        ("test", {"number": "Ref A", "open": "Reste"})
    ]


def test_a_fec_takes_its_due_dates_from_terms_and_corrects_nothing(
    engine: Engine, take: Callable[..., IntakeReport]
) -> None:
    content = fec(
        [
            *sale(1, "C-1", "F-1", "1200,00", "1000,00", "200,00"),
            *sale(2, "C-2", "F-2", "120,00", "100,00", "20,00"),
        ]
    )
    report = take(content)
    assert report.new == 0
    assert [line.split(":")[0] for line in report.refused.lines] == ["line 2", "line 5"]
    report = take(content, terms="45 jours fin de mois")
    assert (report.new, report.warnings.count) == (2, 0)
    assert [row[1] for row in invoices(engine)] == ["2026-03-31", "2026-03-31"]
    with engine.begin() as connection:
        connection.execute(text("UPDATE invoice SET due_on = '2026-04-30' WHERE number = 'F-1'"))
    assert take(content, terms="net 30").unchanged == 2


def test_terms_of_the_customer_go_before_those_of_the_file_and_the_company(
    engine: Engine, take: Callable[..., IntakeReport]
) -> None:
    take(LIST)
    with engine.begin() as connection:
        connection.execute(text("UPDATE company SET payment_terms = 'net 60'"))
        connection.execute(text("UPDATE customer SET payment_terms = 'net 10' WHERE ref = 'C-1'"))
    lines = [
        row for n, c in ((1, "C-1"), (2, "C-3")) for row in sale(n, c, f"N-{n}", "120,00", "100,00", "20,00")
    ]
    take(fec(lines))
    take(fec(sale(3, "C-4", "N-3", "120,00", "100,00", "20,00")), terms="net 75")
    found = {row[0]: row[1] for row in invoices(engine)}
    assert (found["N-1"], found["N-2"], found["N-3"]) == ("2026-01-25", "2026-03-16", "2026-03-31")


def test_terms_beyond_the_cap_are_a_warning_with_the_article(take: Callable[..., IntakeReport]) -> None:
    report = take(fec(sale(1, "C-1", "F-1", "120,00", "100,00", "20,00")), terms="net 90")
    assert report.warnings.lines == [
        "line 2: F-1: due on 2026-04-15: payable by 2026-03-31 at the latest "
        "(Code de commerce, art. L441-10 I)"
    ]


def test_an_invoice_in_instalments_comes_as_numbered_parts_paid_in_order(
    engine: Engine, take: Callable[..., IntakeReport]
) -> None:
    sold = sale(1, "C-1", "F-1", "1200,00", "1000,00", "200,00")
    halves = "50 % 30 jours; 50 % 60 jours"
    take(fec(sold), terms=halves)
    assert [row[:4] for row in invoices(engine)] == [
        ("F-1/1", "2026-02-14", "600", "600"),
        ("F-1/2", "2026-03-16", "600", "600"),
    ]
    assert rows(engine, "SELECT DISTINCT part_of FROM invoice") == [("F-1",)], "what its debtor knows"
    paid = [
        line(2, "411000", credit="700,00", customer="C-1", piece="F-1"),
        line(2, "512000", debit="700,00", piece="F-1"),
    ]
    report = take(fec([*sold, *paid]), terms=halves, settle=True, full=True)
    assert (report.new, report.settled, report.missing.count) == (0, 2, 0)
    settled = "SELECT trim_scale(amount)::text FROM payment ORDER BY 1"
    assert rows(engine, settled) == [("100",), ("600",)]


def test_a_file_that_is_refused_late_leaves_nothing(
    engine: Engine, take: Callable[..., IntakeReport]
) -> None:
    before = everything(engine)
    content = fec(sale(1, "C-1", "F-1", "1200,00", "1000,00", "200,00")).rsplit("VE\t", 1)[0]
    with pytest.raises(IntakeError, match="off by"):
        take(content, terms="net 30")
    with pytest.raises(InvalidFact, match="terms: payment terms not understood"):
        take(LIST, terms="one day")
    assert everything(engine) == before


def test_an_import_that_was_stopped_goes_on_where_it_stopped(
    engine: Engine, take: Callable[..., IntakeReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booking, "BATCH", 2)
    opened = load.open_rows
    times = iter((True, False))

    def stopped(*given: Any) -> Any:
        if not next(times):
            raise KeyboardInterrupt
        return opened(*given)

    monkeypatch.setattr(booking, "open_rows", stopped)
    with pytest.raises(KeyboardInterrupt):
        take(LIST)
    assert len(invoices(engine)) == 2
    monkeypatch.setattr(booking, "open_rows", opened)
    report = take(LIST)
    assert (report.new, report.unchanged) == (1, 2)
    assert len(signals(engine)) == 3


def test_doubled_rows_are_one_and_contradictions_are_refused(take: Callable[..., IntakeReport]) -> None:
    last = LIST.splitlines()[-1]
    report = take(LIST + last + "\n" + last.replace("80,00", "90,00") + "\n")
    assert (report.items, report.new, report.repeated) == (5, 3, 1)
    assert report.refused.lines == ["line 6: number: conflict: line 4 has this invoice with other facts"]


def test_a_credit_note_that_names_its_invoice_lessens_it_once(
    engine: Engine, take: Callable[..., IntakeReport]
) -> None:
    listed = (
        "N° pièce;Code client;Date;Échéance;Solde;Facture d'origine\n"
        "F-1;C-1;15/01/2026;14/02/2026;100,00;\nAV-1;C-1;20/01/2026;;-30,00;F-1\n"
        "AV-2;C-1;21/01/2026;;-10,00;F-77\n"
    )
    report = take(listed)
    assert (report.new, report.credited) == (1, 1)
    assert report.credits.lines == ["line 4: credit note AV-2 of C-1: 10.00 EUR, set against no invoice"]
    found = "SELECT number, trim_scale(amount)::text, issued_on::text FROM credit_note"
    assert rows(engine, found) == [("AV-1", "30", "2026-01-20")]
    again = take(listed)
    assert (again.credited, again.unchanged, again.higher.count, again.lower.count) == (0, 1, 0, 0)
    assert len(rows(engine, found)) == 1


def _credits(engine: Engine) -> list[tuple[Any, ...]]:
    return rows(
        engine,
        "SELECT p.reference, trim_scale(p.amount)::text FROM payment p"
        " WHERE p.invoice_id IS NULL AND p.reversed_at IS NULL ORDER BY p.recorded_at, p.amount DESC",
    )


def test_credits_set_against_nothing_are_kept_when_the_list_tells_of_money(
    engine: Engine, take: Callable[..., IntakeReport]
) -> None:
    owed = f"{LIST}C-1;Hôtel de la Gare;VIR-9;25/01/2026;;-150,00;-150,00;\n"
    stranger = f"{owed}C-8;Personne;VIR-8;25/01/2026;;-9,00;-9,00;\n"
    assert take(owed).credits.lines == [
        "line 5: credit or payment VIR-9 of C-1: 150.00 EUR, set against no invoice"
    ]
    assert _credits(engine) == []
    told = len(signals(engine))
    report = take(stranger, settle=True)
    assert report.kept.lines == ["C-1: 0.00 -> 150.00 EUR"]
    assert report.credits.lines == [
        "line 6: credit or payment VIR-8 of C-8: 9.00 EUR, of a customer who owes nothing here"
    ]
    assert _credits(engine) == [("VIR-9", "150")]
    assert sorted(signals(engine)[told:]) == ["contact_concluded", "contact_concluded", "nudged"]
    before = everything(engine)
    assert take(stranger, settle=True, full=True).kept.count == 0
    assert everything(engine) == before
    # It was set against F-1 there: the money moves, and none of it is counted twice.
    lettered = LIST.replace("1 200,00;1 200,00", "1 200,00;1 050,00")
    assert take(lettered, settle=True, full=True, dry_run=True).kept.lines == ["C-1: 150.00 -> 0.00 EUR"]
    report = take(lettered, settle=True, full=True)
    assert (report.settled, _credits(engine)) == (1, [])
    on_invoices = "SELECT trim_scale(sum(amount))::text FROM payment WHERE reversed_at IS NULL"
    assert rows(engine, on_invoices) == [("350",)], "150.00 on F-1, and the 200.00 that F-2 came with"


def test_a_list_adds_only_what_of_its_credit_the_bank_did_not_bring(
    engine: Engine, take: Callable[..., IntakeReport]
) -> None:
    take(LIST)
    with transaction(engine) as session:
        customer = customer_by_ref(session, "brunet", "C-1")
        came = NewCredit("bank/1", Decimal("100.00"), "EUR", NOW.date(), "VIREMENT")
        keep_credit(session, customer, came, NOW, "bank")
    owed = f"{LIST}C-1;Hôtel de la Gare;VIR-9;25/01/2026;;-150,00;-150,00;\n"
    assert take(owed, settle=True, full=True).kept.lines == ["C-1: 100.00 -> 150.00 EUR"]
    assert _credits(engine) == [("VIREMENT", "100"), ("VIR-9", "50")]
    less = f"{LIST}C-1;Hôtel de la Gare;VIR-9;25/01/2026;;-120,00;-120,00;\n"
    assert take(less, settle=True, full=True).kept.lines == ["C-1: 150.00 -> 120.00 EUR"]
    # What the bank brought has its own proof: a list does not end it.
    assert take(LIST, settle=True, full=True).kept.lines == ["C-1: 120.00 -> 100.00 EUR"]
    assert _credits(engine) == [("VIREMENT", "100")]
