"""Too much is told once, and then not heard until a pause."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from wa_integrasi.policy.spam import Rate, SpamRules, Standing, Verdict, digest_of, judge

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
RULES = SpamRules(person=Rate(20, 15), group=Rate(10, 8))


def verdicts(seconds: list[float], digest: str = "", rules: SpamRules = RULES, *, group: bool = False) -> list[Verdict]:
    standing, found = Standing(), []
    for second in seconds:
        verdict, standing = judge(standing, rules, NOON + timedelta(seconds=second), digest, group=group)
        found.append(verdict)
    return found


def test_a_steady_writer_within_the_rate_is_always_heard() -> None:
    assert set(verdicts([3.0 * n for n in range(500)])) == {Verdict.HEARD}


def test_a_burst_is_heard_then_told_then_silent() -> None:
    found = verdicts([0.0] * 20)
    assert found == [Verdict.HEARD] * 15 + [Verdict.WARNED] + [Verdict.SILENT] * 4


def test_who_goes_on_stays_silent_and_is_told_no_second_time() -> None:
    found = verdicts([0.0] * 16 + [60.0 * n for n in range(1, 100)])
    assert found.count(Verdict.WARNED) == 1
    assert set(found[16:]) == {Verdict.SILENT}


def test_who_pauses_is_heard_again_with_a_full_burst() -> None:
    found = verdicts([0.0] * 16 + [301.0] * 15)
    assert found[16:] == [Verdict.HEARD] * 15


@given(st.lists(st.floats(0, 7200), max_size=200), st.sampled_from(["", "x"]), st.booleans())
def test_no_window_holds_more_than_the_rate_and_burst(seconds: list[float], digest: str, group: bool) -> None:
    rate = RULES.group if group else RULES.person
    seconds.sort()
    heard = [
        second
        for second, verdict in zip(seconds, verdicts(seconds, digest, group=group), strict=True)
        if verdict is Verdict.HEARD
    ]
    for first, start in enumerate(heard):
        within = [second for second in heard[first:] if second < start + 60]
        assert len(within) <= rate.burst + rate.per_minute


@given(st.lists(st.floats(0, 7200), max_size=200))
def test_between_two_warnings_lies_a_pause(seconds: list[float]) -> None:
    seconds.sort()
    told = verdicts(seconds, "same")
    warned = [n for n, verdict in enumerate(told) if verdict is Verdict.WARNED]
    for first, second in pairwise(warned):
        gaps = [after - before for before, after in pairwise(seconds[first : second + 1])]
        assert max(gaps) >= RULES.cooldown.total_seconds()


@given(st.lists(st.floats(-7200, 7200), max_size=60))
def test_any_order_is_judged(seconds: list[float]) -> None:
    assert len(verdicts(seconds, "x")) == len(seconds)


def test_the_digest_is_of_the_words() -> None:
    assert digest_of("Suhu  BOILER\n2") == digest_of("suhu boiler 2")
    assert digest_of("suhu boiler 2") != digest_of("suhu boiler 3")
    assert digest_of(" \n ") == ""
    assert digest_of("\ud800") != ""
