# CardioV's commands. `make help` lists them; every one that needs the environment makes it first.
PYTHON ?= python3
CARDIOV_DATA ?= ../shared/data
# The part of PTB-XL that has enough records of each finding: the whole, or a few thousand records.
PTBXL ?= runs/ptb-xl
JOBS ?= 2

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help venv app test lint docs format weights bench clean

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do \
		printf '  make %-8s %s\n' "$$name" "$$what"; done

venv: $(STAMP) ## Make .venv and install CardioV in it (nothing to do when it is up to date)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(not (3, 11) <= v < (3, 13))' || { \
		echo "CardioV needs Python 3.11 or 3.12; $(PYTHON) is another. Say: make PYTHON=python3.11 venv" >&2; exit 1; }
	@echo "Setting up CardioV in $(VENV): this takes some minutes, once."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

app: $(STAMP) ## Start the app in the browser
	@$(BIN)/cardiov app

test: $(STAMP) ## Run the tests
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile $(TESTS)

lint: $(STAMP) docs ## Check format, rules, types, layers and the links of docs/
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

docs: $(STAMP) ## Build the pages of docs/ as a site in site/; a dead link ends it
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

format: $(STAMP) ## Bring the code into the house's format
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

weights: $(STAMP) $(PTBXL) ## Train the delineator, the shipped graders and the statement head again, with all that their cards hold
	@$(BIN)/cardiov train-delineator --data $(CARDIOV_DATA) --out weights/delineator
	@$(BIN)/cardiov train-findings --data $(PTBXL) --out weights/findings
	@$(BIN)/cardiov findings-check $(PTBXL) --ship > /dev/null
	@$(BIN)/cardiov train --recipe measurements --data $(PTBXL) --out weights
	@$(BIN)/cardiov train --recipe boosted --data $(PTBXL) --out weights
	@$(BIN)/cardiov train-statements --data $(PTBXL) --out weights/statements
	@$(BIN)/cardiov train --recipe cardiov-compact-start --data $(CARDIOV_DATA)/ptb-xl-subset \
		--out runs/cardiov-compact-start
	@$(BIN)/cardiov train --recipe cardiov-compact --data $(PTBXL) --out runs/cardiov-compact
	@cp runs/cardiov-compact/cardiov-compact.json runs/cardiov-compact/cardiov-compact.oof.csv \
		runs/cardiov-compact/cardiov-compact.safetensors weights/
	@for name in measurements boosted cardiov-compact; do \
		$(BIN)/cardiov scope-check --model $$name --data $(PTBXL) --foreign $(CARDIOV_DATA)/ludb \
			--foreign $(CARDIOV_DATA)/cinc-samples --ship > /dev/null || exit 1; done
	@for name in measurements cardiov-compact; do \
		$(BIN)/cardiov passport --model $$name --data $(PTBXL) --ship > /dev/null || exit 1; done
	@$(BIN)/cardiov train --recipe combined --data $(PTBXL) --out weights
	@for name in measurements boosted cardiov-compact; do \
		$(BIN)/cardiov evaluate --data $(PTBXL) --folds 1-9 --model $$name --ship > /dev/null || exit 1; done
	@$(BIN)/cardiov evaluate --data $(PTBXL) --folds 1-9 --model combined --against measurements --against boosted \
		--against cardiov-compact --ship > /dev/null
	@$(BIN)/cardiov models
	@echo "The new weights are in weights/; 'git diff weights/*.json weights/*/*.json' shows what changed."

$(PTBXL): | $(STAMP)
	@$(BIN)/python $(CARDIOV_DATA)/ptb-xl-more/unpack $(PTBXL)

bench: $(STAMP) ## Time the way from an upload to the first result, and training against a plain loop
	@$(BIN)/python benchmarks/first_result.py
	@test ! -d $(CARDIOV_DATA)/ptb-xl-subset || $(BIN)/python benchmarks/training.py $(CARDIOV_DATA)/ptb-xl-subset

clean: ## Remove the environment and all caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
