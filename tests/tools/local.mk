# SPDX-License-Identifier: Apache-2.0
# Targets for developers: format, check-format, lint, coverage, check-valgrind.
CLANG_FORMAT = clang-format-14
CPPCHECK = cppcheck
SHELLCHECK = shellcheck
VALGRIND = valgrind
GCOVR = gcovr

C_FILES = find include lib daemon client tests -name '*.[ch]' | LC_ALL=C sort
SHELL_FILES = bootstrap .ci/run

.PHONY: format check-format lint coverage check-valgrind
format:
	cd $(srcdir) && $(CLANG_FORMAT) -i $$($(C_FILES))
check-format:
	@cd $(srcdir) && $(CLANG_FORMAT) --version >/dev/null && bad=; \
	for f in $$($(C_FILES)); do \
		$(CLANG_FORMAT) $$f | cmp -s - $$f || bad="$$bad $$f"; \
	done; \
	test -z "$$bad" || { printf '%s\n' "not in format:" $$bad \
	    "Next: make format"; exit 1; }

lint:
	cd $(srcdir) && $(SHELLCHECK) \
	    $$(for f in $(SHELL_FILES); do test -f $$f && echo $$f; done) \
	    $$(find tests -name '*.sh')
	cd $(srcdir) && $(CPPCHECK) --quiet --error-exitcode=1 --std=c11 -j2 \
	    --enable=warning,performance,portability --inline-suppr \
	    --library=tests/tools/cppcheck.cfg --suppressions-list=tests/tools/cppcheck.suppress \
	    -I include -I daemon -I daemon/worker -I client \
	    include lib daemon client tests

# In a build that was configured with --enable-coverage.
if COVERAGE
coverage:
	find . -name '*.gcda' -exec rm -f {} +
	$(MAKE) $(AM_MAKEFLAGS) check
	$(GCOVR) --root $(srcdir) --object-directory . \
	    --exclude '.*tests/.*' --sort-uncovered --print-summary
else
coverage:
	@echo "Next: configure with --enable-coverage"; exit 1
endif

# The unit programs under valgrind; a plain build, since ASan has its own way.
check-valgrind: $(check_PROGRAMS) $(check_DATA)
	@test "$(INSTRUMENTED)" = no || \
	    { echo "Next: a build without sanitizers or coverage"; exit 1; }
	@export top_srcdir='$(abs_top_srcdir)' \
	    top_builddir='$(abs_top_builddir)' LC_ALL=C.UTF-8 \
	    CMOCKA_MESSAGE_OUTPUT=TAP AWSFED_VALGRIND=1; bad=; \
	for t in $(check_PROGRAMS); do \
		case $$t in tests/unit/*) ;; *) continue ;; esac; \
		echo "  VALGRIND $$t"; \
		$(VALGRIND) --quiet --error-exitcode=99 --leak-check=full \
		    --errors-for-leak-kinds=definite --child-silent-after-fork=yes \
		    --trace-children=no ./$$t >$$t.valgrind 2>&1 || \
		    { bad="$$bad $$t"; tail -n 40 $$t.valgrind; }; \
	done; \
	test -z "$$bad" || { echo "failed under valgrind:$$bad"; exit 1; }
mostlyclean-local:
	rm -rf $(PROOF_DIR)
	find . -name '*.valgrind' -exec rm -f {} +
	find . -name '*.gcda' -exec rm -f {} +
EXTRA_DIST += tests/tools/cppcheck.suppress tests/tools/cppcheck.cfg .clang-format .ci/run
DISTCLEANFILES = .options
