"""Queries for other sources than databases, as their plug-ins judge them.

Only files are checked so: a stored catalog stays good while a plug-in is away, and its reports say so themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from wa_integrasi.catalog.rules import SLOT_BINDS, Location, binds_of, either, entries_in, legible_arguments, suggest
from wa_integrasi.catalog.trigger_references import query_binds
from wa_integrasi.sources.base import SourceError

_SQL = "sql"


def broken_queries(catalog: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    """Every kind of a source that is not installed, and what its plug-in says against a query."""
    for name, report in entries_in(catalog, "reports"):
        queries = report.get("queries")
        more = queries.items() if isinstance(queries, Mapping) else ()
        named: dict[Location, object] = {("query",): report.get("query")}
        named |= {("queries", key): query for key, query in more}
        own = [bind for _, each in legible_arguments(report.get("parameters")) for bind in binds_of(each)]
        yield from _broken(("reports", name), report, named, [*SLOT_BINDS, *own])
    for name, trigger in entries_in(catalog, "triggers"):
        if trigger.get("kind") == "sql":
            yield from _broken(("triggers", name), trigger, {("query",): trigger.get("query")}, query_binds(trigger))


def _broken(
    at: Location, entry: Mapping[str, Any], queries: Mapping[Location, object], binds: Collection[str]
) -> Iterator[tuple[Location, str]]:
    kind = entry.get("source_kind", _SQL)
    if kind == _SQL or not isinstance(kind, str):
        return
    from wa_integrasi.sources.kinds import plugin_of, query_kinds

    try:
        if kind not in (known := query_kinds()):
            yield (*at, "source_kind"), f"found {kind!r}, must be {either(known)}{suggest(kind, known)}"
            return
        plugin = plugin_of(kind)
    except SourceError as error:
        yield (*at, "source_kind"), str(error)
        return
    for place, query in queries.items():
        for problem in plugin.check_query(query, binds) if isinstance(query, str) else ():
            yield (*at, *place), problem
