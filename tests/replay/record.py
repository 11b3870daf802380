"""Record the histories that the replay tests hold on to: `python -m tests.replay.record [--fingerprints]`.

Histories stand for runs that are out there, started months ago by older code. So a recording never replaces
one: a name that exists is left alone, and a changed life gets a new name beside the old one. Only while no
installation runs is `--replace NAME ...` right. `--fingerprints` writes the workflows' commands down anew.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import migrations
from activities.store.engine import make_engine
from admin.stack.postgres import LocalPostgres
from tests.replay.commands import COMMANDS, commands
from tests.replay.lives import Histories, run

HISTORIES = Path(__file__).parent / "histories"

# What tells the recording machine and process, and no replay needs.
_PRIVATE = ("identity", "requestId", "workerVersion", "binaryChecksum", "meteringMetadata", "stackTrace")


def scrubbed(value: Any) -> Any:
    """The history's JSON without what is the recorder's own."""
    if isinstance(value, dict):
        return {key: scrubbed(item) for key, item in value.items() if key not in _PRIVATE}
    if isinstance(value, list):
        return [scrubbed(item) for item in value]
    return value


def write(found: Histories, replace: set[str]) -> list[str]:
    """Write the histories that are new, or to be replaced, one event a line; return their names."""
    written = []
    for name, history in sorted(found.items()):
        path = HISTORIES / f"{name}.json"
        if path.exists() and name not in replace and "all" not in replace:
            continue
        events = scrubbed(json.loads(history.to_json()))["events"]
        lines = ",\n".join(json.dumps(event, separators=(",", ":"), sort_keys=True) for event in events)
        workflow_id = json.dumps(history.workflow_id)
        path.write_text(f'{{"workflowId":{workflow_id},"events":[\n{lines}\n]}}\n', encoding="utf-8")
        written.append(name)
    return written


async def _record(url: str, replace: set[str]) -> list[str]:
    engine = make_engine(url)
    try:
        return write(await run(engine), replace)
    finally:
        engine.dispose()


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m tests.replay.record", description=__doc__)
    parser.add_argument("--fingerprints", action="store_true", help="write the workflows' commands only")
    parser.add_argument("--replace", nargs="+", default=[], metavar="NAME", help="record again (or: all)")
    given = parser.parse_args()
    COMMANDS.write_text(json.dumps(commands(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if given.fingerprints:
        return 0
    HISTORIES.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, LocalPostgres(Path(folder) / "pg", durable=False) as local:
        url = local.url("postgres")
        migrations.upgrade(url)
        written = asyncio.run(_record(url, set(given.replace)))
    sys.stdout.write("".join(f"recorded {name}\n" for name in written) or "nothing new\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
