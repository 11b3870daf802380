"""What the sandbox tells of the messages it took: the providers' shapes, signatures, faults and retries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.eventwebhook import EventWebhook
from twilio.base.exceptions import TwilioException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from admin.sandbox import EventKey, SandboxServer
from admin.sandbox import postman as carrying
from admin.sandbox.signing import SENDGRID_SIGNATURE, SENDGRID_TIMESTAMP, TWILIO_SIGNATURE
from admin.stack.ports import free_port
from tests.unit.sandbox.conftest import SID, TOKEN
from tests.unit.sandbox.ear import Ear, Heard, ear

pytestmark = pytest.mark.integration

NUMBER = "+33639980012"


@pytest.fixture
def heard() -> Iterator[Ear]:
    with ear() as it:
        yield it


@pytest.fixture
def talking(sandbox: SandboxServer, heard: Ear) -> Iterator[SandboxServer]:
    """The sandbox, told where to post its events."""
    before = sandbox.voice.manners
    sandbox.voice.behave(event_url=f"{heard.url}/webhooks/sendgrid", pause=0.01)
    yield sandbox
    sandbox.voice.postman.clear()
    sandbox.voice.postman.behave(before)
    sandbox.voice.fates.clear()


def mail(*to: str, **more: Any) -> dict[str, Any]:
    first, *copies = to or ("compta@roux.example",)
    people: dict[str, Any] = {"to": [{"email": first}]}
    if copies:
        people["cc"] = [{"email": address} for address in copies]
    return {
        "personalizations": [{**people, "custom_args": {"communication": "c-1", "event": "mine"}}],
        "from": {"email": "claire@mercier.example"},
        "subject": "Relance",
        "content": [{"type": "text/plain", "value": "Bonjour"}],
        **more,
    }


def text(twilio: Client, callback: str) -> Any:
    return twilio.messages.create(to=NUMBER, from_="MERCIER", body="Bonjour", status_callback=callback)


def verified(sandbox: SandboxServer, post: Heard) -> bool:
    """Whether SendGrid's own helper accepts the signature."""
    return bool(
        EventWebhook(sandbox.voice.postman.key.public).verify_signature(
            post.body.decode(), post.headers[SENDGRID_SIGNATURE], post.headers[SENDGRID_TIMESTAMP]
        )
    )


def test_an_email_is_processed_and_delivered(
    talking: SandboxServer, sendgrid: SendGridAPIClient, heard: Ear
) -> None:
    answer = sendgrid.send(mail("compta@roux.example", "copie@roux.example", categories=["dunning"]))
    counts = talking.voice.postman.wait_idle()
    told = heard.events()
    assert [(event["email"], event["event"]) for event in told] == [
        ("compta@roux.example", "processed"),
        ("compta@roux.example", "delivered"),
        ("copie@roux.example", "processed"),
        ("copie@roux.example", "delivered"),
    ]
    message_id = answer.headers["X-Message-Id"]
    for event in told:
        assert event["communication"] == "c-1"
        assert event["sg_message_id"].startswith(f"{message_id}.")
        assert message_id in event["smtp-id"]
        assert event["category"] == ["dunning"]
        assert isinstance(event["timestamp"], int)
    assert len({event["sg_event_id"] for event in told}) == 4
    assert told[1]["response"] == "250 2.0.0 OK"
    assert (counts.made, counts.taken, counts.waiting) == (4, 4, 0)
    for post in heard.heard:
        assert post.path == "/webhooks/sendgrid"
        assert verified(talking, post)
        tampered = post.body.replace(b"roux", b"rous")
        assert not verified(talking, Heard(post.path, post.headers, tampered, 200))


@pytest.mark.parametrize(
    ("fate", "names", "fields"),
    [
        ("bounce", ["processed", "bounce"], {"type": "bounce", "status": "5.1.1"}),
        ("blocked", ["processed", "bounce"], {"type": "blocked", "status": "4.7.1"}),
        ("dropped", ["dropped"], {"reason": "Bounced Address"}),
        ("deferred", ["processed", "deferred", "delivered"], {}),
        ("spam", ["processed", "delivered", "spamreport"], {}),
        ("unsubscribe", ["processed", "delivered", "unsubscribe"], {}),
        ("silent", [], {}),
    ],
)
def test_what_becomes_of_an_email_goes_by_its_recipient(
    talking: SandboxServer,
    sendgrid: SendGridAPIClient,
    heard: Ear,
    fate: str,
    names: list[str],
    fields: dict[str, str],
) -> None:
    talking.add_fate(fate, match_to="ROUX", times=1)
    talking.add_fate("failed", match_to="roux")
    sendgrid.send(mail("compta@roux.example", "copie@other.example"))
    sendgrid.send(mail("compta@roux.example"))
    talking.voice.postman.wait_idle()
    told = [event for event in heard.events() if event["email"] == "compta@roux.example"]
    # Used up with the first, and an SMS's fate is none of an e-mail's.
    assert [event["event"] for event in told] == [*names, "processed", "delivered"]
    if names:
        assert told[len(names) - 1].items() >= fields.items()
    assert len(heard.events()) == len(told) + 2


def test_a_bounce_with_words_of_ones_own(
    talking: SandboxServer, sendgrid: SendGridAPIClient, heard: Ear
) -> None:
    talking.add_fate("bounce", reason="unable to get mx info")
    sendgrid.send(mail())
    talking.voice.postman.wait_idle()
    assert heard.events()[-1]["reason"] == "unable to get mx info"
    assert "status" not in heard.events()[-1]


@pytest.mark.parametrize(
    ("fate", "statuses", "code"),
    [
        ("delivered", ["queued", "sent", "delivered"], None),
        ("undelivered", ["queued", "sent", "undelivered"], "30005"),
        ("failed", ["queued", "failed"], "30008"),
        ("silent", [], None),
        # A mailbox's fate is none of a telephone's.
        ("bounce", ["queued", "sent", "delivered"], None),
    ],
)
def test_an_sms_has_its_status_called_back(
    talking: SandboxServer, twilio: Client, heard: Ear, fate: str, statuses: list[str], code: str | None
) -> None:
    talking.add_fate(fate)
    url = f"{heard.url}/webhooks/twilio?communication=c-1"
    sid = text(twilio, url).sid
    talking.voice.postman.wait_idle()
    assert [post.form["MessageStatus"] for post in heard.heard] == statuses
    for post in heard.heard:
        assert post.path == "/webhooks/twilio?communication=c-1"
        assert post.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
        assert (post.form["MessageSid"], post.form["AccountSid"], post.form["To"]) == (sid, SID, NUMBER)
        validator = RequestValidator(TOKEN)
        assert validator.validate(url, post.form, post.headers[TWILIO_SIGNATURE])
        assert not validator.validate(f"{url}2", post.form, post.headers[TWILIO_SIGNATURE])
    if heard.heard:
        assert heard.heard[-1].form.get("ErrorCode") == code


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("accept_then_status", True),
        ("accept_then_drop", True),
        ("late", True),
        ("status", False),
        ("drop_before", False),
        ("hang", False),
    ],
)
def test_what_was_taken_is_told_and_listed_whatever_its_sender_learnt(
    talking: SandboxServer, sendgrid: SendGridAPIClient, twilio: Client, heard: Ear, mode: str, told: bool
) -> None:
    # Whoever is kept waiting gives up, but not before the sandbox has looked at its faults.
    waits = mode in ("late", "hang")
    sendgrid.client.timeout = twilio.http_client.timeout = 0.5 if waits else 30
    talking.add_fault(mode, delay=1.5 if waits else None)
    with pytest.raises((HTTPError, OSError)):
        sendgrid.send(mail())
    with pytest.raises((TwilioException, OSError)):
        text(twilio, f"{heard.url}/webhooks/twilio")
    talking.voice.postman.wait_idle()
    by_path = Counter(post.path for post in heard.heard)
    assert (by_path["/webhooks/sendgrid"] > 0) is told
    assert by_path["/webhooks/twilio"] == (3 if told else 0)
    talking.clear_faults()
    twilio.http_client.timeout = 5
    assert len(twilio.messages.list(to=NUMBER)) == int(told)


def test_what_is_refused_or_only_checked_is_told_to_nobody(
    talking: SandboxServer, sendgrid: SendGridAPIClient, heard: Ear
) -> None:
    with pytest.raises(HTTPError):
        sendgrid.send(mail("nobody"))
    sendgrid.send(mail(mail_settings={"sandbox_mode": {"enable": True}}))
    assert talking.voice.postman.counts().made == 0
    assert heard.heard == []


def test_without_an_address_nothing_is_told(
    sandbox: SandboxServer, sendgrid: SendGridAPIClient, twilio: Client, heard: Ear
) -> None:
    sendgrid.send(mail())
    text(twilio, f"{heard.url}/webhooks/twilio")
    assert sandbox.voice.postman.counts().made == 0
    (message, _) = sandbox.messages()
    answer = httpx.post(f"{sandbox.url}/api/messages/{message.id}/fate", json={"fate": "spam"})
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "no event_url is set: there is nobody to tell",
    )


def test_withheld_then_batched(talking: SandboxServer, sendgrid: SendGridAPIClient, heard: Ear) -> None:
    talking.voice.behave(withheld=True, batch=4)
    for number in range(5):
        sendgrid.send(mail(f"compta@c{number}.example"))
    with pytest.raises(TimeoutError, match="10 events are still to be told"):
        talking.voice.postman.wait_idle(0.1)
    assert heard.heard == []
    talking.voice.behave(withheld=False)
    talking.voice.postman.wait_idle()
    assert [len(post.events) for post in heard.heard] == [4, 4, 2]
    assert [event["event"] for event in heard.events()] == ["processed", "delivered"] * 5


def test_doubled_delayed_and_shuffled(
    talking: SandboxServer, sendgrid: SendGridAPIClient, twilio: Client, heard: Ear
) -> None:
    talking.voice.behave(doubled=1.0, delay=0.3, shuffled=True, seed=7)
    for number in range(10):
        sendgrid.send(mail(f"compta@c{number}.example"))
    text(twilio, f"{heard.url}/webhooks/twilio")
    counts = talking.voice.postman.wait_idle()
    mails = [event for post in heard.heard if "sendgrid" in post.path for event in post.events]
    assert set(Counter(event["sg_event_id"] for event in mails).values()) == {2}
    statuses = [post.form["MessageStatus"] for post in heard.heard if "twilio" in post.path]
    assert Counter(statuses) == {"queued": 2, "sent": 2, "delivered": 2}
    first: dict[str, str] = {}
    for event in mails:
        first.setdefault(event["email"], event["event"])
    assert "delivered" in first.values(), "no message's events came in another order"
    assert (counts.made, counts.doubled, counts.taken) == (23, 23, 46)


def test_a_delay_alone_leaves_the_order_of_a_messages_events(
    talking: SandboxServer, sendgrid: SendGridAPIClient, heard: Ear
) -> None:
    talking.voice.behave(delay=0.2)
    for number in range(10):
        sendgrid.send(mail(f"compta@c{number}.example"))
    talking.voice.postman.wait_idle()
    by_reader: dict[str, list[str]] = {}
    for event in heard.events():
        by_reader.setdefault(event["email"], []).append(event["event"])
    assert list(by_reader.values()) == [["processed", "delivered"]] * 10
    assert list(by_reader) != [f"compta@c{number}.example" for number in range(10)]


def test_sendgrid_posts_again_until_it_is_taken(
    talking: SandboxServer, sendgrid: SendGridAPIClient, heard: Ear
) -> None:
    heard.answer = lambda number: (503, 429, 404, 200)[min(number, 3)]
    sendgrid.send(mail())
    counts = talking.voice.postman.wait_idle()
    assert len(heard.events()) == 2
    assert (counts.refused, counts.taken, counts.given_up) == (3, 2, 0)
    assert len({post.body for post in heard.heard}) == 1
    assert all(verified(talking, post) for post in heard.heard)


def test_it_gives_up_in_the_end(talking: SandboxServer, sendgrid: SendGridAPIClient, heard: Ear) -> None:
    talking.voice.behave(retries=2)
    heard.answer = lambda _number: 500
    sendgrid.send(mail())
    counts = talking.voice.postman.wait_idle()
    assert (counts.posts, counts.refused, counts.taken, counts.given_up) == (3, 3, 0, 2)


def test_sendgrid_tries_an_address_where_nobody_listens_yet(
    talking: SandboxServer, sendgrid: SendGridAPIClient, heard: Ear
) -> None:
    talking.voice.behave(event_url=f"http://127.0.0.1:{free_port()}/", pause=60)
    sendgrid.send(mail())
    postman = talking.voice.postman
    with postman._changed:
        assert postman._changed.wait_for(lambda: postman._counts.unanswered == 1, 20)
    assert postman.counts().waiting == 2
    assert heard.heard == []


@pytest.mark.parametrize(
    ("fragment", "answers", "posts"),
    [
        ("", (500, 200), 1),
        ("#rc=2&rp=5xx,ct", (500, 503, 500, 200), 3),
        ("#rc=2&rp=4xx", (500, 200), 1),
        ("#rc=9&rp=all", (404,) * 9, 6),
    ],
)
def test_twilio_posts_again_only_as_the_address_asks(
    talking: SandboxServer, twilio: Client, heard: Ear, fragment: str, answers: tuple[int, ...], posts: int
) -> None:
    heard.answer = lambda number: answers[number]
    talking.voice.behave(automatic=False)
    url = f"{heard.url}/webhooks/twilio"
    message = text(twilio, f"{url}{fragment}")
    (kept,) = talking.messages()
    assert kept.provider_id == message.sid
    httpx.post(f"{talking.url}/api/messages/{kept.id}/fate", json={"fate": "delivered"}).raise_for_status()
    talking.voice.postman.wait_idle()
    assert len(heard.heard) == posts
    assert all(
        RequestValidator(TOKEN).validate(url, post.form, post.headers[TWILIO_SIGNATURE])
        for post in heard.heard
    )


def test_what_waits_is_bounded(
    talking: SandboxServer, sendgrid: SendGridAPIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "MOST_WAITING", 5)
    talking.voice.behave(withheld=True)
    for _ in range(4):
        sendgrid.send(mail())
    counts = talking.voice.postman.counts()
    assert (counts.made, counts.waiting, counts.overflowed) == (8, 5, 3)


def test_a_person_lets_things_happen_later(
    talking: SandboxServer, sendgrid: SendGridAPIClient, heard: Ear
) -> None:
    talking.voice.behave(automatic=False)
    sendgrid.send(mail("compta@roux.example", "copie@roux.example"))
    (message,) = talking.messages()
    at = f"{talking.url}/api/messages/{message.id}/fate"
    answer = httpx.post(at, json={"fate": "spam"}, params={"recipient": "compta@roux.example"})
    assert answer.json() == {"recipients": 1}
    assert httpx.post(at, json={"fate": "bounce"}).json() == {"recipients": 2}
    talking.voice.postman.wait_idle()
    assert [(event["email"], event["event"]) for event in heard.events()] == [
        ("compta@roux.example", "spamreport"),
        ("compta@roux.example", "bounce"),
        ("copie@roux.example", "bounce"),
    ]
    for spec, detail in (
        ({"fate": "failed"}, "failed does not happen to an email"),
        ({"fate": "silent"}, "silent does not happen to an email"),
    ):
        refused = httpx.post(at, json=spec)
        assert (refused.status_code, refused.json()["detail"]) == (409, detail)
    assert httpx.post(at, json={"fate": "bounce"}, params={"recipient": "x"}).status_code == 409
    assert httpx.post(f"{talking.url}/api/messages/99999/fate", json={"fate": "spam"}).status_code == 404


def test_its_own_json(talking: SandboxServer, heard: Ear) -> None:
    at = talking.url
    state = httpx.get(f"{at}/api/webhooks").json()
    assert state["public_key"] == talking.voice.postman.key.public
    assert state["manners"]["event_url"] == f"{heard.url}/webhooks/sendgrid"
    assert "PRIVATE" not in str(state)
    assert httpx.patch(f"{at}/api/webhooks", json={"doubled": 0.5}).json()["doubled"] == 0.5
    assert talking.voice.manners.doubled == 0.5
    for wrong in ({"doubled": 2}, {"event_url": "ftp://x"}, {"nonsense": 1}):
        assert httpx.patch(f"{at}/api/webhooks", json=wrong).status_code == 422
    assert talking.voice.manners.doubled == 0.5
    made = httpx.post(f"{at}/api/fates", json={"fate": "bounce", "match_to": "roux", "times": 2})
    assert (made.status_code, made.json()["remaining"]) == (201, 2)
    assert httpx.get(f"{at}/api/fates").json() == [made.json()]
    assert httpx.delete(f"{at}/api/fates/{made.json()['id']}").json() == {"removed": 1}
    assert httpx.delete(f"{at}/api/fates/{made.json()['id']}").status_code == 404
    assert httpx.delete(f"{at}/api/fates").json() == {"removed": 0}


def test_a_key_is_kept_and_read_again(tmp_path: Path) -> None:
    key = EventKey()
    path = tmp_path / "key.pem"
    path.write_text(key.pem, encoding="ascii")
    assert EventKey.read(path).public == key.public
    path.write_text("no key", encoding="ascii")
    with pytest.raises(ValueError, match="PEM"):
        EventKey.read(path)
