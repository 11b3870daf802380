"""One ZIP of all: the PDF, every exhibit as a file of its own with its proof, the list, and a manifest."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Final

from admin.proof import archive as proof_archive
from admin.recovery_file.bind import bind
from admin.recovery_file.collect import Exhibit, RecoveryFile
from admin.recovery_file.pages import Pages

_UNSAFE: Final = re.compile(r"[^\w.()-]+")
_RESERVED: Final = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


def archive(file: RecoveryFile) -> tuple[bytes, str]:
    """The ZIP and the SHA-256 of its PDF; the same ledger, day and person make the same bytes."""
    pages = Pages(file)
    whole = bind(file)
    parts: list[tuple[str, bytes]] = [(name_of(file, "pdf"), whole)]
    listed = []
    for number, exhibit in enumerate(file.exhibits, start=1):
        title = pages.title_of(exhibit)
        name = _name(number, exhibit, title)
        parts += _files(name, exhibit)
        listed.append([str(number), exhibit.dated.isoformat(), title, name, exhibit.sha256])
    table = io.StringIO()
    csv.writer(table, lineterminator="\r\n").writerows([["no", "date", "exhibit", "file", "sha256"], *listed])
    # A spreadsheet takes UTF-8 for what it is only with this mark.
    parts.append(("exhibits.csv", b"\xef\xbb\xbf" + table.getvalue().encode()))
    manifest = {
        "creditor": file.company.ref,
        "customer": file.customer.ref,
        "made_on": file.until.isoformat(),
        "files": [
            {"name": name, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
            for name, body in parts
        ],
    }
    parts.append(("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=2).encode() + b"\n"))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, body in parts:
            day = file.until
            entry = zipfile.ZipInfo(name, (day.year, day.month, day.day, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, body)
    return made.getvalue(), hashlib.sha256(whole).hexdigest()


def name_of(file: RecoveryFile, extension: str) -> str:
    """What the file is called, on any system."""
    ref = _UNSAFE.sub("-", file.customer.ref).strip("-.") or "customer"
    words = {"fr": "dossier", "en": "file"}[file.language]
    return f"{words}-{ref[:60]}-{file.until}.{extension}"


def _files(name: str, exhibit: Exhibit) -> Iterator[tuple[str, bytes]]:
    yield name, exhibit.body
    if exhibit.evidence is not None and exhibit.kind != "receipt":
        yield f"{name.rpartition('.')[0]}.proof.zip", proof_archive(exhibit.evidence)


def _name(number: int, exhibit: Exhibit, title: str) -> str:
    stem = _UNSAFE.sub("-", title).strip("-.")[:60] or exhibit.kind
    extension = exhibit.name.rpartition(".")[2][:8] if "." in exhibit.name else "bin"
    made = f"{number:03}_{exhibit.dated}_{stem}.{extension}"
    return f"_{made}" if _RESERVED.match(made) else made
