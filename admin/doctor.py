"""`relance doctor`: what is missing or late, and what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from temporalio.client import Client
from temporalio.service import RPCError

from activities.clock import Clock
from activities.logs import VERSION
from activities.providers import Providers, SettingMissing
from activities.settings import Sending, SettingInvalid, Settings
from admin.doctor_ledger import look_at_ledger
from admin.findings import Finding, Mark
from admin.stack.up import POLL, pollers
from models.errors import Unreachable
from workflows.namespace import how_to_create, missing_search_attributes
from workflows.runtime import connect


def examine() -> list[Finding]:
    """Look at everything that can be looked at; never raises for what it finds broken."""
    try:
        settings = Settings.load()
    except SettingInvalid as error:
        return [
            Finding(Mark.BAD, "settings", line, "correct the variable") for line in str(error).splitlines()
        ]
    version = Finding(Mark.GOOD, "version", f"Relance {VERSION}")
    return [version, *_providers(settings), *look_at_ledger(settings), *_temporal()]


def _providers(settings: Settings) -> Iterator[Finding]:
    try:
        providers = Providers.of(settings)
    except SettingMissing as error:
        yield Finding(Mark.BAD, "providers", str(error), "set it, or RELANCE_SENDING=off")
        return
    for name, found, variables in (
        ("e-mail", providers.email, "SENDGRID_API_KEY"),
        ("SMS", providers.sms, "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM"),
    ):
        where = " (sandbox)" if settings.sandbox_url else ""
        if found is not None:
            yield Finding(Mark.GOOD, name, f"set up{where}")
        else:
            yield Finding(Mark.NOTE, name, "not set up", f"set {variables}")
    words = {
        Sending.OFF: "off: decides and renders, nothing leaves",
        Sending.ALLOWLIST: f"allowlist: only to {', '.join(settings.allowlist) or 'nobody'}",
        Sending.LIVE: "live",
    }
    mark = Mark.GOOD if settings.sending is Sending.LIVE else Mark.NOTE
    yield Finding(
        mark, "sending", words[settings.sending], "" if mark is Mark.GOOD else "RELANCE_SENDING=live"
    )


def _temporal() -> list[Finding]:
    try:
        return asyncio.run(_ask_temporal())
    except (RPCError, Unreachable) as error:
        reason = str(error).splitlines()[0]
        return [
            Finding(Mark.BAD, "Temporal", f"does not answer: {reason}", "start it, or set TEMPORAL_ADDRESS")
        ]


async def _ask_temporal() -> list[Finding]:
    client = await connect()
    findings = [await _search_attributes(client)]
    workers = await pollers(Clock().wall() - POLL)
    if workers:
        findings.append(Finding(Mark.GOOD, "workers", f"{workers} polling"))
    else:
        findings.append(Finding(Mark.BAD, "workers", "none is polling", "run `python worker.py`"))
    return findings


async def _search_attributes(client: Client) -> Finding:
    try:
        missing = await missing_search_attributes(client)
    except RPCError as error:
        says = f"answers, but its search attributes cannot be listed ({error.status.name})"
        return Finding(Mark.NOTE, "Temporal", says, "look in its UI, or run doctor with another key")
    if missing:
        command = how_to_create(missing, client.namespace, client.service_client.config.target_host)
        return Finding(Mark.BAD, "Temporal", f"search attributes missing: {', '.join(missing)}", command)
    return Finding(Mark.GOOD, "Temporal", f"answers, search attributes registered in {client.namespace}")
