"""A stack in a process of its own, for tests that stop or kill it: ``driver.py FOLDER [NAME ...]``.

Prints one JSON line with the children's process ids when all are ready, then waits.
"""

import json
import signal
import sys
from pathlib import Path

from admin.stack.datafolder import DataFolder
from admin.stack.errors import StackError, StopRequested
from admin.stack.ports import PortBook
from admin.stack.postgres import LocalPostgres
from admin.stack.process import Child
from admin.stack.supervisor import Supervisor
from admin.stack.temporal import LocalTemporal


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(root: str, *names: str) -> int:
    # A test run under nohup hands its ignored SIGHUP on.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    folder = DataFolder(Path(root))
    try:
        with Supervisor(folder, say=say) as stack:
            ports = PortBook(folder.run / "ports.json")
            pids: dict[str, int] = {}
            for name in names:
                child: Child
                if name == "postgres":
                    child = LocalPostgres(folder.postgres, port=ports.choose("postgres", 0)).child()
                elif name == "temporal":
                    temporal = LocalTemporal(
                        folder.temporal_db,
                        port=ports.choose("temporal", 0),
                        ui_port=ports.choose("temporal-ui", 0),
                    )
                    child = temporal.child()
                else:
                    sleep = (sys.executable, "-c", "import sys, time; time.sleep(600)", str(folder.root))
                    never = (lambda: "never ready") if name == "never" else None
                    child = Child(name=name, argv=sleep, log=folder.logs / f"{name}.log", ready=never)
                pids[name] = stack.launch(child).pid
            print(json.dumps(pids), flush=True)
            stack.wait()
    except StopRequested:
        say("stopped while starting")
    except StackError as error:
        say(f"error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
