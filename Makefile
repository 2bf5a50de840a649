# The book's commands. `make help` lists them; two CPU cores and Python 3.11 or newer are all they need.

PYTHON ?= python3
PORT ?= 8000

python := .venv/bin/python
# As many notebooks side by side as there are cores, each on one thread, those that take longest first.
jobs ?= $(shell getconf _NPROCESSORS_ONLN 2> /dev/null || echo 1)
found := $(sort $(shell find book -name '*.ipynb' -not -path '*/.ipynb_checkpoints/*'))
timed := $(shell sed -nE 's|^ *"(.+)": ([0-9.]+),?$$|\2 book/\1.ipynb|p' book/times.json 2> /dev/null | sort -rn | cut -d ' ' -f 2)
notebooks := $(filter-out $(timed),$(found)) $(filter $(found),$(timed))
executed := $(addprefix _executed/,$(notebooks))
shown := $(if $(chapters),$(filter $(addprefix %/,$(addsuffix .ipynb,$(chapters))),$(executed)),$(executed))
pages := _build/html/index.html
live := _build/frontend/.installed _build/live/detector.onnx _build/live/training.onnx

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help book executed test half-of-the-tests other-half-of-the-tests serve lint pdf links slides assignments quiz course wheel repository lock clean FORCE

help:  ## list the commands
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /\1\t/' | awk -F '\t' '{printf "make %-11s  %s\n", $$1, $$2}'

book: executed  ## execute the notebooks that changed, jobs=N at a time, and build the book into _build/html
	@$(MAKE) --no-print-directory $(pages)
	@echo "The book is built: open $(pages), or run make serve."

test: .venv/.installed $(live) dsod_lite/exercises/contents.json  ## test the package, every notebook and the built pages
	@$(MAKE) --no-print-directory -j 2 half-of-the-tests other-half-of-the-tests
	$(MAKE) book
	$(python) -m pytest tests/pages

# Side by side: a test has one thread. They share no file but the sources.
halves := tests/book tests/commands tests/datasets tests/exercises
half-of-the-tests:
	$(python) -m pytest $(halves)

other-half-of-the-tests:
	$(python) -m pytest tests $(addprefix --ignore ,$(halves) tests/pages)

serve:  ## show the book at http://localhost:8000 (PORT=8001 for another port)
	@test -f $(pages) || $(MAKE) book
	$(python) -m http.server --bind localhost --directory _build/html $(PORT)

lint: .venv/.installed  ## ruff and mypy
	$(python) -m ruff check .
	$(python) -m mypy

pdf: book  ## the whole book as one PDF, printed by Chromium
	$(python) book/tools/pdf.py _build/html _build/dsod-from-scratch.pdf

links: executed  ## follow every link that leads out of the book
	.venv/bin/jupyter-book build . --builder linkcheck --path-output _build/links --quiet

slides: executed _build/frontend/.installed  ## slides of every chapter, or of chapters="boxes priors"
	PYTHONPATH=book/_ext $(python) book/tools/slides.py _executed _build/slides $(chapters)

assignments: .venv/.installed dsod_lite/exercises/contents.json  ## student notebooks, an nbgrader course and the detector to build, in _build/assignments
	$(python) book/tools/assignments.py _build/assignments
	$(python) book/tools/detector_course.py _build/assignments/detector

course: .venv/.installed _build/frontend/.installed dsod_lite/exercises/contents.json  ## the course of course.yml: plan, syllabus, assignments and, of executed chapters, slides
	PYTHONPATH=book/_ext $(python) book/tools/course_file.py course.yml _executed _build/course

quiz: .venv/.installed dsod_lite/exercises/contents.json  ## the question bank for Moodle and Canvas, and an exam on paper, in _build/quiz
	$(python) book/tools/quiz.py _build/quiz

# In an environment of its own, where nothing of the book is: the wheel alone has to draw, train, judge and find.
wheel:  ## build the package as on PyPI, into _build/dist, and try it in an empty environment
	rm -rf _build/dist _build/wheel && $(PYTHON) -m venv _build/wheel
	_build/wheel/bin/pip install --quiet --disable-pip-version-check build
	_build/wheel/bin/python -m build --outdir _build/dist .
	@test "$${GITHUB_REF_TYPE:-}" != tag || ls _build/dist/dsod_lite-"$${GITHUB_REF_NAME#v}"-*.whl  # the tag's version
	_build/wheel/bin/pip install --quiet --disable-pip-version-check _build/dist/*.whl
	cd _build/wheel && bin/python -m dsod_lite draw --train 40 --val 8 --test 8 drawn
	cd _build/wheel && bin/python -m dsod_lite train --data drawn --epochs 1 --device cpu --output run
	cd _build/wheel && bin/python -m dsod_lite evaluate --checkpoint run --data drawn --split test --device cpu
	cd _build/wheel && bin/python -m dsod_lite detect drawn --split test --checkpoint run --output found --device cpu

repository:  ## make a copy of the book its own: URL=https://github.com/NAME/REPOSITORY
	@$(PYTHON) book/tools/repository.py $(URL)

lock:  ## write requirements.txt anew from pyproject.toml (upgrade=--upgrade takes the newest of everything)
	$(PYTHON) -m venv _build/uv
	_build/uv/bin/pip install --quiet --disable-pip-version-check uv
	_build/uv/bin/uv pip compile --quiet --universal --no-header --python-version 3.11 $(upgrade) \
		--group book --group test --group lint pyproject.toml -o requirements.txt
	@head="# The exact versions the book is built and tested with; made by \`make lock\` from pyproject.toml." && \
		{ echo "$$head"; cat requirements.txt; } > _build/requirements.txt && mv _build/requirements.txt requirements.txt

clean:  ## delete everything that these commands made, .venv included
	rm -rf .venv _build _executed dsod_lite.egg-info

# The environment: the exact pins, then the package itself in editable form.
.venv/.installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "The book needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || \
		{ echo "$(PYTHON) has no venv module; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Installing the versions in requirements.txt into .venv: once, a few minutes, 6 GB with CUDA's libraries"
	$(PYTHON) -m venv .venv
	$(python) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(python) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# What the notebooks' outputs and the pages depend on, beside the notebooks: of the first, code and not docstrings.
_executed/inputs.txt: files := dsod_lite data book/experiments requirements.txt
_build/inputs.txt: files := --docstrings book _config.yml _toc.yml dsod_lite requirements.txt
_executed/inputs.txt _build/inputs.txt: dsod_lite/exercises/contents.json FORCE | .venv/.installed
	@mkdir -p $(@D)
	@$(python) book/tools/inputs.py $(files) > $@.new
	@if cmp -s $@ $@.new; then rm $@.new; else mv $@.new $@; fi

# The exercises' list, which the package carries along.
dsod_lite/exercises/contents.json: $(found) _toc.yml | .venv/.installed
	@$(python) book/tools/exercises.py $@ && touch $@

# A make of its own, so that nothing but notebooks runs side by side.
executed: .venv/.installed
	@$(MAKE) --silent --no-print-directory -j$(jobs) $(shown)

# Each is executed in its own folder; the pages show the copy that has the outputs, which is there only if all cells ran.
$(executed): _executed/%: % _executed/inputs.txt | .venv/.installed
	@$(python) -m book run $<

# What the live detector's page loads when it is asked to, and the slides. ONNX Runtime Web and reveal.js come from npm's
# registry, by the npm in .venv.
# A newer one: change its version in package.json, then
# .venv/bin/npm install --prefix book/frontend --package-lock-only --omit-lockfile-registry-resolved
_build/frontend/.installed: book/frontend/package.json book/frontend/package-lock.json | .venv/.installed
	@mkdir -p $(@D)
	@cp $^ $(@D)
	.venv/bin/npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

_build/live/detector.onnx: _executed/inputs.txt | .venv/.installed
	$(python) -m dsod_lite export --checkpoint dsod_lite/weights/shapes_tiny.pt $@

# A training step of a detector, which the page "Watch a detector learn" runs, and beside it the network alone.
_build/live/training.onnx: _executed/inputs.txt book/tools/training_graph.py | .venv/.installed
	$(python) book/tools/training_graph.py $(@D)

# Always from nothing: a second build of unchanged pages would not repeat their warnings, nor delete a page that is gone.
$(pages): _build/inputs.txt $(executed) $(live) | .venv/.installed
	rm -rf _build/html _build/.doctrees _build/jupyter_execute
	.venv/bin/jupyter-book build . -W --keep-going --quiet
