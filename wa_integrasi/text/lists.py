"""Filters and tests of chat templates for lists of rows. Each counts its work."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sized
from operator import itemgetter
from typing import Any, NamedTuple, cast

from jinja2 import pass_context
from jinja2.runtime import Context
from jinja2.tests import TESTS as JINJA_TESTS

from wa_integrasi.text.grammar import JOINED, SIZED, STEPS
from wa_integrasi.text.locale import FormatError, is_missing
from wa_integrasi.text.markup import Markup, escape
from wa_integrasi.text.sandbox import Sandbox, demand, rendering

_OF_JINJA = frozenset(
    {"defined", "undefined", "none", "number", "string", "even", "odd", "divisibleby"}
    | {"mapping", "sequence", "iterable", "boolean", "integer", "float"}
)
_COMPARING: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("eq", "equalto", "=="), operator.eq),
    **dict.fromkeys(("ne", "!="), operator.ne),
    **dict.fromkeys(("lt", "lessthan", "<"), operator.lt),
    **dict.fromkeys(("gt", "greaterthan", ">"), operator.gt),
    **dict.fromkeys(("le", "<="), operator.le),
    **dict.fromkeys(("ge", ">="), operator.ge),
}


class Group(NamedTuple):
    """Rows that have one value in common."""

    grouper: Any
    list: list[Any]


def taken(context: Context, values: Any, steps: int = 1) -> list[Any]:
    """`values` as a list, `steps` charged for each before the next is taken."""
    demand(values)
    if isinstance(values, Mapping):
        values = values.keys()
    if not isinstance(values, Iterable):
        raise FormatError("there is nothing to loop over: a list is wanted")
    current = rendering(context)
    every = []
    for value in values:
        current.charge(steps)
        every.append(value)
    return every


def field_of(context: Context, row: Any, name: Any) -> Any:
    """The field `name` of a row; `a.b` goes through more than one."""
    if name is None:
        return row
    value = row
    for part in str(name).split("."):
        value = context.environment.getitem(value, int(part) if part.isdecimal() else part)
        demand(value)
    return value


@pass_context
def _taken_for_loop(context: Context, values: Any, steps: int) -> list[Any]:
    """What a loop goes through; its turns are paid for before the first."""
    return taken(context, values, steps)


@pass_context
def _sized(context: Context, value: Any) -> Any:
    rendering(context).charge_for(value)
    return value


@pass_context
def _join(context: Context, values: Any, between: str = "", attribute: Any = None) -> str:
    """The values as text, one after the other; plain ones are escaped."""
    demand(between)
    current = rendering(context)
    parts: list[str] = []
    for value in taken(context, values):
        field = field_of(context, value, attribute)
        demand(field)
        text = field if isinstance(field, str) else current.locale.text(field)
        current.charge_for(text, 1 if isinstance(field, (str, int)) else 30)
        current.charge(len(between) // 16)
        parts.append(text)
    return Markup(escape(between)).join(parts)


@pass_context
def _length(context: Context, values: Any) -> int:
    demand(values)
    if not isinstance(values, Sized):
        raise FormatError("only lists and texts have a length")
    return len(values)


@pass_context
def _first(context: Context, values: Any) -> Any:
    every = taken(context, values)
    return every[0] if every else None


@pass_context
def _last(context: Context, values: Any) -> Any:
    every = taken(context, values)
    return every[-1] if every else None


@pass_context
def _list(context: Context, values: Any) -> list[Any]:
    return taken(context, values)


@pass_context
def _reverse(context: Context, values: Any) -> list[Any]:
    return taken(context, values)[::-1]


@pass_context
def _items(context: Context, row: Any) -> list[tuple[Any, Any]]:
    demand(row)
    if not isinstance(row, Mapping):
        raise FormatError("items wants a row")
    rendering(context).charge_for(row)
    return list(row.items())


def _keyed(context: Context, values: Any, attribute: Any) -> list[tuple[Any, Any]]:
    """Each value with what it is compared by."""
    keyed = []
    for value in taken(context, values, steps=4):
        key = field_of(context, value, attribute)
        if isinstance(key, (Mapping, list, tuple, set, frozenset)):
            raise FormatError("lists and rows cannot be compared: name a field of them")
        keyed.append((key.casefold() if isinstance(key, str) else key, value))
    return keyed


def present(context: Context, values: Any, attribute: Any) -> list[tuple[Any, Any]]:
    """Each value that has one to compare it by, with that."""
    return [(key, value) for key, value in _keyed(context, values, attribute) if not is_missing(key)]


@pass_context
def _sum(context: Context, values: Any, attribute: Any = None, start: Any = 0) -> Any:
    """Fields without a value count as nothing, as in SQL."""
    total = start
    sandbox = cast(Sandbox, context.environment)
    for number, _ in present(context, values, attribute):
        total = sandbox.call_binop(context, "+", total, number)
    return total


@pass_context
def _min(context: Context, values: Any, attribute: Any = None) -> Any:
    """The least value, or with an attribute the row that has it."""
    return min(present(context, values, attribute), key=itemgetter(0), default=(None, None))[1]


@pass_context
def _max(context: Context, values: Any, attribute: Any = None) -> Any:
    """The greatest value, or with an attribute the row that has it."""
    return max(present(context, values, attribute), key=itemgetter(0), default=(None, None))[1]


@pass_context
def _sort(context: Context, values: Any, attribute: Any = None, reverse: bool = False) -> list[Any]:
    """Sorted without regard to case; rows without a value come last, whichever way it goes."""
    keyed = _keyed(context, values, attribute)
    present = sorted((pair for pair in keyed if not is_missing(pair[0])), key=itemgetter(0), reverse=reverse)
    return [value for _, value in present] + [value for key, value in keyed if is_missing(key)]


@pass_context
def _unique(context: Context, values: Any, attribute: Any = None) -> list[Any]:
    found: dict[Any, Any] = {}
    for key, value in _keyed(context, values, attribute):
        found.setdefault(key, value)
    return list(found.values())


@pass_context
def _groupby(context: Context, values: Any, attribute: Any) -> list[Group]:
    """Rows by their common value, in the order in which the values first come."""
    groups: dict[Any, Group] = {}
    for key, value in _keyed(context, values, attribute):
        groups.setdefault(key, Group(field_of(context, value, attribute), [])).list.append(value)
    return list(groups.values())


@pass_context
def _map(context: Context, values: Any, name: Any = None, *args: Any, attribute: Any = None) -> list[Any]:
    """The field `attribute` of each row, or each value through the filter `name`."""
    every = taken(context, values)
    if attribute is not None:
        return [field_of(context, value, attribute) for value in every]
    if not isinstance(name, str) or name not in context.environment.filters:
        raise FormatError('map wants a filter, or a field: map(attribute="name")')
    return [context.environment.call_filter(name, value, args, context=context) for value in every]


def _choosing(wanted: bool, by_field: bool) -> Callable[..., list[Any]]:
    """`select`, `reject`, and the two that look at one field of each row."""

    @pass_context
    def filtered(context: Context, values: Any, *args: Any) -> list[Any]:
        demand(*args)
        field, args = (args[0], args[1:]) if by_field and args else (None, args)
        name, args = (str(args[0]), args[1:]) if args else ("", ())
        if name and name not in TESTS:
            raise FormatError(f"no test {name!r}")
        chosen = []
        for value in taken(context, values, steps=4):
            tested = field_of(context, value, field)
            passed = context.environment.call_test(name, tested, args, context=context) if name else tested
            if bool(passed) is wanted:
                chosen.append(value)
        return chosen

    return filtered


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[..., bool]:
    @pass_context
    def tested(context: Context, value: Any, other: Any) -> bool:
        demand(value, other)
        rendering(context).charge_for(value)
        return bool(compare(value, other))

    return tested


@pass_context
def _among(context: Context, value: Any, values: Any) -> bool:
    demand(value, values)
    rendering(context).charge_for(values)
    return value in values


FILTERS: dict[str, Callable[..., Any]] = {
    STEPS: _taken_for_loop,
    SIZED: _sized,
    JOINED: _join,
    "join": _join,
    "length": _length,
    "count": _length,
    "first": _first,
    "last": _last,
    "list": _list,
    "reverse": _reverse,
    "items": _items,
    "sum": _sum,
    "min": _min,
    "max": _max,
    "sort": _sort,
    "unique": _unique,
    "groupby": _groupby,
    "map": _map,
    "select": _choosing(wanted=True, by_field=False),
    "reject": _choosing(wanted=False, by_field=False),
    "selectattr": _choosing(wanted=True, by_field=True),
    "rejectattr": _choosing(wanted=False, by_field=True),
}
"""By the name that templates use; the first three are written into templates by `grammar` alone."""

TESTS: dict[str, Callable[..., Any]] = {
    **{name: cast(Callable[..., Any], JINJA_TESTS[name]) for name in sorted(_OF_JINJA)},
    **{name: _comparison(compare) for name, compare in _COMPARING.items()},
    "in": _among,
}
"""By the name that templates use."""
