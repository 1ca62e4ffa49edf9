# SPDX-License-Identifier: Apache-2.0
# A month of renewals: the engine on its fakes, and a share of it with the real
# agent, real workers and the simulator.  `make check` has some days of it.
PROOF_PARTS += proof-soak
check_PROGRAMS += tests/proof/soak
tests_proof_soak_SOURCES = tests/proof/soak.c
tests_proof_soak_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS) -I$(top_srcdir)/tests/unit
tests_proof_soak_LDADD = $(ENGINE_TEST_LDADD)
TESTS += tests/proof/soak.py
EXTRA_DIST += tests/proof/soak.py

.PHONY: proof-soak
proof-soak: all $(check_PROGRAMS) $(check_DATA)
	$(PROOF_ENV) $(PY_LOG_COMPILER) $(srcdir)/tests/proof/soak.py
