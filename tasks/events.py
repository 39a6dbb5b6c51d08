"""Prefect's events, by which automations hear of what happens."""

from itertools import groupby
from typing import Any

from prefect.events import emit_event

from wa_integrasi.notices import Change, Dead, News, Notices, Untold

_MOST = 100
"""Lines of an event: the most frequent combinations of report, slot and code."""


def emit(name: str, account: str, payload: dict[str, Any]) -> bool:
    """Tell Prefect that something has happened to an account; False when it did not take the event."""
    resource = {"prefect.resource.id": f"wa.account.{account}", "prefect.resource.name": account}
    return emit_event(name, resource, payload=payload) is not None


def events_of(notices: Notices) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, account and payload of what notices are to Prefect; of all dead letters of an account one event."""
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
