"""A PI server for code in a thread, which asks it as it asks a SQL database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.pi.access import PiMemory
from wa_integrasi.sources.pi.asking import Ask, Interpolated, Plot, Recorded, Summary, ValueNow
from wa_integrasi.sources.pi.client import PiCheck, PiClient
from wa_integrasi.sources.pi.config import PiConfig
from wa_integrasi.sources.pi.times import Moment
from wa_integrasi.sources.pi.values import PiReading

Read = Literal["value", "recorded", "interpolated", "summary", "plot"]
_OVER_TIME: dict[str, Callable[[Moment, Moment], Ask]] = {
    "recorded": Recorded,
    "interpolated": Interpolated,
    "summary": Summary,
    "plot": Plot,
}


@dataclass(frozen=True)
class PiServer:
    """One PI server. Keep it for several readings: it remembers where its tags are, its token, and that it is away."""

    config: PiConfig
    memory: PiMemory = field(default_factory=PiMemory, repr=False, compare=False)

    def within(self, timeout_s: float) -> PiServer:
        """The same server, with the same memory, for readings that may take less time."""
        return replace(self, config=replace(self.config, timeout_s=min(self.config.timeout_s, timeout_s)))

    def read(
        self, tags: Sequence[str], read: Read = "value", start: Moment | None = None, end: Moment | None = None
    ) -> PiReading:
        r"""Read all tags at once. Raises `SourceError` where nothing can be read.

        Args:
            tags: Names of the tags, or paths such as `\\SERVER\TAG`.
            read: `value`, `recorded`, `interpolated` (each hour), `summary` or `plot`.
            start: Where the values begin; not for `value`.
            end: Where they end, now unless told; for `value` the moment that it is of.
        """
        return self.ask(tags, asked(read, start, end))

    def ask(self, tags: Sequence[str], ask: Ask) -> PiReading:
        """The same, with everything that can be said of a reading. Not within an event loop: there use `PiClient`."""
        return self.memory.patience.ask(lambda: asyncio.run(self._read(tags, ask)), self.config.timeout_s)

    def check(self) -> PiCheck:
        """Test address, certificate, login and data server. Raises `SourceError`."""
        return asyncio.run(self._check())

    async def _read(self, tags: Sequence[str], ask: Ask) -> PiReading:
        async with PiClient(self.config, self.memory) as client:
            return await client.read(tags, ask)

    async def _check(self) -> PiCheck:
        async with PiClient(self.config, self.memory) as client:
            return await client.check()


def asked(read: str, start: Moment | None, end: Moment | None) -> Ask:
    """What a kind of reading means. Raises `SourceError`."""
    if read == "value":
        return ValueNow(end)
    if read not in _OVER_TIME:
        known = ", ".join(["value", *_OVER_TIME])
        raise SourceError(f"found the reading {read[:40]!r}, must be one of: {known}", transient=False)
    if start is None:
        raise SourceError(f"a reading of the kind {read} needs a start", transient=False)
    return _OVER_TIME[read](start, "*" if end is None else end)
