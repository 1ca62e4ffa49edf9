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
	daemon/child.h daemon/child.c \
	daemon/command.h daemon/command.c \
	daemon/control.h daemon/control.c \
	daemon/control-socket.h daemon/control-socket.c \
	daemon/files.h daemon/files.c daemon/files-write.c \
	daemon/files-left.h daemon/files-left.c \
	daemon/files-memory.h daemon/files-memory.c \
	daemon/files-target.h daemon/files-target.c \
	daemon/job.h daemon/job.c \
	daemon/loop.h daemon/loop.c \
	daemon/service.h daemon/service.c
daemon_libadapters_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/daemon \
	$(LIBEVENT_CFLAGS) $(LIBSYSTEMD_CFLAGS) $(JANSSON_CFLAGS)
# What a program that links them needs behind it.
LIBADAPTERS = daemon/libadapters.a $(LIBEVENT_LIBS) $(LIBSYSTEMD_LIBS) \
	-lpthread
