# Ridebell: every task starts here. `make demo` and `make test` need only Python >= 3.11, git and make.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
CODE := ridebell geo server driver_terminal rider_client simulator loadtest tests benchmarks

.PHONY: help demo serve test test-deep chaos load bench screenshots lint format types imports setup setup-run lock clean chromium node

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# --- set-up: a virtual environment of ours, uv inside it, then exactly what the lock names ---------------------------
$(BIN)/uv:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Ridebell needs Python 3.11 or newer; try: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'

$(VENV)/.run: requirements/run.txt pyproject.toml | $(BIN)/uv
	@if [ ! -e $(VENV)/.test ]; then \
	  echo "setting up $(VENV) ..."; \
	  VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/run.txt && \
	  VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/build.txt && \
	  VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e . ; fi
	@touch $@

$(VENV)/.test: requirements/test.txt pyproject.toml | $(BIN)/uv
	@echo "setting up $(VENV) with test tools ..."
	@cp $(BIN)/uv $(VENV)/uv-bin
	@VIRTUAL_ENV=$(VENV) $(VENV)/uv-bin pip sync --quiet --require-hashes requirements/test.txt
	@cp $(VENV)/uv-bin $(BIN)/uv
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(VENV)/.run $@

setup-run: $(VENV)/.run ## the product and what it needs
setup: $(VENV)/.test ## the product, its tests and tools

lock: | $(BIN)/uv ## write the hashed lock files again
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header requirements/build.in -o requirements/build.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header pyproject.toml --group test --group load -o requirements/test.txt
