# Every target does its own set-up: npm's packages, the pinned Node, and the Debian packages it needs.
.PHONY: setup build check test chaos sim sim-hashes demo bench docs clean
.DEFAULT_GOAL := check

NODE := node_modules/.bin/node
RUN := $(NODE) --disable-warning=ExperimentalWarning
TEST := $(RUN) --test --test-reporter=spec
TEST_PACKAGES := python3-flask gunicorn nginx systemd python3 bsdutils procps util-linux stress-ng openssl

setup:
	@scripts/setup.sh

build: setup
	node_modules/.bin/tsc -b

check: build
	node_modules/.bin/oxlint --type-aware --deny-warnings
	node_modules/.bin/prettier --check --log-level=warn .

# Pure tests side by side; those that run real services one file after the other, as they share two cores.
test:
	@scripts/setup.sh $(TEST_PACKAGES)
	$(TEST) $$(find test -name '*.test.ts' -not -path 'test/integration/*' | sort)
	$(TEST) --test-concurrency=1 $$(find test/integration -name '*.test.ts' | sort)

# Many seeds of the simulated world, on all cores; FROM=S begins elsewhere, SWARM=NAME draws from another swarm, SEED=S prints the
# timeline of one seed, CASE=FILE that of a failure which was shrunk.
SEEDS ?= 2000
SWARM ?= usual
SIM = $(if $(CASE),--case $(CASE),--swarm $(SWARM) $(if $(SEED),--seed $(SEED),--seeds $(SEEDS) $(if $(FROM),--from $(FROM))))
sim: setup
	$(RUN) test/sim/main.ts $(SIM)

# The same seeds on the pinned and on the newest Node: both must print the same hash.
sim-hashes: setup
	@$(RUN) test/sim/hashes.ts --seeds 1000

# Random faults against real processes for so many seconds; the seed gives the same faults in the same order.
chaos: SECONDS ?= 60
chaos: SEED ?= 1
chaos: setup
	@$(RUN) test/chaos/main.ts --seconds $(SECONDS) --seed $(SEED)

demo: setup
	@bin/hotwarm demo

bench:
	@scripts/setup.sh stress-ng procps util-linux haproxy nginx wrk nghttp2-client slowhttptest python3-flask gunicorn
	@missed=; \
	for bench in detect.ts takeover.ts socket.ts failover.ts proxy.ts agent-kill.ts proxy-kill.ts cost.ts 'cost.ts --gib 1' \
		soak.ts abuse.ts plan.ts sim.ts; do \
		echo "== bench/$$bench"; \
		$(RUN) bench/$$bench || missed="$$missed bench/$$bench"; \
	done; \
	[ -z "$$missed" ] || { echo "did not pass:$$missed" >&2; exit 1; }

# docs/reference is generated from the schema, the error catalogue and the model's known results.
docs: setup
	$(RUN) src/config/reference.ts
	$(RUN) test/model/cases/page.ts

clean:
	rm -rf dist node_modules
