# SPDX-License-Identifier: Apache-2.0
# Fuzz targets.  Everybody replays the corpus in `make check`; --enable-fuzzing
# (clang) builds the fuzzers, and `make proof-fuzz` runs each of them for
# FUZZ_SECONDS.
FUZZ_SECONDS = 600
FUZZ_TARGETS = config container ini wire page classify \
	saml sts signin state
FUZZ_BASE_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
FUZZ_AGENT_CPPFLAGS = $(FUZZ_BASE_CPPFLAGS) -I$(top_srcdir)/daemon
FUZZ_WORKER_CPPFLAGS = $(WORKER_CPPFLAGS) -I$(top_srcdir)/daemon/worker
# fuzz-signin: pages for the network, an agent that answers all, time that flies.
FUZZ_PEER = tests/fuzz/fake-peer.h tests/fuzz/fake-http.c \
	tests/fuzz/fake-agent.c
FUZZ_WRAP = -Wl,--wrap=clk_system -Wl,--wrap=EVP_PBE_scrypt

FUZZ_REPLAYS = tests/fuzz/replay-config \
	tests/fuzz/replay-container \
	tests/fuzz/replay-ini \
	tests/fuzz/replay-wire \
	tests/fuzz/replay-page \
	tests/fuzz/replay-classify \
	tests/fuzz/replay-saml \
	tests/fuzz/replay-sts \
	tests/fuzz/replay-signin \
	tests/fuzz/replay-state
check_PROGRAMS += $(FUZZ_REPLAYS)
TESTS += tests/fuzz/replay.sh
EXTRA_DIST += tests/fuzz/replay.sh tests/fuzz/proof.sh tests/fuzz/corpus \
	tests/fuzz/html.dict tests/fuzz/xml.dict
tests_fuzz_replay_config_SOURCES = tests/fuzz/fuzz-config.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_config_CPPFLAGS = $(FUZZ_BASE_CPPFLAGS)
tests_fuzz_replay_config_LDADD = $(LIBAWSFED)
tests_fuzz_replay_container_SOURCES = tests/fuzz/fuzz-container.c \
	tests/fuzz/fuzz.h tests/fuzz/replay-main.c
tests_fuzz_replay_container_CPPFLAGS = $(FUZZ_AGENT_CPPFLAGS)
tests_fuzz_replay_container_LDADD = daemon/libsurfaces.a $(LIBAWSFED)
tests_fuzz_replay_ini_SOURCES = tests/fuzz/fuzz-ini.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_ini_CPPFLAGS = $(FUZZ_BASE_CPPFLAGS)
tests_fuzz_replay_ini_LDADD = $(LIBAWSFED)
tests_fuzz_replay_wire_SOURCES = tests/fuzz/fuzz-wire.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_wire_CPPFLAGS = $(FUZZ_BASE_CPPFLAGS)
tests_fuzz_replay_wire_LDADD = $(LIBAWSFED)
tests_fuzz_replay_page_SOURCES = tests/fuzz/fuzz-page.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_page_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_replay_page_LDADD = $(WORKER_LIBS)
tests_fuzz_replay_classify_SOURCES = tests/fuzz/fuzz-classify.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_classify_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_replay_classify_LDADD = $(WORKER_LIBS)
tests_fuzz_replay_saml_SOURCES = tests/fuzz/fuzz-saml.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_saml_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_replay_saml_LDADD = $(WORKER_LIBS)
tests_fuzz_replay_sts_SOURCES = tests/fuzz/fuzz-sts.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_sts_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_replay_sts_LDADD = $(WORKER_LIBS)
tests_fuzz_replay_signin_SOURCES = tests/fuzz/fuzz-signin.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c $(FUZZ_PEER)
tests_fuzz_replay_signin_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_replay_signin_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_WRAP)
tests_fuzz_replay_signin_LDADD = $(WORKER_LIBS)
# fuzz-state: an engine on fakes.
FUZZ_STATE_CPPFLAGS = $(UNIT_CPPFLAGS) $(JANSSON_CFLAGS) \
	-I$(top_srcdir)/daemon -I$(top_srcdir)/tests/unit
FUZZ_STATE_LIBS = daemon/libsurfaces.a daemon/libengine.a $(LIBFAKE) \
	$(LIBAWSFED) $(CMOCKA_LIBS)
tests_fuzz_replay_state_SOURCES = tests/fuzz/fuzz-state.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_state_CPPFLAGS = $(FUZZ_STATE_CPPFLAGS)
tests_fuzz_replay_state_LDADD = $(FUZZ_STATE_LIBS)

if FUZZING
noinst_PROGRAMS += tests/fuzz/fuzz-config \
	tests/fuzz/fuzz-container \
	tests/fuzz/fuzz-ini \
	tests/fuzz/fuzz-wire \
	tests/fuzz/fuzz-page \
	tests/fuzz/fuzz-classify \
	tests/fuzz/fuzz-saml \
	tests/fuzz/fuzz-sts \
	tests/fuzz/fuzz-signin \
	tests/fuzz/fuzz-state
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz-config.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_config_CPPFLAGS = $(FUZZ_BASE_CPPFLAGS)
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_config_LDADD = $(LIBAWSFED)
tests_fuzz_fuzz_container_SOURCES = tests/fuzz/fuzz-container.c \
	tests/fuzz/fuzz.h
tests_fuzz_fuzz_container_CPPFLAGS = $(FUZZ_AGENT_CPPFLAGS)
tests_fuzz_fuzz_container_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_container_LDADD = daemon/libsurfaces.a $(LIBAWSFED)
tests_fuzz_fuzz_ini_SOURCES = tests/fuzz/fuzz-ini.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_ini_CPPFLAGS = $(FUZZ_BASE_CPPFLAGS)
tests_fuzz_fuzz_ini_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_ini_LDADD = $(LIBAWSFED)
tests_fuzz_fuzz_wire_SOURCES = tests/fuzz/fuzz-wire.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_wire_CPPFLAGS = $(FUZZ_BASE_CPPFLAGS)
tests_fuzz_fuzz_wire_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_wire_LDADD = $(LIBAWSFED)
tests_fuzz_fuzz_page_SOURCES = tests/fuzz/fuzz-page.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_page_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_fuzz_page_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_page_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_classify_SOURCES = tests/fuzz/fuzz-classify.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_classify_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_fuzz_classify_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_classify_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_saml_SOURCES = tests/fuzz/fuzz-saml.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_saml_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_fuzz_saml_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_saml_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_sts_SOURCES = tests/fuzz/fuzz-sts.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_sts_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_fuzz_sts_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_sts_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_signin_SOURCES = tests/fuzz/fuzz-signin.c tests/fuzz/fuzz.h $(FUZZ_PEER)
tests_fuzz_fuzz_signin_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_fuzz_signin_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer $(FUZZ_WRAP)
tests_fuzz_fuzz_signin_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_state_SOURCES = tests/fuzz/fuzz-state.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_state_CPPFLAGS = $(FUZZ_STATE_CPPFLAGS)
tests_fuzz_fuzz_state_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_state_LDADD = $(FUZZ_STATE_LIBS)
endif

# The same peers, for pages that are cut off.
check_PROGRAMS += tests/unit/test-cut
TESTS += tests/unit/test-cut
tests_unit_test_cut_SOURCES = tests/unit/test-cut.c tests/unit/worker-test.h \
	tests/fuzz/fuzz.h tests/fuzz/fuzz-signin.c $(FUZZ_PEER)
tests_unit_test_cut_CPPFLAGS = $(UNIT_CPPFLAGS) $(FUZZ_WORKER_CPPFLAGS) \
	-I$(top_srcdir)/tests/fuzz
tests_unit_test_cut_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_WRAP)
tests_unit_test_cut_LDADD = $(WORKER_LIBS) $(CMOCKA_LIBS)

# Each target for FUZZ_SECONDS, one after the other; what is found stays in
# tests/fuzz/found of the build directory.
.PHONY: proof-fuzz
PROOF_PARTS += proof-fuzz
proof-fuzz: $(noinst_PROGRAMS)
	FUZZ_SECONDS='$(FUZZ_SECONDS)' top_srcdir='$(abs_top_srcdir)' \
	top_builddir='$(abs_top_builddir)' \
	$(SHELL) $(top_srcdir)/tests/fuzz/proof.sh $(FUZZ_TARGETS)
