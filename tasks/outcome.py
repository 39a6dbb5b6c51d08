"""What became of the reports of a run: which did not go out, at which step, and what is to be done."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefect import State
from prefect.futures import PrefectFuture, wait
from prefect.states import Completed, Failed

from blocks.gateways import GatewayError
from tasks.standing import NotSentError
from wa_integrasi.reporting import ReportError
from wa_integrasi.settings import SettingsError
from wa_integrasi.sources.base import SourceError
from wa_integrasi.store.engine import StoreError

_FOR_PEOPLE = (GatewayError, NotSentError, ReportError, SettingsError, SourceError, StoreError)
_MOST = 5
_WHAT_TO_DO = {
    "query": "'wa report preview {report}' asks it again",
    "format": "'wa report preview {report}' shows it",
    "send": "'wa outbox list --report {report}' shows what each waits for",
}
_ELSE = "run it again: what was sent is not sent twice"
_TOLD = re.compile(r"(?:[0-9]+ of [0-9]+ reports failed: )?([a-z0-9-]+)(?: [0-9-]+)?: ([a-z ]+) failed: (.+); [^;]+")


@dataclass(frozen=True)
class Branch:
    """One report's way through a run."""

    report: str
    steps: Mapping[str, PrefectFuture[Any]]
    """By their names, in their order."""
    slot: str = ""
    """Of those of which a run may make several."""

    async def problem(self) -> str | None:
        """Why it did not come to its end, once it has been waited for; None where it did."""
        for step, future in self.steps.items():
            future.wait()
            if future.state.is_failed() or future.state.is_crashed() or future.state.is_cancelled():
                return self._told(step, await _why(future.state))
        return None

    def _told(self, step: str, why: str) -> str:
        named = why.removeprefix(f"report {self.report}").lstrip(",: ")
        to_do = _WHAT_TO_DO.get(step, _ELSE).format(report=self.report)
        return f"{f'{self.report} {self.slot}'.strip()}: {step} failed: {named}; {to_do}"


async def arrived(branches: Sequence[Branch]) -> None:
    """Wait until each branch has come to its end, or cannot any more."""
    await asyncio.to_thread(wait, [future for branch in branches for future in branch.steps.values()])


async def outcome(branches: Sequence[Branch]) -> State[None]:
    """How the run ends: completed when every branch is, else failed by what each of the others met."""
    problems = [found for branch in branches if (found := await branch.problem())]
    if not problems:
        return Completed(message=f"{len(branches)} reports")
    more = [f"and {len(problems) - _MOST} more"] if len(problems) > _MOST else []
    said = " | ".join([*problems[:_MOST], *more])
    return Failed(message=said if len(branches) == 1 else f"{len(problems)} of {len(branches)} reports failed: {said}")


def reasons(message: str) -> dict[str, str]:
    """By report, at which step it failed and why, of what `outcome` has said of a run; empty for other words."""
    told = [found for part in message.split(" | ") if (found := _TOLD.fullmatch(part))]
    return {found[1]: f"{found[2]}: {found[3]}" for found in told}


async def _why(state: State[Any]) -> str:
    error = await state.aresult(raise_on_failure=False)
    return " ".join(str(error).split()) if isinstance(error, _FOR_PEOPLE) else type(error).__name__
