# SPDX-License-Identifier: Apache-2.0
# What a worker costs, beside curl, a browser and the least libcurl program;
# rewrites of the user's files by size; and other agents.
BENCH_HELLO = tests/bench/worker/hello
BENCH_SPAWN = tests/bench/worker/spawn
check_PROGRAMS += $(BENCH_HELLO) $(BENCH_SPAWN)
tests_bench_worker_hello_SOURCES = tests/bench/worker/hello.c
tests_bench_worker_hello_CPPFLAGS = $(LIBCURL_CFLAGS)
tests_bench_worker_hello_LDADD = $(LIBCURL_LIBS)
tests_bench_worker_spawn_SOURCES = tests/bench/worker/spawn.c

BENCH_WORKER = tests/bench/worker.py tests/bench/files.py
TESTS += $(BENCH_WORKER)
EXTRA_DIST += $(BENCH_WORKER) tests/bench/peers.py tests/bench/relay.py

PROOF_PARTS += proof-worker proof-files proof-peers
.PHONY: proof-worker proof-files proof-peers
proof-worker: all $(check_PROGRAMS) $(check_DATA)
	$(PROOF_ENV) $(srcdir)/tests/bench/worker.py
proof-files: all $(check_PROGRAMS) $(check_DATA)
	$(PROOF_ENV) $(srcdir)/tests/bench/files.py
proof-peers: all $(check_PROGRAMS) $(check_DATA)
	$(PROOF_ENV) $(srcdir)/tests/bench/peers.py
