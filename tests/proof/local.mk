# SPDX-License-Identifier: Apache-2.0
# `make proof`: every instrument in its long form, then the table.  A part is a
# target proof-NAME that a fragment adds to PROOF_PARTS; its rows are kept in
# proof/ of the build directory (tests/tools/proof.py), so that one part can be
# run again alone: make proof-NAME proof-report.
PROOF_DIR = proof
PROOF_ENV = AWSFED_PROOF_DIR='$(abs_top_builddir)/$(PROOF_DIR)'; \
	export AWSFED_PROOF_DIR; $(AM_TESTS_ENVIRONMENT)
PROOF_PARTS =
EXTRA_DIST += tests/tools/proof.py tests/bench/report

.PHONY: proof proof-report $(PROOF_PARTS)
proof:
	@bad=; for part in $(PROOF_PARTS); do \
		echo "== $$part"; \
		$(MAKE) $(AM_MAKEFLAGS) $$part || bad="$$bad $$part"; \
	done; \
	$(MAKE) $(AM_MAKEFLAGS) proof-report; \
	test -z "$$bad" || { echo "failed:$$bad"; exit 1; }

proof-report:
	@$(MKDIR_P) $(PROOF_DIR) && \
	    $(srcdir)/tests/bench/report $(PROOF_DIR) >PROOF.md.new && \
	    mv PROOF.md.new $(PROOF_DIR)/PROOF.md && \
	    echo "the table: $(PROOF_DIR)/PROOF.md"
