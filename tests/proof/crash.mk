# SPDX-License-Identifier: Apache-2.0
# Crash points: what is on the disk when a write is killed, refused or cut off
# by a power failure.
PROOF_PARTS += proof-crash
.PHONY: proof-crash
CRASH_ACT = tests/proof/crash-act
check_PROGRAMS += $(CRASH_ACT)
TESTS += tests/proof/crash.py tests/proof/crash-agent.py
EXTRA_DIST += tests/proof/crash.py tests/proof/crash-agent.py \
	tests/proof/crashfaults.py \
	tests/proof/crashkinds.py tests/proof/crashlib.py \
	tests/proof/powerloss.py
tests_proof_crash_act_SOURCES = tests/proof/crash-act.c
tests_proof_crash_act_CPPFLAGS = $(OWNER_TEST_CPPFLAGS)
tests_proof_crash_act_LDADD = daemon/libsurfaces.a daemon/libengine.a \
	$(LIBADAPTERS) $(LIBAWSFED)

proof-crash: all $(check_PROGRAMS) $(check_DATA)
	@$(PROOF_ENV) bad=0; for part in crash crash-agent; do \
		/usr/bin/python3 $(srcdir)/tests/proof/$$part.py || bad=1; \
	done; exit $$bad
