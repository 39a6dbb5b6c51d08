"""The menu, and what one command needs: only of what somebody may run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wa_integrasi.catalog.arguments import (
    Argument,
    ChoiceArgument,
    DateArgument,
    IntArgument,
    NumberArgument,
    TagArgument,
    TextArgument,
)
from wa_integrasi.catalog.triggers import Trigger
from wa_integrasi.commands.grammar import Candidate, Phrasebook
from wa_integrasi.commands.grammar.book import Shown
from wa_integrasi.commands.words import Said, form, number, short, value
from wa_integrasi.text.markup import bold, escape
from wa_integrasi.typed.words import words_of

_SAID: Mapping[str, Said] = {
    "menu": {"id": "Perintah untuk Anda", "en": "Commands for you"},
    "nothing": {"id": "Belum ada perintah untuk Anda.", "en": "There is no command for you yet."},
    "others": {"id": "Lainnya", "en": "Others"},
    "how": {
        "id": "Balas dengan nomor, atau ketik perintahnya. *bantuan 1* menjelaskan satu perintah.",
        "en": "Reply with a number, or type the command. *help 1* explains one of them.",
    },
    "also": {"id": "Juga: {}.", "en": "Also: {}."},
    "ways": {"id": "Ketik: {}", "en": "Type: {}"},
    "optional": {"id": "boleh dikosongkan", "en": "may be left out"},
    "default": {"id": "bila kosong: {}", "en": "if left out: {}"},
    "example": {"id": "Contoh: *{}*", "en": "For example: *{}*"},
    "confirmed": {"id": "Perintah ini meminta kode konfirmasi.", "en": "This command asks for a confirmation code."},
    "approved": {
        "id": "Perintah ini perlu persetujuan orang kedua.",
        "en": "This command needs a second person's consent.",
    },
}

_SUBSCRIBING = {"id": ("langganan", "beritahu jika"), "en": ("subscribe", "notify if")}
_OTHERS = {"id": ("status", "siapa saya", "bantuan"), "en": ("status", "whoami", "help")}


@dataclass(frozen=True, slots=True)
class Menu:
    """A numbered list as text, and what its numbers stand for."""

    text: str
    candidates: tuple[Candidate, ...]


def also(language: str, *, subscribing: bool) -> str:
    """The commands of the system itself, on one line; `subscribing` says whether they may subscribe here."""
    named = [*(_SUBSCRIBING[language] if subscribing else ()), *_OTHERS[language]]
    return _SAID["also"][language].format(", ".join(str(bold(each)) for each in named))


def menu(book: Phrasebook, language: str, shown: Shown, last: str = "") -> Menu:
    """What somebody may run, under its headings, with a last line; `shown` says whether they may (`may_run`)."""
    sections: dict[str, list[str]] = {}
    for name, trigger in book.triggers.items():
        if shown(trigger):
            sections.setdefault(trigger.section, []).append(name)
    if not sections:
        return Menu(_SAID["nothing"][language], ())
    lines, candidates = [str(bold(_SAID["menu"][language]))], list[Candidate]()
    for section in sorted(sections, key=lambda section: not section):  # those without a heading last
        if len(sections) > 1 or section:
            lines += ["", str(bold(section or _SAID["others"][language]))]
        for name in sections[section]:
            trigger = book.triggers[name]
            candidates.append(Candidate(name, trigger.phrases[0]))
            about = f": {escape(trigger.description)}" if trigger.description else ""
            lines.append(f"{len(candidates)}. {bold(_usage(trigger))}{about}")
    ends = filter(None, (_SAID["how"][language], last))
    return Menu("\n".join([*lines, "", *ends]), tuple(candidates))


def find(asked: str, book: Phrasebook, listed: Menu, shown: Shown) -> str | None:
    """The trigger that `help` is asked for: by its number in the menu, or a phrase of it."""
    if asked.isdecimal() and asked.isascii() and len(asked) <= 4:
        number = int(asked) - 1
        return listed.candidates[number].trigger if 0 <= number < len(listed.candidates) else None
    meaning = book.phrases.get(len(words_of(asked)), {}).get(" ".join(words_of(asked)))
    name = meaning.trigger if meaning else None
    return name if name and shown(book.triggers[name]) else None


def explain(trigger: Trigger, language: str) -> str:
    """What a trigger answers, how it is asked for, what it needs, and an example."""
    lines = [str(bold(trigger.title))]
    if trigger.description:
        lines.append(str(escape(trigger.description)))
    lines.append(_SAID["ways"][language].format(", ".join(str(bold(phrase)) for phrase in trigger.phrases)))
    lines += [f"• {short(argument.label)}: {_about(argument, language)}" for argument in trigger.arguments]
    lines.append(_SAID["example"][language].format(short(example(trigger, language))))
    if trigger.confirm:
        lines.append(_SAID["confirmed"][language])
    if trigger.approval:
        lines.append(_SAID["approved"][language])
    return "\n".join(lines)


def example(trigger: Trigger, language: str) -> str:
    """What somebody could type."""
    needed = [argument for argument in trigger.arguments if argument.required and argument.default is None]
    return " ".join([trigger.phrases[0], *(_typed(argument, trigger, language) for argument in needed)])


def _usage(trigger: Trigger) -> str:
    """`suhu boiler [nomor]`, with what may be left out in parentheses."""
    given = [
        f"[{argument.label}]" if argument.required and argument.default is None else f"({argument.label})"
        for argument in trigger.arguments
    ]
    return " ".join([trigger.phrases[0], *given])


def _about(argument: Argument, language: str) -> str:
    match argument:
        case ChoiceArgument():
            kind = ", ".join(short(option.words[0] if option.words else option.value) for option in argument.options)
        case _:
            kind = form(argument, language)
    if argument.default is not None:
        default = argument.default if isinstance(argument.default, str) else number(argument.default, language)
        return f"{kind}; {_SAID['default'][language].format(short(default))}"
    return kind if argument.required else f"{kind}; {_SAID['optional'][language]}"


def _example(argument: Argument, language: str) -> str:
    if argument.example is not None:
        return value(argument, argument.example, language)
    match argument:
        case IntArgument() | NumberArgument():
            low, high = argument.minimum, argument.maximum
            return number(low if low is not None else high if high is not None else 1, language)
        case DateArgument():
            return "kemarin" if language == "id" else "yesterday"
        case ChoiceArgument():
            return value(argument, argument.options[0].value, language)
        case TagArgument() | TextArgument():
            return f"[{argument.label}]"


def _typed(argument: Argument, trigger: Trigger, language: str) -> str:
    """An example as it is typed: several words of a text that is not the last argument stand in quotes."""
    said = _example(argument, language)
    within = (
        isinstance(argument, TextArgument) and argument.example is not None and argument is not trigger.arguments[-1]
    )
    return f'"{said}"' if within and " " in said else said
