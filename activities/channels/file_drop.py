"""Registered mail through a folder that a provider's own program (or a person) empties and fills.

    outgoing/<id>.pdf, outgoing/<id>.json   take both away: the manifest comes last, so a pair is whole
    receipts/<name>.json                    what became of a letter; a file it names is put there before it

One rename of the manifest hands a letter over. Folders are on one file system, and every step is made durable
(file, then folder) before the next.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from activities.channels.registered import (
    Ended,
    Party,
    Place,
    RegisteredLetter,
    RegisteredMailError,
    Told,
    Unreadable,
)

FORMAT: Final = "relance.registered-mail/1"
NOTE_BYTES: Final = 64 * 1024
RECEIPT_BYTES: Final = 10 * 1024 * 1024
AT_ONCE: Final = 500
"""Receipts read in one round; the next goes on."""

_MEDIA: Final = {
    ".pdf": "application/pdf",
    ".xml": "application/xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
}
_MAGIC: Final = {".pdf": b"%PDF-", ".xml": b"<", ".png": b"\x89PNG\r\n", ".jpg": b"\xff\xd8\xff"}

_PLAIN_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}"

Name = Annotated[str, StringConstraints(pattern=f"^{_PLAIN_NAME}$")]


class _Note(BaseModel):
    """A receipt's manifest. What else a provider writes into it is its own affair."""

    model_config = ConfigDict(extra="ignore")

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    number: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    deposited_on: date
    delivered_on: date | None = None
    returned_on: date | None = None
    reason: Literal["refused", "unclaimed", "returned"] | None = None
    receipt: Name | None = None
    sha256: Annotated[str, StringConstraints(to_lower=True, pattern=r"^[0-9a-fA-F]{64}$")] | None = None

    @model_validator(mode="after")
    def _one_end(self) -> _Note:
        if self.delivered_on is not None and self.returned_on is not None:
            raise ValueError("delivered_on, returned_on: a letter has one end")
        if self.reason is not None and self.returned_on is None:
            raise ValueError("reason: goes with returned_on")
        return self

    def ended(self) -> Ended | None:
        """How it ended; None while it is under way."""
        if self.delivered_on is not None:
            return Ended("received", self.delivered_on)
        if self.returned_on is not None:
            return Ended(self.reason or "returned", self.returned_on)
        return None


class FileDrop:
    """The one provider there is now. `root` is shared by every worker that uses it."""

    def __init__(self, root: Path) -> None:
        """Make the folders.

        Raises:
            RegisteredMailError: they cannot be made, or not be written to.
        """
        self._outgoing, self._receipts = root / "outgoing", root / "receipts"
        self._staged, self._back = root / "staged", root / "taken-back"
        self._done, self._refused = self._receipts / "done", self._receipts / "refused"
        self._read_as: dict[str, str] = {}
        try:
            for folder in (self._outgoing, self._staged, self._back, self._done, self._refused):
                folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as error:
            raise RegisteredMailError(f"{root}: {error.strerror}") from None
        if not os.access(self._staged, os.W_OK | os.X_OK):
            raise RegisteredMailError(f"{root}: cannot be written to")

    def stage(self, letter: RegisteredLetter) -> None:
        """The pages, then the manifest, both durable, out of the provider's sight."""
        _write(self._staged / f"{letter.content_id}.pdf", letter.pdf)
        manifest = json.dumps(_manifest(letter), ensure_ascii=False, indent=2).encode()
        _write(self._staged / f"{letter.content_id}.json", manifest)

    def place(self, content_id: str) -> Place:
        """By where its manifest is; one that is nowhere was taken away by the provider."""
        if (self._staged / f"{content_id}.json").exists():
            return Place.STAGED
        return Place.TAKEN_BACK if (self._back / f"{content_id}.json").exists() else Place.LEFT

    def release(self, content_id: str) -> None:
        """The pages first: without a manifest nobody takes them."""
        pages = self._staged / f"{content_id}.pdf"
        if pages.exists():
            _move(pages, self._outgoing / pages.name)
        _move(self._staged / f"{content_id}.json", self._outgoing / f"{content_id}.json")

    def take_back(self, content_id: str) -> None:
        """The manifest first: without it, the pages are nothing."""
        _move(self._staged / f"{content_id}.json", self._back / f"{content_id}.json")
        for folder in (self._staged, self._outgoing):
            (folder / f"{content_id}.pdf").unlink(missing_ok=True)

    def told(self) -> Iterator[Told | Unreadable]:
        """Receipts in the order of their names."""
        for note in sorted(self._receipts.glob("*.json"))[:AT_ONCE]:
            self._read_as.pop(note.name, None)
            try:
                yield self._read(note)
            except _Unusable as error:
                yield Unreadable(note.name, str(error))

    def settle(self, source: str) -> None:
        """Beside those that are done."""
        self._put_aside(source, self._done)

    def refuse(self, source: str, reason: str) -> bool:
        """Beside a text that says why."""
        moved = self._put_aside(source, self._refused)
        if moved is None:
            return False
        _write(moved.with_name(f"{moved.name}.reason.txt"), f"{reason}\n".encode())
        return True

    def put_aside(self) -> int:
        """By their reasons: who clears one up deletes its reason."""
        return sum(1 for _ in self._refused.glob("*.reason.txt"))

    def _read(self, note: Path) -> Told:
        body = _bytes(note, NOTE_BYTES)
        self._read_as[note.name] = hashlib.sha256(body).hexdigest()
        try:
            told = _Note.model_validate_json(body)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
            raise _Unusable(
                "; ".join(f"{'.'.join(map(str, each['loc'])) or 'JSON'}: {each['msg']}" for each in faults)
            ) from None
        receipt = None
        if told.receipt is not None:
            receipt = self._file(told.receipt, told.sha256)
        elif told.sha256 is not None:
            raise _Unusable("sha256: goes with receipt")
        return Told(note.name, told.id, told.number, told.deposited_on, told.ended(), receipt)

    def _file(self, name: str, sha256: str | None) -> tuple[str, str, bytes]:
        path = self._receipts / name
        media = _MEDIA.get(path.suffix.lower())
        if media is None:
            raise _Unusable(f"receipt: {name}: a {', '.join(_MEDIA)} file is expected")
        body = _bytes(path, RECEIPT_BYTES)
        if not body.startswith(_MAGIC[path.suffix.lower()]):
            raise _Unusable(f"receipt: {name}: its content is no {path.suffix.lower()}")
        if sha256 is not None and hashlib.sha256(body).hexdigest() != sha256:
            raise _Unusable(f"receipt: {name}: its bytes are not those of sha256")
        return name, media, body

    def _put_aside(self, source: str, folder: Path) -> Path | None:
        """Where it is now; None: another worker put it aside, or it is not what was read any more."""
        note = self._receipts / source
        try:
            body = _bytes(note, NOTE_BYTES)
        except _Unusable:
            body = b""
        if hashlib.sha256(body).hexdigest() != self._read_as.pop(source, hashlib.sha256(b"").hexdigest()):
            return None
        try:
            named = json.loads(body).get("receipt")
        except (ValueError, AttributeError, RecursionError):
            named = None
        if not (note.is_symlink() or note.exists()):
            return None
        target = _free(folder / source)
        # Before its file: whoever else is reading it finds it gone, rather than a receipt without its file.
        _move(note, target)
        if isinstance(named, str) and re.fullmatch(_PLAIN_NAME, named):
            file = self._receipts / named
            if file.suffix != ".json" and file.is_file() and not file.is_symlink():
                _move(file, _free(folder / named))
        return target


class _Unusable(Exception):
    """Why a file of the provider's cannot be used."""


def _manifest(letter: RegisteredLetter) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "id": letter.content_id,
        "product": letter.product.value,
        "reference": letter.reference,
        "file": f"{letter.content_id}.pdf",
        "sha256": letter.sha256,
        "bytes": len(letter.pdf),
        "pages": letter.pages,
        "sender": _party(letter.sender),
        "recipient": _party(letter.recipient),
    }


def _party(party: Party) -> dict[str, Any]:
    return {
        "name": party.name,
        **({"attention": party.attention} if party.attention else {}),
        "lines": list(party.lines),
        "country": party.country,
        **({"email": party.email} if party.email else {}),
        **({"phone": party.phone} if party.phone else {}),
    }


def _bytes(path: Path, most: int) -> bytes:
    """The bytes of a plain file of at most `most`; a link is not followed."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            body = file.read(most + 1)
    except OSError as error:
        raise _Unusable(f"{path.name}: {error.strerror}") from None
    if len(body) > most:
        raise _Unusable(f"{path.name}: over {most // 1024} KiB")
    return body


def _write(path: Path, body: bytes) -> None:
    """Durably, and never half: under another name, then renamed."""
    partial = path.with_name(f".{path.name}.{token_hex(8)}.part")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        _move(partial, path)
    except OSError:
        # A full disk is tried again, and again: what was begun is not left behind each time.
        partial.unlink(missing_ok=True)
        raise


def _free(path: Path) -> Path:
    """The path, or the next one beside it that nothing has: a name may be used again by a provider."""
    number = 1
    found = path
    while found.exists() or found.is_symlink():
        number += 1
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return found


def _move(source: Path, target: Path) -> None:
    source.replace(target)
    for folder in {source.parent, target.parent}:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
