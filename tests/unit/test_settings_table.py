"""The operator's page names every setting, with the default it has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from activities.settings import SettingInvalid, Settings, split_address

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operating.md"
NONE = {None: "none", (): "empty"}


def table() -> dict[str, str]:
    """Default by variable, as the page's table of settings has them."""
    found = {}
    for names, default in re.findall(
        r"^\| (`[A-Z_`, ]+) \| ([^|]*) \|", PAGE.read_text("utf-8"), re.MULTILINE
    ):
        for name in re.findall(r"`([A-Z_]+)`", names):
            found[name] = default.strip().strip("`")
    return found


def test_every_setting_is_in_the_table_with_its_default() -> None:
    wanted = {}
    for field in Settings.model_fields.values():
        default = field.default
        assert default is not PydanticUndefined
        assert not isinstance(default, SecretStr)
        if default is None or default == ():
            shown = NONE[default]
        elif isinstance(default, float):
            shown = f"{default:g}"
        else:
            shown = str(default)
        wanted[str(field.validation_alias)] = shown
    written = table()
    # What other parts of Relance read by themselves is described there too.
    assert {name: written.get(name) for name in wanted} == wanted


def test_no_setting_is_described_that_nobody_reads() -> None:
    known = {str(field.validation_alias) for field in Settings.model_fields.values()}
    read_elsewhere = {"RELANCE_DATA_DIR"}
    assert {name for name in table() if not name.startswith("TEMPORAL_")} == known | read_elsewhere


@pytest.mark.parametrize(
    ("text", "found"),
    [("127.0.0.1:9464", ("127.0.0.1", 9464)), ("[::1]:80", ("::1", 80)), (" host:1 ", ("host", 1))],
)
def test_an_address_has_host_and_port(text: str, found: tuple[str, int]) -> None:
    assert split_address(text) == found


@pytest.mark.parametrize("text", ["", "9464", ":9464", "host:", "host:0", "host:65536", "host:abc"])
def test_what_is_no_address_is_refused_by_name(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELANCE_METRICS_ADDRESS", text)
    with pytest.raises(SettingInvalid, match=r"RELANCE_METRICS_ADDRESS.*host:port"):
        Settings.load()
