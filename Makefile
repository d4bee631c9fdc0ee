# Works with GNU make 3.81 (macOS) and later. `make` alone says what there is.
.DEFAULT_GOAL := help
BIN := .venv/bin

.PHONY: help setup check test demo play picture simulate bench docs schema lock changelog clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv with the pinned packages (the other targets do it by themselves)
	@sh tools/setup

demo: setup ## three replicas behind a real proxy under load: update them, lose nothing
	@$(BIN)/python -m examples.demo

play: setup ## the same shop with users who never stop, for you to deploy to
	@$(BIN)/python -m examples.demo --play

picture: setup ## run the demo and record it as the picture in the README
	$(BIN)/python -m examples.demo.picture docs/images/demo.svg

check: setup ## format, lint, types, import contracts and the fast tests: under a minute
	@$(BIN)/python tools/check.py

test: setup ## everything that must pass before a change is merged, slow tests included
	@sh tools/system-packages test
	@$(BIN)/python tools/check.py --static
	$(BIN)/python -m pytest -q -n 2

simulate: setup ## random worlds on all cores: `make simulate WORLDS=1000000`
	@PYTHONPATH=src:tests $(BIN)/python -m simulation.worlds $(or $(WORLDS),100000)

bench: setup ## measure ourselves beside nginx, HAProxy and Caddy; writes benchmarks/results.md
	@sh tools/system-packages bench
	$(BIN)/python -m benchmarks

docs: setup ## write docs/reference anew from the code
	$(BIN)/python tools/reference

schema: setup ## write the JSON Schema of changeover.yml anew, for editors
	$(BIN)/python -m changeover.interfaces.config.schema > schema/changeover.new
	mv schema/changeover.new schema/changeover.schema.json

lock: setup ## resolve requirements/*.lock anew, and check that every platform can install them
	sh tools/lock

changelog: setup ## show what changelog.d adds to the next release
	$(BIN)/towncrier build --draft

clean: ## remove the virtual environment, caches and build results
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
