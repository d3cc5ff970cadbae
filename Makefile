.DEFAULT_GOAL := help
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
TEST_PROCESSES ?= 2
export UV_FIND_LINKS := $(or $(UV_FIND_LINKS),$(PIP_FIND_LINKS))

.PHONY: help install run test test-slow lint bench lock
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "%-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements.lock -e .
	touch $@

install: $(VENV)/.installed ## make the environment in .venv from requirements.lock

run: $(VENV)/.installed ## start everything on demo data and print the address; Ctrl-C ends it
	@exec $(BIN)/brinell demo

test: $(VENV)/.installed ## run the tests but the slow ones (about 20 minutes on two cores)
	$(PYTEST) -m "not slow" -n $(TEST_PROCESSES)

test-slow: $(VENV)/.installed ## run the slow tests: long trainings, whole stories, JupyterLab
	$(PYTEST) -m slow

lint: $(VENV)/.installed ## check style, types and the arrows between packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed ## measure beside the bare engines and print JSON
	@GOMP_SPINCOUNT=10000 $(BIN)/python -m tests.bench

# The 3.11 resolution is the lock; what 3.12 needs besides is added with a marker. CUDA packages stay
# out of it, so that a CPU build of torch and the index's own build install from the same file.
lock: ## resolve pyproject.toml into requirements.lock
	rm -f $(VENV)/lock311 $(VENV)/lock312
	$(BIN)/uv pip compile -q pyproject.toml --extra dev --python-version 3.11 --no-header --no-annotate --no-emit-find-links -o $(VENV)/lock311
	sed -i 's/^torch==2.13.0+cpu/torch==2.13.0/' $(VENV)/lock311
	$(BIN)/uv pip compile -q pyproject.toml --extra dev --python-version 3.12 -c $(VENV)/lock311 --no-header --no-annotate --no-emit-find-links -o $(VENV)/lock312
	grep -Ev '^(nvidia-|cuda-|triton|torch)' $(VENV)/lock312 | grep -vxFf $(VENV)/lock311 | sed 's/$$/ ; python_version >= "3.12"/' | cat $(VENV)/lock311 - | sort > requirements.lock
