# stay: connections that stay. `make help` lists the targets.

VERSION = 0.1.0
ABI = 0
PREFIX = /usr/local
LIBDIR = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
BUILD = build
CFLAGS = -O2 -g

# The library: a folder a floor, from the ground up. A file includes and needs
# what its own folder and those before it have; `make check` looks after it.
FLOORS = base machine loop stream world conn client pool runner observe
SRC = $(sort $(wildcard $(FLOORS:%=lib/%/*.c) lib/*.c))
# In no program but a test: a world that exists only in memory, and what an adapter
# is held to in it.
VIRTUAL = $(sort $(wildcard lib/sim/*.c))
CONTRACT = $(sort $(wildcard lib/contract/*.c)) $(VIRTUAL)
REDIS = $(sort $(wildcard adapters/redis/*.c))
ECHO = $(sort $(wildcard adapters/echo/*.c))
TLS = $(sort $(wildcard adapters/tls/*.c))

# TLS is built where OpenSSL is found.
OPENSSL := $(shell echo '\#include <openssl/ssl.h>' | $(CC) $(CPPFLAGS) -E - \
	>/dev/null 2>&1 && echo -lssl -lcrypto)
NAMES = stay-redis stay-echo $(if $(OPENSSL),stay-tls) stay

# Other event loops, as pkg-config knows them; what is for one that it does not find is
# left out. libev has functions of libevent's names, and so stands behind it.
LOOPS = uv event glib
PACKAGE_uv = libuv
PACKAGE_event = libevent_core
PACKAGE_glib = glib-2.0
HOSTS := $(strip $(foreach loop,$(LOOPS),$(if $(shell pkg-config --modversion \
	$(PACKAGE_$(loop)) 2>/dev/null),$(loop))))
HOST_LIBS := $(if $(HOSTS),$(shell pkg-config --libs $(foreach loop,$(HOSTS),$(PACKAGE_$(loop)))))
HOST_FLAGS := $(if $(HOSTS),$(patsubst -I%,-isystem %,$(shell pkg-config --cflags \
	$(foreach loop,$(HOSTS),$(PACKAGE_$(loop))))))
HOSTLESS = $(foreach loop,$(filter-out $(HOSTS),$(LOOPS)),examples/loop_$(loop).c \
	tests/support/world_bed_$(loop).c)

# An example is one file; so is a suite of tests, listed in suites.def. The adapters
# and the support that lie beside the examples are linked into all of them; what is for
# PostgreSQL needs OpenSSL for its passwords, and is left out without it.
SECURED = $(if $(OPENSSL),,$(wildcard examples/postgres* examples/adapters/postgres*))
EXAMPLES = $(patsubst %.c,$(BUILD)/%,$(filter-out $(SECURED) $(HOSTLESS), \
	$(wildcard examples/*.c)))
# The steps of the story. The linker puts a counter between them and the C library.
STORY = $(patsubst %.c,$(BUILD)/%,$(wildcard examples/story/[0-9]_*.c))
STORY_TOLD = $(addprefix $(BUILD)/examples/story/,reconnect tell)
STORY_COUNTED = memcpy memmove read write recv send writev sendmsg socket close fcntl bind \
	connect shutdown setsockopt getsockopt getpeername getsockname eventfd poll \
	epoll_create1 epoll_ctl epoll_wait pthread_cond_signal pthread_cond_broadcast \
	pthread_cond_wait pthread_cond_timedwait
FOREIGN = $(filter-out $(SECURED),$(sort $(wildcard examples/adapters/*.c)))
PEER = $(addprefix tests/support/,peer_script.c peer_virtual.c toy_filter.c)
SUPPORT = $(filter-out %/diagram.c $(HOSTLESS),$(wildcard tests/support/*.c)) $(VIRTUAL)
UNIT = $(wildcard tests/unit/*.c) $(SUPPORT)
INTEGRATION = $(wildcard tests/integration/*.c) $(SUPPORT)
FUZZERS = $(patsubst tests/fuzz/%.c,$(BUILD)/%, \
	$(filter-out $(if $(OPENSSL),,%_tls.c),$(wildcard tests/fuzz/*.c)))

FLAGS = -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
	-Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wvla -Wswitch-enum -Wundef -Wpointer-arith \
	-Wcast-qual -Wwrite-strings -Wformat=2 -fPIC -fvisibility=hidden \
	-fno-semantic-interposition -pthread -Iinclude
INNER = -Ilib -Itests -Itests/sim -Itests/support
COMPILE = $(CC) $(FLAGS) $(CPPFLAGS) $(CFLAGS)
LINK = $(CC) -pthread $(CFLAGS) $(LDFLAGS)
LIBS = -lev -lm
CHECK_LIBS = $(shell pkg-config --libs check)
ARCHIVES = $(NAMES:%=$(BUILD)/lib%.a)
KIT = $(BUILD)/libstay-contract.a
PC = lib/stay.pc.in lib/stay-poll.pc.in lib/contract/stay-contract.pc.in adapters/redis/stay-redis.pc.in adapters/echo/stay-echo.pc.in \
	$(if $(OPENSSL),adapters/tls/stay-tls.pc.in)
SHARED = $(NAMES:%=$(BUILD)/lib%.so.$(VERSION))
TO_LIB = $(DESTDIR)$(LIBDIR)
TO_INCLUDE = $(DESTDIR)$(INCLUDEDIR)/stay
SCRIPT = tests/support
Q = $(if $(V),,@)
tell = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@printf '  %-4s %s\n' $(1) $@)
objects = $(patsubst %.c,$(BUILD)/%.o,$(1))

# For the scripts.
export VERSION BUILD FLAGS INNER SRC REDIS ECHO FLOORS

all: $(ARCHIVES) $(SHARED) $(KIT) $(EXAMPLES) ## the libraries and the examples, into build/

$(BUILD)/libstay.a $(BUILD)/libstay.so.$(VERSION): $(call objects,$(SRC))
$(BUILD)/libstay-redis.a $(BUILD)/libstay-redis.so.$(VERSION): $(call objects,$(REDIS))
$(BUILD)/libstay-echo.a $(BUILD)/libstay-echo.so.$(VERSION): $(call objects,$(ECHO))
$(BUILD)/libstay-tls.a $(BUILD)/libstay-tls.so.$(VERSION): $(call objects,$(TLS))
$(BUILD)/libstay-tls.so.$(VERSION): $(BUILD)/libstay.so.$(VERSION)
$(BUILD)/libstay-tls.so.$(VERSION): LIBS += $(OPENSSL)
$(BUILD)/libstay-redis.so.$(VERSION): $(BUILD)/libstay.so.$(VERSION)
$(BUILD)/libstay-echo.so.$(VERSION): $(BUILD)/libstay.so.$(VERSION)
$(EXAMPLES): %: %.o $(call objects,$(wildcard examples/support/*.c) $(FOREIGN))
$(EXAMPLES): LIBS += $(OPENSSL)
$(STORY): %: %.o $(call objects,examples/story/story.c examples/story/counter.c) $(ARCHIVES)
	$(call tell,LINK)
	$(Q)$(LINK) $(STORY_COUNTED:%=-Wl,--wrap=%) -o $@ $^ -l:libev.a $(OPENSSL) -lm
$(STORY_TOLD): %: %.o $(call objects,examples/support/peer.c) $(ARCHIVES)
	$(call tell,LINK)
	$(Q)$(LINK) -o $@ $^ $(LIBS) $(OPENSSL)
story-programs: $(STORY) $(STORY_TOLD)
$(BUILD)/test-unit: $(call objects,$(UNIT) $(FOREIGN) examples/support/peer.c)
$(BUILD)/test-integration: $(call objects,$(INTEGRATION) $(FOREIGN) examples/support/peer.c)
$(BUILD)/test-unit $(BUILD)/test-integration: LIBS := $(HOST_LIBS) $(LIBS)
$(HOSTS:%=$(BUILD)/tests/support/world_bed_%.o) $(HOSTS:%=$(BUILD)/examples/loop_%.o): \
	FLAGS += $(HOST_FLAGS)
$(HOSTS:%=$(BUILD)/examples/loop_%): LIBS := $(HOST_LIBS) $(LIBS)
$(BUILD)/test-unit $(BUILD)/test-integration: LIBS += $(CHECK_LIBS) $(OPENSSL) \
	$(foreach name,connect eventfd fcntl getrandom getsockname getsockopt mmap sendmsg setsockopt \
	sigpending sigtimedwait socket write writev malloc calloc realloc strdup free \
	pthread_condattr_init pthread_condattr_destroy pthread_cond_init pthread_cond_destroy \
	pthread_mutex_init pthread_mutex_destroy pthread_mutex_lock pthread_mutex_unlock \
	_mark_point,-Wl,--wrap=$(name))
$(BUILD)/sim: $(call objects,$(wildcard tests/sim/*.c tests/support/deeds*.c) \
	$(addprefix tests/support/,inside.c line_protocol.c) $(PEER) $(VIRTUAL))
# Its allocations and its clock go through tests/sim/memory.c.
$(BUILD)/sim: LIBS += $(foreach name,malloc calloc realloc free time gettimeofday \
	clock_gettime,-Wl,--wrap=$(name))
# Virtual threads: what they can see of each other they come to through tests/threads,
# by the linker, and where it is an atomic operation by its compiler.
POINTED := $(shell grep -lE 'atomic_|stay__inbox_' lib/*/*.c)
$(BUILD)/threads: $(call objects,$(wildcard tests/threads/*.c) $(PEER) \
	$(filter-out $(POINTED),$(VIRTUAL))) $(POINTED:%.c=$(BUILD)/points/%.o)
$(BUILD)/threads: LIBS += $(foreach name,malloc calloc realloc free clock_gettime \
	pthread_create pthread_join pthread_mutex_init pthread_mutex_destroy \
	pthread_mutex_lock pthread_mutex_unlock pthread_cond_init pthread_cond_destroy \
	pthread_cond_wait pthread_cond_timedwait pthread_cond_broadcast,-Wl,--wrap=$(name))
# What the kit sees of an adapter, it sees through the linker's hands: the options
# stand in the .pc file, for strangers too.
$(BUILD)/test-contract: $(call objects,$(wildcard tests/contract/*.c) $(CONTRACT) \
	$(addprefix tests/support/,runner.c suite.c) examples/support/peer.c $(FOREIGN))
$(BUILD)/test-contract: LIBS += $(CHECK_LIBS) $(OPENSSL) -Wl,--wrap=_mark_point \
	$(shell sed -n '/^Libs: /s/[^ ]* *//;s/.*\(-Wl,--wrap[^ ]*\).*/\1/p' lib/contract/stay-contract.pc.in)
$(BUILD)/diagram: $(call objects,tests/support/diagram.c)
$(BUILD)/exhaust: $(call objects,$(wildcard tests/exhaust/*.c))
$(BUILD)/model-export: $(call objects,tests/model/export.c)
$(FUZZERS): $(BUILD)/%: $(call objects,tests/fuzz/%.c $(PEER) $(VIRTUAL))
$(BUILD)/fuzz_tls: $(call objects,tests/support/tls_bed.c)
$(BUILD)/fuzz_tls: LIBS += $(CHECK_LIBS) $(OPENSSL)
fuzz-programs: $(FUZZERS)
test-programs: $(addprefix $(BUILD)/,test-unit test-integration test-contract)

# Whatever the library asks of the system goes through the program's own hands.
TORTURE = $(call objects,$(wildcard tests/torture/*.c) \
	tests/support/peer_script.c tests/support/peer_loopback.c tests/support/tls_bed.c)
WRAPPED = malloc calloc realloc strdup free stat socket connect bind setsockopt getsockopt \
	getpeername getsockname fcntl read write writev sendmsg shutdown close getrandom \
	mmap munmap madvise pthread_create pthread_mutex_init pthread_cond_init \
	sigpending sigtimedwait getaddrinfo freeaddrinfo eventfd epoll_ctl \
	epoll_wait poll clock_gettime gettimeofday ev_io_start ev_io_stop ev_timer_start \
	ev_timer_stop ev_timer_again ev_prepare_start ev_prepare_stop \
	ev_check_start ev_check_stop ev_fork_start ev_fork_stop ev_feed_event \
	ev_loop_new
$(BUILD)/torture: $(TORTURE) $(ARCHIVES)
	$(call tell,LINK)
	$(Q)$(LINK) $(WRAPPED:%=-Wl,--wrap=%) -o $@ $^ -l:libev.a $(CHECK_LIBS) $(OPENSSL) -lm

$(BUILD)/mutate: $(call objects,$(wildcard tests/mutants/*.c))
	$(call tell,LINK)
	$(Q)$(LINK) -o $@ $^

# A program a contender, and those that stand beside them. Peers are found by
# pkg-config, also below PEERS if that is given; who isn't found is not measured.
PEER_NAMES = hiredis libvalkey libuv libevent
CONTENDERS = stay limit $(PEER_NAMES)
BENCH = $(addprefix $(BUILD)/bench/,$(CONTENDERS) story timed threads with_redis)
peer = $(shell PKG_CONFIG_PATH='$(PEERS:%=%/lib/pkgconfig)' pkg-config $(subst libvalkey,valkey,$(1)) 2>/dev/null)
$(BENCH): $(BUILD)/bench/%: $(call objects,tests/bench/%.c tests/bench/bench.c)
$(addprefix $(BUILD)/bench/,$(CONTENDERS)): $(call objects,tests/bench/main.c)
$(BUILD)/bench/stay: $(call objects,tests/support/memory_world.c)
$(PEER_NAMES:%=$(BUILD)/bench/%): LIBS += $(call peer,--libs $(@F)) $(PEERS:%=-Wl,-rpath,%/lib)
# libev has functions of libevent's names.
$(BUILD)/bench/libevent: LIBS = $(call peer,--libs $(@F)) $(PEERS:%=-Wl,-rpath,%/lib)
$(PEER_NAMES:%=$(BUILD)/tests/bench/%.o): FLAGS += $(patsubst -I%,-isystem %,$(call peer,--cflags $(basename $(@F))))
$(BUILD)/bench/threads: LIBS += $(call peer,--libs hiredis)
$(BUILD)/bench/with_redis: $(call objects,$(addprefix tests/support/,redis_server.c free_port.c))
bench-programs: $(BENCH)

# What is counted inside of a program is counted by tests/bench/meter.c.
$(BUILD)/bench/with_canned: $(call objects,$(addprefix tests/bench/,with_canned.c bench.c) \
	$(addprefix tests/support/,peer_script.c peer_loopback.c))
	@mkdir -p $(@D)
	$(call tell,LINK)
	$(Q)$(LINK) -o $@ $^ -lev
$(BUILD)/bench/counted: $(call objects,$(addprefix tests/bench/,counted.c bench.c meter.c)) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call tell,LINK)
	$(Q)$(LINK) $(foreach name,malloc calloc realloc free clock_gettime,-Wl,--wrap=$(name)) \
		-o $@ $^ -l:libev.a -lm
$(BUILD)/bench/codec: $(call objects,$(addprefix tests/bench/,codec.c bare.c bench.c)) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call tell,LINK)
	$(Q)$(LINK) -o $@ $^ -l:libev.a -lm
count-programs: $(addprefix $(BUILD)/bench/,codec counted with_canned)

# What make check-all compares the public interface with, and tells: the last commit
# before answers by id, groups and TLS.
ABI_BEFORE = f091993002e2f067a549eb7633f61c63815eea03

# Before the first object: what it takes to build. The jobs below that need more
# ask for it themselves, and have built nothing yet.
NEEDS = $(if $(filter 0,$(MAKELEVEL)),$(BUILD)/.needs)

$(BUILD)/.needs:
	@mkdir -p $(@D)
	@echo '#include <ev.h>' | $(CC) $(CPPFLAGS) -E - >/dev/null 2>&1 || .ci/needs build
	@touch $@

# Only the library and the tests see what is private to the library.
$(BUILD)/%.o: %.c | $(NEEDS)
	@mkdir -p $(@D)
	$(call tell,CC)
	$(Q)$(COMPILE) $(if $(filter lib/% tests/%,$<),$(INNER)) -MMD -MP -c -o $@ $<

$(BUILD)/points/%.o: %.c | $(NEEDS)
	@mkdir -p $(@D)
	$(call tell,CC)
	$(Q)$(COMPILE) $(INNER) -include tests/threads/points.h -MMD -MP -c -o $@ $<

$(BUILD)/%.a:
	@mkdir -p $(@D)
	$(call tell,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Of one piece, so that no name of its inside meets one of a stranger's.
$(KIT): $(call objects,$(CONTRACT))
	$(call tell,AR)
	$(Q)$(LD) -r -o $(@:.a=.o) $^ && objcopy --localize-hidden $(@:.a=.o) && \
		rm -f $@ && $(AR) rcs $@ $(@:.a=.o)

$(BUILD)/%.so.$(VERSION): lib/stay.map
	$(call tell,LINK)
	$(Q)$(LINK) -shared -Wl,-z,defs,-soname,$(*F).so.$(ABI),--version-script,$< \
		-o $@ $(filter-out $<,$^) $(LIBS)
	$(Q)ln -sf $(@F) $(@D)/$(*F).so.$(ABI) && ln -sf $(@F) $(@D)/$(*F).so

$(EXAMPLES) $(BENCH) $(FUZZERS) $(addprefix $(BUILD)/,test-unit test-integration test-contract sim threads diagram exhaust model-export): \
		$(ARCHIVES)
	@mkdir -p $(@D)
	$(call tell,LINK)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(ARCHIVES) $(LIBS)

check: ## the tests that people run, in minutes: sanitized, simulated, against real servers
	@.ci/needs build check 'loops?'
	@MAKE='$(MAKE)' $(SCRIPT)/check.sh

check-all: ## all tests, with gcc and clang, plain and sanitized, valgrind, torture, models
	@.ci/needs build check model 'loops?' 'abi?'
	@MAKE='$(MAKE)' ABI_BEFORE=$(ABI_BEFORE) $(SCRIPT)/check_all.sh

unit: $(BUILD)/test-unit ## the unit tests alone, as they are built by default
	@$(BUILD)/test-unit

contract: $(BUILD)/test-contract ## the contract kit over our adapters, and over planted bugs
	@$(BUILD)/test-contract

integration: $(BUILD)/test-integration ## the tests against real servers alone
	@$(BUILD)/test-integration

# A million replies under faults of every kind, and the faults one by one.
chaos: $(BUILD)/test-integration ## a million checked replies from a server that dies, freezes and is cut off
	@STAY_CHAOS_SECONDS=45 STAY_CHAOS_REPLIES=1000000 STAY_FAULT_SECONDS=15 \
		$(BUILD)/test-integration chaos netns proxy_faults redis_faults

torture: $(BUILD)/torture ## every call of the system fails in turn, in every scenario; in some, pairs
	@tests/torture/known.sh $(ARCHIVES) -- $(WRAPPED)
	@$(BUILD)/torture
	@$(BUILD)/torture pairs

# One seed: SEED=n; else SEEDS of them from FIRST on. FAULTS is a set of bits.
SEEDS = 2000
FIRST = 1
EVENTS = 10000
FAULTS = 0xffffffff
SIM_SEEDS = $(if $(SEED),-s $(SEED) -t,-n $(SEEDS) -f $(FIRST))

sim: $(BUILD)/sim ## the whole stack on a virtual world: SEEDS= FIRST= EVENTS=, or SEED=
	@$(BUILD)/sim -e $(EVENTS) -F $(FAULTS) $(SIM_SEEDS)

threads: $(BUILD)/threads ## threads that share a runner, in schedules of a seed: SEEDS= FIRST=, or SEED=
	@$(BUILD)/threads $(SIM_SEEDS)

soak: $(BUILD)/sim ## the same with ever new seeds, until told to stop
	@$(BUILD)/sim -x -e $(EVENTS) -f $$(date +%s)

demo: ## a redis-server dies twice and freezes once; every call is accounted for
	@.ci/needs build 'demo?'
	@$(MAKE) --no-print-directory $(BUILD)/examples/resilient
	@$(BUILD)/examples/resilient

story: ## eight ways to ask a redis-server that is killed, as a table and as a page in build/story/
	@.ci/needs build demo
	@$(MAKE) --no-print-directory story-programs
	@examples/story/run.sh $(BUILD)/examples/story $(BUILD)/story

bench: ## speed and cost beside peers and a bare epoll client, into build/bench/; PEERS=prefix
	@.ci/needs build 'bench?'
	@$(MAKE) --no-print-directory bench-programs
	@tests/bench/run.sh $(BUILD)/bench

bench-check: ## count instructions, allocations, system calls and bytes, and hold them to tests/bench/bounds
	@.ci/needs build count
	@$(MAKE) --no-print-directory -s count-programs
	@CC='$(CC)' CFLAGS='$(CFLAGS)' tests/bench/bounds.sh $(BUILD)/bench

coverage: ## which lines and branches the tests come to, into build/coverage/html (in ten minutes or so)
	@.ci/needs build check coverage
	@MAKE='$(MAKE)' CC=gcc tests/coverage/run.sh

model: $(BUILD)/model-export ## check the tables and a model of calls exhaustively, with spin
	@.ci/needs model
	@tests/model/run.sh

# Bugs that nobody chose, drawn by SEED: JOBS trees at a time, and only in FILES if
# some are given.
mutants: ## plant SAMPLE (60) bugs drawn by SEED (1), and see which of them a test sees
	@.ci/needs build check
	@$(MAKE) -s --no-print-directory $(BUILD)/mutate
	@MAKE='$(MAKE)' SAMPLE=$(or $(SAMPLE),60) SEED=$(or $(SEED),1) JOBS=$(or $(JOBS),2) \
		FILES='$(wildcard $(FILES))' tests/mutants/run.sh

fuzz: ## feed each fuzzer for FUZZ_SECONDS (60)
	@.ci/needs build check
	@MAKE='$(MAKE)' $(SCRIPT)/fuzz.sh $(or $(FUZZ_SECONDS),60)

exhaust: $(BUILD)/exhaust ## every reply of up to BYTES (6) of 16 bytes, beside a slow decoder
	@$(BUILD)/exhaust $(or $(BYTES),6) $(or $(JOBS),2)

diagram: $(BUILD)/diagram $(BUILD)/examples/story/reconnect ## rewrite what README.md and docs/ show of the tables
	@$(SCRIPT)/diagram.sh write $(BUILD)/diagram README.md docs/machine.md docs/observe.md docs/options.md docs/redis.md \
		docs/story.md
	@$(SCRIPT)/chart.sh write $(BUILD)/examples/story/reconnect docs/story.md

format: ## clang-format all source
	@.ci/needs lint
	@$(SCRIPT)/format.sh write

format-check: ## say what `make format` would change
	@.ci/needs lint
	@$(SCRIPT)/format.sh check

lint: ## clang-tidy, cppcheck and shellcheck
	@.ci/needs build check lint loops
	@$(SCRIPT)/lint.sh

install: $(ARCHIVES) $(SHARED) $(KIT) ## into PREFIX (/usr/local), below DESTDIR if that is set
	install -d '$(TO_INCLUDE)' '$(TO_LIB)/pkgconfig'
	install -m 644 include/stay/*.h include/stay/*.def '$(TO_INCLUDE)'
	install -m 644 $(ARCHIVES) $(KIT) '$(TO_LIB)'
	install -m 755 $(SHARED) '$(TO_LIB)'
	cp -Pf $(SHARED:.$(VERSION)=.$(ABI)) $(SHARED:.$(VERSION)=) '$(TO_LIB)'
	@for pc in $(PC); do sed -e 's,@PREFIX@,$(PREFIX),; s,@LIBDIR@,$(LIBDIR),' \
		-e 's,@INCLUDEDIR@,$(INCLUDEDIR),; s,@VERSION@,$(VERSION),' \
		$$pc >'$(TO_LIB)'/pkgconfig/$$(basename $$pc .in); done

uninstall: ## with the same PREFIX and DESTDIR
	rm -f $(patsubst include/%,'$(DESTDIR)$(INCLUDEDIR)/%',$(wildcard include/stay/*))
	rm -f $(foreach name,$(NAMES) stay-poll stay-contract,'$(TO_LIB)'/lib$(name).* '$(TO_LIB)'/pkgconfig/$(name).pc)
	rmdir '$(TO_INCLUDE)'

clean: ## remove build/
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
		awk -F'|' '{ printf "  make %-13s %s\n", $$1, $$2 }'

.PHONY: all test-programs bench-programs count-programs check check-all unit integration \
	contract chaos sim threads soak torture demo story story-programs bench bench-check coverage model fuzz fuzz-programs \
	exhaust mutants diagram format format-check lint install uninstall clean help
-include $(wildcard $(addprefix $(BUILD)/,lib/*.d lib/*/*.d points/lib/*/*.d adapters/*/*.d examples/*.d examples/*/*.d tests/*/*.d))
