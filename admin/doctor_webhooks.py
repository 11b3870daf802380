"""The part of `relance doctor` that looks at what providers tell: whether they can, and what waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from sqlmodel import Session, col, func, select

from activities.clock import Clock
from activities.inbound.places import SENDGRID_EVENTS, TWILIO_STATUS
from activities.settings import Settings
from admin.findings import Finding, Mark, counted
from models.tables import Communication, Reply, Task, UnknownEvent, WebhookReceipt
from models.tables.words import CommunicationStatus, Provider, ReceiptState, ReplyState, TaskKind, TaskStatus
from rules.calendar import Channel

LATE: Final = timedelta(minutes=5)
SILENCE: Final = timedelta(hours=2)
"""A provider tells of messages within seconds: this long without a word, it cannot reach us."""

_CHANNELS: Final = (
    (Provider.SENDGRID, Channel.EMAIL, "e-mail", SENDGRID_EVENTS),
    (Provider.TWILIO, Channel.SMS, "SMS", TWILIO_STATUS),
)


def look_at_webhooks(session: Session, settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Set up, heard from, worked on; unknown messages and possible doubles."""
    for provider, channel, name, path in _CHANNELS:
        if _set_up(settings, provider):
            yield _heard(session, clock, provider, channel, f"{name} webhook", path)
        else:
            missing = "SENDGRID_WEBHOOK_PUBLIC_KEY" if provider is Provider.SENDGRID else "RELANCE_PUBLIC_URL"
            yield Finding(
                Mark.NOTE,
                f"{name} webhook",
                "not set up: nobody tells what bounced, and an uncertain message goes to a person at once",
                f"set {missing}",
            )
    late = session.exec(
        select(func.count())
        .select_from(WebhookReceipt)
        .where(WebhookReceipt.state == ReceiptState.NEW, col(WebhookReceipt.arrived_at) < clock.wall() - LATE)
    ).one()
    yield counted("posts", late, "posts of providers wait for more than 5 minutes", "is a worker running?")
    refused = session.exec(
        select(func.count()).select_from(WebhookReceipt).where(WebhookReceipt.state == ReceiptState.REFUSED)
    ).one()
    yield counted(
        "refused posts",
        refused,
        "posts of providers could not be worked on",
        "the worker's log says why; then `relance webhooks --again`",
    )
    unknown = session.exec(select(func.count()).select_from(UnknownEvent)).one()
    yield counted(
        "unknown messages",
        unknown,
        "events of the last 30 days are about messages that this ledger does not know",
        "does another system send by the same account?",
        Mark.NOTE,
    )
    yield from _replies(session, settings)
    doubles = session.exec(
        select(func.count())
        .select_from(Task)
        .where(Task.status == TaskStatus.OPEN, Task.kind == TaskKind.POSSIBLE_DOUBLE)
    ).one()
    yield counted("doubles", doubles, "messages may have been received twice", "`relance tasks`")


def _replies(session: Session, settings: Settings) -> Iterator[Finding]:
    if settings.inbound_domain is not None and not settings.inbound_secrets:
        yield Finding(
            Mark.BAD,
            "replies",
            "answers go to RELANCE_INBOUND_DOMAIN, and nothing brings them here",
            "set RELANCE_INBOUND_SECRET, and give SendGrid's Inbound Parse the address with it",
        )
    unmatched = session.exec(
        select(func.count()).select_from(Reply).where(Reply.state == ReplyState.UNMATCHED)
    ).one()
    yield counted(
        "replies", unmatched, "replies are of nobody we know", "`relance replies` lists them", Mark.NOTE
    )


def _heard(
    session: Session, clock: Clock, provider: Provider, channel: Channel, what: str, path: str
) -> Finding:
    """Whether a provider that took messages a while ago has told of them since."""
    since = clock.now() - SILENCE
    left = session.exec(
        select(func.count())
        .select_from(Communication)
        .where(
            Communication.status == CommunicationStatus.SENT,
            Communication.channel == channel.value,
            col(Communication.sent_at).between(since - SILENCE, since),
        )
    ).one()
    heard = session.exec(
        select(WebhookReceipt.arrived_at)
        .where(WebhookReceipt.provider == provider.value)
        .order_by(col(WebhookReceipt.arrived_at).desc())
        .limit(1)
    ).first()
    if left and (heard is None or heard < clock.wall() - 2 * SILENCE):
        return Finding(
            Mark.BAD,
            what,
            f"{left} messages left, and {provider} has told nothing of them",
            f"can it reach the API's {path}? does `relance_webhook_posts_total` show posts refused?",
        )
    if heard is None:
        return Finding(Mark.GOOD, what, "set up, nothing told yet")
    return Finding(Mark.GOOD, what, f"last told on {heard:%Y-%m-%d %H:%M} UTC")


def _set_up(settings: Settings, provider: Provider) -> bool:
    if provider is Provider.SENDGRID:
        return settings.sendgrid_webhook_public_key is not None
    return settings.public_url is not None and settings.twilio_auth_token is not None
