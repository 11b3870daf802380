"""The desk's part about registered letters and their provider."""

from __future__ import annotations

from activities.providers import registered_mail
from activities.registered_mail import RegisteredPost
from activities.settings import Settings
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from activities.store.registered import RegisteredLine, lines, without_address
from admin.desk import Desk
from models.errors import RelanceError


class PostDesk(Desk):
    """One installation, as the command about registered letters sees it."""

    def registered(self, company: str | None, *, everything: bool) -> list[RegisteredLine]:
        """Letters a provider was given, the latest first: those under way, or all of them."""
        with transaction(self._engine) as session:
            if company is not None:
                company_by_ref(session, company)
            return lines(session, company, everything=everything)

    def post_now(self) -> str:
        """One round, as a worker makes it."""
        settings = Settings.load()
        provider = registered_mail(settings)
        if provider is None:
            raise RelanceError("RELANCE_REGISTERED_DROP: not set; registered letters are posted by people")
        done = RegisteredPost(self._engine, self._clock, self, settings, provider).once()
        with transaction(self._engine) as session:
            lacking = without_address(session)
        return (
            f"{done.handed} handed over, {done.taken_back} kept back, {done.recorded} receipts recorded, "
            f"{done.refused} put aside" + (f"; {lacking} lack a postal address" if lacking else "")
        )
