"""The words that status columns may hold. Each is a CHECK in the database: add here and in a migration."""

from enum import StrEnum

from rules.recipients import UnreachableCause as UnreachableCause  # noqa: PLC0414 (a word of columns too)


class PhoneKind(StrEnum):
    """What can be done with a number: an SMS reaches only a mobile."""

    MOBILE = "mobile"
    FIXED = "fixed"
    OTHER = "other"


class ContactStatus(StrEnum):
    """Life of a contact made (or meant to be made) with a customer."""

    DRAFT = "draft"
    APPROVED = "approved"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    WITHHELD = "withheld"
    WITHDRAWN = "withdrawn"
    STALE = "stale"
    BY_HAND = "by_hand"
    OPENING = "opening"
    """Made by another tool before the case came here."""


class CommunicationStatus(StrEnum):
    """Life of one message."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    WITHHELD = "withheld"
    WITHDRAWN = "withdrawn"


class Audience(StrEnum):
    """Who reads a message."""

    DEBTOR = "debtor"
    INTERNAL = "internal"


class SmsEncoding(StrEnum):
    """The alphabet an SMS is sent in: one letter outside GSM 7-bit takes the whole text to UCS-2."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


class DetailsChange(StrEnum):
    """Life of a change of bank details: one person asks, another approves, time applies it."""

    ASKED = "asked"
    APPROVED = "approved"
    APPLIED = "applied"
    CANCELLED = "cancelled"


class LetterOutcome(StrEnum):
    """What became of a registered letter."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    UNCLAIMED = "unclaimed"
    RETURNED = "returned"


class RegisteredState(StrEnum):
    """Where a registered letter stands between us and a provider."""

    STAGED = "staged"
    """With the provider, or about to be: after a crash the provider's place says which."""
    HANDED = "handed"
    TAKEN_BACK = "taken_back"
    """It must not leave any more: what it quotes changed, or a person posted it."""


class TaskStatus(StrEnum):
    """Life of a task."""

    OPEN = "open"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class TaskKind(StrEnum):
    """What a person is asked to do. No CHECK holds this list, so that a new kind needs no migration."""

    PHONE_CALL = "phone_call"
    CALL_OVERDUE = "call_overdue"
    NOTICE_CALL = "notice_call"
    APPROVAL = "approval"
    REGISTERED_LETTER = "registered_letter"
    NOTICE_COPY = "notice_copy"
    DECISION = "decision"
    FIND_CONTACT = "find_contact"
    FIND_ADDRESS = "find_address"
    DELIVERY_FAILED = "delivery_failed"
    UNCERTAIN_MESSAGE = "uncertain_message"
    POSSIBLE_DOUBLE = "possible_double"
    DISPUTE = "dispute"
    BROKEN_PROMISE = "broken_promise"
    CLAIM_NOT_FOUND = "claim_not_found"
    CLAIM_FILING = "claim_filing"
    OVERPAYMENT = "overpayment"
    HOLD_PROPOSAL = "hold_proposal"
    POLICY_REVIEW = "policy_review"
    REJECTED_FACT = "rejected_fact"
    SEND_COPY = "send_copy"
    REPLY = "reply"
    BANK_FILE = "bank_file"
    BANK_LINE = "bank_line"
    """A payment that may be of several invoices, or of none that is known."""
    REFERENCE_RATE = "reference_rate"
    BANK_RETURN = "bank_return"
    """Money went back, and it is not certain whose payment it was."""
    SALES_VETO = "sales_veto"
    """May a step leave? The sales representative may hold it up."""
    SALES_VETOED = "sales_vetoed"
    """They do: the credit manager is to know."""


LAPSES_WITH_CASE: tuple[TaskKind, ...] = tuple(
    kind
    for kind in TaskKind
    if kind
    not in (
        TaskKind.OVERPAYMENT,
        TaskKind.UNCERTAIN_MESSAGE,
        TaskKind.POSSIBLE_DOUBLE,
        TaskKind.REJECTED_FACT,
        TaskKind.CLAIM_FILING,
        TaskKind.REPLY,
        TaskKind.BANK_FILE,
        TaskKind.BANK_LINE,
        TaskKind.REFERENCE_RATE,
        TaskKind.BANK_RETURN,
    )
)
"""Kinds without an object once their case is closed; the others outlive it: money to give back, a message to
clear up, a claim to file, an answer to read."""


class ApiRole(StrEnum):
    """What a key may do, weakest first: look; work the cases; also steer, approve and set up."""

    VIEWER = "viewer"
    COLLECTOR = "collector"
    MANAGER = "manager"


class Provider(StrEnum):
    """Who carries our messages, and tells us of them."""

    SENDGRID = "sendgrid"
    TWILIO = "twilio"


class ReceiptKind(StrEnum):
    """What a provider's post is about."""

    EVENTS = "events"
    """What became of e-mails, many in one post."""
    STATUS = "status"
    """What became of one SMS."""
    INBOUND_MAIL = "inbound_mail"
    INBOUND_SMS = "inbound_sms"


class ReceiptState(StrEnum):
    """Life of a provider's post in the ledger."""

    NEW = "new"
    DONE = "done"
    REFUSED = "refused"
    """Tried too often: a person must look."""


class ReplyState(StrEnum):
    """Whether it is known whose reply it is."""

    MATCHED = "matched"
    UNMATCHED = "unmatched"
    DISMISSED = "dismissed"
    """A person says that it is nobody's, or that nothing follows from it."""


class MatchedBy(StrEnum):
    """How the customer of a reply was found, the surest way first."""

    TOKEN = "token"  # noqa: S105 (a word, not a password)
    """It went to the address of one of our messages."""
    THREAD = "thread"
    """It names the message it answers; a text message, by the last one we sent to that number."""
    SENDER = "sender"
    """Its sender is a contact of one customer alone."""
    PERSON = "person"
    """Somebody said so."""


class NoteTo(StrEnum):
    """Which workflow an outbox note is for."""

    CASE = "case"
    OUTREACH = "outreach"
    NOTICES = "notices"
    BANK_IMPORT = "bank_import"
    POLICY_TRIAL = "policy_trial"


class TrialState(StrEnum):
    """Life of a policy's trial on a whole portfolio: it goes on until every customer was looked at."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class BankDirection(StrEnum):
    """Which way the money of a bank line went."""

    IN = "in"
    OUT = "out"


class BankFileState(StrEnum):
    """Life of a bank file: its lines are stored at once or not at all, then matched."""

    RECEIVED = "received"
    STORED = "stored"
    DONE = "done"
    REFUSED = "refused"


class BankLineState(StrEnum):
    """What became of a bank line."""

    NEW = "new"
    BOOKED = "booked"
    PROPOSED = "proposed"
    """A person is asked which invoices it pays."""
    UNALLOCATED = "unallocated"
    IGNORED = "ignored"
    """It is nothing a debtor paid; its reason says what it is."""
    RETURNED = "returned"
    """The bank took it back, or it is the taking back itself."""


class DisputeCause(StrEnum):
    """Why a customer contests an amount, or says why it is late."""

    NOT_RECEIVED = "not_received"
    ORDER_NUMBER_MISSING = "order_number_missing"
    WRONG_ENTITY = "wrong_entity"
    PRICE = "price"
    QUANTITY = "quantity"
    QUALITY = "quality"
    CREDIT_NOTE_DUE = "credit_note_due"
    NOT_APPROVED = "not_approved"
    PAYMENT_RUN = "payment_run"
    CASH_DIFFICULTY = "cash_difficulty"
    OVERSIGHT = "oversight"
    OTHER = "other"


class CallOutcome(StrEnum):
    """What came of a telephone call."""

    PROMISE = "promise"
    CLAIMED_PAID = "claimed_paid"
    PAID = "paid"
    DISPUTE = "dispute"
    REACHED = "reached"
    """Spoke to somebody, nothing agreed."""
    NO_ANSWER = "no_answer"
    VOICEMAIL = "voicemail"
    CALL_BACK = "call_back"
    WRONG_NUMBER = "wrong_number"
    SEND_COPY = "send_copy"
    CONTACT_CHANGED = "contact_changed"
