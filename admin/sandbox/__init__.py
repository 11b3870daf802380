"""A provider that speaks SendGrid's and Twilio's HTTP, keeps what it gets, shows it, and fails on demand."""

from admin.sandbox.fates import Fate, FateRule, FateSpec
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
from admin.sandbox.postman import Carried, Manners
from admin.sandbox.server import SandboxServer, create_app
from admin.sandbox.signing import EventKey
from admin.sandbox.store import MessageFilter, MessageStore
from admin.sandbox.voice import Voice

__all__ = [
    "Address",
    "Answer",
    "Attachment",
    "Carried",
    "Channel",
    "EventKey",
    "Fate",
    "FateRule",
    "FateSpec",
    "FaultBoard",
    "FaultMode",
    "FaultRule",
    "FaultSpec",
    "Manners",
    "MessageFilter",
    "MessageStore",
    "Provider",
    "SandboxMessage",
    "SandboxServer",
    "Voice",
    "create_app",
]
