# `make demo` and `make test` work on a fresh clone with Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
ARGS ?=
PROCESSES ?= 4
# Without compiled files every process would compile everything anew: half of the time that it takes to start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test check bench fuzz chaos scale lock clean

help: ## Show what there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 8

demo: $(VENV)/.ready ## Run the demo (ARGS=--once: once, then stop)
	@$(BIN)/wa up --demo $(ARGS)

test: $(VENV)/.ready-dev ## Run the tests
	$(BIN)/pytest -n $(PROCESSES) $(ARGS)

check: $(VENV)/.ready-dev ## Lint, types, import contracts, lock files, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pip check
	$(MAKE) scale
	$(MAKE) test

bench: $(VENV)/.ready-dev ## Measure what is claimed in numbers
	@set -e; for file in benchmarks/bench_*.py; do \
		echo "== $$file"; $(BIN)/python -m benchmarks.$$(basename $$file .py); done

fuzz: $(VENV)/.ready-dev ## Throw anything at what comes in, a minute for each target (Linux, x86-64)
	$(BIN)/python -m tests.fuzz $(ARGS)

chaos: $(VENV)/.ready-dev ## Kill workers hundreds of times, take their store away, count what arrived
	$(BIN)/python -m tests.chaos $(ARGS)

scale: $(VENV)/.ready-dev ## Whole installations: several of each process over one PostgreSQL, and the demo; kill some
	$(BIN)/pytest -n 0 tests/scale/test_*.py $(ARGS)

lock: $(VENV)/.ready-dev ## Write the lock files anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --group build $(EXTRAS) $(COMPILE) -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group dev $(EXTRAS) $(COMPILE) -c requirements.lock -o requirements-dev.lock
EXTRAS := --extra postgres --extra redis
COMPILE := --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-annotate --no-header \
	--no-emit-index-url --quiet

clean: ## Remove what was built; keeps .wa, which has data
	rm -rf $(VENV) build dist .fuzz .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The lock is complete, so nothing is resolved (--no-deps) and nothing is built from an unlocked tool.
$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing from requirements.lock (about a minute) ..."
	@$(PIP) install --no-deps --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	@echo "Installing from requirements-dev.lock ..."
	@$(PIP) install --no-deps --require-hashes -r requirements-dev.lock
	@touch $@
