# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += client/libclient.a
client_libclient_a_SOURCES = \
	client/absent.c client/absent.h \
	client/approval.c client/approval.h \
	client/ask.c client/ask.h \
	client/assertfile.c client/assertfile.h \
	client/check.c client/check.h \
	client/cli.c client/cli.h \
	client/clockword.c client/clockword.h \
	client/conn.c client/conn.h \
	client/countdown.c client/countdown.h \
	client/deliver.c client/deliver.h \
	client/duration.c client/duration.h \
	client/endpoint.c client/endpoint.h \
	client/environ.c client/environ.h \
	client/hand.c client/hand.h \
	client/launch.c client/launch.h \
	client/linger.c client/linger.h \
	client/needword.c client/needword.h \
	client/obtain.c client/obtain.h \
	client/outcome.c client/outcome.h \
	client/pick.c client/pick.h \
	client/problem.c client/problem.h \
	client/shell.c client/shell.h \
	client/show.c client/show.h \
	client/signals.c client/signals.h \
	client/supply.c client/supply.h \
	client/survey.c client/survey.h \
	client/table.c client/table.h \
	client/talk.c client/talk.h \
	client/unlock.c client/unlock.h \
	client/term.c client/term.h \
	client/who.c client/who.h
client_libclient_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) \
	$(SMARTCOLS_CFLAGS) -DBINDIR='"$(bindir)"'

bin_PROGRAMS += awsfedctl
awsfedctl_SOURCES = \
	client/main.c \
	client/status.h client/status-watch.c \
	client/verb-approve.c \
	client/verb-configure.c \
	client/verb-console.c \
	client/verb-credential-process.c \
	client/verb-env.c \
	client/verb-exec.c \
	client/verb-explain.c \
	client/verb-list.c \
	client/verb-login.c \
	client/verb-logout.c \
	client/verb-refresh.c \
	client/verb-reload.c \
	client/verb-reset.c \
	client/verb-roles.c \
	client/verb-status.c \
	client/verb-stop.c \
	client/verb-lock.c \
	client/verb-undo.c
awsfedctl_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
awsfedctl_LDADD = client/libclient.a $(LIBAWSFED) $(SMARTCOLS_LIBS)

dist_man_MANS += docs/awsfedctl.1

# Completion: client/completion/generate.py writes these from the verb table
# (awsfedctl help --table); client-docs.py fails when they are behind it.
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = client/completion/awsfedctl
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = client/completion/_awsfedctl
fishcompletiondir = $(datadir)/fish/vendor_completions.d
dist_fishcompletion_DATA = client/completion/awsfedctl.fish
EXTRA_DIST += client/completion/generate.py
.PHONY: completions
completions: awsfedctl
	./awsfedctl help --table | /usr/bin/python3 \
	    $(srcdir)/client/completion/generate.py $(srcdir)/client/completion

# ---- tests -------------------------------------------------------------------
CLIENT_UNITS = tests/unit/test-client-ask tests/unit/test-client-pick \
	tests/unit/test-client-show
check_PROGRAMS += $(CLIENT_UNITS)
TESTS += $(CLIENT_UNITS)
CLIENT_UNIT_CPPFLAGS = $(UNIT_CPPFLAGS) $(JANSSON_CFLAGS)
CLIENT_UNIT_LDADD = client/libclient.a $(LIBAWSFED) $(CMOCKA_LIBS)
tests_unit_test_client_ask_CPPFLAGS = $(CLIENT_UNIT_CPPFLAGS)
tests_unit_test_client_ask_LDADD = $(CLIENT_UNIT_LDADD)
tests_unit_test_client_pick_CPPFLAGS = $(CLIENT_UNIT_CPPFLAGS)
tests_unit_test_client_pick_LDADD = $(CLIENT_UNIT_LDADD)
tests_unit_test_client_show_CPPFLAGS = $(CLIENT_UNIT_CPPFLAGS)
tests_unit_test_client_show_LDADD = $(CLIENT_UNIT_LDADD)

CLIENT_TESTS = \
	tests/system/client-configure.py \
	tests/system/client-credential-process.py \
	tests/system/client-docs.py \
	tests/system/client-env.py \
	tests/system/client-errors.py \
	tests/system/client-login.py \
	tests/system/client-status.py
TESTS += $(CLIENT_TESTS)
EXTRA_DIST += $(CLIENT_TESTS) tests/system/fakeagent.py
