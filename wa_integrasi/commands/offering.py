"""Questions with native choices, for channels that have them: a tap says what would have been typed.

The id of a choice is the question and what is typed for it, `K17:2`: so a tap means the same as the number, and a tap
on a question that is over is told from one on the question that is open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from wa_integrasi.catalog.arguments import Argument, ChoiceArgument
from wa_integrasi.commands.grammar import Candidate, Missing, Phrasebook
from wa_integrasi.commands.words import Said, mistake, say, short
from wa_integrasi.content import Button, Buttons, Choice, Menu, Section
from wa_integrasi.text.markup import bold, clean

Offer = Buttons | Menu

Model = TypeVar("Model", Buttons, Menu, Choice)

_TAP = re.compile(r"(K[0-9]{1,19}):(.{1,200})", re.DOTALL)
_BUTTONS, _BUTTON = 3, 20
_ROWS, _ROW, _DESCRIPTION = 10, 24, 72

_SAID: Mapping[str, Said] = {
    "choose": {"id": "Pilih", "en": "Choose"},
    "how": {"id": "Pilih, atau ketik perintahnya.", "en": "Choose, or type the command."},
    "cancel_how": {"id": "Pilih, atau balas *batal*.", "en": "Choose, or reply *cancel*."},
    "yes": {"id": "Ya", "en": "Yes"},
    "cancel": {"id": "Batal", "en": "Cancel"},
    "menu": {"id": "Perintah untuk Anda", "en": "Commands for you"},
    "others": {"id": "Lainnya", "en": "Others"},
}
_TYPED = {"yes": {"id": "ya", "en": "yes"}, "cancel": {"id": "batal", "en": "cancel"}}


@dataclass(frozen=True, slots=True)
class Tap:
    """What a tap on a choice of ours means."""

    question: str
    """Of which question: the code of the command that was answered by it."""
    typed: str


def tap_of(choice_id: object) -> Tap | None:
    """The meaning of a choice's id; None where it is none of ours."""
    found = _TAP.fullmatch(choice_id) if isinstance(choice_id, str) else None
    return Tap(found[1], found[2]) if found else None


def choices(argument: Argument, missing: Missing, question: str, language: str) -> Offer | None:
    """The question for an argument with choices."""
    if not isinstance(argument, ChoiceArgument):
        return None
    body = f"{mistake(missing, language)}{say('ask', language, short(argument.label))}\n{_SAID['cancel_how'][language]}"
    titles = [option.words[0] if option.words else option.value for option in argument.options]
    return _offer(body, [(title, "") for title in titles], question, language)


def guesses(candidates: Sequence[Candidate], question: str, language: str) -> Offer | None:
    """What may have been meant."""
    if len(candidates) == 1:
        return yes_or_cancel(say("meant", language, short(candidates[0].text)), "", question, language)
    return _offer(say("meant_one", language), [(each.text, "") for each in candidates], question, language)


def yes_or_cancel(body: str, code: str, question: str, language: str) -> Offer | None:
    """A text that wants a yes, with the code that goes with it, or a no."""
    typed = {"yes": f"{_TYPED['yes'][language]} {code}".rstrip(), "cancel": _TYPED["cancel"][language]}
    buttons = [Button(id=f"{question}:{typed[each]}", title=_SAID[each][language]) for each in typed]
    return _made(Buttons, body=body, buttons=buttons)


def menu(
    candidates: Sequence[Candidate], book: Phrasebook, question: str, language: str, last: str = ""
) -> Offer | None:
    """The menu as a list, under its headings; its text ends with a last line."""
    if not 0 < len(candidates) <= _ROWS:
        return None
    sections: dict[str, list[Choice]] = {}
    for number, candidate in enumerate(candidates, 1):
        trigger = book.triggers[str(candidate.trigger)]
        about = _fitting(trigger.description or trigger.title, _DESCRIPTION)
        row = _made(Choice, id=f"{question}:{number}", title=_fitting(candidate.phrase, _ROW), description=about)
        if row is None:
            return None
        sections.setdefault(trigger.section, []).append(row)
    made = [
        Section(title=_fitting(title or _SAID["others"][language], _ROW) if len(sections) > 1 else "", choices=rows)
        for title, rows in sections.items()
    ]
    body = "\n".join(filter(None, (str(bold(_SAID["menu"][language])), _SAID["how"][language], last)))
    return _made(Menu, body=body, button=_SAID["choose"][language], sections=made)


def _offer(body: str, titles: Sequence[tuple[str, str]], question: str, language: str) -> Offer | None:
    """Buttons where they fit, else a list; None where neither does, so that numbers are shown."""
    shown = [" ".join(clean(title).split()) for title, _ in titles]
    if len(shown) <= _BUTTONS and all(len(title) <= _BUTTON for title in shown) and len(set(shown)) == len(shown):
        buttons = [{"id": f"{question}:{number}", "title": title} for number, title in enumerate(shown, 1)]
        return _made(Buttons, body=body, buttons=buttons)
    rows = [
        {"id": f"{question}:{number}", "title": _fitting(title, _ROW), "description": _rest(title)}
        for number, title in enumerate(shown, 1)
    ]
    button = _SAID["choose"][language]
    return _made(Menu, body=body, button=button, sections=[{"choices": rows}]) if len(rows) <= _ROWS else None


def _made(model: type[Model], **fields: object) -> Model | None:
    try:
        return model.model_validate(fields)
    except ValidationError:
        return None


def _fitting(text: str, limit: int) -> str:
    plain = " ".join(clean(text).split())
    return plain if len(plain) <= limit else f"{plain[: limit - 1]}…"


def _rest(title: str) -> str:
    """All of a title that is too long for its row."""
    return _fitting(title, _DESCRIPTION) if len(title) > _ROW else ""
