"""`relance chaos` at the terminal: where it refuses to run, and what Ctrl-C leaves behind."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from tests.fixtures.local_stack import at_work, environment, program, python

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("words", "variables", "part"),
    [
        (
            (),
            {"RELANCE_DATABASE_URL": "postgresql://relance:pAsSwOrD@127.0.0.1:1/relance"},
            "RELANCE_DATABASE_URL",
        ),
        ((), {"TWILIO_ACCOUNT_SID": "AC1"}, "TWILIO_ACCOUNT_SID"),
        (("--contacts", "20"), {}, "contacts: 20"),
    ],
)
def test_it_refuses_what_it_must_not_or_cannot_do(
    tmp_path: Path, words: tuple[str, ...], variables: dict[str, str], part: str
) -> None:
    folder = tmp_path / "data"
    told = python(
        *("-m", "admin", "chaos", "--data-dir", str(folder), *words), variables=environment(**variables)
    )
    assert told.status == 2, told
    assert len(told.err.splitlines()) == 1
    assert part in told.err
    assert "pAsSwOrD" not in told.err
    assert not folder.exists()


@pytest.mark.slow
def test_ctrl_c_stops_it_cleanly_and_leaves_nothing(tmp_path: Path) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    # Root's PostgreSQL runs as somebody else, who must pass through here.
    for folder in (tmp_path, place):
        folder.chmod(0o711)
    with program(
        *("-m", "admin", "chaos", "--contacts", "60"),
        variables=environment(TMPDIR=str(place)),
        log=tmp_path / "chaos.log",
    ) as campaign:
        for step in ("postgres is ready", "temporal is ready", "worker is ready", "intended 60"):
            campaign.until(step)
        (folder,) = place.glob("relance-chaos-*")
        assert campaign.stop(signal.SIGINT) == 130
        assert "stopping postgres" in campaign.text
        assert re.search(r"^Stopped\.$", campaign.text, re.MULTILINE)
        assert "Traceback" not in campaign.text
    assert at_work(folder) == []
    assert list(place.iterdir()) == []
