"""Log files of children: appended by the child itself, kept from growing without end by us."""

import os
import shutil
from pathlib import Path
from typing import BinaryIO, cast

LIMIT_BYTES = 10 * 1024 * 1024


def open_log(path: Path) -> BinaryIO:
    """Open `path` for a child to append to; for its owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return cast(BinaryIO, open(descriptor, "ab", buffering=0))


def rotate(path: Path, limit_bytes: int = LIMIT_BYTES) -> bool:
    """Once `path` is over the limit, move its content to ``<name>.1`` (one is kept); says whether it did.

    The child keeps its descriptor and appends to the emptied file, so it need not know. What it writes
    between the copy and the cut is lost: a few lines, against a pipe that would stop it when we stall.
    """
    try:
        if path.stat().st_size <= limit_bytes:
            return False
        old = path.with_name(path.name + ".1")
        shutil.copyfile(path, old)
        old.chmod(0o600)
        os.truncate(path, 0)
    except FileNotFoundError:
        return False
    return True


def tail(path: Path, lines: int = 8, start: int = 0) -> str:
    """The last `lines` lines written after byte `start`, or nothing when there is no such file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(start if start <= size else 0, size - 16_384))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
