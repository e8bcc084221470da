# Mneme: every command there is. `make help` prints them.

BUILD ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
SANITIZE ?=
SECONDS ?= 60
CASE ?= rack

PACKAGES := libzmq libprotobuf-c yaml-0.1 sqlite3 libsodium libzstd jansson
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
OPTIMISE ?= -O2 -g
CFLAGS_ALL := -std=c11 -D_GNU_SOURCE $(OPTIMISE) $(WARNINGS) -fno-common -fstack-protector-strong \
              -fPIC -fno-semantic-interposition -MMD -MP $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
              -fno-omit-frame-pointer)
LDFLAGS_ALL := $(if $(SANITIZE),-fsanitize=$(SANITIZE)) -pthread
LIBS = $(shell pkg-config --libs $(PACKAGES)) -lm

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

# ---- parts -------------------------------------------------------------------------------------
# Each part is a folder, compiled with only the include paths it may use (CONTRIBUTING.md), and
# becomes one archive. part(archive, folder, include flags)

GEN := $(BUILD)/gen
PROTO := $(wildcard schema/proto/*.proto)
PROTO_C := $(patsubst schema/proto/%.proto,$(GEN)/%.pb-c.c,$(PROTO))
PROTO_H := $(PROTO_C:.c=.h)
ARCHIVES :=
ALL_OBJECTS :=

define part
$(1)_SOURCES := $$(filter-out %/main.c,$$(wildcard $(2)/*.c))
$(1)_OBJECTS := $$(patsubst %.c,$(BUILD)/obj/%.o,$$($(1)_SOURCES))
$(BUILD)/lib/lib$(1).a: $$($(1)_OBJECTS)
$(BUILD)/obj/$(2)/%.o: INCLUDES := $(3)
ALL_OBJECTS += $$($(1)_OBJECTS)
ARCHIVES += $(BUILD)/lib/lib$(1).a
endef

$(eval $(call part,mn_base,schema/base,-Ischema))
$(eval $(call part,mn_wire,schema/wire,-Ischema -I$(GEN)))
$(eval $(call part,mn_docs,schema/docs,-Ischema))
$(eval $(call part,mn_net,schema/net,-Ischema))
$(eval $(call part,mn_store,schema/store,-Ischema))
$(eval $(call part,coordinator_core,coordinator/core,-Ischema))
$(eval $(call part,coordinator_shell,coordinator/shell,-Ischema -Icoordinator))
$(eval $(call part,coordinator_cli,coordinator/cli,-Ischema -Icoordinator))
$(eval $(call part,agent_core,agent/core,-Ischema))
$(eval $(call part,agent_shell,agent/shell,-Ischema -Iagent))
$(eval $(call part,vat_core,agent/vat/core,-Ischema))
$(eval $(call part,mneme,agent/vat,-Ischema -Iagent/vat))
$(eval $(call part,bank,simulations/bank,-Iagent/vat))
$(eval $(call part,demo,simulations/demo,-Ischema -Iagent/vat -Isimulations))

$(eval $(call part,sim_engine,simulations/engine,-I. -Ischema -Icoordinator -Iagent -Iagent/vat -Isimulations))
$(eval $(call part,sim_observer,simulations/observer,-Ischema -Icoordinator -Isimulations))
$(eval $(call part,sim_swarm,simulations/swarm,-Ischema -Isimulations))
$(eval $(call part,sim_scenario,simulations/scenario,-I. -Ischema -Isimulations))

lib = $(patsubst %,$(BUILD)/lib/lib%.a,$(1))
SCHEMA_LIBS := $(call lib,mn_docs mn_net mn_store mn_wire proto mn_base)
VAT_LIBS := $(call lib,mneme vat_core) $(SCHEMA_LIBS)
COORDINATOR_LIBS := $(call lib,coordinator_shell coordinator_cli coordinator_core) $(SCHEMA_LIBS)
AGENT_LIBS := $(call lib,agent_shell agent_core) $(SCHEMA_LIBS)
SIM_LIBS := $(call lib,sim_swarm sim_engine sim_observer agent_core vat_core) $(COORDINATOR_LIBS)

# A program is built where its main.c is: program(name, folder of main.c)
program = $(if $(wildcard $(2)/main.c),$(BUILD)/bin/$(1))
BINARIES := $(call program,mneme,coordinator/cli) $(call program,mneme-coordinator,coordinator/shell) \
            $(call program,mneme-agent,agent/shell) $(call program,bank,simulations/bank) \
            $(call program,demo,simulations/demo) $(call program,sim,simulations/swarm) \
            $(call program,mneme-simulate,simulations/scenario)

# What the demo loads into processes that it leads through its relay.
DEMO_CUT := $(if $(wildcard simulations/demo/preload/cut.c),$(BUILD)/bin/demo-cut.so)
$(BUILD)/bin/demo-cut.so: simulations/demo/preload/cut.c | $(BUILD)/bin/
	@$(CC) -std=c11 -D_GNU_SOURCE $(OPTIMISE) $(WARNINGS) -fvisibility=hidden -fPIC -shared -o $@ $<
$(BUILD)/bin/demo: | $(DEMO_CUT)

.PHONY: all
all: $(BINARIES) $(DEMO_CUT) ## build the programs, into build/bin
$(BINARIES): | $(BUILD)/bin/
$(BUILD)/bin/mneme: $(BUILD)/obj/coordinator/cli/main.o $(COORDINATOR_LIBS)
$(BUILD)/bin/mneme-coordinator: $(BUILD)/obj/coordinator/shell/main.o $(COORDINATOR_LIBS)
$(BUILD)/bin/mneme-agent: $(BUILD)/obj/agent/shell/main.o $(AGENT_LIBS)
$(BUILD)/bin/bank: $(BUILD)/obj/simulations/bank/main.o $(call lib,bank) $(VAT_LIBS)
$(BUILD)/bin/demo: $(BUILD)/obj/simulations/demo/main.o $(call lib,demo bank) $(VAT_LIBS)
$(BUILD)/bin/sim: $(BUILD)/obj/simulations/swarm/main.o $(SIM_LIBS)
$(BUILD)/bin/mneme-simulate: $(BUILD)/obj/simulations/scenario/main.o $(call lib,sim_scenario) $(SIM_LIBS)
$(BINARIES):
	@$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)

$(BUILD)/lib/%.a: | $(BUILD)/lib/
	@rm -f $@ && ar rcs $@ $(filter %.o,$^)
$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  $(CC) $<"
	@$(CC) $(CFLAGS_ALL) $(INCLUDES) -c -o $@ $<

# What protoc generates is not ours: its warnings are not looked at.
$(BUILD)/lib/libproto.a: $(PROTO_C:.c=.o)
$(GEN)/%.pb-c.o: $(GEN)/%.pb-c.c
	@$(CC) -std=gnu11 $(OPTIMISE) -fPIC $(if $(SANITIZE),-fsanitize=$(SANITIZE)) -I$(GEN) -c -o $@ $<
$(GEN)/%.pb-c.c $(GEN)/%.pb-c.h &: schema/proto/%.proto
	@mkdir -p $(GEN)
	@protoc --proto_path=schema/proto --c_out=$(GEN) $<
$(mn_wire_OBJECTS): | $(PROTO_H)
.SECONDARY: $(PROTO_C) $(PROTO_H)

$(BUILD)/bin/ $(BUILD)/lib/ $(BUILD)/bench/ $(BUILD)/fuzz/ $(BUILD)/tests/:
	mkdir -p $@

# ---- tests -------------------------------------------------------------------------------------

TEST_SOURCES := $(shell find tests/unit -name 'test_*.c' 2>/dev/null | sort)
TEST_HELPERS := $(filter-out $(TEST_SOURCES),$(shell find tests/unit -name '*.c' 2>/dev/null | sort))
TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(TEST_SOURCES))
TEST_HELPER_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o,$(TEST_HELPERS))
TEST_INCLUDES := -I. -Ischema -Icoordinator -Iagent -Iagent/vat -Isimulations -Itests/unit -DMNEME_SOURCE='"$(CURDIR)"' \
                 -DMNEME_BUILD='"$(abspath $(BUILD))"'
$(BUILD)/obj/tests/%.o: INCLUDES := $(TEST_INCLUDES)
# What replaces a walker of protobuf-c is compared with it.
$(BUILD)/obj/tests/unit/schema/wire/%.o $(BUILD)/obj/tests/unit/oracle/%.o: INCLUDES := $(TEST_INCLUDES) -I$(GEN)
$(TEST_HELPER_OBJECTS) $(patsubst %.c,$(BUILD)/obj/%.o,$(TEST_SOURCES)): | $(PROTO_H)
ALL_LIBS := $(call lib,sim_scenario sim_engine sim_observer bank demo coordinator_shell coordinator_cli \
            coordinator_core agent_shell agent_core) $(VAT_LIBS)
# The tests in which threads of ours meet. For ThreadSanitizer no more is built than they need.
THREADED := schema/base/test_chunk schema/net/test_log schema/net/test_worker agent/shell/test_disk agent/shell/test_daemon coordinator/shell/test_recorder \
            coordinator/shell/test_recorder_evidence coordinator/shell/test_daemon_round
ifeq ($(SANITIZE),thread)
TEST_HELPERS := $(filter tests/unit/agent/shell/% tests/unit/coordinator/shell/%,$(TEST_HELPERS))
TEST_HELPER_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o,$(TEST_HELPERS))
ALL_LIBS := $(AGENT_LIBS) $(call lib,coordinator_shell coordinator_core)
endif
$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(TEST_HELPER_OBJECTS) $(ALL_LIBS)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS) -lcmocka

.PHONY: setup check unit unit-build cluster
setup:
	@deploy/bootstrap.sh

check: setup ## set up, build and pass every test; the last line is "N passed, N failed"
	@tests/check

.PHONY: threaded tsan-build tsan
threaded: $(patsubst %,$(BUILD)/tests/%,$(THREADED)) $(addprefix $(BUILD)/bin/,bank mneme mneme-agent mneme-coordinator)
tsan-build:
	@$(MAKE) --no-print-directory -s BUILD=build/tsan SANITIZE=thread OPTIMISE=-O1 threaded
# Where it is permitted addresses are not randomised: gcc 12 knows fewer layouts than kernels make.
tsan: tsan-build ## run the tests of threads under ThreadSanitizer
	@TSAN_OPTIONS="suppressions=$(CURDIR)/tests/tsan.suppressions halt_on_error=1 atexit_sleep_ms=0" \
	    $$(setarch -R true 2>/dev/null && echo setarch -R) \
	    tests/run $(patsubst %,build/tsan/tests/%,$(THREADED))

unit-build: $(TESTS) all
unit: unit-build ## run the unit tests of this build (BUILD=..., SANITIZE=...)
	@tests/run $(TESTS)

cluster: all ## run the cluster test: the demo's cases in short form, with real processes
	@tests/cluster/run $(BUILD)

# ---- simulations -------------------------------------------------------------------------------

SEEDS ?= 1000
START ?= 1
MUTANT_SEEDS ?= 2000
# A core each, among speakers that say whatever the codec takes.
HOSTILE := $(addprefix $(BUILD)/tests/,coordinator/core/test_coordinator_hostile agent/core/test_agent_hostile \
             agent/vat/test_vat_hostile)

.PHONY: swarm mutants exhaustive sim-check
swarm: $(BUILD)/bin/sim $(HOSTILE) ## simulate disasters drawn from SEEDS=1000 seeds, from START=1 on; and say anything to each core
	@$(BUILD)/bin/sim --seeds $(SEEDS) --start $(START) --out $(BUILD)/swarm; simulated=$$?; \
	    MNEME_SEEDS=$(SEEDS) MNEME_SEED=$(START) MNEME_TEST_SECONDS=0 tests/run $(HOSTILE) && exit $$simulated

mutants: $(BUILD)/bin/sim unit-build ## plant each fault of tests/mutants (or MUTANTS=...) in the cores: the swarm finds it within MUTANT_SEEDS=2000, or a test
	@COMPILE="$(CC) $(CFLAGS_ALL)" LINK="$(CC) $(LDFLAGS_ALL)" LIBS="$(LIBS)" SEEDS=$(MUTANT_SEEDS) START=$(START) \
	    tests/mutants/run $(BUILD) $(MUTANTS)

exhaustive: $(BUILD)/bin/sim ## crash every process of small runs at each of its effects, its disk whole or empty
	@$(BUILD)/bin/sim --exhaustive --out $(BUILD)/exhaustive simulations/exhaustive/*.sim

.PHONY: matrix
matrix: all $(BUILD)/bin/sim ## each cell of tests/matrix/matrix.txt (who forgets, how, when) simulated, and fifteen with real processes
	@tests/matrix/run $(BUILD)
	@tests/cluster/matrix $(BUILD) $(BUILD)/matrix-cluster

.PHONY: model
model: ## check the models of keepers and rounds, and that each rule is needed (Spin; about ten minutes)
	@tests/model/run $(BUILD)

sim-check: $(BUILD)/bin/sim $(BUILD)/bin/mneme $(BUILD)/bin/mneme-simulate
	@tests/sim $(BUILD); simulated=$$?; tests/scenarios $(BUILD) --small && exit $$simulated

# ---- people ------------------------------------------------------------------------------------

.PHONY: demo scenarios
scenarios: $(BUILD)/bin/mneme $(BUILD)/bin/mneme-simulate ## run the ready scenarios and check what they promise
	@tests/scenarios $(BUILD)

demo: setup ## stage a disaster with real processes: CASE=rack, crash, agent, coordinator, amnesia, total or partition
	@$(MAKE) --no-print-directory -s all
	@$(BUILD)/bin/demo --case $(CASE) --out $(BUILD)/demo

$(BUILD)/bench/sim: $(SIM_LIBS)
$(BUILD)/obj/tests/bench/sim.o: INCLUDES := -Ischema -Isimulations

# ---- benchmarks, fuzzing, lint -----------------------------------------------------------------

# tests/bench/NAME_*.c belong to NAME.c.
BENCH_PARTS := $(wildcard tests/bench/*_*.c)
BENCHES := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(filter-out $(BENCH_PARTS),$(wildcard tests/bench/*.c)))
bench_objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(filter tests/bench/$(1)_%,$(BENCH_PARTS)))
.SECONDEXPANSION:
$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $$(call bench_objects,$$*) $(ALL_LIBS) | $(BUILD)/bench/
	@$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)

.PHONY: bench bench-large fuzz lint format clean help
bench: $(BENCHES) all ## run the benchmarks; each prints JSON
	@tests/bench/run $(BUILD)

bench-large: $(BUILD)/bench/round all ## measure rounds, take-over and rebuild up to 10,000 hosts and a million vats
	@$(BUILD)/bench/round --json --large

fuzz: ## run every fuzz harness for SECONDS=60 (clang and libFuzzer)
	@BUILD=$(BUILD) tests/fuzz/run $(SECONDS)

lint: $(PROTO_H) ## clang-format, clang-tidy, cppcheck and the project's own checks
	@tests/tidy/lint $(GEN)

format: ## format all C files
	@git ls-files '*.c' '*.h' | xargs clang-format -i

clean: ## remove everything that was built
	rm -rf build

help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

-include $(ALL_OBJECTS:.o=.d) $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
