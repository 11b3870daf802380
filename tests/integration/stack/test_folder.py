"""The data folder, its ports and its logs: no server needed."""

import socket
from itertools import count
from pathlib import Path

import pytest

from admin.stack.checks import answers, listening
from admin.stack.datafolder import DataFolder, kept_secret
from admin.stack.errors import DataFolderInUse, StackError
from admin.stack.logs import rotate, tail
from admin.stack.ports import LOOPBACK, PortBook, free_port, is_free


def test_the_folder_given_wins_over_the_variable_and_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert DataFolder.locate(environ={}).root == tmp_path / ".relance"
    assert DataFolder.locate(environ={"RELANCE_DATA_DIR": "/srv/relance"}).root == Path("/srv/relance")
    given = DataFolder.locate(Path("mine"), {"RELANCE_DATA_DIR": "/srv/relance"})
    assert given.root == tmp_path / "mine"


def test_nobody_else_reads_what_is_in_it_and_git_passes_by(folder: DataFolder) -> None:
    folder.prepare()
    folder.prepare()
    for inside in (folder.postgres, folder.temporal, folder.sandbox, folder.logs, folder.run):
        assert inside.stat().st_mode & 0o077 == 0
    assert folder.root.stat().st_mode & 0o066 == 0
    assert (folder.root / ".gitignore").read_text() == "*\n"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match="file/data"):
        DataFolder(tmp_path / "file" / "data").prepare()


def test_the_lock_is_for_one_and_free_again_afterwards(folder: DataFolder) -> None:
    with folder.lock(), pytest.raises(DataFolderInUse, match=str(folder.root)), folder.lock():
        pass
    with folder.lock():
        pass


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    first = kept_secret(tmp_path / "secret")
    assert len(first) >= 24
    assert kept_secret(tmp_path / "secret") == first
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0


def test_the_preferred_port_is_taken_when_free_and_kept(tmp_path: Path) -> None:
    preferred, kept = free_port(), tmp_path / "ports.json"
    assert PortBook(kept).choose("temporal", preferred) == preferred
    assert PortBook(kept).choose("temporal", free_port()) == preferred
    # Another name gets another port, though nothing listens yet.
    assert PortBook(kept).choose("postgres", preferred) != preferred


def test_a_busy_port_is_passed_over_and_the_new_choice_kept(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        preferred = busy.getsockname()[1]
        assert not is_free(preferred)
        chosen = PortBook(tmp_path / "ports.json").choose("temporal", preferred)
        assert chosen != preferred
    assert PortBook(tmp_path / "ports.json").choose("temporal", preferred) == chosen


def test_the_port_of_the_last_time_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book, port = tmp_path / "ports.json", free_port()
    assert PortBook(book).choose("postgres", port) == port
    looks = count(1)
    with socket.create_server(("127.0.0.1", port)) as lingering:

        def looked(asked: int, host: str = LOOPBACK) -> bool:
            # What was killed is gone when it is looked at for the third time.
            if next(looks) == 3:
                lingering.close()
            return is_free(asked, host)

        other = free_port()
        monkeypatch.setattr("admin.stack.ports.is_free", looked)
        assert PortBook(book).choose("postgres", other) == port


def test_a_port_that_stays_busy_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book, port = tmp_path / "ports.json", free_port()
    monkeypatch.setattr("admin.stack.ports._LINGERS_S", 0.1)
    assert PortBook(book).choose("postgres", port) == port
    with socket.create_server(("127.0.0.1", port)):
        assert PortBook(book).choose("postgres", port) != port


def test_a_damaged_port_file_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("{")
    preferred = free_port()
    assert PortBook(tmp_path / "ports.json").choose("temporal", preferred) == preferred


def test_a_log_over_its_limit_becomes_the_old_one(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    assert not rotate(log)
    with log.open("ab", buffering=0) as child:
        child.write(b"a" * 50 + b"\n")
        assert not rotate(log, 100)
        child.write(b"b" * 60 + b"\n")
        assert rotate(log, 100)
        child.write(b"after\n")
    assert log.read_text() == "after\n"
    assert (tmp_path / "x.log.1").read_text().startswith("aaa")


def test_the_tail_is_of_the_last_run(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    assert tail(log) == ""
    log.write_text("old\none\ntwo\nthree\n")
    assert tail(log, 2) == "two\nthree"
    assert tail(log, 9, start=4) == "one\ntwo\nthree"
    assert tail(log, 1, start=10_000) == "three"


def test_checks_say_what_is_missing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert listening("127.0.0.1", port)() is None
    assert f"127.0.0.1:{port}" in (listening("127.0.0.1", port)() or "")
    assert f"http://127.0.0.1:{port}" in (answers(f"http://127.0.0.1:{port}/readyz")() or "")
    with pytest.raises(ValueError, match="not an http address"):
        answers("https://example.org")
