# SPDX-License-Identifier: Apache-2.0
# What a worker can do from its sandbox, what is left of secrets in memory, and
# what another user of the machine gets.
SECURITY_TESTS = \
	tests/proof/security/sandbox.py \
	tests/proof/security/memory.py \
	tests/proof/security/otheruid.py
EXTRA_DIST += $(SECURITY_TESTS)
TESTS += $(SECURITY_TESTS)

PROOF_PARTS += proof-security
.PHONY: proof-security
proof-security: all $(check_PROGRAMS) $(check_DATA)
	@$(PROOF_ENV) bad=; for t in $(SECURITY_TESTS); do \
		/usr/bin/python3 $(srcdir)/$$t || bad=1; \
	done; test -z "$$bad"
