"""The sandbox's own JSON: what it got, how much, and the faults to play."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import AwareDatetime, BaseModel

from admin.sandbox.desk import Desk
from admin.sandbox.models import Channel, Counts, FaultRule, FaultSpec, Provider, SandboxMessage
from admin.sandbox.store import MessageFilter


class MessageList(BaseModel):
    """Messages, newest first unless asked otherwise; ``next_before`` reads on (newest first only)."""

    messages: list[SandboxMessage]
    total: int
    next_before: int | None


class Cleared(BaseModel):
    """How many were removed."""

    removed: int


def router(desk: Desk) -> APIRouter:
    """The routes under ``/api``."""
    routes = APIRouter(prefix="/api")

    @routes.get("/messages")
    def list_messages(  # noqa: PLR0913, PLR0917 - one parameter for each filter; HTTP names them all
        channel: Channel | None = None,
        provider: Provider | None = None,
        to: str | None = None,
        q: str | None = None,
        accepted: bool | None = None,
        customer: str | None = None,
        company: str | None = None,
        communication: str | None = None,
        provider_id: str | None = None,
        since: AwareDatetime | None = None,
        before: int | None = None,
        after: int | None = None,
        order: Annotated[str, Query(pattern="^(newest|oldest)$")] = "newest",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> MessageList:
        """Messages that match every filter given; ``since`` is an ISO 8601 instant with its offset."""
        wanted = MessageFilter(
            channel=channel,
            provider=provider,
            to=to,
            text=q,
            accepted=accepted,
            customer=customer,
            company=company,
            communication=communication,
            provider_id=provider_id,
            since=since,
            before_id=before,
            after_id=after,
        )
        newest = order == "newest"
        found = desk.store.find(wanted, newest_first=newest, limit=limit + 1)
        shown = found[:limit]
        more = newest and len(found) > limit
        total = desk.store.count(wanted)
        return MessageList(messages=shown, total=total, next_before=shown[-1].id if more else None)

    @routes.get("/messages/{message_id}")
    def get_message(message_id: int) -> SandboxMessage:
        """One message with the raw request it came in."""
        message = desk.store.get(message_id)
        if message is None:
            raise HTTPException(404, f"no message {message_id}")
        return message

    @routes.delete("/messages")
    def clear_messages() -> Cleared:
        """Empty the inbox."""
        return Cleared(removed=desk.store.clear())

    @routes.get("/counts")
    def counts() -> Counts:
        """The figures of the whole inbox, and how many requests to send are still unanswered."""
        return desk.store.counts().model_copy(update={"unanswered": desk.unanswered})

    @routes.post("/faults", status_code=201)
    def add_fault(spec: FaultSpec) -> FaultRule:
        """Put a fault in force, behind the ones already there."""
        return desk.faults.add(spec)

    @routes.get("/faults")
    def list_faults() -> list[FaultRule]:
        """The faults in force."""
        return list(desk.faults.rules())

    @routes.delete("/faults")
    def clear_faults() -> Cleared:
        """Lift every fault; what they keep waiting goes on at once."""
        return Cleared(removed=desk.faults.clear())

    @routes.delete("/faults/{rule_id}")
    def clear_fault(rule_id: int) -> Cleared:
        """Lift one fault."""
        removed = desk.faults.clear(rule_id)
        if not removed:
            raise HTTPException(404, f"no fault {rule_id}")
        return Cleared(removed=removed)

    return routes
