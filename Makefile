# Commands: `make run` (scores every strategy on every dataset at hand) and `make test`.
# `make quick` is a run of a minute, on the example votes and a simulated crowd.
# `make label VOTES=folder` turns a folder of your own votes into labels; OPTIONS="--strategy DS" are the command's.
# `make compare S=my_strategy.py` checks a strategy, runs it, and says what it is better than.
# PYTHON=python3.12 make run    uses another interpreter, 3.10 or later
# BENCHOPT_DATA_HOME=folder     reads the datasets from there instead of data/

PYTHON ?= python3
BIN := .venv/bin
export MPLBACKEND := Agg
# `benchopt test` starts the python that it finds on the PATH
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: run quick compare label compare-changed test prepare clean help

help:
	@sed -n '1,7s/^# //p' Makefile

# A run with the options $(1), and its page. Where a solver takes the whole process with it, Benchopt writes nothing:
# then what had ended is collected from its cache. The status is that of the run.
define whole_run
@touch .venv/began
@status=0; $(BIN)/benchopt run . --no-display $(1) || status=$$?; \
results() { find outputs -name '*.parquet' -newer .venv/began 2> /dev/null; }; \
if [ -z "$$(results)" ]; then \
	echo "The run broke off. What had ended is kept: the same \`make\` goes on from there. To leave out what broke it:"; \
	echo "benchopt run . -s SOLVER -d DATASET, with those that are wanted. Collecting what there is:"; \
	$(BIN)/benchopt run . --no-display $(1) --collect; \
fi; \
if [ -n "$$(results)" ]; then $(BIN)/python -m benchmark_utils page; fi; exit $$status
endef

run: .venv/run prepare
	$(call whole_run,-s '(?!tolerance|partitioned).+')

quick: .venv/run
	$(call whole_run,--config run_configs/quick.yml)

compare: .venv/run prepare
	@test -n "$(S)" || { echo "which strategy? make compare S=path/to/my_strategy.py"; exit 2; }
	@$(BIN)/python -m benchmark_utils compare "$(S)"

# every solver that was added or changed since $(BASE), one after the other, as Markdown
compare-changed: .venv/run prepare
	@git diff --name-only --diff-filter=AMR "$(BASE)...HEAD" -- 'solvers/*.py' | while read -r file; do \
		echo "## $$file"; echo; $(BIN)/python -m benchmark_utils compare "$$file" --markdown || exit 1; \
	done

label: .venv/run
	@test -n "$(VOTES)" || { echo 'which votes? make label VOTES=folder' >&2; exit 2; }
	@$(BIN)/python -m benchmark_utils label "$(VOTES)" $(OPTIONS)

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
