"""Our own people in the world: who founds the company, and a manager who approves every letter."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.store.engine import transaction
from activities.store.policies import ensure_builtin
from models.tables import Company, Staff
from policies import builtin_policy_texts

if TYPE_CHECKING:
    from tests.workflows.world import World


class ApproveAtOnce(Interceptor):
    """Plays a manager who approves every letter the instant it is composed."""

    def __init__(self, world: World) -> None:
        self._world = world

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Look for approvals after each preparation."""
        return _ApproveAtOnce(next, self._world)


class _ApproveAtOnce(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, world: World) -> None:
        super().__init__(next)
        self._world = world

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        result = await super().execute_activity(input)
        if self._world.approve_at_once and activity.info().activity_type == "prepare_contact":
            now = self._world.clock.business(input.args[0].now)
            notes = await asyncio.to_thread(self._world.approve_open, now)
            await self._world.courier.deliver_async(notes)
        return result


def found(it: World, now: datetime) -> None:
    """A company with its manager and a collector, and the built-in policies."""
    with transaction(it.engine) as session:
        it.versions = ensure_builtin(session, builtin_policy_texts(), now)
        session.add(
            Company(
                id=it.company_id,
                ref="acme",
                name="Acme",
                legal_name="Acme SAS",
                country="FR",
                email="compta@acme.example",
                phone="+33145678901",
                iban="FR7630006000011234567890189",
                signatory_name="Margot Manager",
                signatory_email="manager@acme.example",
                signatory_phone="+33145678900",
            )
        )
        session.add(
            Staff(
                id=uuid4(),
                email="claire@acme.example",
                name="Claire Martin",
                title="Chargée de recouvrement",
                phone="+33145678902",
                role="collector",
            )
        )
