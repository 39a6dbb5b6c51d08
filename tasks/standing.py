"""Show where a report's messages stand, and fail its run for those that were not sent."""

from collections import Counter
from collections.abc import Sequence

from prefect import get_run_logger
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact

from wa_integrasi.history import Entry
from wa_integrasi.message import REACHED, Status
from wa_integrasi.policy.hours import WAITS_FOR_ITS_TIME
from wa_integrasi.reporting import Page

_SAID = "Where the messages stood when the task ended; the console knows how they went on."

Row = dict[str, str]


class NotSentError(Exception):
    """Messages have not been sent, and perhaps will be later. Says how many and why; the outbox keeps them."""


async def show_standing(entries: Sequence[Entry], refused: Sequence[Row], page: Page | None = None) -> None:
    """Make an artifact of the messages and of those without a row, with the report's text where there is a `page`.

    Raises `NotSentError` when some were not sent, but for those that wait for their readers' hours.
    """
    rows = [_row(entry) for entry in reversed(entries)] + [{"row": "", **row} for row in refused]
    counts = Counter(row["status"] for row in rows)
    get_run_logger().info(", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "no messages")
    if page is not None:
        await acreate_markdown_artifact(page.markdown(rows, _SAID), key=page.key, description=page.slot)
    elif rows:
        await acreate_table_artifact(rows, description=_SAID)
    waits = {str(entry.id) for entry in entries if _waits(entry)}
    if not_sent := [row for row in rows if row["status"] not in REACHED and row["row"] not in waits]:
        reasons = sorted({f"{row['status']}, {row['reason']}" for row in not_sent})
        raise NotSentError(f"{len(not_sent)} of {len(rows)} messages were not sent: {'; '.join(reasons)}")


def _row(entry: Entry) -> Row:
    part = f"{entry.part}/{entry.parts}"
    return {
        "row": str(entry.id),
        "to": entry.masked,
        "part": part,
        "status": str(entry.status),
        "reason": _reason(entry),
    }


def _waits(entry: Entry) -> bool:
    return entry.status == Status.PENDING and entry.error_code in WAITS_FOR_ITS_TIME


def _reason(entry: Entry) -> str:
    return f"{entry.error_code}: {entry.error_text}" if entry.error_code else ""
