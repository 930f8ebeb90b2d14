# Two commands for a newcomer: `make run` and `make test`. Everything is built inside .venv/.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
MODEL ?= demo-rn/demo
DATA ?= demo-objects

.PHONY: run test tests browser parity ray remote search next check types style look embed bench lock clean

run: $(VENV)/.run
	$(BIN)/python -m streamlit run streamlit_app.py --server.port=$(PORT)

# Bytecode is kept whatever the machine says: without it every process of a test compiles what it imports again.
test tests browser: export PYTHONDONTWRITEBYTECODE :=

# Types beside the tests, whose processes wait now and then: two cores are busy to the end.
test: $(VENV)/.dev
	$(MAKE) -j 3 types style tests

tests: $(VENV)/.dev
	$(BIN)/python -m slipcover --silent -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder tests/app tests/unit

# Every page in Chromium, and the way of a newcomer from nothing to an image.
browser: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder --reruns 2 tests/browser

# Tokens and text towers beside open_clip with transformers, which the product does without, in a folder of its own; then,
# without it, a model of every family through command and page.
parity: $(VENV)/.peers
	PYTHONPATH=$(VENV)/peers HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -q -n 2 tests/parity/test_transformers.py
	$(BIN)/python -m pytest -q -n 2 tests/parity/test_everywhere.py

$(VENV)/.peers: $(VENV)/.dev
	$(BIN)/uv pip install -q --no-deps --target $(VENV)/peers transformers==5.24.0
	touch $@

# What may happen to a cluster: several nodes on this machine, with the optional package in a folder of its own.
ray: $(VENV)/.ray
	PYTHONPATH="$(CURDIR)/$(VENV)/ray" RAY_AUTH_MODE=disabled $(BIN)/python -m pytest -q -x tests/ray

$(VENV)/.ray: $(VENV)/.dev requirements-ray.txt
	$(BIN)/uv pip install -q --no-deps --target $(VENV)/ray -r requirements-ray.txt
	touch $@

# Searches by an index of faiss, which the product does without, in a folder of its own.
search: $(VENV)/.search
	PYTHONPATH=$(VENV)/search $(BIN)/python -m pytest -q tests/search

$(VENV)/.search: $(VENV)/.dev requirements-search.txt
	$(BIN)/uv pip install -q --no-deps --target $(VENV)/search -r requirements-search.txt
	touch $@

# Data in buckets and on web servers, against servers on this machine; the optional packages in a folder of their own.
remote: $(VENV)/.remote
	PYTHONPATH="$(CURDIR)/$(VENV)/remote" $(BIN)/python -m pytest -q tests/remote

$(VENV)/.remote: $(VENV)/.dev requirements-remote.txt tests/remote/requirements.txt
	$(BIN)/uv pip install -q --no-deps --target $(VENV)/remote -r requirements-remote.txt -r tests/remote/requirements.txt
	touch $@

# What the next open_clip would change here: the tests of the encoders on its newest release of 4, once there is one.
next: $(VENV)/.dev
	$(BIN)/uv pip install -q --no-deps --prerelease allow --target $(VENV)/next 'open_clip_torch>=4'
	PYTHONPATH=$(VENV)/next HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -q -n 2 tests/unit/encoders

# Types on one core, style and imports on the other.
check: $(VENV)/.dev
	$(MAKE) -j 2 types style

types: $(VENV)/.dev
	$(BIN)/python -m mypy

style: $(VENV)/.dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/lint-imports --no-cache

# The shape of the code in numbers.
look: $(VENV)/.dev
	$(BIN)/python -m benchmarks._look

embed: $(VENV)/.run
	$(BIN)/python -m core embed --model $(MODEL) --data $(DATA)

# clip-benchmark is what we measure ourselves against; its own dependencies would replace ours.
bench: $(VENV)/.dev
	$(BIN)/uv pip install -q --no-deps clip-benchmark==1.6.2
	$(BIN)/python -m benchmarks

lock: $(VENV)/.uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header requirements-dev.in -c requirements.txt -o requirements-dev.txt

# uv installs the same pinned wheels as pip, several times faster, and shares them between checkouts.
$(VENV)/.uv:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check uv==0.13.9
	touch $@

$(VENV)/.run: $(VENV)/.uv requirements.txt
	$(BIN)/uv pip install --compile-bytecode -r requirements.txt
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	$(BIN)/uv pip install --compile-bytecode -r requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
