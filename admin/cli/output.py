"""What commands write: rows to standard output, remarks to standard error, and how they end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

import typer

ALL_GOOD: Final = 0
SOME_REJECTED: Final = 1
REFUSED: Final = 2
READER_GONE: Final = 141
"""128 + SIGPIPE, as a shell reports a program whose reader went away."""


def remark(text: str) -> None:
    """One line for the person at the terminal, out of the way of what is piped on."""
    sys.stderr.write(f"{text}\n")


def refuse(text: str) -> NoReturn:
    """End the command: a file, a policy or an option cannot be used."""
    for line in text.splitlines():
        remark(f"relance: {line}")
    raise typer.Exit(REFUSED)


@contextmanager
def piped() -> Iterator[None]:
    """Write in here: when the reader of the pipe goes away (`| head`), the command ends quietly."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # What Python would still flush at exit must not fail a second time.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        raise typer.Exit(READER_GONE) from None
