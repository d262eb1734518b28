# The two commands of README.md, and what they need on a fresh machine.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3

.PHONY: run test bench format clean

run: $(VENV)/.runtime ## set everything up and serve on PORT (default 8099)
	exec $(BIN)/gunicorn -k gevent -c gunicorn.conf.py wsgi:app

test: $(VENV)/.dev ## lint, format, types and tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

bench: $(VENV)/.dev ## the figures of README.md, each beside its baseline
	$(BIN)/python -m bench

format: $(VENV)/.dev ## put the code into its one form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove what the other targets made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@ $(VENV)/.runtime
