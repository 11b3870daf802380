"""The ledger's tables. Importing this package registers all of them on `metadata`."""

from typing import Any

from sqlalchemy import DDL, event

from models.tables.bank import BankAccount, BankFile, BankLine, KnownPayer
from models.tables.columns import Table
from models.tables.contacts import (
    Communication,
    CommunicationEvent,
    ContactItem,
    ContactMade,
    Content,
    LetterPosting,
    ProviderAllowance,
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
from models.tables.inbound import UnknownEvent, WebhookReceipt
from models.tables.intake import IntakeMapping
from models.tables.parties import (
    AddressMark,
    ApiKey,
    ApiKeyCompany,
    BankStatementRow,
    Company,
    Contact,
    Customer,
    PaymentDetailsChange,
    Staff,
    WeeklyDigest,
)
from models.tables.rates import ReferenceRate
from models.tables.receivables import DunningCase, Invoice, Owed
from models.tables.registered import RegisteredMailRow, RegisteredReceipt
from models.tables.replies import Reply
from models.tables.suspensions import ClosureRow, SuspensionRow, SuspensionTurn
from models.tables.trials import PolicyTrial, PolicyTrialCustomer
from models.tables.users import ConsoleSession, ConsoleUser, ConsoleUserCompany, SignInFailure
from models.tables.work import (
    Absence,
    AuditEvent,
    CallAttempt,
    CaseEvent,
    IdempotencyRecord,
    Installation,
    OutboxNote,
    PolicyRow,
    Task,
)

metadata = Table.metadata
# Part of every PostgreSQL's contrib, and trusted: whoever may create tables in a database may add it.
_SEARCH: Any = DDL("CREATE EXTENSION IF NOT EXISTS pg_trgm")  # type: ignore[no-untyped-call]
event.listen(metadata, "before_create", _SEARCH)

__all__ = [
    "Absence",
    "AddressMark",
    "ApiKey",
    "ApiKeyCompany",
    "AuditEvent",
    "BankAccount",
    "BankFile",
    "BankLine",
    "BankStatementRow",
    "CallAttempt",
    "CaseEvent",
    "ClaimRow",
    "ClosureRow",
    "Communication",
    "CommunicationEvent",
    "Company",
    "ConsoleSession",
    "ConsoleUser",
    "ConsoleUserCompany",
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
    "IdempotencyRecord",
    "Installation",
    "InstalmentRow",
    "IntakeMapping",
    "Invoice",
    "KnownPayer",
    "LetterPosting",
    "OutboxNote",
    "Owed",
    "PauseRow",
    "PaymentDetailsChange",
    "PaymentRow",
    "PlanRow",
    "PolicyRow",
    "PolicyTrial",
    "PolicyTrialCustomer",
    "ProviderAllowance",
    "ReferenceRate",
    "RegisteredMailRow",
    "RegisteredReceipt",
    "Reply",
    "SignInFailure",
    "Staff",
    "SuspensionRow",
    "SuspensionTurn",
    "Table",
    "Task",
    "UnknownEvent",
    "WebhookReceipt",
    "WeeklyDigest",
    "metadata",
]
