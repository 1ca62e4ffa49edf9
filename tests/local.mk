# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += tests/layers.map tests/tools/warp.c tests/tools/reach.c

# The preload that moves time, for agent, worker and simulator alike. A plain
# rule: one shared object is no reason for libtool.
WARP = tests/tools/warp.so
WARP_CFLAGS = -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -fPIC -shared
# The one that plays a worker which was taken over.
REACH = tests/tools/reach.so
CLEANFILES += $(WARP) $(REACH)
check_DATA = $(WARP) $(REACH)

$(WARP): $(srcdir)/tests/tools/warp.c
	$(AM_V_CC)$(MKDIR_P) tests/tools && \
	    $(CC) $(WARP_CFLAGS) -o $@.tmp $(srcdir)/tests/tools/warp.c \
	    -ldl -lpthread && mv $@.tmp $@
$(REACH): $(srcdir)/tests/tools/reach.c
	$(AM_V_CC)$(MKDIR_P) tests/tools && \
	    $(CC) $(WARP_CFLAGS) -o $@.tmp $(srcdir)/tests/tools/reach.c \
	    -ldl && mv $@.tmp $@

check_PROGRAMS += tests/tools/test-warp
TESTS += tests/tools/test-warp
tests_tools_test_warp_SOURCES = tests/tools/test-warp.c
tests_tools_test_warp_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_tools_test_warp_LDADD = $(CMOCKA_LIBS)
