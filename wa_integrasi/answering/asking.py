"""What a trigger of the kind `api` asks of its web service."""

from __future__ import annotations

from wa_integrasi.catalog.triggers import ApiTrigger
from wa_integrasi.sources.http_query import HttpQuery, places_in

HTTP_JSON = "http-json"
"""The kind of the source that it asks."""


def asked_of(trigger: ApiTrigger) -> HttpQuery:
    """The request, with places for the arguments: in the path and in its parameters, and nowhere else."""
    parameters = trigger.parameters
    if parameters is None:
        placed = places_in(trigger.path)
        free = [argument.name for argument in trigger.arguments if argument.name not in placed]
        parameters = {name: f"{{{name}}}" for name in free}
    return HttpQuery(get=trigger.path, parameters=parameters, rows=trigger.rows_at, columns=trigger.columns)
