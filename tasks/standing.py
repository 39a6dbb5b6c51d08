"""Show where a report's messages stand, and fail its run for those that were not sent."""

from collections import Counter

from prefect import get_run_logger
from prefect.artifacts import acreate_table_artifact

from wa_integrasi.history import Entry
from wa_integrasi.message import REACHED


class NotSentError(Exception):
    """Messages have not been sent, and perhaps will be later. Says how many and why; the outbox keeps them."""


async def show_standing(entries: list[Entry], refused: list[dict[str, str]]) -> None:
    """Make a table of the messages and of those without a row. Raises `NotSentError` when some were not sent."""
    rows = [
        {"to": entry.masked, "part": f"{entry.part}/{entry.parts}", "status": entry.status, "reason": _reason(entry)}
        for entry in reversed(entries)
    ] + refused
    counts = Counter(row["status"] for row in rows)
    get_run_logger().info(", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "no messages")
    if rows:
        said = "Where the messages stood when the task ended; the console knows how they went on."
        await acreate_table_artifact(rows, description=said)
    if not_sent := [row for row in rows if row["status"] not in REACHED]:
        reasons = sorted({f"{row['status']}, {row['reason']}" for row in not_sent})
        raise NotSentError(f"{len(not_sent)} of {len(rows)} messages were not sent: {'; '.join(reasons)}")


def _reason(entry: Entry) -> str:
    return f"{entry.error_code}: {entry.error_text}" if entry.error_code else ""
