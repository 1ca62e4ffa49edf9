# SPDX-License-Identifier: Apache-2.0
# Each fault of the simulator at each step of a sign-in; docs/FAULTS.md.
TESTS += tests/proof/matrix.py
EXTRA_DIST += tests/proof/matrix.py tests/proof/matrix.table \
	tests/proof/matrix_faults.py tests/proof/matrixlib.py \
	tests/proof/matrixtable.py
PROOF_PARTS += proof-matrix
.PHONY: proof-matrix faults-page
proof-matrix: all $(check_PROGRAMS) $(check_DATA)
	$(PROOF_ENV) $(PY_LOG_COMPILER) $(srcdir)/tests/proof/matrix.py
faults-page:
	$(PY_LOG_COMPILER) $(srcdir)/tests/proof/matrix.py --write
