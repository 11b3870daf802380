"""The Temporal server of the local stack: ready when told so, kept through kill -9, gone when stopped."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from admin.stack.checks import answers
from admin.stack.errors import DataFolderInUse, StackError
from admin.stack.temporal import LocalTemporal, temporal_path, time_skipping_server_path

from .conftest import gone

pytestmark = pytest.mark.integration

STAGE = SearchAttributeKey.for_keyword("CaseStage")
DUE = SearchAttributeKey.for_datetime("DueDate")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalTemporal]:
    file = tmp_path / "temporal" / "temporal.db"
    with LocalTemporal(file, search_attributes={"CaseStage": "Keyword"}) as running:
        yield running


async def start_a_workflow(server: LocalTemporal) -> None:
    client = await Client.connect(server.address)
    await client.start_workflow(
        "Anything",
        id="kept",
        task_queue="nobody-works-here",
        search_attributes=TypedSearchAttributes([SearchAttributePair(STAGE, "reminder_1")]),
    )


async def stage_of_the_kept_workflow(server: LocalTemporal) -> str | None:
    client = await Client.connect(server.address)
    found = await client.get_workflow_handle("kept").describe()
    assert found.status == WorkflowExecutionStatus.RUNNING
    return found.typed_search_attributes.get(STAGE)


async def test_it_keeps_its_workflows_through_stop_and_kill_9(server: LocalTemporal) -> None:
    await start_a_workflow(server)
    first = server.pid
    assert first is not None
    server.stop()
    assert gone(first)
    server.start()
    assert await stage_of_the_kept_workflow(server) == "reminder_1"

    second = server.pid
    assert second is not None
    os.kill(second, signal.SIGKILL)
    assert gone(second)
    server.start()
    assert await stage_of_the_kept_workflow(server) == "reminder_1"


def test_its_page_answers(server: LocalTemporal) -> None:
    assert server.ui_url is not None
    assert answers(server.ui_url)() is None


async def test_search_attributes_added_later_come_into_an_older_file(server: LocalTemporal) -> None:
    server.stop()
    with LocalTemporal(
        server.database, ui=False, search_attributes={"CaseStage": "Keyword", "DueDate": "Datetime"}
    ) as newer:
        assert newer.ui_url is None
        client = await Client.connect(newer.address)
        assert [run async for run in client.list_workflows("DueDate > '2026-01-01T00:00:00Z'")] == []


def test_a_search_attribute_of_another_type_is_named(server: LocalTemporal) -> None:
    server.stop()
    with pytest.raises(StackError, match="CaseStage with another type than Int"):
        LocalTemporal(server.database, search_attributes={"CaseStage": "Int"}).start()


def test_an_unknown_type_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="CaseStage: type 'Money'"):
        LocalTemporal(tmp_path / "t.db", search_attributes={"CaseStage": "Money"})


def test_a_second_server_on_the_file_is_refused(server: LocalTemporal) -> None:
    with pytest.raises(DataFolderInUse, match=f"process {server.pid}"):
        LocalTemporal(server.database).start()


def test_the_wheels_programs_are_found_without_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for program in (temporal_path(), time_skipping_server_path()):
        assert os.access(program, os.X_OK)
