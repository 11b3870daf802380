"""Bank files over HTTP: brought as they are, kept once, told until they are done or refused."""

from __future__ import annotations

from typing import cast

from httpx2 import Response
from temporalio.testing import ActivityEnvironment

from activities.bank_import import BankImportActivities
from activities.outbox import Courier
from admin.api.limits import MAX_BODY, MAX_FILE
from models.messages import BankChunk, BankFileNow
from tests.api.conftest import Door
from tests.api.pages import ok
from tests.unit.bank_files.statements import ACCOUNT, Entry, camt

FILES = "/v1/companies/acme/bank-files"


def bring(door: Door, content: bytes, name: str = "releve.xml", **headers: str) -> Response:
    """Bring a file, as a collector."""
    key = door.keys.setdefault("bank", "") or door.key("collector", ["acme"], name="bank")
    door.keys["bank"] = key
    given = {
        "Authorization": f"Bearer {key}",
        **{name.replace("_", "-"): told for name, told in headers.items()},
    }
    return door.client.request("POST", f"{FILES}?name={name}", content=content, headers=given)


def work(door: Door, file_id: str) -> None:
    """What a worker does with it."""
    steps = BankImportActivities(door.book.engine, door.clock, cast(Courier, door.courier))
    environment, now = ActivityEnvironment(), BankFileNow.model_validate({"file_id": file_id})
    if not environment.run(steps.store_bank_lines, now).refused:
        environment.run(steps.match_bank_lines, BankChunk(file_id=now.file_id))
    environment.run(steps.conclude_bank_file, now)


def test_a_file_is_kept_once_and_told_until_it_is_done(door: Door) -> None:
    ok(door.ask("POST", "/v1/companies/acme/bank-accounts", {"account": ACCOUNT}), 201)
    file = camt([Entry("50.00", text="FA 1"), Entry("-3.00", text="frais")])
    told = ok(bring(door, file, Idempotency_Key="k"), 202)
    assert (told["state"], told["kind"], told["lines"]) == ("received", "camt", 0)
    assert ok(bring(door, file, Idempotency_Key="k"), 202) == told
    assert ok(bring(door, file, Idempotency_Key="other"), 202)["id"] == told["id"]
    assert len(door.courier.notes) == 1
    work(door, told["id"])
    shown = ok(door.ask("GET", f"{FILES}/{told['id']}", role="viewer"))
    assert (shown["state"], shown["lines"], shown["waiting"], shown["ignored"]) == ("done", 2, 1, 1)
    (statement,) = shown["statements"]
    assert statement == {
        "account": ACCOUNT,
        "currency": "EUR",
        "number": "S",
        "opening": "100.00",
        "closing": "147.00",
        "closed_on": "2026-03-05",
        "lines": 2,
        "received": "50.00",
        "paid": "3.00",
    }
    assert [one["id"] for one in ok(door.ask("GET", FILES, role="viewer"))["items"]] == [told["id"]]


def test_a_refused_file_says_where_and_why(door: Door) -> None:
    told = ok(bring(door, camt([Entry("50.00")])), 202)
    work(door, told["id"])
    shown = ok(door.ask("GET", f"{FILES}/{told['id']}"))
    assert shown["state"] == "refused"
    assert shown["refusal"].startswith(f"statement 1: account {ACCOUNT} is none of acme's")
    answer = bring(door, b"%PDF-1.7", name="releve.pdf")
    assert (answer.status_code, "releve.pdf is a PDF" in answer.json()["detail"]) == (422, True)


def test_another_companys_file_is_not_there(door: Door) -> None:
    told = ok(bring(door, camt([Entry("50.00")])), 202)
    stranger = door.key("manager", ["acme"], name="stranger")
    assert door.ask("GET", f"/v1/companies/other/bank-files/{told['id']}", key=stranger).status_code == 404


def test_a_file_may_be_larger_than_other_bodies_but_not_endless(door: Door) -> None:
    assert ok(bring(door, camt([Entry("50.00", text="x" * (MAX_BODY + 1))])), 202)["size"] > MAX_BODY
    assert bring(door, b" " * (MAX_FILE + 1)).status_code == 413
    # Without a key nobody is listened to for so long.
    assert door.client.request("POST", FILES, content=b" " * (MAX_BODY + 1)).status_code == 413


def test_an_account_that_cannot_be_one_is_refused(door: Door) -> None:
    answer = door.ask("POST", "/v1/companies/acme/bank-accounts", {"account": "FR7630006000011234567890188"})
    assert answer.status_code == 422
    assert "check digits" in answer.json()["detail"]
    listed = ok(door.ask("POST", "/v1/companies/acme/bank-accounts", {"account": "517 852 257"}), 201)
    assert [one["account"] for one in listed["items"]] == ["517852257"]
