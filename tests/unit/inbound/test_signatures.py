"""Who signed a post: the published vectors, and every way in which a post is not what was signed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twilio.request_validator import RequestValidator

from activities.inbound.signatures import Doubt, doubt_sendgrid, doubt_twilio, sendgrid_key, twilio_signature
from activities.settings import SettingInvalid, Settings
from tests.fixtures.signing import public_key, sendgrid_headers

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
WINDOW = timedelta(minutes=10)
BODY = b'[{"event":"delivered","email":"a@b.example"}]\r\n'

# Twilio's own example, "Webhooks Security".
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FIELDS = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="

# SendGrid's own example, from the tests of its published libraries.
EXAMPLE_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVp"
    "iglSI8eNEc6wEA3F+g=="
)


def sendgrid(
    *, signature: str | None = "", timestamp: str | None = "", body: bytes = BODY, at: datetime = NOW
) -> Doubt | None:
    signed = sendgrid_headers(BODY, NOW)
    given = [
        signed[f"X-Twilio-Email-Event-Webhook-{name}"] if value == "" else value
        for name, value in (("Signature", signature), ("Timestamp", timestamp))
    ]
    return doubt_sendgrid(sendgrid_key(public_key()), given[0], given[1], body, at, WINDOW)


def test_what_sendgrid_signed_is_believed() -> None:
    assert sendgrid() is None


@pytest.mark.parametrize(
    ("changed", "doubt"),
    [
        ({"body": BODY.replace(b"delivered", b"bounced")}, Doubt.TAMPERED),
        ({"body": BODY.strip()}, Doubt.TAMPERED),
        ({"body": b""}, Doubt.TAMPERED),
        ({"timestamp": str(int(NOW.timestamp()) + 1)}, Doubt.TAMPERED),
        ({"timestamp": "yesterday"}, Doubt.TAMPERED),
        ({"timestamp": "\uff11\uff17\uff17"}, Doubt.TAMPERED),
        ({"timestamp": "9" * 400}, Doubt.TAMPERED),
        ({"timestamp": None}, Doubt.UNSIGNED),
        ({"signature": None}, Doubt.UNSIGNED),
        ({"signature": "not base64 at all!"}, Doubt.TAMPERED),
        ({"signature": "AAAA"}, Doubt.TAMPERED),
        ({"signature": "A" * 4000}, Doubt.TAMPERED),
        ({"at": NOW + WINDOW}, None),
        ({"at": NOW - WINDOW}, None),
        ({"at": NOW + WINDOW + timedelta(seconds=1)}, Doubt.STALE),
        ({"at": NOW - WINDOW - timedelta(seconds=1)}, Doubt.STALE),
    ],
)
def test_what_sendgrid_did_not_sign_just_now_is_not(changed: dict[str, Any], doubt: Doubt | None) -> None:
    assert sendgrid(**changed) is doubt


def test_another_key_signed_it() -> None:
    other = sendgrid_headers(BODY, NOW, ec.generate_private_key(ec.SECP256R1()))
    assert sendgrid(signature=other["X-Twilio-Email-Event-Webhook-Signature"]) is Doubt.TAMPERED


def test_sendgrid_s_published_key_is_one() -> None:
    assert sendgrid_key(EXAMPLE_KEY).curve.name == "secp256r1"


def test_a_key_of_another_kind_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    ed = ed25519.Ed25519PrivateKey.generate().public_key()
    kinds = [
        public_key(ec.generate_private_key(ec.SECP384R1())),
        ed.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex(),
        "SG.not-a-key",
        "",
    ]
    for text in kinds:
        monkeypatch.setenv("SENDGRID_WEBHOOK_PUBLIC_KEY", text)
        with pytest.raises(SettingInvalid, match=r"SENDGRID_WEBHOOK_PUBLIC_KEY.*verification key"):
            Settings.load()


def test_twilio_s_published_vector() -> None:
    assert twilio_signature("12345", URL, FIELDS.items()) == SIGNATURE
    assert doubt_twilio("12345", SIGNATURE, URL, FIELDS.items()) is None


def test_we_sign_as_twilio_s_library_does() -> None:
    fields = {"Body": "déjà payé ✓", "Empty": "", "to": "x", "To": "y"}
    mine = twilio_signature("secret", URL, fields.items())
    assert mine == RequestValidator("secret").compute_signature(URL, fields)


@pytest.mark.parametrize(
    ("signature", "url", "fields", "doubt"),
    [
        (None, URL, FIELDS, Doubt.UNSIGNED),
        ("", URL, FIELDS, Doubt.UNSIGNED),
        (SIGNATURE[:-2] + "9=", URL, FIELDS, Doubt.TAMPERED),
        ("é", URL, FIELDS, Doubt.TAMPERED),
        (SIGNATURE, URL.replace("https", "http"), FIELDS, Doubt.TAMPERED),
        (SIGNATURE, URL + "&baz=3", FIELDS, Doubt.TAMPERED),
        (SIGNATURE, URL.replace("mycompany.com", "10.0.0.7:8000"), FIELDS, Doubt.TAMPERED),
        (SIGNATURE, URL, FIELDS | {"Digits": "1235"}, Doubt.TAMPERED),
        (SIGNATURE, URL, FIELDS | {"More": ""}, Doubt.TAMPERED),
        (SIGNATURE, URL.replace("mycompany.com", "mycompany.com:443"), FIELDS, None),
    ],
)
def test_what_twilio_did_not_sign_is_not_believed(
    signature: str | None, url: str, fields: dict[str, str], doubt: Doubt | None
) -> None:
    assert doubt_twilio("12345", signature, url, fields.items()) is doubt


@pytest.mark.parametrize(
    "text", ["relance.example", "ftp://relance.example", "https://", "https://u:p@h", "https://h/?a=1"]
)
def test_a_public_address_that_is_none_is_refused_by_name(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELANCE_PUBLIC_URL", text)
    with pytest.raises(SettingInvalid, match="RELANCE_PUBLIC_URL"):
        Settings.load()
