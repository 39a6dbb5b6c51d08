"""What to do about each of Meta's error codes, whether it comes as an answer or in a status webhook."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from wa_integrasi.providers.base import Action, Failed, Unanswered
from wa_integrasi.providers.http import Answer, plain_failure
from wa_integrasi.providers.wire import failure_text

SERVICE = "the Cloud API"

_CODES: dict[Action, tuple[int, ...]] = {
    # 135000 is Meta's "generic user error", worth another try: how many, like for 1, the retry policy knows.
    Action.RETRY: (1, 2, 4, 80007, 130429, 131000, 131016, 131057, 133004, 135000),
    Action.RETRY_RECIPIENT: (131056,),
    Action.HOLD_ACCOUNT: (
        *(131048, 131064, 368, 131031, 131042, 131045, 133010, 131037),
        *(0, 3, 10, 190, 131005),
        *range(200, 300),
    ),
    Action.NEEDS_TEMPLATE: (131047,),
    Action.DEFER: (131049, 130472),
    Action.HOLD_TEMPLATE: (132015, 132016, 132001, 132005, 132007),
    Action.OPTED_OUT: (131050,),
    Action.DEAD: (
        *(100, 33, 131008, 131009, 131021, 131026, 131051, 131053),
        *(132000, 132012, 132018, 132068, 132069),
    ),
}
ACTIONS: Mapping[int, Action] = MappingProxyType(
    {code: action for action, codes in _CODES.items() for code in codes},
)
"""Every code that Meta documents for sending, and what it asks for."""

SUBCODES: Mapping[tuple[int, int], Action] = MappingProxyType({(100, 33): Action.HOLD_ACCOUNT})
"""100 with 33 says that our own phone number id does not exist or is not ours: no message of the account can go."""


def action_of(code: int, *, status: int, subcode: int | None = None, transient: bool = False) -> Action:
    """What a Graph error asks for. `status` is the HTTP status and decides only for codes that nobody knows.

    Graph's `is_transient` turns a dead letter into a retry, never a hold: an expired token stays expired.
    """
    known = ACTIONS.get(code)
    if subcode is not None:
        known = SUBCODES.get((code, subcode), known)
    if known is not None and not (transient and known is Action.DEAD):
        return known
    if transient or status >= 500 or status == 429:
        return Action.RETRY
    return Action.HOLD_ACCOUNT if status in (401, 403) else Action.DEAD


def graph_failure(
    error: object, *, status: int, retry_after: float | None = None, secrets: tuple[str, ...] = ()
) -> Failed | None:
    """Read `{code, message, title?, error_data{details}, error_subcode?, is_transient?}`; None if it is none."""
    if not isinstance(error, Mapping):
        return None
    code = _number(error.get("code"))
    if code is None:
        return None
    subcode = _number(error.get("error_subcode"))
    action = action_of(code, status=status, subcode=subcode, transient=error.get("is_transient") is True)
    waits = action in (Action.RETRY, Action.RETRY_RECIPIENT)
    return Failed(action, str(code), failure_text(_words(error), *secrets), retry_after if waits else None)


def graph_answer(answer: Answer, token: str) -> dict[str, Any] | Failed | Unanswered:
    """The JSON object of a success, or what became of the request instead."""
    said = answer.json()
    failure = graph_failure(said.get("error"), status=answer.status, retry_after=answer.retry_after, secrets=(token,))
    if failure is not None:
        return failure
    return plain_failure(answer, SERVICE) if answer.status >= 300 else said


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 9:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else None


def _words(error: Mapping[str, Any]) -> str:
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, Mapping) else None
    said = (details, error.get("title"), error.get("message"))
    return next((text for text in said if isinstance(text, str) and text.strip()), "no explanation given")
