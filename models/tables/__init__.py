"""The ledger's tables. Importing this package registers all of them on `metadata`."""

from models.tables.columns import Table
from models.tables.contacts import (
    Communication,
    CommunicationEvent,
    ContactItem,
    ContactMade,
    Content,
    LetterPosting,
)
from models.tables.facts import (
    ClaimRow,
    CreditNoteRow,
    DisputeRow,
    FactRow,
    HoldInvoiceRow,
    HoldRow,
    InstalmentRow,
    PauseRow,
    PaymentRow,
    PlanRow,
)
from models.tables.parties import ApiKey, Company, Contact, Customer, Staff
from models.tables.receivables import DunningCase, Invoice
from models.tables.work import AuditEvent, CaseEvent, Installation, OutboxNote, PolicyRow, Task

metadata = Table.metadata

__all__ = [
    "ApiKey",
    "AuditEvent",
    "CaseEvent",
    "ClaimRow",
    "Communication",
    "CommunicationEvent",
    "Company",
    "Contact",
    "ContactItem",
    "ContactMade",
    "Content",
    "CreditNoteRow",
    "Customer",
    "DisputeRow",
    "DunningCase",
    "FactRow",
    "HoldInvoiceRow",
    "HoldRow",
    "Installation",
    "InstalmentRow",
    "Invoice",
    "LetterPosting",
    "OutboxNote",
    "PauseRow",
    "PaymentRow",
    "PlanRow",
    "PolicyRow",
    "Staff",
    "Table",
    "Task",
    "metadata",
]
