# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += client/libclient.a
client_libclient_a_SOURCES = \
	client/ask.c client/ask.h \
	client/cli.c client/cli.h \
	client/conn.c client/conn.h \
	client/outcome.c client/outcome.h \
	client/problem.c client/problem.h \
	client/show.c client/show.h \
	client/signals.c client/signals.h \
	client/supply.c client/supply.h \
	client/table.c client/table.h \
	client/talk.c client/talk.h \
	client/term.c client/term.h
client_libclient_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) \
	$(SMARTCOLS_CFLAGS)

bin_PROGRAMS += awsfedctl
awsfedctl_SOURCES = \
	client/main.c \
	client/verb-credential-process.c \
	client/verb-list.c \
	client/verb-login.c \
	client/verb-logout.c \
	client/verb-refresh.c \
	client/verb-reload.c \
	client/verb-roles.c \
	client/verb-status.c
awsfedctl_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
awsfedctl_LDADD = client/libclient.a $(LIBAWSFED) $(SMARTCOLS_LIBS)
