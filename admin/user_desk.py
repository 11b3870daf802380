"""What the command line does with people of the console, one method a command."""

from __future__ import annotations

from collections.abc import Sequence

from activities.installation import who_runs
from activities.store import users
from activities.store.engine import transaction
from admin.desk import Desk
from models.tables.words import ApiRole


class UserDesk(Desk):
    """One installation, as the commands about users see it."""

    def add(
        self,
        email: str,
        name: str,
        password: str,
        role: ApiRole,
        companies: Sequence[str] | None,
        language: str,
    ) -> str:
        """Make a user; how they sign in.

        Raises:
            Conflict: the e-mail has a user.
            InvalidFact: a value that cannot be.
            NotFound: an unknown company.
        """
        with transaction(self._engine) as session:
            user = users.add_user(
                session,
                email=email,
                name=name,
                password=password,
                role=role,
                companies=companies,
                language=language,
                now=self._clock.now(),
                who=who_runs(),
            )
            return f"{user.email}: {user.role}; they sign in at /console of the API's address"

    def password(self, email: str, password: str) -> None:
        """Give a user another password, and end their sessions; NotFound, InvalidFact."""
        with transaction(self._engine) as session:
            users.set_password(session, email, password, self._clock.now(), who_runs())

    def disable(self, email: str) -> bool:
        """Let a user in no more; False: they were disabled already."""
        with transaction(self._engine) as session:
            return users.disable_user(session, email, self._clock.now(), who_runs())

    def rows(self) -> list[tuple[str, str, str, str, str, str]]:
        """The users: e-mail, name, role, companies, language, since when disabled."""
        with transaction(self._engine) as session:
            return [
                (
                    user.email,
                    user.name,
                    user.role,
                    "all" if user.all_companies else ", ".join(companies),
                    user.language,
                    str(user.disabled_at.date()) if user.disabled_at else "",
                )
                for user, companies in users.list_users(session)
            ]
