# Bare `make` prints help. Recipes are one or two lines; logic lives in Python.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The walkthrough's tape: nothing for the synthetic one, or TAPE=file.gz TICKER=ETH.
TAPE ?=
TICKER ?= SOL
MINUTES ?= 10
SEEDS ?= 100
LOGS ?= 20000
FROM ?= 1
# Test processes side by side: much of the time tests wait.
WORKERS ?= 3
STRATEGIES ?=
TLS ?= off

.DEFAULT_GOAL := help
.PHONY: sim-teeth survive fuzz help demo up down logs test fmt check unit property integration contract e2e sim chaos bench container footprint cov schemas lock keys docker-demo clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.services: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tandem needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setting up $(VENV) (once)"; $(BIN)/python -m pip install -q --disable-pip-version-check -c requirements.lock -e '.[services,local]'
	@touch $@

$(VENV)/.dev: $(VENV)/.services
	@$(BIN)/python -m pip install -q --disable-pip-version-check 'pip>=25.1'
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c requirements.lock --group dev
	@touch $@

demo: $(VENV)/.services ## the walkthrough, end to end, on paper exchanges (TAPE=… TICKER=ETH for recorded data)
	@$(BIN)/python -m examples.walkthrough --local --ticker $(TICKER) $(if $(TAPE),--tape $(TAPE))

up: $(VENV)/.services ## start everything and leave it running; prints the addresses
	@$(BIN)/tandem up $(if $(TAPE),--tape $(TAPE) --ticker $(TICKER))

down: $(VENV)/.services ## stop what `make up` started
	@$(BIN)/tandem down

logs: ## follow the logs of what `make up` started
	@tail -n 50 -F .run/logs/*.log

test: $(VENV)/.dev ## every test that needs no Docker; sets itself up
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder --max-worker-restart 0 --ignore tests/container tests

unit: $(VENV)/.dev ## pure tests, milliseconds each
	@$(BIN)/python -m pytest -q tests/unit

property: $(VENV)/.dev ## Hypothesis and model tests
	@$(BIN)/python -m pytest -q tests/property

contract: $(VENV)/.dev ## schemas, tree and compose rules
	@$(BIN)/python -m pytest -q tests/contract

integration: $(VENV)/.dev ## real nats-server, Redis-protocol server, paper exchanges, official SDKs
	@$(BIN)/python -m pytest -q tests/integration

e2e: $(VENV)/.dev ## whole processes, killed and restarted
	@$(BIN)/python -m pytest -q tests/e2e

sim: $(VENV)/.dev ## the whole system on virtual time, SEEDS=n worlds with faults (FROM=first seed)
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS) --from $(FROM)

survive: $(VENV)/.dev ## every fold on LOGS=20000 broken logs, in two copies (FROM=first seed)
	@$(BIN)/python -m tests.property.survival --logs $(LOGS) --from $(FROM)

fuzz: $(VENV)/.dev ## changed frames and answers to both gateways' codecs for MINUTES=10, a fresh seed each time (SEED=n)
	@$(BIN)/python -m tests.fuzz --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

sim-teeth: $(VENV)/.dev ## plant deliberate bugs one at a time: each must be caught
	@$(BIN)/python -m tests.simulation.teeth

chaos: $(VENV)/.services ## real processes killed at random for MINUTES=10, judged by the exchanges' books (SEED=n)
	@$(BIN)/python -m examples.chaos --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

container: $(VENV)/.dev ## the desk in containers: killed, frozen, copied, upgraded, inspected (needs Docker)
	@$(BIN)/python -m pytest -q tests/container

footprint: $(VENV)/.services ## what the desk in containers costs: image, start, idle, memory (needs Docker)
	@$(BIN)/python -m examples.bench.footprint

fmt: $(VENV)/.dev ## format and fix what can be fixed
	@$(BIN)/ruff check -q --fix . ; $(BIN)/ruff format -q .

check: $(VENV)/.dev ## ruff, mypy --strict, import-linter, schema drift
	@$(BIN)/ruff format --check -q . && $(BIN)/ruff check -q . && $(BIN)/mypy
	@$(BIN)/lint-imports --no-cache && $(BIN)/python -m tandem.cli.schemas --check

schemas: $(VENV)/.services ## write schemas/ from tandem.messages
	@$(BIN)/python -m tandem.cli.schemas

bench: $(VENV)/.dev ## fill-to-taker latency, beside the plumbing's floor where its script is; log and fold rates; memory
	@$(BIN)/python -m examples.bench

cov: $(VENV)/.dev ## coverage with branches
	@$(BIN)/python -m pytest -q --cov --cov-report=term-missing:skip-covered tests/unit tests/property tests/contract

keys: $(VENV)/.services ## make the users' keys below .keys/ (STRATEGIES="alpha beta" adds strategies; TLS=on certificates)
	@$(BIN)/python -m tandem.cli.keys --strategy $(STRATEGIES) --tls $(TLS)

docker-demo: ## the same walkthrough in containers
	@docker compose up --build --wait && docker compose logs --no-log-prefix demo

clean: ## remove the virtual environment and run files
	@rm -rf $(VENV) .run build *.egg-info
