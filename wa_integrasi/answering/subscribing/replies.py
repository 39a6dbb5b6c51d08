"""Which command about subscriptions leads where."""

from __future__ import annotations

from typing import Literal, assert_never

from wa_integrasi.answering.case import Case
from wa_integrasi.answering.decision import Decision
from wa_integrasi.answering.subscribing.alarms import mute, unmute
from wa_integrasi.answering.subscribing.asking import subscribe, unsubscribe
from wa_integrasi.answering.subscribing.watching import watch
from wa_integrasi.catalog.phrases import Builtin as Name

About = Literal[Name.SUBSCRIBE, Name.UNSUBSCRIBE, Name.WATCH, Name.MUTE, Name.UNMUTE]


def reply(case: Case, name: About, rest: str) -> Decision:
    """What is to be done about a command with `rest` behind its words."""
    match name:
        case Name.SUBSCRIBE:
            return subscribe(case, rest)
        case Name.UNSUBSCRIBE:
            return unsubscribe(case, rest)
        case Name.WATCH:
            return watch(case, rest)
        case Name.MUTE:
            return mute(case, rest)
        case Name.UNMUTE:
            return unmute(case)
        case _:
            assert_never(name)
