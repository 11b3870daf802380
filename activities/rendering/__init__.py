"""What people read: e-mails, text messages, letters, call sheets, in the reader's language.

The public face is here: the facts a message needs (:mod:`.context`) and the functions that write it
(:mod:`.render`). Nothing in this package knows the database, the providers or the clock.
"""

from activities.rendering.colleagues import Digest, LateCustomer, LateItem, RepQuestion, added_up
from activities.rendering.context import (
    Callee,
    CallFacts,
    Credit,
    Creditor,
    Debtor,
    DetailsChanged,
    HoldNotice,
    Line,
    Message,
    PaidItem,
    PastContact,
    PastPromise,
    Recipient,
    ReplyCopy,
    Section,
    Signatory,
    Tone,
)
from activities.rendering.gsm7 import SmsText, sms_segments, to_gsm7
from activities.rendering.render import (
    LOCALES,
    TEMPLATES,
    Kind,
    Rendered,
    RenderError,
    locale_for,
    render,
    render_call_sheet,
    render_sms,
    templates_for,
)

__all__ = [
    "LOCALES",
    "TEMPLATES",
    "CallFacts",
    "Callee",
    "Credit",
    "Creditor",
    "Debtor",
    "DetailsChanged",
    "Digest",
    "HoldNotice",
    "Kind",
    "LateCustomer",
    "LateItem",
    "Line",
    "Message",
    "PaidItem",
    "PastContact",
    "PastPromise",
    "Recipient",
    "RenderError",
    "Rendered",
    "RepQuestion",
    "ReplyCopy",
    "Section",
    "Signatory",
    "SmsText",
    "Tone",
    "added_up",
    "locale_for",
    "render",
    "render_call_sheet",
    "render_sms",
    "sms_segments",
    "templates_for",
    "to_gsm7",
]
