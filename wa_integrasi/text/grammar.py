"""What a chat template may say, and what is put into it so that its work is counted."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import cast

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.visitor import NodeTransformer

from wa_integrasi.text.sandbox import GLOBALS, METHODS, Sandbox

STEPS = "loop steps"
SIZED = "whole value"
JOINED = "joined text"
"""Filters that only this module can put into a template: no template can say a name with a space."""

_NODES = 5_000
_DEPTH = 60
_ALLOWED = frozenset(
    {
        *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Assign, nodes.With),
        *(nodes.Name, nodes.NSRef, nodes.Const, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair, nodes.Keyword),
        *(nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test, nodes.Call),
        *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr, nodes.Concat),
        *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos),
    }
)
_SAID = {
    nodes.Pow: "**",
    nodes.Include: "{% include %}",
    nodes.Import: "{% import %}",
    nodes.FromImport: "{% from %}",
    nodes.Extends: "{% extends %}",
    nodes.Block: "{% block %}",
    nodes.Macro: "{% macro %}",
    nodes.CallBlock: "{% call %}",
    nodes.FilterBlock: "{% filter %}",
    nodes.AssignBlock: "{% set %} without a value",
    nodes.Scope: "{% autoescape %}",
}


def check(tree: nodes.Template, sandbox: Sandbox) -> None:
    """Raises Jinja's `TemplateSyntaxError` at the first thing that a chat template may not say."""
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    seen = 0
    while waiting:
        node, depth = waiting.pop()
        seen += 1
        if seen > _NODES or depth > _DEPTH:
            _refuse("the template is too long" if seen > _NODES else "the template is nested too deeply", node)
        _check(node, sandbox)
        waiting += [(child, depth + 1) for child in node.iter_child_nodes()]


def _refuse(text: str, node: nodes.Node) -> None:
    raise TemplateSyntaxError(text, node.lineno or 1)


def _unknown(kind: str, name: str, there: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, [each for each in there if " " not in each], n=1)
    return f"no {kind} {name!r}" + (f" (did you mean {near[0]!r}?)" if near else "")


def _check(node: nodes.Node, sandbox: Sandbox) -> None:
    if type(node) not in _ALLOWED:
        _refuse(f"{_SAID.get(type(node), type(node).__name__.lower())} is not for chat templates", node)
    match node:
        case nodes.For(recursive=True):
            _refuse("a recursive loop is not for chat templates", node)
        case nodes.Name(name=name) if name.startswith("_") or name in {"self", "super", "caller"}:
            _refuse(f"the name {name!r} is not for chat templates", node)
        case nodes.Getattr(attr=attr) | nodes.NSRef(attr=attr) if attr.startswith("_"):
            _refuse(f"the field {attr!r} begins with an underscore", node)
        case nodes.Filter(name=name) if name not in sandbox.filters or " " in name:
            _refuse(_unknown("filter", name, sandbox.filters), node)
        case nodes.Test(name=name) if name not in sandbox.tests:
            _refuse(_unknown("test", name, sandbox.tests), node)
        case nodes.Call():
            _check_call(node)
        case nodes.List() | nodes.Dict() | nodes.Tuple():
            _check_literal(node)
    if isinstance(node, (nodes.Call, nodes.Filter, nodes.Test)) and (node.dyn_args or node.dyn_kwargs):
        _refuse("* and ** before an argument are not for chat templates", node)


def _check_call(node: nodes.Call) -> None:
    match node.node:
        case nodes.Name(name=name) if name in GLOBALS:
            return
        case nodes.Getattr(attr=attr) if attr in METHODS:
            return
        case nodes.Name(name=name) | nodes.Getattr(attr=name):
            _refuse(f"{name}() cannot be called; is there a filter for it?", node)
        case _:
            _refuse("only names can be called", node)


def _check_literal(node: nodes.List | nodes.Dict | nodes.Tuple) -> None:
    """Only constants in brackets: lists of lists of lists could be made to grow without end."""
    if isinstance(node, nodes.Tuple) and node.ctx == "store":
        return
    for item in node.items:
        for part in (item.key, item.value) if isinstance(item, nodes.Pair) else (item,):
            inner = part.node if isinstance(part, nodes.Neg) else part
            if not isinstance(inner, nodes.Const):
                _refuse("a list or table in brackets holds only numbers and texts", node)


def _cost(node: nodes.Node) -> int:
    """Steps of one turn of a loop: what its body holds, loops within it counted apart."""
    steps = 0
    waiting = [*node.iter_child_nodes(exclude=("iter", "target", "else_"))]
    while waiting:
        child = waiting.pop()
        steps += 1
        waiting += child.iter_child_nodes(exclude=("body", "test") if isinstance(child, nodes.For) else None)
    return steps


class _Counted(NodeTransformer):
    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja calls it by this name
        cost = nodes.Const(1 + _cost(node))
        self.generic_visit(node)
        node.iter = _filtered(node.iter, STEPS, cost)
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802 - as above
        self.generic_visit(node)
        for operand in node.ops:
            operand.expr = _filtered(operand.expr, SIZED)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802 - as above
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _filtered(node.node, SIZED)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - as above
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), JOINED)

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:  # noqa: N802 - as above
        self.generic_visit(node)
        if node.expr2 is None:
            node.expr2 = nodes.Const("", lineno=node.lineno)
        return node


def _filtered(node: nodes.Node, name: str, *args: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(cast(nodes.Expr, node), name, list(args), [], None, None, lineno=node.lineno)


def counted(tree: nodes.Template, sandbox: Sandbox) -> nodes.Template:
    """`tree` with its loops, comparisons, slices and joins counted, and `a if b` without `else` as nothing."""
    _Counted().visit(tree)
    tree.set_environment(sandbox)
    return tree
