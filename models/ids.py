"""Names that must be spelt one way only: workflow ids, keys, search attributes, workflows, signals."""

from __future__ import annotations

import base64
import hashlib
from enum import StrEnum
from urllib.parse import quote
from uuid import UUID

CASE_WORKFLOW = "InvoiceCase"
OUTREACH_WORKFLOW = "CustomerOutreach"
NOTICES_WORKFLOW = "CompanyNotices"
BANK_IMPORT_WORKFLOW = "BankImport"
POLICY_TRIAL_WORKFLOW = "PolicyTrial"
TASK_QUEUE = "relance"
START_NOTE = "start"
"""Signal name of a note that only starts its workflow."""
STATUS_QUERY = "status"

_REPLY = "r+"
_TOKEN_LENGTH = 26


class CaseSignal(StrEnum):
    """Signals of `InvoiceCase`. Add only; a name is never given another meaning."""

    PAYMENT_RECEIVED = "payment_received"
    PAYMENT_REVERSED = "payment_reversed"
    PAYMENT_CLAIMED = "payment_claimed"
    CREDIT_NOTE_ISSUED = "credit_note_issued"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_RESOLVED = "dispute_resolved"
    PAYMENT_PLAN_AGREED = "payment_plan_agreed"
    PAYMENT_PLAN_CANCELLED = "payment_plan_cancelled"
    DELIVERY_HOLD_PLACED = "delivery_hold_placed"
    DELIVERY_HOLD_RELEASED = "delivery_hold_released"
    PAUSED = "paused"
    RESUMED = "resumed"
    INVOICE_CHANGED = "invoice_changed"
    POLICY_CHANGED = "policy_changed"
    INSOLVENCY_OPENED = "insolvency_opened"
    TASK_COMPLETED = "task_completed"
    CONTACT_CONCLUDED = "contact_concluded"
    CLOSED = "closed"
    FACT_WITHDRAWN = "fact_withdrawn"


class OutreachSignal(StrEnum):
    """Signals of `CustomerOutreach`."""

    NUDGED = "nudged"


class NoticesSignal(StrEnum):
    """Signals of `CompanyNotices`."""

    NUDGED = "nudged"


class SearchAttribute(StrEnum):
    """Search attributes of a case, with the type Temporal registers them under."""

    CASE_STAGE = "CaseStage"
    COMPANY_REF = "CompanyRef"
    CUSTOMER_REF = "CustomerRef"
    CURRENCY = "Currency"
    OUTSTANDING = "Outstanding"
    DUE_DATE = "DueDate"
    NEXT_ACTION_AT = "NextActionAt"
    PAUSED_BY = "PausedBy"
    POLICY = "Policy"


SEARCH_ATTRIBUTE_TYPES: dict[str, str] = {
    SearchAttribute.CASE_STAGE: "Keyword",
    SearchAttribute.COMPANY_REF: "Keyword",
    SearchAttribute.CUSTOMER_REF: "Keyword",
    SearchAttribute.CURRENCY: "Keyword",
    SearchAttribute.OUTSTANDING: "Double",
    SearchAttribute.DUE_DATE: "Datetime",
    SearchAttribute.NEXT_ACTION_AT: "Datetime",
    SearchAttribute.PAUSED_BY: "Keyword",
    SearchAttribute.POLICY: "Keyword",
}


def _part(text: str) -> str:
    return quote(text, safe="")


def case_id(company: str, number: str) -> str:
    """Workflow id of an invoice's case; both parts are percent-encoded, so `/` in a number is safe."""
    return f"invoice/{_part(company)}/{_part(number)}"


def outreach_id(customer: UUID) -> str:
    """Workflow id of a customer's outreach; the customer is opaque there (no personal data)."""
    return f"outreach/{customer}"


def notices_id(company: UUID) -> str:
    """Workflow id of the telling of a company's own people."""
    return f"notices/{company}"


def bank_import_id(company: str, content_hash: str) -> str:
    """Workflow id of the import of a bank file, by the SHA-256 of its bytes."""
    return f"bank-import/{_part(company)}/{content_hash}"


def policy_trial_id(trial: UUID) -> str:
    """Workflow id of the trial of a changed policy on a whole portfolio."""
    return f"policy-trial/{trial}"


def reply_address(domain: str, communication: UUID) -> str:
    """The address that answers to one message go to. Whoever has the message can write to it: it identifies
    the message, and proves nothing about the writer."""
    token = base64.b32encode(communication.bytes).decode().rstrip("=").lower()
    return f"{_REPLY}{token}@{domain}"


def replied_to(address: str, domain: str) -> UUID | None:
    """The message whose reply address this is; None where it is none of ours."""
    local, _, host = address.lower().rpartition("@")
    token = local.removeprefix(_REPLY)
    if host != domain.lower() or token == local or len(token) != _TOKEN_LENGTH:
        return None
    try:
        return UUID(bytes=base64.b32decode(f"{token.upper()}======"))
    except ValueError:
        return None


def event_hash(kind: str, subject: str, payload: str) -> str:
    """Event id that stands in when a fact came without one: the same fact told twice has the same."""
    return "sha256:" + hashlib.sha256(f"{kind}\n{subject}\n{payload}".encode()).hexdigest()
