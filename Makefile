# Two commands: `make run` (scores every strategy on every dataset at hand) and `make test`.
# `make quick` is a run of a minute, on the example votes and a simulated crowd.
# PYTHON=python3.12 make run    uses another interpreter, 3.10 or later
# BENCHOPT_DATA_HOME=folder     reads the datasets from there instead of data/

PYTHON ?= python3
BIN := .venv/bin
export MPLBACKEND := Agg
# `benchopt test` starts the python that it finds on the PATH
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: run quick test prepare clean help

help:
	@sed -n '1,5s/^# //p' Makefile

run: .venv/run prepare
	$(BIN)/benchopt run . --no-display
	@$(BIN)/python -m benchmark_utils page

quick: .venv/run
	$(BIN)/benchopt run . --config run_configs/quick.yml
	@$(BIN)/python -m benchmark_utils page

prepare: .venv/run
	@$(BIN)/benchopt prepare . 2> .venv/prepare.log \
		|| sed -n 's/^[a-z_.]*\([A-Z][A-Za-z]*Error: \)/not fetched, so skipped: /p' .venv/prepare.log

test: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest
	$(BIN)/benchopt test . --skip-install

.venv/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or later is needed, this is " + sys.version) if sys.version_info < (3, 10) else None'
	$(PYTHON) -m venv .venv
	@touch $@

.venv/run: .venv/python requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/test: .venv/run requirements-test.txt requirements-peerannot.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-test.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements-peerannot.txt
	@touch $@

clean:
	rm -rf .venv __cache__ .pytest_cache .ruff_cache .hypothesis
