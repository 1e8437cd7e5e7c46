# make demo    the main job on real MRML nodes, without a desktop: build/demo/ (SERIES=3: out of three thick series)
# make test    linters, types and all tests, two test files at a time (WORKERS=1: one after the other)
# make docs    the documentation site: build/docs/
# make retrain the default model, from nothing, out of the data in CTENHANCE_DATA: hours of one core (docs/experiments.md)
# Both set up .venv by themselves. The torch build is pinned for that (a range may pull gigabytes of CUDA):
# make TORCH="torch>=2.0" ... chooses another.

PYTHON ?= python3
TORCH ?= torch==2.13.0
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
# what rendering without a desktop needs: EGL with Mesa's software driver, and what Qt loads
LIBRARIES := libEGL.so.1:libegl1 libEGL_mesa.so.0:libegl-mesa0 libGL.so.1:libgl1 libxkbcommon.so.0:libxkbcommon0 \
	libfontconfig.so.1:libfontconfig1 libdbus-1.so.3:libdbus-1-3
export VTK_DEFAULT_OPENGL_WINDOW ?= vtkEGLRenderWindow
export QT_QPA_PLATFORM ?= offscreen
# real CT for tests and training, where it lies beside the repository
export CTENHANCE_DATA ?= $(wildcard ../shared/data)
# one thread beats two by far where other work shares the cores, and loses little where none does
export OMP_NUM_THREADS ?= 1

.PHONY: pictures layouts demo test docs lint format cmake-lists retrain setup libraries clean reading-kills reliability kills fuzz mutations

demo: setup
	$(BIN)/python -m CTEnhanceLib.scene.headless.demo $(if $(INPUT),--input "$(INPUT)") $(if $(SERIES),--series $(SERIES)) --out build/demo

# panel, tutorial and README; the ankle is read from CTENHANCE_DATA
pictures: setup
	$(BIN)/python tools/draw_panel.py
	$(BIN)/python tools/draw_tutorial.py

# panel and every layout at the widths of two windows, for looking at: build/layouts
layouts: setup
	$(BIN)/python tools/draw_layouts.py

# a file's tests stay with one process, so that what a module's fixtures made is made once
test: setup lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# the drawing of the imports is made from the source; a warning is an error
docs: setup $(VENV)/.docs
	$(BIN)/python tools/draw_house.py --write
	$(BIN)/python -m mkdocs build --strict --quiet

$(VENV)/.docs: pyproject.toml $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --editable ".[docs]" "$(TORCH)"
	touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# after files were added or removed: what Slicer installs
cmake-lists: setup
	$(BIN)/python Testing/cmake_lists.py --write

# a run that was ended goes on; the model comes to lie in build/training/8-crisp/model
retrain: setup
	$(BIN)/python -m pip install --quiet --editable ".[training]" "$(TORCH)"
	$(BIN)/python -m CTEnhanceLib train $(sort $(wildcard configs/default/[1-9]-*.toml))
	$(BIN)/python -m CTEnhanceLib train-uncertainty configs/default/uncertainty.toml

# the table in docs/reliability.md, from tests that run for it
reliability: setup
	$(BIN)/python Testing/reliability.py

# 200 real runs killed at random moments; by hand, it takes minutes
kills: setup
	$(BIN)/python Testing/benchmarks/kills.py

# more than a million inputs made up by a fuzzer (atheris, Linux); by hand, it takes minutes
fuzz: setup
	$(BIN)/python -m pip install --quiet --editable ".[fuzz]" "$(TORCH)"
	$(BIN)/python Testing/benchmarks/fuzz.py header 900000
	$(BIN)/python Testing/benchmarks/fuzz.py model 60000
	$(BIN)/python Testing/benchmarks/fuzz.py volume 200000
	$(BIN)/python Testing/benchmarks/fuzz.py dicom 30000

# every mutation of every model.json is loaded or refused
mutations: setup
	$(BIN)/python Testing/benchmarks/mutations.py

# kills a reading process 50 times at random moments and counts the answers that are gone
reading-kills: setup
	$(BIN)/python Testing/benchmarks/reading_kills.py 50

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

setup: libraries $(VENV)/.ready

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "CTEnhance is developed on Python 3.10 or newer; choose one with make PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet "$(TORCH)"
	$(BIN)/python -m pip install --quiet --editable ".[test]" "$(TORCH)"
	touch $@

libraries:
	@missing=; for pair in $(LIBRARIES); do \
		ldconfig -p 2>/dev/null | grep -q "$${pair%%:*}" || missing="$$missing $${pair##*:}"; done; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing libgl1-mesa-dri; \
	else echo "Rendering needs these Debian packages; install them first:$$missing libgl1-mesa-dri" >&2; exit 1; fi

clean:
	rm -rf build .venv
