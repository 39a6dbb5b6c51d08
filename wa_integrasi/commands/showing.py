"""Arguments as people and chat templates read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from wa_integrasi.catalog.triggers import Trigger
from wa_integrasi.commands.grammar import Value
from wa_integrasi.commands.words import short
from wa_integrasi.text.locale import Locale
from wa_integrasi.typed.days import Days


def described(trigger: Trigger, arguments: Mapping[str, Value], locale: Locale) -> str:
    """What somebody is asked to confirm: `boiler 2, hari 19 November 2026`."""
    labels = {argument.name: argument.label for argument in trigger.arguments}
    said = [f"{short(labels.get(name, name))} {short(_text(value, locale))}" for name, value in arguments.items()]
    return ", ".join(said) or short(trigger.title)


def for_template(arguments: Mapping[str, Value], locale: Locale) -> dict[str, Any]:
    """The `arguments` of a chat template: plain values; of a date its `first` and `last` day, and both as a `label`."""
    return {name: _field(value, locale) for name, value in arguments.items()}


def _field(value: Value, locale: Locale) -> Any:
    match value:
        case Days():
            return {"first": value.first, "last": value.last, "label": _text(value, locale)}
        case date():
            return {"first": value, "last": value, "label": _text(value, locale)}
        case _:
            return value


def _text(value: Value, locale: Locale) -> str:
    if isinstance(value, Days):
        first, last = locale.date(value.first), locale.date(value.last)
        return first if value.one else f"{first} – {last}"
    return locale.text(value)
