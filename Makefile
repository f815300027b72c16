# One command for each thing a person does here; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= 2
MINUTES ?= 10

.DEFAULT_GOAL := help
.PHONY: quality any-cpu any-cpu-short explorer explorer-same bench bench-studies bench-anomaly bench-time-to-loss soak fuzz mutate coverage dev-mode help install demo test check lint types imports full oldest docs tutorials dist clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,docs]'
	@touch $@

install: $(STAMP) ## make .venv with everything that development needs

demo: $(STAMP) ## train on the bundled digits; the last line is the run folder
	$(BIN)/diabolo fit digits

test: $(STAMP) ## the test suite
	$(BIN)/python -m pytest -n $(WORKERS) -m 'not slow'

coverage: $(STAMP) ## the test suite, and which branches of src/ it takes; fails below 95 %
	$(BIN)/python -m pytest -n $(WORKERS) -m 'not slow' --cov --cov-report=term-missing:skip-covered

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports

check: lint types imports coverage any-cpu-short ## what CI runs: lint, format, types, import contracts, tests and what they cover

any-cpu: $(STAMP) ## the numerical tests with the kernels of every processor that this one can stand for, and 1, 2 and 4 threads
	$(BIN)/python tests/any_cpu.py --workers $(WORKERS)

any-cpu-short: $(STAMP)
	$(BIN)/python tests/any_cpu.py --workers $(WORKERS) --short

explorer/node_modules: explorer/package-lock.json
	cd explorer && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

explorer: explorer/node_modules ## rebuild the explorer's page out of explorer/src
	cd explorer && npx tsc -p tsconfig.json && node build.mjs

explorer-same: explorer/node_modules ## fail if the page that ships is not what explorer/src builds
	cd explorer && npx tsc -p tsconfig.json && rm -rf built && mkdir built && node build.mjs built
	cmp explorer/built/explorer.js src/diabolo/explorer/static/explorer.js
	cmp explorer/built/explorer.css src/diabolo/explorer/static/explorer.css

full: dev-mode tutorials oldest explorer-same ## make check and everything slow
	$(BIN)/python -m pytest -n $(WORKERS) -m slow
	tests/new_user.sh

dev-mode: ## make check in Python's development mode (-X dev): files left open, and what Python else complains of
	PYTHONDEVMODE=1 $(MAKE) check

oldest: ## the test suite with the oldest allowed versions of the dependencies
	$(PYTHON) -m venv $(VENV)-oldest
	$(VENV)-oldest/bin/python -m pip install --quiet --constraint constraints-oldest.txt --editable '.[dev,docs]'
	$(VENV)-oldest/bin/python -m pytest -n $(WORKERS) -m 'not slow'

docs: $(STAMP) ## the documentation, as docs/_build/html
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

tutorials: docs ## the tutorials: executed pages with the documentation, and notebooks to fill in
	$(BIN)/python docs/notebooks.py

BENCHMARKS := training transform topology memory startup
RIVALS := $(VENV)/.rivals

$(RIVALS): $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	@touch $@

bench: $(addprefix bench-,$(BENCHMARKS)) ## speed and score beside rivals, in under 10 minutes; writes docs/performance.md

bench-studies: $(RIVALS) ## stacks of models against one by one, rivals in the same run
	$(BIN)/python benchmarks/studies.py

bench-anomaly: $(RIVALS) ## how detectors rank, beside rivals; writes the tables of docs/anomaly.md
	$(BIN)/python benchmarks/anomaly.py

quality: $(STAMP) ## recipes of general use beside PCA on held-out rows of many data sets; fails where a default loses
	$(BIN)/python benchmarks/quality.py --write

bench-time-to-loss: $(RIVALS) ## MNIST to a given test error, beside the courses' own loop
	$(BIN)/python benchmarks/time_to_loss.py

bench-%: $(RIVALS)
	$(BIN)/python benchmarks/$*.py

soak: $(STAMP) ## kill and resume a hundred runs, within ten minutes
	$(BIN)/python tests/soak.py

fuzz: $(STAMP) ## readers of files against files that are anything, MINUTES each
	DIABOLO_FUZZ=$(MINUTES) $(BIN)/python -m pytest tests/test_fuzz.py -n $(WORKERS) -rP

mutate: $(STAMP) ## 400 small changes to the mathematics, of which the tests must notice 85 %, within an hour
	OMP_NUM_THREADS=1 PYTHONPATH=src $(BIN)/python tests/mutate.py --workers $(WORKERS)

dist: $(STAMP) ## a wheel and an sdist in dist/
	$(BIN)/python -m build

clean: ## remove what these commands made, but not your runs
	rm -rf $(VENV) $(VENV)-oldest dist docs/_build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
