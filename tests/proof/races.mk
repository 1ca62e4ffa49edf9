# SPDX-License-Identifier: Apache-2.0
# ThreadSanitizer, in a build of its own below this one, and valgrind.
PROOF_PARTS += proof-races
RACES_DIR = races-build
RACES_UNIT = tests/unit/test-files tests/unit/test-job \
	tests/unit/test-command tests/unit/test-loop
EXTRA_DIST += tests/proof/races.py

.PHONY: proof-races
proof-races: all $(check_PROGRAMS) $(check_DATA)
	$(MKDIR_P) $(RACES_DIR)
	test -f $(RACES_DIR)/Makefile || { cd $(RACES_DIR) && \
	    '$(abs_top_srcdir)/configure' -q --enable-sanitizers=thread; }
	cd $(RACES_DIR) && $(MAKE) $(AM_MAKEFLAGS) $(bin_PROGRAMS) \
	    $(libexec_PROGRAMS) tests/sim/awsfed-sim $(RACES_UNIT) $(WARP)
	$(PROOF_ENV) AWSFED_RACES='$(abs_top_builddir)/$(RACES_DIR)' \
	    AWSFED_RACES_UNIT='$(RACES_UNIT)' MAKE='$(MAKE)' \
	    $(PY_LOG_COMPILER) $(srcdir)/tests/proof/races.py
races-clean:
	rm -rf $(RACES_DIR)
clean-local: races-clean
.PHONY: races-clean
