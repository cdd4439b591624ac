# `make help` lists what there is. CARGO_TARGET_DIR and TEST_DATABASE_URL, TEST_REDIS_URL (see scripts/services) are honoured.

SERVICES = scripts/services run
CARGO_TARGET_DIR ?= target
export CARGO_TARGET_DIR

.PHONY: help test test-sqlite test-postgres lint contract run bench docs services

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

test: ## All tests, on SQLite and on PostgreSQL with Redis
	$(SERVICES) $(MAKE) --no-print-directory test-sqlite test-postgres

test-sqlite: ## All tests, the integration tests on SQLite
	TEST_DATABASE=sqlite $(SERVICES) cargo test --workspace

test-postgres: ## The integration tests on PostgreSQL with Redis: only they depend on the database
	TEST_DATABASE=postgres $(SERVICES) cargo test --workspace --test it

lint: ## Formatting, lints, documentation of the code
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

contract: ## The contract suite of ../shared/contract, without what is not built yet
	cargo build
	$(SERVICES) scripts/contract --bin $(CARGO_TARGET_DIR)/debug/selflink

run: ## An instance with demo accounts on http://localhost:8000/
	cargo run --release -- serve --demo

bench: ## Requests per second of every scenario, on both databases
	cargo build --release -p selflink -p bench
	$(SERVICES) sh -c '$(CARGO_TARGET_DIR)/release/bench all --postgres-url "$$TEST_DATABASE_URL"'

docs: ## docs/configuration.md, from the code
	cargo run --quiet -- config --markdown > docs/configuration.md

services: ## Starts what the tests need; prints how to use it and how to stop it
	@scripts/services start
	@echo '# paste the line above into a shell; `scripts/services stop` there ends them'
