"""Files dropped at the console: previewed, taken once, as the API takes them; and to whom they are shut."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from html import unescape
from uuid import uuid4

import pytest
from httpx2 import Response
from sqlmodel import select

from activities.bank_files import recognise
from activities.store.engine import transaction
from admin.api.limits import MAX_BODY
from admin.console.recognising import What, what_is
from admin.console.words.reports import french_report
from models.tables import AuditEvent, BankFile, CaseEvent, Company, Invoice
from tests.api.conftest import Door
from tests.api.test_bank_files import work
from tests.console.conftest import Browser, add
from tests.fixtures.ledger import everything
from tests.unit.bank_files.statements import ACCOUNT, Entry, camt
from tests.unit.intake.documents import ubl

pytestmark = pytest.mark.integration

HEAD = "Code client;Raison sociale;N° facture;Date facture;Échéance;Total TTC;Solde\n"
LIST = (
    HEAD + "C-50;Hôtel de la Gare;H-1;15/01/2026;14/02/2026;1 200,00;1 200,00\n"
    "C-50;Hôtel de la Gare;H-2;20/01/2026;30/02/2026;600,00;600,00\n"
    "C-1;Client et Fils;F-1;29/01/2026;15/03/2026;100,00;60,00\n"
    "C-1;Client et Fils;F-2;29/01/2026;28/02/2026;100,00;100,00\n"
).encode("cp1252")


def signed_in(door: Browser, role: str = "collector", language: str = "fr") -> Browser:
    door.sign_in(add(door.door, role, language=language))
    return door


def drop(browser: Browser, content: bytes, name: str = "balance.csv", **fields: str) -> Response:
    """A file dropped on the page; the preview that follows."""
    browser.get("/console/acme/imports")
    hidden = {**browser.hidden(), **fields}
    answer = browser.client.post("/console/acme/imports", data=hidden, files={"file": (name, content)})
    browser.seen.append(answer.text)
    return answer


def decide(browser: Browser, step: str = "confirm") -> Response:
    """A button of the preview that was seen last, with all that its form carries."""
    page = browser.seen[-1]
    form = page[page.index('action="/console/acme/imports/confirm') :].partition("</form>")[0]
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
    told = {unescape(name): unescape(value) for name, value in fields}
    answer = browser.client.post("/console/acme/imports/confirm", data={**told, "step": step})
    browser.seen.append(answer.text)
    return answer


def plain(answer: Response) -> str:
    return unescape(answer.text).replace("\u00a0", " ").replace("\u202f", " ")


def books(door: Door) -> dict[str, tuple[int, str | None]]:
    """What the ledger holds, but for sessions, and files that wait."""
    return {
        table: rows
        for table, rows in everything(door.book.engine).items()
        if table not in ("content", "console_session", "app_user", "app_user_company", "sign_in_attempt")
    }


def imports_of(door: Door) -> list[AuditEvent]:
    with transaction(door.book.engine) as session:
        return list(session.exec(select(AuditEvent).where(AuditEvent.what == "import_invoices")).all())


def test_a_list_is_previewed_then_taken_once(browser: Browser) -> None:
    door = signed_in(browser).door
    browser.get("/console/acme/imports")
    before = books(door)
    page = plain(drop(browser, LIST))
    assert books(door) == before, "a preview writes nothing"
    assert "H-1" in page
    assert "1 200,00 €" in page
    assert "Ligne 3 : échéance : 30/02/2026 n’existe pas au calendrier" in page
    assert re.search(r"F-1</a></th><td>Échéance</td><td>28/02/2026</td><td>15/03/2026", page)
    assert "F-1 : 60,00 ouverts dans le fichier, 100,00 ici" in page
    done = plain(decide(browser))
    assert "balance.csv : nouvelles 1, corrigées 1, règlements constatés 0, refusées 1" in done
    with transaction(door.book.engine) as session:
        new = session.exec(select(Invoice).where(Invoice.number == "H-1")).one()
        corrected = session.get_one(Invoice, door.book.invoices["F-1"])
        line = session.exec(select(CaseEvent).where(CaseEvent.invoice_id == new.id)).first()
    assert (new.total, str(corrected.due_on)) == (Decimal("1200.00"), "2026-03-15")
    assert line is not None
    assert line.who == "console:collector-acme@acme.example"
    (audit,) = imports_of(door)
    assert (audit.who, audit.detail["new"]) == ("console:collector-acme@acme.example", 1)
    assert door.courier.notes, "the new case is told at once"
    after = books(door)
    browser.seen.pop()
    assert "n’est plus en attente" in plain(decide(browser)), "the same form once more"
    assert books(door) == after
    assert "balance.csv" in browser.read("/console/acme/imports")


def test_what_is_less_open_is_recorded_as_received_only_if_chosen(browser: Browser) -> None:
    door = signed_in(browser).door
    preview = drop(browser, LIST)
    page = browser.get(f"{preview.url.raw_path.decode()}&settle=1&full=1").text
    assert "La différence sera enregistrée" in page
    assert "règlements constatés 1" in plain(decide(browser))
    case = door.ask("GET", "/v1/companies/acme/cases/F-1").json()
    assert case["balance"]["outstanding"] == "60.00"


def test_a_plan_that_changed_since_it_was_seen_is_shown_again(browser: Browser) -> None:
    door = signed_in(browser).door
    drop(browser, LIST)
    with transaction(door.book.engine) as session:
        session.get_one(Invoice, door.book.invoices["F-2"]).due_on = date(2026, 3, 1)
    before = books(door)
    again = decide(browser)
    assert again.status_code == 422
    assert "Le portefeuille a changé depuis l’aperçu" in plain(again)
    assert books(door) == before
    assert "corrigées 2" in plain(decide(browser)), "what is shown now may be confirmed"


def test_columns_that_are_not_recognised_are_chosen_and_remembered(browser: Browser) -> None:
    signed_in(browser)
    odd = "Client;Libre;N° facture;Date facture;Échéance;Encore\nC-1;x;N-1;15/01/2026;14/02/2026;50,00\n"
    first = drop(browser, odd.encode())
    page = plain(first)
    assert "Aucune colonne reconnue pour le solde, le montant ou le débit" in page
    assert '<option value="Encore">' in page
    assert "imports/confirm" in page, "it may be discarded"
    page = browser.get(f"{first.url.raw_path.decode()}&map.open=Encore").text
    assert "N-1" in page
    assert "nouvelles 1" in plain(decide(browser))
    assert "aucune colonne reconnue" not in plain(drop(browser, odd.replace("N-1", "N-2").encode()))


def test_an_electronic_invoice_and_its_statuses(browser: Browser) -> None:
    door = signed_in(browser).door
    preview = drop(browser, ubl(), "FA-1.xml")
    path = preview.url.raw_path.decode()
    page = plain(browser.get(f"{path}&customer=C-1"))
    assert "Nouvelle facture" in page
    assert "FA-1" in page
    assert "pièce enregistrée (1)" in plain(decide(browser))
    assert door.ask("GET", "/v1/companies/acme/cases/FA-1").status_code == 200
    assert "Facture déjà connue" in plain(drop(browser, ubl(), "FA-1.xml"))
    before = books(door)
    told = b"invoice,status,at,reason\nFA-1,210,2026-03-02,QTE_ERR\nX-9,210,2026-03-02,\n"
    page = plain(drop(browser, told, "statuts.csv"))
    assert "Un litige s’ouvre" in page
    assert "Pas de facture « X-9 »" in page
    assert books(door) == before
    assert "statuts enregistrés : 1" in plain(decide(browser))
    case = door.ask("GET", "/v1/companies/acme/cases/FA-1").json()
    assert case["decision"]["paused_by"] == "dispute" or case["balance"]["disputed"] != "0.00"


def test_a_statement_is_previewed_then_imported_by_the_workflow(browser: Browser) -> None:
    door = signed_in(browser).door
    file = camt([Entry("50.00", text="FA 1"), Entry("-3.00", text="frais")])
    page = plain(drop(browser, file, "releve.xml"))
    assert "n’est pas connu de cette société" in page, "nobody has named its account"
    with transaction(door.book.engine) as session:
        session.get_one(Company, door.book.company_id).iban = ACCOUNT
    before = books(door)
    page = plain(drop(browser, file, "releve.xml"))
    for said in (ACCOUNT, "100,00 €", "147,00 €", "50,00 €", "3,00 €", "Période</dt><dd>5 mars 2026"):
        assert said in page, said
    assert books(door) == before
    done = decide(browser)
    assert "/imports/bank/" in str(done.url)
    assert "L’import est en cours" in plain(done)
    with transaction(door.book.engine) as session:
        row = session.exec(select(BankFile)).one()
    assert (row.state, row.received_by) == ("received", "console:collector-acme@acme.example")
    assert len(door.courier.notes) == 1, "the workflow starts"
    work(door, str(row.id))
    page = browser.read(f"/console/acme/imports/bank/{row.id}")
    assert "importé" in page
    assert "L’import est en cours" not in page
    assert "Ce relevé a déjà été reçu" in plain(drop(browser, file, "encore.xml"))


def test_lines_known_already_are_said_before(browser: Browser) -> None:
    door = signed_in(browser).door
    with transaction(door.book.engine) as session:
        session.get_one(Company, door.book.company_id).iban = ACCOUNT
    entries = [Entry("50.00", ref="R1", text="FA 1")]
    drop(browser, camt(entries))
    decide(browser)
    with transaction(door.book.engine) as session:
        work(door, str(session.exec(select(BankFile)).one().id))
    page = plain(drop(browser, camt([*entries, Entry("7.00", ref="R2")])))
    assert re.search(r"Mouvements</dt><dd>2</dd>\s*<dt>Déjà connus</dt><dd>1<", page)


def test_a_file_may_be_discarded_and_the_next_one_takes_its_place(browser: Browser) -> None:
    door = signed_in(browser).door
    drop(browser, LIST)
    older = browser.seen[-1]
    drop(browser, LIST.replace(b"H-1", b"H-7"), "autre.csv")
    browser.seen.append(older)
    assert "n’est plus en attente" in plain(decide(browser))
    drop(browser, LIST)
    assert "Fichier abandonné" in plain(decide(browser, "discard"))
    assert imports_of(door) == []


def test_what_cannot_be_read_says_why(browser: Browser) -> None:
    signed_in(browser)
    for content, said in (
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><Invoice/>", "document type"),
        (b"\x1f\x8b\x08rest", "compressed archive"),
        (b"PK\x03\x04", "ZIP"),
        (b"%PDF-1.7 nothing", "ne peut pas être repris"),
        (b"une lettre, pas une liste", "ne peut pas être repris"),
        (b"\x00\xff" * 50, "ne peut pas être repris"),
    ):
        answer = drop(browser, content, "x")
        assert answer.status_code == 200
        assert said in plain(answer)
        assert 'value="confirm"' not in answer.text


def test_a_large_file_is_taken_and_an_endless_or_strange_body_is_not(browser: Browser) -> None:
    signed_in(browser)
    assert "H-1" in drop(browser, LIST + b"\n" * (MAX_BODY + 1)).text
    assert "Choisissez un fichier" in plain(drop(browser, b"", ""))
    assert drop(browser, LIST, csrf="another").status_code == 403
    many = {f"field{number}": "x" for number in range(40)}
    assert drop(browser, LIST, **many).status_code == 403
    assert drop(browser, LIST, note="x" * 5_000).status_code == 403
    path, kind = "/console/acme/imports", {"content-type": "multipart/form-data; boundary=b"}
    for body in (b"", b"--b\r\n", b"--b\r\nContent-Disposition: form-data; name=csrf\r\n\r\nx", b"\xff" * 99):
        assert browser.client.post(path, content=body, headers=kind).status_code == 403, body
    elsewhere = {"sec-fetch-site": "cross-site"}
    assert browser.client.post(path, files={"file": LIST}, headers=elsewhere).status_code == 403
    browser.client.cookies.clear()
    assert browser.client.post(path, content=b"x" * (MAX_BODY + 1), headers=kind).status_code == 413


def test_whatever_is_asked_of_whatever_file_no_page_fails(browser: Browser) -> None:
    signed_in(browser)
    files = (
        LIST,
        ubl(),
        camt([Entry("1.00")]),
        b"invoice,status\nF-1,210\n\x00,\x00\n",
        b"%PDF-1.7",
        b"PK\x03\x04",
    )
    odd = "&currency=%00&terms=%00x&customer=%00&map.open=%00&map.nothing=x&full=1&settle=1"
    for content in files:
        path = drop(browser, content, "f\x00\u202e.csv").url.raw_path.decode()
        for asked in (*(f"&read_as={what}" for what in What), odd, "&terms=un+de+ces+jours"):
            assert browser.get(path + asked).status_code in (200, 422), (content, asked)
            if "imports/confirm" in browser.seen[-1]:
                assert decide(browser, "dance").status_code in (200, 422), (content, asked)
                drop(browser, content)


def test_a_manager_has_another_account_followed(browser: Browser) -> None:
    door = signed_in(browser).door
    file = camt([Entry("50.00")])
    assert "Demandez à un responsable" in plain(drop(browser, file))
    assert decide(browser, "account").status_code == 403
    signed_in(browser, "manager")
    assert "Suivre ce compte" in plain(drop(browser, file))
    page = browser.seen[-1]
    browser.seen.append(page[: page.rindex('<form action="/console/acme/imports/confirm')])
    after = plain(decide(browser, "account"))
    assert f"Le compte {ACCOUNT} est suivi" in after
    assert "Importer le relevé" in after
    with transaction(door.book.engine) as session:
        audit = session.exec(select(AuditEvent).where(AuditEvent.what == "add_bank_account")).one()
    assert audit.who == "console:manager-acme@acme.example"


def test_a_bad_currency_comes_back_with_what_was_typed(browser: Browser) -> None:
    path = drop(signed_in(browser), LIST).url.raw_path.decode()
    answer = browser.get(f"{path}&currency=ZZZ&terms=net+30")
    assert answer.status_code == 422
    assert 'value="ZZZ"' in answer.text
    assert 'value="net 30"' in answer.text


def test_files_are_for_collectors_of_the_company_and_theirs_alone(browser: Browser) -> None:
    door = signed_in(browser).door
    path = drop(browser, LIST).url.raw_path.decode()
    page = signed_in(browser, "viewer").get("/console/acme/imports").text
    assert "multipart" not in page
    assert drop(browser, LIST).status_code == 403
    assert browser.get(path).status_code == 403
    signed_in(browser, "manager")
    assert "n’est plus en attente" in plain(browser.get(path)), "another's file is not shown"
    with transaction(door.book.engine) as session:
        session.add(Company(id=uuid4(), ref="other", name="Other", country="FR"))
    browser.sign_in(add(door, "manager", ("other",)))
    assert browser.get("/console/acme/imports").status_code == 404
    assert browser.get(path).status_code == 404
    assert browser.get(path.replace("/acme/", "/other/")).url.path.endswith("/console/other/imports")


def test_the_content_decides_what_a_file_is() -> None:
    bank = "Date;Libellé;Débit;Crédit\n01/03/2026;VIR;;10,00\n".encode()
    assert recognise(bank, "x") == "csv"
    assert what_is("balance.csv", bank) is What.BANK
    assert what_is("x", camt([Entry("1.00")])) is What.BANK
    assert what_is("x", b":20:A\n:25:37040044/532013000\n:28C:1\n") is What.BANK
    assert what_is("releve.csv", LIST) is What.INVOICES
    assert what_is("x", b"Invoice;Status\nF-1;210\n") is What.STATUSES
    assert what_is("x", ubl()) is What.DOCUMENT


def test_lines_of_reports_are_said_in_french_or_left_alone() -> None:
    assert french_report("it names F-1; it is what it owes, to the cent") == (
        "Le libellé cite F-1\u202f; c’est son montant au centime près"
    )
    assert french_report("line 7: due_on: missing") == "Ligne 7\u00a0: échéance\u00a0: absent"
    assert french_report("line 7: the moon is made of cheese") is None


# One of each kind; each is said whole, or it stays English.
LINES = (
    "line 7: due_on: 2026-02-30 is not in the calendar",
    "sheet Feuil1, row 12: total: missing",
    "conflict: F-1 is of C-1 in the ledger, C-2 here",
    "conflict: line 7 has this invoice with other facts",
    "FA-1: 80.00 open in the file, 120.00 here",
    "FA-1 of C-1: 1,250.00 EUR open here",
    "first rows: line 1: a total, passed over",
    "credit note AV-1 of C-1: 20.00 EUR, set against no invoice",
    "FA-1: due on 2026-03-10: payable by 2026-02-28 at the latest (Code de commerce L441-10 I)",
    "no column found for number (of the invoice); customer or name; its headers are a, b",
    "statement 1: account FR7630006000011234567890189 is none of acme's: name it with relance bank-account",
    "FA-1: 300.00 EUR is more than the 250.00 it owes",
    "130.00 EUR is allocated, the line is of 100.00",
    "no invoice 'F-9' in company 'acme'",
    "taken back on 2026-03-10",
    "a dispute is opened about 20.00 EUR",
)


@pytest.mark.parametrize("line", LINES)
def test_no_english_is_left_of_a_line_of_a_report(line: str) -> None:
    said = french_report(line)
    assert said is not None
    assert not re.search(r"\b(the|is|of|here|open|line|row|invoice|account)\b", said), said
