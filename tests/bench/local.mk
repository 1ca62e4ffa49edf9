# SPDX-License-Identifier: Apache-2.0
# Many agents before one AD FS farm, by the agent's own schedule. Part of
# `make check` with 20,000 of them; `make bench-fleet` has 100,000 and draws
# docs/fleet.svg anew.
FLEET = tests/bench/fleet/fleet
check_PROGRAMS += $(FLEET)
TESTS += $(FLEET)
tests_bench_fleet_fleet_SOURCES = tests/bench/fleet/fleet.h \
	tests/bench/fleet/fleet.c tests/bench/fleet/clients.c \
	tests/bench/fleet/plot.c tests/bench/fleet/scenarios.c \
	tests/bench/fleet/simulate.c
tests_bench_fleet_fleet_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/daemon
tests_bench_fleet_fleet_LDADD = daemon/libengine.a -lm

.PHONY: bench-fleet
bench-fleet: $(FLEET)
	$(FLEET) -n 100000 -o $(srcdir)/docs/fleet.svg
