"""Files of Watzap: its API gives out none."""

from __future__ import annotations

from typing import Self

from wa_integrasi.providers.base import Fetched, FileSource, Lack, Take, Unfetched


class WatzapMedia:
    """Fetches nothing: Watzap documents no way to get a file, and an address in an unsigned webhook is anybody's."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def fetch(self, source: FileSource, take: Take, at_most: int) -> Fetched | Unfetched:
        """See `FetchesMedia`."""
        del source, take, at_most
        return Unfetched(Lack.NEVER, "Watzap gives out no files")
