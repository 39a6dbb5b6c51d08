"""`make chaos`: workers killed hundreds of times, their store taken away, and what arrived, counted at the provider.

And `wa serve`, killed while webhooks come. Without options everything; otherwise what is named, for example
`--kills 50 --database sqlite --provider web`, `--outage full` or `--service 20`. Its last line says whether every goal
was met; it ends with 1 when one was missed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from tests.chaos import kills, outages, service
from tests.chaos.databases import KINDS, address_of_new, new_store
from tests.chaos.outages import OUTAGES
from tests.chaos.report import Report
from tests.chaos.scene import CHANNELS
from tests.postgres import postgres

SERVICE_KILLS = 40
Result = tuple[Report, list[str]]
"""A report, and the goals that were missed."""

COLUMNS: dict[str, Callable[[Report], object]] = {
    "kills": lambda report: report.kills,
    "messages": lambda report: report.messages,
    "lost": lambda report: report.lost,
    "stuck": lambda report: report.stuck,
    "duplicates": lambda report: report.duplicates,
    "without unknown": lambda report: report.unrecorded,
    "not in flight": lambda report: report.unexplained,
    "most a kill": lambda report: report.most_for_one,
    "most in flight": lambda report: report.most_in_flight,
    "out of order": lambda report: report.out_of_order,
    "unknown": lambda report: report.unknown,
    "ended": lambda report: len(report.ended),
    "latest receipt": lambda report: f"{report.latest_receipt_s:.1f} s",
    "refused": lambda report: report.refusals.total(),
    "log lines": lambda report: len(report.said),
    "seconds": lambda report: f"{report.seconds:.0f}",
}


def kill(kind: str, name: str, count: int, server: str) -> Result:
    """`count` kills on a new database."""
    with tempfile.TemporaryDirectory(prefix="wa-chaos-") as folder, address_of_new(kind, Path(folder), server) as url:
        report = asyncio.run(kills.kill_workers(url, CHANNELS[name], Path(folder), count))
        return report, kills.goals_missed(report, CHANNELS[name])


def kill_service(kind: str, count: int, server: str, console: Console) -> list[str]:
    """Kill `wa serve` `count` times under webhooks; print what it had acknowledged, and return what was missed."""
    with (
        tempfile.TemporaryDirectory(prefix="wa-chaos-") as folder,
        address_of_new(kind, Path(folder), server) as url,
        new_store(url) as store,
    ):
        found = asyncio.run(service.kill_service(store, url, Path(folder), count))
    routes = Counter(found.routes.values())
    console.print(
        f"wa serve, {kind}: {found.seconds:.0f} s; killed {count}; {len(found.acknowledged)} acknowledged, "
        f"{found.messages} messages, {routes['complaint']} complaints, {routes['conversation']} in conversations"
    )
    missed = found.broken()
    for text in missed:
        console.print(f"wa serve, {kind}: missed: {text}", style="red", markup=False)
    return missed


def tell(report: Report, console: Console) -> None:
    """Print that a run is over."""
    points = ", ".join(f"{count} {point}" for point, count in report.points.most_common())
    console.print(f"{report.name}, {report.database}: {report.seconds:.0f} s; killed {points or 'nobody'}")


def show(results: list[Result], console: Console) -> None:
    """Print what happened, and what should not have."""
    table = Table("run", "database", *COLUMNS, box=box.SIMPLE, title="Counted at the provider")
    for report, _ in results:
        table.add_row(report.name, report.database, *(str(value(report)) for value in COLUMNS.values()))
    console.print(table)
    for report, missed in results:
        for text in missed:
            console.print(f"{report.name}, {report.database}: missed: {text}", style="red", markup=False)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=300, help="in each run (%(default)s)")
    parser.add_argument("--database", choices=KINDS, action="append")
    parser.add_argument("--provider", choices=list(CHANNELS), action="append")
    parser.add_argument("--outage", choices=list(OUTAGES), action="append")
    parser.add_argument("--service", type=int, help=f"kills of wa serve on each database ({SERVICE_KILLS})")
    chosen = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False, soft_wrap=True)
    everything = not (chosen.database or chosen.provider or chosen.outage or chosen.service)
    providers = chosen.provider or ([] if chosen.outage or chosen.service else list(CHANNELS))
    results: list[Result] = []
    missed = 0
    with postgres() as server:
        for kind in chosen.database or KINDS:
            for name in providers:
                results.append(kill(kind, name, chosen.kills, server))
                tell(results[-1][0], console)
        for name in list(OUTAGES) if everything else chosen.outage or []:
            results.append(outages.run(name, server))
            tell(results[-1][0], console)
        service_kills = SERVICE_KILLS if everything else chosen.service or 0
        for kind in (chosen.database or KINDS) if service_kills else ():
            missed += len(kill_service(kind, service_kills, server, console))
    if results:
        show(results, console)
    missed += sum(len(goals) for _, goals in results)
    console.print(f"MISSED: {missed} goals, named above" if missed else "all goals met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
