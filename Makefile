# Every way to work on jobgen. Needs make and a Python of at least 3.11 with its
# venv module; everything else comes from PyPI into .venv.

# The first one that runs: a shim may be found on PATH and still not start.
PYTHON ?= $(shell for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && { echo $$python; break; }; done)

BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

SCHEMAS := schemas/jobs.yaml benchmarks/jobs.yaml

.DELETE_ON_ERROR:
.PHONY: help demo test check generate golden mutants chaos soak bench bench-quick bench-scale clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 18

demo: .venv/.demo ## five thousand jobs on a temporary server, with a worker that is killed
	@python -m examples.demo

test: check ## everything that CI runs, on every PostgreSQL found (migrations and chaos on 18)
	pytest -q -n 2 --hypothesis-seed=18 --ignore tests/chaos --ignore tests/migrate
	pytest -q -n 2 --hypothesis-seed=18 --postgres 18 tests/migrate tests/chaos
	python -m tests.mutants --random 5

check: .venv/.dev ## format, lint, types, layers, and whether the generated code is fresh
	ruff format --check .
	ruff check .
	mypy
	mypy --platform win32 --cache-dir .mypy_cache/win32 -p jobgen
	pyright
	lint-imports --no-logo
	jobgen build --check $(SCHEMAS)
	squawk generated_example/schema.sql benchmarks/jobs/schema.sql

generate: .venv/.demo ## write generated_example/ and benchmarks/jobs/ from their schemas
	jobgen build $(SCHEMAS)

golden: .venv/.dev generate ## rewrite what the golden tests expect; read the diff before you commit
	pytest -q -k golden --rewrite-golden

mutants: .venv/.dev ## break the code line by line: a test must fail each time
	python -m tests.mutants

chaos: .venv/.dev ## break workers, server and network; no job may be lost (3 minutes)
	pytest -q -n 2 -rP tests/chaos

soak: .venv/.dev ## half an hour of random schemas, values and histories; migrations; all durations in full
	python -m tests.soak $(SOAK)
	pytest -q -n 2 -o faulthandler_timeout=0 --live-rows 1000000 --other-tools tests/migrate
	pytest -q -rP -o faulthandler_timeout=0 --chaos-scale 1 tests/chaos
	pytest -q -rP -o faulthandler_timeout=0 --wakeups-seconds 600 tests/wakeups/test_stress.py
	pytest -q -n 2 -rP -o faulthandler_timeout=0 --hold-seconds 60 tests/wakeups/test_locks.py \
		tests/worker/test_faults.py::test_a_handler_that_blocks_the_loop_does_not_look_dead

bench: .venv/.dev ## measure jobgen beside raw SQL and its peers, and the generator (half an hour)
	python -m benchmarks
	python -m benchmarks.build

bench-quick: .venv/.dev ## the same with less of everything (about five minutes)
	python -m benchmarks --quick

bench-scale: .venv/.dev ## tables of millions, several processes, an hour of load
	python -m benchmarks.scale

clean: ## remove .venv and what the tools left
	rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.made:
	@test -n '$(PYTHON)' || { \
	echo 'No Python >= 3.11 with venv and ensurepip was found; say make PYTHON=/path/to/python3' >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/.demo: .venv/.made pyproject.toml
	@$(BIN)/pip install -q -e '.[demo]'
	@touch $@

.venv/.dev: .venv/.made pyproject.toml
	@$(BIN)/pip install -q -e '.[dev]'
	@touch .venv/.demo $@
