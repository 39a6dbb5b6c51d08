"""A catalog as YAML that people like to read, and that reads back as the same catalog."""

from __future__ import annotations

import sys
from typing import Any

import yaml

from wa_integrasi.catalog.models import Catalog

_BREAKS = frozenset("\r\x85\u2028\u2029")


def write_catalog(catalog: Catalog) -> str:
    """The catalog as YAML: fields in the order of the models, defaults left out, lines of long texts kept."""
    blocks = [f"version: {catalog.version}"]
    for section, entries in catalog.model_dump(mode="json", exclude_defaults=True, exclude={"version"}).items():
        texts = [_yaml({section: {name: entry}}) for name, entry in entries.items()]
        heading = f"{section}:\n"
        blocks.append(heading + "\n\n".join(text.removeprefix(heading) for text in texts))
    return "\n\n".join(blocks) + "\n"


def _yaml(data: dict[str, Any]) -> str:
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=sys.maxsize).rstrip("\n")


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    """A block where it keeps every character and no line of it looks odd, quotes for other texts of several lines."""
    if not _BREAKS.isdisjoint(text):
        return '"'
    if "\n" not in text:
        return None
    plain = not text.startswith((" ", "\n")) and not text.endswith("\n\n")
    return "|" if plain and not any(line.endswith(" ") for line in text.split("\n")) else '"'


_Dumper.add_representer(str, _text)
