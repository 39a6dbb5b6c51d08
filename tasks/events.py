"""Prefect's events, by which automations hear of what happens."""

from typing import Any

from prefect.events import emit_event


def emit(name: str, account: str, payload: dict[str, Any]) -> bool:
    """Tell Prefect that something has happened to an account; False when it did not take the event."""
    resource = {"prefect.resource.id": f"wa.account.{account}", "prefect.resource.name": account}
    return emit_event(name, resource, payload=payload) is not None
