"""Workers killed by SIGKILL at random points of a send, again and again, and what became of the messages."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from tests.chaos.databases import new_store
from tests.chaos.report import Report
from tests.chaos.scene import Channel, Scene
from tests.chaos.worker import POINTS

_WORKERS = 4
_OUTSIDE = 0.3
"""The share of kills that come from outside, at any moment."""
_FINDS_ITS_POINT_WITHIN_S = 2.0


async def kill_workers(url: str, channel: Channel, folder: Path, kills: int) -> Report:
    """Keep workers busy and kill them `kills` times; then let everything come to rest, and count."""
    with new_store(url) as store:
        async with Scene(store, url, channel, folder, channel.name) as scene, asyncio.TaskGroup() as tasks:
            feeding = tasks.create_task(scene.feed())
            for _ in range(min(_WORKERS, kills)):
                _hire(scene)
            while len(scene.ends) < kills:
                await asyncio.sleep(0.01)
                for _ in scene.bury():
                    if len(scene.ends) + len(scene.workers) < kills:
                        _hire(scene)
            scene.sated()
            await feeding
            scene.hire()
            await scene.rest()
            return await scene.report()


def _hire(scene: Scene) -> None:
    if random.random() < _OUTSIDE:
        scene.hire(lives_s=random.uniform(0.1, 2))
    else:
        point, passes = random.choice(list(POINTS.items()))
        passes = random.randint(1, 1 if scene.channel.rules.pace else passes)
        scene.hire(lives_s=_FINDS_ITS_POINT_WITHIN_S, point=point, passes=passes)


def goals_missed(report: Report, channel: Channel) -> list[str]:
    """With receipts that name our attempt nothing is repeated; without, one message where one goes at a time.

    And whatever is killed, nobody else has trouble with the store.
    """
    missed = report.broken(duplicates=not channel.echoes, at_once=1 if channel.rules.pace else None)
    if report.refusals:
        missed.append(f"the store did not take {dict(report.refusals)}")
    return missed
