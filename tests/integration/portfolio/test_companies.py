"""The creditors' particulars: read from TOML with errors that name the field, written where it says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from activities.store.engine import transaction
from admin.portfolio.companies import CompaniesError, Written, read_companies, write_companies
from models.tables import Communication, Company, PaymentDetailsChange, Staff
from tests.fixtures.ledger import NOW

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "samples" / "companies.toml"


@pytest.mark.integration
def test_the_sample_is_written_and_a_second_file_changes_what_it_gives(
    engine: Engine, tmp_path: Path
) -> None:
    assert write_companies(engine, read_companies(SAMPLE), NOW, "test") == Written(companies=1, staff=3)
    later = tmp_path / "later.toml"
    later.write_text('[[company]]\nref = "LUMIERE"\ngap_days = 7\n', "utf-8")
    write_companies(engine, read_companies(later), NOW, "test")
    with transaction(engine) as session:
        company = session.exec(select(Company)).one()
        people = {person.email: person for person in session.exec(select(Staff))}
    assert (company.name, company.gap_days) == ("Lumière & Fils", 7)
    assert company.iban == "FR1420041010050500013M02606"
    assert company.address == "12 quai des Brumes\n69002 Lyon\nFrance"
    assert company.signatory_email == "nadia.benali@lumiere.example"
    assert people["nadia.benali@lumiere.example"].title == "Responsable du crédit client"
    assert people["nadia.benali@lumiere.example"].role == "credit_manager"
    assert people["hugo.petit@lumiere.example"].role == "sales_rep"
    assert all(person.company_id == company.id for person in people.values())


@pytest.mark.integration
def test_a_person_of_an_unknown_company_undoes_the_file(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(
        '[[company]]\nref = "A"\n[[staff]]\nemail = "x@a.fr"\nname = "X"\ncompany = "B"\n', "utf-8"
    )
    with pytest.raises(CompaniesError, match=r"staff x@a\.fr: company: no company 'B'"):
        write_companies(engine, read_companies(path), NOW, "test")
    with transaction(engine) as session:
        assert session.exec(select(Company)).all() == []


BAD = [
    ('iban = "FR1420041010050500013M02607"', "company A: iban: not an IBAN: its check digits do not fit"),
    ('bic = "PSST"', "company A: bic: not a BIC"),
    ('email = "noreply@a.fr"', "company A: email: an address nobody reads"),
    ('payment_link = "javascript:alert(1)"', "company A: payment_link: expected an address"),
    ("gap_days = 0", "company A: gap_days: "),
    ("reply_pause_days = 61", "company A: reply_pause_days: "),
    ("gap_days = true", "company A: gap_days: "),
    ('country = "FRA"', "company A: unknown country 'FRA'"),
    ('timezone = "Europe/Lyon"', "company A: unknown time zone"),
    ('colour = "red"', "company A: colour: Extra inputs are not permitted"),
    ('signatory = { name = "X", email = "x" }', "company A: signatory: email: not an e-mail address"),
    ("[[staff]]\nemail = 'x@a.fr'", "staff x@a.fr: name: Field required"),
    ('[[company]]\nref = "A"', "'A' is given twice"),
    ("ref =", "not valid TOML"),
]


@pytest.mark.parametrize(("line", "reason"), BAD, ids=[line[:20] for line, _ in BAD])
def test_what_is_wrong_is_named(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "companies.toml"
    path.write_text(f'[[company]]\nref = "A"\n{line}\n', "utf-8")
    with pytest.raises(CompaniesError) as refused:
        read_companies(path)
    assert reason in str(refused.value)
    assert str(refused.value).startswith(str(path))


@pytest.mark.integration
def test_a_file_does_not_change_where_a_company_is_paid_but_asks_for_it(
    engine: Engine, tmp_path: Path
) -> None:
    write_companies(engine, read_companies(SAMPLE), NOW, "test")
    later = tmp_path / "later.toml"
    later.write_text(
        '[[company]]\nref = "LUMIERE"\niban = "DE89370400440532013000"\nphone = "+33400000000"\n', "utf-8"
    )
    for _ in range(2):
        # Importing it again asks for nothing more.
        written = write_companies(engine, read_companies(later), NOW, "host")
        assert written.asked == ("LUMIERE",)
    with transaction(engine) as session:
        company = session.exec(select(Company)).one()
        change = session.exec(select(PaymentDetailsChange)).one()
        told = session.exec(select(Communication)).all()
    assert (company.iban, company.phone) == ("FR1420041010050500013M02606", "+33400000000")
    assert (change.status, change.asked_by) == ("asked", "host")
    assert change.after == {"iban": "DE89370400440532013000"}
    assert [message.to_address for message in told] == ["nadia.benali@lumiere.example"]
