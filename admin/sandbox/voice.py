"""The provider's voice: what it tells of the messages it took, and of what a person makes happen to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from admin.sandbox.fates import POSSIBLE, Fate, FateBoard, FateSpec
from admin.sandbox.happenings import mail_events, sms_statuses
from admin.sandbox.models import Channel, SandboxMessage
from admin.sandbox.postman import Manners, Postman, Status
from admin.sandbox.signing import EventKey

_MOST_TOKENS = 1000


class Voice:
    """Tells about messages by webhook; safe to use from any thread."""

    def __init__(self, key: EventKey | None = None, manners: Manners | None = None) -> None:
        self.fates = FateBoard()
        self.postman = Postman(key or EventKey(), manners)
        self._tokens: dict[str, str] = {}

    @property
    def manners(self) -> Manners:
        """How, and whether, it is told."""
        return self.postman.manners

    def behave(self, **changes: Any) -> Manners:
        """Change some of the manners. Raises ``ValueError`` for what they cannot be."""
        manners = Manners.model_validate({**self.manners.model_dump(), **changes})
        self.postman.behave(manners)
        return manners

    def know(self, account: str | None, token: str) -> None:
        """Remember the token an account has come with: its callbacks are signed with it."""
        if account is not None and (account in self._tokens or len(self._tokens) < _MOST_TOKENS):
            self._tokens[account] = token

    def taken(self, messages: Sequence[SandboxMessage]) -> None:
        """Messages were taken, whatever their sender was told: what becomes of them is told."""
        if self.manners.event_url is None or not self.manners.automatic:
            return
        for message in messages:
            for recipient in message.recipients:
                self._tell(message, recipient, self.fates.take(message.channel, recipient), last_only=False)

    def happen(self, message: SandboxMessage, spec: FateSpec, recipient: str | None = None) -> int:
        """Let something happen to a message that was taken before; how many recipients it happened to.

        Args:
            message: one that was taken.
            spec: what happens; only the event with which it ends is told.
            recipient: one of its addresses; all of them when left out.

        Raises:
            ValueError: the message was not taken, has no such recipient, or cannot meet that fate, or
                nobody is to be told.
        """
        if not message.accepted:
            raise ValueError(f"message {message.id} was not taken")
        if spec.fate not in POSSIBLE[message.channel] or spec.fate is Fate.SILENT:
            raise ValueError(f"{spec.fate} does not happen to an {message.channel}")
        if self.manners.event_url is None:
            raise ValueError("no event_url is set: there is nobody to tell")
        concerned = [who for who in message.recipients if recipient in (None, who)]
        if not concerned:
            raise ValueError(f"message {message.id} did not go to {recipient}")
        for who in concerned:
            self._tell(message, who, spec, last_only=True)
        return len(concerned)

    def _tell(self, message: SandboxMessage, recipient: str, spec: FateSpec, *, last_only: bool) -> None:
        now = datetime.now(UTC)
        if message.channel is Channel.EMAIL:
            self.postman.tell(mail_events(message, recipient, spec, now, last_only=last_only))
        elif message.status_callback is not None:
            token = self._tokens.get(message.account or "", "")
            forms = sms_statuses(message, spec, now, last_only=last_only)
            self.postman.tell([Status(message.status_callback, form, token) for form in forms])
