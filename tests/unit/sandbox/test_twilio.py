"""Twilio's client sends to the sandbox, and asks it what was sent, as it does the real service."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from admin.sandbox import Channel, SandboxServer

from .conftest import SID

pytestmark = pytest.mark.integration
TO = "+33639980012"
CALLBACK = "https://relance.example/webhooks/twilio?customer=k-1&communication=com-1"


def refusal(twilio: Client, **fields: str) -> TwilioRestException:
    valid = {"to": TO, "from_": "MERCIER", "body": "Bonjour"}
    with pytest.raises(TwilioRestException) as caught:
        twilio.messages.create(**{**valid, **fields})
    error: TwilioRestException = caught.value
    return error


def test_sms_is_accepted_and_kept(sandbox: SandboxServer, twilio: Client) -> None:
    created = twilio.messages.create(
        to=TO, from_="MERCIER", body="Facture F-1 échue", status_callback=CALLBACK, validity_period=600
    )

    assert re.fullmatch(r"SM[0-9a-f]{32}", created.sid)
    assert (created.status, created.num_segments, created.direction) == ("queued", "1", "outbound-api")
    assert (created.to, created.from_, created.body) == (TO, "MERCIER", "Facture F-1 échue")
    assert (created.date_sent, created.error_code, created.price) == (None, None, None)
    assert created.account_sid == SID
    assert created.uri == f"/2010-04-01/Accounts/{SID}/Messages/{created.sid}.json"
    (message,) = sandbox.messages()
    assert created.date_created == message.received_at.replace(microsecond=0)
    assert (message.channel, message.provider_id) == (Channel.SMS, created.sid)
    assert message.custom_args == {"customer": "k-1", "communication": "com-1"}
    assert message.validity_period == 600
    assert (message.encoding, message.segments) == ("GSM-7", 1)


def test_messaging_service_has_no_sender_at_first(sandbox: SandboxServer, twilio: Client) -> None:
    created = twilio.messages.create(to=TO, messaging_service_sid="MG" + "0" * 32, body="Bonjour")

    assert (created.status, created.from_, created.num_segments) == ("accepted", None, "0")
    assert sandbox.messages()[0].segments == 1


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"to": "0612345678"}, 21211, "Invalid 'To' Phone Number: 0612345678"),
        ({"to": "+336"}, 21211, "Invalid 'To' Phone Number"),
        ({"to": "+15005550004"}, 21610, "unsubscribed"),
        ({"to": "+15005550009"}, 21614, "not a valid mobile"),
        ({"to": ""}, 21604, "'To'"),
        ({"from_": ""}, 21603, "'From'"),
        ({"from_": "A sender far too long"}, 21212, "Invalid From"),
        ({"body": ""}, 21602, "body is required"),
        ({"body": "x" * 1601}, 21617, "1600 character limit"),
        ({"status_callback": "relance"}, 21609, "StatusCallback"),
    ],
)
def test_bad_form_is_refused_with_twilios_code(
    sandbox: SandboxServer, twilio: Client, fields: dict[str, str], code: int, words: str
) -> None:
    error = refusal(twilio, **fields)

    assert (error.status, error.code) == (400, code)
    assert words in error.msg
    assert sandbox.messages() == []
    assert sandbox.messages(accepted=False)[0].answer.status == 400


def test_error_has_twilios_json(sandbox: SandboxServer) -> None:
    url = f"{sandbox.url}/2010-04-01/Accounts/{SID}/Messages.json"
    response = httpx.post(url, data={"To": "x"}, auth=(SID, "test-token"))

    assert response.json() == {
        "code": 21211,
        "message": "Invalid 'To' Phone Number: x",
        "more_info": "https://www.twilio.com/docs/errors/21211",
        "status": 400,
    }


def test_wrong_token_is_refused(sandbox: SandboxServer) -> None:
    http = TwilioHttpClient(timeout=20)
    stranger = Client(SID, "wrong", http_client=http)
    stranger.api.base_url = sandbox.url
    error = refusal(stranger)
    http.session.close()

    assert (error.status, error.code) == (401, 20003)
    assert sandbox.messages() == []


def test_list_answers_what_was_accepted(sandbox: SandboxServer, twilio: Client) -> None:
    first = twilio.messages.create(to=TO, from_="MERCIER", body="un")
    other = twilio.messages.create(to="+33639980013", from_="ROUX", body="deux")
    refusal(twilio, to="0612345678")

    assert [item.sid for item in twilio.messages.list()] == [other.sid, first.sid]
    (found,) = twilio.messages.list(to=TO)
    assert (found.sid, found.body, found.status) == (first.sid, "un", "sent")
    assert found.date_sent == first.date_created
    assert [item.sid for item in twilio.messages.list(from_="ROUX")] == [other.sid]
    assert twilio.messages.list(to="+3363998001") == []
    assert twilio.messages.list(limit=0, to="+33600000000") == []


def test_list_filters_by_instant_and_by_day(sandbox: SandboxServer, twilio: Client) -> None:
    twilio.messages.create(to=TO, from_="MERCIER", body="un")
    at = sandbox.messages()[0].received_at
    second = timedelta(seconds=1)

    assert len(twilio.messages.list(date_sent_after=at - second)) == 1
    assert len(twilio.messages.list(date_sent_after=at - second, date_sent_before=at + second)) == 1
    assert len(twilio.messages.list(date_sent=at)) == 1
    assert len(twilio.messages.list(date_sent=at.date())) == 1
    assert twilio.messages.list(date_sent_after=at + 2 * second) == []
    assert twilio.messages.list(date_sent_before=at - 2 * second) == []
    assert twilio.messages.list(date_sent=date(2001, 1, 1)) == []


def test_list_reads_page_after_page(sandbox: SandboxServer, twilio: Client) -> None:
    sids = [twilio.messages.create(to=TO, from_="MERCIER", body=str(n)).sid for n in range(5)]

    assert [item.sid for item in twilio.messages.list(page_size=2)] == sids[::-1]
    first = twilio.messages.page(page_size=2)
    # A message sent while the list is read must not push one of the others to two pages.
    twilio.messages.create(to=TO, from_="MERCIER", body="late")
    second = first.next_page()
    assert second is not None
    assert [item.sid for item in (*first, *second)] == sids[:0:-1]


def test_one_message_is_fetched_by_its_sid(twilio: Client) -> None:
    created = twilio.messages.create(to=TO, from_="MERCIER", body="un")

    assert twilio.messages(created.sid).fetch().body == "un"
    with pytest.raises(TwilioRestException) as caught:
        twilio.messages("SM" + "0" * 32).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)


def test_bad_filter_is_refused(sandbox: SandboxServer) -> None:
    url = f"{sandbox.url}/2010-04-01/Accounts/{SID}/Messages.json"
    response = httpx.get(url, params={"DateSent": "yesterday"}, auth=(SID, "test-token"))

    assert (response.status_code, response.json()["code"]) == (400, 20001)


def test_times_are_utc(sandbox: SandboxServer, twilio: Client) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    created = twilio.messages.create(to=TO, from_="MERCIER", body="un")

    assert before <= created.date_created <= datetime.now(UTC)
