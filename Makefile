# What a newcomer or a developer runs; `make` alone lists it. ARGS is handed on, e.g. make demo ARGS="--seed 7 --once".

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
PYTEST := PATH="$$PATH:/usr/sbin" $(BIN)/python -m pytest
PIN := $(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --python-version 3.11

# A stamp is named by the digest of what it stands for: as long as that is the same, nothing is installed again.
digest = $(shell { pwd; cat pyproject.toml $(1); } | git hash-object --stdin)
RUNTIME := $(VENV)/.runtime-$(call digest,requirements/build.txt requirements/runtime.txt)
DEV := $(VENV)/.dev-$(call digest,requirements/build.txt requirements/runtime.txt requirements/dev.txt)

.PHONY: help install demo test lint bench docs soak pin parts

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

install: $(RUNTIME) ## Build .venv with what the program needs; the program is .venv/bin/zhizheng
	@echo "ready: $(BIN)/zhizheng"

demo: $(RUNTIME) ## Run the whole way on a simulated community, then serve the review page
	@$(BIN)/zhizheng demo $(ARGS)

test: $(DEV) parts lint ## Install what the tests need, then lint and run every test (below 15 minutes on 2 cores)
	$(PYTEST) -n 2 --dist loadfile -m "not soak" $(ARGS)

lint: $(DEV) ## Check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(DEV) parts ## Measure; the figures are printed, nothing is judged
	$(BIN)/python -m benchmarks.census
	$(BIN)/python -m benchmarks.reader
	$(BIN)/python -m benchmarks.intake
	$(PYTEST) --quiet --capture=no --timeout=0 --override-ini python_files='bench_*.py' tests/bench $(ARGS)

docs: $(RUNTIME) ## Write the generated pages of docs/reference and the rubric's schema
	$(BIN)/python -m collector.reference docs/reference

soak: $(DEV) parts ## Run the long tests (kills by the dozen)
	$(PYTEST) --timeout=0 -m soak $(ARGS)

pin: $(RUNTIME) ## Resolve pyproject.toml anew into requirements/*.txt, with hashes, for every platform
	$(PIP) uv
	$(PIN) requirements/build.in --output-file requirements/build.txt
	$(PIN) pyproject.toml --constraints requirements/build.txt --output-file requirements/runtime.txt
	$(PIN) pyproject.toml --extra dev --constraints requirements/build.txt --constraints requirements/runtime.txt \
	  --output-file requirements/dev.txt

parts:
	@have() { command -v "$$1" >/dev/null || [ -x "/usr/sbin/$$1" ]; }; \
	if ! have mosquitto && [ "$$(id -u)" = 0 ] && have apt-get; then \
	  echo "installing mosquitto, the reference broker of the tests"; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  get() { apt-get install --yes --quiet=2 --no-install-recommends mosquitto >/dev/null; }; \
	  get || { apt-get update --quiet=2 && get; } || true; \
	fi; \
	have mosquitto || echo "missing: mosquitto; the tests against it will skip. Mend: apt-get install mosquitto (as root)"; \
	have go || [ -e .cache/parts/influxd-1.8.10 ] \
	  || echo "missing: go; what is tested or measured against InfluxDB or Telegraf will skip. Mend: install Go 1.22 or later"

$(RUNTIME):
	@command -v "$(PYTHON)" >/dev/null \
	  || { echo "make install: there is no $(PYTHON); install it with: apt-get install python3 python3-venv" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "make install: $$("$(PYTHON)" --version) is too old, 3.11 or later is needed;" \
	       "name another with: make install PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "make install: $(PYTHON) cannot make virtual environments;" \
	       "install that with: apt-get install python3-venv" >&2; exit 1; }
	@"$(BIN)/python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || "$(PYTHON)" -m venv --clear $(VENV)
	$(PIP) --require-hashes -r requirements/build.txt
	$(PIP) --require-hashes --no-build-isolation -r requirements/runtime.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.runtime-* $(VENV)/.dev-* && touch $@

$(DEV): $(RUNTIME)
	$(PIP) --require-hashes --no-build-isolation -r requirements/dev.txt
	@rm -f $(VENV)/.dev-* && touch $@
