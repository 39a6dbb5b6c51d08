"""Tell people of dead letters, held accounts and templates: owners by WhatsApp, others by Prefect's events."""

import asyncio
from itertools import groupby
from typing import Any

from prefect import State, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed, Failed

from tasks.events import emit
from wa_integrasi.notices import Change, Dead, News, Notices, Untold, collect
from wa_integrasi.settings import SettingsError, load_settings
from wa_integrasi.store.engine import Store, StoreError

_MOST = 100
"""Lines of an event: the most frequent combinations of report, slot and code."""


@task(name="notify", task_run_name="notify", cache_policy=NO_CACHE, persist_result=False)
async def notify() -> State[None]:
    """Enqueue the notices for reports' owners and emit the events; the next poll sends the notices.

    It ends as failed when that does not work, and never raises: the delivery before it is not to fail for it. What
    nobody was told of then is told of by the next run.
    """
    try:
        notices = await asyncio.to_thread(_collect)
    except Exception as error:
        why = str(error) if isinstance(error, StoreError | SettingsError) else type(error).__name__
        get_run_logger().error("nobody was told of dead letters and held accounts: %s", why)
        return Failed(message=why)
    get_run_logger().info("told of %s", notices)
    for untold in notices.untold:
        get_run_logger().error(
            *("%s people on duty were not told of conversation %s, which is %s: %s", untold.count),
            *(untold.conversation, untold.urgency, untold.code or "no code"),
        )
    if lost := [name for name, account, payload in _events(notices) if not emit(name, account, payload)]:
        get_run_logger().error("events that Prefect did not take: %s", ", ".join(lost))
        return Failed(message=f"{len(lost)} events were not taken")
    return Completed(message=str(notices))


def _collect() -> Notices:
    with Store.open(load_settings().database_url.get_secret_value()) as store:
        return collect(store)


def _events(notices: Notices) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, account and payload; one event of dead letters for an account, however many there are."""
    by_account = groupby(notices.dead, key=lambda dead: dead.account)
    return [
        *(("wa.outbox.dead", account, _dead(list(letters))) for account, letters in by_account),
        *(("wa.intake.untold", untold.account, _untold(untold)) for untold in notices.untold),
        *(("wa.account.held", change.account, _change(change)) for change in notices.held),
        *(("wa.account.released", change.account, _change(change)) for change in notices.released),
        *((_event_of(news), news.account, _news(news)) for news in notices.news),
    ]


def _event_of(news: News) -> str:
    match news.kind:
        case "template_held":
            return "wa.template.held"
        case "template_status" if news.value == "APPROVED":
            return "wa.template.approved"
        case _:
            return "wa.template.changed" if news.kind.startswith("template_") else "wa.account.warned"


def _dead(letters: list[Dead]) -> dict[str, Any]:
    most = sorted(letters, key=lambda dead: -dead.count)[:_MOST]
    return {
        "count": sum(dead.count for dead in letters),
        "notices": sum(dead.notices for dead in letters),
        "letters": [{"report": d.report, "slot": d.slot, "code": d.code, "count": d.count} for d in most],
    }


def _untold(untold: Untold) -> dict[str, Any]:
    return {
        "conversation": untold.conversation,
        "urgency": untold.urgency,
        "code": untold.code,
        "count": untold.count,
    }


def _change(change: Change) -> dict[str, Any]:
    return {"code": change.code, "reason": change.reason, "since": change.since.isoformat()}


def _news(news: News) -> dict[str, Any]:
    return {
        "kind": news.kind,
        "name": news.name,
        "language": news.language,
        "value": news.value,
        "reason": news.reason,
        "since": news.since.isoformat(),
    }
