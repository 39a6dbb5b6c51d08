"""Workers that are really killed, a few for each database; `make chaos` kills hundreds."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.databases import KINDS, address_of_new
from tests.chaos.kills import goals_missed, kill_workers
from tests.chaos.scene import CHANNELS

KILLS = 4
CHANNELS_TESTED = [replace(CHANNELS[name], factor=15, chats=30, waiting=30) for name in ("echo", "silent")]


@pytest.mark.parametrize("kind", KINDS)
async def test_killed_processes_lose_nothing_and_repeat_only_what_was_in_flight(
    kind: str, postgres_url: str, tmp_path: Path
) -> None:
    folders = [tmp_path / channel.name for channel in CHANNELS_TESTED]
    with ExitStack() as made:
        runs = []
        for channel, folder in zip(CHANNELS_TESTED, folders, strict=True):
            folder.mkdir()
            url = made.enter_context(address_of_new(kind, folder, postgres_url))
            runs.append(kill_workers(url, channel, folder, KILLS))
        reports = await asyncio.gather(*runs)
    assert [report.kills for report in reports] == [KILLS, KILLS]
    assert [goals_missed(*pair) for pair in zip(reports, CHANNELS_TESTED, strict=True)] == [[], []]
