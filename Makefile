# Each target sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.run-ready
DEV_READY := $(VENV)/.dev-ready
# AnkiDroid's version of Anki's core: tests of phones use it in addition to the version in constraints.txt.
ANKIDROID_CORE := 25.9.2
ANKIDROID_READY := $(VENV)/ankidroid/.ready-$(ANKIDROID_CORE)

.DEFAULT_GOAL := help
.PHONY: help decks review test test-slow test-all lint types fuzz faults lives bench clean

help: ## List these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(RUN_READY): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@$(BIN)/python -m compileall -q flashcards scheduler
	@touch $@

$(DEV_READY): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(RUN_READY)

$(ANKIDROID_READY): | $(BIN)/python
	@$(BIN)/python -m venv $(VENV)/ankidroid
	@if $(VENV)/ankidroid/bin/python -m pip install --quiet --disable-pip-version-check anki==$(ANKIDROID_CORE); \
		then touch $@; else echo "AnkiDroid's version of Anki's core cannot be installed; its tests are skipped."; fi

decks: $(RUN_READY) ## Write one Anki package for each top-level deck into build/
	$(BIN)/flashcards -C decks export -o build/

review: $(RUN_READY) ## Review what is due in decks/
	@$(BIN)/flashcards -C decks review

test: $(DEV_READY) $(ANKIDROID_READY) ## Run the fast tests
	$(BIN)/python -m pytest -q -n auto -m 'not slow'

test-slow: $(DEV_READY) $(ANKIDROID_READY) ## Run the slow tests: many processes, real terminals, large collections
	$(BIN)/python -m pytest -q -n auto -m slow

test-all: test test-slow ## Run every test

lint: $(DEV_READY) ## Check style
	$(BIN)/ruff check flashcards scheduler tests benchmarks
	$(BIN)/ruff format --check flashcards scheduler tests benchmarks

types: $(DEV_READY) ## Check types
	$(BIN)/mypy

fuzz: $(DEV_READY) ## Try random decks, packages, logs, settings and damage; FUZZ_INPUTS and FUZZ_SEED choose them
	FUZZ_INPUTS=$${FUZZ_INPUTS:-1000000} $(BIN)/python -m pytest -q -n auto tests/fuzz

faults: $(DEV_READY) ## Fail, cut and kill every file operation of every command, and cut the power after each
	FAULT_POINTS=0 $(BIN)/python -m pytest -q -n auto tests/faults

lives: $(DEV_READY) ## Live random lives: exchanges with Anki, and reviews compared with its core, which needs libfaketime
	$(BIN)/python -m tests.real.exchange_lives $(LIVES)
	$(BIN)/python -m tests.real.lives $(SITTINGS)

bench: $(DEV_READY) ## Measure speed, against peers where they are installed
	$(BIN)/python -m benchmarks

clean: ## Remove the environment and everything built
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
