"""A database that is away is tried again, then left alone; and a query that nobody answers is cut off."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from blocks.kept_sources import KeptSources
from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.patience import LeftAloneError, Patience, Reconnect
from wa_integrasi.sources.sql import SqlDatabase, watchdog
from wa_integrasi.sources.sql.guard import Checked
from wa_integrasi.sources.sql.reader import read
from wa_integrasi.sources.sql.session import Facts, Limits
from wa_integrasi.sources.sql.sqlite import Sqlite

AWAY = SourceError("away", transient=True)
WRONG = SourceError("wrong", transient=False)


class Scene:
    """A database that answers as it is told, and a clock."""

    def __init__(self, *answers: SourceError | None, reconnect: Reconnect | None = None) -> None:
        self.answers = list(answers)
        self.now = 0.0
        self.asked = 0
        self.patience = Patience(
            reconnect or Reconnect(),
            clock=lambda: self.now,
            sleep=self.pass_by,
            now=lambda: datetime(2026, 11, 20, 7, 5, tzinfo=UTC) + timedelta(seconds=self.now),
        )

    def pass_by(self, seconds: float) -> None:
        self.now += seconds

    def connect(self) -> str:
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else None
        if answer:
            raise answer
        return "connected"

    def ask(self, within_s: float = 30) -> str:
        return self.patience.ask(self.connect, within_s)


def refused(ask: Callable[[], object]) -> str:
    with pytest.raises(SourceError) as error:
        ask()
    return str(error.value)


def test_a_database_that_is_away_is_tried_again_with_a_growing_wait() -> None:
    scene = Scene(AWAY, AWAY)
    assert scene.ask() == "connected"
    assert (scene.asked, round(scene.now, 3)) == (3, 0.6)


def test_what_waiting_does_not_mend_is_asked_once() -> None:
    scene = Scene(WRONG)
    assert refused(scene.ask) == "wrong"
    assert scene.asked == 1


def test_nothing_is_tried_again_when_the_time_of_the_query_is_over() -> None:
    scene = Scene(AWAY)
    assert refused(lambda: scene.ask(0.1)) == "away"
    assert scene.asked == 1


def test_after_three_failures_it_is_left_alone_and_it_is_said_until_when() -> None:
    scene = Scene(*[AWAY] * 9)
    for _ in range(3):
        assert refused(scene.ask) == "away"
    assert scene.asked == 9
    scene.pass_by(10)
    with pytest.raises(LeftAloneError) as left_alone:
        scene.ask()
    assert str(left_alone.value) == "the source has failed and is left alone until 07:05:31 UTC (20 s)"
    assert left_alone.value.until == datetime(2026, 11, 20, 7, 5, 31, 800_000, tzinfo=UTC)
    assert (scene.asked, left_alone.value.transient) == (9, True)
    scene.pass_by(21)
    assert scene.ask() == "connected"
    assert scene.ask() == "connected"


def test_one_that_is_still_down_after_the_pause_is_asked_once_and_left_alone_for_longer() -> None:
    scene = Scene(*[AWAY] * 12, reconnect=Reconnect(attempts=1, pause_after=2, pause_s=5, longest_pause_s=12))
    waits = []
    for _ in range(5):
        while refused(scene.ask) == "away":
            pass
        asked = scene.asked
        with pytest.raises(LeftAloneError) as left_alone:
            scene.ask()
        assert scene.asked == asked
        waits.append(left_alone.value.wait_s)
        scene.pass_by(left_alone.value.wait_s)
    assert waits == [5, 10, 12, 12, 12]
    assert scene.asked == 6


def test_while_one_query_looks_whether_it_is_back_the_others_are_told() -> None:
    scene = Scene(AWAY, reconnect=Reconnect(attempts=1, pause_after=1, pause_s=5))
    refused(scene.ask)
    scene.pass_by(5)
    told = []

    def looking() -> str:
        told.append(refused(scene.ask))
        return "connected"

    assert scene.patience.ask(looking, 30) == "connected"
    assert told == ["the source has failed and is left alone until one query knows whether it is back"]


def test_a_source_that_asks_for_a_wait_gets_it() -> None:
    busy = SourceError("busy", transient=True, wait_s=7)
    scene = Scene(busy)
    assert scene.ask() == "connected"
    assert scene.now == 7
    scene = Scene(*[SourceError("busy", transient=True, wait_s=50)] * 3)
    for _ in range(3):
        assert refused(scene.ask) == "busy"
    assert (scene.asked, scene.now) == (3, 0)
    scene.pass_by(49)
    assert refused(scene.ask).endswith("until 07:05:50 UTC (1 s)")


def test_a_query_that_takes_too_long_is_no_outage() -> None:
    slow = SourceError("slow", transient=True, outage=False)
    scene = Scene(*[slow] * 5, reconnect=Reconnect(attempts=1))
    for _ in range(5):
        assert refused(scene.ask) == "slow"
    assert scene.ask() == "connected"


def test_queries_with_tighter_limits_share_what_is_known_of_the_database() -> None:
    database = SqlDatabase("sqlite:///tidak-ada.db", patience=Patience(Reconnect(attempts=1, pause_after=1)))
    limited = database.within(2, 5)
    assert (limited.timeout_s, limited.max_rows) == (2, 5)
    assert "there is no database file" in refused(lambda: limited.query("SELECT 1", {}))
    assert "left alone until" in refused(lambda: database.query("SELECT 1", {}))


def test_a_source_is_the_same_until_its_block_says_something_else() -> None:
    kept = KeptSources()
    first = kept.same("sql", "pabrik", SqlDatabase("sqlite:///plant.db"))
    assert kept.same("sql", "pabrik", SqlDatabase("sqlite:///plant.db")) is first
    assert kept.same("sql", "lain", SqlDatabase("sqlite:///plant.db")) is not first
    patient = SqlDatabase("sqlite:///plant.db", patience=Patience(Reconnect(attempts=5)))
    assert kept.same("sql", "pabrik", patient) is patient


class Deaf:
    """A session whose server answers nothing and hears no cancelling."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.cut = threading.Event()

    def run(self, _text: str, _values: Mapping[str, Any]) -> Sequence[str]:
        assert self.cut.wait(30)
        raise OSError("connection lost")

    def fetch(self, _most: int) -> Sequence[Sequence[Any]]:
        return []

    def cancel(self) -> None:
        self.heard.append("cancel")

    def sever(self) -> None:
        self.heard.append("sever")
        self.cut.set()

    def close(self) -> None:
        self.cut.set()

    def facts(self) -> Facts:
        return Facts("", "")

    def writes(self) -> tuple[str, ...]:
        return ()


def test_a_server_that_hears_no_cancelling_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "_AFTER_S", 0.0)
    monkeypatch.setattr(watchdog, "_AGAIN_S", 0.01)
    deaf = Deaf()
    limits = Limits(0.01, 10, 1_000, ZoneInfo("Asia/Jakarta"), frozenset())
    told = refused(lambda: read(deaf, Sqlite(), Checked("SELECT 1"), {}, limits))
    assert told == "sqlite: the query took longer than its time limit"
    assert deaf.heard[:2] == ["cancel", "sever"]
