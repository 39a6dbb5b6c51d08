"""What a run says at its end, and what an alarm takes of the run's steps."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any, cast
from uuid import UUID

import pytest
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed, Pending, State

from deployments.logs import errors_left_to_us
from tasks import alarm
from tasks.outcome import Branch, outcome, reasons
from tasks.standing import NotSentError
from tasks.testing import TaskBench, wa, wa_store_file
from wa_integrasi.reporting import ReportError
from wa_integrasi.sources.base import SourceError

__all__ = ["wa", "wa_store_file"]


class Ended:
    """A step that has come to its end."""

    def __init__(self, error: Exception | None = None, state: State[Any] | None = None) -> None:
        self.state = state or (Failed(data=error) if error else Completed())

    def wait(self) -> None:
        pass


def branch(name: str, slot: str = "", **steps: Ended) -> Branch:
    return Branch(name, cast(dict[str, PrefectFuture[Any]], steps), slot)


WAITS = Ended(state=Pending(name="NotReady"))
GOOD = branch("baik", query=Ended(), format=Ended(), enqueue=Ended(), send=Ended())


@pytest.mark.parametrize(
    ("failing", "said"),
    [
        (
            branch(
                "a", "2026-11-19", query=Ended(SourceError("sqlite: no such column: x", transient=False)), send=WAITS
            ),
            "a 2026-11-19: query failed: sqlite: no such column: x; 'wa report preview a' asks it again",
        ),
        (
            branch("a", query=Ended(), format=Ended(ReportError("report a, template t: no field")), send=WAITS),
            "a: format failed: template t: no field; 'wa report preview a' shows it",
        ),
        (
            branch("a", query=Ended(), enqueue=Ended(KeyError("+628123456789")), send=WAITS),
            "a: enqueue failed: KeyError; run it again: what was sent is not sent twice",
        ),
        (
            branch("a", query=Ended(), send=Ended(NotSentError("1 of 1 messages: pending,\n190"))),
            "a: send failed: 1 of 1 messages: pending, 190; 'wa outbox list --report a' shows what each waits for",
        ),
    ],
)
def test_a_run_says_which_report_failed_at_which_step_of_what_and_what_to_do(failing: Branch, said: str) -> None:
    alone = asyncio.run(outcome([failing]))
    assert (alone.is_failed(), alone.message) == (True, said)
    assert asyncio.run(outcome([GOOD, failing])).message == f"1 of 2 reports failed: {said}"
    assert asyncio.run(outcome([GOOD])).is_completed()


def test_of_many_that_failed_the_first_are_told() -> None:
    every = [branch(f"r{n}", query=Ended(SourceError("away", transient=True))) for n in range(7)]
    message = str(asyncio.run(outcome(every)).message)
    assert message.startswith("7 of 7 reports failed: r0: query failed: away; ")
    assert "r4: " in message
    assert message.endswith(" | and 2 more")


def test_why_each_report_failed_is_found_again_in_what_a_run_has_said() -> None:
    away = Ended(SourceError("postgresql: away; since 07:05", transient=True))
    failing = branch("a", "2026-11-19", query=away), branch("b", query=Ended(), send=Ended(NotSentError("190")))
    assert reasons(str(asyncio.run(outcome([failing[0]])).message)) == {"a": "query: postgresql: away; since 07:05"}
    assert reasons(str(asyncio.run(outcome([GOOD, *failing])).message)) == {
        "a": "query: postgresql: away; since 07:05",
        "b": "send: 190",
    }
    assert reasons("Flow run infrastructure exited with non-zero status code: 9; +628123456789") == {}


def test_errors_of_runs_do_not_reach_the_terminal_unless_asked_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def told() -> list[str]:
        caplog.clear()
        with errors_left_to_us():
            for name in ("prefect.task_runs", "wa_integrasi.x"):
                logging.getLogger(name).error("broken")
                logging.getLogger(name).warning("odd")
        return [f"{record.name} {record.message}" for record in caplog.records]

    monkeypatch.setattr(logging.getLogger("prefect.task_runs"), "handlers", [])
    ours = ["wa_integrasi.x broken", "wa_integrasi.x odd"]
    assert told() == ["prefect.task_runs odd", *ours]
    monkeypatch.setattr(sys, "argv", ["wa", "--traceback"])
    assert told() == ["prefect.task_runs broken", "prefect.task_runs odd", *ours]


def test_an_alarm_knows_what_the_run_was_asked_for_and_how_far_each_report_came(wa: TaskBench) -> None:
    steps = {"query": "a", "leave out": "b", "enqueue": "c"}
    done = [f"{step} {report}" for step, report in steps.items()]

    def read(**asked: Any) -> Any:
        return asyncio.run(alarm._read(UUID(wa.failed("rekap daily", "send d", done=done, cadence="daily", **asked))))

    found = read(only=["a", "d"], slot="2026-11-19")
    assert (found.cadence, found.only, found.slot) == ("daily", ["a", "d"], "2026-11-19")
    assert (found.failed, found.done) == ({"d"}, {"b", "c"})
    assert read(slot="2026-11-01", until="2026-11-19").done == set()
    assert read(dry_run=True) is None
