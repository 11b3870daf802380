"""What an operator sees of the work: one line in the log and one count for each thing that happened."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from time import perf_counter
from uuid import UUID

from sqlmodel import Session

from activities import metrics
from activities.channels.outcomes import NotSent, Outcome, Rejected, Sent, Uncertain
from activities.logs import fields
from activities.store.engine import once_committed
from models.ids import CaseSignal
from models.messages import CaseView
from models.tables.words import ContactStatus
from rules.calendar import Channel

log = logging.getLogger("relance.work")

_PROVIDERS = {Channel.EMAIL: "sendgrid", Channel.SMS: "twilio"}


def contact_concluded(
    session: Session,
    contact: UUID,
    customer: UUID,
    *,
    step: str,
    channel: str,
    status: ContactStatus,
    since: datetime | None,
    now: datetime,
) -> None:
    """A contact ended in this transaction: told once it is committed, at the business time `now`.

    `since` is when it was composed; None where what followed was not ours to hasten.
    """
    told = {
        "contact": contact,
        "customer": customer,
        "step": step,
        "channel": channel,
        "status": status.value,
    }
    seconds = None if since is None else max((now - since).total_seconds(), 0.0)

    def committed() -> None:
        metrics.CONTACTS.labels(told["channel"], told["status"]).inc()
        if seconds is not None:
            metrics.CONTACT_SECONDS.labels(told["channel"]).observe(seconds)
        ms = None if seconds is None else round(1000 * seconds)
        log.info("contact concluded: %s", told["status"], extra=fields(**told, ms=ms))

    once_committed(session, committed)


def provider_call(channel: str, call: Callable[[], Outcome]) -> Outcome:
    """Call a provider and measure it; what it came to is in the outcome, and never raised."""
    began = perf_counter()
    outcome = call()
    provider = _PROVIDERS.get(Channel(channel), channel)
    metrics.PROVIDER_SECONDS.labels(provider, _word(outcome)).observe(perf_counter() - began)
    return outcome


def message_settled(communication: UUID, channel: str, outcome: str) -> None:
    """What became of one message handed over, or not."""
    metrics.MESSAGES.labels(channel, outcome).inc()
    level = logging.WARNING if outcome in ("failed", "uncertain") else logging.INFO
    log.log(level, "message %s", outcome, extra=fields(communication=communication, channel=channel))


def turn_awaited(channel: str) -> None:
    """A message was not handed over: its sender's turn had not come."""
    metrics.TURNS.labels(channel).inc()


def reviewed(view: CaseView) -> None:
    """One wake of a case, and what was decided."""
    metrics.REVIEWS.labels(view.state).inc()
    log.debug(
        "reviewed: %s",
        view.state,
        extra=fields(
            company=view.company,
            invoice=view.number,
            stage=view.stage,
            outstanding=view.outstanding,
            currency=view.currency,
            next_step=view.next_step,
            next_at=view.next_at,
        ),
    )


def fact_rejected(signal: str, company: str, invoice: str) -> None:
    """A fact told as a signal could not be recorded; a person is asked."""
    # Anybody may send a signal of any name: labels hold only those we know.
    known = signal if signal in set(CaseSignal) else "unknown"
    metrics.REJECTED.labels(known).inc()
    log.warning("fact rejected", extra=fields(signal=known, company=company, invoice=invoice))


def post_came(provider: str, kind: str, result: str) -> None:
    """A post to a webhook: `stored`, `duplicate`, or why it was refused."""
    metrics.POSTS.labels(provider, kind, result).inc()
    if result not in ("stored", "duplicate"):
        log.warning("webhook post refused", extra=fields(provider=provider, kind=kind, result=result))


def receipt_settled(provider: str, kind: str, result: str) -> None:
    """A post that was kept has been worked on."""
    metrics.RECEIPTS.labels(provider, kind, result).inc()


def doubt_cleared(how: str) -> None:
    """An uncertain message is one no more (`told`, `found`), or a person is `asked`."""
    metrics.DOUBTS.labels(how).inc()
    log.info("doubt cleared", extra=fields(how=how))


def registered(what: str) -> None:
    """A registered letter is `handed` over or `kept_back`; a receipt of one is `recorded` or `put_aside`."""
    metrics.REGISTERED.labels(what).inc()
    if what == "put_aside":
        # Its reason may name people: the provider's place has it, the log does not.
        log.warning("a receipt of registered mail cannot be used, and was put aside with its reason")
    else:
        log.info("registered mail: %s", what, extra=fields(what=what))


def events_kept(provider: str, counts: Mapping[str, int]) -> None:
    """Events of one post, by what became of each."""
    for result, count in counts.items():
        if count:
            metrics.EVENTS.labels(provider, result).inc(count)


def reply_came(channel: str, kind: str, by: str) -> None:
    """A mail or a text message of a customer was kept."""
    metrics.REPLIES.labels(channel, kind, by).inc()


def notes_settled(delivered: int, failed: int) -> None:
    """Outbox notes that reached their workflows, and those that did not."""
    if delivered:
        metrics.NOTES.labels("delivered").inc(delivered)
    if failed:
        metrics.NOTES.labels("failed").inc(failed)


def swept(notes: int, cases: int, customers: int, told: int, seconds: float) -> None:
    """One round of the sweeper; a round that found nothing has no line."""
    metrics.SWEEPS.labels("done").inc()
    for what, count in (("notes", notes), ("cases", cases), ("messages", customers), ("released", told)):
        metrics.SWEPT.labels(what).inc(count)
    if notes or cases or customers or told:
        log.info(
            "swept",
            extra=fields(
                notes=notes, cases=cases, unsettled=customers, released=told, ms=round(1000 * seconds)
            ),
        )


def sweep_failed() -> None:
    """A round of the sweeper broke off; its error is logged by the sweeper."""
    metrics.SWEEPS.labels("failed").inc()


def _word(outcome: Outcome) -> str:
    match outcome:
        case Sent():
            return "sent"
        case NotSent():
            return "not_sent"
        case Rejected():
            return "rejected"
        case Uncertain():
            return "uncertain"
