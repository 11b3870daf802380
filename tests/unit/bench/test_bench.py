"""The benchmarks run, at sizes that show nothing but that; what they measured is checked by themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from admin.portfolio.reader import read_portfolio
from admin.portfolio.row import Reject
from bench import samples
from bench.__main__ import BENCHMARKS, main
from bench.bare import Step, read_script
from bench.figures import Figure, number
from bench.simulate import rules_seconds
from policies import builtin_policies

SERVERS = ("import", "fec", "contact", "start", "life", "memory", "webhooks", "bank")
"""Benchmarks that start a server and take a few seconds; `api` and `console` ask often, `matching` and
`trial` need a ledger with some customers in it, `simulate` starts no server."""


def test_a_figure_is_one_line_with_its_baseline_and_ratio() -> None:
    figure = Figure(
        what="1,000 rows",
        figure=5_000.0,
        baseline=20_000.0,
        unit="rows/s",
        against="raw COPY",
        aim="a third",
        met=False,
        peak_rss_mib=151.4,
        notes=(("import, s", 0.2),),
    )
    assert figure.line() == (
        "1,000 rows: 5,000 rows/s, raw COPY 20,000 rows/s, ratio 0.25; aim a third: NOT met; "
        "peak RSS 151 MiB; import, s 0.2"
    )
    assert figure.as_json()["ratio"] == 0.25
    assert figure.as_json()["notes"] == {"import, s": 0.2}


@pytest.mark.parametrize(
    ("value", "shown"), [(12_345.6, "12,346"), (12.345, "12.35"), (0.12345, "0.1235"), (3.0, "3")]
)
def test_a_number_has_as_many_digits_as_mean_something(value: float, shown: str) -> None:
    assert number(value) == shown


def test_without_the_receivables_file_the_same_shape_is_invented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "RECEIVABLES", tmp_path / "not there.csv")
    path = tmp_path / "lives.csv"
    assert samples.write_lives(path) == samples.RECEIVABLES_ROWS
    rejects: list[Reject] = []
    rows = list(read_portfolio(path, on_reject=rejects.append, policies=builtin_policies()))
    assert not rejects
    assert len(rows) == samples.RECEIVABLES_ROWS
    assert len({row.customer for row in rows}) == samples.RECEIVABLES_CUSTOMERS
    assert any(row.disputed_on for row in rows)
    assert rules_seconds(path, 1) > 0


@pytest.mark.skipif(
    not samples.RECEIVABLES.exists(), reason=f"{samples.RECEIVABLES.name} is not in ../shared/data"
)
def test_the_receivables_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "lives.csv"
    assert samples.write_lives(path) == samples.RECEIVABLES_ROWS
    rejects: list[Reject] = []
    rows = list(read_portfolio(path, on_reject=rejects.append, policies=builtin_policies()))
    assert (len(rows), rejects) == (samples.RECEIVABLES_ROWS, [])


def test_an_open_portfolio_has_no_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "open.csv"
    samples.write_open(path, 120)
    rejects: list[Reject] = []
    rows = list(read_portfolio(path, on_reject=rejects.append, policies=builtin_policies()))
    assert (len(rows), rejects) == (120, [])
    assert len({row.customer for row in rows}) == 10


def test_a_case_without_events_has_no_commands() -> None:
    assert read_script([]) == list[Step]()


def test_an_unknown_benchmark_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulat"])
    assert ended.value.code == 2
    assert "no benchmark simulat" in capsys.readouterr().err


@pytest.mark.parametrize("size", ["0", "-1", "many"])
def test_a_size_is_a_positive_number(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["simulate", f"--size={size}"])
    assert "--size" in capsys.readouterr().err


@pytest.mark.integration
@pytest.mark.slow
@pytest.mark.parametrize("name", SERVERS)
def test_a_benchmark_with_servers_runs(name: str) -> None:
    _run(name, 3)


@pytest.mark.integration
@pytest.mark.slow
@pytest.mark.parametrize("name", ["api", "console"])
def test_requests_are_measured(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.api.REQUESTS", 2)
    monkeypatch.setattr("bench.api.DEEP_PAGE", 2)
    _run(name, 500)


@pytest.mark.integration
@pytest.mark.slow
def test_matching_runs() -> None:
    _run("matching", 60)


@pytest.mark.integration
@pytest.mark.slow
def test_a_trial_is_measured() -> None:
    _run("trial", 100)


@pytest.mark.slow
def test_simulate_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.simulate.TIMES", 1)
    _run("simulate", 5)


def _run(name: str, size: int) -> None:
    told: list[str] = []
    assert main([name, "--size", str(size), "--json"], told.append) == 0
    assert told
    for line in told:
        figure = json.loads(line)
        assert figure["name"] == name
        assert figure["ratio"] == figure["figure"] / figure["baseline"] > 0


def test_every_benchmark_is_tried_here() -> None:
    assert set(BENCHMARKS) == {*SERVERS, "api", "console", "matching", "simulate", "trial"}
