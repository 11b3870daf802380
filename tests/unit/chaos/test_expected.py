"""The campaign's portfolio, what the rules make of it, and where a campaign may not run."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from admin.chaos.campaign import Plan, refusal, run
from admin.chaos.expected import expect
from admin.chaos.portfolio import MOST, write
from admin.stack.datafolder import DataFolder
from admin.stack.errors import StackError

DAY = date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


def test_each_customer_is_due_one_message_by_several_channels_about_some_more_invoices(
    tmp_path: Path,
) -> None:
    portfolio, _ = write(tmp_path, DAY, 600, seed=1)
    expected = expect(portfolio, NOW)
    assert len(expected.messages) == 600
    assert {wanted.channel for wanted in expected.messages.values()} == {"email", "sms"}
    assert len({wanted.to for wanted in expected.messages.values()}) == 600
    stepped = [step for wanted in expected.messages.values() for step in wanted.steps]
    assert len(set(stepped)) == len(stepped)
    assert 600 < len(stepped) < len(expected.cases)
    assert {key for _, key in stepped} == {"reminder_1", "reminder_2", "reminder_3"}
    done = dict(stepped)
    for invoice, stand in expected.cases.items():
        assert (stand.state, stand.stage) == ("waiting", done.get(invoice, "new"))
        assert stand.next_at is not None
        assert stand.next_at > NOW


def test_a_seed_gives_the_same_portfolio_and_another_gives_another(tmp_path: Path) -> None:
    def text(folder: str, seed: int) -> str:
        return write(tmp_path / folder, DAY, 80, seed)[0].read_text("utf-8")

    assert text("a", 1) == text("b", 1) != text("c", 2)


def test_a_customer_who_is_due_nothing_makes_no_campaign(tmp_path: Path) -> None:
    portfolio, _ = write(tmp_path, DAY, 60, seed=1)
    with pytest.raises(StackError, match="is not due exactly one message"):
        expect(portfolio, datetime(2026, 1, 5, 9, 0, tzinfo=UTC))


def test_a_row_that_is_refused_makes_no_campaign(tmp_path: Path) -> None:
    portfolio, _ = write(tmp_path, DAY, 60, seed=1)
    portfolio.write_text(portfolio.read_text("utf-8").replace(",EUR,", ",EURO,", 1), "utf-8")
    with pytest.raises(StackError, match="currency"):
        expect(portfolio, NOW)


@pytest.mark.parametrize("contacts", [0, MOST + 1])
def test_there_are_only_so_many_invented_customers(tmp_path: Path, contacts: int) -> None:
    with pytest.raises(ValueError, match=f"contacts: {contacts} "):
        write(tmp_path, DAY, contacts, seed=1)


@pytest.mark.parametrize(
    "name",
    [
        "RELANCE_DATABASE_URL",
        "SENDGRID_API_KEY",
        "TEMPORAL_ADDRESS",
        "TEMPORAL_PROFILE",
        "TWILIO_ACCOUNT_SID",
    ],
)
def test_a_real_installation_is_refused_by_the_name_of_its_variable(name: str) -> None:
    assert name in str(refusal({name: "something", "HOME": "/"}))


def test_nothing_is_refused_without_one() -> None:
    assert refusal({"HOME": "/", "RELANCE_SENDING": "off", "SENDGRID_API_KEY": ""}) is None


class Nobody:
    """Watches nothing."""

    def say(self, text: str) -> None:
        raise AssertionError(text)

    def show(self, tally: object) -> None:
        raise AssertionError(tally)


def test_a_folder_in_use_and_too_small_a_campaign_are_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.environ", {"HOME": "/"})
    with pytest.raises(ValueError, match="contacts: 59"):
        run(DataFolder(tmp_path), Plan(contacts=59), Nobody())
    (tmp_path / "something").touch()
    with pytest.raises(StackError, match="is not empty"):
        run(DataFolder(tmp_path), Plan(), Nobody())
    monkeypatch.setattr("os.environ", {"RELANCE_DATABASE_URL": "postgresql://ledger"})
    with pytest.raises(StackError, match="RELANCE_DATABASE_URL"):
        run(DataFolder(tmp_path / "new"), Plan(), Nobody())
