"""The API in front of a world: a real server on a port of its own, and a person who uses it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from sqlmodel import select

from activities.outbox import Courier
from activities.store.api_keys import create_key
from activities.store.engine import transaction
from admin.api.app import create_app
from admin.api.context import Api
from models.messages import CaseView
from models.tables import Invoice
from models.tables.words import ApiRole
from tests.workflows.world import World

MINUTE = timedelta(minutes=1)


@dataclass
class ApiDesk:
    """A manager at the API, and what the cases make of what is told."""

    world: World
    http: httpx.AsyncClient
    app: FastAPI

    def deliver_by(self, courier: Courier) -> None:
        """Let another courier carry what is told from now on."""
        self.app.state.api = replace(self.app.state.api, courier=courier)

    async def ask(self, method: str, path: str, body: object = None, status: int = 201) -> dict[str, Any]:
        """One request about the company, at the world's time, and its answer."""
        await self.world.now()
        answer = await self.http.request(method, f"/v1/companies/acme/{path}", json=body)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def tell(self, number: str, what: str, **body: object) -> dict[str, Any]:
        """A fact about an invoice; its case as the answer tells it."""
        found: dict[str, Any] = (await self.ask("POST", f"invoices/{number}/{what}", body))["case"]
        return found

    async def invoice(self, number: str, due: str, amount: str = "100.00", **more: object) -> None:
        """An invoice of a new customer with a mailbox in accounting, issued a month before it is due."""
        body = {
            "invoice": number,
            "customer": f"C-{number}",
            "debtor": {
                "name": f"Client {number}",
                "accounting_email": f"compta@{number.lower()}.example",
                "executive_email": f"direction@{number.lower()}.example",
                "buyer_phone": "+33612345678",
                "collector_email": "claire@acme.example",
                "sales_rep_email": "sam@acme.example",
            },
            "issued_on": "2026-04-15",
            "due_on": due,
            "amount": amount,
            "currency": "EUR",
            **more,
        }
        await self.ask("POST", "invoices", body)
        with transaction(self.world.engine) as session:
            row = session.exec(select(Invoice).where(Invoice.number == number)).one()
            self.world.invoices[number] = row.id
            self.world.customers[f"C-{number}"] = row.customer_id

    async def status(self, number: str) -> CaseView:
        """What the running case says, once it has taken in what it was told."""
        # Time cannot pass while a workflow task or an activity is under way.
        await self.world.advance_to(await self.world.now() + MINUTE)
        view: CaseView = await self.world.handle(number).query("status", result_type=CaseView)
        return view

    def letters(self, number: str) -> list[str]:
        """Subjects of what reached the customer by e-mail, in order."""
        own = f"compta@{number.lower()}.example"
        return [m.subject or "" for m in self.world.sandbox.messages() if own in m.recipients]


@asynccontextmanager
async def api_desk(it: World) -> AsyncIterator[ApiDesk]:
    """Serve the API over a world's ledger, clock and courier, and sit down at it as a manager."""
    listener = socket.create_server(("127.0.0.1", 0))
    api = Api(it.engine, it.clock, it.courier, it.needs.settings)
    app = create_app(api)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    with transaction(it.engine) as session:
        secret = create_key(
            session,
            name="morning",
            role=ApiRole.MANAGER,
            companies=["acme"],
            expires_at=None,
            now=await it.now(),
            who="test",
        )
    host, port = listener.getsockname()
    headers = {"Authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(base_url=f"http://{host}:{port}", headers=headers, timeout=60) as http:
        try:
            yield ApiDesk(it, http, app)
        finally:
            server.should_exit = True
    await serving
