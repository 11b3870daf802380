"""Whether a post comes from the provider it names, by its raw bytes: what was parsed was not signed."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

_LONGEST = 200
_PORTS = {"http": 80, "https": 443}


class Doubt(StrEnum):
    """Why a post is not believed."""

    UNSIGNED = "unsigned"
    TAMPERED = "tampered"
    STALE = "stale"


def sendgrid_key(text: str) -> ec.EllipticCurvePublicKey:
    """SendGrid's verification key, as its settings page shows it: base64 of a DER public key on P-256.

    Raises:
        ValueError: it is no such key.
    """
    expected = "expected the verification key of SendGrid's signed event webhook: base64 of a P-256 key"
    try:
        key = load_der_public_key(base64.b64decode("".join(text.split()), validate=True))
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        raise ValueError(expected) from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError(expected)
    return key


def doubt_sendgrid(
    key: ec.EllipticCurvePublicKey,
    signature: str | None,
    timestamp: str | None,
    body: bytes,
    now: datetime,
    fresh: timedelta,
) -> Doubt | None:
    """Why a post is not SendGrid's, or not fresh; None when it is both.

    The signature is ECDSA with SHA-256 over the timestamp's text and the body (Event Webhook Security
    Features, twilio.com/docs/sendgrid).

    Args:
        key: from `sendgrid_key`.
        signature: header `X-Twilio-Email-Event-Webhook-Signature`, base64.
        timestamp: header `X-Twilio-Email-Event-Webhook-Timestamp`, seconds since 1970.
        body: the bytes that came.
        now: this machine's time, aware.
        fresh: how far the timestamp may lie from it, either way.
    """
    if not signature or not timestamp:
        return Doubt.UNSIGNED
    if len(signature) > _LONGEST or len(timestamp) > 12 or not (timestamp.isascii() and timestamp.isdigit()):
        return Doubt.TAMPERED
    try:
        key.verify(
            base64.b64decode(signature, validate=True), timestamp.encode() + body, ec.ECDSA(hashes.SHA256())
        )
    except (InvalidSignature, ValueError):
        return Doubt.TAMPERED
    return Doubt.STALE if abs(int(timestamp) - now.timestamp()) > fresh.total_seconds() else None


def doubt_twilio(
    token: str, signature: str | None, url: str, parameters: Iterable[tuple[str, str]]
) -> Doubt | None:
    """Why a post is not Twilio's; None when it is. Twilio signs no time: a replay is told by what it says.

    Args:
        token: the account's auth token.
        signature: header `X-Twilio-Signature`, base64.
        url: the address Twilio was given, with its query: the public one, not the one behind a proxy.
        parameters: the fields of the form.
    """
    if not signature:
        return Doubt.UNSIGNED
    fields = list(parameters)
    # Twilio leaves the usual port in the address it signs, or not.
    if any(
        hmac.compare_digest(twilio_signature(token, each, fields).encode(), signature.encode())
        for each in _with_and_without_port(url)
    ):
        return None
    return Doubt.TAMPERED


def twilio_signature(token: str, url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """Base64 of HMAC-SHA1 over the address, then each field's name and value, sorted (Webhooks Security)."""
    signed = url + "".join(name + value for name, value in sorted(set(parameters)))
    digest = hmac.new(token.encode(), signed.encode("utf-8", "surrogateescape"), "sha1").digest()
    return base64.b64encode(digest).decode()


def _with_and_without_port(url: str) -> tuple[str, ...]:
    parts = urlsplit(url)
    usual = _PORTS.get(parts.scheme)
    if parts.port not in (None, usual):
        return (url,)
    host = parts.netloc.removesuffix(f":{usual}")
    return tuple(parts._replace(netloc=netloc).geturl() for netloc in (host, f"{host}:{usual}"))
