"""What readings of a value lead to, whatever they are and whenever they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from wa_integrasi.commands.grammar.conditions import Operator
from wa_integrasi.subscriptions import MISSES, Limit, Notice, Standing, State, observe

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def limit(lasting: float = 0, repeat: float = 60) -> Limit:
    return Limit("suhu", Operator.ABOVE, 540, timedelta(minutes=lasting), timedelta(minutes=repeat), "suhu", "")


def told(values: Sequence[float | None], of: Limit, apart: float = 1, rest: float = 0) -> list[str]:
    """What is told of each reading, a dot where nothing is."""
    standing, said, least = Standing(), [], timedelta(minutes=rest)
    for number, value in enumerate(values):
        standing, notice = observe(standing, of, value, NOON + timedelta(minutes=number * apart), rest=least)
        said.append(str(notice or "."))
    return said


def test_a_value_at_its_limit_neither_comes_nor_goes_all_day() -> None:
    flapping = [541.0 if minute % 3 else 540.0 for minute in range(60)]
    assert set(told(flapping, limit(lasting=10))) == {"."}
    assert told([541, *flapping[:40]], limit(repeat=999))[1:] == ["."] * 40


def test_a_value_that_swings_is_told_of_once_in_a_repeat_interval() -> None:
    swings = [*[541, 541, 541, 540, 540, 540] * 5, *[541] * 4]
    said = told(swings, limit(repeat=30))
    assert [(minute, what) for minute, what in enumerate(said) if what != "."] == [
        (0, "firing"),
        (5, "resolved"),
        (30, "firing"),
    ]
    standing, counts = Standing(), []
    for minute, value in enumerate(swings):
        standing, _ = observe(standing, limit(repeat=30), value, NOON + timedelta(minutes=minute))
        counts.append(standing.crossings)
        assert standing.open is (minute % 6 < 5 and minute % 6 >= 0), "how it stands is written down all the same"
    assert (counts[0], counts[29], counts[30]) == (1, 4, 5)
    assert "firing" in told([541, *[540] * 3, *[541] * 40], limit(repeat=30))[30:], "what stays is told of at its end"


def test_a_swing_that_ends_in_silence_or_unread_is_told_of() -> None:
    standing, notices = Standing(), []
    for minute, value in enumerate([541, 540, 540, 540, 541, None, None, None, 541]):
        standing, notice = observe(standing, limit(repeat=60), value, NOON + timedelta(minutes=minute))
        notices.append(str(notice or "."))
    assert notices == ["firing", ".", ".", "resolved", ".", ".", ".", "unknown", "still"]
    standing = Standing()
    for minute, value in enumerate([541, 540, 540, 540]):
        standing, _ = observe(standing, limit(repeat=60), value, NOON + timedelta(minutes=minute))
    standing = _with(standing, silenced_until=NOON + timedelta(minutes=6))
    standing, notice = observe(standing, limit(repeat=60), 541, NOON + timedelta(minutes=5))
    assert notice is None
    _, notice = observe(standing, limit(repeat=60), 541, NOON + timedelta(minutes=7))
    assert notice is Notice.FIRING


def test_for_as_long_as_was_asked() -> None:
    assert told([541] * 12, limit(lasting=10)).index("firing") == 10
    assert told([541, 541, 500, 541, 541, 541], limit(lasting=3)) == ["."] * 6
    assert "firing" not in told([541, 541], limit(lasting=10), apart=45), "nobody looked for long"
    assert told([541, None, 541, 541], limit(lasting=3))[-1] == "firing", "one miss is none"


def test_what_is_read_seldom_fires_and_is_resolved_too() -> None:
    seldom = told([541, 541, 500, 500], limit(lasting=10, repeat=999), apart=61, rest=60)
    assert seldom == [".", "firing", ".", "resolved"]
    assert told([541, 541], limit(lasting=10), apart=121, rest=60) == [".", "."], "nobody looked for long"


def test_a_source_that_comes_and_goes_hides_no_alarm() -> None:
    assert told([541, None, None, None] * 3, limit(lasting=8))[::4] == [".", ".", "firing"]
    assert told([None, None, None, 541, None, 541, 500], limit(lasting=8))[2:] == ["unknown", ".", ".", ".", "back"]
    assert told([541, *[None] * 40, 541], limit(lasting=8))[-1] == ".", "for long nobody knew"


def test_resolved_says_since_when() -> None:
    standing, times = Standing(), {}
    for minute, value in enumerate([500, 541, 542, 500, 499, 498]):
        standing, notice = observe(standing, limit(), value, NOON + timedelta(minutes=minute))
        times[notice] = minute
    assert times[Notice.FIRING] == 1
    assert times[Notice.RESOLVED] == 5
    assert (standing.fired_at, standing.resolved_at) == (NOON + timedelta(minutes=1), NOON + timedelta(minutes=3))


def test_unknown_is_told_once_and_what_never_passed_is_only_back() -> None:
    assert told([500, None, None, None, None, 500], limit()) == [".", ".", ".", "unknown", ".", "back"]
    assert told([None] * 3 + [541], limit()) == [".", ".", "unknown", "firing"]


def test_a_clock_that_is_set_back_stops_nothing() -> None:
    standing, _ = observe(Standing(), limit(repeat=30), 541, NOON)
    earlier = NOON - timedelta(days=1)
    standing, notice = observe(standing, limit(repeat=30), 541, earlier)
    assert notice is None
    _, notice = observe(standing, limit(repeat=30), 541, earlier + timedelta(minutes=30))
    assert notice is Notice.STILL


@settings(max_examples=50)
@given(
    st.lists(st.sampled_from([500.0, 540.0, 541.0, None, "mute", "ok", "late"]), max_size=60),
    st.sampled_from([0, 3]),
)
def test_whatever_happens_people_are_told_the_truth_and_each_thing_once(events: list[object], lasting: int) -> None:
    standing, now, last = Standing(), NOON, None
    for event in events:
        if event == "mute":
            standing = _with(standing, silenced_until=now + timedelta(minutes=5))
        elif event == "ok":
            standing = _with(standing, acknowledged_at=now)
        elif event == "late":
            now += timedelta(minutes=50)
        else:
            now += timedelta(minutes=1)
            assert event is None or isinstance(event, float)
            silent = standing.silent(now)
            standing, notice = observe(standing, limit(lasting), event, now)
            assert notice is None or not silent
            assert notice not in (Notice.FIRING, Notice.STILL) or event == 541.0
            assert notice not in (Notice.RESOLVED, Notice.BACK) or (event is not None and event <= 540)
            assert notice is not Notice.UNKNOWN or standing.misses >= MISSES
            if notice in (Notice.RESOLVED, Notice.BACK):
                assert last is not None, "what is over was told before"
                last = None
            elif notice is not None:
                last = notice
            if notice is not None:
                assert standing.told is standing.state
    assert standing.open or standing.state is not State.FIRING


def _with(standing: Standing, **changes: datetime) -> Standing:
    return replace(standing, **changes)  # type: ignore[arg-type]
