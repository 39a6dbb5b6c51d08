"""Chat templates: the text of a report or an answer, with fields, loops and filters, as its author wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import GeneratorType, TracebackType
from typing import Any

from jinja2 import Template, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError

from wa_integrasi.text import comparing, filters, lists
from wa_integrasi.text.fields import Read, reads_of
from wa_integrasi.text.grammar import check, counted
from wa_integrasi.text.locale import FormatError, Locale
from wa_integrasi.text.markup import BORDER, clean
from wa_integrasi.text.sandbox import Rendering, Sandbox, variables
from wa_integrasi.text.spans import FENCE

SOURCE_LIMIT = 65_536
"""Characters that a template may have."""

OUTPUT_LIMIT = 65_536
"""Characters that it may become: sixteen messages, more than anybody reads."""


_COMPILED = 256
"""As many templates stay compiled: it takes milliseconds, and each is rendered again and again."""


class TemplateError(ValueError):
    """What is wrong with a template, and in which line. Fit for logs: it names fields and never holds their values."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(f"line {line}: {text}")
        self.line = line
        self.text = text


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """A template that has been checked and may be rendered any number of times."""

    source: str
    reads: tuple[Read, ...]
    """What it reads of its context, in the order of its lines."""

    _template: Template = field(repr=False, compare=False)

    @property
    def fields(self) -> frozenset[str]:
        """The names that it reads from its context."""
        return frozenset(read.path[0] for read in self.reads)

    def render(self, context: Mapping[str, Any], locale: Locale) -> str:
        """The text for `split`, with `BORDER` where a line `---` was.

        Data is escaped; the template's own marks and what filters return are not. `now` in `context` is what `ago`
        counts from. Raises `TemplateError`, also when the text or the work for it would be too much.
        """
        data = variables(context, Rendering(locale))
        chunks = self._template.root_render_func(self._template.new_context(data))
        shown: list[str] = []
        room = OUTPUT_LIMIT
        try:
            for chunk in chunks:
                shown.append(chunk)
                room -= len(chunk)
                if room < 0:
                    break
        except Exception as error:
            raise TemplateError(self._line_in(error.__traceback__), _explained(error)) from None
        if room < 0:
            raise TemplateError(self._line_of(chunks), f"the text is longer than {OUTPUT_LIMIT} characters")
        return "".join(shown).strip("\n")

    def _line_of(self, chunks: Iterator[str]) -> int:
        frame = chunks.gi_frame if isinstance(chunks, GeneratorType) else None
        return self._template.get_corresponding_lineno(frame.f_lineno) if frame else 1

    def _line_in(self, traceback: TracebackType | None) -> int:
        line = 1
        while traceback:
            if traceback.tb_frame.f_globals.get("__jinja_template__") is self._template:
                line = self._template.get_corresponding_lineno(traceback.tb_lineno)
            traceback = traceback.tb_next
        return line


@lru_cache(maxsize=_COMPILED)
def compile_template(source: str) -> ChatTemplate:
    """Checks `source` and makes it ready. Raises `TemplateError` for the first thing that is wrong with it."""
    if len(source) > SOURCE_LIMIT:
        raise TemplateError(1, f"the template is longer than {SOURCE_LIMIT} characters")
    sandbox = Sandbox({**filters.FILTERS, **lists.FILTERS, **comparing.FILTERS}, lists.TESTS)
    try:
        tree = sandbox.parse(_bordered(clean(source)))
        check(tree, sandbox)
        reads = reads_of(tree)
        template = sandbox.from_string(counted(tree, sandbox))
    except TemplateSyntaxError as error:
        raise TemplateError(error.lineno, error.message or "this is no template") from None
    except (RecursionError, MemoryError, SyntaxError):
        raise TemplateError(1, "the template is nested too deeply") from None
    except ValueError:
        raise TemplateError(1, "a number in the template is too long") from None
    return ChatTemplate(source, reads, template)


def _bordered(source: str) -> str:
    """`source` with its lines `---` as section borders; within a ``` block they are text."""
    lines, in_block = [], False
    for line in source.split("\n"):
        lines.append(BORDER if line.rstrip() == "---" and not in_block else line)
        in_block ^= line.count(FENCE) % 2 == 1
    return "\n".join(lines)


def _explained(error: Exception) -> str:
    """What went wrong, for the author. Errors that may hold a value of the data are named by their kind only."""
    match error:
        case FormatError() | UndefinedError() | SecurityError():
            return str(error)
        case ZeroDivisionError():
            return "division by zero"
        case ArithmeticError():
            return "the numbers are too large to calculate with"
        case TypeError():
            return "a value of the wrong kind, or too many or too few arguments for a filter"
        case _:
            return f"this could not be rendered ({type(error).__name__})"
