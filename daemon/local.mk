# SPDX-License-Identifier: Apache-2.0
# The engine, the surfaces that it does not know, and the agent.
noinst_LIBRARIES += daemon/libengine.a
daemon_libengine_a_SOURCES = \
	daemon/chain.h daemon/chain-int.h daemon/chain.c \
	daemon/chain-job.c \
	daemon/identity.h daemon/identity-int.h daemon/identity.c \
	daemon/identity-job.c \
	daemon/ledger.h daemon/ledger.c \
	daemon/login.h daemon/login-int.h daemon/login.c \
	daemon/login-chain.c daemon/login-step.c daemon/login-target.c \
	daemon/manager.h daemon/manager-int.h daemon/manager.c \
	daemon/manager-status.c \
	daemon/prompt.h daemon/prompt.c \
	daemon/schedule.h daemon/schedule.c \
	daemon/session.h daemon/session.c
daemon_libengine_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/daemon \
	$(JANSSON_CFLAGS)

noinst_LIBRARIES += daemon/libsurfaces.a
daemon_libsurfaces_a_SOURCES = \
	daemon/credfile.h daemon/credfile.c \
	daemon/twin.h daemon/twin.c \
	daemon/methods.h daemon/methods-int.h daemon/methods.c \
	daemon/methods-idl.c
daemon_libsurfaces_a_CPPFLAGS = $(daemon_libengine_a_CPPFLAGS)

bin_PROGRAMS += awsfedd
awsfedd_SOURCES = daemon/main.c
awsfedd_CPPFLAGS = $(daemon_libengine_a_CPPFLAGS) \
	$(LIBEVENT_CFLAGS) -DLIBEXECDIR='"$(libexecdir)"' \
	-DBINDIR='"$(bindir)"'
awsfedd_LDADD = daemon/libsurfaces.a daemon/libengine.a \
	$(LIBADAPTERS) $(LIBAWSFED)
