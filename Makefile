# Two commands do all the set-up: `make nightly` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
export DO_NOT_TRACK := 1
# One BLAS thread a process: the work is in DuckDB and in many small fits.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
# What a test result depends on; .venv/tested holds the hash of the files that the slow tests last passed on.
TREE := $(shell git ls-files -z --cached --others --exclude-standard 2>/dev/null | xargs -0 sha256sum 2>/dev/null | sha256sum | cut -c1-64)
FAST := tests/unit tests/spec tests/property tests/golden tests/architecture
SLOW := tests/simulation tests/dbt tests/database tests/faults tests/privacy tests/flows tests/docs

.PHONY: help setup nightly serve notebook test test-fast test-slow test-long simulation lint format lock docs quality benchmark benchmark-extract benchmark-dbt benchmark-encryption benchmark-checks benchmark-report benchmark-need bench million histories simulate-offices test-browser chromium simulate-need simulate truth attack simulate-services privacy crash pollers determinism faults clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

setup: .venv/ready ## make .venv from requirements.lock

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info[:2] != (3, 11))" || { echo "Python 3.11 is needed: set PYTHON=/path/to/python3.11"; exit 2; }
	@echo "Setting up .venv (once, one to two minutes) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

nightly: .venv/ready ## run a night: SOURCE=folder of a JDS delivery, HOME_DIR=warehouse, AS_OF=date; without SOURCE the embedded JDS
	@$(BIN)/python -m flows.server nightly $(if $(SOURCE),--source $(SOURCE)) $(if $(HOME_DIR),--home $(HOME_DIR)) $(if $(AS_OF),--as-of $(AS_OF))

serve: .venv/ready ## start the Prefect server, its UI and the scheduled deployments
	@$(BIN)/python -m flows.server serve $(if $(HOME_DIR),--home $(HOME_DIR))

test: test-fast test-slow ## set up and pass the tests; slow ones run again only when a file changed (FORCE=1: always)

test-fast: .venv/ready ## unit, spec, property, golden and architecture tests
	@$(BIN)/python -m pytest -q -n 2 $(wildcard $(FAST))

# Three processes on two cores: some of them wait for servers.
test-slow: .venv/ready ## simulation, dbt, fault, privacy, flow and documentation tests
	@if [ -z "$(FORCE)" ] && [ -n "$(TREE)" ] && [ "$$(cat .venv/tested 2>/dev/null)" = "$(TREE)" ]; then \
		echo "The slow tests passed on exactly these files before; make test FORCE=1 runs them again."; \
	else \
		$(BIN)/python -m pytest -q -n 3 --dist loadgroup $(wildcard $(SLOW)) && echo "$(TREE)" > .venv/tested; \
	fi

test-long: .venv/ready ## tests that take minutes each: seven nights of a database, more random histories
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m slow tests

test-browser: .venv/ready chromium ## the report in headless Chromium: no request, axe, telephone, paper, numbers equal share/; RELEASE=folder: every page of it too
	@$(if $(RELEASE),RELEASE=$(abspath $(RELEASE))) $(BIN)/python -m pytest -q tests/browser

benchmark-report: .venv/ready ## seconds that the report of a release takes, and its heaviest page: RELEASE=warehouse/current
	@PYTHONPATH=. $(BIN)/python benchmarks/report.py $(or $(RELEASE),warehouse/current)

chromium:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium fonts-dejavu-core >/dev/null; } \
		|| { echo "chromium is needed on the path: apt-get install chromium"; exit 2; }

simulation: simulate

simulate: .venv/ready ## bias, coverage and null behaviour of the curves, ten times the sets of the tests: TIMES=10
	@SIMULATION_TIMES=$(or $(TIMES),10) $(BIN)/python -m pytest -q -rP -n 2 tests/simulation/test_panel.py

truth: .venv/ready ## the headline of a whole simulated delivery against its truth, and what the stage costs: SURVIVORS=50000
	@PYTHONPATH=. $(BIN)/python benchmarks/durations.py --survivors $(or $(SURVIVORS),50000)

simulate-offices: .venv/ready ## offices that are alike and one that is not, twenty times the sets of the tests: TIMES=20
	@SIMULATION_TIMES=$(or $(TIMES),20) $(BIN)/python -m pytest -q -rP -n 2 tests/simulation/test_offices.py

simulate-need: .venv/ready ## need models against a known truth at full size: calibration, noise, audit, deliveries
	@$(BIN)/python -m pytest -q -s -m slow tests/simulation/test_need.py

simulate-services: .venv/ready ## effects of services against a known truth, a hundred programmes for each: SETS=100
	@SIMULATION_SETS=$(or $(SETS),100) $(BIN)/python -m pytest -q -rP -n 2 --dist loadgroup tests/simulation/test_services.py

lint: .venv/ready ## ruff, mypy, sqlfluff
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/sqlfluff lint --processes 2 dbt_project/models

format: .venv/ready ## format Python
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

lock: ## write requirements.lock anew from pyproject.toml (needs uv)
	@echo "# Every package the project installs, by exact version: 'make lock' writes this file from pyproject.toml." > requirements.lock.new
	@uv pip compile pyproject.toml --extra dev --no-emit-index-url --no-annotate --no-header --quiet >> requirements.lock.new
	@mv requirements.lock.new requirements.lock

docs: .venv/ready ## write the reference pages anew, and the dbt docs as one page: build/dbt-docs/index.html
	@$(BIN)/python docs/generate.py
	@mkdir -p build/dbt-docs
	@cd build/dbt-docs && $(CURDIR)/$(BIN)/dbt --quiet --log-level-file none docs generate --static --empty-catalog --target build \
		--project-dir $(CURDIR)/dbt_project --profiles-dir $(CURDIR)/dbt_project --target-path $(CURDIR)/build/dbt-docs/target
	@mv build/dbt-docs/target/static_index.html build/dbt-docs/index.html && rm -f build/dbt-docs/build.duckdb
	@echo "build/dbt-docs/index.html"

# marimo keeps what cells show beside its compiled files: here in a folder that is gone when it ends, since that is of the marts.
notebook: .venv/ready ## open the live release in a notebook on loopback: HOME_DIR=warehouse
	@kept=$$(mktemp -d) && trap 'rm -rf "$$kept"' EXIT && PYTHONPYCACHEPREFIX="$$kept" MARIMO_SKIP_UPDATE_CHECK=1 \
		$(BIN)/marimo edit notebooks/release.py --host 127.0.0.1 -- $(if $(HOME_DIR),--home $(HOME_DIR))

benchmark: .venv/ready ## seconds, CPU seconds and peak memory per stage: SURVIVORS=2000
	@$(BIN)/python benchmarks/nightly.py --survivors $(or $(SURVIVORS),2000)

benchmark-extract: .venv/ready ## rows a second out of a PostgreSQL, before and after pseudonyms: SURVIVORS=5000
	@$(BIN)/python benchmarks/extract.py --survivors $(or $(SURVIVORS),5000)

benchmark-dbt: .venv/ready ## dbt against its SQL run bare, and the cookbook's queries in ms: SURVIVORS=5000
	@PYTHONPATH=. $(BIN)/python benchmarks/dbt_nodes.py --survivors $(or $(SURVIVORS),5000)

benchmark-encryption: .venv/ready ## CPU seconds of a night in clear and encrypted: SURVIVORS=5000
	@PYTHONPATH=. $(BIN)/python benchmarks/encryption.py --survivors $(or $(SURVIVORS),5000)

benchmark-checks: .venv/ready ## CPU seconds of the checks beside those of the night without them: SURVIVORS=5000
	@PYTHONPATH=. $(BIN)/python benchmarks/checks.py --survivors $(or $(SURVIVORS),5000)

benchmark-need: .venv/ready ## seconds to train the need models and to score everybody in care: SURVIVORS=20000
	@PYTHONPATH=. $(BIN)/python benchmarks/need.py --survivors $(or $(SURVIVORS),20000)

bench: .venv/ready ## a whole night beside the bare engines, CPU seconds, median of TIMES runs: SURVIVORS=50000 TIMES=3
	@PYTHONPATH=. $(BIN)/python -m benchmarks.bench --survivors $(or $(SURVIVORS),50000) --times $(or $(TIMES),3)

million: .venv/ready ## a million survivors landed, built and checked within a memory limit, peak memory printed: SURVIVORS=1000000
	@PYTHONPATH=. $(BIN)/python benchmarks/million.py --survivors $(or $(SURVIVORS),1000000)

histories: .venv/ready ## random histories read by SQL and by plain Python, a line for each definition: SURVIVORS=2000
	@PYTHONPATH=. $(BIN)/python benchmarks/histories.py --survivors $(or $(SURVIVORS),2000)

privacy: .venv/ready ## canary scan, escape attempts, attack solver, forced spill, erasure byte scan, a night without network: a line each
	@$(BIN)/python -m tests.privacy.evidence

crash: .venv/ready ## landing and publication die at every step, then 200 kills at random moments: EVERY=1 KILLS=200 WAYS="kill full read-only"
	@$(BIN)/python -m tests.faults.crash.every --every $(or $(EVERY),1) --kills $(or $(KILLS),200) $(if $(WAYS),--ways $(WAYS))

pollers: .venv/ready ## 8 processes read during 200 publications; each read is of exactly one release: PUBLICATIONS=200
	@$(BIN)/python -m tests.faults.pollers --publications $(or $(PUBLICATIONS),200)

determinism: .venv/ready ## whole nights in six time zones, with other threads and orders of rows: a line of hashes each
	@$(BIN)/python -m tests.faults.determinism

faults: .venv/ready ## every fault of docs/faults.md, by name and mark, with the time it takes
	@$(BIN)/python -m tests.faults.every

quality: .venv/ready ## planted defects that the checks find, and false alarms on clean nights: NIGHTS=200
	@$(BIN)/python -m benchmarks.quality --nights $(or $(NIGHTS),200)

attack: .venv/ready ## try to work out hidden numbers of share/, on more tables and releases than the tests: TIMES=10
	@ATTACK_TIMES=$(or $(TIMES),10) $(BIN)/python -m pytest -q -n 2 tests/privacy/test_attack.py

clean: ## remove .venv and caches, not the warehouse
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis dbt_project/target
