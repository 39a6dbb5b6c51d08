"""What operators type, read: a trigger with its arguments, a command of the system's own, or a guess."""

from wa_integrasi.commands.grammar.arguments import read_answer, read_arguments
from wa_integrasi.commands.grammar.book import PREFIXES, Phrasebook
from wa_integrasi.commands.grammar.read import LONGEST_TEXT, read, without_mentions
from wa_integrasi.commands.grammar.readings import (
    Ambiguous,
    Builtin,
    Candidate,
    Missing,
    NotForUs,
    Problem,
    Reading,
    Run,
    Unknown,
    Value,
    Wrong,
)
from wa_integrasi.commands.grammar.values import Reader, Setting, binds, bound, dump, load

__all__ = [
    "LONGEST_TEXT",
    "PREFIXES",
    "Ambiguous",
    "Builtin",
    "Candidate",
    "Missing",
    "NotForUs",
    "Phrasebook",
    "Problem",
    "Reader",
    "Reading",
    "Run",
    "Setting",
    "Unknown",
    "Value",
    "Wrong",
    "binds",
    "bound",
    "dump",
    "load",
    "read",
    "read_answer",
    "read_arguments",
    "without_mentions",
]
