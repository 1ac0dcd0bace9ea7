# CardioV's commands. `make help` lists them; every one that needs the environment makes it first.
PYTHON ?= python3
CARDIOV_DATA ?= ../shared/data
# The part of PTB-XL that has enough records of each finding: the whole, or a few thousand records.
PTBXL ?= runs/ptb-xl
JOBS ?= 2
EXECUTIONS ?= 20000
KILLS ?= 100
SESSIONS ?= 50
MINUTES ?= 10

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DELINEATOR := weights/delineator/delineator.json
LOGS := runs/weights
TIMES := $(LOGS)/times.txt
# Threads that wait for each other sleep: on a machine with other work they would burn the cores that the work needs.
export OMP_WAIT_POLICY := passive
# What the app alone needs: a smaller download than the tools of the tests.
APP_STAMP := $(VENV)/.installed-app

.DEFAULT_GOAL := help
.PHONY: help venv app test lint docs format weights delineator bench fuzz faults soak lock sbom audit image-lint clean
.PHONY: measured detectors forest boosting statements maps range blend evaluated

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do \
		printf '  make %-10s %s\n' "$$name" "$$what"; done

venv: $(STAMP) ## Make .venv and install CardioV in it (nothing to do when it is up to date)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(not (3, 11) <= v < (3, 13))' || { \
		echo "CardioV needs Python 3.11 or 3.12; $(PYTHON) is another. Say: make PYTHON=python3.11 venv" >&2; exit 1; }
	@echo "Setting up CardioV and its tools in $(VENV): this takes some minutes, once."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --progress-bar on --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(APP_STAMP)

$(APP_STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(not (3, 11) <= v < (3, 13))' || { \
		echo "CardioV needs Python 3.11 or 3.12; $(PYTHON) is another. Say: make PYTHON=python3.11 app" >&2; exit 1; }
	@echo "Setting up CardioV in $(VENV), once. Each package is named as it comes:"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e . | \
		sed -n 's/^Collecting \([^ ]*\).*/  \1/p; s/^Installing collected packages.*/  unpacking .../p'
	@$(BIN)/python -c 'import streamlit, torch, cardiov_core'
	@touch $@

app: $(APP_STAMP) ## Start the app in the browser
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

weights: $(STAMP) $(PTBXL) $(DELINEATOR) ## Train detectors, graders and statement head again, with all that their cards hold
	@mkdir -p $(LOGS) && rm -f $(TIMES)
	@$(MAKE) --no-print-directory -j$(JOBS) --output-sync=none evaluated
	@$(BIN)/cardiov models
	@echo "The new weights are in weights/; 'git diff weights/*.json weights/*/*.json' shows what changed."

delineator: $(STAMP) ## Train the delineator again; all measurements change with it, so 'make weights' comes after
	@$(BIN)/cardiov train-delineator --data $(CARDIOV_DATA) --out weights/delineator

$(DELINEATOR):
	@$(MAKE) --no-print-directory delineator

# One step of 'make weights' each; two run side by side where neither needs the other. What a command prints, and how
# long it took, lies in $(LOGS).
define step
	@begun=$$(date +%s); $(BIN)/cardiov $(1) > $(LOGS)/$@-$(2).log 2>&1 || { tail -20 $(LOGS)/$@-$(2).log >&2; exit 1; }; \
		echo "$$(($$(date +%s) - begun)) s  cardiov $(1)" | tee -a $(TIMES)
endef

measured:
	$(call step,data measure --data $(PTBXL) --processes $(JOBS),1)

detectors: measured
	$(call step,train-findings --data $(PTBXL) --out weights/findings,1)

forest: detectors
	$(call step,train --recipe measurements --data $(PTBXL) --out weights,1)

# What was read for the forest is kept and taken by these four.
trained-%: forest
	$(call step,train --recipe $* --data $(PTBXL) --out runs/$*,1)
	@cp runs/$*/$*.json runs/$*/$*.oof.csv runs/$*/$*.safetensors weights/

boosting: forest
	$(call step,train --recipe boosted --data $(PTBXL) --out weights,1)

statements: boosting
	$(call step,train-statements --data $(PTBXL) --out weights/statements,1)
	$(call step,findings-check $(PTBXL) --ship,2)
	$(call step,passport --model measurements --data $(PTBXL) --ship,3)

# After the range, since both write into a network's card.
maps: range
	$(call step,passport --model cardiov-compact --data $(PTBXL) --ship,1)
	$(call step,passport --model xresnet1d18 --data $(PTBXL) --ship,2)

# After these, since it writes into the cards of all four.
range: trained-cardiov-compact trained-xresnet1d18 statements
	$(call step,scope-check --model measurements --model boosted --model cardiov-compact --model xresnet1d18 \
		--data $(PTBXL) --foreign $(CARDIOV_DATA)/ludb --foreign $(CARDIOV_DATA)/cinc-samples --ship,1)

blend: maps
	$(call step,train --recipe combined --data $(PTBXL) --out weights,1)

evaluated-%: blend
	$(call step,evaluate --data $(PTBXL) --folds 1-9 --model $* --ship,1)

evaluated: evaluated-measurements evaluated-boosted evaluated-cardiov-compact evaluated-xresnet1d18
	$(call step,evaluate --data $(PTBXL) --folds 1-9 --model combined --against measurements --against boosted \
		--against cardiov-compact --against xresnet1d18 --ship,1)

$(PTBXL):
	@$(BIN)/python $(CARDIOV_DATA)/ptb-xl-more/unpack $(PTBXL)

bench: $(STAMP) ## Time analysis, start, evaluation and training, each against its bar
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/performance.py
	@$(BIN)/python benchmarks/first_result.py
	@test ! -d $(CARDIOV_DATA)/ptb-xl-subset || $(BIN)/python benchmarks/training.py $(CARDIOV_DATA)/ptb-xl-subset

faults: $(STAMP) ## Break database, disk and clock; kill writers within a save (KILLS=100)
	@$(BIN)/python tests/faults --kills $(KILLS)

soak: $(STAMP) ## Many sessions at once against a real server (SESSIONS=50 MINUTES=10)
	@$(BIN)/python benchmarks/soak.py --sessions $(SESSIONS) --minutes $(MINUTES)

fuzz: $(STAMP) ## Throw damaged files at every reader (EXECUTIONS=20000)
	@nice -n 19 $(BIN)/python tests/fuzz --executions $(EXECUTIONS)

SUPPLY := .venv-supply

$(SUPPLY)/.installed: deploy/supply-chain.txt
	@test -x $(SUPPLY)/bin/python || $(PYTHON) -m venv $(SUPPLY)
	@$(SUPPLY)/bin/python -m pip install -q --disable-pip-version-check -r deploy/supply-chain.txt
	@touch $@

lock: $(SUPPLY)/.installed ## Write deploy/requirements.lock anew: all packages of an installation with their checksums
	@head -n 2 deploy/requirements.lock > $(SUPPLY)/lock
	@$(SUPPLY)/bin/uv pip compile pyproject.toml --extra postgres --extra dicom -c constraints.txt --universal \
		--python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --quiet >> $(SUPPLY)/lock
	@mv $(SUPPLY)/lock deploy/requirements.lock

sbom: $(APP_STAMP) $(SUPPLY)/.installed ## Write sbom.json, the bill of materials of .venv (CycloneDX)
	@$(SUPPLY)/bin/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --mc-type application \
		--output-reproducible --output-format JSON --output-file sbom.json
	@echo sbom.json

image-lint: ## Lint the image file with hadolint, where it is installed
	@command -v hadolint >/dev/null || { echo "hadolint is not installed here; tests/test_deployment.py holds its rules that matter" >&2; exit 1; }
	@hadolint Dockerfile

audit: $(SUPPLY)/.installed ## Known weaknesses of the locked packages; says when the service cannot be reached
	@sh deploy/audit.sh $(SUPPLY)/bin/pip-audit

clean: ## Remove the environment and all caches
	@rm -rf $(VENV) $(SUPPLY) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
