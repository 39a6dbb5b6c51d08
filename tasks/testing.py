"""Tasks on the bench of `wa_integrasi.testing`: `task.fn(...)` in a test, without a Prefect server and its blocks.

    # tests/conftest.py
    pytest_plugins = ["tasks.testing"]

    # tests/test_tasks.py
    def test_the_query_gives_a_row_for_each_unit(wa):
        wa.catalog("catalog")
        wa.source("pabrik", PLANT)
        assert len(query.fn(wa.job("produksi-unit", "2026-11-19")).rows.values) == 2

The docstring of each task has an example of this kind.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid4

import pytest
from prefect import State
from prefect.artifacts import Artifact
from prefect.client.schemas.objects import Artifact as ArtifactResponse
from prefect.client.schemas.objects import Flow, FlowRun, TaskRun
from prefect.logging import disable_run_logger
from prefect.states import Completed, Failed
from pydantic import SecretStr

import blocks.gateways.templates
import blocks.sources
import tasks.alarm
import tasks.channels
import tasks.events
from blocks.sources import SqlSource
from tasks.batch import Batch
from tasks.session import look_at_session
from tasks.standby import Standby
from tasks.watched import Watch
from wa_integrasi.answering.watching import Watchers
from wa_integrasi.clock import utc_now
from wa_integrasi.complaints import Complaint, file_complaint
from wa_integrasi.providers.base import Sender
from wa_integrasi.reporting import Recap, due_recaps
from wa_integrasi.sources.ai import ChatMessage
from wa_integrasi.store.engine import Store
from wa_integrasi.testing import ZONE, Bench, wa_store_file

__all__ = ["TaskBench", "wa", "wa_store_file"]

_BUDGET_S = 10.0


class TaskBench(Bench):
    """A bench whose sources and channel tasks find too, and which keeps what they show and tell in Prefect."""

    def __init__(self, store: Store, folder: Path, zone: str = ZONE) -> None:
        super().__init__(store, folder, zone)
        self.shown: list[Any] = []
        """Artifacts, in the order in which they were made."""
        self.events: list[tuple[str, dict[str, Any]]] = []
        """Name and payload of each event."""
        self.runs: dict[UUID, FailedSteps] = {}

    @asynccontextmanager
    async def lent(self, account: str) -> AsyncIterator[Sender]:
        """The channel, as that of any account."""
        yield self.sender

    def commands(self, who: str, text: str) -> Batch:
        """The commands of a run: one, which a contact of the catalog writes."""
        desk = self.asked(who, text)
        return Batch(desk, self.kitchen, desk.open().tickets)

    def watched(self) -> Watch:
        """What a run of `wa-watches` looks at now."""
        watchers = Watchers(self.store, self.zone, self.clock)
        return Watch(watchers, self.kitchen, watchers.take(), _BUDGET_S)

    def recap(self, name: str) -> Recap:
        """A report of the cadence task_delivery, with what was last told of it."""
        [recap] = due_recaps(self.store, self.zone, [name], clock=self.clock)
        return recap

    def complained(self, number: str, text: str) -> None:
        """Somebody complained an hour ago; by the machine's clock, as tasks ask it."""
        with self.store.writing() as connection:
            file_complaint(connection, Complaint(text), complainant=number, now=utc_now() - timedelta(hours=1))

    def failed(self, name: str, *steps: str, done: Sequence[str] = (), **parameters: Any) -> str:
        """The id of a run that failed, by the names of its steps that did and of those that are `done`."""
        run = FlowRun(id=uuid4(), flow_id=uuid4(), name=name, parameters=parameters, state=Failed(), run_count=1)
        self.runs[run.id] = FailedSteps(run, steps, done)
        return str(run.id)


@dataclass(frozen=True)
class FailedSteps:
    """A run as Prefect has it, with the names of its steps that failed and of some that did not."""

    run: FlowRun
    steps: Sequence[str]
    done: Sequence[str]

    @property
    def task_runs(self) -> list[TaskRun]:
        """The steps as Prefect has them."""
        return [
            *(self._ended(name, Failed()) for name in self.steps),
            *(self._ended(n, Completed()) for n in self.done),
        ]

    def _ended(self, name: str, state: State[Any]) -> TaskRun:
        known = {"flow_run_id": self.run.id, "name": name, "task_key": name, "dynamic_key": "0"}
        return TaskRun.model_validate({**known, "state": state, "state_type": state.type})


@dataclass(frozen=True)
class _Server:
    """What tasks ask of Prefect's API."""

    wa: TaskBench

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def read_flow_run(self, run: UUID) -> FlowRun:
        return self.wa.runs[run].run

    async def read_flow(self, _flow: UUID) -> Flow:
        return Flow(name="rekap", labels={})

    async def read_task_runs(self, *, flow_run_filter: Any, limit: int, offset: int) -> list[TaskRun]:
        [run] = flow_run_filter.id.any_
        return self.wa.runs[run].task_runs[offset : offset + limit]

    def emit(self, name: str, _resource: object, *, payload: dict[str, Any]) -> bool:
        self.wa.events.append((name, payload))
        return True


@dataclass(frozen=True)
class _Ai:
    """What the test said that an AI answers."""

    wa: TaskBench
    name: str

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def chat(self, messages: Sequence[ChatMessage]) -> str:
        return await self.wa.sources.said(self.name, messages, _BUDGET_S)


@dataclass(frozen=True)
class _Blocks:
    """The bench's sources and its channel, by the names of blocks."""

    wa: TaskBench

    async def accounts(self, _client: object) -> dict[str, list[str]]:
        return {"default": ["meta"]}

    async def gateway(self, _account: str) -> Self:
        return self

    def sender(self) -> Any:
        return self.wa.sender

    async def look(self, account: str, *, return_state: bool) -> Any:
        return await look_at_session.fn(account)

    async def ai(self, name: str) -> _Ai:
        return _Ai(self.wa, name)

    def source(self, name: str) -> SqlSource:
        self.wa.sources.database(name)
        return SqlSource(url=SecretStr(f"sqlite:///{self.wa.sources.files[name]}"))


@pytest.fixture
def wa(wa_store_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TaskBench]:
    """A bench of this test alone, with Prefect's part played: run loggers are silent, blocks are the bench's."""
    with TaskBench.opened(wa_store_file, tmp_path, monkeypatch) as bench:
        _play(bench, monkeypatch)
        with disable_run_logger(), Standby(bench, asyncio.Event()).given():
            yield bench


def _play(wa: TaskBench, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks_of, server = _Blocks(wa), _Server(wa)
    for module in (blocks.gateways.templates, tasks.alarm, tasks.channels):
        monkeypatch.setattr(module, "get_client", lambda: server)
    for module in (blocks.gateways.templates, tasks.channels):
        monkeypatch.setattr(module, "gateway_channels", blocks_of.accounts)
    monkeypatch.setattr(blocks.gateways.templates, "load_gateway", blocks_of.gateway)
    monkeypatch.setattr(blocks.sources, "load_ai", blocks_of.ai)
    monkeypatch.setattr(SqlSource, "load", blocks_of.source)
    monkeypatch.setattr(tasks.channels, "look_at_session", blocks_of.look)
    monkeypatch.setattr(tasks.events, "emit_event", server.emit)

    def show(artifact: Artifact, **_: object) -> ArtifactResponse:
        wa.shown.append(artifact)
        return ArtifactResponse(id=uuid4())

    async def show_soon(artifact: Artifact, **_: object) -> ArtifactResponse:
        return show(artifact)

    monkeypatch.setattr(Artifact, "create", show)
    monkeypatch.setattr(Artifact, "acreate", show_soon)
