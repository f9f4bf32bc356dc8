# Two commands: `make demo` plays the whole job, `make test` proves it. README.md has the plain lines.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& { echo $$p; break; }; done)
BIN := .venv/bin
# Four workers, a file each: many tests wait for child processes, and two cores would idle with two.
PYTEST_ARGS ?= -n 4 --dist loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
# Bytecode of what is never imported is most of TensorFlow's; Python writes the rest when it is.
INSTALL := install --no-compile
# Where it must not write, each process compiles all that it imports, every time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: app demo test test-long test-full check format lock sbom audit screenshots clean
app: .venv/installed
	$(BIN)/facedesk

demo: .venv/installed
	$(BIN)/facedesk demo

test: .venv/installed-dev
	$(BIN)/python -m pytest $(PYTEST_ARGS)

# Soaks, fault sweeps, fuzzing, the floors on real photographs, recipe classic: below ten minutes.
test-long: .venv/installed-dev
	FACEDESK_LONG=1 $(BIN)/python -m pytest -m long $(PYTEST_ARGS)

# The same on all of LFW and on whole clips: an hour.
test-full: .venv/installed-dev
	FACEDESK_LONG=full $(BIN)/python -m pytest -m long $(PYTEST_ARGS)

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: .venv/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Facedesk needs Python 3.11, 3.12 or 3.13 on the PATH." >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: requirements.lock pyproject.toml | .venv/bin/python
	$(PIP) $(INSTALL) --require-hashes -r requirements.lock
	$(PIP) $(INSTALL) --no-deps -e .
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	$(PIP) $(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

# Needs uv (pip install uv): one lock for Python 3.11 to 3.13, hashes of every platform's wheels.
UV := uv pip compile --universal --generate-hashes --python-version 3.11 --no-header -q pyproject.toml
lock:
	$(UV) -o requirements.lock
	$(UV) --extra dev -c requirements.lock -o requirements-dev.lock

# What Facedesk is made of, as CycloneDX; the same file from the same lock on any machine.
sbom: .venv/installed
	$(BIN)/python .ci/supply_chain.py sbom sbom.cdx.json

# Fails on a known vulnerability of a locked package; says "NOT CHECKED" where no database answers.
audit: .venv/installed-dev
	$(BIN)/python .ci/supply_chain.py vulnerabilities

# The pictures in README and docs, in true colour, drawn by the app itself while a test plays the whole job in it.
screenshots: .venv/installed-dev
	COLORTERM=truecolor TERM=xterm-256color SCREENSHOTS=docs $(BIN)/python -m pytest tests/e2e/test_app_flow.py -k portraits

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
