"""Run PostgreSQL where we are root: it refuses to, so it runs as somebody else.

No user is created and no folder above the data is made more accessible. The server runs as the owner
of its data, or else as the first of `USERS` the system has. Where that user cannot reach the programs or
the data (a checkout in /root, a private temporary folder), the process keeps the one Linux capability
that lets it, and nothing else of root.
"""

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from admin.stack.errors import StackError

USERS = ("postgres", "nobody")

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


@dataclass(frozen=True)
class RunAs:
    """The user and group a child runs as, and the one capability (number) it keeps, if any."""

    uid: int
    gid: int
    capability: int | None = None


def is_root() -> bool:
    """Whether this process has root's user id."""
    return os.geteuid() == 0


def unprivileged(data: Path, programs: Path) -> RunAs | None:
    """Whom to run as so that `programs` can work on the existing folder `data`; None: as we are.

    Raises StackError where the data belongs to someone we may not become, where no suitable user exists,
    or where that user could not reach one of the folders.
    """
    owner = data.stat()
    if not is_root():
        if owner.st_uid != os.geteuid():
            raise StackError(
                f"{data} belongs to user {owner.st_uid} (made by root?), and this is user {os.geteuid()}: "
                "run as that user, or choose another data folder"
            )
        return None
    uid, gid = (owner.st_uid, owner.st_gid) if owner.st_uid != 0 else _system_user()
    return RunAs(uid, gid, _capability_for(uid, gid, data, programs))


def _system_user() -> tuple[int, int]:
    import pwd

    for name in USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid > 0:
            return entry.pw_uid, entry.pw_gid
    raise StackError(
        f"PostgreSQL does not run as root, and this system has no user {' or '.join(USERS)}: "
        "run as a normal user, or set RELANCE_DATABASE_URL"
    )


def _capability_for(uid: int, gid: int, data: Path, programs: Path) -> int | None:
    """The least capability with which `uid` reaches both folders; None when none is needed."""
    program = programs / "postgres"
    closed = [
        folder
        for start in (data.resolve(), programs.resolve() / "postgres")
        for folder in start.parents
        if not _may(uid, gid, folder, stat.S_IXOTH)
    ]
    # Beside the package, the wheel's build has put the libraries that the programs need.
    libraries = programs.parents[1].with_suffix(".libs")
    closed += [
        path
        for path in (programs, *programs.parent.iterdir(), *([libraries] if libraries.is_dir() else []))
        if not _may(uid, gid, path, stat.S_IROTH | stat.S_IXOTH)
    ]
    may_execute = _may(uid, gid, program, stat.S_IROTH | stat.S_IXOTH)
    if not closed and may_execute:
        return None
    # Reading and passing through folders is enough, unless the program itself is not executable by others.
    wanted = [CAP_DAC_READ_SEARCH] if may_execute else []
    ours = _our_capabilities()
    for capability in (*wanted, CAP_DAC_OVERRIDE):
        if ours & (1 << capability):
            return capability
    raise StackError(
        f"PostgreSQL does not run as root, and user {uid} cannot reach {closed[0] if closed else program}: "
        "run as a normal user, move the checkout and the data folder to where others may pass, "
        "or set RELANCE_DATABASE_URL"
    )


def _may(uid: int, gid: int, path: Path, wanted: int) -> bool:
    """Whether the classic permission bits give `uid` what `wanted` names in the place of others."""
    found = path.stat()
    if found.st_uid == uid:
        return (found.st_mode >> 6) & wanted == wanted
    if found.st_gid == gid:
        return (found.st_mode >> 3) & wanted == wanted
    return found.st_mode & wanted == wanted


def _our_capabilities() -> int:
    """The permitted set of this process as a bit mask; 0 where there are no capabilities (macOS)."""
    if sys.platform != "linux":
        return 0
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("CapPrm:"):
            return int(line.split()[1], 16)
    return 0
