"""Who is heard: everybody but those who write too much, and they too when they tell of a danger."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.phrases import BUILTINS, Builtin
from wa_integrasi.intake.classification import Urgency
from wa_integrasi.intake.incoming import Incoming, Person, take
from wa_integrasi.intake.rules import Rules
from wa_integrasi.intake.senders import blocked_of
from wa_integrasi.policy.spam import Standing, Verdict, digest_of, judge, may_alarm

_UNCOUNTED = frozenset({"system"})
"""Kinds that nobody wrote."""


def _either(phrases: Iterable[Sequence[str]]) -> str:
    """A pattern of words, whatever stands between them; the longer ones first."""
    return "|".join(sorted((r"\W++".join(map(re.escape, each)) for each in phrases), key=len, reverse=True))


_OF_VALUES = (Builtin.SUBSCRIBE, Builtin.UNSUBSCRIBE, Builtin.WATCH, Builtin.MUTE)
_ABOUT = _either(words for words, builtin in BUILTINS.items() if builtin in _OF_VALUES)
"""What a command may begin with that is about what another one gives."""


class Dangers:
    """Finds messages that tell of a danger, by the words of the catalog."""

    def __init__(self) -> None:
        self._known: tuple[Catalog, Rules, re.Pattern[str] | None] | None = None

    def found_in(self, message: Incoming, catalog: Catalog) -> bool:
        """Whether a message to us, and not to a group, tells of a danger."""
        rules, _ = self._of(catalog)
        return _to_us(message) and _tells(rules, message.text or "")

    def found_in_command(self, message: Incoming, catalog: Catalog) -> bool:
        """The same of a command; the phrase of a trigger that is named after a danger does not count.

        Nor does it behind `langganan` and its like; what was tapped are words of ours. `bantuan` may be a cry for help.
        """
        rules, named = self._of(catalog)
        if not _to_us(message) or message.tap is not None:
            return False
        return _tells(rules, named.sub("", message.text or "") if named else message.text or "")

    def _of(self, catalog: Catalog) -> tuple[Rules, re.Pattern[str] | None]:
        if self._known is None or self._known[0] is not catalog:
            rules = Rules(catalog.intake.words.words)
            phrases = {phrase for trigger in catalog.triggers.values() for phrase in trigger.phrases}
            named = _either(re.findall(r"\w+", each) for each in phrases if _tells(rules, each))
            pattern = rf"\A\W*+(?:(?:{_ABOUT})\b\W*+)*(?:{named})\b"
            self._known = catalog, rules, re.compile(pattern, re.IGNORECASE) if named else None
        return self._known[1:]


def _to_us(message: Incoming) -> bool:
    return message.group_id is None


def _tells(rules: Rules, text: str) -> bool:
    return bool(text) and rules.judge(text).urgency is Urgency.CRITICAL


class Hearing:
    """Judges the messages of one transaction, in the order in which they were written."""

    def __init__(self, standings: dict[Person, Standing], catalog: Catalog, dangers: Dangers) -> None:
        """`standings` are locked, and changed by every message that is judged."""
        self._standings = standings
        self._catalog = catalog
        self._rules = catalog.intake.spam.rules
        self._dangers = dangers
        self.warned: list[Incoming] = []
        """The first messages that were too much: their writers are to be told."""

    def hears(self, message: Incoming) -> bool:
        """Whether somebody does not write too much."""
        if message.kind in _UNCOUNTED:
            return True
        verdict = self._judge(message, digest_of(message.text or ""))
        if verdict is Verdict.WARNED:
            self.warned.append(message)
        return verdict is Verdict.HEARD

    def hears_all_the_same(self, message: Incoming) -> bool:
        """Whether somebody who writes too much tells of a danger: in panic people write so. Now and then only."""
        standing = self._standings[message.person]
        if not may_alarm(standing, self._rules, message.at) or not self._dangers.found_in(message, self._catalog):
            return False
        self._standings[message.person] = replace(standing, alarmed_at=message.at)
        return True

    def unheard(self, connection: Connection, behind: Sequence[int]) -> list[Incoming]:
        """Those of further messages that are not heard: they end with little work, so that nobody waits behind them.

        What they say is not looked at.
        """
        further = take(connection, behind, unsaid=True)
        blocked = blocked_of(connection, further)
        ended: list[Incoming] = []
        paused: set[Person] = set()
        for message in sorted(further, key=lambda message: message.turn):
            if message.kind in _UNCOUNTED or message.id in blocked or message.person in paused:
                continue
            if not self._standings[message.person].silent_at(message.at):
                paused.add(message.person)
                continue
            self._judge(message, "")
            ended.append(message)
        return ended

    def _judge(self, message: Incoming, digest: str) -> Verdict:
        person, group = message.person, message.group_id is not None
        verdict, self._standings[person] = judge(self._standings[person], self._rules, message.at, digest, group=group)
        return verdict
