# SPDX-License-Identifier: Apache-2.0
# Torture: every fallible call of agent, worker and client fails once.  A
# sample in `make check`; all of them take about an hour: make proof-torture
# proof-report.  In a build with sanitizers the same target finds leaks.
TRIP = tests/tools/trip.so
CLEANFILES += $(TRIP)
check_DATA += $(TRIP)
TESTS += tests/proof/torture.py
EXTRA_DIST += tests/proof/torture.py tests/proof/torturebed.py \
	tests/proof/judge.py tests/proof/trip.py tests/tools/trip.c \
	tests/tools/trip-calls.h

# As warp.so, but with the unwinder: a call is known by who made it.
$(TRIP): $(srcdir)/tests/tools/trip.c $(srcdir)/tests/tools/trip-calls.h
	$(AM_V_CC)$(MKDIR_P) tests/tools && \
	    $(CC) $(WARP_CFLAGS) -DINSTRUMENTED_$(INSTRUMENTED) -o $@.tmp \
	    $(srcdir)/tests/tools/trip.c -ldl -lpthread -lgcc_s && mv $@.tmp $@

PROOF_PARTS += proof-torture
.PHONY: proof-torture
proof-torture: all $(check_PROGRAMS) $(check_DATA)
	$(PROOF_ENV) /usr/bin/python3 $(srcdir)/tests/proof/torture.py
