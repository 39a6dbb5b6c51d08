"""What is claimed in numbers, measured."""

import importlib.util

if importlib.util.find_spec("hypothesis") is None:
    raise SystemExit("the benchmarks need the development set-up: run 'make test' first")
