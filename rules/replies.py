"""What came from a customer, and what follows: a person wrote, a machine answered, an address failed.

A person's answer pauses the whole customer until somebody has read it. What a machine sent by itself (out of
office, receipts, tickets) is kept and shown, and changes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from rules.calendar import BusinessCalendar

PAUSE_DAYS: Final = 5
"""Business days an answer pauses a customer for at most, where its creditor says nothing else."""

REPLY_PAUSE: Final = "reply"
"""What the pause is called outside the ledger."""


class ReplyKind(StrEnum):
    """What came in."""

    ANSWER = "answer"
    """A person wrote: somebody must read it."""
    AUTOMATIC = "automatic"
    """A machine answered by itself: out of office, a receipt, a ticket's number, a list."""
    BOUNCE = "bounce"
    """A mail server says that a message was not delivered, or not yet."""
    OPT_OUT = "opt_out"
    """No more text messages to that number."""
    OWN = "own"
    """One of ours wrote, with the customer in copy or the other way round."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What follows from a kind: whether the customer pauses and a person is asked to read."""

    pauses: bool = False
    asks: bool = False


EFFECTS: Final[Mapping[ReplyKind, Effect]] = {
    ReplyKind.ANSWER: Effect(pauses=True, asks=True),
    ReplyKind.AUTOMATIC: Effect(),
    ReplyKind.BOUNCE: Effect(),
    ReplyKind.OPT_OUT: Effect(),
    ReplyKind.OWN: Effect(),
}


@dataclass(frozen=True, slots=True)
class Traits:
    """What tells a person's mail from a machine's.

    Args:
        headers: the first value of each header, by its name in small letters.
        subject: as it reads, decoded.
        sender: the address in `From`, in small letters.
        content_type: of the whole mail, with its parameters, in small letters.
        null_sender: the envelope's sender is empty, as RFC 5321 has it for what must not be answered.
    """

    headers: Mapping[str, str]
    subject: str = ""
    sender: str = ""
    content_type: str = ""
    null_sender: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A kind, and by which sign it was known (None: by none, so a person wrote)."""

    kind: ReplyKind
    sign: str | None = None


def mail_kind(mail: Traits) -> Found:
    """What a mail is, by its headers first, then by its subject.

    Sources: RFC 3834 (Auto-Submitted), RFC 3464 and 3798 (reports), RFC 2919 and 2369 (lists), and what
    Exchange, Domino, Zimbra and ticket systems are known to add.
    """
    sign = _bounce(mail)
    if sign is not None:
        return Found(ReplyKind.BOUNCE, sign)
    sign = _automatic(mail)
    return Found(ReplyKind.ANSWER) if sign is None else Found(ReplyKind.AUTOMATIC, sign)


def text_kind(body: str, provider_says: str | None = None) -> Found:
    """What a text message is: an opt-out by itself, or an answer.

    Args:
        body: as it came.
        provider_says: Twilio's `OptOutType` (`STOP`, `START`, `HELP`), sent where its own opt-out is set up.
    """
    if (provider_says or "").upper() == "STOP":
        return Found(ReplyKind.OPT_OUT, "OptOutType: STOP")
    words = _plain(body).strip(" .!,;:'\"«»“”-_*\n\r\t")
    if words in _OPT_OUT:
        return Found(ReplyKind.OPT_OUT, words.upper())
    return Found(ReplyKind.ANSWER)


def paused_until(today: date, business_days: int, calendar: BusinessCalendar) -> date:
    """The local day at whose start an answer's pause ends by itself, so many business days after it came.

    Args:
        today: the customer's local day on which it came.
        business_days: as the company set it.
        calendar: the customer's.
    """
    return calendar.add_business_days(today, business_days)


_OPT_OUT: Final = frozenset(
    # Twilio's own words, of which only a message that holds nothing else counts; then those of people here.
    {"stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "optout", "opt out", "revoke"}
    | {"arret", "arrett", "arrete", "arretez", "stop sms", "desabonner", "desabonnement", "desinscrire"}
    | {"desinscription", "se desabonner", "me desabonner", "ne plus recevoir", "stopp", "abmelden"}
    | {"baja", "parar", "cancella", "afmelden", "stop svp", "stop merci", "stop please"}
)

_PRECEDENCE: Final = frozenset({"bulk", "junk", "list", "auto_reply", "auto-reply"})
_TELLING: Final = (
    # Their mere presence says that nobody typed this.
    "x-autoreply",
    "x-auto-reply",
    "x-autoreply-from",
    "x-autorespond",
    "x-autoresponder",
    "x-mail-autoreply",
    "x-vacation",
    "x-zimbra-auto-reply",
    "x-fc-machinegenerated",
    "x-ms-exchange-inbox-rules-loop",
    "x-ebay-mailtracker",
    "auto-submitted-by",
)
_LISTS: Final = ("list-id", "list-unsubscribe", "x-campaign-id", "x-mailer-campaign")
_SUPPRESSED: Final = frozenset({"all", "oof", "autoreply"})

_AWAY: Final = re.compile(
    r"""^(?:auto(?:matic(?:ally\ generated)?)?[\ -]?(?:re(?:ply|sponse)|answer)\b
        | (?:auto|ooo|oof)\s*(?::|\b\ ?-) | ooo$
        | (?:i\ am\ |i'm\ |currently\ )?out\ of\ (?:the\ )?office
        | away\ from\ (?:the\ |my\ )?(?:office|desk)
        | (?:on\ )?(?:annual\ |parental\ |maternity\ )?(?:leave|vacation|holiday)\b
          (?=\W*(?:$|notice|repl|until|from|auto|message))
        | (?:read|not\ read|delivered|received)\s*:
        | reponse\ (?:automatique|d.absence) | message\ (?:automatique|d.absence)
        | (?:notification|avis|notice|reponse)\ d.absence
        | (?:je\ suis\ |actuellement\ )?absente?\ (?:du|de)\ (?:bureau|mon\ bureau)
        | absence\ du\ bureau | (?:je\ suis|actuellement)\ (?:absente?|en\ conges?)
        | absente?\ (?:jusqu|du\ \d|le\ \d)
        | en\ conges?\b(?=\W*(?:$|jusqu|du|annuels?|payes?|maternite|parental))
        | accuse\ de\ reception(?:\ automatique)?\b | (?:lu|non\ lu|remis)\s*:
        | automatische\ (?:antwort|abwesenheit) | abwesenheits?(?:notiz|meldung|nachricht|assistent)?\b
        | abwesend\b | (?:ich\ bin\ )?nicht\ im\ (?:buro|buero|haus) | urlaub\b
        | gelesen\s*: | lesebestatigung
        | respuesta\ automatica | fuera\ de\ (?:la\ )?oficina | leido\s*:
        | risposta\ automatica | fuori\ (?:sede|ufficio) | assente\b | letto\s*:
        | automatisch(?:e)?\ (?:antwoord|beantwoording) | afwezig(?:heid)?\b | niet\ op\ kantoor
        | resposta\ automatica | ausencia\ (?:do|temporaria)\b | fora\ do\ escritorio
    )""",
    re.VERBOSE,
)
_FAILED: Final = re.compile(
    r"""^(?:undeliver(?:able|ed)\b | delivery\ status\ notification
        | mail\ delivery\ (?:failed|failure|subsystem) | returned\ mail | failure\ notice
        | delivery\ (?:failure|has\ failed|delayed)
        | message\ (?:not\ delivered|undeliverable)
        | non\ remis(?:e|able)?\b | message\ non\ (?:remis|distribue|delivre)
        | (?:echec|notification)\ (?:de|d.echec\ de)\ (?:la\ )?(?:remise|livraison|distribution)
        | avis\ de\ non[\ -]remise
        | unzustellbar\b | nicht\ zustellbar | (?:unzustellbare|nicht\ zugestellte)\ (?:nachricht|mail)
        | no\ se\ puede\ entregar | non\ recapitabile | onbestelbaar
    )""",
    re.VERBOSE,
)
_DAEMONS: Final = ("mailer-daemon", "postmaster", "mail-daemon", "maildaemon")


def _bounce(mail: Traits) -> str | None:
    if mail.content_type.startswith("multipart/report") and "delivery-status" in mail.content_type:
        return "multipart/report"
    local = mail.sender.partition("@")[0]
    from_daemon = local in _DAEMONS
    if (from_daemon or mail.null_sender) and _FAILED.match(_plain(mail.subject)):
        return f"subject: {mail.subject[:80]}"
    if from_daemon and "x-failed-recipients" in mail.headers:
        return "X-Failed-Recipients"
    return None


def _automatic(mail: Traits) -> str | None:
    headers = mail.headers
    submitted = _word(headers.get("auto-submitted"))
    if submitted and submitted != "no":
        return f"Auto-Submitted: {submitted}"
    if mail.content_type.startswith("multipart/report"):
        # A receipt (RFC 3798), an abuse report: none of them is an answer.
        return "multipart/report"
    suppressed = {_word(part) for part in headers.get("x-auto-response-suppress", "").split(",")}
    if suppressed & _SUPPRESSED:
        return "X-Auto-Response-Suppress"
    precedence = _word(headers.get("precedence"))
    if precedence in _PRECEDENCE:
        return f"Precedence: {precedence}"
    for name in (*_TELLING, *_LISTS):
        if name in headers:
            return name
    if _word(headers.get("delivered-to")) == "autoresponder":
        return "Delivered-To: autoresponder"
    if "mailbox rules agent" in headers.get("x-ms-exchange-generated-message-source", "").lower():
        return "X-MS-Exchange-Generated-Message-Source"
    if mail.sender.partition("@")[0] in _DAEMONS:
        return f"from {mail.sender.partition('@')[0]}"
    if _AWAY.match(_plain(mail.subject)):
        return f"subject: {mail.subject[:80]}"
    # Last: a person's mail has a sender to return it to, whatever its subject says.
    return "an empty return path" if mail.null_sender else None


def _word(value: str | None) -> str:
    """The first word of a header's value, without its parameters and comments."""
    return re.split(r"[;(\s]", (value or "").strip().lower(), maxsplit=1)[0]


def _plain(text: str) -> str:
    """A short text for comparing: small letters, no accents, one space between words, plain apostrophes."""
    short = unicodedata.normalize("NFKD", text[:400].replace("\u2019", "'"))
    letters = "".join(char for char in short if not unicodedata.combining(char))
    return " ".join(letters.lower().split())
