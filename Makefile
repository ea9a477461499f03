# Two commands on a fresh machine:  make demo  and  make test.  Both need Python 3.11-3.13 with pip, nothing else.
#
#   make demo [INPUT=angiogram.nii.gz]   Segment & Explain two phantoms (and INPUT); look at demo-output/index.html
#   make test                            everything that continuous integration runs
#   make demo-model                      trains and measures the demo model anew (about an hour on two cores)
#   make reproduce                       both cohorts of phantoms through the whole framework (about half an hour)
#   make bench [UMAMBA=PATH]             speed and memory, side by side with other implementations
#
# PROCESSES=N runs the tests in N processes (2: a machine of two cores).
# PYTHON=/path/to/python chooses the Python that .venv is made with.

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt
OUT := demo-output
INPUT :=
UMAMBA :=
PROCESSES := 2

.PHONY: venv demo test lint demo-model reproduce bench clean

demo: $(VENV)/installed-demo
	$(BIN)/python Utilities/check_system_libraries.py pictures
	$(BIN)/python -m UMambaXAILogic.cli demo $(if $(INPUT),"$(INPUT)") --out "$(OUT)"

test: lint
	$(BIN)/python Utilities/check_system_libraries.py tests
	$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

demo-model: $(VENV)/installed-demo
	$(BIN)/python Utilities/DemoModel/train_demo_model.py --work training-output
	$(BIN)/python Utilities/DemoModel/measure_demo_model.py
	$(BIN)/python Utilities/DemoModel/profile_demo_model.py

reproduce: $(VENV)/installed-demo
	$(BIN)/python Utilities/Reproduce/reproduce.py --work reproduce-output

bench: $(VENV)/installed-test
	$(INSTALL) --editable ".[bench]"
	set -e; for script in Testing/Benchmarks/bench_*.py; do echo "== $$script"; $(BIN)/python $$script; done
	$(if $(UMAMBA),$(BIN)/python Testing/Benchmarks/bench_segmentation.py --peer "$(UMAMBA)")
	$(BIN)/python Testing/Benchmarks/overview.py

venv: $(VENV)/pyvenv.cfg

# The package is installed editable: what is run is what is in this folder.
$(VENV)/installed-demo: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	$(INSTALL) --editable ".[slicer]"
	touch $@

$(VENV)/installed-test: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	$(INSTALL) --editable ".[test]"
	touch $@ $(VENV)/installed-demo

$(VENV)/pyvenv.cfg:
	PYTHON="$(PYTHON)" sh Utilities/make_venv.sh $(VENV)

clean:
	rm -rf $(VENV) $(OUT)
