"""One look at all that is watched: who may still, what is asked once for all, and who is told what of the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from wa_integrasi.answering.fetching import Fetched, Found
from wa_integrasi.answering.leaves import Leaf, Need
from wa_integrasi.answering.subscribing.measuring import Measured, Place, measure
from wa_integrasi.answering.watching.claiming import claim, give_back, keep, keep_asleep, pass_over, still_ours
from wa_integrasi.answering.watching.judged import Judge
from wa_integrasi.answering.watching.notices import Setting, asleep_text, notice_text
from wa_integrasi.audit.log import audit
from wa_integrasi.catalog.storing import Mark, catalog_mark, load_catalog
from wa_integrasi.clock import Clock, utc_now
from wa_integrasi.content import Text
from wa_integrasi.message import Priority
from wa_integrasi.outbox import NewMessage, Outbox
from wa_integrasi.recipient import Recipient
from wa_integrasi.store.engine import Store
from wa_integrasi.subscriptions import PREFIX, Sleep, Subscription, follow, observe

_ACTOR = "watches"


@dataclass(frozen=True, slots=True)
class Group:
    """One question to one source, and all who watch its answer."""

    leaf: Leaf
    need: Need
    watched_by: Sequence[Subscription] = field(repr=False)


@dataclass(frozen=True)
class Round:
    """What was taken to be looked at, under one lease."""

    token: str
    mark: Mark
    """Of the catalog it is judged by."""
    judge: Judge = field(repr=False)
    groups: Sequence[Group]

    @property
    def sources(self) -> list[str]:
        """The sources that are asked."""
        return sorted({group.need.source for group in self.groups})

    def of_source(self, source: str) -> list[Group]:
        """What one of them is asked."""
        return [group for group in self.groups if group.need.source == source]


class Watchers:
    """Looks at the subscriptions of one store. Several processes may do so at once."""

    def __init__(self, store: Store, zone: str, clock: Clock = utc_now) -> None:
        """`zone` is the business zone."""
        self._store = store
        self._zone = zone
        self._clock = clock
        self._outbox = Outbox(store, clock=clock)
        self._judged: tuple[Mark, Judge] | None = None

    def take(self) -> Round:
        """Take what is to be looked at now, and put to sleep what its owner may not have any more."""
        now = self._clock()
        mark = catalog_mark(self._store)
        judge = Judge.of(load_catalog(self._store), self._zone, now)
        follow(self._store, judge.catalog, _ACTOR, now)
        with self._store.writing() as connection:
            token, taken = claim(connection, now)
        judged = {each.id: judge.judge(each) for each in taken}
        asleep = {each.id: why if isinstance(why := judged[each.id], Sleep) else None for each in taken}
        unread = [each for each in taken if each.what.limit is None or asleep[each.id] is not None]
        if changed := [each for each in taken if asleep[each.id] != each.asleep]:
            self._set_asleep(changed, asleep, token, judge)
        if unread:
            with self._store.writing() as connection:
                pass_over(connection, unread, token, now)
        groups: dict[Need, tuple[Leaf, list[Subscription]]] = {}
        for each in taken:
            leaf = judged[each.id]
            if isinstance(leaf, Leaf) and len(leaf.needs) == 1:
                groups.setdefault(leaf.needs[0], (leaf, []))[1].append(each)
        return Round(token, mark, judge, [Group(leaf, need, watching) for need, (leaf, watching) in groups.items()])

    def settle(self, of: Round, group: Group, fetched: Fetched) -> int:
        """Write down how a value stands for each of its watchers, and tell those who are to know; says how many.

        One transaction: what was told is known to have been told, whoever dies, and nobody is told twice. What is not
        asked any more since the catalog changed is left to the next round: its owner may have lost the right to it.
        """
        now, judge = self._clock(), self._judge_now(of)
        messages: list[NewMessage] = []
        with self._store.writing() as connection:
            for each in still_ours(connection, group.watched_by, of.token):
                if judge is not of.judge and not _still_asked(each, group, judge):
                    continue
                after, text = _looked(each, group, fetched, judge, now)
                keep(connection, after, told=text is not None)
                if text is not None:
                    messages.append(_message(each, text))
            self._outbox.enqueue(messages, connection)
        return len(messages)

    def end(self, of: Round) -> None:
        """Let others have what was not settled."""
        with self._store.writing() as connection:
            give_back(connection, of.token)

    def _judge_now(self, of: Round) -> Judge:
        """The judge of a round, or one by the catalog as it has become since."""
        mark = catalog_mark(self._store)
        if mark == of.mark:
            return of.judge
        latest = self._judged
        if latest is None or latest[0] != mark:
            latest = mark, Judge.of(load_catalog(self._store), self._zone, of.judge.now)
            self._judged = latest
        return replace(latest[1], now=of.judge.now)

    def _set_asleep(
        self, changed: Sequence[Subscription], asleep: Mapping[int, Sleep | None], token: str, judge: Judge
    ) -> None:
        messages: list[NewMessage] = []
        with self._store.writing() as connection:
            for each in still_ours(connection, changed, token):
                why = asleep[each.id]
                text = (
                    asleep_text(why, each, _setting(each, judge, judge.now)) if why not in (None, Sleep.GONE) else None
                )
                keep_asleep(connection, each, why, judge.now, told=text is not None)
                _write_down(connection, each, why, judge.now)
                if text is not None:
                    messages.append(_message(each, text))
            self._outbox.enqueue(messages, connection)


def _still_asked(each: Subscription, group: Group, judge: Judge) -> bool:
    leaf = judge.judge(each)
    return isinstance(leaf, Leaf) and list(leaf.needs) == [group.need]


def _looked(
    each: Subscription, group: Group, fetched: Fetched, judge: Judge, now: datetime
) -> tuple[Subscription, str | None]:
    """A subscription after its value was read, and what its owner is told."""
    limit = each.what.limit
    if limit is None:
        raise AssertionError("a report is not watched")
    found = _measured(each, group, fetched)
    rest = timedelta(seconds=group.leaf.trigger.cooldown_s)
    standing, notice = observe(each.standing, limit, found.value if found else None, now, rest=rest)
    if found is not None and isinstance(fetched, Found):
        standing = replace(standing, value_at=found.at or fetched.at)
    after = replace(each, standing=standing)
    if notice is None:
        return after, None
    unit = found.unit if found else ""
    return after, notice_text(notice, after, fetched.source, unit, _setting(each, judge, now))


def _measured(each: Subscription, group: Group, fetched: Fetched) -> Measured | None:
    limit = each.what.limit
    if limit is None or not isinstance(fetched, Found):
        return None
    return measure(group.leaf.trigger, fetched.rows, Place(limit.column, limit.row))


def _setting(each: Subscription, judge: Judge, now: datetime) -> Setting:
    return Setting(judge.catalog, judge.locale(each), now)


def _message(each: Subscription, text: str) -> NewMessage:
    return NewMessage(
        Recipient.of_chat(each.what.chat),
        Text(body=text),
        dedupe_key=f"{PREFIX}{each.id}/{each.tellings + 1}",
        account=each.what.account,
        priority=Priority.REPLY,
    )


def _write_down(connection: Connection, each: Subscription, why: Sleep | None, now: datetime) -> None:
    action = "subscription.sleep" if why else "subscription.wake"
    audit(connection, now, _ACTOR, action, f"subscription:{each.id}", details={"reason": str(why)} if why else None)
