# Everything runs in .venv, which is made from requirements/$(EXTRA).lock when that file or pyproject.toml changed.

# cpu, or gpu: `make setup EXTRA=gpu` once; the other targets then keep it.
EXTRA ?= $(or $(patsubst .venv/.installed-%,%,$(firstword $(wildcard .venv/.installed-*))),cpu)

BIN := .venv/bin
INSTALLED := .venv/.installed-$(EXTRA)
is_3_11 = $(shell $(1) -c 'import sys; print(*["yes"] * (sys.version_info[:2] == (3, 11)))' 2>/dev/null)
PYTHON ?= $(or $(firstword $(foreach name,python3.11 python3 python,$(if $(call is_3_11,$(name)),$(name)))),\
    $(error Proctor needs Python 3.11 and found none; name one: make PYTHON=/path/to/python3.11))

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types audit format lock clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED)  ## Make .venv (EXTRA=gpu for NVIDIA GPUs)

demo: $(INSTALLED)  ## Every part of Proctor once, with the embedded models
	@$(BIN)/proctor demo

test: $(INSTALLED)  ## Run all tests, the real engine included
	@$(BIN)/python -m pytest

check: lint types audit test  ## Format, lint, types, licences, known vulnerabilities and tests

lint: $(INSTALLED)  ## Check format and lint
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(INSTALLED)  ## Check types
	@$(BIN)/mypy

audit: $(INSTALLED)  ## Check licences, and look up vulnerabilities where the network allows
	@$(BIN)/python scripts/licences.py $(EXTRA)
	@$(BIN)/python scripts/vulnerabilities.py $(EXTRA)

format: $(INSTALLED)  ## Format and sort imports in place
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --select I --fix .

lock:  ## Resolve both lock files anew
	@$(PYTHON) scripts/environment.py lock

clean:  ## Remove .venv and caches; datasets stay
	rm -rf .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml requirements/$(EXTRA).lock scripts/environment.py
	@$(PYTHON) scripts/environment.py install $(EXTRA)
