# A machine with Python 3.10 or newer, pip and make is enough; everything else is installed into .venv here.
#
#   make demo      the main job without an account: a local commercetools shop, all of it, into commercetools-demo.duckdb
#                  and, for people, commercetools-demo.html
#   make test      what must hold after each change (the default): lint, types, tests against the installed wheel
#   make thorough  the tests with every row of tables of which `make test` tries some, and more seeds (25 minutes)
#   make speed     what the sandbox's pages cost its server; SIZE=large makes it a million records
#   make lint      ruff: rules and layout                    make format    let ruff rewrite the layout
#   make types     mypy, strict                              make tests     only the tests, e.g. make tests ARGS="-k config"
#   make docs      write the generated pages of docs/ anew   make contract  write contract.json anew from ../shared
#   make news      what the platform's TypeScript SDK knows beyond contract.json (needs npm); fails if there is any
#   make site      the documentation as a site with a search, in .build/site; reads nothing but docs/
#   make bench     how fast it reads, beside others; writes the tables of benchmarks/README.md (10 minutes, needs a package index)
#   make bench-check   a part of it, against the committed figures (3 minutes)
#   make simulate  ten thousand seeded schedules of changes, faults and kills; SEED=7 replays one of them, SEED=0-999 a thousand
#   make judges    clients that nobody here wrote ask the sandbox: schemathesis, the TypeScript SDK (needs node), the Python SDK
#   make crash     a process that writes a DuckDB file, and one in which dlt loads, are killed at 50 random moments, and one
#                  that reads a Parquet folder's history in full at each change of a file; every destination in hundreds of
#                  random sequences of loads and kills (20 minutes)
#   make texts     write tests/cli/texts.txt and the tables of docs/sandbox.md anew: what each command prints and what the
#                  sandbox refuses, as tests compare it (1 minute)
#   make hours     two hours of `sync --every 1m` with faults, in virtual time; the forecast for the demo shop against its runs (5 minutes)
#   make acceptance  the source inside Mage's own code and inside Spark, Ray, Dask and Daft, the tap before Singer's checker,
#                  three targets and Meltano, the connector before airbyte-cdk's tests and PyAirbyte, dlt into three destinations,
#                  dbt on the project of `schema --dbt`, Snowflake's views before fakesnow, the tests of lakes where DuckLake is
#   make bucket    a million orders into a bucket on this machine: rate and peak of memory (15 minutes, 12 GB of disk); RECORDS=20000 fewer
#   make test-lowest    the tests with the lowest versions that pyproject.toml declares; PYTHON=python3.10 for the lowest of all
#   make test-versions  main job, demo and tests with every CPython from 3.10 on that this machine has (by name, or of pyenv)
#   make chaos     a thousand seeds of a proxy that changes answers at random; SEED=7 replays one of them, SEED=0-99 a hundred
#   make coverage  which lines the tests run; fails below the share that is reached
#   make release-check  version, changelog, wheel and sdist fit together
#   make clean     remove what make made                     make help      this text
#
# ARGS goes to pytest: make acceptance ARGS="tests/acceptance/test_dlt.py -v" runs this file and no other.
# Another interpreter: make test PYTHON=python3.12 (after `make clean`). A rerun does only what has changed.

PYTHON ?= python3
ARGS   ?=
SPECIFICATION ?= ../shared/reference/openapi.yaml

BIN    := .venv/bin
BUILD  := .build
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
SOURCE := pyproject.toml README.md LICENSE $(shell find hook src -type f -not -name '*.pyc' -not -name '.*')

# Each worker gets one run of neighbours, so that what a module prepares for its tests is prepared once.
XDIST  := -n auto --dist worksteal

# $(call tests,PATHS): what pytest runs, and how: the paths, unless ARGS names others.
tests = $(if $(filter tests/%,$(ARGS)),,$(1)) $(ARGS)

# $(call seeds,FIRST-LAST): the seeds that SEED names, unless it is empty. One seed runs where a debugger reaches it.
seeds   = $(if $(SEED),$(if $(findstring -,$(SEED)),$(SEED),$(SEED)-$(SEED)),$(1))
WORKERS = $(if $(SEED),$(if $(findstring -,$(SEED)),auto,0),auto)

# The tests must meet the installed wheel, not whatever the caller's environment points at, and what a process has compiled
# serves the next one.
unexport PYTHONPATH PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := test
.DELETE_ON_ERROR:
.PHONY: bench bench-check bucket help demo test tests thorough simulate crash hours judges acceptance lint types format contract docs clean
.PHONY: site chaos coverage news release-check test-lowest test-versions

# mypy has one thread, and half a minute of it, which another core need not wait for.
test: lint $(BUILD)/installed $(BUILD)/tools
	$(MAKE) --no-print-directory -j 2 types tests

help:
	@sed -n '/^#/!q;s/^# \{0,1\}//p' Makefile

demo: $(BUILD)/installed
	$(BIN)/commercetools-source demo $(ARGS)

tests: $(BUILD)/installed $(BUILD)/tools
	INSTALLED_WHEEL=1 $(BIN)/pytest $(XDIST) $(ARGS)

thorough: $(BUILD)/installed $(BUILD)/tools
	THOROUGH=1 INSTALLED_WHEEL=1 $(BIN)/pytest $(XDIST) $(ARGS)

simulate: $(BUILD)/installed $(BUILD)/tools
	SIMULATE=$(call seeds,0-9999) $(BIN)/pytest -n $(WORKERS) tests/simulation -k asked_for

chaos: $(BUILD)/installed $(BUILD)/tools
	CHAOS=$(call seeds,0-999) $(BIN)/pytest -n $(WORKERS) tests/chaos

judges: $(BUILD)/installed $(BUILD)/tools $(BUILD)/judges/installed
	THOROUGH=1 JUDGES=$(CURDIR)/$(BUILD)/judges $(BIN)/pytest -s $(call tests,tests/judges tests/sandbox/test_openapi.py)

crash: $(BUILD)/installed $(BUILD)/tools
	THOROUGH=1 KILLS=50 $(BIN)/pytest tests/sync/test_kill.py tests/frontends/test_dlt_kill.py tests/destinations/test_history.py \
		tests/destinations/test_crashes.py

.PHONY: texts
texts: $(BUILD)/installed $(BUILD)/tools
	WRITE_TEXTS=1 $(BIN)/pytest tests/cli/test_cli_texts.py tests/sandbox/test_every_field.py

hours: $(BUILD)/installed $(BUILD)/tools
	THOROUGH=1 HOURS=1 $(BIN)/pytest tests/sync/test_repeat.py tests/sync/test_plan_costs.py -k 'hours or demo'

# Needs an index of packages, and for some tests PostgreSQL and GitHub; MAGE names a copy of Mage's repository instead.
acceptance: $(BUILD)/installed $(BUILD)/tools
	$(PIP) install 'moto[server]>=5'
	THOROUGH=1 ACCEPTANCE=1 $(BIN)/pytest -rs \
		$(call tests,tests/acceptance tests/test_ways_out.py tests/destinations/test_bucket.py tests/destinations/test_bucket_faults.py tests/destinations/test_bucket_readers.py)

lint: $(BUILD)/tools
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .

types: $(BUILD)/installed $(BUILD)/tools
	$(BIN)/mypy --no-error-summary

format: $(BUILD)/tools
	$(BIN)/ruff check --quiet --fix .
	$(BIN)/ruff format --quiet .

bench: $(BUILD)/installed $(BUILD)/tools
	$(BIN)/python -m benchmarks full $(ARGS)

bench-check: $(BUILD)/installed $(BUILD)/tools
	$(BIN)/python -m benchmarks check $(ARGS)

bucket: $(BUILD)/installed $(BUILD)/tools
	$(PIP) install 'moto[server]>=5' "$$(echo $(BUILD)/dist/*.whl)[bucket]"
	$(BIN)/python -m benchmarks.bucket $(RECORDS)

contract: $(BUILD)/installed $(BUILD)/tools
	$(BIN)/python tools/contract.py $(SPECIFICATION)
	$(BIN)/python tools/drafts.py $(SPECIFICATION)

# The version is named: npm gives an older one to an older Node.
news: $(BUILD)/tools
	@rm -rf $(BUILD)/news && mkdir -p $(BUILD)/news
	npm pack --silent --pack-destination $(BUILD)/news \
		@commercetools/platform-sdk@$$(npm view @commercetools/platform-sdk dist-tags.latest)
	$(BIN)/python tools/news.py $(BUILD)/news/*.tgz

docs: $(BUILD)/installed $(BUILD)/tools
	$(BIN)/python tools/docs.py

# In an environment of its own: what a site is built with is nothing that the package needs.
site: $(BUILD)/zensical/installed
	$(BUILD)/zensical/bin/zensical build --clean --strict

# What runs in workers and in subprocesses is measured too, each into a file of its own.
coverage: $(BUILD)/installed $(BUILD)/tools
	$(PIP) install 'coverage[toml]>=7.6'
	$(BIN)/coverage erase
	THOROUGH=1 COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml $(BIN)/coverage run -m pytest $(XDIST) $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered

test-lowest: $(BUILD)/wheel
	@rm -rf $(BUILD)/lowest && $(PYTHON) -m venv $(BUILD)/lowest
	$(BUILD)/lowest/bin/python -m pip --disable-pip-version-check --quiet --quiet install --upgrade 'pip>=25.1' 'tomli>=2'
	$(BUILD)/lowest/bin/python tools/lowest.py > $(BUILD)/lowest/constraints.txt
	$(BUILD)/lowest/bin/python -m pip --disable-pip-version-check --quiet --quiet install \
		--constraint $(BUILD)/lowest/constraints.txt --group test "$$(echo $(BUILD)/dist/*.whl)[all,bucket]"
	INSTALLED_WHEEL=1 $(BUILD)/lowest/bin/pytest $(XDIST) -p no:cacheprovider $(ARGS)

# The suite of one version after the other: each takes as long as `make tests`.
test-versions: $(BUILD)/wheel
	@for python in $$($(PYTHON) tools/interpreters.py); do \
		echo "== $$python"; rm -rf $(BUILD)/version; \
		$$python -m venv $(BUILD)/version \
		&& $(BUILD)/version/bin/python -m pip --disable-pip-version-check --quiet --quiet install --upgrade 'pip>=25.1' \
		&& $(BUILD)/version/bin/python -m pip --disable-pip-version-check --quiet --quiet install \
			--group test "$$(echo $(BUILD)/dist/*.whl)[all,bucket]" \
		&& rm -f $(BUILD)/version/demo.duckdb \
		&& $(BUILD)/version/bin/commercetools-source demo --size small --quiet --path $(BUILD)/version/demo.duckdb > /dev/null \
		&& INSTALLED_WHEEL=1 $(BUILD)/version/bin/pytest $(XDIST) -p no:cacheprovider $(ARGS) || exit 1; \
	done

release-check: $(BUILD)/installed $(BUILD)/tools
	$(PIP) install 'build>=1.2' 'twine>=6'
	@rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist .
	$(BIN)/twine check --strict dist/*
	$(BIN)/python tools/release.py

.PHONY: speed
speed: $(BUILD)/installed
	$(BIN)/python tools/sandbox_speed.py $(SIZE)

clean:
	rm -rf .venv .build .mypy_cache .ruff_cache .pytest_cache .hypothesis dist

# pip 25.1 is the first that understands --group.
$(BUILD)/venv:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed; this is " + sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(PIP) install --upgrade 'pip>=25.1' 'hatchling>=1.27'
	@mkdir -p $(BUILD) && touch $@

$(BUILD)/wheel: $(BUILD)/venv $(SOURCE)
	@rm -rf $(BUILD)/dist
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir $(BUILD)/dist .
	@touch $@

$(BUILD)/dependencies: $(BUILD)/venv pyproject.toml | $(BUILD)/wheel
	$(PIP) install "$$(echo $(BUILD)/dist/*.whl)[cli,duckdb,sandbox]"
	@touch $@

$(BUILD)/installed: $(BUILD)/dependencies $(BUILD)/wheel
	$(PIP) install --no-deps --force-reinstall $(BUILD)/dist/*.whl
	@touch $@

# In an environment of their own: they want other releases of what the tests use.
$(BUILD)/judges/installed: $(BUILD)/venv $(wildcard tests/judges/typescript/*)
	$(PYTHON) -m venv $(BUILD)/judges
	$(BUILD)/judges/bin/pip --disable-pip-version-check --quiet --quiet install 'commercetools>=2026' 'schemathesis>=4,<5'
	@mkdir -p $(BUILD)/judges/typescript && cp tests/judges/typescript/* $(BUILD)/judges/typescript
	if command -v npm; then npm install --prefix $(BUILD)/judges/typescript --no-audit --no-fund --silent; fi
	@touch $@

$(BUILD)/zensical/installed: $(BUILD)/venv
	$(PYTHON) -m venv $(BUILD)/zensical
	$(BUILD)/zensical/bin/pip --disable-pip-version-check --quiet --quiet install 'zensical>=0.0.70'
	@touch $@

# pip compiles on one core; some packages hold files that are not for this Python.
$(BUILD)/tools: $(BUILD)/venv pyproject.toml | $(BUILD)/wheel
	$(PIP) install --no-compile --group lint --group test "$$(echo $(BUILD)/dist/*.whl)[all]"
	@$(BIN)/python -m compileall -qq -j 0 .venv/lib > /dev/null || true
	@touch $@
