"""The creditors' particulars: read from TOML with errors that name the field, written where it says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from activities.store.engine import transaction
from admin.portfolio.companies import CompaniesError, Written, iban, read_companies, write_companies
from models.tables import Company, Staff

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "samples" / "companies.toml"


@pytest.mark.integration
def test_the_sample_is_written_and_a_second_file_changes_what_it_gives(
    engine: Engine, tmp_path: Path
) -> None:
    assert write_companies(engine, read_companies(SAMPLE)) == Written(companies=1, staff=3)
    later = tmp_path / "later.toml"
    later.write_text('[[company]]\nref = "LUMIERE"\ngap_days = 7\n', "utf-8")
    write_companies(engine, read_companies(later))
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
        write_companies(engine, read_companies(path))
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


def test_iban_check_digits() -> None:
    assert iban("gb82 west 1234 5698 7654 32") == "GB82WEST12345698765432"
    for wrong in ("GB82WEST12345698765433", "GB82", "12345678901234567890"):
        with pytest.raises(ValueError, match="not an IBAN"):
            iban(wrong)
