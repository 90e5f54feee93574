# What a person types. The work is in tools/; all paths are relative, so that any checkout path will do.
.PHONY: help app test lint format cpp bench fuzz studies stubs clean
PYTHON = .venv/bin/python
SECONDS ?= 600

help:
	@echo 'make app      set up what is missing and serve the app'
	@echo 'make test     all tests (CI=true: sanitizers, wheel and long property runs too)'
	@echo 'make lint     style, types, layers, stub'
	@echo 'make format   let ruff and clang-format rewrite the sources'
	@echo 'make cpp      the C++ tests alone'
	@echo 'make stubs    rewrite the stub of the compiled module'
	@echo 'make bench    time ours against the peers, in an environment of its own'
	@echo 'make fuzz     look for files that break the reader and inputs that break a fit; SECONDS=600'
	@echo 'make studies  the replicated studies in full'
	@echo 'make reproduce-uci  a published result done again; also -srivastava, -warde-farley, -ridge, -adaptive, -all'
	@echo 'make clean    remove what was built; .venv stays'

app:
	@sh tools/setup.sh app
	@$(PYTHON) tools/serve.py

test:
	@sh tools/setup.sh test
	@$(PYTHON) tools/run_tests.py all

cpp:
	@sh tools/setup.sh test
	@$(PYTHON) tools/run_tests.py cpp

studies:
	@sh tools/setup.sh test
	@$(PYTHON) tools/run_tests.py studies

lint:
	@sh tools/setup.sh test
	@$(PYTHON) tools/lint.py

format:
	@sh tools/setup.sh test
	@$(PYTHON) tools/lint.py --fix

stubs:
	@sh tools/setup.sh test
	@$(PYTHON) tools/stubs.py --write

bench:
	@sh tools/bench.sh $(ARGS)

reproduce-%:
	@sh tools/setup.sh test
	@$(PYTHON) -m reproductions $* $(ARGS)

fuzz:
	@sh tools/fuzz.sh $(SECONDS)

clean:
	@rm -rf build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
