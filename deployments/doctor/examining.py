"""Every check at once, each with its time: what hangs is found broken, and holds nothing up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from blocks.gateways import GatewayError
from deployments.doctor import machine, orchestrating, storing
from deployments.doctor.finding import Check, Finding, broken
from deployments.errors import DeploymentError
from wa_integrasi.catalog.problems import CatalogError
from wa_integrasi.settings import Settings, SettingsError
from wa_integrasi.sources.base import SourceError
from wa_integrasi.store.engine import StoreError

WITHIN_S = 45.0

CHECKS: Sequence[tuple[str, Check]] = (
    ("variables", machine.variables),
    ("folders", machine.folders),
    ("store", storing.store),
    ("queue", storing.queue),
    ("catalog", storing.catalog),
    ("Prefect", orchestrating.prefect),
    ("account", orchestrating.sessions),
    ("sources", orchestrating.sources),
    ("last runs", orchestrating.runs),
    ("ClamAV", machine.scanner),
    ("fonts", machine.fonts),
    ("schedules", machine.schedules),
)

_SAID = (CatalogError, DeploymentError, GatewayError, SettingsError, SourceError, StoreError)
_REMEDIES = {
    StoreError: "start the database, correct WA_DATABASE_URL, or run 'wa init'",
    DeploymentError: "start the Prefect server, or correct PREFECT_API_URL",
}


def examine(
    load: Callable[[], Settings], checks: Sequence[tuple[str, Check]] = CHECKS, within_s: float = WITHIN_S
) -> list[Finding]:
    """What all checks find, in their order. They change nothing, and none can hang this process or stop another."""
    try:
        settings = load()
    except SettingsError as error:
        return [broken("variables", line, "correct it; .env.example explains each") for line in str(error).splitlines()]
    ends = time.monotonic() + within_s
    begun = [(name, *_begin(name, check, settings)) for name, check in checks]
    found: list[Finding] = []
    for name, thread, findings in begun:
        thread.join(max(0.0, ends - time.monotonic()))
        found += list(findings)
        if thread.is_alive():
            found.append(
                broken(name, f"no answer within {within_s:.0f} s", "what it asks hangs: see whether it is overloaded")
            )
    return found


def _begin(name: str, check: Check, settings: Settings) -> tuple[threading.Thread, list[Finding]]:
    findings: list[Finding] = []

    def go() -> None:
        try:
            findings.extend(check(settings))
        except Exception as error:
            findings.append(broken(name, explained(error), _todo(error)))

    thread = threading.Thread(target=go, name=f"doctor {name}", daemon=True)
    thread.start()
    return thread, findings


def explained(error: Exception) -> str:
    """Why a check could not be made; of an error that is not meant for people only its kind."""
    return str(error).splitlines()[0] if isinstance(error, _SAID) and str(error) else type(error).__name__


def _todo(error: Exception) -> str:
    return next((remedy for kind, remedy in _REMEDIES.items() if isinstance(error, kind)), "")
