"""A database that is away is tried again, then left alone; and a query that nobody answers is cut off."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.sql import watchdog
from wa_integrasi.sources.sql.guard import Checked
from wa_integrasi.sources.sql.patience import Patience
from wa_integrasi.sources.sql.reader import read
from wa_integrasi.sources.sql.session import Facts, Limits
from wa_integrasi.sources.sql.sqlite import Sqlite

AWAY = SourceError("away", transient=True)
WRONG = SourceError("wrong", transient=False)


class Scene:
    """A database that answers as it is told, and a clock."""

    def __init__(self, *answers: SourceError | None) -> None:
        self.answers = list(answers)
        self.now = 0.0
        self.asked = 0
        self.patience = Patience(clock=lambda: self.now, sleep=self.pass_by)

    def pass_by(self, seconds: float) -> None:
        self.now += seconds

    def connect(self) -> str:
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else None
        if answer:
            raise answer
        return "connected"

    def ask(self, within_s: float = 30) -> str:
        return self.patience.connect(self.connect, within_s)


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


def test_after_three_failures_it_is_left_alone_and_then_one_may_look() -> None:
    scene = Scene(*[AWAY] * 9)
    for _ in range(3):
        assert refused(scene.ask) == "away"
    assert "left alone for a while" in refused(scene.ask)
    assert scene.asked == 9
    scene.pass_by(31)
    assert scene.ask() == "connected"
    assert scene.ask() == "connected"


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
