"""What a person and a test see of the messages."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sendgrid import SendGridAPIClient
from twilio.rest import Client

from admin.sandbox import SandboxMessage, SandboxServer
from admin.sandbox.texts import TEXTS, choose_language

pytestmark = pytest.mark.integration
FRENCH = {"Accept-Language": "fr-FR,fr;q=0.9"}


def mail(**changes: Any) -> dict[str, Any]:
    return {
        "personalizations": [{"to": [{"email": "compta@roux.example", "name": "Garage Roux"}]}],
        "from": {"email": "claire@mercier.example", "name": "Claire Dumont"},
        "subject": "Échéance dépassée <F-1>",
        "content": [
            {"type": "text/plain", "value": "Reste dû : 1\u202f234,56\u00a0€"},
            {"type": "text/html", "value": "<html><head></head><body><p>Reste dû</p></body></html>"},
        ],
        "custom_args": {"customer": "k-1", "company": "c-1", "communication": "com-1"},
        **changes,
    }


@pytest.fixture
def page(sandbox: SandboxServer) -> httpx.Client:
    return httpx.Client(base_url=sandbox.url, headers=FRENCH)


@pytest.fixture(autouse=True)
def _close(page: httpx.Client) -> Any:
    with page:
        yield


def test_empty_inbox_says_so_in_the_readers_language(page: httpx.Client) -> None:
    assert "Aucun message pour l’instant" in page.get("/").text
    assert "No message yet" in page.get("/", headers={"Accept-Language": "en-GB"}).text
    assert "No message yet" in page.get("/?lang=en").text


def test_list_shows_newest_first_with_channel_and_outcome(
    sandbox: SandboxServer, sendgrid: SendGridAPIClient, twilio: Client, page: httpx.Client
) -> None:
    sendgrid.send(mail())
    sandbox.add_fault("accept_then_drop", times=1)
    with pytest.raises(OSError, match=r"[Rr]eset"):
        sendgrid.send(mail(subject="Deuxième"))
    twilio.messages.create(to="+33639980012", from_="MERCIER", body="ê" * 71)

    html = page.get("/").text
    assert html.index("+33639980012") < html.index("Deuxième") < html.index("Échéance dépassée &lt;F-1&gt;")
    assert "panne simulée : accepté, puis ligne coupée" in html
    assert "SMS ×2" in html
    assert "3 messages" in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=echeance", True),
        ("q=ROUX", True),
        ("q=com-1", True),
        ("q=1%E2%80%AF234", True),
        ("q=delmas", False),
        ("channel=email", True),
        ("channel=sms", False),
        ("to=compta@roux.example", True),
        ("customer=k-1", True),
        ("customer=k-2", False),
        ("company=c-1", True),
        ("communication=com-1", True),
        ("outcome=refused", False),
        ("channel=pigeon", True),
        ("q=%25", False),
    ],
)
def test_list_is_narrowed(sendgrid: SendGridAPIClient, page: httpx.Client, query: str, found: bool) -> None:
    sendgrid.send(mail())
    html = page.get(f"/?{query}").text
    assert ("Garage Roux" in html) is found
    assert ("Aucun message ne correspond" in html) is not found


def test_long_list_is_read_page_by_page(
    sandbox: SandboxServer, sendgrid: SendGridAPIClient, page: httpx.Client
) -> None:
    for number in range(61):
        sendgrid.send(mail(subject=f"Relance n°{number}."))
    first = page.get("/").text
    assert "Relance n°1." in first
    assert "Relance n°0." not in first
    older = re.search(r'href="([^"]+)">Plus anciens', first)
    assert older is not None
    second = page.get(older[1].replace("&amp;", "&")).text
    assert "Relance n°0." in second
    assert "Relance n°1." not in second


def test_opened_mail_runs_nothing(
    sandbox: SandboxServer, sendgrid: SendGridAPIClient, page: httpx.Client
) -> None:
    sendgrid.send(mail())
    number = sandbox.messages()[0].id
    opened = page.get(f"/messages/{number}")

    frame = re.search(r"<iframe[^>]+>", opened.text)
    assert frame is not None
    assert "allow-scripts" not in frame[0]
    assert f'src="/messages/{number}/html"' in frame[0]
    assert "script-src 'self'" in opened.headers["Content-Security-Policy"]
    inside = page.get(f"/messages/{number}/html")
    policy = inside.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "<p>Reste dû</p>" in inside.text


def test_every_view_of_a_mail(
    sandbox: SandboxServer, sendgrid: SendGridAPIClient, page: httpx.Client
) -> None:
    sendgrid.send(mail())
    here = f"/messages/{sandbox.messages()[0].id}"

    assert "Reste dû : 1\u202f234,56\u00a0€" in page.get(here, params={"view": "text"}).text
    assert "k-1" in page.get(here, params={"view": "headers"}).text
    raw = page.get(here, params={"view": "raw"}).text
    assert "POST /v3/mail/send" in raw
    assert "SG.test-key" not in raw
    assert page.get("/messages/999").status_code == 404
    assert page.get("/messages/999/html").status_code == 404


def test_pictures_in_the_text_are_shown_and_files_downloaded(
    sandbox: SandboxServer, sendgrid: SendGridAPIClient, page: httpx.Client
) -> None:
    picture, file = base64.b64encode(b"PNG").decode(), base64.b64encode(b"<script>").decode()
    attachments = [
        {
            "content": picture,
            "filename": "l.png",
            "type": "image/png",
            "disposition": "inline",
            "content_id": "logo",
        },
        {"content": file, "filename": "Relevé.html", "type": "text/html"},
    ]
    content = [{"type": "text/html", "value": '<img src="cid:logo"><img src="https://spy.example/x.png">'}]
    sendgrid.send(mail(content=content, attachments=attachments))
    here = f"/messages/{sandbox.messages()[0].id}"

    assert f'src="data:image/png;base64,{picture}"' in page.get(f"{here}/html").text
    opened = page.get(here).text
    assert "Relevé.html" in opened
    assert "l.png" not in opened
    response = page.get(f"{here}/attachments/1")
    assert response.content == b"<script>"
    assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Relev%C3%A9.html"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert page.get(f"{here}/attachments/2").status_code == 404


def test_sms_is_a_bubble_with_its_cost(sandbox: SandboxServer, twilio: Client, page: httpx.Client) -> None:
    twilio.messages.create(to="+33639980012", from_="MERCIER", body="Dû <b> : 1\u202f234 €, ê")
    html = page.get(f"/messages/{sandbox.messages()[0].id}").text

    assert "Dû &lt;b&gt; : 1\u202f234 €, ê" in html
    assert "1 segment" in html
    assert "UCS-2" in html
    assert "<kbd>û</kbd>" in html
    assert "<kbd>U+202F</kbd>" in html


def test_pages_load_nothing_from_another_host(
    sandbox: SandboxServer, sendgrid: SendGridAPIClient, page: httpx.Client
) -> None:
    sendgrid.send(mail())
    for path in ("/", f"/messages/{sandbox.messages()[0].id}"):
        html = page.get(path).text
        local = re.findall(r'(?:href|src|action)="(/[^"?]*)', html)
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', html)
        for asset in {name for name in local if name.startswith("/static/")}:
            assert page.get(asset).status_code == 200
    assert page.get("/docs").status_code == 404


def test_json_lists_filters_and_clears(
    sandbox: SandboxServer, sendgrid: SendGridAPIClient, twilio: Client, page: httpx.Client
) -> None:
    sendgrid.send(mail())
    twilio.messages.create(to="+33639980012", from_="MERCIER", body="un")
    sandbox.add_fault("status", times=1)
    with pytest.raises(Exception, match="500"):
        sendgrid.send(mail())

    start = sandbox.messages(accepted=None)[0].id - 1

    def numbers(**params: Any) -> list[int]:
        answer = page.get("/api/messages", params=params).json()
        return [item["id"] - start for item in answer["messages"]]

    assert numbers() == [3, 2, 1]
    assert numbers(order="oldest", after=start + 1) == [2, 3]
    assert numbers(accepted=True) == [2, 1]
    assert numbers(accepted=False) == [3]
    assert numbers(channel="sms") == [2]
    assert numbers(to="roux") == [3, 1]
    at = sandbox.messages()[1].received_at
    assert numbers(since=at.isoformat()) == [3, 2]
    assert numbers(since=(at + timedelta(days=1)).isoformat()) == []
    assert page.get("/api/messages", params={"since": "2026-01-01T00:00:00"}).status_code == 422
    cut = page.get("/api/messages", params={"limit": 2}).json()
    assert (cut["total"], cut["next_before"]) == (3, start + 2)

    counts = page.get("/api/counts").json()
    assert (counts["total"], counts["accepted"], counts["refused"], counts["latest"]) == (3, 2, 1, start + 3)
    assert counts["by_channel"] == {"email": 1, "sms": 1}
    assert page.delete("/api/messages").json() == {"removed": 3}
    assert page.get("/api/counts").json()["total"] == 0
    assert page.get(f"/api/messages/{start + 1}").status_code == 404


def test_json_of_a_message_reads_back_into_the_model(
    sandbox: SandboxServer, sendgrid: SendGridAPIClient, page: httpx.Client
) -> None:
    sendgrid.send(mail())
    number = sandbox.messages()[0].id
    stored = sandbox.store.get(number)
    answer = page.get(f"/api/messages/{number}").json()
    assert answer["from"] == {"address": "claire@mercier.example", "name": "Claire Dumont"}
    assert SandboxMessage.model_validate(answer) == stored


def test_both_languages_say_everything() -> None:
    assert TEXTS["fr"].keys() == TEXTS["en"].keys()
    assert choose_language(None, "de,fr;q=0.8,en;q=0.5") == "fr"
    assert choose_language("en", "fr") == "en"
    assert choose_language("xx", "") == "en"
