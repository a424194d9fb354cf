# Everything runs from a virtual environment in .venv, which the first target that needs it makes.
# Nine processes of a fleet and three of the tests load the same modules: they must find them
# compiled, or each compiles all of them at each start (2.5 s instead of 1.7 for the gateway).
.DEFAULT_GOAL := help
.PHONY: help install run dev test simulate test-comfyui test-long check fix bench

unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
MEMBERS := $(patsubst %/pyproject.toml,%,$(wildcard libs/*/pyproject.toml services/*/pyproject.toml cli/pyproject.toml preview-engine/pyproject.toml))
QUICK := not comfyui and not long
# Tests wait half of their time, so two cores run three at once; more would starve each other. The
# tests of a file share servers, so they stay together; the files that take longest come first.
PARALLEL := --numprocesses 3 --dist loadfile --no-loadscope-reorder

help:  ## show this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(STAMP)  ## start the whole fleet, run a sample job, stay until Ctrl-C
	@$(BIN)/comfyfleet up --sample

dev: $(STAMP)  ## start the whole fleet with readable debug logs, stay until Ctrl-C
	@COMFYFLEET_LOG_FORMAT=console COMFYFLEET_LOG_LEVEL=debug $(BIN)/comfyfleet up --foreground

install: $(STAMP)  ## make or complete the virtual environment

test: check  ## all checks, then all tests that need no GPU and no ComfyUI
	@$(BIN)/pytest -q -m "$(QUICK)" --ignore tests/architecture $(PARALLEL)

simulate: $(STAMP)  ## the scheduler amid faults: make simulate SEEDS=100000, or FIRST=17 SEEDS=1 for one seed
	@FIRST=$(or $(FIRST),0) SEEDS=$(or $(SEEDS),10000) $(BIN)/pytest -q --numprocesses auto --dist worksteal \
	  services/scheduler/tests/domain/test_simulation.py

test-comfyui: $(STAMP)  ## tests against real ComfyUIs: COMFYUI_URLS="http://… http://…" make test-comfyui
	@test -n "$(COMFYUI_URLS)$(COMFYUI_URL)" || { echo "Set COMFYUI_URL to a ComfyUI, e.g. http://127.0.0.1:8188, or COMFYUI_URLS to several"; exit 1; }
	@$(BIN)/pytest -q -m comfyui

test-long: $(STAMP)  ## tests that take minutes to hours
	@$(BIN)/pytest -q -m long --timeout 0

check: $(STAMP)  ## formatting, lint, types, architecture
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q tests/architecture

fix: $(STAMP)  ## let tools fix the code, and remake the reference pages
	@$(BIN)/ruff check --fix -q .
	@$(BIN)/ruff format -q .
	@$(BIN)/python -m contracts.reference
	@$(BIN)/python -m workflows.docs.pages
	@$(BIN)/python -m tests.architecture.service_pages

bench: $(STAMP)  ## measure the figures of the README
	@$(BIN)/python -m bench

# Set-up. uv is several times faster than pip and checks the same hashes. Where uv cannot read the
# machine's package index, pip does the work with the machine's own settings. All is compiled here,
# before nine processes start at once and each compiles all of it.

$(STAMP): requirements.lock pyproject.toml $(MEMBERS:%=%/pyproject.toml)
	@$(find_python); $(make_venv); $(find_uv); $(install)
	@touch $@

define find_python
set -e; python=; \
for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
    python=$$candidate; break; fi; \
done; \
if [ -z "$$python" ]; then \
  echo "ComfyFleet needs Python 3.11 or newer; found $$(python3 --version 2>/dev/null || echo none)." \
       "Install one, or name it: make PYTHON=/path/to/python3.12"; exit 1; fi
endef

define make_venv
if ! $(BIN)/python -c 'import pip' 2>/dev/null; then \
  if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
    echo "$$python has no venv module. On Debian and Ubuntu: apt install python3-venv"; exit 1; fi; \
  echo "Making $(VENV) …"; \
  "$$python" -m venv --clear $(VENV); \
fi
endef

define find_uv
uv=; \
if [ -x $(BIN)/uv ]; then uv=$(BIN)/uv; \
elif command -v uv >/dev/null 2>&1; then uv=uv; \
elif awk '/^uv==/ {p = 1} p {print} p && !/\\$$/ {exit}' requirements.lock > $(VENV)/uv.txt \
  && $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r $(VENV)/uv.txt; \
then uv=$(BIN)/uv; fi; \
index=$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null || true)}}; \
if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
export VIRTUAL_ENV="$(CURDIR)/$(VENV)" PATH="$(CURDIR)/$(BIN):$$PATH"
endef

define install
echo "Installing into $(VENV) (once) …"; \
if [ -z "$$uv" ] || ! "$$uv" pip install -q --compile-bytecode --require-hashes -r requirements.lock; then \
  echo "Once more with pip …"; \
  $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock; \
fi; \
editable="--no-deps --no-build-isolation $(MEMBERS:%=-e ./%)"; \
if [ -z "$$uv" ] || ! "$$uv" pip install -q --offline $$editable; then \
  $(BIN)/python -m pip install -q --disable-pip-version-check $$editable; \
fi; \
$(BIN)/python -m compileall -q -j 0 $(MEMBERS:%=%/src)
endef
