# `make help` lists the targets. Everything lives in .venv, ./data and the front end's folder inside ./data.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run test storm check bench format types clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: $(VENV)/installed ## the server, at http://localhost:3000 (PORT=3001 for another port)
	@exec $(BIN)/aeontel serve

test: $(VENV)/installed-dev ## every test, with a browser; ARGS="-k name" for some
	@sh tests/support/servers.sh
	$(BIN)/python -m pytest $(or $(ARGS),-n auto tests/unit tests/contract tests/integration tests/e2e)

storm: $(VENV)/installed-dev ## crash tests for longer: ROUNDS=20; SEED=... repeats one that failed
	@sh tests/support/servers.sh
	STORM_ROUNDS=$(or $(ROUNDS),10) STORM_SEED=$(SEED) $(BIN)/python -m pytest -v tests/integration/test_storm.py $(ARGS)

check: $(VENV)/installed-dev ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/installed-dev ## benchmarks; ARGS=deliveries for one of them
	$(BIN)/python -m bench $(ARGS)

format: $(VENV)/installed-dev ## put every file into the one format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/installed-dev ## the React package's types, from our own API
	@cd packages/react && PATH="$(CURDIR)/$(BIN):$$PATH" && \
		{ [ -d node_modules ] || npm ci --no-audit --no-fund; } && \
		python openapi.py > openapi.json && npm run --silent types && rm openapi.json

clean: ## the environment and every cache, never ./data
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; PYTHON=python3.11 make run names another one." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	@echo "Installing Python packages. The first time this takes about half a minute."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[server]'
	@touch $@

$(VENV)/installed-dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[server,dev]'
	@touch $@ $(VENV)/installed
