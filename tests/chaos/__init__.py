"""Workers killed and stores taken away, by real processes."""

import importlib.util

if importlib.util.find_spec("hypothesis") is None:
    raise SystemExit("the chaos tests need the development set-up: run 'make test' first")
