"""Migrations end at exactly the tables of the models, whoever runs them and however often."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, text

import migrations
from activities.store.engine import make_engine
from models.tables import metadata

pytestmark = pytest.mark.integration

# What PostgreSQL itself says of every column, constraint and index: alembic does not compare CHECKs.
CATALOG = """
    SELECT 'column', c.relname, a.attname,
           format_type(a.atttypid, a.atttypmod) || a.attnotnull::text || a.attidentity::text
           || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
      FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
       AND NOT a.attisdropped
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
"""


def catalog(connection: Connection) -> set[tuple[str, ...]]:
    """The schema as PostgreSQL tells it, without Alembic's own table."""
    return {tuple(row) for row in connection.execute(text(CATALOG)) if row[1] != "alembic_version"}


@pytest.fixture
def empty_engine(empty_database: str) -> Iterator[Engine]:
    """An engine on a database without any table."""
    engine = make_engine(empty_database)
    yield engine
    engine.dispose()


def test_the_end_is_the_models(engine: Engine, empty_engine: Engine) -> None:
    metadata.create_all(empty_engine)
    with engine.connect() as migrated, empty_engine.connect() as declared:
        assert compare_metadata(MigrationContext.configure(migrated), metadata) == []
        assert catalog(migrated) == catalog(declared)


def test_a_second_run_finds_nothing_to_do(empty_database: str) -> None:
    assert migrations.current(empty_database) is None
    migrations.upgrade(empty_database)
    migrations.upgrade(empty_database)
    assert migrations.current(empty_database) == migrations.head()


def test_two_workers_may_start_together(empty_database: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        for result in [pool.submit(migrations.upgrade, empty_database) for _ in range(2)]:
            result.result(timeout=60)
    assert migrations.current(empty_database) == migrations.head()


def test_no_column_has_a_default_of_its_own(engine: Engine) -> None:
    """Business time never comes from SQL's clock, nor does any other value."""
    with engine.connect() as connection:
        defaults = connection.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns "
                "WHERE table_schema = 'public' AND column_default IS NOT NULL"
            )
        ).all()
    assert defaults == []


def test_a_day_that_was_stated_before_days_were_kept_is_known_since_long_ago(empty_database: str) -> None:
    migrations.upgrade(empty_database, "0010")
    engine = make_engine(empty_database)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO company (id, ref, name, country, language, gap_days, bank_known_until) VALUES "
                "(gen_random_uuid(), 'acme', 'Acme', 'FR', 'fr', 5, '2026-03-02'), "
                "(gen_random_uuid(), 'other', 'Other', 'FR', 'fr', 5, NULL)"
            )
        )
    migrations.upgrade(empty_database)
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT c.ref, b.known_until::text, extract(year FROM b.stated_at AT TIME ZONE 'UTC')::int "
                "FROM bank_statement b JOIN company c ON c.id = b.company_id"
            )
        ).all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [("acme", "2026-03-02", 1970)]


def test_what_was_known_of_addresses_is_marked(empty_database: str) -> None:
    migrations.upgrade(empty_database, "0010")
    engine = make_engine(empty_database)
    at = "2026-03-02T08:00Z"
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO company (id, ref, name, country, language, gap_days) "
                "VALUES (gen_random_uuid(), 'acme', 'Acme', 'FR', 'fr', 5)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO customer (id, company_id, ref, name, country, ledger_seq) "
                "SELECT gen_random_uuid(), id, 'C-1', 'Client', 'FR', 0 FROM company"
            )
        )
        connection.execute(
            text(
                "INSERT INTO contact (id, customer_id, role, email, phone, opted_out_at, invalid_since,"
                " invalid_reason, phone_invalid_since, phone_invalid_reason) "
                "SELECT gen_random_uuid(), customer.id, told.* FROM customer, (VALUES "
                "('accounting', 'A@c.fr', '+33612345678', NULL::timestamptz, NULL::timestamptz, NULL,"
                " CAST(:at AS timestamptz), 'wrong'), "
                "('buyer', 'b@c.fr', '+33145678901', NULL, CAST(:at AS timestamptz), 'left', NULL, NULL), "
                "('buyer', 'c@c.fr', '+33145678901', NULL, NULL, NULL, NULL, NULL), "
                "('executive', 'a@C.fr', NULL, CAST(:at AS timestamptz), NULL, NULL, NULL, NULL)) AS told"
            ),
            {"at": at},
        )
    migrations.upgrade(empty_database)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT channel, address, cause, detail FROM address_mark ORDER BY channel, address")
        ).all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [
        ("email", "a@c.fr", "opted_out", None),
        # Of who left; the number of the house is still somebody's.
        ("email", "b@c.fr", "retired", "left"),
        ("phone", "+33612345678", "invalid_number", "wrong"),
    ]
