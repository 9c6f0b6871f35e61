# prof: one non-recursive Makefile. `make help` lists what it can do.

B ?= build
V ?= 0
SAN ?=
DEV ?= 0
PREFIX ?= /usr/local
DESTDIR ?=
PKG_CONFIG ?= pkg-config

VERSION := $(shell cat VERSION)
ARCH := $(shell uname -m)
Q := $(if $(filter 1,$(V)),,@)

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules

# ---- flags ----------------------------------------------------------------------------------

PACKAGES := libdw libelf zlib jansson libzstd liblzma
OPTIONAL_UNWIND := $(shell $(PKG_CONFIG) --exists libunwind-generic 2>/dev/null && echo yes)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef \
    -Wvla -Wformat=2 -Wcast-qual -Wpointer-arith -Wwrite-strings -Wnull-dereference \
    -Wimplicit-fallthrough -Wdouble-promotion -Wswitch-enum -Wold-style-definition
GCC_WARNINGS := -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wjump-misses-init
CC_IS_CLANG := $(findstring clang,$(shell $(CC) --version))

CFLAGS ?= -O2 -g
CPPFLAGS_ALL = -D_GNU_SOURCE -DPROF_VERSION='"$(VERSION)"' -Ilib -I. -I$(B)/gen \
    $(shell $(PKG_CONFIG) --cflags $(PACKAGES)) $(if $(OPTIONAL_UNWIND),-DPROF_HAVE_LIBUNWIND) $(CPPFLAGS)
CFLAGS_ALL = -std=gnu17 $(WARNINGS) $(if $(CC_IS_CLANG),,$(GCC_WARNINGS)) \
    $(if $(filter 1,$(DEV)),-Werror) -ffile-prefix-map=$(CURDIR)=. -fno-omit-frame-pointer \
    $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all,-fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2) \
    -fPIE $(CFLAGS)
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now,--as-needed $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)
LIBS = $(shell $(PKG_CONFIG) --libs $(PACKAGES)) \
    $(if $(OPTIONAL_UNWIND),$(shell $(PKG_CONFIG) --libs libunwind-generic)) -ldl -lpthread -lm

# ---- sources --------------------------------------------------------------------------------

LAYERS := base profile format symbol unwind record analyze
# Files named after a processor are built for that processor only.
OTHER_ARCH := $(filter-out $(ARCH),x86_64 aarch64)
arch_filter = $(filter-out $(foreach a,$(OTHER_ARCH),%/$(a).c),$(1))

LIB_SRC := $(call arch_filter,$(sort $(foreach l,$(LAYERS),$(wildcard lib/$(l)/*.c))))
PAGE_SRC := $(sort $(wildcard flamegraph/*.c))
CMD_SRC := $(sort $(wildcard cmd/*.c))
ASSETS := $(sort $(wildcard flamegraph/web/*))

LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o) $(B)/lib/record/node_preload.S.o
PAGE_OBJ := $(PAGE_SRC:%.c=$(B)/%.o) $(if $(wildcard flamegraph/assets.S),$(B)/flamegraph/assets.S.o)
CMD_OBJ := $(CMD_SRC:%.c=$(B)/%.o)
HEADERS := $(sort $(wildcard lib/*/*.h flamegraph/*.h cmd/*.h))
ALL_C := $(LIB_SRC) $(PAGE_SRC) $(CMD_SRC) $(sort $(wildcard tests/unit/*/*.c tests/fuzz/*.c tests/bench/*.c))

.PHONY: all
all: $(B)/prof ## build prof (default); B=dir, V=1, DEV=1 (-Werror), SAN=address,undefined, CC=clang

$(B)/prof: $(CMD_OBJ) $(PAGE_OBJ) $(B)/libprof.a
	@echo '  LD      $@'
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

$(B)/libprof.a: $(LIB_OBJ)
	@echo '  AR      $@'
	$(Q)rm -f $@ && ar rcsD $@ $^

# A change of compiler or flags rebuilds everything.
FLAGS_STAMP := $(B)/flags
FLAGS_NOW = $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL)
$(FLAGS_STAMP): force
	@mkdir -p $(B)
	@echo '$(subst ','\'',$(FLAGS_NOW))' | cmp -s - $@ || echo '$(subst ','\'',$(FLAGS_NOW))' > $@
.PHONY: force

$(B)/%.o: %.c $(FLAGS_STAMP)
	@mkdir -p $(@D)
	@echo '  CC      $<'
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# The compiler does not see what .incbin reads, so the assets are prerequisites by name.
$(B)/flamegraph/assets.S.o: flamegraph/assets.S $(ASSETS) $(FLAGS_STAMP)
	@mkdir -p $(@D)
	@echo '  AS      $<'
	$(Q)$(CC) $(CPPFLAGS_ALL) -ffile-prefix-map=$(CURDIR)=. -c -o $@ $<

$(B)/lib/record/node_preload.S.o: lib/record/node_preload.S lib/record/node_preload.js $(FLAGS_STAMP)
	@mkdir -p $(@D)
	@echo '  AS      $<'
	$(Q)$(CC) $(CPPFLAGS_ALL) -ffile-prefix-map=$(CURDIR)=. -c -o $@ $<

-include $(LIB_OBJ:.o=.d) $(PAGE_OBJ:.o=.d) $(CMD_OBJ:.o=.d)

# ---- unit tests (Criterion) -------------------------------------------------------------------

UNIT_SRC := $(sort $(wildcard tests/unit/*/*.c))
UNIT_OBJ := $(UNIT_SRC:%.c=$(B)/%.o)
UNIT_LIBS = $(shell $(PKG_CONFIG) --libs criterion)
-include $(UNIT_OBJ:.o=.d)

# Criterion's assertion macros drop const and use extensions; our own code in the tests does not.
CRITERION_WARNINGS := -Wno-pedantic -Wno-cast-qual $(if $(CC_IS_CLANG),\
    -Wno-incompatible-pointer-types-discards-qualifiers,-Wno-discarded-qualifiers)
$(B)/tests/unit/%.o: CFLAGS_ALL += $(CRITERION_WARNINGS)

$(B)/tests/unit-tests: $(UNIT_OBJ) $(PAGE_OBJ) $(B)/libprof.a
	@echo '  LD      $@'
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) $(UNIT_LIBS)

.PHONY: unit
unit: $(B)/tests/unit-tests ## unit tests only; FILTER='suite/*'
	ASAN_OPTIONS=abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 $< $(if $(FILTER),--filter '$(FILTER)')

# ---- what the machine needs -----------------------------------------------------------------------

# Debian packages; COMMAND=PACKAGE is satisfied by a command of any origin.
DEPS_BUILD := gcc libc6-dev pkg-config libdw-dev libelf-dev zlib1g-dev libzstd-dev liblzma-dev \
    libjansson-dev libunwind-dev
DEPS_TEST := libcriterion-dev python3 binutils g++ musl-tools rustc=rustc go=golang-go node=nodejs \
    npm=npm chromium=chromium perf=linux-perf redis-benchmark=redis-tools
DEPS_CHECK := clang clang-format clang-tidy cppcheck

.PHONY: deps deps-build deps-check
deps: ## install the Debian packages that building and testing need
	$(Q)tests/deps.sh $(DEPS_BUILD) $(DEPS_TEST)

deps-build: ## those that building alone needs
	$(Q)tests/deps.sh $(DEPS_BUILD)

deps-check: ## those that `make check` and `make fuzz` need besides
	$(Q)tests/deps.sh $(DEPS_BUILD) $(DEPS_TEST) $(DEPS_CHECK)

# ---- demo -------------------------------------------------------------------------------------------

# All processors, unless the user has chosen a number.
PARALLEL = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# The packages may come only now, so what asks for their flags is a make of its own.
.PHONY: demo demo-run
demo: deps-build ## build, profile a bundled slow server under load, write demo.html
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory B=$(B) demo-run

demo-run: $(B)/prof $(B)/demo/server $(B)/demo/load
	$(Q)tests/demo/run.sh $(B)

$(B)/demo/%: tests/demo/%.c
	@mkdir -p $(@D)
	@echo '  CC      $<'
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -O2 -g -Wall -Wextra -o $@ $<

# ---- targets: programs with a known truth -------------------------------------------------------------

# Always gcc and always these flags: the truth of a program must not depend on how prof is built.
T := $(B)/targets
TARGET_CC := gcc
TARGET_CXX := g++
TARGET_CFLAGS := -D_GNU_SOURCE -O2 -g -fno-optimize-sibling-calls -Wall -Wextra -Werror
TARGET_ONLY_x86_64 := jit
TARGET_PLAIN := $(filter-out hostile $(if $(filter x86_64,$(ARCH)),,$(TARGET_ONLY_x86_64)),\
    $(patsubst tests/targets/%.c,%,$(wildcard tests/targets/*.c)))
TARGET_FORMS := spin-split spin-stripped spin-zlib spin-zstd spin-fp recurse-fp hostile
TARGET_NEED = $(if $(shell command -v $(1) 2>/dev/null),$(2))
TARGETS := $(TARGET_PLAIN) $(TARGET_FORMS) $(call TARGET_NEED,g++,inlines-cpp) \
    $(call TARGET_NEED,rustc,inlines-rust-legacy inlines-rust-v0) \
    $(call TARGET_NEED,go,spin-go) $(call TARGET_NEED,musl-gcc,spin-musl)

.PHONY: targets
targets: $(TARGETS:%=$(T)/%) ## programs with a known truth; those whose compiler is missing are left out

$(TARGET_PLAIN:%=$(T)/%): $(T)/%: tests/targets/%.c tests/targets/truth.h
	@mkdir -p $(@D)
	@echo '  TARGET  $@'
	$(Q)$(TARGET_CC) -std=gnu17 $(TARGET_CFLAGS) -o $@ $< -lpthread

$(T)/spin-fp: tests/targets/spin.c tests/targets/truth.h
$(T)/recurse-fp: tests/targets/recurse.c tests/targets/truth.h
$(T)/spin-fp $(T)/recurse-fp:
	@mkdir -p $(@D)
	@echo '  TARGET  $@'
	$(Q)$(TARGET_CC) -std=gnu17 $(TARGET_CFLAGS) -fno-omit-frame-pointer -o $@ $<

# Debug data beside the program, found by its link; none at all; compressed in both ways.
$(T)/spin-split: $(T)/spin
	@echo '  TARGET  $@'
	$(Q)objcopy --only-keep-debug $< $@.debug
	$(Q)cd $(@D) && objcopy --strip-all --add-gnu-debuglink=$(@F).debug $(<F) $(@F)

$(T)/spin-stripped: $(T)/spin
	@echo '  TARGET  $@'
	$(Q)objcopy --strip-all $< $@

$(T)/spin-zlib $(T)/spin-zstd: $(T)/spin-%: $(T)/spin
	@echo '  TARGET  $@'
	$(Q)objcopy --compress-debug-sections=$* $< $@

$(T)/hostile: tests/targets/hostile.c tests/targets/hostile.sh tests/targets/truth.h
	@mkdir -p $(@D)
	@echo '  TARGET  $@'
	$(Q)$(TARGET_CC) -std=gnu17 $(filter-out -g,$(TARGET_CFLAGS)) -c -o $@.o $<
	$(Q)tests/targets/hostile.sh $@.o && $(TARGET_CC) -o $@ $@.o && rm $@.o

$(T)/inlines-cpp: tests/targets/inlines.cpp tests/targets/truth.h
	@mkdir -p $(@D)
	@echo '  TARGET  $@'
	$(Q)$(TARGET_CXX) -std=gnu++17 $(TARGET_CFLAGS) -o $@ $<

$(T)/inlines-rust-%: tests/targets/inlines.rs
	@mkdir -p $(@D)
	@echo '  TARGET  $@'
	$(Q)case $* in v0) set -- -C symbol-mangling-version=v0 ;; esac; \
	    env -u MAKEFLAGS -u MFLAGS rustc -O -g --crate-name inlines "$$@" -o $@ $<

$(T)/spin-go: tests/targets/spin.go
	@mkdir -p $(@D)
	@echo '  TARGET  $@'
	$(Q)GO111MODULE=off GOCACHE=$(abspath $(B)/go-cache) go build -o $@ $<

$(T)/spin-musl: tests/targets/spin.c tests/targets/truth.h
	@mkdir -p $(@D)
	@echo '  TARGET  $@'
	$(Q)musl-gcc -static -std=gnu17 $(TARGET_CFLAGS) -o $@ $<

# ---- the doctor's truth suite: programs with a known defect ---------------------------------------------

TRUTH := $(B)/truth
TRUTH_DIR := tests/truth/doctor
TRUTH_C := $(patsubst $(TRUTH_DIR)/c/%.c,$(TRUTH)/c/%,$(wildcard $(TRUTH_DIR)/c/*.c))
TRUTH_PROGRAMS := $(TRUTH)/load $(TRUTH)/peer $(TRUTH_C) $(TRUTH)/c/matrix_build-healthy \
    $(call TARGET_NEED,g++,$(patsubst $(TRUTH_DIR)/c/%.cpp,$(TRUTH)/c/%,$(wildcard $(TRUTH_DIR)/c/*.cpp))) \
    $(call TARGET_NEED,go,$(patsubst $(TRUTH_DIR)/go/%.go,$(TRUTH)/go/%,\
        $(filter-out %/program.go,$(wildcard $(TRUTH_DIR)/go/*.go)))) \
    $(call TARGET_NEED,rustc,$(patsubst $(TRUTH_DIR)/rust/%.rs,$(TRUTH)/rust/%,\
        $(filter-out %/program.rs,$(wildcard $(TRUTH_DIR)/rust/*.rs))))
TRUTH_CFLAGS := -D_GNU_SOURCE -g -Wall -Wextra -Werror
TRUTH_LEVEL := -O2
$(TRUTH)/c/matrix_build: TRUTH_LEVEL := -O0

.PHONY: truth truth-programs
truth: $(B)/prof truth-programs ## the doctor against known defects, takes hours; TRUTH_ARGS='--shard 1/4 --only "node/*" --clinic'
	$(Q)$(TRUTH_DIR)/run --build $(B) $(TRUTH_ARGS)

truth-programs: $(TRUTH_PROGRAMS)

$(TRUTH)/load $(TRUTH)/peer: $(TRUTH)/%: $(TRUTH_DIR)/%.c
	@mkdir -p $(@D)
	@echo '  TRUTH   $@'
	$(Q)$(TARGET_CC) -std=gnu17 $(TRUTH_CFLAGS) -O2 -o $@ $< -lpthread

$(TRUTH)/c/matrix_build-healthy: $(TRUTH_DIR)/c/matrix_build.c $(wildcard $(TRUTH_DIR)/c/*.h)
	@mkdir -p $(@D)
	@echo '  TRUTH   $@'
	$(Q)$(TARGET_CC) -std=gnu17 $(TRUTH_CFLAGS) -O2 -o $@ $< -lpthread

$(TRUTH)/c/%: $(TRUTH_DIR)/c/%.c $(wildcard $(TRUTH_DIR)/c/*.h)
	@mkdir -p $(@D)
	@echo '  TRUTH   $@'
	$(Q)$(TARGET_CC) -std=gnu17 $(TRUTH_CFLAGS) $(TRUTH_LEVEL) -o $@ $< -lpthread -lresolv

$(TRUTH)/c/%: $(TRUTH_DIR)/c/%.cpp $(wildcard $(TRUTH_DIR)/c/*.h)
	@mkdir -p $(@D)
	@echo '  TRUTH   $@'
	$(Q)$(TARGET_CXX) -std=gnu++17 $(TRUTH_CFLAGS) $(TRUTH_LEVEL) -o $@ $<

$(TRUTH)/go/%: $(TRUTH_DIR)/go/%.go $(TRUTH_DIR)/go/program.go
	@mkdir -p $(@D)
	@echo '  TRUTH   $@'
	$(Q)GO111MODULE=off GOCACHE=$(abspath $(B)/go-cache) go build -o $@ $^

$(TRUTH)/rust/%: $(TRUTH_DIR)/rust/%.rs $(TRUTH_DIR)/rust/program.rs
	@mkdir -p $(@D)
	@echo '  TRUTH   $@'
	$(Q)env -u MAKEFLAGS -u MFLAGS rustc -O -g -o $@ $<

# ---- fuzz harnesses -------------------------------------------------------------------------------------

FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_READERS := $(FUZZ_SRC:tests/fuzz/fuzz_%.c=%)
FUZZ_OBJ := $(FUZZ_SRC:%.c=$(B)/%.o)
-include $(FUZZ_OBJ:.o=.d) $(B)/tests/fuzz/replay.d

# Every harness with a plain main() that replays files.
.PHONY: fuzz-replay
fuzz-replay: $(FUZZ_READERS:%=$(B)/fuzz/replay-%)

$(B)/fuzz/replay-%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o $(PAGE_OBJ) $(B)/libprof.a
	@mkdir -p $(@D)
	@echo '  LD      $@'
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

# The same with libFuzzer (clang).
$(B)/fuzz/fuzz-%: $(B)/tests/fuzz/fuzz_%.o $(PAGE_OBJ) $(B)/libprof.a
	@mkdir -p $(@D)
	@echo '  LD      $@'
	$(Q)$(CC) $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $^ $(LIBS)

FUZZ_TIME ?= 60
READER ?= $(FUZZ_READERS)
FUZZ_MAKE = $(MAKE) --no-print-directory B=$(B)/fuzzer CC=clang SAN=address,undefined,fuzzer-no-link

.PHONY: fuzz
fuzz: ## look for crashes of the readers; READER='elf folded' FUZZ_TIME=60 each
	+$(Q)$(FUZZ_MAKE) $(READER:%=$(B)/fuzzer/fuzz/fuzz-%)
	$(Q)tests/fuzz/fuzz.sh $(B)/fuzzer $(FUZZ_TIME) $(READER)

# ---- pages for the browser's tests ------------------------------------------------------------------------

WEB_PROGRAMS := $(patsubst tests/web/%.c,$(B)/web/%,$(wildcard tests/web/*.c))
-include $(patsubst %.c,$(B)/%.d,$(wildcard tests/web/*.c))

$(B)/web/%: $(B)/tests/web/%.o $(PAGE_OBJ) $(B)/libprof.a
	@mkdir -p $(@D)
	@echo '  LD      $@'
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

# ---- the suite --------------------------------------------------------------------------------------------

ASAN := $(B)/asan
ASAN_MAKE = $(MAKE) --no-print-directory B=$(ASAN) SAN=address,undefined

.PHONY: test test-build test-run
test: deps ## the whole suite; SUITE='unit truth' for parts of it; the last line is the sum
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory B=$(B) test-build
	$(Q)$(MAKE) --no-print-directory B=$(B) test-run

test-build: $(B)/prof $(B)/tests/unit-tests targets truth-programs $(WEB_PROGRAMS)
	+$(Q)$(ASAN_MAKE) $(ASAN)/tests/unit-tests fuzz-replay
	$(Q)[ ! -f tests/web/package-lock.json ] || [ -d tests/web/node_modules ] || ! command -v npm \
	    > /dev/null || npm ci --silent --prefix tests/web

test-run:
	$(Q)tests/run --build $(B) $(SUITE)

BENCH_PROGRAMS := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/*.c))
BENCH_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard tests/bench/*.c))
-include $(BENCH_OBJ:.o=.d)

$(B)/bench/%: $(B)/tests/bench/%.o $(B)/libprof.a
	@mkdir -p $(@D)
	@echo '  LD      $@'
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

.PHONY: bench
bench: $(B)/prof targets $(BENCH_PROGRAMS) ## budgets beside the peers; BENCH='startup redis' RUNS=5
	$(Q)tests/bench/run --build $(B) $(if $(RUNS),--runs $(RUNS)) $(BENCH)

.PHONY: fresh
fresh: ## proof on a minimal Debian made for it: make demo, make test (root, takes long)
	$(Q)tests/fresh/run.sh

# ---- golden files -------------------------------------------------------------------------------

.PHONY: update-golden
update-golden: $(B)/prof $(B)/tests/unit-tests ## write tests/golden anew; look at the difference
	$(Q)PROF_UPDATE_GOLDEN=1 $(B)/tests/unit-tests --filter 'table/the_golden*' > /dev/null
	$(Q)PROF=$(abspath $(B)/prof) tests/golden/run.sh --update
	@git diff --stat tests/golden

# ---- checks -------------------------------------------------------------------------------------

.PHONY: check-headers
check-headers: ## every header compiles alone
	$(Q)for h in $(HEADERS); do \
	    echo "#include \"$$h\"" | $(CC) $(CPPFLAGS_ALL) -std=gnu17 $(WARNINGS) -Werror -fsyntax-only -Wno-pedantic -x c - \
	        || { echo "check-headers: $$h does not compile alone"; exit 1; }; done
	@echo 'check-headers: $(words $(HEADERS)) headers'

.PHONY: check-layers
check-layers: ## includes point one way
	$(Q)tests/layers.sh

.PHONY: format check-format
format: ## clang-format everything in place
	$(Q)clang-format -i $(sort $(ALL_C) $(HEADERS))

check-format:
	$(Q)clang-format --dry-run -Werror $(sort $(ALL_C) $(HEADERS))

.PHONY: check-lengths check-tidy check-cppcheck
check-lengths: ## functions of at most 60 lines, files of at most 800
	$(Q)tests/lengths.sh

TIDY ?= $(LIB_SRC) $(PAGE_SRC) $(CMD_SRC)
check-tidy: ## clang-tidy; TIDY='lib/base/file.c' for some files only
	$(Q)printf '%s\n' $(TIDY) | xargs -P 2 -I FILE clang-tidy --quiet FILE -- \
	    $(CPPFLAGS_ALL) -std=gnu17 2>/dev/null && echo 'check-tidy: ok'

check-cppcheck: ## cppcheck
	$(Q)cppcheck --quiet --std=c11 --language=c -j 2 --error-exitcode=1 --inline-suppr \
	    --enable=warning,performance,portability --suppress=missingIncludeSystem \
	    --suppress=unknownMacro --suppress=normalCheckLevelMaxBranches --suppress=internalAstError \
	    --suppress=comparePointers:flamegraph/assets.c --suppress=comparePointers:lib/record/node_channel.c \
	    $(filter -D% -I%,$(CPPFLAGS_ALL)) $(LIB_SRC) $(PAGE_SRC) $(CMD_SRC)

CHECK_PROGRAMS = $(1)/prof $(1)/tests/unit-tests fuzz-replay $(BENCH_PROGRAMS:$(B)/%=$(1)/%)
CHECK_MAKE = $(MAKE) $(PARALLEL) --no-print-directory DEV=1 B=$(B)/check-$(1) CC=$(1) \
    $(call CHECK_PROGRAMS,$(B)/check-$(1))

.PHONY: check
check: deps-check check-headers check-layers check-lengths check-format check-cppcheck check-tidy ## everything that must hold before a change goes in
	+$(Q)$(call CHECK_MAKE,gcc)
	+$(Q)$(call CHECK_MAKE,clang)
	$(Q)$(MAKE) $(PARALLEL) --no-print-directory B=$(B) test-build
	$(Q)tests/run --build $(B) unit sanitized fuzz golden cli

# ---- installing -------------------------------------------------------------------------------

INSTALL ?= install
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man/man1
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
MAN_PAGES := $(sort $(wildcard docs/man/*.1))

$(B)/prof.bash: $(B)/prof
	$(Q)$< completion bash > $@

.PHONY: install uninstall
install: $(B)/prof $(B)/prof.bash ## program, man pages, bash completion; PREFIX=/usr/local DESTDIR=
	$(Q)$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR) $(DESTDIR)$(COMPLETIONDIR)
	$(Q)$(INSTALL) -m 755 $(B)/prof $(DESTDIR)$(BINDIR)/prof
	$(Q)$(INSTALL) -m 644 $(MAN_PAGES) $(DESTDIR)$(MANDIR)
	$(Q)$(INSTALL) -m 644 $(B)/prof.bash $(DESTDIR)$(COMPLETIONDIR)/prof
	@echo '  INSTALL $(DESTDIR)$(PREFIX)'

uninstall: ## remove what `make install` put there
	$(Q)rm -f $(DESTDIR)$(BINDIR)/prof $(DESTDIR)$(COMPLETIONDIR)/prof \
	    $(MAN_PAGES:docs/man/%=$(DESTDIR)$(MANDIR)/%)

.PHONY: man
man: $(B)/prof ## write the heads of the man pages anew, from the tables in cmd/
	$(Q)docs/man/refresh.sh $(B)/prof

.PHONY: clean
clean: ## remove the build folder
	rm -rf $(B)

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z][a-z -]*:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
