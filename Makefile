# Small verbs. Each makes its own .venv first; nothing outside this folder is changed.
.DEFAULT_GOAL := help
.PHONY: help demo test check lint types tests bench evals longlife samples inspector conformance fuzz trust faults build wheel lock audit sbom clean

PYTHON ?= python3
BIN := .venv/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
NODE_MODULES := .node/node_modules
INSPECTOR := @modelcontextprotocol/inspector@2.12.0
CONFORMANCE := @modelcontextprotocol/conformance@0.1.16 node@22.23.3
TOOLS := pip-audit==2.10.1 uv==0.13.9
# Addresses in memory steer the fuzzer: where they may be kept the same, so is what it tries.
STEADY = $(shell setarch -R true 2>/dev/null && echo setarch -R)
NPM = npm install --silent --no-audit --no-fund --no-package-lock --prefix .node

help: ## list the verbs
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

demo: .venv/python ## ask the server real questions about invented data
	@$(BIN)/python -m rybbit_mcp.demo.show

test: check tests ## lint, types and tests

check: lint types

lint: .venv/developer ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/developer ## mypy, strict
	$(BIN)/mypy

tests: .venv/developer inspector ## all tests
	$(BIN)/pytest -n auto

bench: .venv/developer ## tokens, start, latency and the local engine against their bounds
	@$(BIN)/python bench/run.py

longlife: .venv/developer ## 100,000 calls and 500 endings; a quarter of an hour (SHORT=1: a minute)
	@$(BIN)/python -m bench.longlife $(if $(SHORT),--short)

evals: .venv/developer ## an owner's questions: facts present, calls, tokens
	@$(BIN)/python -m evals.replay

samples: .venv/developer ## write the generated parts of README and docs
	$(BIN)/python -m bench.samples

inspector: ## MCP Inspector, where npm is present
	@if command -v npm >/dev/null && [ ! -d $(NODE_MODULES)/@modelcontextprotocol/inspector ]; then \
		$(NPM) $(INSPECTOR); fi

conformance: .venv/developer ## the official protocol suite, which npm brings
	@test -d $(NODE_MODULES)/@modelcontextprotocol/conformance || $(NPM) $(CONFORMANCE)
	@$(BIN)/python -m tests.protocol.conformance

fuzz: .venv/developer ## coverage-guided fuzzing, SECONDS=20 for each target
	@for target in wire asking cleaning; do \
		PYTHONHASHSEED=0 $(STEADY) $(BIN)/python -m tests.fuzz $$target $(or $(SECONDS),20) || exit 1; done

trust: .venv/developer inspector ## what the tests of trust counted and measured (WRITE=1: into the page)
	@$(BIN)/python -m pytest -n auto -m figures -p tests.figures $(if $(WRITE),--write-figures)

faults: .venv/developer ## how every tool stands every fault of a server, as a table
	@$(BIN)/python -m tests.faults.matrix

build: .venv/developer ## the wheel and the source archive
	$(BIN)/python -m build

wheel: .venv/developer ## build it twice, install it alone with hashes checked, ask it
	@$(BIN)/python -m scripts.try_wheel

lock: .tools/bin ## requirements.lock: what users install, with hashes for every platform
	@.tools/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 --constraint constraints.txt --output-file requirements.lock pyproject.toml

audit: .venv/developer .tools/bin ## compare the pinned versions with the known advisories
	@$(BIN)/python -m scripts.audit

sbom: .venv/developer ## dist/rybbit-mcp.cdx.json: the software bill of materials
	@mkdir -p dist
	@$(BIN)/python -m scripts.sbom > dist/rybbit-mcp.cdx.json
	@echo dist/rybbit-mcp.cdx.json

clean: ## remove what was made here
	rm -rf .venv .node .tools .fuzz dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/python: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 …"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv \
		|| { rm -rf .venv; echo "On Debian, python3 -m venv needs: apt-get install python3-venv"; exit 1; }
	@echo "Installing into .venv …"
	@$(PIP) -c constraints.txt -e .
	@touch $@

.venv/developer: .venv/python
	@echo "Installing the developers' tools into .venv …"
	@$(PIP) -c constraints.txt -e '.[dev]'
	@touch $@

.tools/bin: # tools with dependencies of their own stay out of the project's environment
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check $(TOOLS)
