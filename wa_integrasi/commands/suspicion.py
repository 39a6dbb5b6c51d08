"""Texts that look like an attack. They are read like any other and nothing in them is obeyed; the audit log keeps them.

Only what did not become a command is looked at: in a free text a semicolon or a brace is what somebody wanted to say.
"""

from __future__ import annotations

import re
import unicodedata

LONG = 1_000
"""Characters; no command of the catalog takes so many but for a free text."""

_NAMED_MENTION = re.compile("@\u2068[^\u2069]{0,100}\u2069")
_SQL = re.compile(
    r"\b(union(\s+all)?\s+select|drop\s+(table|view|database|schema)|delete\s+from|insert\s+into|update\s+\w+\s+set"
    r"|alter\s+table|exec(ute)?\s+\w+|pg_sleep|xp_cmdshell)\b|/\*|--\s*$|['\"]\s*(or|and)\b|\b(or|and)\s+\d+\s*=\s*\d+",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(r"\{\{|\{%|\$\{|#\{|<%")
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SCRIPTS = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
"""Their letters look like Latin ones."""


def suspicion(text: str) -> str | None:
    """What a text looks like: long, sql, template, direction or lookalike; None where it looks like none."""
    if len(text) > LONG:
        return "long"
    text = _NAMED_MENTION.sub(" ", text)
    for kind, pattern in (("sql", _SQL), ("template", _TEMPLATE), ("direction", _DIRECTION)):
        if pattern.search(text):
            return kind
    return "lookalike" if any(map(_mixed, text.split())) else None


def _mixed(word: str) -> bool:
    """Whether a word has letters of Latin and of a script that looks like it."""
    if word.isascii():
        return False
    names = [unicodedata.name(letter, "") for letter in word if letter.isalpha()]
    return any(name.startswith("LATIN") for name in names) and any(name.startswith(_SCRIPTS) for name in names)
