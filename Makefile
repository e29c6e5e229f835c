# `make` shows what there is. Everything here also runs in CI (.ci/run).

ENGINE_JAR := tests/engine/target/engine.jar

.DEFAULT_GOAL := help
.PHONY: help demo test engine keycloak fuzz bench setup fmt

help: ## show this
	@echo "tenantgate: keeps the applications of a shared Camunda 7 engine inside their own tenants"
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-8s %s\n", $$1, $$2 }'

demo: setup engine ## two applications on one engine, from nothing; stays up until Ctrl-C (ONCE=1: ends after the story)
	cargo build --bin tenantgate --example demo
	@ONCE=$(ONCE) cargo run -q --example demo

test: setup ## formatting, lints, docs, unit tests, tests against a real engine
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items
	@$(MAKE) --no-print-directory engine
	tests/run cargo test

keycloak: setup engine ## the gateway before a real Keycloak (fetched from Maven Central, 177 MB, once)
	tests/run tests/issuers/keycloak/run cargo test --test issuers -- --ignored keycloak

fuzz: ## every fuzz target for FUZZ_SECONDS (60) each; installs nightly Rust and cargo-fuzz when missing
	fuzz/run

bench: setup ## figures as ratios: keys on an issuer's bad day, CPU a request beside nginx and HAProxy
	benches/run

engine: $(ENGINE_JAR) ## build the stock engine of tests and demo, when its sources changed
	@:

$(ENGINE_JAR): tests/engine/pom.xml $(shell find tests/engine/src -type f)
	@echo "engine: building (the first time downloads its libraries)"
	cd tests/engine && mvn -q -B package
	@touch $@

setup: ## install what is missing: a JDK and Maven (as root or with sudo)
	@tests/setup

fmt: ## format the code
	cargo fmt
