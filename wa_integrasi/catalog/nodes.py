"""YAML text to a tree that knows its lines. Scalars stay as they are written: no `no`, no octal, no dates.

The tree is built from the parser's events and not by PyYAML's constructors: those keep the last of two equal keys,
read `0812` as 522 and expand aliases without end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from wa_integrasi.catalog.problems import CatalogError, Place, Problem, path_of
from wa_integrasi.catalog.rules import Location

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 12
MAX_WEIGHT = 250_000
"""Nodes of one file with its aliases written out, long texts counted as several."""

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as it is written. `plain` is without quotes; `block` below a `|`."""

    place: Place
    text: str
    plain: bool
    block: bool

    @property
    def null(self) -> bool:
        """Whether it says that there is no value."""
        return self.plain and self.text in _NULL

    @property
    def weight(self) -> int:
        """Its part of `MAX_WEIGHT`."""
        return 1 + len(self.text) // 64


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    place: Place
    items: tuple[Node, ...]
    weight: int


@dataclass(frozen=True, slots=True)
class Pairs:
    """A mapping; each value with the place of its key."""

    place: Place
    entries: Mapping[str, tuple[Place, Node]]
    weight: int


Node = Scalar | Listing | Pairs


@dataclass(frozen=True, slots=True)
class Tree:
    """One file. `root` is None when its text is no YAML, or nothing."""

    root: Node | None
    problems: list[Problem]


def compose(text: str | bytes, file: str) -> Tree:
    """The tree of one file with every problem that YAML itself shows."""
    try:
        readable = _readable(text, file)
        composer = _Composer(file, yaml.parse(readable, Loader=_LOADER))
        return Tree(composer.document(), composer.problems)
    except CatalogError as error:
        return Tree(None, list(error.problems))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1)
        return Tree(None, [Problem(place, "", _syntax(error))])
    except yaml.YAMLError as error:
        return Tree(None, [Problem(Place(file, 1), "", f"not YAML: {error}")])


def _readable(text: str | bytes, file: str) -> str:
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_BYTES:
        raise CatalogError([Problem(Place(file, 1), "", f"found {len(raw):,} bytes, must be {MAX_BYTES:,} at most")])
    try:
        decoded = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = Place(file, raw.count(b"\n", 0, error.start) + 1)
        raise CatalogError(
            [Problem(place, "", f"found the byte 0x{raw[error.start]:02x}, must be text saved as UTF-8")]
        ) from error
    if bad := _UNPRINTABLE.search(decoded):
        before = decoded[: bad.start()]
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        found = f"found the control character U+{ord(bad.group()):04X}"
        raise CatalogError([Problem(place, "", f'{found}, must be an escape in "double quotes"')])
    return decoded


def _syntax(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "cannot be read"
    hint = ""
    if "mapping values" in problem:
        hint = "; put a text that has ': ' in quotes"
    elif "cannot start any token" in problem:
        hint = "; indent with spaces, not tabs, and put a text that begins with % @ or ` in quotes"
    elif error.context and "did not find expected" in problem:
        hint = "; look at the indentation and the quotes here and on the line above"
    where = f"{error.context}: " if error.context else ""
    return f"not YAML: {where}{problem}{hint}"


@dataclass(slots=True)
class _Composer:
    file: str
    events: Iterator[yaml.Event]
    problems: list[Problem] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)

    def document(self) -> Node | None:
        """The root of the only document, or None when there is none."""
        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self._fatal(event, (), "found a second document after ---, must be one in a file")
                root = self._node(next(self.events), ())
        return root

    def _node(self, event: yaml.Event, at: Location) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, at)
        if not isinstance(event, yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent):
            raise self._fatal(event, at, "not YAML that can be read")
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._problem(self._place(event), at, f"found the tag {tag!r}, must be a value without a tag")
        if len(at) > MAX_DEPTH:
            raise self._fatal(event, at, f"found more than {MAX_DEPTH} levels, must be fewer")
        node: Node
        match event:
            case yaml.ScalarEvent():
                plain = event.style in (None, "")
                node = Scalar(self._place(event), event.value, plain, event.style == "|")
            case yaml.SequenceStartEvent():
                node = self._listing(event, at)
            case _:
                node = self._pairs(event, at)
        if node.weight > MAX_WEIGHT:
            raise self._fatal(event, at, "found more than the catalog may hold once its aliases are written out")
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _alias(self, event: yaml.AliasEvent, at: Location) -> Node:
        if (node := self.anchors.get(str(event.anchor))) is None:
            raise self._fatal(event, at, f"found *{event.anchor}, must be the name of an anchor that ends above")
        return node

    def _listing(self, start: yaml.Event, at: Location) -> Listing:
        items: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*at, len(items))))
        return Listing(self._place(start), tuple(items), 1 + sum(item.weight for item in items))

    def _pairs(self, start: yaml.Event, at: Location) -> Pairs:
        entries: dict[str, tuple[Place, Node]] = {}
        merged: dict[str, tuple[Place, Node]] = {}
        weight = 1
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            place = self._place(event)
            key = self._node(event, (*at, "?"))
            name = key.text if isinstance(key, Scalar) else ""
            value = self._node(next(self.events), (*at, name))
            weight += key.weight + value.weight
            if not isinstance(key, Scalar):
                self._problem(place, at, "found a list or mapping as a key, must be text")
            elif name == "<<" and key.plain:
                merged = {**self._merged(value, place, at), **merged}
            elif name in entries:
                first = entries[name][0]
                self._problem(place, (*at, name), f"found twice, first at {first}; must be there once")
            else:
                entries[name] = (place, value)
        return Pairs(self._place(start), {**merged, **entries}, weight)

    def _merged(self, value: Node, place: Place, at: Location) -> dict[str, tuple[Place, Node]]:
        parts = value.items if isinstance(value, Listing) else (value,)
        merged: dict[str, tuple[Place, Node]] = {}
        for part in parts:
            if isinstance(part, Pairs):
                merged = {**part.entries, **merged}
            else:
                self._problem(place, (*at, "<<"), "found no mapping, must be *name of an anchored mapping")
        return merged

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return Place(self.file, mark.line + 1 if mark else 1)

    def _problem(self, place: Place, at: Location, text: str) -> None:
        self.problems.append(Problem(place, path_of(at), text))

    def _fatal(self, event: yaml.Event, at: Location, text: str) -> CatalogError:
        return CatalogError([*self.problems, Problem(self._place(event), path_of(at), text)])
