"""What every webhook does with a post: refuse it by name, or keep it and answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.responses import Response
from starlette.background import BackgroundTask

from activities import watch
from activities.inbound.signatures import Doubt, doubt_twilio
from activities.store.engine import transaction
from activities.store.receipts import keep_receipt
from admin.api.context import Api
from admin.api.limits import BODY
from admin.api.problems import ProblemError
from models.tables.words import Provider, ReceiptKind

_REFUSALS: Final = {
    Doubt.UNSIGNED: (401, "signature-missing", "the post carries no signature"),
    Doubt.TAMPERED: (
        403,
        "signature-invalid",
        "the signature is not of this post, or not by the key set here",
    ),
    Doubt.STALE: (403, "signature-stale", "the post was signed too long ago, or in the future"),
}


def refuse(provider: Provider, kind: ReceiptKind, doubt: Doubt) -> ProblemError:
    """The refusal of a post that is not believed; it is counted, and nothing of it is kept."""
    watch.post_came(provider, kind, doubt.value)
    status, name, detail = _REFUSALS[doubt]
    return ProblemError(status, name, f"{detail}; nothing was kept")


def not_set_up(provider: Provider, kind: ReceiptKind, variable: str) -> ProblemError:
    """The refusal where no signature could be checked: what cannot be checked is not believed."""
    watch.post_came(provider, kind, "not_set_up")
    return ProblemError(
        503, "webhook-not-set-up", f"{variable} is not set, so that no post can be believed; nothing was kept"
    )


def malformed(provider: Provider, kind: ReceiptKind, rule: str) -> ProblemError:
    """The refusal of a post that is signed and cannot be read all the same."""
    watch.post_came(provider, kind, "malformed")
    return ProblemError(400, "bad-request", f"{rule}; nothing was kept")


def signed_by_twilio(
    api: Api, provider: Provider, kind: ReceiptKind, request: Request, signature: str | None, *needs: str
) -> tuple[bytes, str]:
    """Body and query of a post that Twilio signed and that has what it `needs`, besides the message's id.

    Raises:
        ProblemError: no signature can be checked, it is not believed, or it lacks something.
    """
    token, public = api.settings.twilio_auth_token, api.settings.public_url
    if token is None or public is None:
        missing = "TWILIO_AUTH_TOKEN" if token is None else "RELANCE_PUBLIC_URL"
        raise not_set_up(provider, kind, missing)
    body: bytes = request.scope[BODY]
    query: str = request.scope["query_string"].decode("ascii", "replace")
    # What Twilio was told to call, and signs: behind a proxy, the request's own address is another.
    url = public + request.scope["path"] + (f"?{query}" if query else "")
    fields = parse_qsl(body.decode("utf-8", "surrogateescape"), keep_blank_values=True)
    doubt = doubt_twilio(token.get_secret_value(), signature, url, fields)
    if doubt is not None:
        raise refuse(provider, kind, doubt)
    told = dict(fields)
    if not (told.get("MessageSid") or told.get("SmsSid")) or not all(told.get(name) for name in needs):
        raise malformed(provider, kind, f"{' and '.join(('MessageSid', *needs))} are required")
    return body, query


def kept(
    api: Api,
    provider: Provider,
    kind: ReceiptKind,
    body: bytes,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Keep a post that is believed, answer, and then let this process work on it; told twice, kept once.

    Nothing depends on the last: a worker's sweep finds what this process left.
    """
    with transaction(api.engine) as session:
        found = keep_receipt(
            session,
            provider=provider,
            kind=kind,
            body=body,
            received_at=api.clock.now(),
            arrived_at=api.clock.wall(),
            query=query,
            headers=headers,
        )
    watch.post_came(provider, kind, "duplicate" if found is None else "stored")
    return Response(status_code=204, background=None if found is None else BackgroundTask(api.inbox.kick))
