"""Medians of contenders that take turns, and how they are printed."""

import argparse
import os
import statistics
from collections.abc import Callable, Mapping

Figures = Mapping[str, float]


def options(about: str | None, **defaults: int) -> argparse.Namespace:
    """What the command line says of the sizes of a benchmark; says how busy the machine is with other work."""
    parser = argparse.ArgumentParser(description=about)
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{default:,} unless told")
    chosen = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before", flush=True)
    return chosen


def medians(contenders: Mapping[str, Callable[[], Figures]], rounds: int) -> dict[str, dict[str, float]]:
    """The median of each figure of each contender. They take turns, and another one begins each round."""
    names = list(contenders)
    seen: dict[str, list[Figures]] = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            seen[name].append(contenders[name]())
    return {
        name: {figure: statistics.median(each[figure] for each in figures) for figure in figures[0]}
        for name, figures in seen.items()
    }


def show(title: str, rows: Mapping[str, Figures], form: str = ",.0f") -> None:
    """Print a table: a row for each contender, a column for each figure that any of them has."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    label = max(len(title), *(len(name) for name in rows))
    print(f"{title:<{label}}", *(f"{column:>14}" for column in columns))
    for name, row in rows.items():
        cells = (f"{row[column]:{form}}" if column in row else "" for column in columns)
        print(f"{name:<{label}}", *(f"{cell:>14}" for cell in cells))
    print(flush=True)


def shares(of: Figures, to: Figures) -> dict[str, float]:
    """Each figure of one contender by the same one of another."""
    return {figure: of[figure] / to[figure] for figure in of if figure in to}


def verdict(what: str, value: float, target: float, *, at_most: bool = False) -> None:
    """Print a figure beside its target, and whether it is met."""
    met = value <= target if at_most else value >= target
    bound = "at most" if at_most else "at least"
    print(f"{what:<64} {value:>7.2f}   target {bound} {target:g}: {'met' if met else 'MISSED'}")
