# Needs Python 3.11 or newer with venv, make and bash; everything else goes into .venv.
ifeq ($(filter oneshell,$(.FEATURES)),)
$(error GNU make 3.82 or newer is needed; on macOS: brew install make, then gmake)
endif
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
# PYTHON=python3.12 chooses an interpreter; else the first one that fits.
PYTHON ?= python3 python3.13 python3.12 python3.11
ARGS ?=

# Laid out apart: beside its source, a compiled module would hide what is changed in it.
COMPILED := build/compiled/.ready
WITH_COMPILED := PYTHONSAFEPATH=1 PYTHONPATH=$(CURDIR)/build/compiled:$(CURDIR)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_SYSTEM_CERTS := 1
export UV_HTTP_TIMEOUT ?= 120

.PHONY: help setup demo test test-slow test-compiled bench lint format types schemas lock wheel compiled clean

help: ## this list
	@while IFS= read -r line; do
	  if [[ $$line =~ ^([a-z-]+):.*'## '(.*)$$ ]]; then
	    printf '  make %-10s %s\n' "$${BASH_REMATCH[1]}" "$${BASH_REMATCH[2]}"
	  fi
	done < $(firstword $(MAKEFILE_LIST))

setup: $(STAMP) ## install everything into .venv

demo: $(STAMP) ## play the example shop on a real Kafka; SERVE=1 keeps it running
	@$(BIN)/orchestrator --project examples/shop demo $(if $(SERVE),--serve)

test: $(STAMP) ## all tests but the slow ones; ARGS="-k name" chooses
	@$(BIN)/python -m pytest -m "not slow" $(ARGS)

test-slow: $(STAMP) ## the slow tests
	@$(BIN)/python -m pytest -m slow $(ARGS)

# What a request holds is checked sooner there than the one test that is left out expects.
test-compiled: $(COMPILED) ## the tests of the engine on its compiled form
	@$(WITH_COMPILED) $(BIN)/python -m pytest tests/engine tests/golden tests/streams tests/testing \
	  --deselect tests/streams/test_requests.py::test_a_request_that_finds_a_bug_leaves_nothing_behind $(ARGS)

bench: $(if $(PURE),$(STAMP),$(COMPILED)) ## the benchmarks, with the compiled engine or PURE=1 without; ARGS are theirs
	@$(if $(PURE),,$(WITH_COMPILED)) $(BIN)/python -m benchmarks $(ARGS)

lint: $(STAMP) ## ruff: rules and format
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP) ## ruff: mend what it can
	@$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

types: $(STAMP) ## mypy, strict
	@$(BIN)/mypy $(wildcard orchestrator tests benchmarks deploy/*.py)

schemas: $(STAMP) ## write the contracts in topics/ and the tables in docs/ anew from the models
	@$(BIN)/python -m orchestrator.contracts --write topics/
	@$(BIN)/python docs/settings_page.py docs/settings.md
	@$(BIN)/python docs/journeys_pages.py docs/journeys

lock: $(STAMP) ## write requirements.lock anew; ARGS=--upgrade for newer versions
	@$(BIN)/uv pip compile pyproject.toml --group dev --group build --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --no-header --no-emit-index-url --quiet --output-file requirements.lock $(ARGS)

wheel: $(STAMP) ## build the wheel into dist/
	@$(BIN)/python -m hatchling build --target wheel

compiled: $(COMPILED) ## the same with a compiled engine, for this platform, also laid out in build/compiled

clean: ## remove .venv, caches, builds and the demo's data
	@rm -rf $(VENV) .orchestrator build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(COMPILED): $(STAMP) deploy/compiled.py $(shell find orchestrator -name '*.py')
	@if ! command -v cc > /dev/null; then
	  echo "the engine is compiled by a C compiler, and there is none: apt install gcc python3-dev" >&2
	  exit 1
	fi
	echo "Compiling the engine, once: some two minutes" >&2
	rm -rf build/compiled build/wheel
	HATCH_BUILD_HOOK_ENABLE_CUSTOM=1 $(BIN)/python -m hatchling build --target wheel --directory build/wheel
	mkdir -p dist && cp build/wheel/*.whl dist/
	$(BIN)/uv pip install --quiet --no-deps --python $(BIN)/python --target build/compiled build/wheel/*.whl
	touch $(COMPILED)

$(STAMP): pyproject.toml requirements.lock
	@chosen=; new=
	for python in $(PYTHON); do
	  "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null || continue
	  new=$${new:-$$python}
	  if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then chosen=$$python; break; fi
	done
	if [ -z "$$new" ]; then
	  echo "Python 3.11, 3.12, 3.13 or 3.14 is needed and none of $(PYTHON) is one: apt install python3 python3-venv" >&2
	  exit 1
	elif [ -z "$$chosen" ]; then
	  echo "$$new can't make a virtual environment, because its ensurepip is missing: apt install $$new-venv" >&2
	  exit 1
	fi
	echo "Setting up $(VENV) with $$("$$chosen" --version), once" >&2
	rm -f $(STAMP)
	$(BIN)/python -c 'import pip' 2>/dev/null || "$$chosen" -m venv --clear $(VENV)
	uv_installs() {
	  sed -n '/^uv==/p; /^uv==/,/^[^ ]/ { /^ /p }' requirements.lock > $(VENV)/uv.lock &&
	    $(BIN)/python -m pip install --quiet --no-deps --require-hashes -r $(VENV)/uv.lock &&
	    $(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock &&
	    $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	}
	pip_installs() {
	  $(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock &&
	    $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	}
	# uv is three times faster, but doesn't read pip's settings, such as a company's mirror.
	uv_installs || { echo "uv can't install here, so pip does, which takes longer" >&2; pip_installs; }
	touch $(STAMP)
