# Everything here works on a machine with Python 3.11 or newer and nothing else: `make` says what there is.
# Written for GNU make 3.81 and newer, so that macOS's own will do.

.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/sh

VENV  := .venv
BIN   := $(VENV)/bin
PY    := $(BIN)/python
READY := $(VENV)/.ready
LOCK  := requirements.lock

# How many pytest processes: one more than two cores have, since tests wait for servers a fifth of their time.
# `make test JOBS=6` on a larger machine.
JOBS ?= 3
# More arguments for pytest: `make test-fast ARGS="-k calendar -x"`.
ARGS ?=
# Which Python makes the environment; left out, the first suitable one on the PATH.
PYTHON ?=

SUITABLE = -c 'import sys; sys.exit(sys.version_info < (3, 11))'
FIND_PYTHON = for p in $(PYTHON) $(if $(PYTHON),,python3 python3.13 python3.12 python3.11 python); do \
	if "$$p" $(SUITABLE) 2>/dev/null; then echo "$$p"; break; fi; done

UV := $(shell command -v uv 2>/dev/null)
ifneq ($(UV),)
CREATE  = "$(UV)" venv --quiet --no-project --python "$$python" $(VENV)
INSTALL = "$(UV)" pip install --quiet --python $(PY)
else
CREATE  = "$$python" -m venv $(VENV)
INSTALL = $(PY) -m pip install --quiet --disable-pip-version-check
endif

.PHONY: help setup lint types contracts test test-fast demo chaos up bench gallery lock format clean

help: ## Say what each target does
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## Install the locked packages and Relance into .venv

$(READY): $(LOCK) pyproject.toml
	@$(PY) $(SUITABLE) 2>/dev/null || { python="$$($(FIND_PYTHON))"; \
		test -n "$$python" || { echo "Relance needs Python 3.11 or newer, and none was found on the PATH." \
			"Install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }; \
		echo "Creating $(VENV) with $$("$$python" --version)"; rm -rf $(VENV); $(CREATE); }
	@$(if $(UV),:,$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip --upgrade >/dev/null)
	@echo "Installing $(LOCK) with $(if $(UV),uv,pip): about 180 MB to download the first time"
	@$(INSTALL) --require-hashes --only-binary :all: -r $(LOCK)
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

lint: $(READY) ## Check style and formatting (ruff)
	@echo "== lint"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY) ## Check types (mypy --strict)
	@echo "== types"
	@$(BIN)/mypy --strict

contracts: $(READY) ## Check that imports point down only (import-linter)
	@echo "== contracts"
	@$(BIN)/lint-imports

test: lint types contracts ## Run every check, then every test
	@echo "== tests"
	@$(PY) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-fast: $(READY) ## Run the tests that start no server
	@$(PY) -m pytest -n $(JOBS) --dist worksteal -m "not integration and not slow" $(ARGS)

demo: $(READY) ## Start the local stack on a small portfolio (ONCE=1: show it, then stop)
	@$(BIN)/relance demo $(if $(filter-out 0,$(ONCE)),--once)

chaos: $(READY) ## Kill the servers while messages leave, and count what became of them (CONTACTS=120)
	@$(BIN)/relance chaos $(if $(CONTACTS),--contacts $(CONTACTS))

up: $(READY) ## Start the local stack: PostgreSQL, Temporal, worker, sandbox providers
	@$(BIN)/relance up

bench: $(READY) ## Measure, and compare with the recorded baselines
	@$(PY) -m bench

gallery: $(READY) ## Take the pictures of messages and pages anew (needs Chromium)
	@$(PY) -m pictures.gallery

lock: ## Resolve pyproject.toml into requirements.lock (needs uv)
	@uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--all-extras --custom-compile-command "make lock" pyproject.toml -o $(LOCK)

format: $(READY) ## Format the code and apply the safe lint fixes
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

clean: ## Remove the environment, caches and build leftovers (data folders stay)
	@rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -type d -name __pycache__ -prune -exec rm -rf {} +
