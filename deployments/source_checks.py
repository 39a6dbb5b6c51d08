"""Whether the sources that blocks name can be read."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from deployments.errors import NotThereError
from wa_integrasi.sources.base import SourceError, SourceReport
from wa_integrasi.sources.kinds import query_kinds

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

_PI = "pi"
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class SourceVerdict:
    """What came of one source: a report, or why there is none."""

    name: str
    kind: str
    """Of its block: `sql`, `pi`, or that of a plug-in."""
    report: SourceReport | None
    error: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For programs; `kind` is then what the source says of itself, such as `postgresql`."""
        told = {"name": self.name, "source_kind": self.kind, "ok": self.report is not None, "error": self.error}
        return told | (asdict(self.report) if self.report else {})


async def check_sources(name: str = "", kind: str = "") -> list[SourceVerdict]:
    """Try every source that has a block, or those of one name or kind, some at once; one that fails stops no other.

    AIs are no such sources: a question costs money. Raises `NotThereError` for a name or a kind that is not there,
    and what Prefect's client raises.
    """
    kinds = (*query_kinds(), _PI)
    if kind and kind not in kinds:
        raise NotThereError.of("kind of source", kind, kinds)
    there = await _blocks((kind,) if kind else kinds)
    found = [each for each in there if name in ("", each[1])]
    if name and not found:
        what = f"{kind} source block" if kind else "source block"
        raise NotThereError.of(what, name, [each for _, each in there], "; make one in the Prefect UI")
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(kind: str, name: str) -> SourceVerdict:
        async with places:
            try:
                return SourceVerdict(name, kind, await _report(kind, name))
            except SourceError as error:
                return SourceVerdict(name, kind, None, str(error))
            except Exception as error:  # whatever a block or a driver comes up with; its text may hold a secret
                return SourceVerdict(name, kind, None, f"it cannot be checked ({type(error).__name__})")

    return await asyncio.gather(*(one(*each) for each in found))


async def _blocks(kinds: tuple[str, ...]) -> list[tuple[str, str]]:
    """Kind and name of each source that has a block."""
    from prefect.client.orchestration import get_client

    async with get_client() as client:
        return [(kind, name) for kind in kinds for name in await _names(client, kind)]


async def _names(client: PrefectClient, kind: str) -> list[str]:
    from prefect.exceptions import PrefectHTTPStatusError

    try:
        documents = await client.read_block_documents_by_type(f"{kind}-source", include_secrets=False)
    except PrefectHTTPStatusError as error:
        if error.response.status_code == HTTPStatus.NOT_FOUND:  # `wa deploy` has not registered its type
            return []
        raise
    return sorted(document.name for document in documents if document.name)


async def _report(kind: str, name: str) -> SourceReport:
    from blocks.sources import load_pi_soon, load_source_soon

    if kind != _PI:
        source = await load_source_soon(name, kind)
        return await asyncio.to_thread(source.check)
    server = await load_pi_soon(name)
    found = await asyncio.to_thread(server.check)
    if not found.connected:
        raise SourceError("PI Web API answers, and does not reach its data server", transient=True)
    return SourceReport(_PI, f"PI {found.version}".strip(), server.config.timezone, 1000 * found.latency_s, None)
