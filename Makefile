# Two commands do all the set-up on a fresh Debian machine with Rust, Python 3 with pip and Node: `make run` and `make test`.

NEUVO := target/release/neuvo
NEUVO_DEV := target/debug/neuvo
SHELL := /bin/bash

.PHONY: run test check fmt lint doc bench browser phone eval tools models

## Builds, fetches the weights and serves on http://127.0.0.1:8080
run: tools $(NEUVO)
	$(NEUVO) models pull
	$(NEUVO) serve

## Everything that continuous integration checks
test: tools fmt lint
	cargo build --locked
	$(NEUVO_DEV) models pull
	$(NEUVO_DEV) kb check
	cargo nextest run --locked
	$(MAKE) browser
	$(MAKE) phone
	$(MAKE) doc

fmt:
	cargo fmt --check

lint:
	cargo clippy --locked --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc --locked --no-deps --document-private-items

## The chat widget in Chromium against the server of `cargo build`
browser:
	@command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq chromium)
	cd tests/browser && npm ci --loglevel=error --no-audit --no-fund && npm run --silent types && npm test --silent

## The phone channel against the gateways' own packages
phone:
	cd tests/phone && npm ci --loglevel=error --no-audit --no-fund && npm test --silent

## The quality of the answers on the held-out questions
eval: tools $(NEUVO)
	$(NEUVO) models pull
	$(NEUVO) eval --compare tests/questions/test.tsv tests/questions/test-off-topic.tsv

## Speed: whole turns, and the encoder beside its peers
bench: tools $(NEUVO)
	$(NEUVO) bench turn
	$(NEUVO) bench embed
	cargo bench --locked

.PHONY: $(NEUVO)
$(NEUVO):
	cargo build --locked --release

tools:
	@command -v cc >/dev/null || (apt-get update -qq && apt-get install -y -qq build-essential)
	@command -v cmake >/dev/null && command -v c++ >/dev/null || (apt-get update -qq && apt-get install -y -qq cmake g++)
	@command -v festival >/dev/null && command -v espeak-ng >/dev/null && test -d /usr/share/festival/voices/finnish || \
		(apt-get update -qq && apt-get install -y -qq festival festvox-suopuhe-mv espeak-ng)
	@python3 -m pip --version >/dev/null 2>&1 || (apt-get update -qq && apt-get install -y -qq python3-pip)
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || (apt-get update -qq && apt-get install -y -qq postgresql)
	@cargo nextest --version >/dev/null 2>&1 || cargo install --locked cargo-nextest
