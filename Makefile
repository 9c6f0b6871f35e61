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
MAKEFLAGS += --no-builtin-rules

# ---- flags ----------------------------------------------------------------------------------

PACKAGES := libdw libelf zlib jansson libzstd
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

LAYERS := base profile format symbol unwind record
# Files named after a processor are built for that processor only.
OTHER_ARCH := $(filter-out $(ARCH),x86_64 aarch64)
arch_filter = $(filter-out $(foreach a,$(OTHER_ARCH),%/$(a).c),$(1))

LIB_SRC := $(call arch_filter,$(sort $(foreach l,$(LAYERS),$(wildcard lib/$(l)/*.c))))
PAGE_SRC := $(sort $(wildcard flamegraph/*.c))
CMD_SRC := $(sort $(wildcard cmd/*.c))
ASSETS := $(sort $(wildcard flamegraph/web/*))

LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o)
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

-include $(LIB_OBJ:.o=.d) $(PAGE_OBJ:.o=.d) $(CMD_OBJ:.o=.d)

# ---- unit tests (Criterion) -------------------------------------------------------------------

UNIT_SRC := $(sort $(wildcard tests/unit/*/*.c))
UNIT_OBJ := $(UNIT_SRC:%.c=$(B)/%.o)
UNIT_LIBS = $(shell $(PKG_CONFIG) --libs criterion)
-include $(UNIT_OBJ:.o=.d)

$(B)/tests/unit-tests: $(UNIT_OBJ) $(PAGE_OBJ) $(B)/libprof.a
	@echo '  LD      $@'
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS) $(UNIT_LIBS)

.PHONY: unit
unit: $(B)/tests/unit-tests ## unit tests only; FILTER='suite/*'
	ASAN_OPTIONS=abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 $< $(if $(FILTER),--filter '$(FILTER)')

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

.PHONY: clean
clean: ## remove the build folder
	rm -rf $(B)

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z][a-z -]*:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
