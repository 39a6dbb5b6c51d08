"""The kinds of sources that are installed: by their entry points, each loaded when it is first used."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.plugin import SourcePlugin

GROUP = "wa_integrasi.sources"
SQL = "sql"
"""The kind of a source that says none: a database."""

_OWN = frozenset({SQL, "pi", "ai"})
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


def query_kinds() -> tuple[str, ...]:
    """The kinds that a report may query: databases, and those of the plug-ins."""
    return (SQL, *sorted(_points()))


@cache
def plugin_of(kind: str) -> type[SourcePlugin]:
    """The class of a plug-in. Raises `SourceError`, in words for who installed it."""
    point = _points().get(kind)
    if point is None:
        raise SourceError(f"no kind of source is called {kind}; there are: {', '.join(query_kinds())}", transient=False)
    try:
        loaded = point.load()
    except Exception as error:  # whatever a module does when it is imported
        text = f"the source plug-in {kind} ({point.value}) cannot be loaded: {type(error).__name__}: {error}"
        raise SourceError(text, transient=False) from error
    if not (isinstance(loaded, type) and issubclass(loaded, SourcePlugin)):
        raise SourceError(f"the source plug-in {kind} ({point.value}) is no SourcePlugin", transient=False)
    if missing := [name for name in ("title", "about") if not getattr(loaded, name, "")]:
        raise SourceError(f"the source plug-in {kind} ({point.value}) has no {missing[0]}", transient=False)
    return loaded


@cache
def _points() -> Mapping[str, EntryPoint]:
    found = entry_points(group=GROUP)
    for name, times in Counter(point.name for point in found).items():
        if times > 1 or name in _OWN:
            raise SourceError(f"two kinds of sources are called {name}: uninstall one of them", transient=False)
        if not _NAME.fullmatch(name):
            text = f"the source plug-in {name[:41]!r}: must be called with small letters, digits and dashes"
            raise SourceError(text, transient=False)
    return {point.name: point for point in found}
