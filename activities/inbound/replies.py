"""Mail and text messages that customers write: read, matched to a customer, kept once, and taken up."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

from sqlmodel import Session

from activities import evidence, watch
from activities.channels import presentable
from activities.envelope import Enclosure, store_bytes
from activities.inbound.charsets import clean, one_line
from activities.inbound.events import take
from activities.inbound.mail import MAX_TEXT, Mail
from activities.inbound.parsed import posted_mail
from activities.inbound.quoting import split, unmarked
from activities.inbound.work import Unreadable, Work
from activities.replies import take_up
from activities.store.engine import transaction
from activities.store.lookup import lock_customer
from activities.store.message_events import Told
from activities.store.reachability import mark_unreachable
from activities.store.receipts import Receipt
from activities.store.replies import Incoming, has_case, keep_reply, reply_file
from activities.store.senders import Whose, is_ours, whose_mail, whose_text
from models.tables import Communication, Customer
from models.tables.words import CommunicationStatus, Provider, ReplyState, UnreachableCause
from rules.calendar import Channel
from rules.replies import Found, ReplyKind, mail_kind, text_kind

CUT: Final = "x-relance-cut"
"""A header of our own, on a post of which only the beginning was taken."""

SPAM_SCORE: Final = 5.0
"""SpamAssassin's own threshold. Only what is nobody's is judged by it."""


def inbound_mail(work: Work, receipt: Receipt) -> None:
    """Keep one mail, and do what follows from it.

    Raises:
        Unreadable: it is no post of Inbound Parse.
    """
    posted = posted_mail(receipt.headers.get("content-type", ""), receipt.body, cut=CUT in receipt.headers)
    mail = posted.mail
    with transaction(work.engine) as session:
        whose = whose_mail(
            session,
            sender=mail.sender,
            recipients=mail.recipients,
            answers=mail.answers,
            reply_domain=work.settings.inbound_domain,
        )
        found = mail_kind(mail.traits)
        if mail.sender and is_ours(session, mail.sender, whose.customer_id):
            found = Found(ReplyKind.OWN, "from one of ours")
    if found.kind is ReplyKind.BOUNCE:
        # Before it is kept: kept, the same report told again would do nothing any more.
        _returned(work, receipt, mail, whose)
    spam = posted.spam_score is not None and posted.spam_score >= SPAM_SCORE
    with transaction(work.engine) as session:
        incoming = _of_mail(session, receipt, mail, found)
        notes = _keep(work, session, incoming, whose, spam=spam)
    work.courier.deliver(notes)


def inbound_text(work: Work, receipt: Receipt) -> None:
    """Keep one text message, and do what follows from it.

    Raises:
        Unreadable: it names no message or no sender.
    """
    form = dict(parse_qsl(receipt.body.decode("utf-8", "replace"), keep_blank_values=True))
    sid, sender = form.get("MessageSid") or form.get("SmsSid"), one_line(form.get("From", ""))[:64]
    if not sid or not sender:
        raise Unreadable("no MessageSid, or no From")
    body = clean(form.get("Body", "")).strip()[:MAX_TEXT]
    media = form.get("NumMedia", "0")
    found = text_kind(body, form.get("OptOutType"))
    with transaction(work.engine) as session:
        whose = whose_text(session, number=sender, now=receipt.received_at)
        if found.kind is ReplyKind.OPT_OUT and whose.communication_id is None:
            # Somebody we never wrote to by text: a person decides what they mean.
            found = Found(ReplyKind.ANSWER)
        incoming = Incoming(
            channel=Channel.SMS,
            kind=found.kind,
            sign=found.sign,
            received_at=receipt.received_at,
            sender=sender,
            recipient=one_line(form.get("To", ""))[:64] or None,
            text=body,
            whole=body,
            message_id=one_line(sid)[:100],
            fault=f"{media} pictures came with it" if media.isdecimal() and int(media[:3]) else None,
        )
        notes = _keep(work, session, incoming, whose, spam=False)
    work.courier.deliver(notes)


def _of_mail(session: Session, receipt: Receipt, mail: Mail, found: Found) -> Incoming:
    parts = split(mail.text)
    files: list[dict[str, Any]] = []
    for file in mail.files:
        kept = Enclosure(
            name=file.name,
            media_type=file.media_type,
            hash=store_bytes(session, file.media_type, file.content),
            size=len(file.content),
        )
        files.append(reply_file(kept, inline=file.inline))
    return Incoming(
        channel=Channel.EMAIL,
        kind=found.kind,
        sign=found.sign,
        received_at=receipt.received_at,
        sender=mail.sender,
        sender_name=mail.sender_name or None,
        answer_to=mail.answer_to if mail.answer_to != mail.sender else None,
        recipient=next(iter(mail.recipients), None),
        subject=mail.subject or None,
        text=parts.new,
        whole=unmarked(mail.text),
        message_id=mail.message_id or None,
        fault=mail.fault,
        files=tuple(files),
        files_left_out=mail.left_out,
    )


def _keep(work: Work, session: Session, incoming: Incoming, whose: Whose, *, spam: bool) -> list[int]:
    """Keep a reply and take it up; told twice, it changes nothing. The notes to deliver after the commit."""
    customer: Customer | None = None
    if whose.customer_id is not None:
        customer = lock_customer(session, whose.customer_id)
        if not has_case(session, customer.id):
            # Nothing was ever asked of them: somebody looks what it is about.
            whose = Whose(whose.company_id, suggested=customer.id)
            customer = None
    state = ReplyState.MATCHED if customer is not None else ReplyState.UNMATCHED
    if customer is None and (spam or incoming.kind is not ReplyKind.ANSWER):
        # Nobody's, and no person wrote it: kept, and not put before anybody.
        state = ReplyState.DISMISSED
    reply = keep_reply(session, incoming, whose, state)
    if reply is None:
        return []
    watch.reply_came(incoming.channel.value, incoming.kind.value, reply.matched_by or "nobody")
    if customer is None:
        return []
    notes: list[int] = []
    now = work.clock.now()
    if whose.communication_id is not None:
        message = session.get_one(
            Communication, whose.communication_id, with_for_update=True, populate_existing=True
        )
        if incoming.kind is not ReplyKind.BOUNCE and message.status == CommunicationStatus.UNCERTAIN:
            at = evidence.At(session, customer, message, now, work.settings.sending_fingerprint)
            notes += at.taken(_PROVIDERS[incoming.channel], None, "it was answered")
        if incoming.kind is ReplyKind.OPT_OUT:
            notes += mark_unreachable(
                session,
                communication_id=message.id,
                cause=UnreachableCause.OPTED_OUT,
                at=incoming.received_at,
                detail=incoming.sign or "",
                now=now,
            )
    return notes + take_up(session, customer, reply, now, _PROVIDERS[incoming.channel].value)


_PROVIDERS: Final = {Channel.EMAIL: Provider.SENDGRID, Channel.SMS: Provider.TWILIO}


def _returned(work: Work, receipt: Receipt, mail: Mail, whose: Whose) -> None:
    """A delivery report is an event of the message it returns, as the provider's own would be."""
    if whose.communication_id is None:
        return
    told = [
        Told(
            event_id=f"report/{whose.communication_id}/{place}/{failure.status}",
            word="bounce" if failure.permanent else "deferred",
            at=receipt.received_at,
            communication=str(whose.communication_id),
            recipient=failure.recipient,
            detail={
                "type": "bounce" if failure.permanent else "delayed",
                "status": failure.status,
                "reason": presentable(failure.diagnostic, (failure.recipient,)),
            },
        )
        for place, failure in enumerate(mail.failures)
        if failure.action in {"failed", "delayed"}
    ]
    take(work, Provider.SENDGRID, told, receipt.received_at)
