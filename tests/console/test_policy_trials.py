"""A changed policy tried on the whole portfolio, as a manager asks for it, follows it and reads it."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from functools import partial

import pytest
from openpyxl import load_workbook
from sqlmodel import select

from activities.store.engine import transaction
from activities.store.policies import latest
from admin.console.pages import policy_trials as pages
from admin.queries.dry_run import Bounds, dry_run
from models.tables import AuditEvent, OutboxNote, PolicyTrial
from tests.api.workers import portfolio, step, steps
from tests.console.conftest import Browser
from tests.console.test_policies import AT, LATER, STANDARD, chief, entered, plain, to_publish, tried

pytestmark = pytest.mark.integration

BOLDER = STANDARD.replace('EUR = "10.00"', 'EUR = "1.00"')
MILDER = STANDARD.replace('EUR = "10.00"', 'EUR = "500.00"')


def asked(browser: Browser, text: str = BOLDER, days: str = "30") -> str:
    """A whole trial, asked for by the form of a dry run; its id."""
    answer = browser.send(f"{AT}/trials", toml=text.replace("\n", "\r\n"), days=days)
    assert answer.status_code == 200, answer.text
    return str(answer.url).rpartition("/")[2]


@pytest.fixture
def manager(browser: Browser) -> Browser:
    """A manager of every company, of seven customers, after a dry run on one of them."""
    portfolio(browser.door)
    browser.sign_in(chief(browser.door))
    browser.get(f"{AT}/dry-run")
    return browser


def test_a_dry_run_on_a_part_offers_one_on_the_whole(
    manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"{AT}/trials" not in tried(manager, BOLDER).text, "everything is counted already"
    monkeypatch.setattr(pages, "dry_run", partial(dry_run, bounds=Bounds(customers=2)))
    page = tried(manager, BOLDER, "60").text
    assert "Échantillon : 2 clients sur 6" in plain(page)
    form = page[page.index(f'action="{AT}/trials"') :]
    fields = dict(re.findall(r'name="(csrf|days)" value="([^"]*)"', form[: form.index("</form>")]))
    assert fields["days"] == "60"
    trial = asked(manager, BOLDER, fields["days"])
    with transaction(manager.door.book.engine) as session:
        row = session.exec(select(PolicyTrial)).one()
        audit = session.exec(select(AuditEvent).where(AuditEvent.what == "try_policy")).one()
        note = session.exec(select(OutboxNote).where(OutboxNote.workflow == "policy_trial")).one()
    assert (str(row.id), row.toml, row.days) == (trial, BOLDER, 60)
    assert (row.asked_by, audit.who) == ("console:chief@acme.example", "console:chief@acme.example")
    assert manager.door.courier.notes == [note.id], "it starts at once"


def test_it_is_followed_until_its_end(manager: Browser) -> None:
    trial = asked(manager)
    page = manager.seen[-1]
    assert "0 clients examinés sur 6 (0 %)" in plain(page)
    assert f'data-follow="{AT}/trials/{trial}"' in page
    step(manager.door, trial)
    page = manager.get(f"{AT}/trials/{trial}").text
    assert "2 clients examinés sur 6 (33 %)" in plain(page)
    assert '<progress max="100" value="33"' in page
    assert "n’avance plus" not in plain(page)
    listed = plain(manager.get(AT).text)
    assert "Chief en cours 2 / 6" in listed or "chief@acme.example en cours 2 / 6" in listed
    manager.door.clock.at += timedelta(minutes=10)
    assert "n’avance plus depuis le 10/03/2026 09:00 UTC" in plain(manager.get(f"{AT}/trials/{trial}").text)
    list(steps(manager.door, trial))
    page = manager.get(f"{AT}/trials/{trial}").text
    assert "data-follow" not in page
    assert "Tout est compté : 6 clients, 8 dossiers" in plain(page)
    assert "Sur 30 jours à partir du 10/03/2026, tel que le portefeuille était alors" in plain(page)
    assert "Clients nouvellement contactés 3" in plain(page)
    assert "terminé 6 / 6" in plain(manager.get(AT).text)


def test_what_was_tried_on_the_whole_is_published_from_its_page(manager: Browser) -> None:
    trial = asked(manager, LATER)
    list(steps(manager.door, trial))
    page = manager.get(f"{AT}/trials/{trial}").text
    carried = to_publish(page)
    assert carried["toml"] == LATER
    assert "Version 2 publiée" in plain(manager.send(f"{AT}/publish", **carried).text)
    with transaction(manager.door.book.engine) as session:
        assert latest(session, "standard") == 2


def test_a_stopped_one_says_so_and_shows_its_part(manager: Browser) -> None:
    trial = asked(manager)
    step(manager.door, trial)
    page = plain(manager.send(f"{AT}/trials/{trial}/stop").text)
    assert "L’essai a été arrêté le 10/03/2026 09:00 UTC, avant la fin" in page
    assert "Échantillon : 2 clients sur 6" in page
    assert "Lancer l’essai complet" not in page
    assert manager.send(f"{AT}/trials/{trial}/stop").status_code == 200, "pressed twice"
    with transaction(manager.door.book.engine) as session:
        (stopped,) = session.exec(select(AuditEvent).where(AuditEvent.what == "stop_policy_trial")).all()
    assert stopped.detail["trial"] == trial


def test_while_one_runs_whoever_asks_for_another_is_led_to_it(manager: Browser) -> None:
    first = asked(manager)
    assert asked(manager) == first, "asked twice"
    assert asked(manager, LATER) == first
    assert "Un autre essai sur tout le portefeuille est déjà en cours" in plain(manager.seen[-1])


def test_everybody_it_concerns_can_be_taken_away(manager: Browser) -> None:
    def table(text: str) -> tuple[str, list[str]]:
        manager.get(f"{AT}/dry-run")
        trial = asked(manager, text)
        list(steps(manager.door, trial))
        path = f"{AT}/trials/{trial}/export"
        assert f"{path}/csv" in manager.get(f"{AT}/trials/{trial}").text
        csv = manager.get(f"{path}/csv")
        name = "essai-acme-standard-2026-03-10.csv"
        assert csv.headers["content-disposition"] == f'attachment; filename="{name}"'
        head, *rows = csv.content.decode("utf-8-sig").splitlines()
        assert head == "Client;Nom du client;Changement;Premier contact;Étape;Canal"
        return path, sorted(rows)

    path, rows = table(BOLDER)
    assert rows == [
        f"C-{n};C-{n} & Cie;nouvellement contacté;10/03/2026;1re relance;courriel" for n in (2, 3, 4)
    ]
    _, rows = table(MILDER)
    assert rows == [
        "C-1;Client et Fils;plus contacté;10/03/2026;1re relance;courriel",
        "C-6;C-6 & Cie;plus contacté;10/03/2026;1re relance;courriel",
    ]
    sheet = load_workbook(io.BytesIO(manager.get(f"{path}/xlsx").content)).active
    assert sheet is not None
    assert [cell.value for cell in next(sheet.iter_rows())][:2] == ["Client", "Nom du client"]
    assert sheet.max_row == 4
    assert manager.get(f"{path}/pdf").status_code == 404


def test_a_text_that_cannot_be_is_not_tried(manager: Browser) -> None:
    answer = manager.send(f"{AT}/trials", toml="nonsense", days="30")
    assert answer.status_code == 422
    assert "Ce texte ne peut pas être publié" in plain(answer.text)
    with transaction(manager.door.book.engine) as session:
        assert session.exec(select(PolicyTrial)).all() == []


def test_a_text_that_is_no_longer_valid_comes_back_with_its_faults(manager: Browser) -> None:
    trial = asked(manager)
    list(steps(manager.door, trial))
    with transaction(manager.door.book.engine) as session:
        session.exec(select(PolicyTrial)).one().toml = "once = 'valid'"
    answer = manager.get(f"{AT}/trials/{trial}")
    assert answer.status_code == 422
    assert "once" in answer.text


def test_only_managers_may(browser: Browser) -> None:
    entered(browser, language="en")
    browser.get(f"{AT}/dry-run")
    trial = asked(browser)
    assert "0 customers of 1 looked at (0%)" in plain(browser.seen[-1])
    for role in ("collector", "viewer"):
        browser.client.cookies.clear()
        entered(browser, role)
        page = plain(browser.get(AT).text)
        assert "Essais à blanc sur tout le portefeuille" not in page
        assert browser.get(f"{AT}/trials/{trial}").status_code == 403
        assert browser.get(f"{AT}/trials/{trial}/export/csv").status_code == 403
        browser.get(AT)
        for path in ("trials", f"trials/{trial}/stop"):
            assert browser.send(f"{AT}/{path}", toml=LATER).status_code == 403
