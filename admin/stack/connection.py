"""How our own processes find the installation: the environment, else the local stack in the data folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from admin.stack.datafolder import DataFolder, read_json, write_private

STACK_FILE = "stack.json"
_REAL_PROVIDERS = ("SENDGRID_API_KEY", "TWILIO_ACCOUNT_SID")

SANDBOX_ACCOUNT = "AC" + "5a" * 16
SANDBOX_SENDER = "+33700000000"


def remember_stack(folder: DataFolder, variables: Mapping[str, str]) -> None:
    """Keep the local stack's variables where `find_installation` looks; readable by their owner alone."""
    write_private(folder.run / STACK_FILE, json.dumps(dict(variables), indent=2) + "\n")


def find_installation(folder: DataFolder | None = None) -> bool:
    """Fill this process's environment from the local stack, where nothing was set; whether one was found.

    Variables that are set go first; with the `RELANCE_DATABASE_URL` of another ledger, the local stack is
    left alone.
    """
    given = os.environ.get("RELANCE_DATABASE_URL")
    known = read_json((folder or DataFolder.locate()).run / STACK_FILE)
    if known is None or given not in (None, known.get("RELANCE_DATABASE_URL")):
        return given is not None
    for name, value in known.items():
        os.environ.setdefault(name, str(value))
    return True


def sandbox_variables(url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Provider settings that aim at the sandbox; none when a real provider is set up.

    With the sandbox, sending is live (nothing can reach a debtor); with a real provider it stays off until
    somebody says otherwise.
    """
    if any(name in environ for name in _REAL_PROVIDERS):
        return {}
    return {
        "SENDGRID_API_KEY": "SG.sandbox",
        "SENDGRID_HOST": url,
        "TWILIO_ACCOUNT_SID": SANDBOX_ACCOUNT,
        "TWILIO_AUTH_TOKEN": "sandbox",
        "TWILIO_FROM": SANDBOX_SENDER,
        "TWILIO_BASE_URL": url,
        # Nobody is at the other end who could complain of haste.
        "RELANCE_EMAIL_PER_SECOND": environ.get("RELANCE_EMAIL_PER_SECOND", "unlimited"),
        "RELANCE_SMS_PER_SECOND": environ.get("RELANCE_SMS_PER_SECOND", "unlimited"),
        "RELANCE_SANDBOX_URL": url,
        "RELANCE_SENDING": environ.get("RELANCE_SENDING", "live"),
    }
