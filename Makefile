# SPDX-License-Identifier: Apache-2.0
# A thin door to scripts/ and Meson; `make help` lists the targets.

PREFIX = /usr/local
DESTDIR =

all: ## release build: build/conduit-connector-s3
	@scripts/build.sh release

deps: ## install what build and tests need (apt packages, Python environment in build/venv)
	@scripts/deps.sh all

demo: ## watch a bucket become records and JSON files; ends within a minute
	@./demo.sh

demo-conduit: ## a pipeline of a real Conduit; the first run builds Conduit (needs Go >= 1.25)
	@scripts/demo-conduit.sh

dist: ## release archive and its checksum in build/dist
	@scripts/deps.sh build
	@scripts/dist.sh

conduit: ## build Conduit, the reference connector and our host for plugins into build/conduit (needs Go >= 1.25)
	@scripts/conduit-build.sh

test: ## deps, lint, builds, every suite
	@./test.sh

test-integration: ## the real-server suites, against AWS_* from the environment or a local Ceph
	@scripts/deps.sh all
	@scripts/build.sh release
	@scripts/integration.sh

bench: ## one table: figure, goal, measured
	@scripts/deps.sh build
	@scripts/build.sh release
	@scripts/bench.sh
	@scripts/bench-conduit.sh

asan: ## unit and component tests under ASan and UBSan
	@scripts/build.sh asan
	@scripts/meson-test.sh asan

tsan: ## unit and component tests under TSan
	@scripts/build.sh tsan
	@scripts/meson-test.sh tsan

soak: ## long runs: models and kill-and-resume loops with many seeds
	@scripts/deps.sh all
	@scripts/build.sh release
	@scripts/build.sh asan
	@scripts/soak.sh

fuzz: ## each fuzz target for FUZZ_SECONDS (30) from its corpus
	@scripts/deps.sh fuzz
	@scripts/build.sh fuzz
	@scripts/fuzz.sh

lint: ## every check of scripts/lint/
	@scripts/deps.sh lint
	@scripts/lint.sh

format: ## format all C files in place
	@scripts/deps.sh lint
	@scripts/format.sh --write

install: all ## install below $(DESTDIR)$(PREFIX)
	@scripts/build.sh install "$(PREFIX)" "$(DESTDIR)"

clean: ## remove everything that was built; build/venv stays
	@rm -rf build/release build/asan build/tsan build/fuzz build/conduit-connector-s3

help:
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | sort | expand -t 20

.PHONY: all deps demo demo-conduit dist conduit test test-integration bench asan tsan soak fuzz lint format install clean help
