"""The sandbox's own JSON about its voice: where events go, how badly, and what becomes of messages."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ValidationError

from admin.sandbox.api import Cleared
from admin.sandbox.desk import Desk
from admin.sandbox.fates import FateRule, FateSpec
from admin.sandbox.postman import Carried, Manners


class VoiceState(BaseModel):
    """How webhooks are posted, with what key they can be checked, and what was posted so far."""

    manners: Manners
    public_key: str
    counts: Carried


class Happened(BaseModel):
    """To how many recipients it happened."""

    recipients: int


def router(desk: Desk) -> APIRouter:
    """The routes under ``/api/webhooks`` and ``/api/fates``."""
    routes = APIRouter(prefix="/api")
    voice = desk.voice

    @routes.get("/webhooks")
    def read_webhooks() -> VoiceState:
        """Manners, public key and counts."""
        postman = voice.postman
        return VoiceState(manners=postman.manners, public_key=postman.key.public, counts=postman.counts())

    @routes.patch("/webhooks")
    def change_webhooks(changes: dict[str, Any]) -> Manners:
        """Change some of the manners; the names are those of ``manners``."""
        try:
            return voice.behave(**changes)
        except ValidationError as error:
            raise HTTPException(422, error.errors(include_url=False, include_context=False)) from None

    @routes.post("/fates", status_code=201)
    def add_fate(spec: FateSpec) -> FateRule:
        """Put a rule in force, behind the ones already there."""
        return voice.fates.add(spec)

    @routes.get("/fates")
    def list_fates() -> list[FateRule]:
        """The rules in force."""
        return list(voice.fates.rules())

    @routes.delete("/fates")
    def clear_fates() -> Cleared:
        """Lift every rule."""
        return Cleared(removed=voice.fates.clear())

    @routes.delete("/fates/{rule_id}")
    def clear_fate(rule_id: int) -> Cleared:
        """Lift one rule."""
        removed = voice.fates.clear(rule_id)
        if not removed:
            raise HTTPException(404, f"no fate {rule_id}")
        return Cleared(removed=removed)

    @routes.post("/messages/{message_id}/fate")
    def let_happen(message_id: int, spec: FateSpec, recipient: str | None = None) -> Happened:
        """Let something happen to a message that was taken: a spam report days later, say."""
        message = desk.store.get(message_id)
        if message is None:
            raise HTTPException(404, f"no message {message_id}")
        try:
            return Happened(recipients=voice.happen(message, spec, recipient))
        except ValueError as error:
            raise HTTPException(409, str(error)) from None

    return routes
