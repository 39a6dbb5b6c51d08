"""A chat template as the text that it may become, with stand-ins for its data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from jinja2 import nodes

from wa_integrasi.text.markup import clean
from wa_integrasi.text.sandbox import Sandbox
from wa_integrasi.text.spans import FENCE

_VALUE = "x"
"""A letter, as the strictest data would have beside a mark."""

_MOST_WAYS = 4
_MARKING = {"bold": "*{}*", "italic": "_{}_", "strike": "~{}~", "mono": "`{}`", "quote": "> {}", "bullet": "- {}"}
_BLOCKS = ("table", "code")
_WORDING = ("upper", "lower", "title", "capitalize", "trim", "truncate", "replace", "default", "d")


@dataclass(slots=True)
class Flat:
    """One way in which a template may come out."""

    chars: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    """The line of the template that each character comes from."""

    @property
    def text(self) -> str:
        """The text."""
        return "".join(self.chars)

    def line(self, at: int) -> int:
        """The line of the template that a place comes from."""
        return self.lines[min(at, len(self.lines) - 1)] if self.lines else 1

    def say(self, text: str, line: int) -> None:
        """One more piece, which begins in a line."""
        for char in text:
            self.chars.append(char)
            self.lines.append(line)
            line += char == "\n"


def flattened(source: str) -> list[Flat]:
    """The ways in which a template may come out: each takes other branches, and loops once."""
    tree = Sandbox({}, {}).parse(clean(source))
    ways = min(max((len(_branches(each)) for each in tree.find_all(nodes.If)), default=2), _MOST_WAYS)
    found = []
    for pick in range(max(ways, 2)):
        flat = Flat()
        _walk(tree.body, pick, flat)
        found.append(flat)
    return found


def _branches(node: nodes.If) -> list[Sequence[nodes.Node]]:
    return [node.body, *(each.body for each in node.elif_), node.else_]


def _walk(body: Sequence[nodes.Node], pick: int, flat: Flat) -> None:
    for node in body:
        match node:
            case nodes.Output():
                for child in node.nodes:
                    _say(child, pick, flat)
            case nodes.If():
                branches = _branches(node)
                _walk(branches[min(pick, len(branches) - 1)], pick, flat)
            case nodes.For():
                _walk(node.else_ if pick and node.else_ else node.body, pick, flat)
            case nodes.With():
                _walk(node.body, pick, flat)


def _say(node: nodes.Node, pick: int, flat: Flat) -> None:
    if isinstance(node, nodes.TemplateData):
        flat.say(node.data, node.lineno)
        return
    for part in _parts(node, pick):
        flat.say(part, node.lineno)


def _parts(node: nodes.Node, pick: int) -> Iterator[str]:
    """What an expression may show."""
    match node:
        case nodes.Const(value=str() as text):
            yield text
        case nodes.CondExpr():
            chosen = node.expr2 if pick % 2 else node.expr1
            yield from _parts(chosen, pick) if chosen is not None else ()
        case nodes.Concat():
            for each in node.nodes:
                yield from _parts(each, pick)
        case nodes.Add():
            yield from _parts(node.left, pick)
            yield from _parts(node.right, pick)
        case nodes.Filter(name=name, node=inner) if name in _MARKING and inner is not None:
            yield _MARKING[name].format("".join(_parts(inner, pick)))
        case nodes.Filter(name=name) if name in _BLOCKS:
            yield f"{FENCE}{_VALUE}{FENCE}"
        case nodes.Filter(name=name, node=inner) if name in _WORDING and inner is not None:
            yield from _parts(inner, pick)
        case _:
            yield _VALUE
