"""Logs: one line a record, with ids, amounts and dates, and neither personal data nor secrets.

Whatever is logged passes here. Of our own records the message and its fields are shown; of other libraries'
records only the constant part of the message; of an exception its kind and the lines of code it passed
through, because its text quotes rows, requests and addresses.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from types import TracebackType
from typing import Any, Final, TextIO

from pythonjsonlogger.json import JsonFormatter
from temporalio import activity, workflow
from temporalio.runtime import LogForwardingConfig, LoggingConfig, TelemetryFilter
from temporalio.service import RPCError

from activities.discreet import told
from activities.settings import LogFormat, LogLevel

VERSION: Final = version("relance")

_FIELDS: Final = "relance_fields"
# Those whose messages are written for this: ours, and the servers we run.
_TRUSTED: Final = ("activities", "admin", "relance", "temporalio", "uvicorn", "worker", "workflows")
# At debug Temporal's client writes whole requests, uvicorn headers: what they are about may name people.
_NEVER_DEBUG: Final = ("temporalio", "uvicorn")
_LONGEST_CHAIN: Final = 5
_ACCESS: Final = "uvicorn.access"
# What Temporal itself says: of histories that do not replay, of requests it refuses.
_SPOKEN: Final = (workflow.NondeterminismError, RPCError)


def fields(**values: object) -> dict[str, dict[str, object]]:
    """What to pass as `extra=` to a logger: ids, amounts and dates. None is left out."""
    return {_FIELDS: {name: value for name, value in values.items() if value is not None}}


def set_up(
    form: LogFormat | None = None, level: LogLevel = LogLevel.INFO, stream: TextIO | None = None
) -> None:
    """Send this process's log to `stream` (standard error), in our form, whoever writes it.

    For uvicorn, pass `log_config=None` to it and call this first: its access log then has no query strings.

    Args:
        form: JSON when left out, unless the stream is a terminal.
        level: the least that our own loggers write; other libraries write warnings and errors only.
        stream: where to.
    """
    target = sys.stderr if stream is None else stream
    if form is None:
        form = LogFormat.TEXT if target.isatty() else LogFormat.JSON
    handler = logging.StreamHandler(target)
    handler.setFormatter(JsonLines() if form is LogFormat.JSON else TextLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    least = logging.getLevelNamesMapping()[level.name]
    for name in _TRUSTED:
        logging.getLogger(name).setLevel(max(least, logging.INFO) if name in _NEVER_DEBUG else least)
    # The formatter adds these as fields.
    activity.logger.activity_info_on_message = False
    workflow.logger.workflow_info_on_message = False
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def core_logging() -> LoggingConfig:
    """The log of Temporal's core, written in Rust, on its way into ours."""
    return LoggingConfig(
        filter=TelemetryFilter(core_level="WARN", other_level="ERROR"),
        forwarding=LogForwardingConfig(
            logger=logging.getLogger("temporalio.core"),
            append_target_to_name=False,
            prepend_target_on_message=False,
            append_log_fields_to_message=False,
        ),
    )


class JsonLines(JsonFormatter):
    """A JSON object a line."""

    def __init__(self) -> None:
        super().__init__(json_default=str, json_ensure_ascii=False)

    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],  # noqa: ARG002 - the base class's
    ) -> None:
        """Our entry, instead of every attribute of the record."""
        log_data.update(_entry(record))


class TextLines(logging.Formatter):
    """A line for reading: time, level, logger, message, then `name=value`; an exception's lines follow."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        entry = _entry(record)
        error = entry.pop("error", None)
        head = [entry.pop(name) for name in ("time", "level", "logger", "message")]
        del entry["version"]
        rest = (f"{name}={' '.join(str(value).split())}" for name, value in entry.items())
        line = " ".join((f"{head[0]} {head[1].upper()} {head[2]}: {head[3]}", *rest))
        return line if error is None else f"{line}\n{error}"


def _entry(record: logging.LogRecord) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": _message(record),
        "version": VERSION,
        **_where(record),
        **getattr(record, _FIELDS, {}),
    }
    if record.exc_info and record.exc_info[1] is not None:
        entry["error"] = _chain(record.exc_info[1])
    return entry


def _message(record: logging.LogRecord) -> str:
    if record.name == _ACCESS and isinstance(record.args, tuple) and len(record.args) == 5:
        # A query string may hold names, a client's address is a person's: method, path and status remain.
        _, method, path, _, status = record.args
        return f"{method} {str(path).partition('?')[0]} {status}"
    if record.name == "py.warnings":
        # The text of a warning may quote a value; where it is and what kind may not.
        found = re.match(r".*?:\d+: \w+", record.getMessage())
        return found[0] if found else "a warning"
    if record.name.partition(".")[0] in _TRUSTED:
        return record.getMessage()
    if record.args:
        return str(record.msg).partition("\n")[0]
    # Put together by the library already: nobody can tell what is in it.
    return f"from {record.module}, line {record.lineno}"


def _where(record: logging.LogRecord) -> dict[str, object]:
    """Workflow, run, activity and attempt: as Temporal's loggers say, else of the activity that logs."""
    known: Mapping[str, object]
    if activity.in_activity():
        info = activity.info()
        return {
            "workflow_id": info.workflow_id,
            "run_id": info.workflow_run_id,
            "activity": info.activity_type,
            "attempt": info.attempt,
        }
    if hasattr(record, "temporal_activity"):
        known = record.temporal_activity
        names = {
            "workflow_id": "workflow_id",
            "run_id": "workflow_run_id",
            "activity": "activity_type",
            "attempt": "attempt",
        }
        return {name: known[key] for name, key in names.items() if key in known}
    if hasattr(record, "temporal_workflow"):
        known = record.temporal_workflow
        return {name: known[name] for name in ("workflow_id", "run_id", "attempt") if name in known}
    if hasattr(record, "temporal_log"):
        known = record.temporal_log.fields
        return {name: str(known[name])[:300] for name in ("run_id", "error") if name in known}
    return {}


def _chain(error: BaseException) -> str:
    """An exception and what caused it; without their texts, but for those that speak of ids alone."""
    parts: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(parts) < _LONGEST_CHAIN:
        parts.append(f"{seen}\n{told(seen)}" if isinstance(seen, _SPOKEN) else told(seen))
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "\ncaused by ".join(parts)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("relance").critical("stopped by an error", exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        logging.getLogger("relance").error(
            "a thread ended with an error", exc_info=(args.exc_type, args.exc_value, args.exc_traceback)
        )
