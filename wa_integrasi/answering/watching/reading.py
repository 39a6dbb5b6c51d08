"""The questions of a round to one source: few at once, and none any more once it is found away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from wa_integrasi.answering.fetching import Fetched, Kitchen, Trouble
from wa_integrasi.answering.watching.rounds import Group
from wa_integrasi.privacy.names import Names

_AT_ONCE = 2
"""Questions that one source is asked at once: the threads that ask are shared, and one that hangs takes up as many."""

_GIVEN_UP = 4
"""Questions in a row that find a source away: it is asked no more in this round. One alone may be too slow a query."""

_NOBODY = Names([])


async def values_of(kitchen: Kitchen, groups: Sequence[Group], budget_s: float) -> AsyncIterator[tuple[Group, Fetched]]:
    """What each of some questions to one source gets, within `budget_s`. What is not asked in time counts as away.

    What was answered last time is asked first.
    """
    ends = asyncio.get_running_loop().time() + budget_s
    ordered = sorted(groups, key=lambda group: min(each.standing.misses for each in group.watched_by))
    in_a_row = 0
    for start in range(0, len(ordered), _AT_ONCE):
        some = ordered[start : start + _AT_ONCE]
        left_s = ends - asyncio.get_running_loop().time() if in_a_row < _GIVEN_UP else 0
        for group, found in zip(some, await _asked(kitchen, some, left_s), strict=True):
            in_a_row = in_a_row + 1 if isinstance(found, Trouble) and found.kind == "away" else 0
            yield group, found


async def _asked(kitchen: Kitchen, some: Sequence[Group], within_s: float) -> Sequence[Fetched]:
    if within_s > 0:
        try:
            async with asyncio.timeout(within_s):
                return [found for [found] in await kitchen.fetch([([group.leaf], False) for group in some], _NOBODY)]
        except TimeoutError:
            pass
    return [Trouble("away", group.need.source, "not answered in this round") for group in some]
