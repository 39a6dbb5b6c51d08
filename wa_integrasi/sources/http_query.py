"""What is asked of an HTTP-JSON source: a path, parameters, and where in the answer the rows are.

Values from outside stand in declared places only, `{kota}`: percent-encoded in a segment of the path or as the value of
a parameter. They reach neither the host nor the shape of the address.
"""

from __future__ import annotations

import json
import math
import re
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, unquote, urlencode

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from wa_integrasi.sources.base import Rows, SourceError

_Row = TypeVar("_Row")

_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_SIGN = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/{}-]*")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LONGEST = 2_000
_MOST_COLUMNS = 500
_MOST_CELLS = 20_000_000
"""More than any `max_bytes` lets through."""


def path_problem(path: str) -> str | None:
    """What is wrong with a path, or None."""
    if not path.startswith("/") or path.startswith("//") or any(sign.isspace() or sign in "?#" for sign in path):
        return f"found {path!r}, must be a path such as /v1/cuaca/{{kota}}, without host, ? or #"
    if not _SIGN.fullmatch(path) or _ESCAPE.search(path):
        return f"found {path!r}, must have letters, digits and -._~ only; others as %20"
    if any(_leads_away(segment) for segment in path[1:].split("/")):
        return f"found {path!r}, must not have . or .. for a part, nor %2F or %5C"
    return None


def places_in(text: str) -> list[str]:
    """The names that stand in `{}`, each once."""
    return list(dict.fromkeys(_PLACE.findall(text)))


def _path(path: str) -> str:
    if problem := path_problem(path):
        raise ValueError(problem)
    return path


class HttpQuery(BaseModel):
    """One question: a GET and what of its answer is a row."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    get: Annotated[str, AfterValidator(_path)] = Field(max_length=_LONGEST)
    parameters: Mapping[str, str | bool | int | float] = Field(default_factory=dict)
    rows: str = ""
    """Where the rows are: keys with dots, or a JSON pointer; empty for all of the answer."""
    columns: Mapping[str, str] = Field(default_factory=dict)
    """By the name of a column where in a row its value is; without them a row's own keys are the columns."""

    @classmethod
    def parse(cls, text: str) -> HttpQuery:
        """The query as a report has it, in YAML. Raises `ValueError` with one line for each mistake."""
        try:
            said = yaml.safe_load(text)
        except (yaml.YAMLError, RecursionError):
            raise ValueError("found what is no YAML, must be get: /path and so on") from None
        try:
            return cls.model_validate(said)
        except ValidationError as error:
            raise ValueError("; ".join(_said(each) for each in error.errors(include_url=False))) from None

    def text(self) -> str:
        """The same as `parse` reads it; equal queries have equal texts."""
        return json.dumps(self.model_dump(), ensure_ascii=False)

    def problems(self, names: Collection[str]) -> Iterator[str]:
        """Places that none of `names` fills."""
        for text in (self.get, *(value for value in self.parameters.values() if isinstance(value, str))):
            for name in places_in(text):
                if name not in names:
                    known = ", ".join(f"{{{each}}}" for each in names) or "none"
                    yield f"found {{{name}}}, must be one of: {known}"

    def target(self, given: Mapping[str, Any]) -> str:
        """Path and query of the request. Raises `SourceError`. A parameter whose place has no value is left out."""
        segments = [_filled_segment(segment, given) for segment in self.get[1:].split("/")]
        pairs = [
            (name, filled) for name, value in self.parameters.items() if (filled := _filled(value, given)) is not None
        ]
        return "/" + "/".join(segments) + (f"?{urlencode(pairs, quote_via=quote)}" if pairs else "")

    def rows_of(self, answer: Any, max_rows: int = sys.maxsize, ends: float = math.inf) -> Rows:
        """The first `max_rows` rows in an answer, until the monotonic time `ends`. Raises `SourceError`."""
        found = _at(answer, _steps(self.rows))
        if found is _NOTHING:
            raise SourceError(f"the answer has nothing at {self.rows!r}", transient=False)
        each = found if isinstance(found, list) else [found]
        names = tuple(self.columns) or self._keys(_timely(each[:max_rows], ends))
        most = min(max_rows, _MOST_CELLS // max(1, len(names)))
        places = [_steps(where) for where in self.columns.values()] or [[name] for name in names]
        values = [tuple(_or_none(_at(row, steps)) for steps in places) for row in _timely(each[:most], ends)]
        return Rows(names, tuple(_levelled(values, ends)), truncated=len(each) > most)

    def _keys(self, rows: Iterable[Any]) -> tuple[str, ...]:
        names: dict[str, None] = {}
        for row in rows:
            if not isinstance(row, dict):
                raise SourceError(f"what is at {self.rows!r} are no objects: name columns", transient=False)
            names.update(dict.fromkeys(row))
            if len(names) > _MOST_COLUMNS:
                text = f"the rows have more than {_MOST_COLUMNS} different keys: name those wanted in columns"
                raise SourceError(text, transient=False)
        return tuple(names)


_NOTHING = object()


def _leads_away(segment: str) -> bool:
    bare = unquote(segment)
    return bare in (".", "..") or any(sign in bare for sign in "/\\\0")


def _filled_segment(segment: str, given: Mapping[str, Any]) -> str:
    def value(place: re.Match[str]) -> str:
        text = _text(given.get(place[1]))
        if not text:
            raise SourceError(f"{{{place[1]}}} of the path has no value", transient=False)
        return quote(text, safe="")

    filled = _PLACE.sub(value, segment)
    # Servers that decode before they look would take %2F for a slash.
    if _PLACE.search(segment) and {".", ".."} & set(re.split(r"[/\\]", unquote(filled))):
        raise SourceError("a value may not lead to another path by . or ..", transient=False)
    return filled


def _filled(value: str | bool | float, given: Mapping[str, Any]) -> str | None:
    if not isinstance(value, str):
        return _text(value)
    if any(given.get(name) is None for name in places_in(value)):
        return None
    return _PLACE.sub(lambda place: _text(given[place[1]]), value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _steps(where: str) -> list[str]:
    if where.startswith("/"):
        return [step.replace("~1", "/").replace("~0", "~") for step in where[1:].split("/")]
    return where.split(".") if where else []


def _at(answer: Any, steps: Iterable[str]) -> Any:
    for step in steps:
        if isinstance(answer, dict) and step in answer:
            answer = answer[step]
        elif isinstance(answer, list) and re.fullmatch("0|[1-9][0-9]{0,8}", step) and int(step) < len(answer):
            answer = answer[int(step)]
        else:
            return _NOTHING
    return answer


def _or_none(value: Any) -> Any:
    return None if value is _NOTHING else value


def _timely(rows: Iterable[_Row], ends: float) -> Iterator[_Row]:
    """The rows, as long as there is time."""
    for row in rows:
        if time.monotonic() > ends:
            text = "the answer is too large to be read in time: ask for less"
            raise SourceError(text, transient=True, outage=False)
        yield row


def _levelled(rows: Sequence[tuple[Any, ...]], ends: float) -> Iterator[tuple[Any, ...]]:
    """Rows whose numbers are floats in a column where one of them is."""
    floats = {at for row in _timely(rows, ends) for at, value in enumerate(row) if isinstance(value, float)}
    for row in _timely(rows, ends):
        try:
            yield tuple(float(v) if at in floats and type(v) is int else v for at, v in enumerate(row))
        except OverflowError:
            raise SourceError("the answer has a number that is too large", transient=False) from None


def _said(error: Mapping[str, Any]) -> str:
    field = ".".join(map(str, error["loc"]))
    match error["type"]:
        case "missing":
            return f"{field}: found nothing, must be given"
        case "extra_forbidden":
            return f"{field}: unknown key, must be get, parameters, rows or columns"
        case "model_type":
            return "found no keys, must be get: /path, and parameters, rows and columns where they are wanted"
        case "value_error":
            return f"{field}: {str(error['msg']).removeprefix('Value error, ')}"
        case _:
            return f"{field}: {error['msg']}"
