"""From one reading of a value to what its watcher is told. Nothing is asked here, and nothing written."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from wa_integrasi.subscriptions.models import Limit, Standing, State

MISSES = 3
"""Readings in a row that must fail before nobody knows the value any more."""

CALM = timedelta(minutes=2)
"""How long a value must be back before that counts: one at its limit would otherwise come and go all day."""

GAP = timedelta(minutes=30)
"""Between two readings that are further apart nobody knows where the value was, unless it is read as seldom."""


class Notice(StrEnum):
    """What somebody is told."""

    FIRING = "firing"
    STILL = "still"
    RESOLVED = "resolved"
    UNKNOWN = "unknown"
    BACK = "back"
    """A value can be read again, and is as it should be."""


def observe(
    before: Standing, limit: Limit, value: float | None, now: datetime, *, rest: timedelta = timedelta()
) -> tuple[Standing, Notice | None]:
    """How it stands after a reading (None: it could not be read), and what is to be told now.

    `rest` is the least time between two readings. The gap grows with it: a value that is read every hour only is taken
    to have stayed on its side of the limit from one reading to the next.
    """
    before = _of_this_time(before, now)
    before = replace(before, turning_since=_turning(before, now, max(GAP, 2 * rest)))
    after = _missed(before, now) if value is None else _measured(before, limit, value, now)
    return _told(replace(after, seen_at=now), limit, now)


def _of_this_time(standing: Standing, now: datetime) -> Standing:
    """Moments that are still to come are now: the clock was set back."""
    moments = ("turning_since", "told_at", "alarmed_at", "fired_at", "resolved_at", "told_of", "since", "value_at")
    ahead = {name: now for name in moments if (at := getattr(standing, name)) is not None and at > now}
    return replace(standing, **ahead) if ahead else standing  # type: ignore[arg-type]


def _turning(before: Standing, now: datetime, gap: timedelta) -> datetime | None:
    """Since when it has been turning; None after a gap, with no look at it or with looks that found nothing."""
    looked = before.seen_at is not None and timedelta() <= now - before.seen_at <= gap
    lost = before.state is State.UNKNOWN and before.since is not None and now - before.since > gap
    return before.turning_since if looked and not lost else None


def _missed(before: Standing, now: datetime) -> Standing:
    misses = before.misses + 1
    if misses < MISSES or before.state is State.UNKNOWN:
        return replace(before, misses=misses)
    return replace(before, misses=misses, state=State.UNKNOWN, since=now)


def _measured(before: Standing, limit: Limit, value: float, now: datetime) -> Standing:
    known = replace(before, misses=0, value=value, value_at=now)
    stays, enough = (State.FIRING, CALM) if before.open else (State.OK, limit.lasting)
    if limit.holds(value) is before.open:
        return _in(known, stays, now, turning_since=None)
    turning = before.turning_since or now
    if now - turning < enough:
        return _in(known, stays, now, turning_since=turning)
    if before.open:
        over = replace(known, resolved_at=turning, acknowledged_at=None)
        return replace(over, state=State.OK, since=turning, turning_since=None)
    crossings = before.crossings + 1 if _unsaid(before) else 1
    fires = replace(known, fired_at=turning, resolved_at=None, acknowledged_at=None, crossings=crossings)
    return replace(fires, state=State.FIRING, since=turning, turning_since=None)


def _unsaid(before: Standing) -> bool:
    """Whether its watcher was told nothing of when the limit was last passed."""
    return before.fired_at is not None and (before.alarmed_at is None or before.alarmed_at < before.fired_at)


def _in(standing: Standing, state: State, now: datetime, *, turning_since: datetime | None) -> Standing:
    since = standing.since if standing.state is state else (standing.fired_at if standing.open else now)
    return replace(standing, state=state, since=since, turning_since=turning_since)


def _told(after: Standing, limit: Limit, now: datetime) -> tuple[Standing, Notice | None]:
    if after.silent(now) or _unclear(after):
        return after, None
    notice = _owed(after, limit, now, silence_over=after.silenced_until is not None)
    after = replace(after, silenced_until=None)
    if notice is None:
        return after, None
    told_of = after.fired_at if after.open else None if after.state is State.OK else after.told_of
    alarmed_at = now if notice in (Notice.FIRING, Notice.STILL) else after.alarmed_at
    return replace(after, told=after.state, told_at=now, told_of=told_of, alarmed_at=alarmed_at), notice


def _swings(after: Standing, limit: Limit, now: datetime) -> bool:
    """Whether the limit is passed again before it would have been repeated: who was told of it waits as long."""
    return after.told is State.OK and after.alarmed_at is not None and now - after.alarmed_at < limit.repeat


def _unclear(after: Standing) -> bool:
    """Whether it may be otherwise by now: nothing is told until a reading says so, nor forgotten."""
    return after.state is not State.UNKNOWN and (after.turning_since is not None or after.misses > 0)


def _owed(after: Standing, limit: Limit, now: datetime, *, silence_over: bool) -> Notice | None:
    news = after.told is not after.state
    match after.state:
        case State.FIRING:
            if after.told_of != after.fired_at:
                return None if _swings(after, limit, now) and not silence_over else Notice.FIRING
            due = after.told_at is None or now - after.told_at >= limit.repeat
            again = after.acknowledged_at is None and (silence_over or due)
            return Notice.STILL if news or again else None
        case State.UNKNOWN:
            return Notice.UNKNOWN if news or silence_over else None
        case State.OK:
            over = Notice.RESOLVED if after.told_of is not None else Notice.BACK
            return over if news else None
