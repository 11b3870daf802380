"""Make the gallery, or compare it: `python -m pictures.gallery [--check]`, `make gallery`."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Error as BrowserError

from admin.demo.show import DEFAULT_FOLDER, run
from admin.stack.datafolder import DataFolder
from admin.stack.errors import StackError
from pictures.browser import find_chromium
from pictures.gallery.book import differences, make


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the gallery, or with `--check` say what it no longer shows; the exit status is 0 or 1."""
    parser = argparse.ArgumentParser(prog="python -m pictures.gallery", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/gallery"), help="folder of the gallery")
    parser.add_argument("--check", action="store_true", help="write nothing; say what is old")
    given = parser.parse_args(arguments)
    out: Path = given.out.absolute()
    if given.check:
        old = differences(out)
        for name, why in old:
            sys.stdout.write(f"{name}: {why}\n")
        sys.stdout.write("make gallery brings it up to date\n" if old else "the gallery is up to date\n")
        return 1 if old else 0
    try:
        find_chromium()
        # Run where paths are short, as the pictures of the documents are.
        with tempfile.TemporaryDirectory(prefix="relance-gallery-") as folder, contextlib.chdir(folder):
            # PostgreSQL may run as another user, who passes through here to its data.
            Path(folder).chmod(0o711)
            run(DataFolder(DEFAULT_FOLDER), once=True, after=lambda stack: make(stack, out))
    except (StackError, BrowserError) as error:
        sys.stderr.write(f"gallery: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
