"""How the providers sign what they post: SendGrid by ECDSA over timestamp and body, Twilio by HMAC-SHA1.

Sources: SendGrid, "Getting Started with the Event Webhook Security Features"; Twilio, "Webhooks Security".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SENDGRID_SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
SENDGRID_TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
TWILIO_SIGNATURE = "X-Twilio-Signature"


class EventKey:
    """The key pair of one event webhook (P-256); the account's owner is shown the public half."""

    def __init__(self, private: ec.EllipticCurvePrivateKey | None = None) -> None:
        self._private = private or ec.generate_private_key(ec.SECP256R1())

    @classmethod
    def read(cls, path: Path) -> EventKey:
        """The key kept as PEM in `path`.

        Raises:
            OSError: it cannot be read.
            ValueError: it is no private key on P-256.
        """
        found = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(found, ec.EllipticCurvePrivateKey) or not isinstance(found.curve, ec.SECP256R1):
            raise ValueError(f"{path} holds no private key on the curve P-256")
        return cls(found)

    @property
    def pem(self) -> str:
        """The private half, to be kept."""
        return self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode("ascii")

    @property
    def public(self) -> str:
        """The public half as SendGrid shows it: DER (SubjectPublicKeyInfo) in base64."""
        der = self._private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode("ascii")

    def sign(self, timestamp: str, body: bytes) -> str:
        """The signature of a post: ECDSA with SHA-256 over timestamp and body, DER in base64."""
        signed = self._private.sign(timestamp.encode("ascii") + body, ec.ECDSA(hashes.SHA256()))
        return base64.b64encode(signed).decode("ascii")


def twilio_signature(token: str, url: str, form: Mapping[str, str]) -> str:
    """The signature of a form posted to `url`, made with the account's auth token."""
    text = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")
