# Needs Rust, make, a C compiler and python3-venv, and nothing else.
# Everything is built below $(TARGET) and kept below .trove (or $TROVE_STATE_DIR).

TARGET := $(or $(CARGO_TARGET_DIR),target)
TOOLS := $(TARGET)/tools
# Newest that the workspace's Rust builds.
CARGO_DENY := 0.18.9

# Programs that tests unpack are kept here. As root every instance has a user of its own, who
# can't get to a build directory below a closed one.
as_nobody := $(if $(filter 0,$(shell id -u)),setpriv --reuid 65534 --regid 65534 --clear-groups)
IMAGES = $(if $(shell $(as_nobody) test -x $(abspath $(TARGET)) && echo yes),$(abspath $(TARGET))/images,/var/tmp/trove-test-images)

.PHONY: help build run remove test test-long test-later bench lint fmt advisories

help: ## What there is
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

build: ## The programs, for running
	cargo build --locked --release --bins -p cli -p gateway -p taskmanager -p guestagent

run: build ## The local stack, in the foreground until Ctrl-C
	@exec $(TARGET)/release/trove stack

remove: build ## Deletes the local stack with all its databases; asks for YES=1
	@$(TARGET)/release/trove remove $(if $(filter 1,$(YES)),--delete-all-data)

# One build of programs and tests together, so that dependencies are built once.
test: export TROVE_IMAGES_DIR ?= $(IMAGES)
test: ## All tests, with real servers and clients
	cargo build --locked --workspace --all-targets
	cargo test --locked --workspace --no-fail-fast

test-long: export TROVE_IMAGES_DIR ?= $(IMAGES)
test-long: test test-later ## And what agents do, with later versions of each engine too

test-later: export TROVE_IMAGES_DIR ?= $(IMAGES)
test-later: ## Of that only what VERSION is in the name of, such as VERSION=postgresql_17
	cargo test --locked --workspace --test instance -- --ignored $(VERSION)

bench: export TROVE_IMAGES_DIR ?= $(IMAGES)
bench: build ## Creation against a bare engine, requests per second, memory
	cargo bench --locked -p e2e --bench stack

fmt: ## Formats the code
	cargo fmt --all

lint: $(TOOLS)/bin/cargo-deny ## Static checks
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --quiet
	$(TOOLS)/bin/cargo-deny --locked check bans licenses sources

advisories: $(TOOLS)/bin/cargo-deny ## Known flaws in dependencies; needs github.com
	@$(TOOLS)/bin/cargo-deny --locked fetch db >/dev/null 2>&1 || \
		{ echo 'The advisory database at github.com/rustsec can not be reached: nothing was checked.' >&2; exit 1; }
	$(TOOLS)/bin/cargo-deny --locked check --disable-fetch advisories

# Unoptimised: it takes a second to run and minutes to optimise.
$(TOOLS)/bin/cargo-deny:
	CARGO_PROFILE_DEV_DEBUG=0 cargo install cargo-deny --version $(CARGO_DENY) --locked --debug --quiet \
		--root $(TOOLS) --target-dir $(TOOLS)/build
