"""The ledger's schema, version by version.

Migrations are written by hand, one file a change, in `versions/`; a test holds that they end at exactly
the tables of `models.tables`. They run from code (`upgrade`), so an installed package needs no ini file.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, func, make_url, select
from sqlalchemy.pool import NullPool

_LOCK = 7_311_000


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database up to `revision`, in one transaction.

    Several processes may start at once: the later ones wait, then find nothing left to do.

    Args:
        url: PostgreSQL URL; `postgresql://` means psycopg 3.
        revision: where to stop; the newest, if left out.
    """
    engine = _engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        engine.dispose()


def current(url: str) -> str | None:
    """The revision the database is at; None when it was never migrated."""
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def is_behind(revision: str | None) -> bool:
    """Whether this code needs a newer schema. One that it does not know yet is ahead: that will do.

    Migrations are made so that the version before still works on the schema after (expand, then contract),
    so workers of both may run while they are replaced.
    """
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    return revision is None or (revision in known and revision != head())


def head() -> str:
    """The newest revision this code knows."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    if newest is None:
        raise RuntimeError("no migration found: the installed package is not whole")
    return newest


def _config() -> Config:
    config = Config()
    # ConfigParser reads % as the start of a reference.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(
        parsed,
        poolclass=NullPool,
        connect_args={"application_name": "relance-migrations", "connect_timeout": 10},
    )
