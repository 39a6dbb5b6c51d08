"""Queries as those judge them who refuse them when they run: the guard of databases, and the plug-ins.

Only files are checked so: a stored catalog stays good while a plug-in is away, and its reports say so themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from wa_integrasi.catalog.problems import describe
from wa_integrasi.catalog.rules import SLOT_BINDS, Location, binds_of, either, entries_in, legible_arguments, suggest
from wa_integrasi.catalog.trigger_references import query_binds
from wa_integrasi.sources.base import SourceError

_SQL = "sql"


def broken_queries(catalog: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    """Every kind of a source that is not installed, and every query that it would refuse."""
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
    if not isinstance(kind, str):
        return
    if kind == _SQL:
        for place, query in queries.items():
            if isinstance(query, str) and (problem := _unfit(query)):
                yield (*at, *place), problem
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


def _unfit(query: str) -> str | None:
    """Why a query is none for a database. A block says which, so it is refused only where every kind would do so."""
    from wa_integrasi.sources.sql.guard import never_run

    reason = never_run(query) if query.strip() else None
    if reason is None:
        return None
    found = describe(" ".join(query.split()))
    return f"found {found}: {reason}; must be one SELECT that only reads, WITH before it or not"
