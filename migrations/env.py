"""Run by Alembic: migrate over the connection that `migrations.upgrade` hands in."""

from __future__ import annotations

from alembic import context

# No target metadata: migrations name everything themselves and must not follow the models.
context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
