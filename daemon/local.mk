# SPDX-License-Identifier: Apache-2.0
# The engine, the surfaces that it does not know, and the agent.
noinst_LIBRARIES += daemon/libengine.a
daemon_libengine_a_SOURCES = \
	daemon/attention.h daemon/attention.c \
	daemon/catalog.h \
	daemon/chain.h daemon/chain-int.h daemon/chain.c \
	daemon/chain-job.c \
	daemon/configure.h daemon/configure.c \
	daemon/configure-diff.c \
	daemon/configure-name.h daemon/configure-name.c \
	daemon/farm.h daemon/farm.c \
	daemon/passing.h daemon/passing.c \
	daemon/identity.h daemon/identity-int.h daemon/identity.c \
	daemon/identity-polite.c \
	daemon/identity-job.c \
	daemon/identity-message.c daemon/identity-secret.c \
	daemon/identity-state.c \
	daemon/keyring.h daemon/keyring-int.h daemon/keyring.c \
	daemon/keyring-credential.c \
	daemon/known.h daemon/known.c \
	daemon/ledger.h daemon/ledger.c \
	daemon/login.h daemon/login-int.h daemon/login.c \
	daemon/login-chain.c daemon/login-events.c daemon/login-flags.c \
	daemon/login-prepare.c daemon/login-step.c daemon/login-target.c \
	daemon/login-watch.c \
	daemon/login-survey.h daemon/login-survey.c \
	daemon/machine.h daemon/machine.c \
	daemon/message.h daemon/message.c \
	daemon/manager.h daemon/manager-int.h daemon/manager.c \
	daemon/manager-lock.c daemon/manager-publish.c \
	daemon/manager-index.c daemon/manager-roles.c daemon/manager-status.c \
	daemon/manager-keyring.c \
	daemon/manager-wake.c \
	daemon/manager-state.h daemon/manager-state.c \
	daemon/prompt.h daemon/prompt.c \
	daemon/reread.h daemon/reread.c \
	daemon/recorder.h daemon/recorder.c \
	daemon/schedule.h daemon/schedule.c \
	daemon/session.h daemon/session-int.h daemon/session.c \
	daemon/session-state.c \
	daemon/skew.h daemon/skew.c \
	daemon/digest.h daemon/digest.c \
	daemon/undo.h daemon/undo.c
daemon_libengine_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/daemon \
	$(JANSSON_CFLAGS)

noinst_LIBRARIES += daemon/libsurfaces.a
daemon_libsurfaces_a_SOURCES = \
	daemon/credfile.h daemon/credfile-int.h daemon/credfile.c \
	daemon/credfile-look.c daemon/credfile-peer.c \
	daemon/credfile-owner.h daemon/credfile-owner.c \
	daemon/explain.h daemon/explain.c \
	daemon/landing.h daemon/landing.c \
	daemon/twin.h daemon/twin.c \
	daemon/approve.h daemon/approve.c \
	daemon/background.h daemon/background.c \
	daemon/desk.h daemon/desk.c \
	daemon/feed.h daemon/feed.c \
	daemon/notify.h daemon/notify.c \
	daemon/hooks.h daemon/hooks.c \
	daemon/peer.h daemon/peer.c \
	daemon/service-idle.h daemon/service-idle.c \
	daemon/state.h daemon/state.c \
	daemon/state-blob.h daemon/state-blob.c \
	daemon/state-memory.h daemon/state-memory.c \
	daemon/sinks.h daemon/sinks.c \
	daemon/methods-approve.c daemon/methods-monitor.c \
	daemon/methods.h daemon/methods-int.h daemon/methods.c \
	daemon/container-answer.h daemon/container-answer.c \
	daemon/container-peer.h daemon/container-peer.c \
	daemon/container-request.h daemon/container-request.c \
	daemon/container-tokens.h daemon/container-tokens.c \
	daemon/methods-configure.c daemon/methods-console.c \
	daemon/methods-forget.c \
	daemon/methods-explain.c daemon/methods-endpoint.c \
	daemon/methods-idl.c daemon/methods-lock.c daemon/methods-login.c \
	daemon/methods-quick.c daemon/methods-reset.c daemon/methods-stop.c \
	daemon/methods-undo.c
daemon_libsurfaces_a_CPPFLAGS = $(daemon_libengine_a_CPPFLAGS) \
	-DBINDIR='"$(bindir)"'

bin_PROGRAMS += awsfedd
awsfedd_SOURCES = daemon/main.c \
	daemon/roost.h daemon/roost.c \
	daemon/thrift.h daemon/thrift.c \
	daemon/container.h daemon/container-int.h daemon/container.c \
	daemon/container-conn.c \
	daemon/wake.h daemon/wake-int.h daemon/wake.c \
	daemon/wake-logind.c daemon/wake-netlink.c \
	daemon/notify-bus.h daemon/notify-bus.c
awsfedd_CPPFLAGS = $(daemon_libengine_a_CPPFLAGS) \
	$(LIBEVENT_CFLAGS) $(LIBSYSTEMD_CFLAGS) -DLIBEXECDIR='"$(libexecdir)"'
awsfedd_LDADD = daemon/libsurfaces.a daemon/libengine.a \
	$(LIBADAPTERS) $(LIBAWSFED)

# ---- tests --------------------------------------------------------------------
OWNER_TESTS = tests/unit/test-explain tests/unit/test-known tests/unit/test-owner \
	tests/unit/test-landing tests/unit/test-recorder tests/unit/test-undo \
	tests/unit/test-digest
check_PROGRAMS += $(OWNER_TESTS)
TESTS += $(OWNER_TESTS)
OWNER_TEST_CPPFLAGS = $(UNIT_CPPFLAGS) $(JANSSON_CFLAGS)
OWNER_TEST_LDADD = daemon/libsurfaces.a daemon/libengine.a $(LIBFAKE) \
	$(LIBAWSFED) $(CMOCKA_LIBS)
tests_unit_test_known_SOURCES = tests/unit/test-known.c
tests_unit_test_known_CPPFLAGS = $(OWNER_TEST_CPPFLAGS)
tests_unit_test_known_LDADD = $(OWNER_TEST_LDADD)
tests_unit_test_landing_SOURCES = tests/unit/test-landing.c
tests_unit_test_landing_CPPFLAGS = $(OWNER_TEST_CPPFLAGS)
tests_unit_test_landing_LDADD = $(OWNER_TEST_LDADD)
tests_unit_test_explain_SOURCES = tests/unit/test-explain.c
tests_unit_test_explain_CPPFLAGS = $(OWNER_TEST_CPPFLAGS)
tests_unit_test_explain_LDADD = $(OWNER_TEST_LDADD)
tests_unit_test_recorder_SOURCES = tests/unit/test-recorder.c
tests_unit_test_recorder_CPPFLAGS = $(OWNER_TEST_CPPFLAGS)
tests_unit_test_recorder_LDADD = $(OWNER_TEST_LDADD)
tests_unit_test_owner_SOURCES = tests/unit/test-owner.c
tests_unit_test_owner_CPPFLAGS = $(OWNER_TEST_CPPFLAGS)
tests_unit_test_owner_LDADD = $(OWNER_TEST_LDADD)
tests_unit_test_undo_SOURCES = tests/unit/test-undo.c
tests_unit_test_undo_CPPFLAGS = $(OWNER_TEST_CPPFLAGS)
tests_unit_test_undo_LDADD = $(OWNER_TEST_LDADD)
tests_unit_test_digest_SOURCES = tests/unit/test-digest.c
tests_unit_test_digest_CPPFLAGS = $(OWNER_TEST_CPPFLAGS)
tests_unit_test_digest_LDADD = $(OWNER_TEST_LDADD)
# ---- configure ---------------------------------------------------------------
check_PROGRAMS += tests/unit/test-configure
TESTS += tests/unit/test-configure tests/system/configure.py
EXTRA_DIST += tests/system/configure.py
tests_unit_test_configure_SOURCES = tests/unit/test-configure.c
tests_unit_test_configure_CPPFLAGS = $(UNIT_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_configure_LDADD = daemon/libengine.a $(LIBAWSFED) \
	$(CMOCKA_LIBS)
# ---- what outlives the agent ---------------------------------------------------
RESTART_TESTS = tests/unit/test-journal tests/unit/test-restart \
	tests/unit/test-state
check_PROGRAMS += $(RESTART_TESTS)
TESTS += $(RESTART_TESTS) tests/system/state.py tests/system/service.py \
	tests/system/catalog.py
EXTRA_DIST += tests/system/state.py tests/system/service.py \
	tests/system/sdbed.py tests/system/catalog.py
tests_unit_test_state_SOURCES = tests/unit/test-state.c
tests_unit_test_state_CPPFLAGS = $(OWNER_TEST_CPPFLAGS)
tests_unit_test_state_LDADD = $(OWNER_TEST_LDADD)
tests_unit_test_restart_SOURCES = tests/unit/test-restart.c
tests_unit_test_restart_CPPFLAGS = $(OWNER_TEST_CPPFLAGS)
tests_unit_test_restart_LDADD = tests/unit/librig.a $(OWNER_TEST_LDADD)
tests_unit_test_journal_SOURCES = tests/unit/test-journal.c
tests_unit_test_journal_CPPFLAGS = $(ADAPTERS_TEST_CPPFLAGS)
tests_unit_test_journal_LDADD = $(ADAPTERS_TEST_LDADD)
