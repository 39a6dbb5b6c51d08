"""What a chat template reads of what it is given: `recipient.name`, `queries.unit`, with the lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from jinja2 import nodes

from wa_integrasi.text.sandbox import GLOBALS, METHODS

_MAY_LACK = ("defined", "undefined", "default", "d")
"""Tests and filters of a field that may not be there."""


@dataclass(frozen=True, slots=True, order=True)
class Read:
    """One name of the context, and the fields behind it."""

    line: int
    path: tuple[str, ...]
    asked_first: bool = False
    """Whether the template does without it where it is not there."""


def reads_of(tree: nodes.Template) -> tuple[Read, ...]:
    """Everything that a template reads of its context, in the order of its lines.

    What it sets itself and what its loops go over is its own, whatever it is called.
    """
    own = {name for each in tree.find_all(nodes.Assign) for name in _names(each.target)}
    found = list(_walk(tree, frozenset(own | GLOBALS)))
    optional = {read.path for read in found if read.asked_first}
    return tuple(sorted({replace(read, asked_first=_begins_with_one(read.path, optional)) for read in found}))


def _begins_with_one(path: tuple[str, ...], optional: set[tuple[str, ...]]) -> bool:
    return any(path[:end] in optional for end in range(1, len(path) + 1))


def _walk(node: nodes.Node, own: frozenset[str], asked_first: bool = False) -> Iterator[Read]:
    read = _read(node, asked_first)
    if read is None:
        for child, names, optional in _parts(node):
            yield from _walk(child, own.union(names), optional)
    elif read.path[0] not in own:
        yield read


def _parts(node: nodes.Node) -> Iterator[tuple[nodes.Node, Sequence[str], bool]]:
    """What a node is made of, with the names that are its own there, and whether it may be missing."""
    match node:
        case nodes.For():
            yield node.iter, (), False
            inner = ["loop", *_names(node.target)]
            yield from ((child, inner, False) for child in (node.test, *node.body) if child is not None)
            yield from ((child, (), False) for child in node.else_)
        case nodes.With():
            yield from ((value, (), False) for value in node.values)
            inner = [name for target in node.targets for name in _names(target)]
            yield from ((child, inner, False) for child in node.body)
        case nodes.Call(node=nodes.Getattr(node=whole)):
            yield whole, (), True  # queries.get("unit")
            yield from ((child, (), False) for child in (*node.args, *node.kwargs))
        case nodes.Compare():
            operands = (node.expr, *(operand.expr for operand in node.ops))
            yield from ((child, (), isinstance(child, nodes.Name)) for child in operands)  # "unit" in queries
        case nodes.Test(name=name) | nodes.Filter(name=name):
            yield from ((child, (), name in _MAY_LACK) for child in node.iter_child_nodes())
        case _:
            yield from ((child, (), False) for child in node.iter_child_nodes())


def _read(node: nodes.Node, asked_first: bool) -> Read | None:
    """The path of a name with fields behind it; None for what is more than that, or less."""
    path: list[str] = []
    at = node
    while True:
        match at:
            case nodes.Name(ctx="load", name=name):
                return Read(at.lineno, (name, *reversed(path)), asked_first)
            case nodes.Getattr(node=inner, attr=name) if name not in METHODS:
                pass
            case nodes.Getitem(node=inner, arg=nodes.Const(value=str() as name)):
                pass
            case _:
                return None
        path.append(name)
        at = inner


def _names(target: nodes.Node) -> list[str]:
    found = [target] if isinstance(target, nodes.Name) else target.find_all(nodes.Name)
    return [name.name for name in found]
