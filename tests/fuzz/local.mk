# SPDX-License-Identifier: Apache-2.0
# Fuzz targets.  Everybody replays the corpus in `make check`; `make proof-fuzz`
# makes a build of its own with clang, runs each target FUZZ_RUNS times and
# keeps what it has done in FUZZ_DIR (tests/fuzz/proof.py).
FUZZ_RUNS = 10000000
FUZZ_TARGETS =
FUZZ_DIR = proof-fuzz
FUZZ_NAMES = ini config wire creds assuan container sts saml classify \
	page state worker control client signin

FUZZ_BASE_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
FUZZ_AGENT_CPPFLAGS = $(FUZZ_BASE_CPPFLAGS) -I$(top_srcdir)/daemon
FUZZ_AGENT_LIBS = daemon/libsurfaces.a $(LIBADAPTERS) $(LIBAWSFED)
FUZZ_WORKER_CPPFLAGS = $(WORKER_CPPFLAGS) -I$(top_srcdir)/daemon/worker
FUZZ_CREDS_CPPFLAGS = $(FUZZ_AGENT_CPPFLAGS) -I$(top_srcdir)/client
FUZZ_CREDS_LIBS = daemon/libsurfaces.a client/libclient.a $(LIBAWSFED)
# Engines on fakes.
FUZZ_ENGINE = tests/fuzz/fake-engine.h tests/fuzz/fake-engine-int.h \
	tests/fuzz/fake-engine.c tests/fuzz/fake-events.c \
	tests/fuzz/fake-disk.c
FUZZ_ENGINE_WRAP = -Wl,--wrap=usleep -Wl,--wrap=stat -Wl,--wrap=path_read \
	-Wl,--wrap=unlink
FUZZ_ENGINE_CPPFLAGS = $(UNIT_CPPFLAGS) $(JANSSON_CFLAGS) \
	-I$(top_srcdir)/daemon -I$(top_srcdir)/tests/unit
FUZZ_ENGINE_LIBS = tests/unit/librig.a daemon/libsurfaces.a \
	daemon/libengine.a $(LIBFAKE) $(LIBAWSFED) $(CMOCKA_LIBS)
# fuzz-signin: pages for the network, an agent that answers all, time that flies.
FUZZ_PEER = tests/fuzz/fake-peer.h tests/fuzz/fake-http.c \
	tests/fuzz/fake-agent.c
FUZZ_WRAP = -Wl,--wrap=clk_system -Wl,--wrap=EVP_PBE_scrypt_ex \
	-Wl,--wrap=gss_acquire_cred
# fuzz-client: the verbs, with an agent, a terminal and a clock of its own.
FUZZ_CLIENT = tests/fuzz/fake-conn.h tests/fuzz/fake-conn.c \
	tests/fuzz/fake-term.c client/status.h client/status-watch.c \
	client/verb-console.c client/verb-credential-process.c \
	client/verb-configure.c client/verb-env.c client/verb-explain.c \
	client/verb-list.c client/verb-lock.c client/verb-login.c \
	client/verb-logout.c client/verb-refresh.c client/verb-reload.c \
	client/verb-reset.c client/verb-roles.c client/verb-status.c \
	client/verb-undo.c
FUZZ_CLIENT_CPPFLAGS = $(FUZZ_BASE_CPPFLAGS) -I$(top_srcdir)/client
FUZZ_CLIENT_WRAP = -Wl,--wrap=usleep -Wl,--wrap=write \
	-Wl,--wrap=show_now -Wl,--wrap=linger_missing
FUZZ_CLIENT_LIBS = client/libclient.a $(LIBAWSFED) $(SMARTCOLS_LIBS)

EXTRA_DIST += tests/fuzz/replay.sh tests/fuzz/proof.py tests/fuzz/corpus \
	tests/fuzz/html.dict tests/fuzz/xml.dict tests/fuzz/ini.dict \
	tests/fuzz/json.dict tests/fuzz/http.dict tests/fuzz/assuan.dict
TESTS += tests/fuzz/replay.sh

check_PROGRAMS += tests/fuzz/replay-ini \
	tests/fuzz/replay-config \
	tests/fuzz/replay-wire \
	tests/fuzz/replay-creds \
	tests/fuzz/replay-assuan \
	tests/fuzz/replay-container \
	tests/fuzz/replay-sts \
	tests/fuzz/replay-saml \
	tests/fuzz/replay-classify \
	tests/fuzz/replay-page \
	tests/fuzz/replay-state \
	tests/fuzz/replay-worker \
	tests/fuzz/replay-control \
	tests/fuzz/replay-client \
	tests/fuzz/replay-signin
tests_fuzz_replay_ini_SOURCES = tests/fuzz/fuzz-ini.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_ini_CPPFLAGS = $(FUZZ_BASE_CPPFLAGS)
tests_fuzz_replay_ini_LDADD = $(LIBAWSFED)
tests_fuzz_replay_config_SOURCES = tests/fuzz/fuzz-config.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_config_CPPFLAGS = $(FUZZ_BASE_CPPFLAGS)
tests_fuzz_replay_config_LDADD = $(LIBAWSFED)
tests_fuzz_replay_wire_SOURCES = tests/fuzz/fuzz-wire.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_wire_CPPFLAGS = $(FUZZ_BASE_CPPFLAGS)
tests_fuzz_replay_wire_LDADD = $(LIBAWSFED)
tests_fuzz_replay_creds_SOURCES = tests/fuzz/fuzz-creds.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_creds_CPPFLAGS = $(FUZZ_CREDS_CPPFLAGS)
tests_fuzz_replay_creds_LDADD = $(FUZZ_CREDS_LIBS)
tests_fuzz_replay_assuan_SOURCES = tests/fuzz/fuzz-assuan.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_assuan_CPPFLAGS = $(FUZZ_AGENT_CPPFLAGS)
tests_fuzz_replay_assuan_LDADD = $(FUZZ_AGENT_LIBS)
tests_fuzz_replay_container_SOURCES = tests/fuzz/fuzz-container.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_container_CPPFLAGS = $(FUZZ_AGENT_CPPFLAGS)
tests_fuzz_replay_container_LDADD = $(FUZZ_AGENT_LIBS)
tests_fuzz_replay_sts_SOURCES = tests/fuzz/fuzz-sts.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_sts_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_replay_sts_LDADD = $(WORKER_LIBS)
tests_fuzz_replay_saml_SOURCES = tests/fuzz/fuzz-saml.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_saml_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_replay_saml_LDADD = $(WORKER_LIBS)
tests_fuzz_replay_classify_SOURCES = tests/fuzz/fuzz-classify.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_classify_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_replay_classify_LDADD = $(WORKER_LIBS)
tests_fuzz_replay_page_SOURCES = tests/fuzz/fuzz-page.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c
tests_fuzz_replay_page_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_replay_page_LDADD = $(WORKER_LIBS)
tests_fuzz_replay_state_SOURCES = tests/fuzz/fuzz-state.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c $(FUZZ_ENGINE)
tests_fuzz_replay_state_CPPFLAGS = $(FUZZ_ENGINE_CPPFLAGS)
tests_fuzz_replay_state_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_ENGINE_WRAP)
tests_fuzz_replay_state_LDADD = $(FUZZ_ENGINE_LIBS)
tests_fuzz_replay_worker_SOURCES = tests/fuzz/fuzz-worker.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c $(FUZZ_ENGINE)
tests_fuzz_replay_worker_CPPFLAGS = $(FUZZ_ENGINE_CPPFLAGS)
tests_fuzz_replay_worker_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_ENGINE_WRAP)
tests_fuzz_replay_worker_LDADD = $(FUZZ_ENGINE_LIBS)
tests_fuzz_replay_control_SOURCES = tests/fuzz/fuzz-control.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c $(FUZZ_ENGINE)
tests_fuzz_replay_control_CPPFLAGS = $(FUZZ_ENGINE_CPPFLAGS)
tests_fuzz_replay_control_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_ENGINE_WRAP)
tests_fuzz_replay_control_LDADD = $(FUZZ_ENGINE_LIBS)
tests_fuzz_replay_client_SOURCES = tests/fuzz/fuzz-client.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c $(FUZZ_CLIENT)
tests_fuzz_replay_client_CPPFLAGS = $(FUZZ_CLIENT_CPPFLAGS)
tests_fuzz_replay_client_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_CLIENT_WRAP)
tests_fuzz_replay_client_LDADD = $(FUZZ_CLIENT_LIBS)
tests_fuzz_replay_signin_SOURCES = tests/fuzz/fuzz-signin.c tests/fuzz/fuzz.h \
	tests/fuzz/replay-main.c $(FUZZ_PEER)
tests_fuzz_replay_signin_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_replay_signin_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_WRAP)
tests_fuzz_replay_signin_LDADD = $(WORKER_LIBS)

if FUZZING
noinst_PROGRAMS += tests/fuzz/fuzz-ini \
	tests/fuzz/fuzz-config \
	tests/fuzz/fuzz-wire \
	tests/fuzz/fuzz-creds \
	tests/fuzz/fuzz-assuan \
	tests/fuzz/fuzz-container \
	tests/fuzz/fuzz-sts \
	tests/fuzz/fuzz-saml \
	tests/fuzz/fuzz-classify \
	tests/fuzz/fuzz-page \
	tests/fuzz/fuzz-state \
	tests/fuzz/fuzz-worker \
	tests/fuzz/fuzz-control \
	tests/fuzz/fuzz-client \
	tests/fuzz/fuzz-signin
tests_fuzz_fuzz_ini_SOURCES = tests/fuzz/fuzz-ini.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_ini_CPPFLAGS = $(FUZZ_BASE_CPPFLAGS)
tests_fuzz_fuzz_ini_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_ini_LDADD = $(LIBAWSFED)
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz-config.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_config_CPPFLAGS = $(FUZZ_BASE_CPPFLAGS)
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_config_LDADD = $(LIBAWSFED)
tests_fuzz_fuzz_wire_SOURCES = tests/fuzz/fuzz-wire.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_wire_CPPFLAGS = $(FUZZ_BASE_CPPFLAGS)
tests_fuzz_fuzz_wire_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_wire_LDADD = $(LIBAWSFED)
tests_fuzz_fuzz_creds_SOURCES = tests/fuzz/fuzz-creds.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_creds_CPPFLAGS = $(FUZZ_CREDS_CPPFLAGS)
tests_fuzz_fuzz_creds_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_creds_LDADD = $(FUZZ_CREDS_LIBS)
tests_fuzz_fuzz_assuan_SOURCES = tests/fuzz/fuzz-assuan.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_assuan_CPPFLAGS = $(FUZZ_AGENT_CPPFLAGS)
tests_fuzz_fuzz_assuan_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_assuan_LDADD = $(FUZZ_AGENT_LIBS)
tests_fuzz_fuzz_container_SOURCES = tests/fuzz/fuzz-container.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_container_CPPFLAGS = $(FUZZ_AGENT_CPPFLAGS)
tests_fuzz_fuzz_container_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_container_LDADD = $(FUZZ_AGENT_LIBS)
tests_fuzz_fuzz_sts_SOURCES = tests/fuzz/fuzz-sts.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_sts_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_fuzz_sts_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_sts_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_saml_SOURCES = tests/fuzz/fuzz-saml.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_saml_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_fuzz_saml_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_saml_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_classify_SOURCES = tests/fuzz/fuzz-classify.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_classify_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_fuzz_classify_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_classify_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_page_SOURCES = tests/fuzz/fuzz-page.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_page_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_fuzz_page_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_page_LDADD = $(WORKER_LIBS)
tests_fuzz_fuzz_state_SOURCES = tests/fuzz/fuzz-state.c tests/fuzz/fuzz.h \
	$(FUZZ_ENGINE)
tests_fuzz_fuzz_state_CPPFLAGS = $(FUZZ_ENGINE_CPPFLAGS)
tests_fuzz_fuzz_state_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer \
	$(FUZZ_ENGINE_WRAP)
tests_fuzz_fuzz_state_LDADD = $(FUZZ_ENGINE_LIBS)
tests_fuzz_fuzz_worker_SOURCES = tests/fuzz/fuzz-worker.c tests/fuzz/fuzz.h \
	$(FUZZ_ENGINE)
tests_fuzz_fuzz_worker_CPPFLAGS = $(FUZZ_ENGINE_CPPFLAGS)
tests_fuzz_fuzz_worker_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer \
	$(FUZZ_ENGINE_WRAP)
tests_fuzz_fuzz_worker_LDADD = $(FUZZ_ENGINE_LIBS)
tests_fuzz_fuzz_control_SOURCES = tests/fuzz/fuzz-control.c tests/fuzz/fuzz.h \
	$(FUZZ_ENGINE)
tests_fuzz_fuzz_control_CPPFLAGS = $(FUZZ_ENGINE_CPPFLAGS)
tests_fuzz_fuzz_control_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer \
	$(FUZZ_ENGINE_WRAP)
tests_fuzz_fuzz_control_LDADD = $(FUZZ_ENGINE_LIBS)
tests_fuzz_fuzz_client_SOURCES = tests/fuzz/fuzz-client.c tests/fuzz/fuzz.h \
	$(FUZZ_CLIENT)
tests_fuzz_fuzz_client_CPPFLAGS = $(FUZZ_CLIENT_CPPFLAGS)
tests_fuzz_fuzz_client_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer $(FUZZ_CLIENT_WRAP)
tests_fuzz_fuzz_client_LDADD = $(FUZZ_CLIENT_LIBS)
tests_fuzz_fuzz_signin_SOURCES = tests/fuzz/fuzz-signin.c tests/fuzz/fuzz.h \
	$(FUZZ_PEER)
tests_fuzz_fuzz_signin_CPPFLAGS = $(FUZZ_WORKER_CPPFLAGS)
tests_fuzz_fuzz_signin_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer $(FUZZ_WRAP)
tests_fuzz_fuzz_signin_LDADD = $(WORKER_LIBS)
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

# What is found stays in FUZZ_DIR.  Rows and list are of what has been done there
# and run nothing; pack takes what reaches more into the corpus.
.PHONY: fuzzers proof-fuzz proof-fuzz-rows proof-fuzz-list proof-fuzz-pack
PROOF_PARTS += proof-fuzz
FUZZ_PROOF = $(PROOF_ENV) \
	FUZZ_RUNS='$(FUZZ_RUNS)' FUZZ_DIR='$(FUZZ_DIR)' \
	FUZZ_NAMES='$(FUZZ_NAMES)' FUZZ_TARGETS='$(FUZZ_TARGETS)' \
	/usr/bin/python3 $(srcdir)/tests/fuzz/proof.py
fuzzers: $(noinst_PROGRAMS)
proof-fuzz:
	$(FUZZ_PROOF)
proof-fuzz-rows:
	$(FUZZ_PROOF) --rows
proof-fuzz-list:
	$(FUZZ_PROOF) --list
proof-fuzz-pack:
	$(FUZZ_PROOF) --pack
