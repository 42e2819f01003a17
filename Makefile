# The README's commands. A fresh machine needs Python >= 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SOURCES := seqkit cli recipes corpora tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help install demo test lint bench results clean

help:            ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

.venv/core: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "seqkit needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --quiet -c constraints.txt -e .
	@touch $@

.venv/all: .venv/core
	$(PIP) install --quiet -c constraints.txt -e '.[all]'
	@touch $@

install: .venv/all  ## Set up .venv with all extras

demo: .venv/core    ## Set up, train on the village corpus, answer Korean and English sentences
	@$(BIN)/seqkit demo

test: .venv/all     ## Set up and run the tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: .venv/all     ## Check style and types
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	@# mypy sees the package as it is installed: the top-level folders inside seqkit
	@rm -rf build/types && mkdir -p build/types/seqkit
	@ln -s $(CURDIR)/seqkit/* $(CURDIR)/cli $(CURDIR)/recipes $(CURDIR)/corpora build/types/seqkit/
	MYPYPATH=build/types $(BIN)/mypy -p seqkit
	MYPYPATH=build/types $(BIN)/mypy benchmarks/*.py

bench: .venv-bench/ready  ## Compare speed with peers (installs them in .venv-bench)
	.venv-bench/bin/python benchmarks/classifier_throughput.py
	.venv-bench/bin/python benchmarks/tokenization.py
	.venv-bench/bin/python benchmarks/word2vec.py
	.venv-bench/bin/python benchmarks/lookup.py

.venv-bench/ready: pyproject.toml constraints.txt benchmarks/requirements.txt
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet -c constraints.txt -e . -r benchmarks/requirements.txt
	@touch $@

results: .venv/all  ## Train everything in RESULTS.md (hours)
	$(BIN)/python benchmarks/results.py
	$(BIN)/python benchmarks/vectors.py

clean:
	rm -rf .venv .venv-bench build dist *.egg-info
