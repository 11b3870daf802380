"""`python -m bench`: run every benchmark, or those named, and print a line for each figure."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final

from bench.figures import Benchmark

BENCHMARKS: Final = {
    "simulate": "bench.simulate",
    "import": "bench.import_rows",
    "fec": "bench.fec",
    "bank": "bench.bank",
    "contact": "bench.contact",
    "start": "bench.start",
    "life": "bench.life",
    "memory": "bench.memory",
    "webhooks": "bench.webhooks",
    "api": "bench.api",
    "console": "bench.console",
    "matching": "bench.matching",
    "trial": "bench.trial",
}
"""Name to the module whose `run(sizes)` measures it; cheap ones first."""


def main(arguments: Sequence[str] | None = None, write: Callable[[str], object] = print) -> int:
    """Run what the command line asks for; the exit status is 0 whatever the figures are."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all if none")
    parser.add_argument(
        "--size",
        nargs="+",
        type=_size,
        default=[],
        metavar="N",
        help="how many invoices, rows, messages, notes or lives; left out: what the record was made with",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a figure instead of a line")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}: expected {', '.join(BENCHMARKS)}")
    # A benchmark that logs each delivery would measure its terminal.
    logging.getLogger().setLevel(logging.ERROR)
    for name in asked.names or BENCHMARKS:
        run: Benchmark = import_module(BENCHMARKS[name]).run
        for figure in run(asked.size):
            told = {"name": name, **figure.as_json()}
            write(json.dumps(told) if asked.json else f"{name}: {figure.line()}")
            sys.stdout.flush()
    return 0


def _size(text: str) -> int:
    size = int(text.replace(",", "").replace("_", ""))
    if size < 1:
        raise argparse.ArgumentTypeError("a size is at least 1")
    return size


if __name__ == "__main__":
    sys.exit(main())
