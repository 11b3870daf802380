"""Become another program that dies with its parent and, when asked, without root's rights.

Run as a script, by path and with ``-I -S`` so that it starts quickly and imports nothing of ours::

    python -I -S _launch.py '{"parent": 4711, "die_signal": 15}' /path/to/program argument ...

It replaces itself by the program, so the process id stays the same. Keys of the JSON object:
``parent`` (process id that must still be the parent), ``die_signal`` (sent by the Linux kernel when the
parent dies; elsewhere process records do that work at the next start), ``uid`` and ``gid`` (drop root to
these), ``capability`` (number of the one Linux capability kept, or null).
"""

import ctypes
import json
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAPABILITY_VERSION_3 = 0x20080522

CANNOT_LAUNCH = 126
PARENT_GONE = 125


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySet(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(status: int, what: str) -> None:
    if status != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _prctl(option: int, first: int, second: int = 0) -> None:
    unsigned = [ctypes.c_ulong(value) for value in (first, second, 0, 0)]
    _checked(_libc().prctl(ctypes.c_int(option), *unsigned), f"prctl({option}, {first})")


def _keep_only(capability: int) -> None:
    """Give up every capability but one, which survives the exec to come."""
    header = _CapabilityHeader(CAPABILITY_VERSION_3, 0)
    low, high = (1 << capability) & 0xFFFFFFFF, (1 << capability) >> 32
    sets = (_CapabilitySet * 2)(_CapabilitySet(low, low, low), _CapabilitySet(high, high, high))
    _checked(_libc().capset(ctypes.byref(header), ctypes.byref(sets)), "capset")
    _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def _drop_root(uid: int, gid: int, capability: int | None) -> None:
    if capability is not None:
        # Without this, access(2), with which PostgreSQL looks for itself, ignores the kept capability.
        _prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if capability is not None:
        _keep_only(capability)
    if sys.platform == "linux":
        _prctl(PR_SET_NO_NEW_PRIVS, 1)


def main(arguments: list[str]) -> int:
    """Replace this process by ``arguments[1:]``; returns an exit status only when that failed."""
    plan, program = json.loads(arguments[0]), arguments[1:]
    try:
        if plan.get("uid") is not None:
            _drop_root(plan["uid"], plan["gid"], plan.get("capability"))
        os.umask(0o077)
        if sys.platform == "linux" and plan.get("die_signal") is not None:
            # Last, because a change of user clears it.
            _prctl(PR_SET_PDEATHSIG, plan["die_signal"])
        if plan.get("parent") is not None and os.getppid() != plan["parent"]:
            return PARENT_GONE
        os.execv(program[0], program)  # noqa: S606 - the whole point
    except OSError as error:
        print(f"cannot start {program[0]}: {error}", file=sys.stderr)
    return CANNOT_LAUNCH


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
