"""Who may bring mail: SendGrid's Inbound Parse signs nothing unless told to, so it is known by a secret.

The secret is the password of basic authentication in the address SendGrid is given, or the last segment of
that address. It is checked before the body is read: a stranger is not given ten megabytes of memory.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Final

from starlette.types import Scope

from activities.inbound.places import SENDGRID_MAIL
from activities.inbound.signatures import Doubt
from activities.settings import Settings

_LONGEST: Final = 1000


def brings_mail(scope: Scope) -> bool:
    """Whether a request is to where mail is brought."""
    path: str = scope["path"]
    return path == SENDGRID_MAIL or path.startswith(f"{SENDGRID_MAIL}/")


def doubt_mail(scope: Scope, settings: Settings) -> Doubt | None:
    """Why a post of mail is not believed; None when it brought a secret that is set."""
    told = _told(scope)
    if not told:
        return Doubt.UNSIGNED
    # All of them, whichever is right: how long it takes tells nothing.
    right = [
        hmac.compare_digest(each.encode(), secret.get_secret_value().encode())
        for each in told
        for secret in settings.inbound_secrets
    ]
    return None if any(right) else Doubt.TAMPERED


def _told(scope: Scope) -> list[str]:
    found = []
    in_path = scope["path"].removeprefix(SENDGRID_MAIL).strip("/")
    if in_path:
        found.append(in_path[:_LONGEST])
    for name, value in scope["headers"]:
        if name == b"authorization" and value[:6].lower() == b"basic ":
            found += _password(value[6:_LONGEST])
    return found


def _password(encoded: bytes) -> list[str]:
    try:
        _, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return []
    return [password] if colon else []
