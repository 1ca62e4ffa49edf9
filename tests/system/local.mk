# SPDX-License-Identifier: Apache-2.0
# Tests from outside: the tree, the files that were built, the programs at work.
SYSTEM_TESTS = tests/system/layers.py tests/system/linkage.py \
	tests/system/units.py
TESTS += $(SYSTEM_TESTS)
EXTRA_DIST += tests/system/tap.py $(SYSTEM_TESTS)
