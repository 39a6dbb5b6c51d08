"""The steps of commands: ask the sources, render the answers, commit each with the end of its command."""

import asyncio

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from tasks.batch import Answers, Batch, Gathered
from wa_integrasi.answering.fetching import Trouble
from wa_integrasi.answering.leaves import in_sequence, leaves_of
from wa_integrasi.answering.subscribing.trial import answer_to
from wa_integrasi.privacy.names import Names


@task(name="query", task_run_name="query", cache_policy=NO_CACHE, persist_result=False)
async def query_triggers(batch: Batch) -> Gathered:
    """Ask the sources of some commands, equal questions once. One that fails is the trouble of its command alone.

    Args:
        batch: The commands.

    Example:
        >>> gathered = asyncio.run(query_triggers.fn(wa.commands("saya", "stok kemarin")))
        >>> gathered.fetched[0][0].rows.as_dicts()[0]
        {'unit': 'Kiln 1', 'ton': 1200}
    """
    leaves, wanted = [], []
    for ticket in batch.tickets:
        catalog, order = ticket.decider.catalog, ticket.order
        leaves.append(leaves_of(order.trigger, order.arguments, catalog, ticket.decider.zone, ticket.now))
        wanted.append((leaves[-1], in_sequence(catalog.triggers[order.trigger])))
    contacts = {c.display_name for ticket in batch.tickets for c in ticket.decider.catalog.contacts.values()}
    with batch.working():
        fetched = await batch.kitchen.fetch(wanted, Names(contacts))
    troubles = sum(isinstance(each, Trouble) for found in fetched for each in found)
    get_run_logger().info("%s commands, %s questions, %s failed", len(leaves), sum(map(len, leaves)), troubles)
    return Gathered(leaves, fetched)


@task(name="format", task_run_name="format", cache_policy=NO_CACHE, persist_result=False)
async def format_answers(batch: Batch, gathered: Gathered) -> Answers:
    """Render the chat template of each command's trigger, or say what went wrong.

    Args:
        batch: The commands.
        gathered: What their sources gave.

    Example:
        >>> batch = wa.commands("saya", "stok kemarin")
        >>> gathered = asyncio.run(query_triggers.fn(batch))
        >>> "Kiln 1: 1.200 ton" in asyncio.run(format_answers.fn(batch, gathered)).answers[0].text
        True
    """

    def rendered() -> Answers:
        return Answers(
            [
                answer_to(ticket, leaves, fetched)
                for ticket, leaves, fetched in zip(batch.tickets, gathered.leaves, gathered.fetched, strict=True)
            ]
        )

    with batch.working():
        return await asyncio.to_thread(rendered)


@task(name="enqueue", task_run_name="enqueue", cache_policy=NO_CACHE, persist_result=False)
async def enqueue_answers(batch: Batch, answers: Answers) -> None:
    """Commit each answer together with the end of its command, so that none is lost and none is given twice.

    Args:
        batch: The commands; of a dry run nothing is committed.
        answers: What is said to each.

    Example:
        >>> batch = wa.commands("saya", "stok kemarin")
        >>> answers = asyncio.run(format_answers.fn(batch, asyncio.run(query_triggers.fn(batch))))
        >>> asyncio.run(enqueue_answers.fn(batch, answers))
        >>> "Kiln 1: 1.200 ton" in wa.deliver()[0]
        True
    """
    logger, run_id = get_run_logger(), flow_run.id

    def settle() -> int:
        pairs = zip(batch.tickets, answers.answers, strict=True)
        return sum(batch.desk.settle(ticket, answer, run_id) for ticket, answer in pairs)

    for ticket, answer in zip(batch.tickets, answers.answers, strict=True):
        for trouble in answer.troubles:
            logger.warning("%s: %s", ticket.code, trouble)
    if batch.dry_run:
        logger.info("dry run: %s characters, none enqueued", [len(answer.text) for answer in answers.answers])
        return
    with batch.working():
        ended = await asyncio.to_thread(settle)
    batch.drained = True
    logger.info("%s answered, %s by somebody else", ended, len(batch.tickets) - ended)
