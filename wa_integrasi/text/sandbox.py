"""Where chat templates run: Jinja with data made harmless, few doors, and a bound on work and on output.

A template is written by an admin in the console, so it is code from outside. What it may say is a list of what is
allowed, checked before anything runs; what that costs is counted while it runs, since a clock would make one template
pass on a fast machine and fail on a busy one.
"""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from decimal import Decimal
from types import BuiltinMethodType, MethodType
from typing import Any, cast

from jinja2 import StrictUndefined, Undefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace, missing

from wa_integrasi.text.locale import FormatError, Locale, is_number
from wa_integrasi.text.markup import Markup, escape

WORK = 500_000
"""Steps that one rendering may take. A step is a small part of a microsecond to some microseconds."""

METHODS = frozenset({"items", "keys", "values", "get", "cycle", "changed"})
"""What templates may call on rows and on `loop`."""

GLOBALS = frozenset({"range", "namespace"})

_KEY = "the rendering"
_RANGE = 10_000
_BITS = 128
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


@dataclass(slots=True)
class Rendering:
    """One rendering: its locale and the steps that are left to it."""

    locale: Locale
    left: int = WORK

    def charge(self, steps: int) -> None:
        """Takes `steps` off what is left. Raises `FormatError` when that is not enough."""
        self.left -= steps
        if self.left < 0:
            raise FormatError("too much work: loop over fewer rows, or sum them up in the query")

    def charge_for(self, value: object, steps: int = 1) -> None:
        """Charges for handling `value` as a whole, besides `steps`."""
        size = len(value) if isinstance(value, Sized) and not isinstance(value, range) else 0
        self.charge(steps + (size // 16 if isinstance(value, str) else size))


def rendering(context: Context) -> Rendering:
    """The rendering that `context` belongs to."""
    return cast(Rendering, context[_KEY])


def variables(data: Mapping[str, Any], current: Rendering) -> dict[str, Any]:
    """`data` for a template, with `current` under a name that no template can say."""
    return {**data, _KEY: current}


class Missing(StrictUndefined):
    """A field that the data does not have; to use it is an error that names it."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        text = f"field {str(self._undefined_name)!r} is missing"
        if isinstance(self._undefined_obj, Mapping):
            return f"{text}; the row has {', '.join(map(str, self._undefined_obj)) or 'no fields'}"
        return text if self._undefined_obj is missing else f"{text} in a value of another kind than a row"


def demand(*values: object) -> None:
    """Raises Jinja's `UndefinedError` if one of `values` is missing."""
    for value in values:
        if isinstance(value, Undefined):
            str(value)


def limited_range(*limits: int) -> range:
    """`range`, for at most 10,000 numbers."""
    numbers = range(*limits)
    if len(numbers) > _RANGE:
        raise FormatError(f"range() gives at most {_RANGE} numbers")
    return numbers


@pass_context
def show(context: Context, value: Any) -> str:
    """What `{{ value }}` puts into the message: data escaped, markup as it is."""
    demand(value)
    current = rendering(context)
    current.charge_for(value, 1 if isinstance(value, (str, int)) else 30)
    return str(escape(value if isinstance(value, str) else current.locale.text(value)))


class _Generator(CodeGenerator):
    """Writes the strings of a template as markup: what its author wrote is not data."""

    def visit_Const(self, node: nodes.Const, frame: Frame) -> None:  # noqa: N802 - Jinja calls it by this name
        """Writes one constant."""
        if isinstance(node.value, str):
            self.write(f"environment.literal({str(node.value)!r})")
        else:
            super().visit_Const(node, frame)


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja as chat templates get it. Rows are read by their fields only, and nothing that can be called is reached."""

    code_generator_class = _Generator
    intercepted_binops = frozenset(_OPERATORS)
    literal = Markup

    def __init__(
        self,
        filters: Mapping[str, Callable[..., Any]],
        tests: Mapping[str, Callable[..., Any]],
    ) -> None:
        # Not optimized: the optimizer would compute `9 * 9` while compiling, where nothing counts the work.
        super().__init__(
            undefined=Missing, finalize=show, optimized=False, trim_blocks=True, lstrip_blocks=True, cache_size=0
        )
        self.filters = dict(filters)
        self.tests = dict(tests)
        self.globals = {"range": limited_range, "namespace": Namespace}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`row.field`: the field, even where a row has a method of that name."""
        if isinstance(obj, Mapping):
            if attribute in obj or attribute not in METHODS:
                return self.getitem(obj, attribute)
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`row["field"]` and `rows[0]`."""
        if isinstance(obj, Mapping):
            demand(argument)
            return obj[argument] if argument in obj else self.undefined(obj=obj, name=argument)
        return super().getitem(obj, argument)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Only plain values, and the few methods of `loop`."""
        if callable(value) and not (isinstance(obj, LoopContext) and attr in METHODS):
            return False
        return super().is_safe_attribute(obj, attr, value)

    def is_safe_callable(self, obj: Any) -> bool:
        """Only `range`, `namespace` and the methods of rows and of `loop` that are listed."""
        if isinstance(obj, (MethodType, BuiltinMethodType)):
            return isinstance(obj.__self__, (Mapping, LoopContext)) and obj.__name__ in METHODS
        return obj is limited_range or obj is Namespace

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Sums of numbers, dates and texts. Texts are not multiplied or formatted, and numbers stay within bounds."""
        demand(left, right)
        if isinstance(left, str) and isinstance(right, str) and operator == "+":
            rendering(context).charge((len(left) + len(right)) // 16)
            return left + right
        if left is None or right is None:
            raise FormatError(f"{operator!r} has no value on one side: give one with |default(0)")
        if is_number(left) and is_number(right):
            return _calculated(operator, left, right)
        if operator in {"+", "-"} and _is_moment(left) and _is_moment(right):
            return _OPERATORS[operator](left, right)
        raise FormatError(f"{operator!r} works on numbers only")


def _is_moment(value: object) -> bool:
    return isinstance(value, (dt.date, dt.timedelta))


def _calculated(operator: str, left: Any, right: Any) -> Any:
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        left, right = (Decimal(repr(side)) if isinstance(side, float) else side for side in (left, right))
    result = _OPERATORS[operator](left, right)
    if isinstance(result, int) and result.bit_length() > _BITS:
        raise FormatError("the number is too large")
    return result
