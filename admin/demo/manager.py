"""The credit manager of the demonstration, who signs in to its console."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Engine
from sqlmodel import select

from activities.installation import who_runs
from activities.store.engine import transaction
from activities.store.users import add_user
from admin.stack.datafolder import DataFolder, kept_secret
from models.tables import ConsoleUser
from models.tables.words import ApiRole

PASSWORD_FILE: Final = "console-password"  # noqa: S105 - the name of a file
EMAIL: Final = "helene.faure@ateliers-brunet.example"


def manager_password(engine: Engine, folder: DataFolder, now: datetime) -> str:
    """Her password, invented at the first start of a demonstration and kept in its folder.

    Args:
        engine: of the ledger.
        folder: the demonstration's.
        now: business time.
    """
    password = kept_secret(folder.run / PASSWORD_FILE)
    with transaction(engine) as session:
        if session.exec(select(ConsoleUser.id).where(ConsoleUser.email == EMAIL)).one_or_none() is None:
            add_user(
                session,
                email=EMAIL,
                name="Hélène Faure",
                password=password,
                role=ApiRole.MANAGER,
                # A policy holds for every company: who may publish one is a manager of all.
                companies=None,
                language="fr",
                now=now,
                who=who_runs(),
            )
    return password
