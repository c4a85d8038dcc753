# Everything one does in a checkout. Needs Python 3.11 or newer with venv, git and make; nothing else.

.DEFAULT_GOAL := help
.PHONY: help install install-dev frontend run test torture bench reindex reencrypt wheel lint format lock chromium clean
MAKEFLAGS += --no-builtin-rules --no-print-directory
.NOTPARALLEL:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
NPM := $(BIN)/npm

# Once the development packages are there, `make install` keeps them.
LOCK := $(if $(wildcard $(VENV)/dev.stamp),dev,run)
PACKAGES := $(wildcard core gitlab_bridge storage_sites ledger outgoing app labset devstack tools tests bench wsgi.py)
TEMPLATES := $(wildcard templates devstack/templates devstack/gitlab/templates)
CHROMIUM := /usr/bin/chromium

# Trust whom the machine trusts (a company's proxy, say), not only the lists inside uv and node.
SYSTEM_CERTIFICATES := $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem)
ifneq ($(SYSTEM_CERTIFICATES),)
export UV_SYSTEM_CERTS ?= 1
export NODE_USE_SYSTEM_CA ?= 1
endif

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- set-up -----------------------------------------------------------------------------------

install: $(VENV)/labset.stamp frontend ## creates .venv and installs what the server and the demo need

install-dev: $(VENV)/dev.stamp install ## the same, with the tools for tests and lint

frontend: app/static/vendor/.stamp ## fetches the browser's packages and puts their files into app/static/vendor

# uv comes out of the lock as well, checked against its hash, so that no version stands anywhere else.
$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Labset needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3")'
	$(PYTHON) -m venv $(VENV)
	@sed -n '/^uv==/,/# via/p' requirements/run.txt > $(VENV)/installer.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/installer.txt

# Where only pip knows the way to the packages (a proxy, a mirror), it does the same more slowly.
define sync
$(UV) pip sync --quiet --require-hashes requirements/$(1).txt \
	|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$(1).txt
endef

$(VENV)/run.stamp: requirements/run.txt | $(UV)
	$(call sync,run)
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt | $(UV)
	$(call sync,dev)
	@touch $@ $(VENV)/run.stamp

# The client as it lies in the checkout: the command `.venv/bin/labset`, and its file system for fsspec.
EDITABLE := --quiet --no-deps --no-build-isolation --editable .
$(VENV)/labset.stamp: pyproject.toml $(VENV)/$(LOCK).stamp
	$(UV) pip install $(EDITABLE) || $(BIN)/python -m pip install --disable-pip-version-check $(EDITABLE)
	@touch $@

app/static/vendor/.stamp: package.json package-lock.json tools/frontend.py | $(VENV)/$(LOCK).stamp
	PATH="$(CURDIR)/$(BIN):$$PATH" $(NPM) ci --loglevel=error
	$(BIN)/python -m tools.frontend
	@touch $@

chromium:
	@if [ ! -x $(CHROMIUM) ] && [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		echo "installing chromium for the browser tests"; \
		apt-get update -qq < /dev/null && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium < /dev/null > /dev/null; \
	elif [ ! -x $(CHROMIUM) ]; then \
		echo "$(CHROMIUM) is not there and this user may not install it: the browser tests are skipped"; \
	fi

lock: $(VENV)/dev.stamp ## compiles requirements/*.txt from pyproject.toml and package-lock.json from package.json
	$(UV) pip compile $(COMPILE) --group dev --output-file requirements/dev.txt
	$(UV) pip compile $(COMPILE) --group server --group stack --constraints requirements/dev.txt --output-file requirements/run.txt
	PATH="$(CURDIR)/$(BIN):$$PATH" $(NPM) install --package-lock-only --loglevel=error

COMPILE := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header $(UPGRADE)

# ---- running ----------------------------------------------------------------------------------

run: install ## serves Labset with its embedded GitLab look-alike, S3 and demo data; Ctrl-C ends it all
	@exec $(BIN)/python -m devstack

reindex: install ## rebuilds what the ledger mirrors from GitLab and the storage sites
	@$(EMBEDDED) $(BIN)/python -m app.reindex

reencrypt: install ## writes all secrets of the ledger anew with the first key, after LABSET_SECRET_KEY changed
	@$(EMBEDDED) $(BIN)/python -m app.reencrypt

# What `make run` started the server with, where it did; a real installation has its own environment.
EMBEDDED := set -a; kept="$${LABSET_HOME:-var}/labset.env"; [ -n "$$LABSET_SECRET_KEY" ] || [ ! -f "$$kept" ] || . "$$kept"; exec

wheel: install-dev ## builds what people install: dist/labset-*.whl with the client alone
	@rm -rf dist
	$(BIN)/python -m hatchling build --target wheel

# ---- looking after it -------------------------------------------------------------------------

test: install-dev chromium ## all tests but the torture, with the real servers; FLAGS go to pytest
	@$(BIN)/pytest -n auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder $(FLAGS)

torture: install-dev ## crash loops, fault proxy, attacks
	@$(BIN)/pytest tests/torture $(FLAGS)

bench: install-dev ## Labset and its peers on the same work in one run, as medians and ratios; FLAGS go to it
	@$(BIN)/python -m bench $(FLAGS)

lint: install-dev ## style, types, import contracts, templates
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(PACKAGES)
	$(BIN)/lint-imports --no-logo
	$(if $(TEMPLATES),$(BIN)/djlint $(TEMPLATES) --quiet --lint)
	$(if $(TEMPLATES),$(BIN)/djlint $(TEMPLATES) --quiet --check)
	@echo "lint: clean"

format: install-dev ## puts everything into the house's form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(if $(TEMPLATES),-$(BIN)/djlint $(TEMPLATES) --quiet --reformat)

clean: ## removes what set-up and tools made, never the data in var/
	rm -rf $(VENV) node_modules app/static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find $(PACKAGES) -name __pycache__ -type d -prune -exec rm -rf {} +
