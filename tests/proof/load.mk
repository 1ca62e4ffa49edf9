# SPDX-License-Identifier: Apache-2.0
# Clients of the worst manners before the control socket and the container
# endpoint.  `make check` has a few seconds of it, `make proof-load` the rest.
PROOF_PARTS += proof-load
LOAD_CLIENT = tests/proof/load-client
check_PROGRAMS += $(LOAD_CLIENT)
tests_proof_load_client_SOURCES = tests/proof/load-client.c
TESTS += tests/proof/load.py
EXTRA_DIST += tests/proof/load.py

.PHONY: proof-load
proof-load: all $(check_PROGRAMS) $(check_DATA)
	$(PROOF_ENV) $(PY_LOG_COMPILER) $(srcdir)/tests/proof/load.py
