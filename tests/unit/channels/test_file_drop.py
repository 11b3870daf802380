"""A folder as a registered-mail provider: whole pairs, one rename, no link followed, nothing half read."""

from __future__ import annotations

import hashlib
import json
import os
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from activities.channels import file_drop
from activities.channels.file_drop import NOTE_BYTES, RECEIPT_BYTES, FileDrop
from activities.channels.registered import (
    Ended,
    Party,
    Place,
    Product,
    RegisteredLetter,
    RegisteredMailError,
    Told,
    Unreadable,
)

ID = "0123456789abcdef0123456789abcdef"
LETTER = RegisteredLetter(
    content_id=ID,
    product=Product.LRAR,
    reference="acme/C-1/2026-03-10",
    sender=Party("Acme SAS", ("1 rue Haute", "69001 Lyon"), "FR", email="compta@acme.example"),
    recipient=Party("Société Générale d’Éclairage", ("ZI", "13400 Aubagne"), "FR", attention="Zoé Noël"),
    pages=2,
    pdf=b"%PDF-1.7 pages",
)


@pytest.fixture
def drop(tmp_path: Path) -> FileDrop:
    return FileDrop(tmp_path)


def names(folder: Path) -> list[str]:
    """What a provider sees in a folder."""
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_staged_is_out_of_sight_and_released_is_a_whole_pair(drop: FileDrop, tmp_path: Path) -> None:
    drop.stage(LETTER)
    assert (names(tmp_path / "outgoing"), drop.place(ID)) == ([], Place.STAGED)
    drop.release(ID)
    assert names(tmp_path / "outgoing") == [f"{ID}.json", f"{ID}.pdf"]
    assert names(tmp_path / "staged") == []
    assert (tmp_path / "outgoing" / f"{ID}.pdf").read_bytes() == LETTER.pdf
    manifest = json.loads((tmp_path / "outgoing" / f"{ID}.json").read_text("utf-8"))
    assert manifest == {
        "format": "relance.registered-mail/1",
        "id": ID,
        "product": "LRAR",
        "reference": "acme/C-1/2026-03-10",
        "file": f"{ID}.pdf",
        "sha256": hashlib.sha256(b"%PDF-1.7 pages").hexdigest(),
        "bytes": 14,
        "pages": 2,
        "sender": {
            "name": "Acme SAS",
            "lines": ["1 rue Haute", "69001 Lyon"],
            "country": "FR",
            "email": "compta@acme.example",
        },
        "recipient": {
            "name": "Société Générale d’Éclairage",
            "attention": "Zoé Noël",
            "lines": ["ZI", "13400 Aubagne"],
            "country": "FR",
        },
    }


def test_taken_away_by_the_provider_it_has_left(drop: FileDrop, tmp_path: Path) -> None:
    drop.stage(LETTER)
    drop.release(ID)
    for path in (tmp_path / "outgoing").iterdir():
        path.unlink()
    assert drop.place(ID) is Place.LEFT


@pytest.mark.parametrize("which", range(2))
def test_stopped_inside_the_release_it_stands_staged_until_the_manifest_moves(
    drop: FileDrop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    drop.stage(LETTER)
    moves: list[Path] = []
    move = file_drop._move

    def dies(source: Path, target: Path) -> None:
        if len(moves) == which:
            raise OSError("killed")
        moves.append(target)
        move(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(file_drop, "_move", dies)
        with pytest.raises(OSError, match="killed"):
            drop.release(ID)
    assert drop.place(ID) is Place.STAGED
    assert f"{ID}.json" not in names(tmp_path / "outgoing")
    drop.release(ID)
    assert names(tmp_path / "outgoing") == [f"{ID}.json", f"{ID}.pdf"]


def test_taken_back_neither_part_is_left_for_the_provider(drop: FileDrop, tmp_path: Path) -> None:
    drop.stage(LETTER)
    drop.take_back(ID)
    assert drop.place(ID) is Place.TAKEN_BACK
    assert names(tmp_path / "outgoing") == names(tmp_path / "staged") == []


def test_a_folder_that_cannot_be_used_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RegisteredMailError, match="file"):
        FileDrop(tmp_path / "file")


# ------------------------------------------------------------------ receipts

PDF = b"%PDF-1.4 proof"
GOOD: dict[str, Any] = {"id": ID, "number": "1A 123", "deposited_on": "2026-03-11"}


def put(tmp_path: Path, name: str = "r.json", **told: Any) -> None:
    """A receipt as a provider writes one."""
    (tmp_path / "receipts" / name).write_text(json.dumps(GOOD | told))


def one(drop: FileDrop) -> Told | Unreadable:
    """The only receipt there is."""
    (told,) = drop.told()
    return told


def test_a_receipt_is_read_with_its_file_and_put_aside_with_it(drop: FileDrop, tmp_path: Path) -> None:
    (tmp_path / "receipts" / "ar.pdf").write_bytes(PDF)
    put(tmp_path, delivered_on="2026-03-13", receipt="ar.pdf", sha256=hashlib.sha256(PDF).hexdigest(), more=1)
    assert one(drop) == Told(
        "r.json",
        ID,
        "1A 123",
        date(2026, 3, 11),
        Ended("received", date(2026, 3, 13)),
        ("ar.pdf", "application/pdf", PDF),
    )
    drop.settle("r.json")
    assert list(drop.told()) == []
    assert names(tmp_path / "receipts" / "done") == ["ar.pdf", "r.json"]
    # Two workers may read one receipt: the second finds it gone.
    drop.settle("r.json")


@pytest.mark.parametrize(
    ("told", "ended"),
    [
        ({}, None),
        ({"returned_on": "2026-03-30", "reason": "unclaimed"}, Ended("unclaimed", date(2026, 3, 30))),
        ({"returned_on": "2026-03-12", "reason": "refused"}, Ended("refused", date(2026, 3, 12))),
        ({"returned_on": "2026-03-12"}, Ended("returned", date(2026, 3, 12))),
    ],
)
def test_how_it_ended_is_what_the_provider_says(
    drop: FileDrop, tmp_path: Path, told: dict[str, Any], ended: Ended | None
) -> None:
    put(tmp_path, **told)
    found = one(drop)
    assert isinstance(found, Told)
    assert found.ended == ended


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"deposited_on": "2026-02-30"}, "deposited_on"),
        ({"number": " "}, "number"),
        ({"id": "../../etc/passwd"}, "id"),
        ({"reason": "refused"}, "reason: goes with returned_on"),
        ({"delivered_on": "2026-03-12", "returned_on": "2026-03-12"}, "a letter has one end"),
        ({"receipt": "../secret.pdf"}, "receipt"),
        ({"receipt": "absent.pdf"}, r"absent\.pdf: No such file"),
        ({"receipt": "ar.exe"}, r"a \.pdf"),
        ({"receipt": "text.pdf"}, r"its content is no \.pdf"),
        ({"receipt": "link.pdf"}, r"link\.pdf"),
        ({"receipt": "big.pdf"}, "over 10240 KiB"),
        ({"receipt": "ar.pdf", "sha256": "0" * 64}, "not those of sha256"),
        ({"sha256": "0" * 64}, "goes with receipt"),
        ({"number": "9" * 70_000}, f"over {NOTE_BYTES // 1024} KiB"),
    ],
)
def test_what_cannot_be_used_is_put_aside_with_its_reason_and_stops_no_other(
    drop: FileDrop, tmp_path: Path, told: dict[str, Any], reason: str
) -> None:
    receipts = tmp_path / "receipts"
    (tmp_path / "secret.pdf").write_bytes(PDF)
    (receipts / "ar.pdf").write_bytes(PDF)
    (receipts / "text.pdf").write_bytes(b"hello")
    (receipts / "link.pdf").symlink_to(tmp_path / "secret.pdf")
    with (receipts / "big.pdf").open("wb") as file:
        file.write(b"%PDF-")
        file.truncate(RECEIPT_BYTES + 1)
    put(tmp_path, "a.json", **told)
    put(tmp_path, "b.json")
    bad, good = drop.told()
    assert isinstance(good, Told)
    assert isinstance(bad, Unreadable)
    assert re.search(reason, bad.reason), bad.reason
    drop.refuse(bad.source, bad.reason)
    assert {"a.json", "a.json.reason.txt"} <= set(names(receipts / "refused"))
    assert drop.put_aside() == 1
    assert [each.source for each in drop.told()] == ["b.json"]
    assert (tmp_path / "secret.pdf").exists()


def test_a_receipt_written_anew_while_it_is_recorded_is_read_again(drop: FileDrop, tmp_path: Path) -> None:
    put(tmp_path)
    assert one(drop).source == "r.json"
    put(tmp_path, delivered_on="2026-03-13")
    drop.settle("r.json")
    told = one(drop)
    assert isinstance(told, Told)
    assert told.ended == Ended("received", date(2026, 3, 13))
    drop.settle("r.json")
    # A name used once more takes nothing from what is kept.
    put(tmp_path)
    one(drop)
    drop.settle("r.json")
    assert names(tmp_path / "receipts" / "done") == ["r-2.json", "r.json"]


def test_a_disk_that_is_full_leaves_nothing_half_written(
    drop: FileDrop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            drop.stage(LETTER)
    assert names(tmp_path / "staged") == []
    drop.stage(LETTER)
    assert drop.place(ID) is Place.STAGED


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff\xfe{", b"[" * 60_000])
def test_what_is_no_json_is_put_aside(drop: FileDrop, tmp_path: Path, body: bytes) -> None:
    (tmp_path / "receipts" / "r.json").write_bytes(body)
    found = one(drop)
    assert isinstance(found, Unreadable)
    drop.refuse(found.source, found.reason)
    assert list(drop.told()) == []


def test_a_pipe_or_a_link_in_the_place_of_a_receipt_is_not_read(drop: FileDrop, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "receipts" / "a.json")
    (tmp_path / "x.json").write_text(json.dumps(GOOD))
    (tmp_path / "receipts" / "b.json").symlink_to(tmp_path / "x.json")
    found = list(drop.told())
    assert [type(each) for each in found] == [Unreadable, Unreadable]
    for each in found:
        assert isinstance(each, Unreadable)
        drop.refuse(each.source, each.reason)
    assert list(drop.told()) == []
