# `make` alone lists what can be made. PYTHON=python3.12 chooses another Python; ARGS="ask hello" goes to the app.
.DEFAULT_GOAL := help
.PHONY: help run test check format lint types contracts bench browser mutants snapshots lock build clean
PYTHON ?= python3
export PYTHON
# Bytecode is kept: rewriting every assert of the tests anew takes longer than to run many of them.
unexport PYTHONDONTWRITEBYTECODE
bin := .venv/bin
sources := assistant tests scripts

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

run: ## sets everything up (once) and opens the chat
	@sh scripts/setup.sh run
	@$(bin)/assistant $(ARGS)

test: .ready ## sets everything up (once) and runs the tests
	$(bin)/python -m pytest -n 2 --dist worksteal $(ARGS)

check: format lint types contracts test ## all that CI checks: format, lint, types, import contracts, tests

format: .ready
	$(bin)/ruff format --check $(sources)

lint: .ready
	$(bin)/ruff check $(sources)

types: .ready
	$(bin)/mypy

contracts: .ready
	$(bin)/lint-imports

bench: .ready ## runs the benchmarks, one after the other
	@set -e; for file in tests/benchmarks/bench_*.py; do \
		name=$${file##*/}; echo "== $${name%.py}"; $(bin)/python -m tests.benchmarks.$${name%.py}; done

browser: .ready ## opens the chat in headless Chromium, which has to be on the PATH, types a question and reads the reply
	$(bin)/python -m tests.browser.walk

mutants: .ready ## changes policy, permit and door in every small way: some test has to notice each (takes about an hour)
	$(bin)/python scripts/mutants.py $(ARGS)

snapshots: .ready ## renews the pictures of the screens that the tests compare with
	$(bin)/python -m pytest tests/tui --snapshot-update

lock: ## resolves pyproject.toml into the hash-pinned locks (needs uv on the PATH)
	sh scripts/lock.sh

build: .ready ## builds the wheel and the source package into dist/
	$(bin)/python -m build --no-isolation

clean: ## removes .venv and everything made (not the build cache, not your chats)
	rm -rf .venv .setup.lock build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache mutants snapshot_report.html
	find $(sources) -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: .ready
.ready:
	@sh scripts/setup.sh test
