"""In and out of the console: passwords, sessions, forms of others, headers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from activities.store.engine import transaction
from activities.store.users import (
    IDLE,
    LASTS,
    MOST_BY_EMAIL,
    WINDOW,
    disable_user,
    list_users,
    set_password,
)
from models.errors import Conflict, InvalidFact, NotFound
from models.tables import AuditEvent, ConsoleSession, ConsoleUser
from tests.console.conftest import PASSWORD, Browser, add

pytestmark = pytest.mark.integration

TODAY = "/console/acme/today"


@pytest.fixture(autouse=True)
def quick_hash() -> None:
    """Passwords are kept here as they are by an installation."""


def audit(browser: Browser) -> list[tuple[str, str]]:
    with transaction(browser.door.book.engine) as session:
        return [(row.what, row.who) for row in session.exec(select(AuditEvent).order_by("id"))]


def test_nobody_sees_a_page_before_signing_in_and_comes_back_to_it_after(browser: Browser) -> None:
    email = add(browser.door)
    assert "Se connecter" in browser.get(TODAY).text
    page = browser.client.post(
        "/console/sign-in", data={"email": email.upper(), "password": PASSWORD, "to": TODAY}
    )
    assert page.status_code == 200
    assert str(page.url).endswith(TODAY)
    assert ("signed_in", f"console:{email}") in audit(browser)
    with transaction(browser.door.book.engine) as session:
        user = session.exec(select(ConsoleUser)).one()
        kept = session.exec(select(ConsoleSession)).one()
    assert user.password_hash.startswith("$argon2id$")
    assert kept.token_hash != browser.client.cookies["relance_session"]


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example", "/console//evil.example", "/v1/cases"]
)
def test_nobody_is_sent_elsewhere_after_signing_in(browser: Browser, to: str) -> None:
    email = add(browser.door)
    answer = browser.client.post(
        "/console/sign-in",
        data={"email": email, "password": PASSWORD, "to": to},
        follow_redirects=False,
    )
    assert answer.headers["location"] == "/console/"


def test_the_cookie_is_ours_alone(browser: Browser) -> None:
    email = add(browser.door)
    answer = browser.client.post(
        "/console/sign-in", data={"email": email, "password": PASSWORD}, follow_redirects=False
    )
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/console" in cookie


def test_an_unknown_address_and_a_wrong_password_hear_the_same(browser: Browser) -> None:
    email = add(browser.door)
    wrong, unknown = browser.sign_in(email, "not the password"), browser.sign_in("who@acme.example", PASSWORD)
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace(email, "") == unknown.text.replace("who@acme.example", "")
    assert [what for what, _ in audit(browser)].count("sign_in_failed") == 2


def test_whoever_fails_too_often_waits_even_with_the_right_password(browser: Browser) -> None:
    email = add(browser.door)
    for _ in range(MOST_BY_EMAIL):
        assert browser.sign_in(email, "not the password").status_code == 401
    assert browser.sign_in(email).status_code == 429
    browser.door.clock.at += WINDOW
    assert browser.sign_in(email).status_code == 200


@pytest.mark.parametrize("after", [IDLE, LASTS])
def test_a_session_ends_by_itself(browser: Browser, after: timedelta) -> None:
    browser.sign_in(add(browser.door))
    if after is LASTS:
        for _ in range(int(LASTS / IDLE) * 2 - 1):
            browser.door.clock.at += IDLE / 2
            assert "Se déconnecter" in browser.get(TODAY).text
        browser.door.clock.at += IDLE / 2
    else:
        browser.door.clock.at += after
    assert "Votre session est terminée" in browser.get(TODAY).text


def test_signing_out_another_password_and_being_disabled_end_it(browser: Browser) -> None:
    email = add(browser.door)
    engine = browser.door.book.engine
    browser.sign_in(email)
    assert "Se connecter" in browser.send("/console/sign-out").text
    assert "Se connecter" in browser.get(TODAY).text
    browser.sign_in(email)
    with transaction(engine) as session:
        set_password(session, email, "another long password", browser.door.clock.now(), "test")
    assert "Se connecter" in browser.get(TODAY).text
    assert browser.sign_in(email).status_code == 401
    browser.sign_in(email, "another long password")
    with transaction(engine) as session:
        assert disable_user(session, email, browser.door.clock.now(), "test")
        assert not disable_user(session, email, browser.door.clock.now(), "test")
    assert "Se connecter" in browser.get(TODAY).text
    assert browser.sign_in(email, "another long password").status_code == 401


def test_a_form_of_another_site_changes_nothing(browser: Browser) -> None:
    browser.sign_in(add(browser.door))
    browser.get(TODAY)
    hidden = browser.hidden()
    for data, headers in (
        ({}, {}),
        ({"csrf": "0" * 64}, {}),
        (hidden, {"Sec-Fetch-Site": "cross-site"}),
        (hidden, {"Origin": "https://evil.example"}),
    ):
        answer = browser.client.post("/console/sign-out", data=data, headers=headers)
        assert answer.status_code == 403
        assert "Formulaire trop ancien" in answer.text
    assert "Se déconnecter" in browser.get(TODAY).text


def test_every_answer_has_its_headers_and_nothing_inline(browser: Browser) -> None:
    browser.sign_in(add(browser.door))
    for path in (TODAY, "/console/sign-in", "/console/acme/nothing", "/console/static/console.js"):
        answer = browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "style=" not in answer.text
        assert " onclick" not in answer.text
    assert browser.get(TODAY).headers["cache-control"] == "no-store"


def test_users_are_what_they_can_be(browser: Browser) -> None:
    door = browser.door
    email = add(door)
    with pytest.raises(Conflict, match="has a user already"):
        add(door)
    with pytest.raises(NotFound):
        add(door, companies=("nobody",))
    with transaction(door.book.engine) as session:
        for password in ("short", email, "x" * 201):
            with pytest.raises(InvalidFact, match="password"):
                set_password(session, email, password, door.clock.now(), "test")
        ((user, companies),) = list_users(session)
    assert (user.email, companies) == (email, ["acme"])


def test_the_language_is_kept(browser: Browser) -> None:
    browser.sign_in(add(browser.door))
    browser.get(TODAY)
    assert "Calls to make" in browser.send("/console/language", to=TODAY).text
    assert "Calls to make" in browser.get(TODAY).text
