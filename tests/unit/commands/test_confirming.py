"""One-time codes: right once, for one person, in one chat, for one thing, for two minutes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.commands.texts import NOW
from wa_integrasi.commands.confirming import LASTS, TRIES, Confirmation, Verdict, check, demand

ME, OTHER, GROUP = "+6281200000001", "+6281200000002", "120363012345678901@g.us"
SOON = NOW + timedelta(seconds=90)


def pending() -> tuple[Confirmation, str]:
    return demand("setel", {"tag": "TI-2001", "nilai": 540.5}, sender=ME, chat=ME, now=NOW)


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_the_right_code_counts_once() -> None:
    waiting, code = pending()
    verdict, left = check(waiting, code, sender=ME, chat=ME, now=SOON)
    assert (verdict, left) == (Verdict.RIGHT, None)
    assert check(left, code, sender=ME, chat=ME, now=SOON) == (Verdict.NONE_OPEN, None)


@pytest.mark.parametrize(("sender", "chat"), [(OTHER, ME), (ME, GROUP), (OTHER, GROUP), (OTHER, OTHER)])
def test_nobody_else_and_nowhere_else_may_answer(sender: str, chat: str) -> None:
    waiting, code = pending()
    assert check(waiting, code, sender=sender, chat=chat, now=SOON) == (Verdict.NOT_YOURS, waiting)
    assert check(waiting, code, sender=ME, chat=ME, now=SOON)[0] is Verdict.RIGHT


def test_a_code_lasts_two_minutes() -> None:
    waiting, code = pending()
    assert check(waiting, code, sender=ME, chat=ME, now=NOW + LASTS) == (Verdict.LATE, None)
    assert check(waiting, code, sender=ME, chat=ME, now=NOW + LASTS - timedelta(seconds=1))[0] is Verdict.RIGHT


def test_three_wrong_codes_end_it() -> None:
    waiting, code = pending()
    left: Confirmation | None = waiting
    for tries in range(TRIES - 1, -1, -1):
        verdict, left = check(left, other(code), sender=ME, chat=ME, now=SOON)
        assert verdict is Verdict.WRONG
        assert (left.tries if left else 0) == tries
    assert check(left, code, sender=ME, chat=ME, now=SOON) == (Verdict.NONE_OPEN, None)


@pytest.mark.parametrize("code", ["", "0", "12345678", "kode", "\ud83d", "１２３４５６"])
def test_what_is_no_code_is_a_wrong_one(code: str) -> None:
    assert check(pending()[0], code, sender=ME, chat=ME, now=SOON)[0] is Verdict.WRONG


@pytest.mark.parametrize(
    "change",
    [
        {"trigger": "matikan"},
        {"arguments": {"tag": "TI-2001", "nilai": 999.0}},
        {"asked_by": OTHER},
        {"salt": "00" * 16},
    ],
)
def test_a_code_is_for_what_was_asked_and_nothing_else(change: dict[str, object]) -> None:
    waiting, code = pending()
    assert check(replace(waiting, **change), code, sender=ME, chat=ME, now=SOON)[0] is Verdict.WRONG  # type: ignore[arg-type]


def test_codes_differ_and_are_not_kept() -> None:
    made = [pending() for _ in range(50)]
    assert len({code for _, code in made}) > 40
    assert all(len(code) == 6 and code.isdigit() for _, code in made)
    assert all(code not in json.dumps({**waiting.to_json(), "salt": "", "digest": ""}) for waiting, code in made)
    assert "digest" not in repr(made[0][0])


def test_a_second_person_answers_for_who_asked() -> None:
    waiting, code = demand("setel", {}, sender=OTHER, chat=OTHER, now=NOW, asked_by=ME)
    assert waiting.asked_by == ME
    assert check(waiting, code, sender=ME, chat=ME, now=SOON)[0] is Verdict.NOT_YOURS
    assert check(waiting, code, sender=OTHER, chat=OTHER, now=SOON)[0] is Verdict.RIGHT


def test_it_is_right_also_after_it_was_stored() -> None:
    waiting, code = pending()
    again = Confirmation.from_json(json.loads(json.dumps(waiting.to_json())))
    assert again == waiting
    assert check(again, code, sender=ME, chat=ME, now=SOON)[0] is Verdict.RIGHT
