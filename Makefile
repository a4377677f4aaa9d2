# make demo | make test | make check | make bench | make fuzz. Each sets up what it needs in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test torture fuzz check bench lock clean

help:
	@echo "make demo    the whole walk on invented journalists, with a mail server on this machine"
	@echo "make test    the test suite, on SQLite and on a PostgreSQL of its own"
	@echo "make torture every property of the tests, and every storm, twenty-five times as long"
	@echo "make fuzz    messages that came back, fuzzed for MINUTES (5)"
	@echo "make check   formatting, lint, types, layers, then the tests"
	@echo "make bench   measurements, as ratios within one run"

demo: $(READY)
	@$(BIN)/distributor demo

# In their order: files of few but long tests, the scenarios, would otherwise come last and leave a core waiting.
# What pytest makes of the assertions is kept, whatever the environment says: to make it is more than half of a worker's start.
test: $(READY)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

torture: $(READY)
	@DISTRIBUTOR_TORTURE=25 PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n auto -m 'hypothesis or torture'

MINUTES ?= 5

# atheris is no dependency: it has no wheels for every Python we run on.
fuzz: $(READY)
	@$(BIN)/python -c 'import atheris' 2>/dev/null || \
		$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check atheris
	@$(BIN)/python tests/fuzzreading.py -max_total_time=$$(($(MINUTES) * 60))

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

bench: $(READY)
	@$(BIN)/python -m benchmarks

# Needs uv on the path; run after changing the dependencies in pyproject.toml.
lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 --all-extras \
		--custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The lock names everything there is, so pip resolves nothing (an older one trips over extras once a newer release is out).
# The interpreter's own pip installs into the virtual environment: a system without ensurepip will do.
# pip compiles what it installs, but not the checkout: where PYTHONDONTWRITEBYTECODE is set, every start would.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it with: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	@echo "Setting up $(VENV) (once)…"
	@$(PYTHON) -m venv --without-pip $(VENV)
	@$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q distributor
	@touch $@
