"""Pacing: never over the limit in any window, and all of it used while there is work."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from wa_integrasi.policy.pace import META_NUMBER, META_PAIR, WEB_SESSION, Pace, per_second

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)


def run(pace: Pace, seconds: float, want: int = 50, ahead: float = 1.0) -> list[datetime]:
    """The moments at which messages go when there is always more to send, in batches."""
    next_at, now, went = None, NOW, []
    while now < NOW + timedelta(seconds=seconds):
        slots = pace.slots(next_at, now, want, timedelta(seconds=ahead))
        next_at = pace.after(next_at, now, len(slots)) if slots else next_at
        went += slots
        now = max([now + timedelta(milliseconds=100), *slots[-1:]])
    return went


def most_in(window: timedelta, went: list[datetime]) -> int:
    """The most moments that any half-open window of this length holds."""
    return max(sum(start <= moment < start + window for moment in went) for start in went)


def test_a_number_sends_eighty_a_second_and_never_more() -> None:
    went = run(META_NUMBER, 5)
    assert most_in(timedelta(seconds=1), went) == 80
    assert len(went) >= 0.95 * 80 * 5


def test_a_paired_phone_sends_one_in_three_seconds() -> None:
    went = run(WEB_SESSION, 60)
    assert most_in(timedelta(seconds=3), went) == 1
    assert most_in(timedelta(minutes=1), went) == 20


def test_a_user_gets_a_burst_and_then_one_in_six_seconds() -> None:
    went = run(META_PAIR, 60)
    assert [moment for moment in went if moment == NOW] == [NOW] * 45
    assert len(went) == 45 + 10


def test_a_silence_saves_up_no_more_than_the_burst() -> None:
    pace = per_second(10, burst=3)
    slots = pace.slots(NOW - timedelta(hours=1), NOW, 10, timedelta(seconds=0.2))
    assert [(slot - NOW) / timedelta(milliseconds=1) for slot in slots] == [0, 0, 0, 100, 200]


def test_slots_beyond_what_is_looked_ahead_are_left_for_later() -> None:
    assert WEB_SESSION.slots(NOW + timedelta(seconds=2), NOW, 5, timedelta(seconds=1)) == []


@given(
    st.integers(1, 200),
    st.integers(1, 20),
    st.lists(st.tuples(st.floats(0, 2), st.integers(0, 30)), min_size=1, max_size=40),
)
def test_no_way_of_asking_gets_more_than_the_share(rate: int, burst: int, asks: list[tuple[float, int]]) -> None:
    pace = per_second(rate, burst)
    next_at, now, went = None, NOW, []
    for pause, want in asks:
        now += timedelta(seconds=pause)
        slots = pace.slots(next_at, now, want, timedelta(seconds=1))
        if slots:
            next_at = pace.after(next_at, now, len(slots))
        went += slots
    for window in (0.5, 1.0, 3.0):
        if went:
            assert most_in(timedelta(seconds=window), went) <= rate * window + burst
