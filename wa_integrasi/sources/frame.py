"""Rows as a pandas DataFrame."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from wa_integrasi.sources.base import Rows

if TYPE_CHECKING:
    from pandas import DataFrame

_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    (int, "Int64"),
    ((int, float), "Float64"),
    (str, "string"),
)


def framed(rows: Rows) -> DataFrame:
    """One column for each of the query's, of a type that has room for NULL; `object` where none fits all values."""
    import pandas as pd

    series = [
        pd.Series(values, dtype=_dtype(values), name=name)
        for name, values in zip(rows.columns, _columns(rows), strict=True)
    ]
    if not series:
        return pd.DataFrame()
    return pd.concat(series, axis=1)


def _columns(rows: Rows) -> list[list[Any]]:
    return [[row[at] for row in rows.values] for at in range(len(rows.columns))]


def _dtype(values: list[Any]) -> Any:
    import pandas as pd

    given = [value for value in values if value is not None]
    if not given:
        return object
    if all(isinstance(value, datetime) for value in given):
        return pd.DatetimeTZDtype("us", given[0].tzinfo)
    bools = sum(isinstance(value, bool) for value in given)
    for kind, dtype in _KINDS:
        if all(isinstance(value, kind) for value in given) and bools in (0, len(given)):
            fits = dtype != "Int64" or all(-(2**63) <= value < 2**63 for value in given)
            return dtype if fits else object
    return object
