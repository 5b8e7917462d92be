# Everything runs in .venv, made from requirements.lock (every version and hash pinned).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# pytest rewrites each test module for its asserts: where nothing is kept, again in each process of each run.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup demo test programs cluster torture mutate bench bench-speed bench-parts bench-start bench-size bench-pacing bench-reader bench-cluster docs generated samples readme pictures messages check format lock clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY) ## the virtual environment, from the lock file

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("batchreset needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	@echo "Setting up $(VENV) (once, about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q batchreset # pip does it for packages: where PYTHONDONTWRITEBYTECODE is set every start would
	@touch $(READY)

demo: $(READY) ## a whole run against the simulator, nothing to configure
	@$(BIN)/batchreset demo

test: $(READY) ## all tests, about three minutes
	@$(BIN)/python -m pytest

programs: $(READY) ## tests with a browser and other programs, which must be installed; README names them
	@$(BIN)/python -m pytest -m programs

cluster: $(READY) ## tests with real Dask, in network namespaces (root and iproute2), five minutes
	@$(BIN)/python -m pytest -n 2 -m 'cluster and not torture' tests/cluster tests/adapters/dask

torture: $(READY) ## more seeds, kills, power cuts, faults and chances than `make test` has time for; hours
	@$(BIN)/python -m pytest -m torture --timeout 600

mutate: $(READY) ## small wrong changes to the core: does a test notice each of them? ARGS='--module retry' for less than all
	@$(BIN)/python -m benchmarks.mutation $(ARGS)

bench: $(READY) ## speed, parts, start and size beside their targets, nine minutes; ARGS='--quick' for one minute, '--large' for 5 million rows too
	@$(BIN)/python -m benchmarks $(ARGS)

bench-speed: $(READY) ## rows a second and processor time a row, beside peers on the same service
	@$(BIN)/python -m benchmarks.speed $(ARGS)

bench-parts: $(READY) ## where a row's processor time goes
	@$(BIN)/python -m benchmarks.parts $(ARGS)

bench-start: $(READY) ## --version and --help
	@$(BIN)/python -m benchmarks.start $(ARGS)

bench-size: $(READY) ## memory and time of every command up to 5 million rows; ARGS='--rows 1000000' for less
	@$(BIN)/python -m benchmarks.size $(ARGS)

bench-pacing: $(READY) ## pacing beside an oracle, in virtual time: regimes R1 to R10, a minute
	@$(BIN)/python -m benchmarks.pacing

bench-reader: $(READY) ## checking 5 million rows: time and memory, beside polars alone; two minutes
	@$(BIN)/python -m benchmarks.reader

bench-cluster: $(READY) ## workers of a cluster beside this process, and what one coordinator carries; 25 minutes, ARGS='--quick' for two
	@$(BIN)/python -m benchmarks.cluster $(ARGS)

docs: $(READY) ## the documentation as HTML, in docs/_build; nothing is fetched
	@$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet --builder html docs docs/_build/html
	@echo "Read it: docs/_build/html/index.html"

generated: $(READY) ## write again what is made from the program and committed: the man page, what shells complete, each command's help
	@PYTHONPATH=docs $(BIN)/python -m generator

samples: $(READY) ## what programs make of sample_inputs/, made anew: Parquet, workbooks, what is expected
	@PYTHONPATH=.:tests/support $(BIN)/python -m samples

readme: $(READY) ## README's settings and help blocks, from the program
	@$(BIN)/python -m tools.readme

pictures: $(READY) ## README's pictures, of a real run; needs tmux, and chromium with chromedriver
	@$(BIN)/python -m tools.pictures

messages: $(READY) ## every message of the program: what happened, why, what to do
	@$(BIN)/python -m tools.messages

check: $(READY) ## ruff, mypy strict, import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## put the code in order
	@$(BIN)/ruff check --fix --unsafe-fixes . || true
	@$(BIN)/ruff format .

lock: ## choose the newest versions again and pin them; of those, what a container runs and builds with (needs uv)
	uv pip compile --universal --generate-hashes --python-version 3.11 --extra dev --extra bench --extra keyvault --extra notify --extra cluster --no-header \
	  --upgrade --quiet pyproject.toml --output-file requirements.lock
	uv pip compile --universal --generate-hashes --python-version 3.11 --extra keyvault --extra notify --extra cluster --no-header \
	  --constraint requirements.lock --quiet pyproject.toml --output-file requirements-run.lock
	echo hatchling | uv pip compile --universal --generate-hashes --python-version 3.11 --no-header \
	  --constraint requirements.lock --quiet - --output-file requirements-build.lock

clean: ## remove the environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
