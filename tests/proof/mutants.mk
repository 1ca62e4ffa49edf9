# SPDX-License-Identifier: Apache-2.0
# Deliberate faults, planted one by one (tests/proof/plants.py).
TESTS += tests/proof/mutants.py
EXTRA_DIST += tests/proof/mutants.py tests/proof/plants.py
PROOF_PARTS += proof-mutants
.PHONY: proof-mutants
proof-mutants:
	$(PROOF_ENV) $(PY_LOG_COMPILER) $(srcdir)/tests/proof/mutants.py
