"""What operators ask for: the commands that wait, answered in one run; or one trigger, run by hand."""

from typing import Any

from prefect import flow

from tasks.by_hand import batch_of
from tasks.on_demand import enqueue_answers, format_answers, query_triggers


@flow(name="on-demand-trigger", flow_run_name="on-demand {trigger}", log_prints=False, persist_result=False)
async def on_demand(
    trigger: str,
    arguments: dict[str, Any] = {},  # noqa: B006 - never changed; a union with null has no form in the Prefect UI
    recipient: str = "",
    account: str = "default",
    dry_run: bool = False,
) -> None:
    """Run a trigger and enqueue its answer. `wa live` calls this with the commands that wait.

    Args:
        trigger: Name of the trigger, as in the catalog.
        arguments: Its arguments by name, such as {"unit": "Tungku", "hari": "2026-11-19"}.
        recipient: Name of the contact or group of the catalog that gets the answer.
        account: WhatsApp account that sends it.
        dry_run: Ask the sources and make the messages, but enqueue nothing.
    """
    async with batch_of(trigger, arguments, recipient, account, dry_run=dry_run) as batch:
        gathered = await query_triggers(batch)
        answers = await format_answers(batch, gathered)
        await enqueue_answers(batch, answers)
