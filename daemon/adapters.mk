# SPDX-License-Identifier: Apache-2.0
# The adapters of the agent, its socket and service surfaces, and their tests.

# ---- the outside world by hand, for the engine's unit programs --------------
check_LIBRARIES += tests/unit/libfake.a
tests_unit_libfake_a_SOURCES = tests/unit/fake.h tests/unit/fake.c
tests_unit_libfake_a_CPPFLAGS = $(UNIT_CPPFLAGS) $(JANSSON_CFLAGS)
LIBFAKE = tests/unit/libfake.a

# ---- the adapters -------------------------------------------------------------
noinst_LIBRARIES += daemon/libadapters.a
daemon_libadapters_a_SOURCES = \
	daemon/askpass.h daemon/askpass.c \
	daemon/askpass-assuan.h daemon/askpass-assuan.c \
	daemon/bus.h daemon/bus.c \
	daemon/bus-vault.h daemon/bus-vault.c daemon/bus-vault-item.c \
	daemon/child.h daemon/child.c \
	daemon/command.h daemon/command.c \
	daemon/control.h daemon/control.c \
	daemon/control-socket.h daemon/control-socket.c \
	daemon/files.h daemon/files.c daemon/files-write.c \
	daemon/files-left.h daemon/files-left.c \
	daemon/files-memory.h daemon/files-memory.c \
	daemon/files-redo.h daemon/files-redo.c \
	daemon/files-target.h daemon/files-target.c \
	daemon/job.h daemon/job.c \
	daemon/loop.h daemon/loop.c \
	daemon/loop-meter.h daemon/loop-meter.c \
	daemon/service.h daemon/service.c \
	daemon/service-journal.h daemon/service-journal.c \
	daemon/thread.h daemon/thread.c \
	daemon/vault.h \
	daemon/watch.h daemon/watch.c
daemon_libadapters_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/daemon \
	$(LIBEVENT_CFLAGS) $(LIBSYSTEMD_CFLAGS) $(JANSSON_CFLAGS)
# What a program that links them needs behind it.
LIBADAPTERS = daemon/libadapters.a $(LIBEVENT_LIBS) $(LIBSYSTEMD_LIBS) \
	-lpthread

# ---- their tests --------------------------------------------------------------
ADAPTERS_TEST_CPPFLAGS = $(UNIT_CPPFLAGS) $(LIBEVENT_CFLAGS) $(JANSSON_CFLAGS)
ADAPTERS_TEST_LDADD = $(LIBADAPTERS) $(LIBAWSFED) $(CMOCKA_LIBS)
ADAPTERS_TESTS = tests/unit/test-askpass tests/unit/test-bus tests/unit/test-command tests/unit/test-control \
	tests/unit/test-files tests/unit/test-job \
	tests/unit/test-loop tests/unit/test-watch
check_PROGRAMS += $(ADAPTERS_TESTS) tests/tools/file-edit
TESTS += $(ADAPTERS_TESTS) tests/system/files-cli.py
EXTRA_DIST += tests/tools/fake-worker.py tests/system/files-cli.py

tests_unit_test_askpass_SOURCES = tests/unit/test-askpass.c
tests_unit_test_askpass_CPPFLAGS = $(ADAPTERS_TEST_CPPFLAGS)
tests_unit_test_askpass_LDADD = $(ADAPTERS_TEST_LDADD)
tests_unit_test_bus_SOURCES = tests/unit/test-bus.c
tests_unit_test_bus_CPPFLAGS = $(ADAPTERS_TEST_CPPFLAGS) $(LIBSYSTEMD_CFLAGS)
tests_unit_test_bus_LDADD = $(ADAPTERS_TEST_LDADD)
# logind's part of wake with a logind of the test's.
check_PROGRAMS += tests/unit/test-wake-logind
TESTS += tests/unit/test-wake-logind
tests_unit_test_wake_logind_SOURCES = tests/unit/test-wake-logind.c \
	daemon/wake-int.h daemon/wake-logind.c
tests_unit_test_wake_logind_CPPFLAGS = $(ADAPTERS_TEST_CPPFLAGS) \
	$(LIBSYSTEMD_CFLAGS)
tests_unit_test_wake_logind_LDADD = $(ADAPTERS_TEST_LDADD)
tests_unit_test_command_SOURCES = tests/unit/test-command.c
tests_unit_test_command_CPPFLAGS = $(ADAPTERS_TEST_CPPFLAGS)
tests_unit_test_command_LDADD = $(ADAPTERS_TEST_LDADD)
tests_unit_test_job_SOURCES = tests/unit/test-job.c
tests_unit_test_job_CPPFLAGS = $(ADAPTERS_TEST_CPPFLAGS)
tests_unit_test_job_LDADD = $(ADAPTERS_TEST_LDADD)
tests_unit_test_watch_SOURCES = tests/unit/test-watch.c
tests_unit_test_watch_CPPFLAGS = $(ADAPTERS_TEST_CPPFLAGS)
tests_unit_test_watch_LDADD = $(ADAPTERS_TEST_LDADD)
tests_unit_test_loop_SOURCES = tests/unit/test-loop.c
tests_unit_test_loop_CPPFLAGS = $(ADAPTERS_TEST_CPPFLAGS)
tests_unit_test_loop_LDADD = $(ADAPTERS_TEST_LDADD)
tests_tools_file_edit_SOURCES = tests/tools/file-edit.c
tests_tools_file_edit_CPPFLAGS = $(ADAPTERS_TEST_CPPFLAGS)
tests_tools_file_edit_LDADD = $(ADAPTERS_TEST_LDADD)
tests_unit_test_control_SOURCES = tests/unit/test-control.c
tests_unit_test_control_CPPFLAGS = $(ADAPTERS_TEST_CPPFLAGS)
tests_unit_test_control_LDADD = $(ADAPTERS_TEST_LDADD)
tests_unit_test_files_SOURCES = tests/unit/test-files.c
tests_unit_test_files_CPPFLAGS = $(ADAPTERS_TEST_CPPFLAGS)
tests_unit_test_files_LDADD = $(ADAPTERS_TEST_LDADD)
