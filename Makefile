# `make` shows what there is. Everything here also runs in CI (.ci/run).

ENGINE_JAR := tests/engine/target/engine.jar
TOOLS := target/tools/bin
CHART_VALUES := smallest everything
# In this order: the later ones take the values of the first.
CHART_PAGES := docs/deploy.md docs/operating.md helm/README.md

.DEFAULT_GOAL := help
.PHONY: help demo ui test docs-test dist pictures chart audit chart-test dashboard-test otlp-test engine keycloak soak fuzz bench setup parity clients fmt update

help: ## show this
	@echo "tenantgate: keeps the applications of a shared Camunda 7 engine inside their own tenants"
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-15s %s\n", $$1, $$2 }'

demo: setup engine ## two applications on one engine, from nothing; stays up until Ctrl-C (ONCE=1: ends after the story)
	cargo build --bin tenantgate --example demo $(if $(filter-out 0,$(ONCE)),,--example task-list)
	@ONCE=$(ONCE) cargo run -q --example demo

ui: setup engine ## the task list in headless Chromium: people, races, faults, axe-core (UPDATE=1: the pictures in docs/)
	tests/ui/setup
	cargo build --example task-list
	tests/run cargo test --test ui -- --nocapture

test: setup ## formatting, lints, docs, chart, unit tests, tests against a real engine
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo clippy --features otlp -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items
	@$(MAKE) --no-print-directory chart engine
	tests/clients/setup javascript
	tests/run sh -c 'cargo test && cargo test --test clients -- javascript modeler'
	cargo bench --profile dev --bench micro -- --test

docs-test: ## the documents: every command run or rendered, links, schemas, workflows, compose, Terraform, forbidden phrases
	tests/docs/setup
	cargo build --bin tenantgate
	cargo test --test gateway -- docs:: packaging:: command_line::
	@tests/tools/get helm
	tests/chart/docs template $(CHART_PAGES)
	tests/docs/check

dist: ## what a release holds: archive with man pages and completions, bill of materials, checksums (target/dist)
	tests/tools/dist

pictures: setup engine ## the pictures of docs/: the overview, and the dashboard over a Prometheus that scrapes a gateway
	@tests/tools/get prometheus
	tests/docs/setup pictures
	tests/docs/overview
	TENANTGATE_PROMETHEUS=$(CURDIR)/$(TOOLS) TENANTGATE_PICTURE=$(CURDIR)/docs/images/dashboard.png tests/run cargo test --test gateway dashboard -- --ignored

keycloak: setup engine ## the gateway before a real Keycloak (fetched from Maven Central, 177 MB, once)
	tests/run tests/issuers/keycloak/run cargo test --test issuers -- --ignored keycloak

soak: setup engine ## ten minutes of fifty tenants while engine and issuer fail and replicas restart (SOAK_SECONDS)
	benches/programs haproxy
	tests/run cargo test --test soak -- --nocapture

fuzz: setup engine ## every fuzz target for FUZZ_SECONDS (60) each; installs nightly Rust and cargo-fuzz when missing
	fuzz/run

bench: setup engine ## CPU a request beside nginx and HAProxy, each step by itself, growth; writes docs/performance.md
	benches/run

chart: ## the chart's lint, unit tests and documents (part of `make test`)
	@tests/tools/get helm helm-unittest
	@for values in $(CHART_VALUES); do $(TOOLS)/helm lint --strict --quiet helm -f helm/ci/$$values-values.yaml || exit 1; done
	$(TOOLS)/helm-unittest helm
	tests/chart/docs template $(CHART_PAGES)
	cargo build --quiet --bin tenantgate
	tests/chart/config target/debug/tenantgate $(CHART_VALUES)

audit: ## licences, bans, sources, bill of materials, image, the chart's manifests
	@tests/tools/get cargo-deny cargo-cyclonedx hadolint helm kubeconform kube-score schemas
	$(TOOLS)/cargo-deny --config .deny.toml check bans licenses sources
	@echo "advisories are NOT checked: their database is on no package registry (cargo deny check advisories)"
	tests/tools/sbom
	tests/tools/image-check
	tests/chart/manifests $(CHART_VALUES)

chart-test: ## the chart on a real Kubernetes API server: install, upgrade, rollback, uninstall
	@tests/tools/get helm kube-apiserver kubectl schemas
	tests/chart/run $(CHART_PAGES)

dashboard-test: setup engine ## alerts by promtool; the dashboard's queries on a Prometheus that scrapes a gateway
	@tests/tools/get prometheus
	$(TOOLS)/promtool check rules helm/files/rules.yaml
	$(TOOLS)/promtool test rules tests/prometheus/rules_test.yaml
	TENANTGATE_PROMETHEUS=$(CURDIR)/$(TOOLS) tests/run cargo test --test gateway dashboard -- --ignored

otlp-test: setup engine ## the build that exports spans (feature `otlp`): lints, and a collector that gets them
	cargo clippy --all-targets --features otlp -- -D warnings
	cargo test --features otlp --lib telemetry
	tests/run cargo test --features otlp --test gateway otlp

engine: $(ENGINE_JAR) ## build the stock engine of tests and demo, when its sources changed
	@:

$(ENGINE_JAR): tests/engine/pom.xml $(shell find tests/engine/src -type f)
	@echo "engine: building (the first time downloads its libraries)"
	cd tests/engine && mvn -q -B package
	@touch $@

setup: ## install what is missing: a JDK and Maven (as root or with sudo)
	@tests/setup

parity: setup engine ## own reads and writes through the gateway and at the engine, side by side
	tests/run cargo test --test parity -- --nocapture

clients: setup engine ## real clients of the engine, unchanged, against the gateway
	tests/clients/setup javascript python java
	tests/run cargo test --test clients -- --nocapture

fmt: ## format the code
	cargo fmt

update: ## write the files anew that are made from the code (docs, schemas)
	UPDATE=1 cargo test --lib up_to_date
