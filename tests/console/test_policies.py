"""Policies in the console: what is in use, a text tried out, published once and by whoever may."""

from __future__ import annotations

import html
import re
from itertools import pairwise
from uuid import uuid4

import pytest
from httpx2 import Response
from sqlmodel import col, select

from activities.store.engine import transaction
from activities.store.policies import latest, publish
from activities.store.users import add_user
from admin.console.ladder import LINE, drawing_of
from admin.console.pages import policy_trials as pages
from admin.console.words import CATALOGUES, policy_title
from admin.queries.dry_run import Busy
from models.tables import AuditEvent, Company, DunningCase, PolicyRow
from models.tables.words import ApiRole
from policies import builtin_policy_texts
from rules.calendar import Channel
from rules.differ import Change, changes_of
from rules.facts import Tone
from rules.policy import Step, parse_policy
from tests.api.conftest import Door
from tests.console.conftest import PASSWORD, Browser, add
from tests.fixtures.ledger import NOW, everything

pytestmark = pytest.mark.integration

STANDARD = builtin_policy_texts()["standard.toml"]
LATER = STANDARD.replace("offset_days = 15", "offset_days = 20")
AT = "/console/acme/policies/standard"


def chief(door: Door) -> str:
    """A manager of every company."""
    with transaction(door.book.engine) as session:
        add_user(
            session,
            email="chief@acme.example",
            name="Chief",
            password=PASSWORD,
            role=ApiRole.MANAGER,
            companies=None,
            language="fr",
            now=NOW,
            who="test",
        )
    return "chief@acme.example"


def entered(browser: Browser, role: str = "manager", language: str = "fr") -> Browser:
    browser.sign_in(add(browser.door, role, language=language))
    return browser


def tried(browser: Browser, text: str, days: str = "30") -> Response:
    browser.get(f"{AT}/dry-run")
    # As a browser sends the lines of a text.
    return browser.send(f"{AT}/dry-run", toml=text.replace("\n", "\r\n"), days=days)


def to_publish(page: str) -> dict[str, str]:
    """What the form that publishes carries."""
    form = page[page.index("/publish") :]
    return {
        name: html.unescape(value)
        for name, value in re.findall(
            r'name="(seen|tried|toml)" value="([^"]*)"', form[: form.index("</form>")]
        )
    }


def newest(browser: Browser) -> int:
    with transaction(browser.door.book.engine) as session:
        return latest(session, "standard")


def plain(text: str) -> str:
    """What a page says, without its marks and with plain spaces."""
    bare = html.unescape(re.sub(r"<[^>]+>", " ", text)).replace("\u00a0", " ").replace("\u202f", " ")
    return re.sub(r"\s+", " ", bare)


def test_policies_say_how_many_cases_follow_which_edition(browser: Browser) -> None:
    door = browser.door
    with transaction(door.book.engine) as session:
        publish(session, parse_policy(LATER, "later"), LATER, NOW, "console:collector@acme.example")
        session.get_one(DunningCase, door.book.invoices["F-1"]).policy_version = 2
        session.add(Company(id=uuid4(), ref="other", name="Other", country="FR"))
    entered(browser, "viewer")
    assert "Standard standard version 2 le 10/03/2026, par collector@acme.example 1 1" in plain(
        browser.get("/console/acme/policies").text
    )
    page = plain(browser.get(AT).text)
    assert "version 2, en vigueur" in page
    assert "version 1 livrée avec le produit 1" in page
    assert "Un responsable peut modifier" in page
    assert "offset_days = 20" in page
    earlier = browser.get(f"{AT}?version=1")
    assert "La version en vigueur est la 2" in plain(earlier.text)
    file = browser.get(f"{AT}/versions/1/file")
    assert file.text == STANDARD
    assert file.headers["content-disposition"] == 'attachment; filename="standard-1.toml"'


def test_policies_of_ours_are_called_in_the_readers_language_until_people_call_them_otherwise(
    browser: Browser,
) -> None:
    built_in = {name: parse_policy(text, name) for name, text in builtin_policy_texts().items()}
    for policy in built_in.values():
        assert policy_title("en", policy.key, policy.title) == policy.title
        assert f"policy.title.{policy.key}" in CATALOGUES["fr"], "it came with the product"
    entered(browser, "viewer")
    assert "Grands comptes" in plain(browser.get("/console/acme/policies").text)
    theirs = STANDARD.replace('title = "Standard"', 'title = "Maison"')
    with transaction(browser.door.book.engine) as session:
        publish(session, parse_policy(theirs, "x"), theirs, NOW, "api:erp")
    assert "Maison" in plain(browser.get(AT).text)


def test_a_ladder_is_drawn_and_told_in_a_table_too(browser: Browser) -> None:
    page = entered(browser, "viewer").get(AT).text
    drawing = page[page.index("<svg") : page.index("</svg>")]
    assert 'role="img"' in drawing
    assert "Les étapes du scénario Standard sur l’axe du temps, du jour J−3 au jour J+75" in plain(drawing)
    table = plain(page[page.index("</svg>") :])
    for step in ("1re relance", "mise en demeure"):
        assert step in plain(drawing)
        assert step in table
    assert "5 jours après l’échéance" in table
    assert "délai de" in table


def test_a_dry_run_says_what_would_come_and_writes_nothing(browser: Browser) -> None:
    entered(browser)
    browser.get(f"{AT}/dry-run")
    before = everything(browser.door.book.engine)
    answer = tried(browser, LATER, "7")
    assert answer.status_code == 200
    page = plain(answer.text)
    assert "Les 2 dossiers en cours ne changent pas" in page
    assert "1 client, 2 dossiers" in page
    assert "16/03/2026 2e relance 1 → 0 1 0 −1" in page
    assert "2e relance J+15 · courriel, ferme J+20 · courriel, ferme modifiée offset_days" in page
    assert "seul un responsable de toutes les sociétés" in page
    after = everything(browser.door.book.engine)
    assert {name for name in after if after[name] != before[name]} <= {"console_session"}
    assert "il n’y a rien à publier" in plain(tried(browser, STANDARD).text)
    assert "offset_days = 15" in browser.seen[-1], "what was typed is in the form again"


def test_a_text_that_cannot_be_comes_back_with_its_lines(browser: Browser) -> None:
    entered(browser)
    wrong = STANDARD.replace("offset_days = 15", 'offset_days = "<b>"').replace(
        '"firm_reminder"', '"nothing"'
    )
    answer = tried(browser, wrong)
    assert answer.status_code == 422
    line = wrong[: wrong.index("<b>")].count("\n") + 1
    assert f"ligne {line} : step reminder_2: offset_days" in plain(answer.text)
    assert 'aria-invalid="true"' in answer.text
    assert "offset_days = &#34;&lt;b&gt;&#34;" in answer.text
    for text in ("", "x = " + "1" * 5000, "é" * 100_001, STANDARD.replace('"standard"', '"strict"', 1)):
        assert tried(browser, text).status_code == 422
    assert newest(browser) == 1


def test_a_tried_text_is_published_once_and_whoever_did_is_written(browser: Browser) -> None:
    browser.sign_in(chief(browser.door))
    carried = to_publish(tried(browser, LATER).text)
    assert carried["toml"] == LATER
    for said in ("Version 2 publiée", "déjà celui de la version 2"):
        assert said in plain(browser.client.post(f"{AT}/publish", data={**browser.hidden(), **carried}).text)
    with transaction(browser.door.book.engine) as session:
        row = session.get_one(PolicyRow, ("standard", 2))
        audit = session.exec(
            select(AuditEvent).where(AuditEvent.what == "publish_policy").order_by(col(AuditEvent.id))
        ).all()
        followed = session.exec(select(DunningCase.policy_version).distinct()).all()
    assert (row.toml, row.published_by) == (LATER, "console:chief@acme.example")
    assert [(each.who, each.company_id, each.detail["new"]) for each in audit] == [
        ("console:chief@acme.example", None, True),
        ("console:chief@acme.example", None, False),
    ]
    assert followed == [1], "running cases keep their edition"


def test_only_what_was_tried_is_published_and_nobody_is_overtaken(browser: Browser) -> None:
    browser.sign_in(chief(browser.door))
    carried = to_publish(tried(browser, LATER).text)
    other = carried | {"toml": STANDARD.replace("offset_days = 15", "offset_days = 25")}
    for fields in (other, carried | {"tried": "é"}, carried | {"seen": "7"}, {"toml": LATER}):
        answer = browser.send(f"{AT}/publish", **fields)
        assert answer.status_code == 422
        assert "Essayez d’abord ce texte" in plain(answer.text)
    assert browser.send(f"{AT}/publish", toml="nonsense").status_code == 422
    meanwhile = other["toml"]
    with transaction(browser.door.book.engine) as session:
        publish(session, parse_policy(meanwhile, "x"), meanwhile, NOW, "api:erp")
    answer = browser.send(f"{AT}/publish", **carried)
    assert answer.status_code == 409
    assert "Une autre version a été publiée entre-temps" in plain(answer.text)
    assert "offset_days = 20" in answer.text
    assert newest(browser) == 2


def test_who_may_do_what(browser: Browser) -> None:
    entered(browser)
    carried = to_publish_by_hand(browser)
    assert browser.send(f"{AT}/publish", **carried).status_code == 403
    browser.client.cookies.clear()
    entered(browser, "collector")
    assert browser.get(AT).status_code == 200
    assert browser.get(f"{AT}/dry-run").status_code == 403
    browser.get(AT)
    assert browser.send(f"{AT}/dry-run", toml=LATER).status_code == 403
    assert newest(browser) == 1


def to_publish_by_hand(browser: Browser) -> dict[str, str]:
    """What a manager of one company may try, and then sends where no form leads."""
    assert "/publish" not in tried(browser, LATER).text
    return {"toml": LATER, "seen": "1", "tried": "x"}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_nothing_is_there_for_others_and_every_page_shows_itself(browser: Browser, language: str) -> None:
    door = browser.door
    entered(browser, "manager", language)
    paths = ("policies", "policies/standard", "policies/standard/dry-run", "policies/strict")
    for path in paths:
        assert browser.get(f"/console/acme/{path}").status_code == 200
    for path in ("policies/gentle", "policies/gentle/dry-run", "policies/standard?version=9",
                 "policies/standard?version=²", "policies/standard?version=99999999999",
                 "policies/standard/versions/99999999999/file"):  # fmt: skip
        assert browser.get(f"/console/acme/{path}").status_code == 404, path
    with transaction(door.book.engine) as session:
        session.add(Company(id=uuid4(), ref="other", name="Other", country="FR"))
    browser.client.cookies.clear()
    browser.sign_in(add(door, "manager", ("other",), language))
    for path in paths:
        assert browser.get(f"/console/acme/{path}").status_code == 404
    page = plain(browser.get("/console/other/policies/standard").text)
    assert ("version 1 livrée avec le produit 0" if language == "fr" else "came with the product 0") in page


def test_while_another_is_under_way_the_text_is_kept(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise Busy

    monkeypatch.setattr(pages, "dry_run", busy)
    answer = tried(entered(browser), LATER)
    assert answer.status_code == 503
    assert "Un autre essai à blanc est en cours" in plain(answer.text)
    assert "offset_days = 20" in answer.text


def step(key: str, day: int) -> Step:
    return Step(key=key, offset_days=day, channel=Channel.PHONE, template="phone_call", tone=Tone.FIRM)


def test_marks_stand_by_their_days_and_words_never_lie_over_each_other() -> None:
    drawing = drawing_of([step("a", -10), step("b", 0), step("c", 1), step("d", 2), step("e", 90)])
    places = [mark.y for mark in drawing.marks]
    assert places[1] - places[0] == pytest.approx((places[4] - places[1]) / 9, abs=1)
    words = [mark.words_y for mark in drawing.marks]
    assert all(later - earlier >= LINE for earlier, later in pairwise(words))
    assert 0 in {tick.day for tick in drawing.ticks}
    assert drawing.height > max(words)
    alone = drawing_of([step("a", 0)])
    assert [tick.day for tick in alone.ticks] == [0]


def test_two_editions_side_by_side() -> None:
    before = parse_policy(STANDARD, "a")
    kept = tuple(each for each in before.steps if each.key != "reminder_3")
    later = tuple(
        each.model_copy(update={"offset_days": 7}) if each.key == "reminder_1" else each for each in kept
    )
    after = before.model_copy(update={"steps": (*later, step("last", 100)), "min_gap_days": 6})
    changes = changes_of(before, after)
    found = {each.key: (each.change, each.fields) for each in changes.steps if each.change is not Change.KEPT}
    assert found == {
        "reminder_1": (Change.MOVED, ("offset_days",)),
        "reminder_3": (Change.REMOVED, ()),
        "last": (Change.ADDED, ()),
    }
    assert [(each.name, each.before, each.after) for each in changes.settings] == [("min_gap_days", "5", "6")]
