# Each target sets up .venv first if it is missing, incomplete or out of date.
# Another interpreter: make COEVO_PYTHON=/path/to/python3.12 test
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help .venv demo theorems test lint format bench verify lock

PYTHON := .venv/bin/python
WORKERS ?= 2
PYTEST_ARGS ?=
export COEVO_PYTHON

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z.]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

.venv: ## set up the environment: find a Python, install requirements.lock
	@sh tools/bootstrap.sh venv

demo: .venv ## run the whole chain small: simulate, predict, compare, figures
	$(PYTHON) -m studies.demo

theorems: .venv ## write the theorems into docs/, in LaTeX and as a page of HTML
	mkdir -p docs
	$(PYTHON) -m toolkit.cli theorems --latex --out docs/theorems.tex --overwrite
	$(PYTHON) -m toolkit.cli theorems --html --out docs/theorems.html --overwrite

test: .venv ## run the default test suite
	$(PYTHON) -m pytest -n $(WORKERS) $(PYTEST_ARGS)

lint: .venv ## check style, formatting, import directions and types
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/lint-imports --no-cache
	.venv/bin/mypy

format: .venv ## mend style and formatting
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

bench: .venv ## measure the speed, against plain NumPy in the same run
	$(PYTHON) -m tests.benchmarks

verify: .venv ## run the large checks (slow)
	$(PYTHON) -m pytest -n $(WORKERS) -m slow tests $(PYTEST_ARGS)

lock: ## rebuild requirements.lock from pyproject.toml
	@uv=$$(sh tools/bootstrap.sh uv) && "$$uv" pip compile pyproject.toml --extra dev --universal \
	  --python-version 3.12 --generate-hashes --no-header --quiet --output-file requirements.lock
