"""What to do about each of Twilio's error codes, whether it comes as an answer or with a status.

63016, 63018 and 63024 are in our own notes. All others are by Twilio's public error dictionary
(https://www.twilio.com/docs/api/errors), those of WhatsApp by its list of corresponding codes
(https://www.twilio.com/docs/whatsapp/api/error-code-mapping); what each asks for follows the table for Meta's codes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from wa_integrasi.providers.base import Action, Failed, Unanswered
from wa_integrasi.providers.http import Answer, plain_failure
from wa_integrasi.providers.wire import failure_text

SERVICE = "Twilio"

_CODES: dict[Action, tuple[int, ...]] = {
    Action.RETRY: (
        *(63018, 20429, 14107, 21611, 30001),  # rates, full queues
        *(63009, 63010, 63011, 63012, 63023, 30008, 21730),  # trouble of Twilio's own or of the channel, maintenance
    ),
    Action.HOLD_ACCOUNT: (
        *(20003, 20005, 20008, 20404, 10001, 30002),  # credentials, suspended or closed accounts
        *(21212, 21603, 21606, 21701, 21703, 21705, 21910),  # nothing that may send: number or messaging service
        *(63001, 63002, 63007, 63008, 63020, 63022, 63038),  # the WhatsApp sender: login, set-up, billing, daily limit
        21609,  # our callback address
    ),
    Action.NEEDS_TEMPLATE: (63016,),
    Action.DEFER: (63032, 63049),
    Action.HOLD_TEMPLATE: (21655, 63027, 63040, 63041, 63042),
    Action.OPTED_OUT: (21610, 63014),
    Action.DEAD: (
        *(21211, 21408, 21604, 21608, 21612, 21614, 63003, 63015, 63024, 63031),  # this recipient
        *(21602, 21617, 21619, 21620, 21623, 21656),  # this content
        *(63005, 63006, 63013, 63019, 63021, 63025, 63028, 63030),
        *(30003, 30004, 30005, 30006, 30007),  # not delivered
    ),
}
ACTIONS: Mapping[int, Action] = MappingProxyType({code: act for act, codes in _CODES.items() for code in codes})
"""Every code that is acted on by name."""

_CODE = re.compile(r"[0-9]{1,6}")


def action_of(code: int, *, status: int = 0) -> Action:
    """What a code asks for. `status` is the HTTP status and decides only for codes that nobody knows."""
    known = ACTIONS.get(code)
    if known is not None:
        return known
    if status == 429:
        return Action.RETRY
    return Action.HOLD_ACCOUNT if status in (401, 403) else Action.DEAD


def failure_of(code: object, message: object, *, secrets: tuple[str, ...] = (), status: int = 0) -> Failed | None:
    """A failure from Twilio's code, a number or its digits; None if it is none. `status` as in `action_of`."""
    digits = str(code) if isinstance(code, int) and not isinstance(code, bool) else code
    if not isinstance(digits, str) or not _CODE.fullmatch(digits) or not int(digits):
        return None
    text = message if isinstance(message, str) and message.strip() else "no explanation given"
    return Failed(action_of(int(digits), status=status), digits, failure_text(text, *secrets))


def refusal(answer: Answer, secrets: tuple[str, ...]) -> Failed | Unanswered:
    """Read an answer that is no success: `{code, message, more_info, status}`, or a page of something in between.

    A 5xx is `Unanswered` even with a code: the message may be queued already, and a look-up can tell.
    """
    said = answer.json()
    failure = failure_of(said.get("code"), said.get("message"), secrets=secrets, status=answer.status)
    if failure is None or answer.status >= 500:
        return plain_failure(answer, SERVICE)
    waits = failure.action is Action.RETRY
    return Failed(failure.action, failure.code, failure.text, answer.retry_after if waits else None)
