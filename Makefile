# `make help` lists what there is.
.DEFAULT_GOAL := help
BIN := .venv/bin

.PHONY: help check
help: ## what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

check: ## format, lint, types, import contracts, fast tests
	$(BIN)/ruff format --check src tests
	$(BIN)/ruff check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -n 2 tests/unit tests/properties tests/crash
