"""`relance registered`: what a provider was given, what doctor finds of its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.local_stack import until
from tests.integration.cli.place import Installation
from tests.integration.cli.test_doctor import BAD, GOOD, examined

pytestmark = pytest.mark.integration


def test_shown_handed_over_and_examined(place: Installation, tmp_path: Path) -> None:
    refused = place.here("registered", "--now")
    assert (refused.status, "RELANCE_REGISTERED_DROP: not set" in refused.err) == (2, True), refused
    assert "no company 'nobody'" in place.here("registered", "--company", "nobody").err
    place.variables["RELANCE_REGISTERED_DROP"] = str(tmp_path)
    done = place.here("registered", "--now")
    assert done.out.startswith("0 handed over, 0 kept back, 0 receipts recorded, 0 put aside"), done
    assert "No registered letter is under way" in done.out
    _, found = examined(place)
    assert found["registered mail"][0] == GOOD
    (tmp_path / "receipts" / "a.json").write_text("{}")
    aside = tmp_path / "receipts" / "refused" / "a.json.reason.txt"
    with place.worker() as process:
        until(aside.exists, f"a worker reads what is there: {process.text}")
        assert process.stop() == 0
    assert "id: Field required" in aside.read_text()
    (tmp_path / "receipts" / "b.json").write_text("{}")
    assert "1 put aside" in place.here("registered", "--now").out
    _, found = examined(place)
    assert found["registered mail"][0] == BAD
    assert "2 receipts were put aside" in found["registered mail"][1]
    for wrong, words in (
        ("relative", "the whole path"),
        (str(tmp_path / "receipts/refused/a.json"), "a.json"),
    ):
        told = place.here("registered", "--now", RELANCE_REGISTERED_DROP=wrong)
        assert (told.status, words in told.err) == (2, True), told
