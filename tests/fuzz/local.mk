# SPDX-License-Identifier: Apache-2.0
# Fuzz targets. Everybody replays the corpus; --enable-fuzzing builds the
# fuzzers themselves: tests/fuzz/fuzz-ini tests/fuzz/corpus/ini
check_PROGRAMS += tests/fuzz/replay-config tests/fuzz/replay-ini \
	tests/fuzz/replay-wire
TESTS += tests/fuzz/replay.sh
EXTRA_DIST += tests/fuzz/replay.sh tests/fuzz/corpus
tests_fuzz_replay_config_SOURCES = tests/fuzz/fuzz-config.c \
	tests/fuzz/fuzz.h tests/fuzz/replay-main.c
tests_fuzz_replay_config_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_replay_config_LDADD = $(LIBAWSFED)
tests_fuzz_replay_ini_SOURCES = tests/fuzz/fuzz-ini.c \
	tests/fuzz/fuzz.h tests/fuzz/replay-main.c
tests_fuzz_replay_ini_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_replay_ini_LDADD = $(LIBAWSFED)
tests_fuzz_replay_wire_SOURCES = tests/fuzz/fuzz-wire.c \
	tests/fuzz/fuzz.h tests/fuzz/replay-main.c
tests_fuzz_replay_wire_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_replay_wire_LDADD = $(LIBAWSFED)

if FUZZING
noinst_PROGRAMS += tests/fuzz/fuzz-config tests/fuzz/fuzz-ini \
	tests/fuzz/fuzz-wire
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz-config.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_config_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_config_LDADD = $(LIBAWSFED)
tests_fuzz_fuzz_ini_SOURCES = tests/fuzz/fuzz-ini.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_ini_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_fuzz_ini_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_ini_LDADD = $(LIBAWSFED)
tests_fuzz_fuzz_wire_SOURCES = tests/fuzz/fuzz-wire.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_wire_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_fuzz_wire_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_wire_LDADD = $(LIBAWSFED)
endif
