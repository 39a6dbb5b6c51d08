"""Block types of the kinds of sources that plug-ins bring: made of their fields, so that a plug-in needs no Prefect."""

from __future__ import annotations

from functools import cache
from types import new_class
from typing import Any

from prefect.blocks.core import Block
from pydantic import HttpUrl

from wa_integrasi.sources.kinds import SQL, plugin_of, query_kinds
from wa_integrasi.sources.plugin import PluginSource

_GUIDE = HttpUrl("https://docs.prefect.io/v3/concepts/blocks")
_EXAMPLE = """```python
from blocks.sources import load_source

rows = load_source("BLOCK_NAME", "{kind}").query("…", {{}})
```"""


@cache
def plugin_block(kind: str) -> type[Block]:
    """The block type of a kind; a block of it is an instance of the plug-in too. Raises `SourceError`."""
    plugin = plugin_of(kind)
    body: dict[str, Any] = {
        "__module__": plugin.__module__,
        "__doc__": plugin.__doc__,
        "_block_type_name": plugin.title,
        "_block_type_slug": f"{kind}-source",
        "_description": plugin.about,
        "_documentation_url": _GUIDE,
        "_code_example": _EXAMPLE.format(kind=kind),
    }
    return new_class(f"{plugin.__name__}Block", (plugin, Block), exec_body=lambda space: space.update(body))


def plugin_blocks() -> tuple[type[Block], ...]:
    """The block types of all plug-ins. Raises `SourceError` where one cannot be loaded."""
    return tuple(plugin_block(kind) for kind in query_kinds() if kind != SQL)


def plugin_source(kind: str, block: Block) -> PluginSource:
    """The source that a block of a plug-in's kind is."""
    plugin = plugin_of(kind)
    said = {name: getattr(block, name) for name in plugin.model_fields}
    return PluginSource.of(kind, plugin.model_validate(said))
