"""Scripted conversations, as people have them: what they write, and all that the bot says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.answering.world import GROUPS, PEOPLE, World

SCRIPT = Path(__file__).parent / "conversations.txt"
_WRITTEN = re.compile(r"([a-z]+)(?:@([a-z-]+))?([>@]?):(.*)")
_TOLD = re.compile(r"<([a-z]*) (.*)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass
class Expected:
    chat: str
    words: list[str] = field(default_factory=list)
    not_words: list[str] = field(default_factory=list)


@dataclass
class Turn:
    who: str
    group: str | None
    how: str
    text: str
    wait: tuple[str, float] | None
    answers: list[Expected] = field(default_factory=list)


def read_script(text: str) -> dict[str, list[Turn]]:
    conversations: dict[str, list[Turn]] = {}
    turns: list[Turn] = []
    wait: tuple[str, float] | None = None
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("== "):
            assert line[3:] not in conversations, f"twice: {line}"
            turns = conversations[line[3:]] = []
        elif line.startswith("+ "):
            wait = _UNITS[line[-1]], float(line[2:-1])
        elif line.startswith("| "):
            turns[-1].answers[-1].words.append(line[2:])
        elif line.startswith("! "):
            turns[-1].answers[-1].not_words.append(line[2:])
        elif told := _TOLD.fullmatch(line):
            turn = turns[-1]
            here = GROUPS[turn.group] if turn.group else PEOPLE[turn.who]
            turn.answers.append(Expected(PEOPLE[told[1]] if told[1] else here, [told[2]]))
        else:
            written = _WRITTEN.fullmatch(line)
            assert written, f"neither written nor told: {line}"
            turns.append(Turn(written[1], written[2], written[3], written[4].removeprefix(" "), wait))
            wait = None
    return conversations


CONVERSATIONS = read_script(SCRIPT.read_text(encoding="utf-8"))


def _with_codes(turn: Turn, world: World) -> str:
    return re.sub(r"\{kode(?::([a-z]+))?\}", lambda code: world.code_for(code[1] or turn.who), turn.text)


def test_there_are_enough_of_them() -> None:
    assert len(CONVERSATIONS) >= 60


@pytest.mark.parametrize("title", CONVERSATIONS)
def test_a_conversation(world: World, title: str) -> None:
    for turn in CONVERSATIONS[title]:
        if turn.wait:
            world.clock.tick(**{turn.wait[0]: turn.wait[1]})
            assert world.desk.warn() == 0, "nobody is warned unless the script says so"
        world.clock.tick(seconds=5 if turn.wait is None else 0)
        text = _with_codes(turn, world)
        how = {"quoting": turn.how == ">", "mentioning": turn.how == "@"}
        asked = world.write(turn.who, text, turn.group, **how)
        world.answer()
        told = world.news()
        shown = "\n---\n".join(f"to {row.chat}: {row.content}" for row in told)
        assert len(told) == len(turn.answers), f"{turn.text!r} is answered by {len(told)} messages:\n{shown}"
        for row, expected in zip(told, turn.answers, strict=True):
            assert row.chat == expected.chat, shown
            for words in expected.words:
                assert words in row.content, f"{turn.text!r}: no {words!r} in\n{shown}"
            for words in expected.not_words:
                assert words not in row.content, f"{turn.text!r}: {words!r} in\n{shown}"
            if row.chat == (GROUPS[turn.group] if turn.group else PEOPLE[turn.who]) and len(told) == 1:
                assert row.reply_to == asked, "the answer quotes the question"
    assert world.plant.file.stat().st_size > 0
