"""What the sandbox provider keeps: one SQLite file, or memory, readable from any thread."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from admin.sandbox.models import (
    Attachment,
    Channel,
    Counts,
    Provider,
    RawRequest,
    SandboxMessage,
    fold,
)

FILE_NAME = "sandbox.sqlite3"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    provider TEXT NOT NULL,
    channel TEXT NOT NULL,
    received_at TEXT NOT NULL,
    accepted INTEGER NOT NULL,
    provider_id TEXT NOT NULL,
    account TEXT,
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,
    customer TEXT,
    company TEXT,
    communication TEXT,
    searchable TEXT NOT NULL,
    document TEXT NOT NULL,
    raw TEXT
);
CREATE INDEX IF NOT EXISTS message_provider_id ON message (provider_id);
CREATE INDEX IF NOT EXISTS message_communication ON message (communication);
CREATE TABLE IF NOT EXISTS attachment (
    message_id INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (message_id, position)
);
"""
_COLUMNS = (
    "provider, channel, received_at, accepted, provider_id, account, sender, recipients,"
    " customer, company, communication, searchable, document, raw"
)


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages are wanted; a field left at ``None`` does not narrow the choice.

    ``to`` is a part of any recipient's address, ``recipient`` and ``sender`` are whole ones; ``text`` is
    looked for in every field a reader sees, without case or accents. ``since`` and ``until`` include the
    instants they name; ``before_id`` and ``after_id`` do not include the message they name.
    """

    channel: Channel | None = None
    provider: Provider | None = None
    to: str | None = None
    recipient: str | None = None
    sender: str | None = None
    text: str | None = None
    accepted: bool | None = None
    customer: str | None = None
    company: str | None = None
    communication: str | None = None
    provider_id: str | None = None
    account: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before_id: int | None = None
    after_id: int | None = None

    def where(self) -> tuple[str, list[object]]:
        """The condition in SQL and its values."""
        clauses: list[str] = []
        values: list[object] = []

        def narrow(clause: str, value: object | None) -> None:
            if value is not None:
                clauses.append(clause)
                values.append(value)

        for column in ("channel", "provider", "sender", "customer", "company", "communication", "account"):
            narrow(f"{column} = ?", getattr(self, column))
        narrow("provider_id = ?", self.provider_id)
        narrow("accepted = ?", None if self.accepted is None else int(self.accepted))
        narrow("instr(recipients, ?) > 0", fold(self.to) if self.to else None)
        narrow("instr(recipients, ?) > 0", f"\n{fold(self.recipient)}\n" if self.recipient else None)
        narrow("instr(searchable, ?) > 0", fold(self.text.strip()) if self.text else None)
        narrow("received_at >= ?", _stamp(self.since) if self.since else None)
        narrow("received_at <= ?", _stamp(self.until) if self.until else None)
        narrow("id < ?", self.before_id)
        narrow("id > ?", self.after_id)
        return " AND ".join(clauses) or "1", values


EVERYTHING = MessageFilter()


class MessageStore:
    """The messages a provider got, kept in order of arrival.

    ``data_dir`` is the folder of the SQLite file, made if missing; ``None`` keeps everything in memory.
    """

    def __init__(self, data_dir: Path | str | None = None) -> None:
        if data_dir is None:
            target = ":memory:"
        else:
            folder = Path(data_dir)
            folder.mkdir(parents=True, exist_ok=True)
            target = str(folder / FILE_NAME)
        self._changed = threading.Condition(threading.RLock())
        self._db = sqlite3.connect(target, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.execute("PRAGMA busy_timeout = 5000")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file. The store cannot be used afterwards."""
        with self._changed:
            self._db.close()

    def add(
        self, message: SandboxMessage, contents: Sequence[bytes] = (), raw: RawRequest | None = None
    ) -> SandboxMessage:
        """Keep a message with the bytes of its attachments; returns it with its number.

        Raises ``ValueError`` when attachments and contents do not match in number.
        """
        if len(contents) != len(message.attachments):
            raise ValueError(f"{len(message.attachments)} attachments but {len(contents)} contents")
        values = (
            message.provider,
            message.channel,
            _stamp(message.received_at),
            int(message.accepted),
            message.provider_id,
            message.account,
            message.sender.address if message.sender else "",
            "\n" + "".join(f"{fold(address)}\n" for address in message.recipients),
            *(message.custom_args.get(name) for name in ("customer", "company", "communication")),
            _searchable(message),
            message.model_dump_json(exclude={"id", "raw"}),
            raw.model_dump_json() if raw else None,
        )
        marks = ", ".join("?" * len(values))
        with self._changed:
            with self._db:
                cursor = self._db.execute(f"INSERT INTO message ({_COLUMNS}) VALUES ({marks})", values)  # noqa: S608
                number = int(cursor.lastrowid or 0)
                self._db.executemany(
                    "INSERT INTO attachment VALUES (?, ?, ?)",
                    [(number, index, content) for index, content in enumerate(contents)],
                )
            self._changed.notify_all()
        return message.model_copy(update={"id": number, "raw": raw})

    def get(self, message_id: int) -> SandboxMessage | None:
        """One message with the request it came in, or ``None``."""
        rows = self._rows("SELECT id, document, raw FROM message WHERE id = ?", [message_id])
        if not rows:
            return None
        raw = rows[0]["raw"]
        message = _message(rows[0])
        return message.model_copy(update={"raw": RawRequest.model_validate_json(raw)}) if raw else message

    def find(
        self,
        wanted: MessageFilter = EVERYTHING,
        *,
        newest_first: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[SandboxMessage]:
        """The messages wanted, in order of arrival unless ``newest_first``."""
        where, values = wanted.where()
        direction = "DESC" if newest_first else "ASC"
        query = f"SELECT id, document FROM message WHERE {where} ORDER BY id {direction} LIMIT ? OFFSET ?"  # noqa: S608
        return [_message(row) for row in self._rows(query, [*values, -1 if limit is None else limit, offset])]

    def count(self, wanted: MessageFilter = EVERYTHING) -> int:
        """How many messages are wanted."""
        where, values = wanted.where()
        return int(self._rows(f"SELECT count(*) FROM message WHERE {where}", values)[0][0])  # noqa: S608

    def counts(self) -> Counts:
        """The figures of the whole inbox; ``by_channel`` and ``by_provider`` count accepted messages."""
        rows = self._rows("SELECT provider, channel, accepted, recipients, id FROM message", [])
        accepted = [row for row in rows if row["accepted"]]
        return Counts(
            total=len(rows),
            accepted=len(accepted),
            refused=len(rows) - len(accepted),
            by_channel={channel: sum(row["channel"] == channel for row in accepted) for channel in Channel},
            by_provider={name: sum(row["provider"] == name for row in accepted) for name in Provider},
            recipients=len({address for row in accepted for address in row["recipients"].split()}),
            latest=max((int(row["id"]) for row in rows), default=0),
        )

    def attachment(self, message_id: int, position: int) -> tuple[Attachment, bytes] | None:
        """One attachment with its bytes, or ``None``."""
        message = self.get(message_id)
        query = "SELECT content FROM attachment WHERE message_id = ? AND position = ?"
        rows = self._rows(query, [message_id, position])
        if message is None or not rows:
            return None
        return message.attachments[position], bytes(rows[0]["content"])

    def clear(self) -> int:
        """Forget every message; returns how many there were. Numbers are never used again."""
        with self._changed:
            with self._db:
                removed = self._db.execute("DELETE FROM message").rowcount
            self._changed.notify_all()
        return removed

    def wait_for(
        self, count: int, timeout: float, wanted: MessageFilter = EVERYTHING
    ) -> list[SandboxMessage]:
        """Wait until at least ``count`` messages are there, and return all that are wanted.

        Raises ``TimeoutError`` after ``timeout`` seconds, naming what had come.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self.count(wanted) >= count, timeout):
                raise TimeoutError(f"{self.count(wanted)} of {count} messages came within {timeout:g} s")
            return self.find(wanted)

    def _rows(self, query: str, values: list[object]) -> list[Any]:
        with self._changed, closing(self._db.execute(query, values)) as cursor:
            return cursor.fetchall()


def _message(row: Any) -> SandboxMessage:
    return SandboxMessage.model_validate({**json.loads(row["document"]), "id": row["id"]})


def _stamp(instant: datetime) -> str:
    """An instant as text that sorts in time order. Raises ``ValueError`` for one without a time zone."""
    if instant.tzinfo is None:
        raise ValueError(f"an instant needs a time zone: {instant.isoformat()}")
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _searchable(message: SandboxMessage) -> str:
    people = (message.sender, message.reply_to, *message.to, *message.cc, *message.bcc)
    names = [part for person in people if person for part in (person.name, person.address) if part]
    files = [attachment.filename for attachment in message.attachments]
    words = [message.subject, message.text or message.snippet, message.provider_id]
    return fold("\n".join([*names, *files, *message.custom_args.values(), *(word for word in words if word)]))
