# SPDX-License-Identifier: Apache-2.0
# How much the agent takes when it has nothing to do, how fast it answers, and
# how long awsfedctl credential-process takes: beside floors and peers in the
# same run.  `make check` asks only whether the answers are right and whether an
# idle agent sleeps; the figures are of `make proof`.
BENCH_HELPERS = tests/bench/agent-ask tests/bench/agent-bare \
	tests/bench/agent-echo tests/bench/agent-load tests/bench/agent-spawn
check_PROGRAMS += $(BENCH_HELPERS)
TESTS += tests/bench/agent.py tests/bench/client.py
EXTRA_DIST += tests/bench/agent.py tests/bench/agentlib.py \
	tests/bench/client.py
tests_bench_agent_ask_SOURCES = tests/bench/agent-ask.c
tests_bench_agent_bare_SOURCES = tests/bench/agent-bare.c
tests_bench_agent_bare_CPPFLAGS = $(AM_CPPFLAGS) $(LIBEVENT_CFLAGS) \
	$(LIBSYSTEMD_CFLAGS) $(JANSSON_CFLAGS)
tests_bench_agent_bare_LDADD = $(LIBEVENT_LIBS) $(LIBSYSTEMD_LIBS) \
	$(JANSSON_LIBS)
tests_bench_agent_echo_SOURCES = tests/bench/agent-echo.c
tests_bench_agent_echo_CPPFLAGS = $(AM_CPPFLAGS) $(LIBEVENT_CFLAGS)
tests_bench_agent_echo_LDADD = $(LIBEVENT_LIBS)
tests_bench_agent_load_SOURCES = tests/bench/agent-load.c
tests_bench_agent_spawn_SOURCES = tests/bench/agent-spawn.c

PROOF_PARTS += proof-agent proof-client
.PHONY: proof-agent proof-client
proof-agent: $(bin_PROGRAMS) $(libexec_PROGRAMS) $(check_PROGRAMS)
	$(PROOF_ENV) /usr/bin/python3 $(srcdir)/tests/bench/agent.py
proof-client: $(bin_PROGRAMS) $(libexec_PROGRAMS) $(check_PROGRAMS)
	$(PROOF_ENV) /usr/bin/python3 $(srcdir)/tests/bench/client.py
