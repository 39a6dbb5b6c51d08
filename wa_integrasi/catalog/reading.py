"""YAML files to a catalog, or to every mistake in them at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.nodes import MAX_BYTES, Listing, Node, Pairs, Scalar, compose
from wa_integrasi.catalog.problems import CatalogError, Place, Problem, describe, explain, path_of
from wa_integrasi.catalog.queries import broken_queries
from wa_integrasi.catalog.references import broken_references
from wa_integrasi.catalog.rules import REFERENCES, Location, either, suggest
from wa_integrasi.catalog.template_fields import broken_fields, broken_names
from wa_integrasi.catalog.uses import shared_phone_text, shared_phones

_SUFFIXES = (".yaml", ".yml")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_BOOLEAN = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def read_catalog(text: str | bytes, file_name: str) -> Catalog:
    """The catalog of one file. Raises `CatalogError` with every problem: file, line, field, found, valid."""
    return _read([(file_name, text)])[1]


def read_catalog_files(paths: Iterable[Path]) -> Catalog:
    """One catalog of several files; a folder stands for the `.yaml` and `.yml` files in and below it.

    Raises `CatalogError`, also for a name that two files define.
    """
    return check_catalog_files(paths)[0]


def check_catalog_files(paths: Iterable[Path]) -> tuple[Catalog, list[Problem]]:
    """The same, with what is doubtful: templates that a phone shows otherwise than they mean, numbers of two people."""
    files: dict[Path, Path] = {}
    problems: list[Problem] = []
    for path in paths:
        found = files_below(path)
        if not found:
            must = "must be a file or a folder with .yaml files"
            problems.append(Problem(Place(str(path), 1), "", f"found nothing to read here, {must}"))
        for file in found:
            files.setdefault(file.resolve(), file)
    if problems:
        raise CatalogError(problems)
    draft, catalog = _read([(str(file), content_of(file)) for file in files.values()])
    return catalog, sorted(draft.doubts(catalog), key=lambda doubt: (doubt.place.file, doubt.place.line))


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a catalog file, for editors. `docs/catalog.schema.json` is this."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Catalog.model_json_schema()}


def files_below(path: Path) -> list[Path]:
    """The YAML files that a path stands for, in the order of their names."""
    if not path.is_dir():
        return [path] if path.exists() else []
    return sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file())


def content_of(file: Path) -> bytes:
    """What a file has, one byte more at most than may be. Raises `CatalogError`."""
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise CatalogError([Problem(Place(str(file), 1), "", f"cannot be read: {error.strerror}")]) from error


def _read(texts: list[tuple[str, str | bytes]]) -> tuple[_Draft, Catalog]:
    draft = _Draft()
    for file, text in texts:
        draft.add(file, text)
    catalog = draft.catalog()
    if draft.problems or catalog is None:
        order = {file: at for at, (file, _) in enumerate(texts)}
        raise CatalogError(sorted(draft.problems, key=lambda problem: (order[problem.place.file], problem.place.line)))
    return draft, catalog


@dataclass(slots=True)
class _Draft:
    """What the files say so far, as plain data, and where each field stands."""

    data: dict[str, Any] = field(default_factory=dict)
    nodes: dict[Location, Node] = field(default_factory=dict)
    places: dict[Location, Place] = field(default_factory=dict)
    models: dict[Location, type[BaseModel]] = field(default_factory=dict)
    chosen: set[Location] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    whole: bool = True

    def add(self, file: str, text: str | bytes) -> None:
        """One more file."""
        tree = compose(text, file)
        self.problems += tree.problems
        start = Place(file, 1)
        keys = either(list(Catalog.model_fields))
        if not isinstance(tree.root, Pairs):
            self.whole = False
            if not tree.problems:
                found = "a list" if isinstance(tree.root, Listing) else "no keys"
                self.problems.append(Problem(start, "", f"found {found}, must be a mapping with the keys {keys}"))
            return
        self.models[()] = Catalog
        self.places.setdefault((), start)
        for key, (place, node) in self._known(tree.root, Catalog, ()):
            if key == "version":
                self.places[(key,)] = place
                self._version(node, place)
            else:
                self._section(key, node, place)
        if "version" not in tree.root.entries:
            self.problems.append(Problem(start, "version", "found nothing, must be given: version: 1"))

    def catalog(self) -> Catalog | None:
        """The catalog, or None with the reasons among the problems."""
        broken = chain(broken_references(self.data), broken_queries(self.data))
        for at, text in broken if self.whole else ():
            self.problems.append(Problem(self._place(at), path_of(at), text))
        in_texts = chain(broken_names(self.data), broken_fields(self.data))
        self.problems += (self._in_text(*each) for each in in_texts if self.whole)
        try:
            return Catalog.model_validate({"version": 1, **self.data})
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                if detail["type"] != REFERENCES:
                    self.problems.append(self._problem(detail))
            return None

    def doubts(self, catalog: Catalog) -> Iterator[Problem]:
        """What is doubtful about the contacts and the chat templates."""
        from wa_integrasi.text.linting import lint

        at: Location
        for name, other in shared_phones(catalog.contacts).items():
            at = ("contacts", name, "phone")
            yield Problem(self._place(at), path_of(at), shared_phone_text(other))
        for name, template in catalog.chat_templates.items():
            at = ("chat_templates", name, "body")
            for finding in lint(template.body):
                yield self._in_text(at, finding.line, finding.text)

    def _in_text(self, at: Location, line: int, text: str) -> Problem:
        """Something in a line of a text; in quotes, where lines are not the file's, the line is said."""
        place = self._line_of(at, line)
        return Problem(place, path_of(at), text if place != self._place(at) else f"line {line}: {text}")

    def _line_of(self, at: Location, line: int) -> Place:
        """Where a line of a text stands; in quotes it is where the text begins."""
        place, node = self._place(at), self.nodes.get(at)
        block = isinstance(node, Scalar) and node.block
        return Place(place.file, node.place.line + line) if node and block else place

    def _version(self, node: Node, place: Place) -> None:
        if not isinstance(node, Scalar) or not node.plain or node.text != "1":
            found = describe(node.text) if isinstance(node, Scalar) else "a list or a mapping"
            self.problems.append(Problem(place, "version", f"found {found}, must be 1"))

    def _section(self, section: str, node: Node, place: Place) -> None:
        if isinstance(node, Scalar) and node.null:
            return
        if not isinstance(node, Pairs):
            found = describe(node.text) if isinstance(node, Scalar) else "a list"
            self.problems.append(Problem(place, section, f"found {found}, must be a mapping of names"))
            self.whole = False
            return
        self.places[(section,)] = place
        entries = self.data.setdefault(section, {})
        _, kind = get_args(Catalog.model_fields[section].annotation)
        for name, (at, entry) in node.entries.items():
            if name in entries:
                text = f"found also at {self.places[section, name]}, must be in one file only"
                self.problems.append(Problem(at, f"{section}.{name}", text))
            else:
                entries[name] = self._value(entry, kind, (section, name), at)

    def _value(self, node: Node, kind: Any, at: Location, place: Place) -> Any:
        """Plain data. Only where a number or a yes/no is due is a scalar read as one."""
        self.nodes[at] = node
        self.places[at] = place
        kind, one_of_several = _kind(kind, node)
        if one_of_several:
            self.chosen.add(at)
        match node:
            case Scalar():
                return _scalar(node, kind)
            case Listing():
                inner = get_args(kind)[0] if get_origin(kind) is tuple else str
                return [self._value(item, inner, (*at, step), item.place) for step, item in enumerate(node.items)]
            case Pairs() if isinstance(kind, type) and issubclass(kind, BaseModel):
                self.models[at] = kind
                return {
                    key: self._value(value, kind.model_fields[key].annotation, (*at, key), of)
                    for key, (of, value) in self._known(node, kind, at)
                }
            case Pairs():
                return {key: self._value(value, str, (*at, key), of) for key, (of, value) in node.entries.items()}

    def _known(self, node: Pairs, model: type[BaseModel], at: Location) -> Iterator[tuple[str, tuple[Place, Node]]]:
        keys = list(model.model_fields)
        for key, entry in node.entries.items():
            if key in keys:
                yield key, entry
            else:
                text = f"unknown key{suggest(key, keys)}, must be {either(keys)}"
                self.problems.append(Problem(entry[0], path_of((*at, key)), text))

    def _problem(self, detail: ErrorDetails) -> Problem:
        at = self._location(detail["loc"])
        if detail["type"] == "template":
            return self._in_text(at, detail["ctx"]["line"], detail["ctx"]["reason"])
        return Problem(self._place(at), path_of(at), explain(detail, self._description(at)))

    def _location(self, steps: Location) -> Location:
        """Where a mistake stands: pydantic also counts keys, and which of several models was chosen, as steps."""
        at: Location = ()
        skipped: Location | None = None
        for step in steps:
            if at in self.chosen and at != skipped:
                skipped = at
            elif step != "[key]":
                at = (*at, step)
        return at

    def _place(self, at: Location) -> Place:
        while at not in self.places:
            at = at[:-1]
        return self.places[at]

    def _description(self, at: Location) -> str:
        model = self.models.get(at[:-1])
        known: Mapping[str, Any] = model.model_fields if model else {}
        return (known[str(at[-1])].description or "") if at and at[-1] in known else ""


def _kind(annotation: Any, node: Node) -> tuple[Any, bool]:
    """What a node should be, and whether that is one of several that pydantic tells apart by a step of its own."""
    bare = _bare(annotation)
    if get_origin(bare) not in (Union, UnionType):
        return bare, False
    kinds = [_bare(each) for each in get_args(bare) if each is not type(None)]
    models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    if not models:
        return kinds[0], False
    if not isinstance(node, Pairs):
        return next((kind for kind in kinds if kind not in models), kinds[0]), kinds != models
    if len(models) == 1:
        return models[0], True
    said = node.entries.get("kind")
    word = said[1].text if said and isinstance(said[1], Scalar) else None
    found = [model for model in models if word in get_args(model.model_fields["kind"].annotation)]
    return (found[0], True) if found else (str, False)


def _bare(kind: Any) -> Any:
    while hasattr(kind, "__metadata__"):
        kind = get_args(kind)[0]
    return kind


def _scalar(node: Scalar, kind: Any) -> Any:
    if node.null:
        return None
    if node.plain and kind is bool:
        return _BOOLEAN.get(node.text.lower(), node.text)
    if node.plain and kind is int and _INTEGER.fullmatch(node.text):
        return int(node.text)
    return node.text
