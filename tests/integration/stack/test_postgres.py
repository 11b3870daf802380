"""PostgreSQL of the local stack: made once, kept through kill -9, gone when stopped."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from admin.stack.errors import DataFolderInUse, StackError
from admin.stack.postgres import LocalPostgres

from .conftest import gone

pytestmark = pytest.mark.integration


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalPostgres]:
    with LocalPostgres(tmp_path / "pg", durable=False) as running:
        yield running


def pid_of(server: LocalPostgres) -> int:
    assert server.pid is not None
    return server.pid


def rows(server: LocalPostgres) -> list[int]:
    with psycopg.connect(server.dsn()) as connection:
        return [number for (number,) in connection.execute("SELECT n FROM kept ORDER BY n")]


def write(server: LocalPostgres, number: int) -> None:
    with psycopg.connect(server.dsn()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


def setting(server: LocalPostgres, name: str) -> object:
    with psycopg.connect(server.dsn()) as connection:
        [value] = connection.execute("SELECT current_setting(%s)", [name]).fetchone() or [None]
        return value


def test_text_sorts_the_same_everywhere(server: LocalPostgres) -> None:
    with psycopg.connect(server.dsn()) as connection:
        found = connection.execute(
            "SELECT datlocprovider::text, datlocale, pg_encoding_to_char(encoding), lower('ÉCHÉANCE')"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert found == ("b", "C.UTF-8", "UTF8", "échéance")
    assert setting(server, "server_version").startswith("18")  # type: ignore[attr-defined]
    assert setting(server, "TimeZone") == "UTC"


def test_only_the_password_gets_in(server: LocalPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://relance:wrong@127.0.0.1:{server.port}/relance")
    assert (server.folder / "password").stat().st_mode & 0o077 == 0


def test_stopping_leaves_no_process_and_starting_again_finds_the_data(server: LocalPostgres) -> None:
    write(server, 1)
    before = pid_of(server)
    server.stop()
    assert gone(before)
    assert not (server.data / "postmaster.pid").exists()
    server.start()
    assert rows(server) == [1]


def test_an_open_transaction_does_not_hold_up_the_stop(server: LocalPostgres) -> None:
    write(server, 1)
    connection = psycopg.connect(server.dsn())
    connection.execute("INSERT INTO kept VALUES (2)")
    server.stop()
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()
    server.start()
    assert rows(server) == [1]


@pytest.mark.parametrize("durable", [True, False])
def test_what_was_committed_survives_kill_9(tmp_path: Path, durable: bool) -> None:
    with LocalPostgres(tmp_path / "pg", durable=durable) as server:
        assert setting(server, "fsync") == ("on" if durable else "off")
        write(server, 1)
        busy = psycopg.connect(server.dsn())
        busy.execute("INSERT INTO kept VALUES (2)")
        before, backend = pid_of(server), busy.info.backend_pid
        os.kill(before, signal.SIGKILL)
        assert gone(before)
        # The old server's processes may still be there: the start clears the way.
        server.start()
        assert gone(backend)
        busy.close()
        assert rows(server) == [1]


def test_a_stale_lock_whose_process_id_is_in_use_again_is_no_obstacle(server: LocalPostgres) -> None:
    write(server, 1)
    content = (server.data / "postmaster.pid").read_text()
    server.stop()
    first, _, rest = content.partition("\n")
    assert first.isdigit()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{rest}")
    server.start()
    assert rows(server) == [1]


def test_a_second_server_on_the_folder_is_refused(server: LocalPostgres) -> None:
    with pytest.raises(DataFolderInUse, match=str(server.pid)):
        LocalPostgres(server.folder).start()
    # Even without our record of it, as if somebody had started it by hand.
    record = next(server.folder.glob("*.process"))
    record.unlink()
    with pytest.raises(StackError, match=f"process {server.pid}"):
        LocalPostgres(server.folder).start()
    write(server, 1)
    assert rows(server) == [1]


def test_a_half_made_data_folder_is_made_again(tmp_path: Path) -> None:
    half = tmp_path / "pg" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with LocalPostgres(tmp_path / "pg", durable=False) as server:
        write(server, 1)
        assert rows(server) == [1]
    assert not half.exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "pg" / "data"
    other.mkdir(parents=True)
    (other / "photo.jpg").write_bytes(b"dear")
    with pytest.raises(StackError, match="no PostgreSQL data folder"):
        LocalPostgres(tmp_path / "pg").start()
    assert (other / "photo.jpg").read_bytes() == b"dear"


def test_a_long_path_with_spaces_closed_to_others_works_and_stays_closed(tmp_path: Path) -> None:
    private = tmp_path / "privé à moi"
    private.mkdir(mode=0o700)
    deep = private / ("d" * 120) / "pg"
    with LocalPostgres(deep, durable=False) as server:
        write(server, 1)
        assert rows(server) == [1]
    assert private.stat().st_mode & 0o077 == 0


def test_databases_are_made_from_a_template_and_dropped_in_use(server: LocalPostgres) -> None:
    write(server, 7)
    assert server.create_database("copy", template="relance").startswith("postgresql+psycopg://")
    with psycopg.connect(server.dsn("copy")) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
        server.drop_database("copy")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    server.drop_database("copy")
