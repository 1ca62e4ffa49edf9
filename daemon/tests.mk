# SPDX-License-Identifier: Apache-2.0
# The unit programs of the engine and its surfaces, on the fakes of adapters.mk.
check_LIBRARIES += tests/unit/librig.a
tests_unit_librig_a_SOURCES = tests/unit/rig.h tests/unit/rig.c \
	tests/unit/fake-vault.h tests/unit/fake-vault.c \
	tests/unit/unit.h
tests_unit_librig_a_CPPFLAGS = $(UNIT_CPPFLAGS) $(JANSSON_CFLAGS)

ENGINE_TEST_CPPFLAGS = $(UNIT_CPPFLAGS) $(JANSSON_CFLAGS)
ENGINE_TEST_LDADD = tests/unit/librig.a daemon/libsurfaces.a \
	daemon/libengine.a $(LIBFAKE) $(LIBAWSFED) $(CMOCKA_LIBS)
ENGINE_TESTS = \
	tests/unit/test-container \
	tests/unit/test-credfile \
	tests/unit/test-identity \
	tests/unit/test-keyring \
	tests/unit/test-ledger \
	tests/unit/test-login \
	tests/unit/test-private \
	tests/unit/test-machines \
	tests/unit/test-chain tests/unit/test-manager \
	tests/unit/test-methods \
	tests/unit/test-polite \
	tests/unit/test-prompt \
	tests/unit/test-schedule \
	tests/unit/test-wake \
	tests/unit/test-session tests/unit/test-skew \
	tests/unit/test-surfaces \
	tests/unit/test-monitor \
	tests/unit/test-attention
check_PROGRAMS += $(ENGINE_TESTS)
TESTS += $(ENGINE_TESTS)

tests_unit_test_container_SOURCES = tests/unit/test-container.c
tests_unit_test_container_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_container_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_credfile_SOURCES = tests/unit/test-credfile.c
tests_unit_test_credfile_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_credfile_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_identity_SOURCES = tests/unit/test-identity.c
tests_unit_test_identity_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_identity_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_keyring_SOURCES = tests/unit/test-keyring.c
tests_unit_test_keyring_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_keyring_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_ledger_SOURCES = tests/unit/test-ledger.c
tests_unit_test_ledger_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_ledger_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_polite_SOURCES = tests/unit/test-polite.c
tests_unit_test_polite_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_polite_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_private_SOURCES = tests/unit/test-private.c
tests_unit_test_private_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_private_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_login_SOURCES = tests/unit/test-login.c
tests_unit_test_login_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_login_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_machines_SOURCES = tests/unit/test-machines.c
tests_unit_test_machines_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_machines_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_chain_SOURCES = tests/unit/test-chain.c
tests_unit_test_chain_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_chain_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_manager_SOURCES = tests/unit/test-manager.c
tests_unit_test_manager_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_manager_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_methods_SOURCES = tests/unit/test-methods.c
tests_unit_test_methods_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_methods_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_prompt_SOURCES = tests/unit/test-prompt.c
tests_unit_test_prompt_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_prompt_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_schedule_SOURCES = tests/unit/test-schedule.c
tests_unit_test_schedule_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_schedule_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_session_SOURCES = tests/unit/test-session.c
tests_unit_test_session_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_session_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_skew_SOURCES = tests/unit/test-skew.c
tests_unit_test_skew_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_skew_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_surfaces_SOURCES = tests/unit/test-surfaces.c
tests_unit_test_surfaces_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_surfaces_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_wake_SOURCES = tests/unit/test-wake.c
tests_unit_test_wake_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_wake_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_attention_SOURCES = tests/unit/test-attention.c
tests_unit_test_attention_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_attention_LDADD = $(ENGINE_TEST_LDADD)
tests_unit_test_monitor_SOURCES = tests/unit/test-monitor.c
tests_unit_test_monitor_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_monitor_LDADD = $(ENGINE_TEST_LDADD)

# The tables of docs/HACKING.md, from the source and checked against it.
TESTS += tests/system/state-tables.py
EXTRA_DIST += tests/system/state-tables.py
.PHONY: state-tables
state-tables: awsfedd
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
	    $(PY_LOG_COMPILER) $(srcdir)/tests/system/state-tables.py --write
