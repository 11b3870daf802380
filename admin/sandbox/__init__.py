"""A provider that speaks SendGrid's and Twilio's HTTP, keeps what it gets, shows it, and fails on demand."""

from admin.sandbox.faults import FaultBoard
from admin.sandbox.models import (
    Address,
    Answer,
    Attachment,
    Channel,
    FaultMode,
    FaultRule,
    FaultSpec,
    Provider,
    SandboxMessage,
)
from admin.sandbox.server import SandboxServer, create_app
from admin.sandbox.store import MessageFilter, MessageStore

__all__ = [
    "Address",
    "Answer",
    "Attachment",
    "Channel",
    "FaultBoard",
    "FaultMode",
    "FaultRule",
    "FaultSpec",
    "MessageFilter",
    "MessageStore",
    "Provider",
    "SandboxMessage",
    "SandboxServer",
    "create_app",
]
